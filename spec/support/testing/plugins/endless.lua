-- Loops that have no end, and handlers that give nothing to answer with.
local wx = require "weiyue"

wx.text("睡", function()
  while true do wx.sleep(0) end
end)
wx.text("再问", function()
  local response
  repeat response = wx.http.get "http://erp/goods" until response and response.status == 200
  return "好"
end)
local function again() wx.spawn(again) end
wx.text("接力", function()
  wx.spawn(again)
  return "好"
end)
wx.text("占满", function()
  local list = {}
  for i = 1, 1e9 do list[#list + 1] = ("x"):rep(1 << 20) .. i end
end)
wx.text("数", function() return 42 end)
wx.text("空图文", function() return wx.reply.news {} end)
local function ask() wx.store:get "x"; wx.spawn(ask) end
wx.text("问店", function() wx.spawn(ask) end)
local function compute() for _ = 1, 2e5 do end wx.spawn(compute) end
wx.text("算", function() wx.spawn(compute) end)
wx.text("看店", function()
  while true do wx.store:get "x" end
end)
wx.text("睡够", function()
  for _ = 1, 60000 do wx.sleep(0) end
  return "睡够了"
end)
wx.text("问够", function()
  for _ = 1, 26000 do wx.http.get "http://erp/goods" end
  return "问够了"
end)
