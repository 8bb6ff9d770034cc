-- Checks a value against a node of schema.lua and normalises it: units to seconds and bytes, addresses
-- to host and port, absent keys to their defaults. Every fault is reported, none stops the check.
-- Knows the kinds of node and the formats of strings; knows no key by name.

local nearest = require "weiyue.nearest"

local M = {}

local KIB <const> = 1024

---@class weiyue.config.Context
---@field markers table<any, {name: string, fed: boolean}>  what env returned for a missing variable
---@field noted table<table, boolean>                       nodes already reported as not in this build
---@field report fun(level: "error"|"note", key: string, event: string, zh: string, en: string)

-- Formats of strings: a function of the string (and its node) that returns the normalised value, or
-- nil and, where the wanted form alone would not help, why (zh, en).

local formats = {}

local function ipv4(s)
  local parts = { s:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  for _, part in ipairs(parts) do
    if #part > 3 or tonumber(part) > 255 or part:find("^0%d") then return nil end
  end
  return parts[1] and s
end

-- Number of 16-bit groups in a run of them ("" has none), nil where one is malformed.
local function ipv6_groups(s, may_end_in_ipv4)
  if s == "" then return 0 end
  local n = 0
  for group in (s .. ":"):gmatch("([^:]*):") do
    if may_end_in_ipv4 and group:find(".", 1, true) then
      if s:sub(-#group) ~= group or not ipv4(group) then return nil end
      n = n + 2
    elseif group:find("^%x%x?%x?%x?$") then
      n = n + 1
    else
      return nil
    end
  end
  return n
end

local function ipv6(s)
  local before, after = s:match("^(.-)::(.*)$")
  if not before then
    return ipv6_groups(s, true) == 8 and s:lower() or nil
  end
  local a, b = ipv6_groups(before, false), ipv6_groups(after, true)
  return a and b and a + b <= 7 and s:lower() or nil
end

local function port(s)
  local n = #s <= 5 and math.tointeger(tonumber(s))
  return n and n <= 65535 and n or nil
end

local function host_name(s)
  s = s:lower()
  if s:find("..", 1, true) or s:find("^[%d.]+$") then return ipv4(s) end
  return s:find("^[a-z0-9_][a-z0-9_.-]*$") and not s:find("[.-]$") and s or nil
end

-- Splits HOST[:PORT] or [IPv6][:PORT]; a bare IPv6 address has no port.
local function split_host(s)
  local inner, rest = s:match("^%[([^%]]*)%](.*)$")
  if inner then
    local ok = rest == "" or rest:find("^:%d+$") and port(rest:sub(2))
    return ok and ipv6(inner), rest
  end
  local name, number = s:match("^([^:]*):(%d+)$")
  if name then return port(number) and host_name(name), ":" .. number end
  return host_name(s) or ipv6(s), ""
end

function formats.address(s)
  local inner, number = s:match("^%[(.*)%]:(%d+)$")
  local host
  if inner then
    host = ipv6(inner)
  else
    inner, number = s:match("^([^:]*):(%d+)$")
    if inner == "" then
      host = "0.0.0.0"
    elseif inner == "localhost" then
      host = "127.0.0.1"
    else
      host = inner and ipv4(inner)
    end
  end
  local p = host and port(number)
  return p and { host = host, port = p }
end

function formats.host(s)
  return (split_host(s)) or nil
end

function formats.cidr(s)
  local address, bits = s:match("^([^/]+)/(%d%d?%d?)$")
  address = address or s
  local v4 = ipv4(address)
  local most = v4 and 32 or 128
  local prefix = bits and math.tointeger(tonumber(bits)) or most
  address = v4 or ipv6(address)
  if not address or prefix > most then return nil end
  return { address = address, family = v4 and 4 or 6, prefix = prefix }
end

-- Why a URL is refused, without showing it: it may hold a password.
local function not_url(zh, en)
  return nil, "应为 http(s)://主机[:端口][/前缀]；" .. zh, "must be http(s)://host[:port][/prefix]; " .. en
end

function formats.url(s)
  local scheme, authority, rest = s:match("^(%a+)://([^/?#]*)(.*)$")
  scheme = scheme and scheme:lower()
  if scheme ~= "http" and scheme ~= "https" then
    return not_url("开头不是 http:// 或 https://", "it does not begin with http:// or https://")
  elseif authority:find("@", 1, true) then
    return not_url("不能带用户名和密码", "it must have no user or password")
  elseif rest:find("[?#]") then
    return not_url("不能带 ? 或 #", "it must have no ? and no #")
  end
  local host, tail = split_host(authority)
  local bare_ipv6 = host and host:find(":", 1, true) and authority:sub(1, 1) ~= "["
  if not host or bare_ipv6 then
    return not_url("主机或端口不对", "its host or port is malformed")
  elseif rest:find("[^%w%-._~/%%]") then
    return not_url("前缀里有不许的字符", "its prefix has a character that is not allowed")
  end
  if host:find(":", 1, true) then host = "[" .. host .. "]" end
  return scheme .. "://" .. host .. tail .. (rest:gsub("/+$", ""))
end

function formats.path(s)
  local ok = s:find("^/[%w%-._~/]*$") and not s:find("//", 1, true) and not (s .. "/"):find("/%.%.?/")
  return ok and s or nil
end

function formats.template(s)
  return s:find("?", 1, true) and s or nil
end

function formats.store(s)
  return (s == "memory" or s:find("^sqlite:.") or s:find("^rediss?://.")) and s or nil
end

-- A secret of letters and digits. Says what is wrong without showing it: its length, the first
-- foreign character.
local function letters(s, min, max)
  local zh, en = {}, {}
  local length = utf8.len(s) or #s
  if length < min or length > max then
    local zh_want, en_want = ("%d 到 %d"):format(min, max), ("%d to %d"):format(min, max)
    if min == max then zh_want, en_want = min, min end
    zh[1] = ("应为 %s 个字符，实际 %d 个"):format(zh_want, length)
    en[1] = ("must have %s characters, has %d"):format(en_want, length)
  end
  local at = s:find("[^%w]")
  if at then
    local char = s:sub(at, at)
    local seen = ("'%s'"):format(char)
    local seen_zh, seen_en = " " .. seen, seen
    if char:find("%s") then
      seen_zh, seen_en = "空白", "a blank"
    elseif char:find("[^\x21-\x7e]") then
      seen_zh, seen_en = "非 ASCII 字符", "not ASCII"
    end
    zh[#zh + 1] = ("第 %d 个字符是%s，只许 [A-Za-z0-9]"):format(at, seen_zh)
    en[#en + 1] = ("character %d is %s, only [A-Za-z0-9] are allowed"):format(at, seen_en)
  end
  if #en == 0 then return s end
  return nil, table.concat(zh, "；"), table.concat(en, "; ")
end

function formats.aes_key(s) return letters(s, 43, 43) end

function formats.token(s, node) return letters(s, node.min, node.max) end

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
      if node.by[t] then texts[#texts + 1] = M.want(node.by[t], lang) end
    end
    return table.concat(texts, zh and "，或 " or ", or ")
  elseif kind == "list" then
    return (zh and "列表，每项是" or "a list, each entry ") .. M.want(node.item, lang)
  end
  local text = BASE[kind][lang]
  if kind == "integer" or kind == "number" then
    local unit = node.unit and UNIT_TEXT[node.unit][lang]
    local low, high = quantity(node, node.min), quantity(node, node.max)
    if zh then return ("%s%s，%s 到 %s"):format(text, unit and "（" .. unit .. "）" or "", low, high) end
    return ("%s%s from %s to %s"):format(text, unit and " of " .. unit or "", low, high)
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
  elseif not (example and node.unit) then
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
  if node.secret or kind == "table" or kind == "function" or kind == "userdata" then
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

local function unknown(ctx, node, path, key)
  local zh, en
  if type(key) ~= "string" then
    zh, en = "这里的每个值都要写成 名字 = 值", "every value here needs a name: name = value"
  else
    local elsewhere = places(ctx.schema, "", key, {})
    if #elsewhere > 0 then
      zh = "没有这个键；它属于 " .. table.concat(elsewhere, "、")
      en = "unknown key; it belongs in " .. table.concat(elsewhere, " or ")
    else
      local names = key_names(node.fields)
      local near = nearest.slip(key, names)
      if near then
        zh, en = "最接近的是 " .. near, "the nearest known one is " .. near
      elseif #names <= FEW then
        zh, en = "这里的键有 " .. table.concat(names, "、"), "the keys here are " .. table.concat(names, ", ")
      else
        zh, en = "weiyue check --keys 列出全部的键", "weiyue check --keys lists all keys"
      end
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
  elseif has_outer_blank(value) then
    return fail(ctx, node, path, "首尾有空白，请去掉", "has blanks at its start or end: remove them")
  elseif value:find(node.text and "[\0-\8\11\12\14-\31\127]" or "%c") then
    return fail(ctx, node, path, "含有控制字符", "contains control characters")
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

local function is_built(node, value)
  if type(node.built) ~= "table" then return node.built ~= false end
  for _, v in ipairs(node.built) do
    if v == value then return true end
  end
  return false
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
  local built = is_built(node, value)
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
---@return table? conf
function M.run(ctx, schema, value)
  ctx.schema = schema
  return M.value(ctx, schema, "", value, false)
end

return M
