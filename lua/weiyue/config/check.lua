-- Checks a value against a node of schema.lua and normalises it: units to seconds and bytes, addresses
-- to host and port, absent keys to their defaults. Every fault is reported, none stops the check.
-- Knows the kinds of node; knows no key by name.

local formats = require "weiyue.config.formats"
local nearest = require "weiyue.nearest"

local M = {}

local KIB <const> = 1024

---@class weiyue.config.Context
---@field markers table<any, {name: string, fed: boolean}>  what env returned for a missing variable
---@field noted table<table, boolean>                       nodes already reported as not in this build
---@field is_secret? fun(text: string): boolean  whether a message must not show this
---@field root? string  the path of what is checked, when it is a part of the file: its keys are told, not referred to
---@field report fun(level: "error"|"note", key: string, event: string, zh: string, en: string)

-- Messages

local TYPE_ZH <const> = {
  ["nil"] = "空", string = "字符串", number = "数", boolean = "布尔值", table = "表", ["function"] = "函数",
}

local UNITS <const> = {
  s = { ms = 0.001, s = 1, m = 60, h = 3600, d = 86400 },
  bytes = { B = 1, KiB = KIB, MiB = KIB ^ 2, GiB = KIB ^ 3 },
}

local function literal(value)
  if type(value) == "string" then
    local text = value:sub(1, 40):gsub("[%c\"\\]", "?")
    return ('"%s%s"'):format(text, #value > 40 and "…" or "")
  end
  return tostring(value)
end

local function quantity(node, n)
  if node.unit == "bytes" and n >= KIB then
    for _, unit in ipairs { "GiB", "MiB", "KiB" } do
      local size = math.tointeger(UNITS.bytes[unit])
      if n % size == 0 then return ("%d%s"):format(n // size, unit) end
    end
  end
  return tostring(n)
end

local BASE <const> = {
  string = { zh = "字符串", en = "a string" },
  integer = { zh = "整数", en = "an integer" },
  number = { zh = "数", en = "a number" },
  boolean = { zh = "布尔值 true 或 false", en = "a boolean (true or false)" },
  table = { zh = "表", en = "a table" },
  any = { zh = "表", en = "a table" },
  plugins = { zh = "表：字符串的列表，也可写 名字 = 路径", en = "a table: a list of strings, or name = path" },
}

local UNIT_TEXT <const> = { s = { zh = "秒", en = "seconds" }, bytes = { zh = "字节", en = "bytes" } }

---What a node takes, in words.
---@param node table
---@param lang "zh"|"en"
---@return string
function M.want(node, lang)
  local zh = lang == "zh"
  local kind = node.type
  if kind == "enum" then
    local texts = {}
    for i, v in ipairs(node.values) do texts[i] = literal(v) end
    return table.concat(texts, zh and "、" or ", ", 1, #texts - 1) .. (#texts > 1 and (zh and " 或 " or " or ") or "")
      .. texts[#texts]
  elseif kind == "choice" then
    local texts = {}
    for _, t in ipairs { "string", "number", "boolean", "table" } do
      local text = node.by[t] and M.want(node.by[t], lang)
      if text and text ~= texts[#texts] then texts[#texts + 1] = text end -- "7d" is a number of seconds, too
    end
    return table.concat(texts, zh and "，或 " or ", or ")
  elseif kind == "list" then
    return (zh and "列表，每项是" or "a list, each entry ") .. M.want(node.item, lang)
  end
  local text = BASE[kind][lang]
  if kind == "any" and node.free then text = zh and "任意的值" or "any value" end
  if (kind == "integer" or kind == "number") and node.min ~= -math.huge and node.max ~= math.huge then
    local unit = node.unit and UNIT_TEXT[node.unit][lang]
    local low, high = quantity(node, node.min), quantity(node, node.max)
    if zh then return ("%s%s，%s 到 %s"):format(text, unit and "（" .. unit .. "）" or "", low, high) end
    return ("%s%s from %s to %s"):format(text, unit and " of " .. unit or "", low, high)
  elseif kind == "integer" or kind == "number" then
    local unit = node.unit and UNIT_TEXT[node.unit][lang]
    if unit then text = text .. (zh and "（" .. unit .. "）" or " of " .. unit) end
    if node.min ~= -math.huge then text = text .. (zh and "，至少 " or ", at least ") .. quantity(node, node.min) end
    if node.max ~= math.huge then text = text .. (zh and "，至多 " or ", at most ") .. quantity(node, node.max) end
  elseif kind == "string" and node.min then
    text = text .. (zh and (" %d 到 %d 字节"):format(node.min, node.max)
      or (" of %d to %d bytes"):format(node.min, node.max))
  end
  if node.want then text = text .. (zh and "：" or ": ") .. node.want[lang] end
  return text
end

---The path of a key inside another.
---@param path string
---@param key any
---@return string
function M.join(path, key)
  if math.type(key) == "integer" then return ("%s[%d]"):format(path, key) end
  if type(key) ~= "string" then return ("%s[%s]"):format(path, type(key)) end
  if not key:find("^[%a_][%w_]*$") then return ("%s[%s]"):format(path, literal(key)) end
  return path == "" and key or path .. "." .. key
end

local function fail(ctx, node, path, zh, en)
  ctx.report("error", path, node.event or "config", zh, en)
  return nil
end

-- "应为" and what is wanted: Latin letters stand apart from Chinese ones.
local function wanted_zh(node)
  local want = M.want(node, "zh")
  return (want:find("^[\x21-\x7e]") and "应为 " or "应为") .. want
end

-- A value to write: a number also with its unit, a table by its first key.
local function examples(node, lang)
  local example = node.example
  if node.type == "table" and not example then
    local first = node.fields[1]
    return first.example and ("{ %s = %s }"):format(first.key, first.example)
  elseif not (example and node.unit) or not tonumber(example) then -- with its unit already: "1h"
    return example
  end
  local n = tonumber(example)
  local with_unit = node.unit == "s" and example .. "s" or quantity(node, n)
  if with_unit == tostring(n) then return example end
  return ('%s %s "%s"'):format(example, lang == "zh" and "或" or "or", with_unit)
end

local function wrong(ctx, node, path, value)
  local zh, en = wanted_zh(node), "must be " .. M.want(node, "en")
  if examples(node, "en") then
    zh, en = zh .. "，例如 " .. examples(node, "zh"), en .. ", for example " .. examples(node, "en")
  end
  local kind = type(value)
  local hidden = node.secret or ctx.is_secret and kind == "string" and ctx.is_secret(value)
  if hidden and kind == (node.type == "choice" and node.by[kind] and kind or node.type) then
    zh, en = zh .. "；现在的值不合（不显示）", en .. "; the value there does not fit (it is not shown)"
  elseif hidden or kind == "table" or kind == "function" or kind == "userdata" then
    zh, en = zh .. "；现在是" .. (TYPE_ZH[kind] or kind), en .. "; got a " .. kind
  else
    zh, en = zh .. "；现在是 " .. literal(value), en .. "; got " .. literal(value)
  end
  return fail(ctx, node, path, zh, en)
end

local function key_names(fields)
  local names = {}
  for i, node in ipairs(fields) do names[i] = node.key end
  return names
end

-- Where in the schema a key of this very name stands.
local function places(node, path, key, found)
  for _, child in ipairs(node.fields or {}) do
    if child.key == key and not child.hidden then found[#found + 1] = path == "" and "(top)" or path end
    places(child, path == "" and child.key or path .. "." .. child.key, key, found)
  end
  if node.item then places(node.item, path .. "[]", key, found) end
  for _, kind in ipairs(node.named and { "table" } or {}) do
    places(node.named.by[kind], path .. ".NAME", key, found)
  end
  if node.by and node.by.table then places(node.by.table, path, key, found) end
  return found
end

local FEW <const> = 6 -- keys that a message lists
local MANY <const> = 40 -- the same where nothing else lists them

local function unknown(ctx, node, path, key)
  local zh, en
  if type(key) ~= "string" then
    zh, en = "这里的每个值都要写成 名字 = 值", "every value here needs a name: name = value"
  else
    local elsewhere = places(ctx.schema, ctx.root or "", key, {})
    if #elsewhere > 0 then
      zh = "没有这个键；它属于 " .. table.concat(elsewhere, "、")
      en = "unknown key; it belongs in " .. table.concat(elsewhere, " or ")
    else
      local names = key_names(node.fields)
      local near = nearest.slip(key, names)
      if near then
        zh, en = "最接近的是 " .. near, "the nearest known one is " .. near
      elseif #names <= (ctx.root and MANY or FEW) then
        zh, en = "这里的键有 " .. table.concat(names, "、"), "the keys here are " .. table.concat(names, ", ")
      else
        zh, en = "weiyue check --keys 列出全部的键", "weiyue check --keys lists all keys"
      end
      if #names == 0 then zh, en = "这里没有任何键", "there are no keys here" end
      zh, en = "没有这个键；" .. zh, "unknown key; " .. en
    end
  end
  fail(ctx, node, M.join(path, key), zh, en)
end

-- Kinds of node: function(ctx, node, path, value, quiet, choice) → normalised value, or nil after a report.
-- choice: the node it is an alternative of, if any.
-- quiet: an outer key has been noted as not in this build, its inner keys need no note.

local kinds = {}

local BLANKS <const> = { "[ \t\r\n\v\f]", "\u{3000}", "\u{a0}", "\u{200b}", "\u{feff}" }

local function has_outer_blank(s)
  for _, blank in ipairs(BLANKS) do
    if s:find("^" .. blank) or s:find(blank .. "$") then return true end
  end
  return false
end

function kinds.string(ctx, node, path, value)
  if type(value) ~= "string" then return wrong(ctx, node, path, value) end
  if not utf8.len(value) then
    return fail(ctx, node, path, "不是 UTF-8", "is not UTF-8")
  elseif has_outer_blank(value) and not (node.free and not node.secret) then
    return fail(ctx, node, path, "首尾有空白，请去掉", "has blanks at its start or end: remove them")
  elseif value:find(node.text and "[\0-\8\11\12\14-\31\127]" or "%c") then
    return fail(ctx, node, path, "含有控制字符", "contains control characters")
  elseif value == "" and node.free and not (node.required or node.min and node.min > 0) then
    return value
  elseif value == "" then
    return fail(ctx, node, path, "是空的；" .. wanted_zh(node), "is empty; must be " .. M.want(node, "en"))
  elseif #value > node.max and not node.min then
    local zh = ("太长：最多 %d 字节"):format(node.max)
    return fail(ctx, node, path, zh, ("is too long: at most %d bytes"):format(node.max))
  elseif not node.format and (#value < (node.min or 1) or #value > node.max) then
    return wrong(ctx, node, path, value)
  end
  if node.pattern and not value:find("^" .. node.pattern .. "$") then return wrong(ctx, node, path, value) end
  if not node.format then return value end
  local result, zh, en = formats[node.format](value, node)
  if result then return result end
  if en then return fail(ctx, node, path, zh, en) end
  return wrong(ctx, node, path, value)
end

local function to_number(node, value)
  if type(value) == "string" then
    local digits, unit = value:match("^(%d+%.?%d*)(%a*)$")
    if not digits then return nil end
    local factor = unit == "" and 1 or node.unit and UNITS[node.unit][unit]
    return factor and tonumber(digits) * factor
  end
  return type(value) == "number" and value or nil
end

function kinds.number(ctx, node, path, value, _, choice)
  local n = to_number(node, value)
  if n and node.type == "integer" then n = math.tointeger(n) end
  -- written so that a NaN is refused too
  if n and n >= node.min and n <= node.max then return n end
  return wrong(ctx, choice or node, path, value)
end
kinds.integer = kinds.number

function kinds.boolean(ctx, node, path, value)
  if type(value) == "boolean" then return value end
  return wrong(ctx, node, path, value)
end

function kinds.enum(ctx, node, path, value)
  for _, v in ipairs(node.values) do
    if v == value then return value end
  end
  return wrong(ctx, node, path, value)
end

function kinds.choice(ctx, node, path, value, quiet)
  local inner = node.by[type(value)]
  if not inner then return wrong(ctx, node, path, value) end
  if inner.type == "enum" then
    for _, v in ipairs(inner.values) do
      if v == value then return value end
    end
    return wrong(ctx, node, path, value)
  end
  return kinds[inner.type](ctx, inner, path, value, quiet, node)
end

-- Length of the positional part, or nil after a report when it is too long (or has an absurd index).
local function length(ctx, node, path, value)
  local n = 0
  for key in pairs(value) do
    if math.type(key) == "integer" and key > n then n = key end
  end
  if n > node.max or n < (node.min or 0) then
    local zh = ("应有 %d 到 %d 项"):format(node.min or 0, node.max)
    return fail(ctx, node, path, zh, ("must have %d to %d entries"):format(node.min or 0, node.max))
  end
  return n
end

-- Keys that are not 1, 2, 3 …, in a stable order.
local function named_keys(value)
  local keys = {}
  for key in pairs(value) do
    if math.type(key) ~= "integer" or key < 1 then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and (type(a) == "string" or type(a) == "number") then return a < b end
    return type(a) < type(b)
  end)
  return keys
end

function kinds.list(ctx, node, path, value, quiet)
  if node.lone and value ~= nil and type(value) ~= "table" then value = { value } end
  if type(value) ~= "table" then return wrong(ctx, node, path, value) end
  local result = {}
  local n = length(ctx, node, path, value)
  for i = 1, n or 0 do
    local item = M.value(ctx, node.item, M.join(path, i), value[i], quiet)
    result[i] = item == nil and false or item
  end
  for _, key in ipairs(named_keys(value)) do
    fail(ctx, node, M.join(path, key), "这里是列表，不能有名字；每项写成" .. M.want(node.item, "zh"),
      "this is a list, names have no place in it; each entry is " .. M.want(node.item, "en"))
  end
  return n and result
end

function kinds.plugins(ctx, node, path, value, quiet)
  if type(value) ~= "table" then return wrong(ctx, node, path, value) end
  local result = {}
  for i = 1, length(ctx, node, path, value) or 0 do
    result[#result + 1] = { path = M.value(ctx, node.item, M.join(path, i), value[i], quiet) }
  end
  for _, key in ipairs(named_keys(value)) do
    local at = M.join(path, key)
    if type(key) ~= "string" or not key:find("^[%w_-]+$") or #key > 64 then
      fail(ctx, node, at, "插件的名字只含字母、数字、_ 和 -，最长 64",
        "a plugin's name has only letters, digits, _ and -, at most 64")
    else
      local entry = M.value(ctx, node.named, at, value[key], quiet)
      if type(entry) ~= "table" then entry = { path = entry } end
      entry.name = key
      result[#result + 1] = entry
    end
  end
  return result
end

-- A text that names a word, with another word in that place. A value that was refused is nil.
local function renamed(text, from, to)
  if not (text and from and to) then return text end
  local first, last = text:find(from, 1, true)
  if not first then return text end
  return text:sub(1, first - 1) .. to .. text:sub(last + 1)
end

---What `own` does not say, as `from`, another table of these fields, says it: a text that names the
---value of another key names the own one.
---@param fields table[] nodes
---@param own table
---@param from table
function M.inherit(fields, own, from)
  for _, field in ipairs(fields) do
    local key, word = field.key, field.names
    if own[key] == nil then
      own[key] = word and renamed(from[key], from[word], own[word]) or from[key]
    end
  end
end

function kinds.table(ctx, node, path, value, quiet)
  if type(value) ~= "table" then return wrong(ctx, node, path, value) end
  local result, known = {}, {}
  for _, field in ipairs(node.fields) do
    known[field.key] = field
    local own = M.field(ctx, field, M.join(path, field.key), value[field.key], quiet)
    local word = field.names
    if word and value[field.key] == nil then own = renamed(own, known[word].default, result[word]) end
    result[field.key] = own
  end
  local first -- one report is enough for all values without a name
  for key in pairs(value) do
    if math.type(key) == "integer" and key >= 1 and not (first and first < key) then first = key end
  end
  if first then unknown(ctx, node, path, first) end
  for _, key in ipairs(named_keys(value)) do
    if not known[key] then unknown(ctx, node, path, key) end
  end
  return result
end

-- A free-form table: only missing environment variables are looked for.
function kinds.any(ctx, node, path, value)
  if node.free then return value end
  if type(value) ~= "table" then return wrong(ctx, node, path, value) end
  local seen = {}
  local function walk(t, at)
    if seen[t] then return end
    seen[t] = true
    local function visit(key)
      local inner_path = M.join(at, key)
      if not M.missing(ctx, inner_path, t[key]) and type(t[key]) == "table" then walk(t[key], inner_path) end
    end
    for i in ipairs(t) do visit(i) end
    for _, key in ipairs(named_keys(t)) do visit(key) end
  end
  walk(value, path)
  return value
end

---What to do about an environment variable that is missing.
---@param name string
---@return string zh, string en
function M.unset(name)
  return ("环境变量 %s 没有设置：先运行 export %s=…"):format(name, name),
    ("the environment variable %s is not set: export %s=…"):format(name, name)
end

---Reports a value that came from a missing environment variable.
---@return boolean
function M.missing(ctx, path, value)
  local marker = value ~= nil and ctx.markers[value]
  if not marker then return false end
  marker.fed = true
  ctx.report("error", path, "config", M.unset(marker.name))
  return true
end

---Checks one value that is there.
---@return any normalised, or nil after a report
function M.value(ctx, node, path, value, quiet)
  if M.missing(ctx, path, value) then return nil end
  return kinds[node.type](ctx, node, path, value, quiet)
end

---Checks one key of a table, which may be absent.
---@return any normalised, or nil after a report
function M.field(ctx, node, path, value, quiet)
  if value == nil then
    if node.required then
      return fail(ctx, node, path, "必须写；" .. wanted_zh(node), "must be set: " .. M.want(node, "en"))
    elseif node.type == "table" then
      return not node.optional and kinds.table(ctx, node, path, {}, true) or nil
    end
    if node.default == nil then return nil end
    return M.value(ctx, node, path, node.default, true)
  end
  local built = node.built ~= false
  local result = M.value(ctx, node, path, value, quiet or not built)
  if not built and not quiet and result ~= nil and not ctx.noted[node] then
    ctx.noted[node] = true
    ctx.report("note", path, "config.not_in_build", "本版本尚未实现", "not in this build")
  end
  return result
end

---Checks a whole configuration.
---@param ctx weiyue.config.Context
---@param schema table
---@param value any
---@param path? string where it stands in the file
---@return table? conf
function M.run(ctx, schema, value, path)
  ctx.schema = schema
  return M.value(ctx, schema, path or "", value, false)
end

return M
