-- Buttons of a menu, as plugins write them ({ "关于", click = "about" }) or as WeChat does ({ type = "click", name = …,
-- key = … }): to WeChat's form, with what is wrong.

local core = require "weiyue_core"
local names = require "weiyue.menu.names"
local nearest = require "weiyue.nearest"
local url = require "weiyue.url"

local M = {}

local MOST <const>, MOST_SUB <const> = 3, 5
local MOST_LOOKED_AT <const> = 20 -- of a list that is too long anyway
local KEY_MAX <const>, URL_MAX <const>, ID_MAX <const> = 128, 1024, 512
local ORIGIN <const> = "https://page.invalid" -- stands for the account's url where that is not known yet

-- The kinds of buttons, and the fields that each must have; the first is what `kind = value` sets.
M.KINDS = {
  click = { "key" }, view = { "url" },
  scancode_push = { "key" }, scancode_waitmsg = { "key" },
  pic_sysphoto = { "key" }, pic_photo_or_album = { "key" }, pic_weixin = { "key" }, location_select = { "key" },
  media_id = { "media_id" }, view_limited = { "media_id" },
  article_id = { "article_id" }, article_view_limited = { "article_id" },
  miniprogram = { "url", "appid", "pagepath" },
}

M.DOMAINS = 3 -- that conditional menus may lead to

local FIELDS <const> = {
  type = true, name = true, key = true, url = true, media_id = true, article_id = true, appid = true, pagepath = true,
  sub_button = true,
}

local checks = {}

