-- weiyue.menu: menus as data. What wx.menu takes, or WeChat's own form, is checked without asking WeChat, and turned
-- into what menu.create and menu.add_conditional take.

local buttons = require "weiyue.menu.buttons"
local rule = require "weiyue.menu.rule"

local M = {}

---@class weiyue.menu.Problem
---@field level "error"|"warning" error: WeChat would refuse it
---@field path string such as button[1].sub_button[2].url, in WeChat's words
---@field zh string
---@field en string

--- A menu in WeChat's form, and what is wrong with it.
---@param menu any
---@param base? string account.pages, which completes page = "/…"; nil: such links stay as they are
---@return { button: table[], matchrule?: table } form
---@return weiyue.menu.Problem[] problems
function M.read(menu, base)
  local problems, form = {}, { button = {} }
  local function add(level, path, zh, en)
    problems[#problems + 1] = { level = level, path = path, zh = zh, en = en }
  end
  if type(menu) ~= "table" then
    add("error", "button", "菜单是一个表", "a menu is a table")
    return form, problems
  end
  for key in pairs(menu) do
    if math.type(key) ~= "integer" and key ~= "button" and key ~= "match" and key ~= "matchrule" then
      add("error", tostring(key), "菜单没有这一项：写按钮和 match", "a menu has buttons and match, and no such field")
    end
  end
  local list = menu.button or menu
  if type(list) == "table" then
    form.button = buttons.read(list, "button", base, add)
  else
    add("error", "button", "是按钮的列表", "is a list of buttons")
  end
  local match = menu.match or menu.matchrule
  if match ~= nil then
    form.matchrule = rule.read(match, add)
    local found = buttons.hosts(form.button, {})
    if #found > buttons.DOMAINS then
      add("error", "button", ("链接到 %d 个域名，个性化菜单最多 %d 个"):format(#found, buttons.DOMAINS),
        ("leads to %d domains; a conditional menu to at most %d"):format(#found, buttons.DOMAINS))
    end
  end
  table.sort(problems, function(a, b) -- errors first, then as they stand
    if a.level ~= b.level then return a.level == "error" end
    if a.path ~= b.path then return a.path < b.path end
    return a.en < b.en
  end)
  return form, problems
end

--- What is wrong with a menu: a list without entries where nothing is.
---@param menu table as wx.menu takes it, or WeChat's { button = …, matchrule = … }
---@return weiyue.menu.Problem[]
function M.check(menu)
  local _, problems = M.read(menu)
  return problems
end

return M
