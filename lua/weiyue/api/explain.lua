-- What `weiyue api list` and `weiyue api show` print, in Chinese or English.

local access = require "weiyue.api.access"
local catalogue = require "weiyue.api.catalogue"
local danger = require "weiyue.api.danger"
local errcodes = require "weiyue.errcodes"
local fields = require "weiyue.api.fields"
local json = require "weiyue.json"
local sample = require "weiyue.api.sample"

local M = {}

local API <const> = "api.weixin.qq.com"

-- --- list ---

local function matches(key, path, pattern)
  if pattern:find("*", 1, true) then
    return key:find("^" .. pattern:gsub("[%.%-]", "%%%0"):gsub("%*", ".*") .. "$") ~= nil
  end
  return key:find(pattern, 1, true) ~= nil or path:find(pattern, 1, true) ~= nil
end

local function rows_of(pattern)
  local list = {}
  local exact = pattern and catalogue.is_family(pattern)
  catalogue.each(function(row)
    local takes = not pattern
    if exact then takes = row.family == pattern
    elseif pattern then takes = matches(row.key, row.path, pattern) end
    if takes then list[#list + 1] = row end
  end)
  return list
end

local function unknown(key, zh)
  if catalogue.is_family(key) then
    return (zh and "%s 是一组接口；weiyue api list %s 列出它们" or "%s is a family; weiyue api list %s lists it"):format(key, key)
  end
  local near = catalogue.near(key)
  if near then
    return (zh and "没有接口 %s；最接近的是 %s" or "no endpoint %s; the nearest is %s"):format(key, near)
  end
  return (zh and "没有接口 %s；weiyue api list 列出全部" or "no endpoint %s; weiyue api list lists them all"):format(key)
end

--- One line for each endpoint.
---@param pattern? string a family; with * a pattern of FAMILY.NAME; else a part of name or path
---@param zh boolean
---@param as_json boolean
---@return string?, string? err
function M.list(pattern, zh, as_json)
  local rows, lines, width = rows_of(pattern), {}, 0
  if #rows == 0 then return nil, unknown(pattern, zh) end
  if as_json then
    for i, row in ipairs(rows) do
      lines[i] = {
        api = row.key, method = row.method, host = row.host or API, path = row.path, danger = danger.of(row),
      }
    end
    return json.encode(lines) .. "\n"
  end
  for _, row in ipairs(rows) do width = math.max(width, #row.key) end
  for i, row in ipairs(rows) do
    lines[i] = ("%-" .. width .. "s  %-4s %s%s"):format(row.key, row.method, row.host or "", row.path)
  end
  return table.concat(lines, "\n") .. "\n"
end

-- --- show: the fields ---

local TYPES <const> = {
  string = { "文本", "text" }, integer = { "整数", "integer" }, number = { "数", "number" },
  boolean = { "真假", "boolean" }, id = { "id", "id" }, json = { "JSON 文本", "JSON text" },
  file = { "文件", "file" }, any = { "值", "value" },
  object = { "表", "table" }, map = { "表，键自定", "table, keys of your own" }, list = { "列表", "list" },
}
local UNITS <const> = { bytes = { "字节", "bytes" }, chars = { "字符", "characters" } }

local function pick(pair, zh) return pair[zh and 1 or 2] end

local function range_of(field, zh)
  if not (field.min or field.max) then return nil end
  local text = fields.range(field)
  if field.type == "list" then return text .. (zh and " 项" or " items") end
  return text .. (field.type == "string" and " " .. pick(UNITS[field.unit or "bytes"], zh) or "")
end

local function type_of(field, zh)
  if field.type ~= "list" or field.item.type == "any" then return pick(TYPES[field.type], zh) end
  return ("%s%s%s"):format(pick(TYPES.list, zh), zh and "：" or " of ", pick(TYPES[field.item.type], zh))
end

local function remarks(field, zh)
  local parts = { range_of(field, zh) }
  local default = field.default and tostring(field.default)
  if default and default:find "^@" then
    parts[#parts + 1] = zh and "默认取账号的" or "of the account by default"
  elseif default then
    parts[#parts + 1] = (zh and "默认 " or "default ") .. default
  end
  if field.values and #field.values > 1 and not field.hint then
    parts[#parts + 1] = table.concat(field.values, " | ")
  end
  parts[#parts + 1] = field.hint
  return table.concat(parts, zh and "；" or "; ")
end

local NEEDS <const> = { must = { "必填", "required" }, may = { "可选", "optional" }, one = { "其一", "one of" } }

local lines_of

local function add_field(out, field, need, depth, zh)
  if field.default or field.optional then need = "may" end
  local name = ("  "):rep(depth) .. field.name
  out[#out + 1] = { name, type_of(field, zh), pick(NEEDS[need], zh), remarks(field, zh) }
  local inner = field.type == "map" and { field.item } or field.fields or (field.item and field.item.fields)
  if inner then lines_of(out, inner, depth + 1, zh) end
end

function lines_of(out, list, depth, zh)
  for _, one in ipairs(list) do
    if one.choice then
      for _, alternative in ipairs(one.choice) do
        for _, field in ipairs(alternative) do add_field(out, field, one.optional and "may" or "one", depth, zh) end
      end
    elseif one.switch then
      out[#out + 1] = { ("  "):rep(depth) .. one.switch, pick(TYPES.string, zh), pick(NEEDS.may, zh),
                        zh and "下面给出的那个字段的名字" or "the name of the field below that is given" }
      for _, case in ipairs(one.cases) do
        add_field(out, case.field, "one", depth, zh)
        if case.value ~= case.field.name then out[#out][4] = one.switch .. " = " .. case.value end
      end
    else
      add_field(out, one, "must", depth, zh)
    end
  end
  if list.open then
    out[#out + 1] = { ("  "):rep(depth) .. "…", "", "", zh and "其他字段原样发送" or "others are sent as they are" }
  end
end

-- Columns on a terminal: a Chinese character takes two.
local function columns(text)
  local n = 0
  for _, code in utf8.codes(text) do n = n + (code >= 0x2E80 and 2 or 1) end
  return n
end

local function table_text(rows)
  local widths, lines = {}, {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do widths[i] = math.max(widths[i] or 0, columns(cell)) end
  end
  for _, row in ipairs(rows) do
    local line = "  "
    for i, cell in ipairs(row) do line = line .. cell .. (" "):rep(widths[i] - columns(cell) + 2) end
    lines[#lines + 1] = line:match "^(.-)%s*$"
  end
  return table.concat(lines, "\n")
end

-- --- show: the rest ---

-- Codes that a call with such a field often meets.
local BY_FIELD <const> = {
  openid = { 40003 }, touser = { 40003, 43004 }, media_id = { 40007 }, template_id = { 40037 }, appid = { 40013 },
  openid_list = { 40003, 40032 }, begin_date = { 61501, 61503 }, card_id = { 40073 }, kf_account = { 61452 },
}

--- The codes that the note names, then those that its fields, its body and its token may meet.
---@param row weiyue.api.Row
---@return integer[]
function M.codes(row)
  local list, seen = {}, {}
  local function add(code)
    if errcodes[code] and not seen[code] then
      seen[code] = true
      list[#list + 1] = code
    end
  end
  for digits in (row.note or ""):gmatch "%f[%d]%d%d%d%d%d+" do add(math.tointeger(tonumber(digits))) end
  local function visit(fields_)
    for _, one in ipairs(fields_) do
      for _, code in ipairs(BY_FIELD[one.name or ""] or {}) do add(code) end
      for _, case in ipairs(one.cases or {}) do visit { case.field } end
      for _, alternative in ipairs(one.choice or {}) do visit(alternative) end
      local inner = one.fields or (one.item and one.item.fields)
      if inner then visit(inner) end
    end
  end
  visit(row.query or {})
  visit(row.body or {})
  if row.content == "multipart" then for _, code in ipairs { 41005, 40004, 40006 } do add(code) end end
  if row.content == "json" then add(47001) end
  if row.token then for _, code in ipairs { 40001, 45009, 48001 } do add(code) end end
  return list
end

local function call_line(row)
  local args = sample.lua(row)
  return ("account.api.%s%s"):format(row.key, args == "{}" and "()" or " " .. args)
end

local function shell_line(row)
  local args = sample.json(row)
  if args == "{}" then return "weiyue api call " .. row.key end
  return ("weiyue api call %s '%s'"):format(row.key, (args:gsub("'", "'\\''")))
end

local function kinds_of(row, zh)
  local capability = access.capability(row)
  return capability and access.kinds_text(capability, zh) .. (zh and "（can.%s）" or " (can.%s)"):format(capability)
end

local AUTH <const> = {
  access_token = { "账号的 access_token", "the account's access_token" },
  component_access_token = { "第三方平台的 component_access_token", "the platform's component_access_token" },
  oauth_access_token = { "网页授权的 access_token（参数）", "the access_token of a login (an argument)" },
  none = { "不用 token", "none" },
}

local DANGER <const> = {
  never = { "插件不能调用：归宿主管", "never called by a plugin: the host does it" },
  declare = { '危险：插件要在 wx.plugin 里写 api = { "%s" }', 'dangerous: a plugin says api = { "%s" } in wx.plugin' },
}

local AGAIN <const> = {
  [true] = { "可以：结果不明时宿主会重发", "yes: sent again when nobody knows whether it arrived" },
  [false] = { "不：结果不明时只报错", "no: when nobody knows whether it arrived, that is an error" },
}

local REPLIES <const> = {
  bytes = { "文件（出错时是返回码）", "a file (or an errcode)" },
  redirect = { "给浏览器的地址；不发送请求", "an address for a browser; nothing is sent" },
}

local function facts_of(row, zh)
  local kind, list = danger.of(row), {}
  local function add(zh_name, en_name, text)
    if text then list[#list + 1] = { zh and zh_name or en_name, text } end
  end
  add("token", "token", pick(AUTH[row.auth], zh))
  add("账号", "accounts", kinds_of(row, zh) or nil)
  local daily = access.daily(row)
  add("每天", "a day", daily and ("%d"):format(daily) or access.quota(row))
  add("插件", "plugins", kind and pick(DANGER[kind], zh):format(row.key) or (zh and "可以直接调用" or "may call it"))
  if row.reply ~= "redirect" then add("重发", "again", pick(AGAIN[row.idempotent], zh)) end
  add("返回", "reply", REPLIES[row.reply] and pick(REPLIES[row.reply], zh))
  add("英文说明", "note", row.note)
  return list
end

local function show_text(row, zh)
  local parts = {
    row.key, ("%s https://%s%s"):format(row.method, row.host or API, row.path), "", table_text(facts_of(row, zh)),
  }
  local function section(title, rows)
    if #rows > 0 then table.move({ "", title, table_text(rows) }, 1, 3, #parts + 1, parts) end
  end
  local query, body, codes = {}, {}, {}
  lines_of(query, row.query or {}, 0, zh)
  lines_of(body, row.body or {}, 0, zh)
  for _, name in ipairs(row.needs or {}) do
    for _, list in ipairs { query, body } do
      for _, line in ipairs(list) do
        if line[1] == name then line[3] = pick(NEEDS.one, zh) end
      end
    end
  end
  section(zh and "地址里的参数" or "Parameters of the address", query)
  section((zh and "内容：" or "Body: ") .. row.content, body)
  for _, code in ipairs(M.codes(row)) do
    local own = errcodes[code]
    codes[#codes + 1] = { tostring(code), zh and own.zh or own.en, "" }
    local hint = zh and own.hint_zh or own.hint_en
    if not hint:find("weiyue api show", 1, true) then codes[#codes + 1] = { "", hint } end -- that is this text
  end
  section(zh and "常见返回码" or "Errors", codes)
  parts[#parts + 1] = ""
  parts[#parts + 1] = zh and "例子" or "Example"
  parts[#parts + 1] = "  " .. call_line(row)
  parts[#parts + 1] = "  " .. shell_line(row)
  return table.concat(parts, "\n") .. "\n"
end

-- --- show as JSON ---

local function field_json(field, need)
  local own = { name = field.name, type = field.type }
  own.required = need == "must" and not (field.optional or field.default)
  own.one_of = need == "one" or nil
  for _, key in ipairs { "min", "max", "unit", "values", "hint" } do own[key] = field[key] end
  if field.default and not tostring(field.default):find "^@" then own.default = field.default end
  return own
end

local function fields_json(list)
  local out = json.array()
  local function add(field, need)
    local own = field_json(field, need)
    local inner = field.type == "map" and { field.item } or field.fields or (field.item and field.item.fields)
    if inner and #inner > 0 then own.fields = fields_json(inner) end
    if field.type == "list" then own.items = field.item.type end
    out[#out + 1] = own
  end
  for _, one in ipairs(list) do
    if one.choice then
      for _, alternative in ipairs(one.choice) do
        for _, field in ipairs(alternative) do add(field, one.optional and "may" or "one") end
      end
    elseif one.switch then
      add({ name = one.switch, type = "string", optional = true }, "may")
      for _, case in ipairs(one.cases) do add(case.field, "one") end
    else
      add(one, "must")
    end
  end
  return out
end

local function show_json(row)
  local kinds, errors, capability = json.array(), json.array(), access.capability(row)
  for i, kind in ipairs(capability and access.kinds(capability) or {}) do kinds[i] = kind.kind end
  for i, code in ipairs(M.codes(row)) do
    local own = errcodes[code]
    errors[i] = own
    own.code = code
  end
  return json.encode {
    api = row.key, method = row.method, host = row.host or API, path = row.path, auth = row.auth,
    content = row.content, reply = row.reply, idempotent = row.idempotent, danger = danger.of(row),
    capability = capability, kinds = capability and kinds or nil,
    quota = access.daily(row) or access.quota(row), note = row.note,
    query = fields_json(row.query or {}), body = row.body and fields_json(row.body) or nil, needs = row.needs,
    errors = errors, example = sample.arguments(row),
  } .. "\n"
end

--- Everything about one endpoint.
---@param key string FAMILY.NAME
---@param zh boolean
---@param as_json boolean
---@return string?, string? err
function M.show(key, zh, as_json)
  local row = catalogue.find(key)
  if not row then return nil, unknown(key, zh) end
  return as_json and show_json(row) or show_text(row, zh)
end

return M
