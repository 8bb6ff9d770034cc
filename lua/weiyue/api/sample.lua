-- Made-up arguments for a row, that its fields allow: for examples in errors and `weiyue api show`, and for specs.

local json = require "weiyue.json"
local notation = require "weiyue.api.notation"

local M = {}

-- An object with its fields in order: a list of { name, value }.
local ORDERED <const> = {}

local OPENID <const> = "oTestUser0000000000000000001"
local TEXTS <const> = {
  openid = OPENID, touser = OPENID, begin_date = "2026-01-01", end_date = "2026-01-07", content = "你好",
  title = "标题", description = "说明", name = "名称", nickname = "昵称", remark = "备注", url = "https://wx.example.cn/",
  appid = "wxtest0123456789ab", kf_account = "kf2001@wxtest", key = "about", lang = "zh_CN",
}

local function text_of(field)
  local text = TEXTS[field.name] or (field.name:find "url$" and TEXTS.url) or field.name:upper():gsub("[<> ]", "")
  if field.unit == "bytes" or field.unit == "chars" then
    if field.max and #text > field.max then text = text:sub(1, field.max) end
    if field.min and #text < field.min then text = text .. ("x"):rep(field.min - #text) end
  end
  return text
end

local ordered, value_of

local values <const> = {
  string = text_of, any = text_of, boolean = function() return true end, number = function() return 1 end,
  integer = function(field) return field.min or 1 end, id = function() return 1000000001 end,
  json = function() return setmetatable({}, ORDERED) end,
  file = function(field) return setmetatable({ { "path", field.name .. ".jpg" } }, ORDERED) end,
}

function values.list(field, nth)
  local list = {}
  for i = 1, math.max(field.min or 1, 1) do list[i] = value_of(field.item, nth) end
  return list
end

function values.map(field, nth) return setmetatable({ { "key1", value_of(field.item, nth) } }, ORDERED) end
function values.object(field, nth) return ordered(field.fields, nth) end

function value_of(field, nth)
  local default = field.default
  if default and not tostring(default):find "^@" then return default end
  if field.values then return field.values[1] end
  return values[field.type](field, nth)
end

