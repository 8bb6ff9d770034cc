-- Work that takes longer than WeChat waits, and a conversation. 比微信等的时间还长的工作，和一段对话。
local wx = require "weiyue"

wx.text("报告", function()
  wx.sleep "8s" -- the user gets the answer all the same. 用户照样收到答案
  return "报告好了"
end)

wx.text("报名", function(msg)
  local name = msg:ask "怎么称呼你？"
  local city = msg:ask("你好，" .. name .. "，在哪个城市？")
  return ("%s（%s），已登记"):format(name, city)
end)
