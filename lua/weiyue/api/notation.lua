-- The notation of an endpoint's fields, as the rows of the catalogue have it, to data.
--
--   openid, remark(<30 chars)?           two fields; ? is optional
--   openid_list[<=50]  tags[]{id, name}  a list, of texts and of objects
--   tag{name}  card{}                    an object; one whose fields are not told
--   data{<key>{value, color?}}           an object with keys of the caller's choice
--   name(<=30 bytes)  count(1-20)        limits: of a text's length, of a number
--   type(image|voice)  scene(1 a, 2 b)   one of these
--   lang(zh_CN|en)=zh_CN  version=2      a default; without alternatives it is the only value
--   appid=@appid                         a default that the account gives
--   touser|towxname  openid+nickname?|list[]{a}   at least one of these; + is together with
--   msgtype>text{content}|image{media_id}  the field msgtype names the one that goes with it
--   msgtype>image/images{media_ids[]}      … where its value is another word than the name
--   msgtype>image|voice{media_id}          … image has the fields that follow it
--   size:int  data:file  ext:json        a type, where the name alone does not tell (types.lua)
--   n1..3  ...                           n1, n2, n3; fields that are not told

local types = require "weiyue.api.types"

local M = {}

---@class weiyue.api.Field
---@field name string
---@field type "string"|"integer"|"number"|"boolean"|"id"|"json"|"file"|"any"|"object"|"list"|"map"
---@field optional? boolean
---@field min? integer of a number, a text's length, a list's length
---@field max? integer
---@field unit? "bytes"|"chars" of a text's length
---@field values? (string|integer)[]
---@field default? string|integer "@appid": what the account has
---@field fields? weiyue.api.Fields of an object
---@field item? weiyue.api.Field of a list, of a map
---@field hint? string in words

---@class weiyue.api.Choice at least one of the alternatives, each fields that belong together
---@field choice weiyue.api.Field[][]
---@field optional? boolean

---@class weiyue.api.Switch one field names another
---@field switch string
---@field cases { value: string, field: weiyue.api.Field }[]
---@field optional? boolean

---@class weiyue.api.Fields a list of fields, choices and switches, in the order in which they are sent
---@field open? boolean others may be given

local WORDS <const> = { int = "integer", num = "number", bool = "boolean", str = "string",
                        id = "id", json = "json", file = "file", any = "any" }
local UNITS <const> = { bytes = 1, byte = 1, chars = 1, char = 1, KB = 1024 }

-- The reader: a text and a place in it. Faults are raised as tables and caught in `read`.
local function fault(r, text) error({ text = ("%s at byte %d of %q"):format(text, r.at, r.text) }, 0) end

local function skip(r) r.at = r.text:find("%S", r.at) or #r.text + 1 end

local function take(r, pattern)
  skip(r)
  local from, to, first = r.text:find("^" .. pattern, r.at)
  if not from then return nil end
  r.at = to + 1
  return first or r.text:sub(from, to)
end

local function peek(r, pattern)
  skip(r)
  return r.text:find("^" .. pattern, r.at) ~= nil
end

