-- The arguments of a call against the fields of its row: what is missing, unknown, of another type or over a limit is
-- told before WeChat is asked; defaults are filled in; and the order of the row is kept, so that a body is always the
-- same bytes.

local json = require "weiyue.json"
local nearest = require "weiyue.nearest"
local notation = require "weiyue.api.notation"

local M = {}

-- An object with its fields in order: a list of { name, value, '"name":' }.
local ORDERED <const> = {}

-- What goes wrong is raised as a table and caught in M.take.
local function fail(path, zh, en, field)
  error({ path = path, zh = zh, en = en, field = field }, 0)
end

local NULL <const> = json.null

local function is_null(value) return value == nil or rawequal(value, NULL) end

local function join(path, name) return path == "" and name or path .. "." .. name end

local function shown(value)
  if type(value) == "string" then return #value > 40 and ("%q…"):format(value:sub(1, 40)) or ("%q"):format(value) end
  if type(value) == "table" then return "table" end
  return tostring(value)
end

local KINDS <const> = {
  string = { "文本", "a text" }, integer = { "整数", "an integer" }, number = { "数", "a number" },
  boolean = { "true 或 false", "true or false" }, id = { "整数或数字文本", "an integer or its digits" },
  json = { "表或 JSON 文本", "a table or JSON text" }, object = { "表", "a table" }, list = { "列表", "a list" },
  map = { "表", "a table" },
  file = { "文件路径，或 { data = …, filename = … }", "a path, or { data = …, filename = … }" },
}

local function wrong_type(field, value, path)
  local kind = KINDS[field.type]
  fail(path, ("%s 应为%s，不是 %s"):format(path, kind[1], shown(value)),
    ("%s must be %s, not %s"):format(path, kind[2], shown(value)), field)
end

-- --- scalars: each to what is sent, or raises ---

local scalars <const> = {}

function scalars.any(_, value) return value end

function scalars.string(field, value, path)
  if type(value) == "number" then value = math.tointeger(value) or value end
  if type(value) ~= "string" and type(value) ~= "number" then wrong_type(field, value, path) end
  return tostring(value)
end

function scalars.integer(field, value, path)
  if type(value) == "boolean" and field.values then return value and 1 or 0 end -- of 0|1
  return type(value) ~= "boolean" and math.tointeger(tonumber(value)) or wrong_type(field, value, path)
end

function scalars.number(field, value, path)
  return type(value) ~= "boolean" and tonumber(value) or wrong_type(field, value, path)
end

function scalars.boolean(field, value, path)
  if type(value) ~= "boolean" then wrong_type(field, value, path) end
  return value
end

-- An id of 64 bits: what is longer than an integer stays text.
function scalars.id(field, value, path)
  if type(value) == "string" and value:find "^%d+$" then return value end
  return math.tointeger(value) or wrong_type(field, value, path)
end

-- JSON inside of a text.
function scalars.json(field, value, path)
  if type(value) == "string" then return value end
  local text = type(value) == "table" and json.encode(value)
  return text or wrong_type(field, value, path)
end

local FILE <const> = { "path", "data", "filename", "type" }

function scalars.file(field, value, path)
  if type(value) == "string" then return { path = value } end
  if type(value) ~= "table" or not (value.path or value.data) then wrong_type(field, value, path) end
  for _, name in ipairs(FILE) do
    local text, here = value[name], join(path, name)
    if text ~= nil and type(text) ~= "string" then
      fail(here, ("%s 应为文本，不是 %s"):format(here, shown(text)),
        ("%s must be a text, not %s"):format(here, shown(text)), field)
    elseif name == "type" and text and text:find "%c" then -- it would end its header
      fail(here, here .. " 应为一行文本", here .. " must be a text of one line", field)
    end
  end
  return value
end

-- --- limits ---

local UNITS <const> = { bytes = { "字节", "bytes" }, chars = { "个字符", "characters" } }

--- The limit of a field in short: "1–20", "≤50".
---@param field weiyue.api.Field
---@return string
function M.range(field)
  if field.min and field.max then
    return field.min == field.max and tostring(field.min) or ("%d–%d"):format(field.min, field.max)
  end
  return (field.max and "≤%d" or "≥%d"):format(field.max or field.min)
end

local function check_limits(field, value, path)
  if field.values then
    for _, one in ipairs(field.values) do
      if value == one then return end
    end
    local words = table.concat(field.values, ", ")
    if type(value) == "string" and field.type == "string" then
      local near = nearest.slip(value, field.values)
      if near then words = near .. " / " .. words end
    end
    fail(path, ("%s 应为 %s 之一，不是 %s"):format(path, words, shown(value)),
      ("%s must be one of %s, not %s"):format(path, words, shown(value)), field)
  end
  if not (field.min or field.max) then return end
  local n, zh, en = value, "", ""
  if field.type == "string" then
    local unit = field.unit or "bytes"
    n = unit == "chars" and utf8.len(value) or #value
    zh, en = UNITS[unit][1], " " .. UNITS[unit][2]
  elseif field.type == "list" then
    n, zh, en = #value, "项", " items"
  elseif field.type == "file" then
    n, zh, en = value.data and #value.data, UNITS.bytes[1], " bytes"
  elseif type(value) == "string" then
    n = math.tointeger(tonumber(value))
  end
  if not n or type(n) ~= "number" then return end
  if n < (field.min or n) or n > (field.max or n) then
    fail(path, ("%s 限 %s %s，现在是 %s %s"):format(path, M.range(field), zh, n, zh),
      ("%s takes %s%s, and has %s"):format(path, M.range(field), en, n), field)
  end
