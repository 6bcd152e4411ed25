window.YTD.tweets.part0 = [
  {
    "tweet" : {
      "id_str" : "1626922779105759235",
      "id" : "1626922779105759235",
      "created_at" : "Sat Feb 18 12:33:11 +0000 2023",
      "full_text" : "@ann thank you!",
      "in_reply_to_status_id_str" : "1626916612560281601",
      "in_reply_to_user_id_str" : "2000",
      "entities" : { "user_mentions" : [ { "id_str" : "2000" } ] }
    }
  },
  {
    "tweet" : {
      "id_str" : "1626900000000000001",
      "created_at" : "Sat Feb 18 11:02:40 +0000 2023",
      "full_text" : "New tea [today], \"green\"",
      "entities" : { "user_mentions" : [ ] }
    }
  }
]
