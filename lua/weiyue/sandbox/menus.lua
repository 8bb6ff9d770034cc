-- Menus of a fake account: what WeChat checks of their buttons, and which of them a user sees.

local json = require "weiyue.json"
local library = require "weiyue.sandbox.library"
local publish = require "weiyue.sandbox.api.publish"

local M = {}

local NAME_MOST <const>, SUB_NAME_MOST <const> = 16, 60 -- bytes
local KEY_MOST <const>, URL_MOST <const> = 128, 1024
local TOP_MOST <const>, SUB_MOST <const> = 3, 5
local DOMAINS_MOST <const> = 3 -- that all conditional menus together may lead to

-- Codes for a button of the bar, and for one below it.
local TOP <const> = { count = 40016, type = 40017, name = 40018, key = 40019, url = 40020, domain = 40055 }
local SUB <const> = { count = 40023, type = 40024, name = 40025, key = 40026, url = 40027, domain = 40054 }

local function raise(code) error({ errcode = code }, 0) end

local function text(value, most, code)
  if type(value) ~= "string" or value == "" or #value > most then raise(code) end
  return value
end

local function check_url(button, codes)
  text(button.url, URL_MOST, codes.url)
  if not button.url:find "^https?://[^/]" then raise(codes.domain) end
end

local function check_key(button, codes) text(button.key, KEY_MOST, codes.key) end

-- Of material that stays: temporary media would be gone in 3 days, a draft when it is published.
local function check_media(button, _, world, account)
  local item = type(button.media_id) == "string" and library.find(world, account, button.media_id)
  if not item or item.kind == "temporary" or item.draft then raise(40007) end
end

local function check_article(button, _, world, account)
  local found, code = publish.articles(world, account, text(button.article_id, 128, 40007))
  if not found then raise(code) end
end

local function check_mini(button, codes)
  check_url(button, codes)
  text(button.appid, 32, 40166)
  text(button.pagepath, URL_MOST, 40165)
end

local ACTIONS <const> = {
  click = { check_key, { "key" } }, view = { check_url, { "url" } }, scancode_push = { check_key, { "key" } },
  scancode_waitmsg = { check_key, { "key" } }, pic_sysphoto = { check_key, { "key" } },
  pic_photo_or_album = { check_key, { "key" } }, pic_weixin = { check_key, { "key" } },
  location_select = { check_key, { "key" } }, media_id = { check_media, { "media_id" } },
  view_limited = { check_media, { "media_id" } }, article_id = { check_article, { "article_id" } },
  article_view_limited = { check_article, { "article_id" } },
  miniprogram = { check_mini, { "url", "appid", "pagepath" } },
}

-- A button that does something, as it is kept.
local function leaf(button, codes, world, account)
  local action = ACTIONS[button.type]
  if not action then raise(codes.type) end
  action[1](button, codes, world, account)
  local kept = { type = button.type, name = button.name, sub_button = json.array {} }
  for _, key in ipairs(action[2]) do kept[key] = button[key] end
  return kept
end

local function is_list(value) return type(value) == "table" and (json.is_array(value) or next(value) == nil) end

local function sub_buttons(list, world, account)
  local kept = json.array {}
  if #list > SUB_MOST then raise(SUB.count) end
  for i, button in ipairs(list) do
    if type(button) ~= "table" then raise(47001) end
    text(button.name, SUB_NAME_MOST, SUB.name)
    if is_list(button.sub_button) and #button.sub_button > 0 then raise(40022) end
    kept[i] = leaf(button, SUB, world, account)
  end
  return kept
end

local function bar(list, world, account)
  if not is_list(list) or #list < 1 or #list > TOP_MOST then raise(TOP.count) end
  local kept = json.array {}
  for i, button in ipairs(list) do
    if type(button) ~= "table" then raise(47001) end
    text(button.name, NAME_MOST, TOP.name)
    if button.sub_button ~= nil and not is_list(button.sub_button) then raise(TOP.type) end
    if button.sub_button and #button.sub_button > 0 then
      kept[i] = { name = button.name, sub_button = sub_buttons(button.sub_button, world, account) }
    else
      kept[i] = leaf(button, TOP, world, account)
    end
  end
  return kept
end

--- Checks a list of buttons.
---@return table? kept, integer? errcode
function M.read(list, world, account)
  local ok, kept = pcall(bar, list, world, account)
  if ok then return kept end
  if type(kept) ~= "table" then error(kept, 0) end
  return nil, kept.errcode
end

--- Calls fn(button) for each button, those below others among them.
function M.each(buttons, fn)
  for _, button in ipairs(buttons) do
    fn(button)
    M.each(button.sub_button or {}, fn)
  end
end

--- Whether all conditional menus together lead to few enough domains.
---@param lists table[] lists of buttons
---@return boolean
function M.few_domains(lists)
  local seen, n = {}, 0
  for _, buttons in ipairs(lists) do
    M.each(buttons, function(button)
      local host = button.type == "view" and button.url:match "^https?://([^/?#:]+)"
      if host and not seen[host:lower()] then seen[host:lower()], n = true, n + 1 end
    end)
  end
  return n <= DOMAINS_MOST
end

--- Whether a material is in use by a menu.
function M.uses(account, media_id)
  local found = false
  local function look(button) found = found or button.media_id == media_id end
  local state = account.menu or {}
  if state.default then M.each(state.default, look) end
  for _, one in ipairs(state.conditional or {}) do M.each(one.button, look) end
  return found
end

local function has(list, value)
  for _, one in ipairs(list) do
    if one == value then return true end
  end
  return false
end

local function matches(rule, user)
  local tag = math.tointeger(tonumber(rule.tag_id))
  if tag and not has(user.tags, tag) then return false end
  local platform = rule.client_platform_type
  if platform and tostring(platform) ~= tostring(user.platform or 2) then return false end
  return not rule.language or rule.language == user.language
end

--- The buttons that a user sees: the newest conditional menu that matches, else the default; nil: none.
---@return table? buttons
function M.of(account, user)
  local state = account.menu
  if not state or not state.default then return nil end
  local list = state.conditional
  for i = #list, 1, -1 do
    if user and matches(list[i].matchrule, user) then return list[i].button end
  end
  return state.default
end

return M
