-- weiyue:menu (自定义菜单): the menu as data, for accounts that need no Lua. In weiyue.lua:
--
--   plugins = { menu = { path = "weiyue:menu", config = {
--     menu = {
--       { "关于", click = "about" },                            -- 点击：由 wx.click("about", …) 或 weiyue:rules 回复
--       { "更多",                                               -- 子菜单
--         { "我的", page = "/me" },                             -- 本机的网页，按账号的 url 补全
--         { "官网", view = "https://www.example.cn/" },
--         { "扫一扫", scancode_waitmsg = "scan" },
--         { "小程序", miniprogram = {
--           appid = "wxtest0123456789ab", pagepath = "pages/index", url = "https://www.example.cn/" } } },
--     },
--     conditional = {                                           -- 个性化菜单：后写的优先
--       { match = { client_platform_type = "ios" }, { "关于", click = "about" } },
--     },
--   } } }
--
-- `weiyue check` tells what WeChat would refuse. A copy of this file under plugins/ is a plugin like any other.

local wx = require "weiyue"

wx.plugin {
  name = "menu", version = "1.0.0",
  schema = {
    menu = { type = "any", required = true, zh = "默认菜单：按钮的列表", en = "the default menu: a list of buttons" },
    conditional = { type = "list", max = 100, default = {}, item = { type = "any" },
      zh = "个性化菜单，各有 match", en = "conditional menus, each with match" },
  },
}

wx.menu(wx.config.menu)
for _, menu in ipairs(wx.config.conditional) do wx.menu(menu) end
