-- Leaves things behind, for specs that look for them.
local wx = require "weiyue"
local kept = {}

wx.every("1m", function() return #kept end) -- a timer is nothing left behind

wx.text("任务", function()
  wx.spawn(function() wx.sleep(3600) end)
  return "好"
end)
wx.text("调用", function()
  wx.spawn(function() wx.http.get("http://erp/slow", { timeout = 60 }) end)
  return "好"
end)
wx.text("内存", function()
  for i = 1, 2000 do kept[#kept + 1] = ("%d"):format(i):rep(200) end
  return "好"
end)
wx.text("漏桩", function()
  local response = wx.http.get "http://erp/none"
  return response and "有" or "没有"
end)
wx.text("炸", function() error "boom" end)
wx.text("后台炸", function()
  wx.spawn(function() error "boom" end)
  return "好"
end)
wx.event("view", function() error "boom" end)
wx.text("几点", function() return os.date "%H" end)
wx.unsubscribe(function(msg)
  msg.account.api.message_custom.send { touser = msg.openid, msgtype = "text", text = { content = "再见" } }
end)
wx.text("错误", function()
  local list = { 1, {} }
  table.sort(list)
  return "好"
end)