local function text_of(value, path, most, add)
  if type(value) ~= "string" or value == "" then
    add("error", path, "要写文字", "must be a text")
  elseif #value > most then
    add("error", path, ("%d 字节，最多 %d 字节"):format(#value, most), ("has %d bytes; at most %d"):format(#value, most))
  elseif not core.text.valid(value) or value:find "%c" then
    add("error", path, "不是 UTF-8，或有控制字符", "is no UTF-8, or has control characters")
  else
    return true
  end
end

function checks.key(value, path, add) text_of(value, path, KEY_MAX, add) end

-- A host that is tried out on its own machine.
local function is_here(host) return host == "localhost" or host == "::1" or host:find "^127%." ~= nil end

function checks.url(value, path, add)
  if not text_of(value, path, URL_MAX, add) then return end
  if value:find "^/[^/\\]" or value == "/" then value = ORIGIN .. value end -- an account's own page, not complete yet
  local escaped = value:gsub("[\x80-\xFF]", function(c) return ("%%%02X"):format(c:byte()) end)
  local parts = url.parse(escaped)
  if not parts or (parts.scheme ~= "https" and parts.scheme ~= "http") then
    add("error", path, "不是网址：要写 https://…", "is no address: write https://…")
  elseif parts.scheme == "http" and not is_here(parts.host) then
    add("warning", path, "应是 https://：很多功能（JS-SDK、授权）在 http 下不可用",
      "should be https://: much does not work by http (JS-SDK, logins)")
  end
end

function checks.media_id(value, path, add) text_of(value, path, ID_MAX, add) end
checks.article_id = checks.media_id

function checks.appid(value, path, add)
  if text_of(value, path, 64, add) and not value:find "^wx%w+$" then
    add("error", path, "不是小程序的 AppID（wx…）", "is no AppID of a mini program (wx…)")
  end
end

function checks.pagepath(value, path, add) text_of(value, path, URL_MAX, add) end

-- What a button does: its kind by `type`, or by the name of a key. Gives { type, fields… }; nil: nothing; false:
-- what it does is wrong, and told.
local function action(b, path, add)
  local out, found = {}, nil
  if b.type ~= nil then
    for field in pairs(FIELDS) do
      if field ~= "name" and field ~= "sub_button" then out[field] = b[field] end
    end
    if not M.KINDS[out.type] then
      local near = type(out.type) == "string" and nearest.slip(out.type, nearest.names(M.KINDS))
      add("error", path .. ".type", "没有这种按钮" .. (near and "；最接近的是 " .. near or ""),
        "no such kind of button" .. (near and "; the nearest is " .. near or ""))
      return false
    end
    return out
  end
  for _, field in ipairs { "key", "url", "appid", "pagepath" } do
    if b[field] ~= nil then
      add("error", ("%s.%s"):format(path, field), "和 type 一起写；或写成 click = …、view = …、miniprogram = { … }",
        "goes with type; or write click = …, view = …, miniprogram = { … }")
      return false
    end
  end
  for kind in pairs(M.KINDS) do
    if b[kind] ~= nil then
      if found then
        add("error", path, ("一个按钮只有一种作用：%s 和 %s"):format(found, kind),
          ("a button does one thing: %s or %s"):format(found, kind))
        return false
      end
      found = kind
    end
  end
  if b.page ~= nil then
    if found then
      add("error", path, "一个按钮只有一种作用：page 和 " .. found, "a button does one thing: page or " .. found)
      return false
    end
    return { type = "view", page = true, url = b.page }
  end
  if not found then return nil end
  out.type = found
  if found == "miniprogram" then
    if type(b.miniprogram) ~= "table" then
      add("error", path .. ".miniprogram", "写 { appid = …, pagepath = …, url = … }",
        "write { appid = …, pagepath = …, url = … }")
      return false
    end
    for key, value in pairs(b.miniprogram) do
      if key == "appid" or key == "pagepath" or key == "url" then
        out[key] = value
      else
        add("error", ("%s.miniprogram.%s"):format(path, tostring(key)), "有 appid、pagepath、url",
          "has appid, pagepath and url")
      end
    end
  else
    out[M.KINDS[found][1]] = b[found]
  end
  return out
end

local function unknown(b, path, add)
  for key in pairs(b) do
    local is_known = FIELDS[key] or M.KINDS[key] or key == "page" or math.type(key) == "integer"
    if not is_known then
      local list = nearest.names(FIELDS)
      for kind in pairs(M.KINDS) do list[#list + 1] = kind end
      list[#list + 1] = "page"
      local near = type(key) == "string" and nearest.slip(key, list)
      add("error", ("%s.%s"):format(path, tostring(key)), "按钮没有这一项" .. (near and "；最接近的是 " .. near or ""),
        "a button has no such field" .. (near and "; the nearest is " .. near or ""))
    end
  end
end

-- The last place of a list, also of one with holes: what stood there was perhaps a variable that is not there.
local function last_of(list)
  local last = 0
  for i in pairs(list) do last = math.type(i) == "integer" and i > last and i or last end
  return math.min(last, MOST_LOOKED_AT)
end

-- The buttons below one, or nil.
local function below(b)
  local list = b.sub_button
  if type(list) == "table" then return list.list or list end -- get_self nests them once more
  list = {}
  local has_name = type(b[1]) == "string" or (b.name == nil and b[1] ~= nil and type(b[1]) ~= "table")
  local first, last = has_name and 2 or 1, last_of(b)
  for i = first, last do list[i - first + 1] = b[i] end
  return last >= first and list or nil
end

local function resolve(out, path, base, add)
  local page = out.url
  out.page = nil
  if type(page) ~= "string" or not page:find "^/" or page:find "^/[/\\]" then
    return add("error", path .. ".page", "以 / 开头的路径", "is a path that opens with /")
  end
  if base then out.url = base:gsub("/+$", "") .. page end
end

local function read_button(b, path, is_sub, base, add)
  if type(b) ~= "table" then
    add("error", path, "按钮是一个表", "a button is a table")
    return nil
  end
  unknown(b, path, add)
  local name = b.name
  if name == nil then name = b[1] end
  names.check(name, path .. ".name", is_sub, add)
  local subs = below(b)
  if subs and last_of(subs) > 0 then
    if is_sub then
      add("error", path, "菜单只有两级", "a menu has two levels")
      return nil
    end
    if action(b, path, add) ~= nil then
      add("error", path, "有子菜单的按钮自己不能有作用", "a button with others below does nothing itself")
    end
    return { name = name, sub_button = M.read(subs, path .. ".sub_button", base, add, true) }
  end
  local out = action(b, path, add)
  if not out then
    if out == nil then
      add("error", path, "按钮没有作用：写 click、view、page … 其中一个，或子菜单",
        "a button does something: click, view, page …, or has others below")
    end
    return nil
  end
  out.name = name
  if out.page then resolve(out, path, base, add) end
  for _, field in ipairs(M.KINDS[out.type]) do
    local at = ("%s.%s"):format(path, field)
    if out[field] == nil then
      add("error", at, out.type .. " 按钮必须有 " .. field, ("a button %s must have %s"):format(out.type, field))
    else
      checks[field](out[field], at, add)
    end
  end
  return out
end

--- Buttons of one level in WeChat's form.
---@param list any
---@param path string
---@param base? string account.pages, which completes pages; nil: not known yet
---@param add fun(level: string, path: string, zh: string, en: string)
---@param is_sub? boolean
---@return table[] buttons
function M.read(list, path, base, add, is_sub)
  local most, out, n = is_sub and MOST_SUB or MOST, {}, last_of(list)
  if n == 0 then
    add("error", path, "至少一个按钮", "has at least one button")
  elseif n > most then
    add("error", path, ("%d 个按钮，最多 %d 个"):format(n, most), ("has %d buttons; at most %d"):format(n, most))
  end
  for i = 1, n do
    local at = ("%s[%d]"):format(path, i)
    if list[i] == nil then
      add("error", at, "是 nil", "is nil")
    else
      out[#out + 1] = read_button(list[i], at, is_sub or false, base, add)
    end
  end
  return out
end

--- The hosts that buttons lead to, in a list that also has them by name.
---@param list table[] of M.read
---@param found table
---@return table found
function M.hosts(list, found)
  for _, b in ipairs(list) do
    if b.type == "view" and type(b.url) == "string" then
      local parts = url.parse((b.url:gsub("[\x80-\xFF]", "%%80")))
      if parts and not found[parts.host] then
        found[parts.host] = true
        found[#found + 1] = parts.host
      end
    end
    M.hosts(b.sub_button or {}, found)
  end
  return found
end

return M
