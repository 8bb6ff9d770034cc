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
wx.text("错误", function()
  local list = { 1, {} }
  table.sort(list)
  return "好"
end)
