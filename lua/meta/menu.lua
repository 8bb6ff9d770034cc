---@meta weiyue.menu
error("lua/meta is for editors, not for require")

--- Menus as data (自定义菜单): what WeChat would refuse, without asking it.
---@class weiyue.menu
local menu = {}

--- A button: its name, and one thing that it does, or up to five buttons below. WeChat's own form ({ type = "click",
--- name = …, key = … }) does as well.
---@class weiyue.menu.Button
---@field [1]? string|weiyue.menu.Button the name; 4 Chinese characters are shown, below another button 8
---@field [integer] weiyue.menu.Button those below it
---@field click? string a key, for wx.click
---@field view? string https://…
---@field page? string a page of this host, completed by account.pages
---@field scancode_push? string a key; the scan leads where the code says
---@field scancode_waitmsg? string a key; the scan waits for the answer of wx.event("scancode_waitmsg")
---@field pic_sysphoto? string a key
---@field pic_photo_or_album? string a key
---@field pic_weixin? string a key
---@field location_select? string a key
---@field media_id? string
---@field view_limited? string a media_id
---@field article_id? string
---@field article_view_limited? string an article_id
---@field miniprogram? { appid: string, pagepath: string, url: string }

--- For whom a conditional menu is (个性化菜单): at least one of these.
---@class weiyue.menu.Match
---@field tag_id? integer|string
---@field client_platform_type? "ios"|"android"|"others"|integer
---@field language? string such as "zh_CN"

---@class weiyue.Menu
---@field [integer] weiyue.menu.Button one to three
---@field match? weiyue.menu.Match

---@class weiyue.menu.Problem
---@field level "error"|"warning" error: WeChat would refuse it
---@field path string such as "button[1].sub_button[2].url"
---@field zh string
---@field en string

--- What is wrong with a menu; an empty list: nothing.
---@param menu_ weiyue.Menu|table
---@return weiyue.menu.Problem[]
function menu.check(menu_) end

--- A menu in the form that menu.create and menu.add_conditional take, and what is wrong with it.
---@param menu_ weiyue.Menu|table
---@param base? string account.pages, which completes pages
---@return { button: table[], matchrule?: table } form
---@return weiyue.menu.Problem[] problems
function menu.read(menu_, base) end

return menu