-- An object, from names and values in turn.
local function object(...)
  local out = setmetatable({}, ORDERED)
  for i = 1, select("#", ...), 2 do out[#out + 1] = { (select(i, ...)), (select(i + 1, ...)) } end
  return out
end

-- Where what is needed is not enough for an example that does something.
local BUTTON <const> = object("button", {
  object("type", "click", "name", "关于", "key", "about"),
  object("name", "更多", "sub_button", { object("type", "view", "name", "网站", "url", "https://wx.example.cn/") }),
})
local EXAMPLES <const> = {
  ["menu.create"] = BUTTON,
  ["menu.add_conditional"] = object("button", BUTTON[1][2], "matchrule", object("tag_id", "2")),
  ["qrcode.create"] = object("expire_seconds", 604800, "action_name", "QR_STR_SCENE", "action_info",
    object("scene", object("scene_str", "door-1"))),
}

-- The n-th alternative where there are some, or the last.
local function pick(list, nth) return list[math.min(nth, #list)] end

local function is_filled(field) return field.default and true or false end

function ordered(fields, nth)
  local out = setmetatable({}, ORDERED)
  for _, one in ipairs(fields) do
    if one.choice then
      for _, field in ipairs(pick(one.choice, nth)) do out[#out + 1] = { field.name, value_of(field, nth) } end
    elseif one.switch then
      local case = pick(one.cases, nth)
      out[#out + 1] = { one.switch, case.value }
      out[#out + 1] = { case.field.name, value_of(case.field, nth) }
    elseif not is_filled(one) and (nth > 1 or not one.optional) then
      out[#out + 1] = { one.name, value_of(one, nth) }
    end
  end
  return out
end

local function plain(value)
  if type(value) ~= "table" then return value end
  local t = {}
  if getmetatable(value) == ORDERED then
    for _, pair in ipairs(value) do t[pair[1]] = plain(pair[2]) end
  else
    for i, item in ipairs(value) do t[i] = plain(item) end
  end
  return t
end

-- As it would be written in Lua.
local function lua(value)
  if type(value) == "string" then return ('"%s"'):format((value:gsub('[\\"]', "\\%0"))) end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for i, item in ipairs(value) do
    parts[i] = getmetatable(value) == ORDERED and ("%s = %s"):format(item[1], lua(item[2])) or lua(item)
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

local function arguments(row, nth)
  if nth == 1 and EXAMPLES[row.key] then return EXAMPLES[row.key] end
  local all, seen = setmetatable({}, ORDERED), {}
  for _, fields in ipairs { row.query or {}, row.body or {} } do
    for _, pair in ipairs(ordered(fields, nth)) do
      if not seen[pair[1]] then all[#all + 1] = pair end
      seen[pair[1]] = true
    end
  end
  local needs = row.needs and not (seen[row.needs[1]] or seen[row.needs[2]])
  if needs then all[#all + 1] = { row.needs[1], TEXTS.url } end
  return all
end

--- A value of one field, as Lua.
---@param field weiyue.api.Field
---@return string
function M.of(field) return lua(value_of(field, 1)) end

--- Arguments for a row. The first have what is needed, all others every field, with another alternative each.
---@param row weiyue.api.Row
---@param nth? integer
---@return table
function M.arguments(row, nth) return plain(arguments(row, nth or 1)) end

--- The same as Lua, in the row's order.
---@param row weiyue.api.Row
---@param nth? integer
---@return string
function M.lua(row, nth) return lua(arguments(row, nth or 1)) end

-- --- replies ---

-- What a note tells of the reply, in the notation of fields as far as it goes: "ticket, expires_in (7200 s)".
local function reply_text(note)
  local text = note and note:match "%f[%w]reply ([^;]+)"
  if not text then return nil end
  text = text:gsub(" *%([^()]*%)", ""):gsub(" of [%w ]+", ""):gsub(",%s*which .*$", ""):gsub("(expires_in) %d+", "%1")
  return text:gsub("%.%.%.$", ""):gsub(",?[%w_]+_%*%??", "")
end

local REPLY_TEXTS <const> = { url = true, title = true, description = true, content = true, name = true }

-- Endings of names that are numbers, though no row has to say so.
local COUNTS <const> = {
  "count$", "total", "status$", "_time$", "_at$", "^is_", "^have_", "_limit$", "^used$", "^remain$", "^ret$", "^sex$",
  "^subscribe$", "createtime$", "_user$",
}

local function is_count(name)
  for _, pattern in ipairs(COUNTS) do
    if name:find(pattern) then return true end
  end
  return false
end

-- A value by the field's name: texts and numbers as they may come.
local function reply_value(field)
  if field.name == "expires_in" then return 7200 end
  if field.values then return field.values[1] end
  if field.type == "integer" or field.type == "id" then return values[field.type](field) end
  if field.type == "boolean" then return false end
  if field.type == "any" and is_count(field.name) then return 0 end
  return REPLY_TEXTS[field.name] and TEXTS[field.name] or text_of(field)
end

local reply_of

local function reply_field(field)
  if field.fields and #field.fields > 0 then return reply_of(field.fields) end
  local item = field.type == "list" and field.item
  if item and item.fields and #item.fields > 0 then return json.array { reply_of(item.fields) } end
  if field.type == "list" then return json.array {} end
  if field.type == "object" then return {} end
  return reply_value(field)
end

function reply_of(fields)
  local out = {}
  for _, one in ipairs(fields) do
    for _, field in ipairs(one.choice and one.choice[1] or { one }) do
      if field.name and not field.optional then out[field.name] = reply_field(field) end
    end
  end
  return out
end

--- A reply of the shape that the row's note documents; empty where it tells nothing of it.
---@param row weiyue.api.Row
---@return table
function M.reply(row)
  local text = reply_text(row.note)
  local fields = text and notation.read(text)
  return fields and reply_of(fields) or {}
end

-- As JSON, keys in order.
local function as_json(value)
  if type(value) ~= "table" then return json.encode(value) end
  local is_object, parts = getmetatable(value) == ORDERED, {}
  for i, item in ipairs(value) do
    parts[i] = is_object and json.encode(item[1]) .. ":" .. as_json(item[2]) or as_json(item)
  end
  return (is_object and "{%s}" or "[%s]"):format(table.concat(parts, ","))
end

--- The same as JSON.
---@param row weiyue.api.Row
---@param nth? integer
---@return string
function M.json(row, nth) return as_json(arguments(row, nth or 1)) end

--- How many of M.arguments differ.
---@param row weiyue.api.Row
---@return integer
function M.count(row)
  local n, visit = 2, nil
  function visit(fields)
    for _, one in ipairs(fields) do n = math.max(n, 1 + #(one.choice or one.cases or {})) end
    notation.each(fields, function(field)
      local inner = field.fields or (field.item and field.item.fields)
      if inner then visit(inner) end
    end)
  end
  visit(row.query or {})
  visit(row.body or {})
  return n
end

return M
