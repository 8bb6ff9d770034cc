-- The files that spec/api_rows writes, as texts.

local api_table = require "spec.support.api_table"
local notation = require "weiyue.api.notation"

local M = {}

local WIDTH <const> = 116

local ORDER <const> = { "host", "auth", "token", "query", "content", "body", "needs", "reply", "fragment", "empty", "idempotent", "note" }

local function literal(value)
  if type(value) == "string" then return ('"%s"'):format((value:gsub('[\\"]', "\\%0"))) end
  return tostring(value)
end

-- A text that may go on in the next line: behind a blank, else behind a comma or a bar.
local function long(name, text)
  if type(text) ~= "string" then return ("%s = %s"):format(name, tostring(text)) end
  local lines, rest = {}, text
  local room = WIDTH - 4 - #name - 5
  while #rest > room do
    local line = rest:sub(1, room)
    local at = #(line:match "^(.* )" or line:match "^(.*[,|])" or error("too long a word: " .. line))
    if at < room // 2 then at = #(line:match "^(.*[,|])" or line:match "^(.* )") end
    lines[#lines + 1] = literal(rest:sub(1, at))
    rest = rest:sub(at + 1)
    room = WIDTH - 11
  end
  lines[#lines + 1] = literal(rest)
  return ("%s = %s"):format(name, table.concat(lines, "\n      .. "))
end

-- One row; what does not fit its line stands in lines of its own.
local function row_text(own)
  local head = ("{ %s, %s, %s"):format(literal(own[1]), literal(own[2]), literal(own[3]))
  local parts = {}
  for _, key in ipairs(ORDER) do
    if own[key] ~= nil then parts[#parts + 1] = { key, own[key] } end
  end
  local lines, line = {}, "  " .. head
  for _, part in ipairs(parts) do
    local short = ("%s = %s"):format(part[1], literal(part[2]))
    if #line + #short + 4 <= WIDTH then
      line = line .. ", " .. short
    else
      lines[#lines + 1] = line .. ","
      line = "    " .. (#short + 8 <= WIDTH and short or long(part[1], part[2]))
    end
  end
  lines[#lines + 1] = line .. " },"
  return table.concat(lines, "\n")
end

local function family_text(family, rows)
  local lines = {
    ("-- WeChat's API: %s. Written by spec/api_rows; notation.lua explains query and body."):format(family),
    "return {",
  }
  for _, row in ipairs(rows) do lines[#lines + 1] = row_text(row.own) end
  lines[#lines + 1] = "}\n"
  return table.concat(lines, "\n")
end

local function families_text(families)
  local lines, line = { "-- The families of WeChat's API, in the table's order. Written by spec/api_rows.", "return {" }, " "
  for _, family in ipairs(families) do
    local word = (" %q,"):format(family)
    if #line + #word > WIDTH then
      lines[#lines + 1] = line
      line = " "
    end
    line = line .. word
  end
  lines[#lines + 1] = line
  lines[#lines + 1] = "}\n"
  return table.concat(lines, "\n")
end

-- --- types for editors ---

local LUA_TYPES <const> = { string = "string", integer = "integer", number = "number", boolean = "boolean",
                            id = "integer|string", json = "table|string", file = "weiyue.api.File", any = "any" }

local lua_type

local function members_type(fields)
  local parts = {}
  notation.each(fields, function(field, in_choice)
    local optional = field.optional or field.default or in_choice
    parts[#parts + 1] = ("%s%s: %s"):format(field.name, optional and "?" or "", lua_type(field))
  end)
  if #parts == 0 then return "table" end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

function lua_type(field)
  if field.type == "object" then return members_type(field.fields) end
  if field.type == "map" then return ("table<string, %s>"):format(lua_type(field.item)) end
  if field.type == "list" then return field.item.type == "any" and "any[]" or ("(%s)[]"):format(lua_type(field.item)) end
  if field.type == "boolean" then return "boolean" end
  if field.values and field.type == "string" then
    local words = {}
    for i, value in ipairs(field.values) do words[i] = literal(value) end
    return table.concat(words, "|")
  end
  return LUA_TYPES[field.type]
end

local function simple(text) return (text:gsub("%((([^%s|{}()]+))%)%[%]", "%1[]")) end

-- query and body are one table for the caller.
local function arguments(own)
  local all, seen = { open = false }, {}
  for _, text in ipairs { own.query or "", own.body or "" } do
    for _, one in ipairs(assert(notation.read(text))) do
      local name = one.name or one.switch or one
      if not seen[name] then all[#all + 1] = one end
      seen[name] = true
    end
  end
  if #all == 0 then return nil end
  local needed = false
  notation.each(all, function(field, in_choice) needed = needed or not (field.optional or field.default or in_choice) end)
  for _, one in ipairs(all) do needed = needed or (one.choice or one.switch) and not one.optional end
  return simple(members_type(all)), needed
end

local META_HEAD <const> = [[
---@meta weiyue.account.api
error("lua/meta holds types, not code", 0)

-- Written by spec/api_rows: account.api.FAMILY.NAME for every endpoint that the program knows.
-- `weiyue api show FAMILY.NAME` tells more about one.

---A file to send: a path, or its content.
---@alias weiyue.api.File string|{ path?: string, data?: string, filename?: string, type?: string }

---What went wrong: WeChat's errcode, or a word of weiyue's own, such as "api.field".
---@class weiyue.api.Error
---@field code integer|string
---@field message string what WeChat says, or what is wrong with the arguments
---@field hint string what to do, in Chinese
---@field hint_en string the same in English
---@field message_zh? string the message in Chinese, where weiyue itself has refused
---@field api? string FAMILY.NAME
---@field class? string of an errcode: "retry_later", "quota", "permission" …
---@field field? string of "api.field": which one
---@field capability? string of "api.capability": what the account cannot, a name in account.can
---@field rid? string WeChat's number of the failed request, for openapi.rid_get
---@field sent? boolean of a call without an answer; false: WeChat has not got it
---@field ip? string of 40164: the address that WeChat saw

---WeChat's API of one account. Calls wait, but look as if they did not.
---@class weiyue.account.api
]]

local function meta_text(families, by_family)
  local lines = { META_HEAD:sub(1, -2) }
  for _, family in ipairs(families) do
    lines[#lines + 1] = ("---@field %s weiyue.account.api.%s"):format(family, family)
  end
  lines[#lines + 1] = "local api = {}\n"
  lines[#lines + 1] = "---Calls by name; also rows that a plugin has added."
  lines[#lines + 1] = "---@async\n---@param name string FAMILY.NAME\n---@param args? table"
  lines[#lines + 1] = "---@return table? reply\n---@return weiyue.api.Error? err\nfunction api:call(name, args) end"
  for _, family in ipairs(families) do
    lines[#lines + 1] = ("\n---@class weiyue.account.api.%s\nlocal %s = {}"):format(family, family)
    for _, row in ipairs(by_family[family]) do
      local own = row.own
      local args, needed = arguments(own)
      lines[#lines + 1] = ("\n---%s %s"):format(own[2], own[3])
      if own.note then lines[#lines + 1] = "---\n---" .. own.note end
      if own.reply ~= "redirect" then lines[#lines + 1] = "---@async" end
      if args then lines[#lines + 1] = ("---@param args%s %s"):format(needed and "" or "?", args) end
      lines[#lines + 1] = ("---@return %s? reply"):format(own.reply == "redirect" and "string" or "table")
      lines[#lines + 1] = "---@return weiyue.api.Error? err"
      -- a name may be a word of Lua's, but none is
      lines[#lines + 1] = ("function %s.%s(%s) end"):format(family, own[1], args and "args" or "")
    end
  end
  lines[#lines + 1] = "\nreturn api\n"
  return table.concat(lines, "\n")
end

--- Path → text of every file that is written.
---@return table<string, string>
function M.files()
  local families, by_family, files = {}, {}, {}
  for _, row in ipairs(api_table.rows()) do
    if not by_family[row.family] then
      by_family[row.family] = {}
      families[#families + 1] = row.family
    end
    table.insert(by_family[row.family], row)
  end
  for family, rows in pairs(by_family) do files["lua/weiyue/api/" .. family .. ".lua"] = family_text(family, rows) end
  files["lua/weiyue/api/families.lua"] = families_text(families)
  files["lua/meta/api.lua"] = meta_text(families, by_family)
  return files
end

return M
