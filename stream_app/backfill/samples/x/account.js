window.YTD.account.part0 = [
  {
    "account" : {
      "username" : "tea",
      "accountId" : "1000",
      "createdAt" : "2016-06-23T13:04:14.000Z"
    }
  }
]
