-- The menus that an account's plugins declare: what WeChat takes of them, and whether buttons and handlers fit.

local buttons = require "weiyue.menu.buttons"
local core = require "weiyue_core"
local menu = require "weiyue.menu"

local M = {}

---@class weiyue.menu.Declared one account's menus, as text
---@field create? string     JSON for menu.create; nil: none is declared, or a page has no address
---@field conditional string[] JSON for menu.add_conditional, in order: WeChat tries the last one first

-- The keys of a menu's buttons: key → { the kind, the place of its plugin }.
local function keys_of(list, where, found)
  for _, b in ipairs(list) do
    if b.key then found[b.key] = found[b.key] or { kind = b.type, where = where } end
    keys_of(b.sub_button or {}, where, found)
  end
  return found
end

-- Handlers of clicks: keys → place; and of events, by name, those that take any.
local function handlers_of(plugins)
  local clicks, any = {}, {}
  for _, plugin in ipairs(plugins) do
    for _, rule in ipairs(plugin.rules) do
      if rule.trigger == "event" and rule.kind == "any" then any[rule.name] = true end
      if rule.trigger == "event" and rule.name == "click" and rule.kind == "exact" then
        clicks[rule.value] = clicks[rule.value] or rule.where
      end
    end
  end
  return clicks, any
end

-- Kinds of buttons whose event a plugin is to answer; others are told by a message that follows, or need none.
local WANTED <const> = { click = "wx.click", scancode_waitmsg = "wx.event" }

local function compare(keys, plugins, note)
  local clicks, any = handlers_of(plugins)
  for key, of in pairs(keys) do
    local name = WANTED[of.kind]
    if name and not any[of.kind] and not (of.kind == "click" and clicks[key]) then
      local call = ("%s(\"%s\", …)"):format(name, of.kind == "click" and key or of.kind)
      note(of.where, ("菜单按钮的 key %s 没有处理：写 %s"):format(key, call),
        ("no handler for the button with key %s: %s"):format(key, call))
    end
  end
  for key, where in pairs(clicks) do
    if not keys[key] then
      note(where, ("菜单里没有 key 为 %s 的按钮"):format(key), ("no button of the menu has the key %s"):format(key))
    end
  end
end

local function is_whole(list)
  for _, b in ipairs(list) do
    if b.url and b.url:find "^/" then return false end
    if not is_whole(b.sub_button or {}) then return false end
  end
  return true
end

--- What the plugins of an account declare.
---@param plugins table[] with their menus: { menu, where }
---@param account { id: string, url?: string, pages?: string, can: table<string, boolean> }
---@param note fun(level: "note"|"error", where: string, zh: string, en: string)
---@return weiyue.menu.Declared?
function M.of(plugins, account, note)
  local declared, keys, hosts, first, some = { conditional = {} }, {}, {}, nil, nil
  for _, plugin in ipairs(plugins) do
    for _, one in ipairs(plugin.menus or {}) do
      local form, problems = menu.read(one.menu, account.pages or account.url)
      keys_of(form.button, one.where, keys)
      for _, p in ipairs(problems) do
        note(p.level == "error" and "error" or "note", one.where, ("菜单 %s：%s"):format(p.path, p.zh),
          ("menu: %s: %s"):format(p.path, p.en))
      end
      local text
      if is_whole(form.button) then
        text = core.json.encode(form)
      else
        note("note", one.where, ("账号 %s 没有写 url：菜单里的 page 没有地址"):format(account.id),
          ("the account %s has no url: pages of the menu have no address"):format(account.id))
      end
      if form.matchrule then
        local before = #hosts
        buttons.hosts(form.button, hosts)
        if before > 0 and before <= buttons.DOMAINS and #hosts > buttons.DOMAINS then
          note("error", one.where, ("个性化菜单一共最多链接到 %d 个域名"):format(buttons.DOMAINS),
            ("conditional menus lead to at most %d domains in all"):format(buttons.DOMAINS))
        end
        declared.conditional[#declared.conditional + 1] = text
      elseif first then
        note("error", one.where, ("账号 %s 的菜单有两份：%s 已有一份"):format(account.id, first),
          ("two menus for the account %s: %s has one"):format(account.id, first))
      else
        first, declared.create = one.where, text
      end
      some = one.where
    end
  end
  if not some then return nil end
  if not first then
    note("note", some, "只有个性化菜单：微信要先有默认菜单", "only conditional menus: WeChat wants a default one first")
  else
    compare(keys, plugins, function(...) note("note", ...) end)
  end
  if not account.can.menu then
    note("note", some, ("账号 %s 没有自定义菜单接口的权限（can.menu）"):format(account.id),
      ("the account %s may not create menus by the API (can.menu)"):format(account.id))
  end
  return declared
end

return M