-- "zh_CN|en", "0|1", "1 audio,2 image": the words, and what they mean where that is told.
local function values(text)
  local list, meaning, whole = {}, false, true
  for part in (text .. (text:find "|" and "|" or ",")):gmatch(text:find "|" and "%s*(.-)%s*|" or "%s*(.-)%s*,") do
    local word, rest = part:match "^([%w_%.%-]+)%s*(.*)$"
    if not word or (rest ~= "" and not math.tointeger(tonumber(word))) then return nil end
    whole = whole and math.tointeger(tonumber(word)) ~= nil
    meaning = meaning or rest ~= ""
    list[#list + 1] = word
  end
  if #list < 2 then return nil end
  if whole then
    for i, word in ipairs(list) do list[i] = math.tointeger(tonumber(word)) end
  end
  return list, meaning and text or nil
end

-- What stands between ( and ): limits, alternatives, else words. Parts are divided by ";".
local function parenthesis(field, text)
  for part in (text .. ";"):gmatch "%s*(.-)%s*;" do
    local sign, n, unit = part:match "^(<=?)(%d+)%s*(%a*)$"
    local from, to, rest = part:match "^(%d+)%s*[%-%.]%.?(%d+),?%s*(.-)$"
    local list, meaning = values(part)
    if sign and (unit == "" or UNITS[unit]) then
      field.max = math.tointeger(n) * (UNITS[unit] or 1) - (sign == "<" and 1 or 0)
      field.unit = unit ~= "" and (unit:find "^char" and "chars" or "bytes") or nil
    elseif from then
      field.min, field.max = math.tointeger(from), math.tointeger(to)
      if UNITS[rest] then field.unit = rest else field.hint = rest ~= "" and rest or nil end
    elseif list then
      field.values, field.hint = list, meaning or field.hint
    elseif part ~= "" then
      field.hint = field.hint and field.hint .. "; " .. part or part
    end
  end
end

-- The limit of a list: "", "<=50", "2..5".
local function count(r, field, text)
  local sign, n = text:match "^(<=?)(%d+)$"
  local from, to = text:match "^(%d+)%.%.(%d+)$"
  if sign then field.max = math.tointeger(n) - (sign == "<" and 1 or 0)
  elseif from then field.min, field.max = math.tointeger(from), math.tointeger(to)
  elseif text ~= "" then fault(r, "a list's limit is <=N or N..M") end
end

local members

-- After the name: ? {} [] () :type =default, in any order.
local function suffixes(r, field)
  local inner, list
  while true do
    if take(r, "%?") then
      field.optional = true
    elseif take(r, "{") then
      inner = members(r, "}")
    elseif take(r, "%[") then
      skip(r)
      local limit = r.text:match("^[<=%d%.]*%]", r.at)
      list = true
      if limit then
        r.at = r.at + #limit
        count(r, field, limit:sub(1, -2))
      else -- list[a,b]: of objects
        inner = members(r, "]")
      end
    elseif peek(r, "%(") then
      parenthesis(field, take(r, "(%b())"):sub(2, -2))
    elseif take(r, ":") then
      field.type = WORDS[take(r, "%a+") or ""] or fault(r, "no such type")
    elseif take(r, "=") then
      field.default = take(r, "@?[%w_%.%-]+") or fault(r, "a default is a word")
    else
      return inner, list
    end
  end
end

-- Objects, lists and maps are what their brackets say; else the type is told, or follows from the values or the name.
local function settle(field, inner, list)
  if inner and #inner == 1 and inner[1].name and inner[1].name:find "^<" then
    field.type, field.item = "map", inner[1]
  elseif inner then
    field.type, field.fields = "object", inner
  end
  if list then
    local type = field.type or types.of_items(field.name)
    field.item = { name = field.name, type = type, fields = field.fields, item = field.item }
    field.type, field.fields = "list", nil
  end
  local word = field.default or (field.values and field.values[1])
  if not field.type then
    field.type = field.values and (math.type(word) or "string") or types.of(field.name)
    if field.type == "any" and field.unit then field.type = "string" end
    if field.type == "any" and (field.min or field.max) then field.type = "integer" end
    if field.type == "any" and word then
      field.type = math.tointeger(tonumber(word)) and "integer" or "string"
    end
  end
  if field.type == "string" and field.max and not field.unit then field.unit = "chars" end
  if field.type == "integer" and field.default and not tostring(field.default):find "^@" then
    field.default = math.tointeger(tonumber(field.default))
  end
  local fixed = field.default and not field.values and not tostring(field.default):find "^@"
  if fixed then field.values = { field.default } end
  return field
end

-- A field, or those that n1..3 stands for.
local function fields(r)
  local name = take(r, "<[%w_ ]+>") or take(r, "[%a_][%w_]*") or fault(r, "a field's name is missing")
  local stem, first, last = name:match "^(.-)(%d+)$", nil, nil
  if stem and stem ~= "" then
    last = r.text:match("^%.%.(%d+)", r.at)
    if last then
      r.at = r.at + 2 + #last
      first = math.tointeger(name:sub(#stem + 1))
    end
  end
  local field = { name = name }
  settle(field, suffixes(r, field))
  if not first then return { field } end
  local list = {}
  for i = first, math.tointeger(last) do
    local one = {}
    for key, value in pairs(field) do one[key] = value end
    one.name = stem .. i
    list[#list + 1] = one
  end
  return list
end

local function all_optional(list)
  for _, field in ipairs(list) do
    if not field.optional then return false end
  end
  return true
end

-- "msgtype>text{…}|image/images{…}", at the first alternative.
local function cases(r, name)
  local switch = { switch = name, cases = {} }
  repeat
    local value = take(r, "([%w_]+)/")
    local field = fields(r)[1]
    switch.optional = switch.optional or field.optional
    field.optional = nil
    switch.cases[#switch.cases + 1] = { value = value or field.name, field = field }
  until not take(r, "|")
  for i = #switch.cases - 1, 1, -1 do
    local field, next_one = switch.cases[i].field, switch.cases[i + 1].field
    if not (field.fields or field.item) then
      field.type, field.fields, field.item = next_one.type, next_one.fields, next_one.item
    end
  end
  return switch
end

-- What stands between two commas.
local function member(r, into)
  local tag = take(r, "([%a_][%w_]*)%s*>")
  if tag then
    into[#into + 1] = cases(r, tag)
    return
  end
  local alternatives = {}
  repeat
    local together = fields(r)
    while take(r, "%+") do table.move(fields(r), 1, 99, #together + 1, together) end
    alternatives[#alternatives + 1] = together
  until not take(r, "|")
  if #alternatives == 1 then
    table.move(alternatives[1], 1, #alternatives[1], #into + 1, into)
    return
  end
  local choice = { choice = alternatives }
  for _, alternative in ipairs(alternatives) do -- a|b? and a?|b?: none of them is needed
    if all_optional(alternative) then choice.optional = true end
  end
  for _, alternative in ipairs(alternatives) do
    if #alternative == 1 then alternative[1].optional = nil end
  end
  into[#into + 1] = choice
end

-- Fields up to the closing bracket, or to the end.
function members(r, closing)
  local list = {}
  local ended = closing and "%" .. closing or "$"
  if take(r, ended) then return list end
  repeat
    if take(r, "%.%.%.") then list.open = true else member(r, list) end
  until not take(r, ",")
  skip(r)
  if not take(r, ended) then fault(r, closing and closing .. " expected" or "it should end") end
  return list
end

--- The fields that a text in this notation describes; "{}" and "" have none.
---@param text string
---@return weiyue.api.Fields?, string? err
function M.read(text)
  local r = { text = text:match "^%s*{}%s*$" and "" or text, at = 1 }
  local ok, list = pcall(members, r, nil)
  if ok then return list end
  if type(list) ~= "table" then error(list, 0) end
  return nil, list.text
end

--- Calls fn(field) for every field of a list, those of choices and switches among them; not for fields of fields.
---@param list weiyue.api.Fields
---@param fn fun(field: weiyue.api.Field, in_choice: boolean)
function M.each(list, fn)
  for _, one in ipairs(list) do
    if one.choice then
      for _, alternative in ipairs(one.choice) do
        for _, field in ipairs(alternative) do fn(field, true) end
      end
    elseif one.switch then
      fn({ name = one.switch, type = "string", optional = true }, true)
      for _, case in ipairs(one.cases) do fn(case.field, true) end
    else
      fn(one, false)
    end
  end
end

return M
