-- The plugins themselves, offline: users who speak, and what they get to see. 离线测试插件：用户说话，看他收到什么
local t = require "weiyue.testing"

describe("hello", function()
  local app

  before_each(function() app = t.load "weiyue.lua" end)

  it("tells about itself", function()
    assert.reply(app:user():clicks "about").is_text "微月：用 Lua 写公众号"
  end)

  it("knows at which table somebody sits", function()
    assert.reply(app:user():scans "table:7").is_text "您在 7 号桌"
    assert.reply(app:user { subscribed = false }:scans "table:7").is_text "欢迎！您在 7 号桌"
  end)

  it("names a price", function()
    assert.reply(app:user():says "价格 红茶").is_text "红茶 15 元"
  end)
end)
