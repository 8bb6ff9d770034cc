-- A plugin in a folder of its own: menu, following, scans. 文件夹形式的插件：菜单、关注、扫码
local wx = require "weiyue"
local prices = require "prices" -- a file of this folder. 本文件夹里的 prices.lua

wx.click("about", "微月：用 Lua 写公众号")

wx.click("menu", function() return prices.list() end)

wx.text(wx.prefix "价格", function(msg)
  local name = msg.content:match "^%s*价格%s*(.-)%s*$"
  return prices.line(name) -- nil: not mine, the next rule. nil：不归我管，交给下一条规则
end)

-- The media_id comes from WeChat when a picture is uploaded. media_id 是上传图片后微信给的
wx.subscribe(wx.reply.image "wxtest_media_id_of_a_welcome_picture")

-- A QR code of ours; `first`: the scan made the user follow. 带参数二维码；first：扫码才关注的
wx.scan("table:*", function(msg)
  local table_number = msg.scene:match "^table:(%d+)$"
  if table_number then return (msg.first and "欢迎！" or "") .. ("您在 %s 号桌"):format(table_number) end
end)
