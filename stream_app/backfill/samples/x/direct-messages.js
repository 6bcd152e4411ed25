window.YTD.direct_messages.part0 = [
  {
    "dmConversation" : {
      "conversationId" : "1000-2000",
      "messages" : [
        { "messageCreate" : { "id" : "71", "senderId" : "1000", "recipientId" : "2000", "createdAt" : "2023-02-19T08:05:00.000Z", "text" : "Gladly" } },
        { "messageCreate" : { "id" : "70", "senderId" : "2000", "recipientId" : "1000", "createdAt" : "2023-02-19T08:00:00.000Z", "text" : "More?" } }
      ]
    }
  }
]