end

-- --- values ---

local object

local function list(state, field, value, path)
  if type(value) ~= "table" then wrong_type(field, value, path) end
  local out = json.array()
  if next(value) ~= nil and #value == 0 then wrong_type(field, value, path) end
  check_limits(field, value, path)
  for i, item in ipairs(value) do out[i] = state.value(state, field.item, item, ("%s[%d]"):format(path, i)) end
  local n = #out
  for key in pairs(value) do
    if math.type(key) == "integer" and (key < 1 or key > n) then -- the rest would be left out silently
      fail(path, ("%s 有空缺：第 %d 项是 nil"):format(path, n + 1), ("%s has a hole: item %d is nil"):format(path, n + 1),
        field)
    end
  end
  return out
end

-- Keys in the order of bytes: the caller's table has none.
local function map(state, field, value, path)
  if type(value) ~= "table" then wrong_type(field, value, path) end
  local keys, out = {}, setmetatable({}, ORDERED)
  for key in pairs(value) do
    if type(key) ~= "string" then wrong_type(field, value, path) end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for _, key in ipairs(keys) do
    out[#out + 1] = { key, state.value(state, field.item, value[key], join(path, key)) }
  end
  return out
end

local function value_of(state, field, value, path)
  if field.type == "object" then
    if type(value) ~= "table" then wrong_type(field, value, path) end
    return #field.fields == 0 and value or object(state, field.fields, value, path)
  end
  if field.type == "list" then return list(state, field, value, path) end
  if field.type == "map" then return map(state, field, value, path) end
  value = scalars[field.type](field, value, path)
  check_limits(field, value, path)
  return value
end

-- A default: a constant, or what the account has.
local function default(state, field)
  local name = type(field.default) == "string" and field.default:match "^@(.+)$"
  if name then return state.ctx[name] end
  return field.default
end

-- Adds one field; whether it is there.
local function add(state, field, args, path, out, needed)
  local value = args[field.name]
  if is_null(value) then value = default(state, field) end
  if is_null(value) then
    if needed and not field.optional then
      local here = join(path, field.name)
      fail(here, ("缺少 %s"):format(here), ("%s is missing"):format(here), field)
    end
    return false
  end
  local name = field.name
  field.key = field.key or '"' .. name .. '":'
  out[#out + 1] = { name, state.value(state, field, value, join(path, name)), field.key }
  return true
end

local function has_any(fields, args)
  for _, field in ipairs(fields) do
    if not is_null(args[field.name]) then return true end
  end
  return false
end

local function names_of(choice)
  local words = {}
  for _, alternative in ipairs(choice) do
    local names = {}
    for _, field in ipairs(alternative) do names[#names + 1] = field.name .. (field.optional and "?" or "") end
    words[#words + 1] = table.concat(names, "+")
  end
  return table.concat(words, " | ")
end

local function add_choice(state, one, args, path, out)
  local found = false
  for _, alternative in ipairs(one.choice) do
    if has_any(alternative, args) then
      found = true
      for _, field in ipairs(alternative) do add(state, field, args, path, out, true) end
    end
  end
  if found or one.optional then return end
  local words, where = names_of(one.choice), path == "" and "" or path .. ": "
  fail(join(path, one.choice[1][1].name), ("%s缺少其一：%s"):format(where, words),
    ("%sone of these is missing: %s"):format(where, words), one.choice[1][1])
end

local function no_case(one, tag, path)
  local here, values = join(path, one.switch), {}
  for _, case in ipairs(one.cases) do
    if values[#values] ~= case.value then values[#values + 1] = case.value end
  end
  local words = table.concat(values, ", ")
  if is_null(tag) then
    fail(here, ("缺少 %s：%s 之一"):format(here, words), ("%s is missing: one of %s"):format(here, words))
  end
  fail(here, ("%s 应为 %s 之一，不是 %s"):format(here, words, shown(tag)),
    ("%s must be one of %s, not %s"):format(here, words, shown(tag)))
end

-- The case that the tag names, or that is there; two fields may stand for one tag. What else is there does not go
-- with it.
local function case_of(one, args, path)
  local tag, found, is_there, other = args[one.switch], nil, false, nil
  if is_null(tag) then tag = nil end
  for _, case in ipairs(one.cases) do
    local there = not is_null(args[case.field.name])
    local fits = tag == nil or case.value == tag
    if there and fits and not is_there then found, is_there = case, true
    elseif there then other = case
    elseif tag and fits and not found then found = case end
  end
  if not found then
    if tag == nil and one.optional then return nil end
    no_case(one, tag, path)
  end
  if other then
    local here, tagged = join(path, other.field.name), ("%s = %q"):format(one.switch, found.value)
    fail(here, ("%s 与 %s 不符"):format(here, tagged), ("%s does not go with %s"):format(here, tagged), other.field)
  end
  return found
end

local function add_switch(state, one, args, path, out)
  local case = case_of(one, args, path)
  if not case then return end
  out[#out + 1] = { one.switch, case.value }
  add(state, case.field, args, path, out, true)
end

-- Kept with the list, which is its row's for good.
local function names(fields)
  local known = fields.known
  if not known then
    known = {}
    notation.each(fields, function(field) known[field.name] = true end)
    fields.known = known
  end
  return known
end

local NONE <const> = {}

-- The fields of a call are those of its query and of its body.
local function check_unknown(known, also, args, path)
  for key in pairs(args) do
    if not (known[key] or also[key]) then
      local here, near = join(path, tostring(key)), nil
      local all = nearest.names(known)
      table.move(nearest.names(also), 1, 99, #all + 1, all)
      table.sort(all)
      if type(key) == "string" then near = nearest.slip(key, all) end
      local has = #all > 0 and table.concat(all, ", ") or "-"
      local zh = near and "最接近的是 " .. near or "有：" .. has
      local en = near and "the nearest is " .. near or "it has: " .. has
      fail(here, ("没有字段 %s；%s"):format(here, zh), ("no field %s; %s"):format(here, en))
    end
  end
end

-- The fields that args has, in the row's order, then others where these may be given.
local function collect(state, fields, args, path, out)
  for _, one in ipairs(fields) do
    if one.choice then add_choice(state, one, args, path, out)
    elseif one.switch then add_switch(state, one, args, path, out)
    else add(state, one, args, path, out, true) end
  end
end

local function add_open(known, also, args, out, path)
  local others = {}
  for key in pairs(args) do
    if type(key) ~= "string" then
      local here = join(path, tostring(key))
      fail(here, ("%s 不是字段名"):format(here), ("%s is no field's name"):format(here))
    end
    if not (known[key] or also[key]) then others[#others + 1] = key end
  end
  table.sort(others)
  for _, key in ipairs(others) do out[#out + 1] = { key, args[key] } end
end

function object(state, fields, args, path)
  local out, known = setmetatable({}, ORDERED), names(fields)
  if not fields.open then check_unknown(known, NONE, args, path) end
  collect(state, fields, args, path, out)
  if fields.open then add_open(known, NONE, args, out, path) end
  return out
end

local function take(query, body, args, ctx)
  local state = { ctx = ctx, value = value_of }
  local of_query, of_body = query and names(query) or NONE, body and names(body) or NONE
  local open = body and body.open
  if not open then check_unknown(of_query, of_body, args, "") end
  local in_query, in_body = {}, setmetatable({}, ORDERED)
  if query then collect(state, query, args, "", in_query) end
  if body then collect(state, body, args, "", in_body) end
  if open then add_open(of_query, of_body, args, in_body, "") end
  return in_query, in_body
end

---@class weiyue.api.Fault
---@field path string the field
---@field zh string
---@field en string
---@field field? weiyue.api.Field

--- What of the arguments goes into the query and into the body, checked and in order: lists of { name, value }.
---@param query weiyue.api.Fields?
---@param body weiyue.api.Fields?
---@param args table
---@param ctx table what "@name" stands for
---@return table? query, table|weiyue.api.Fault body
function M.take(query, body, args, ctx)
  local ok, q, b = pcall(take, query, body, args, ctx)
  if ok then return q, b end
  if type(q) ~= "table" then error(q, 0) end
  return nil, q
end

local function encoded(value)
  local text, err = json.encode(value)
  if not text then error({ path = "", zh = err, en = err }, 0) end
  return text
end

local function write(out, value)
  local is_table = type(value) == "table"
  local ordered = is_table and getmetatable(value) == ORDERED
  if not ordered and not (is_table and json.is_array(value)) then
    out[#out + 1] = encoded(value)
    return
  end
  out[#out + 1] = ordered and "{" or "["
  for i, item in ipairs(value) do
    if i > 1 then out[#out + 1] = "," end
    if ordered then
      out[#out + 1] = item[3] or encoded(item[1]) .. ":"
      item = item[2]
    end
    write(out, item)
  end
  out[#out + 1] = ordered and "}" or "]"
end

--- The JSON of what `take` made.
---@param value table
---@return string?, weiyue.api.Fault? err
function M.json(value)
  local out = {}
  local ok, err = pcall(write, out, value)
  if ok then return table.concat(out) end
  if type(err) ~= "table" then error(err, 0) end
  return nil, err
end

return M
