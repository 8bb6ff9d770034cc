-- A plugin in a folder of its own: menu, following, scans. 文件夹形式的插件：菜单、关注、扫码
local wx = require "weiyue"
local prices = require "prices" -- a file of this folder. 本文件夹里的 prices.lua

-- The menu, declared beside its handlers. 菜单，和它的处理写在一起
wx.menu {
  { "关于", click = "about" },
  { "价目", click = "menu" },
  { "我的", page = "/me" },
}

wx.click("about", "微月：用 Lua 写公众号")

wx.click("menu", function() return prices.list() end)

wx.text(wx.prefix "价格", function(msg)
  local name = msg.content:match "^%s*价格%s*(.-)%s*$"
  return prices.line(name) -- nil: not mine, the next rule. nil：不归我管，交给下一条规则
end)

-- A page in WeChat's browser that knows who looks at it. 微信里的网页，知道是谁在看
wx.page("/me", { login = "base" }, function(req) return "openid: " .. req.user.openid end)

wx.subscribe "欢迎关注！发“你好”“价格红茶”“订单 20240229”“报告”“报名”试试"

-- A QR code of ours; `first`: the scan made the user follow. 带参数二维码；first：扫码才关注的
wx.scan("table:*", function(msg)
  local table_number = msg.scene:match "^table:(%d+)$"
  if table_number then return (msg.first and "欢迎！" or "") .. ("您在 %s 号桌"):format(table_number) end
end)
