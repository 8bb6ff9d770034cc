-- The arguments of a call as a server sees them: texts of the query, values of a JSON body, parts of a form; against
-- the fields of the row. What is missing or of another type has WeChat's return code for it; what is not known is
-- ignored.

local form = require "weiyue.form"
local json = require "weiyue.json"

local M = {}

local NULL <const> = json.null

-- Return codes for what is missing; others: 41011, or what `family` says.
local MISSING <const> = {
  appid = 41002, refresh_token = 41003, secret = 41004, appsecret = 41004, media = 41005, media_id = 41006,
  openid = 41009, url = 41010, card_id = 41012, code = 41013, component_appid = 41018, touser = 40003,
  grant_type = 40002, msgtype = 40008, action_name = 40052, action_info = 40053, button = 40016, type = 40004,
  openid_list = 40031, template_id = 40037, speed = 45084, command = 45072, user_list = 40031, name = 40018,
  component_appsecret = 41004, authorizer_refresh_token = 41003, tag = 45157, tagid = 45159, check_operator = 40203,
}
local MISSING_OF <const> = {
  oauth = { code = 41008, openid = 41009, access_token = 41001 },
  tag = { name = 45157, id = 45159 },
  qrcode = { scene = 40053, scene_id = 40053 },
  message_mass = { filter = 40097, msg_id = 40059, touser = 40130 },
}

-- … and for a value that is not one of those allowed, or a list, number or text of another size.
local INVALID <const> = {
  grant_type = 40002, msgtype = 40008, action_name = 40052, type = 40004, button = 40016, openid_list = 40032,
  user_list = 40032, articles = 45008, speed = 45083, command = 45072, check_operator = 40203, name = 40097,
  expire_seconds = 40097, content = 45002, title = 45003, description = 45004, url = 40039, clientmsgid = 45067,
  action = 40097, scene_id = 40053, scene_str = 40053,
}

-- Where in a list, and how much of it: not below 0, whatever a row says.
local PAGING <const> = {}
for name in ("offset count begin start limit num page"):gmatch "%S+" do PAGING[name], INVALID[name] = true, 40097 end

local INVALID_OF <const> = {
  tag = { name = 45158 },
  jssdk = { type = 40097 },
  material = { type = 40004 },
  user = { remark = 40097 },
  message_mass = { touser = 40130 },
}

local function fail(code, path, what) error({ errcode = code, path = path, what = what }, 0) end

local function code_of(general, special, state, name, otherwise)
  local own = special[state.family]
  return own and own[name] or general[name] or otherwise
end

local function join(path, name) return path == "" and name or path .. "." .. name end

local function wrong_type(path) fail(47001, path, "type") end

local function is_null(value) return value == nil or rawequal(value, NULL) end

-- --- scalars ---

local scalars <const> = {}

function scalars.any(value) return value end

function scalars.string(value, path)
  if type(value) == "number" then return tostring(math.tointeger(value) or value) end
  return type(value) == "string" and value or wrong_type(path)
end

function scalars.integer(value, path, field)
  if type(value) == "boolean" then
    if field.values then return value and 1 or 0 end
    wrong_type(path)
  end
  return math.tointeger(tonumber(value)) or wrong_type(path)
end

function scalars.number(value, path)
  return type(value) ~= "boolean" and tonumber(value) or wrong_type(path)
end

local BOOLEANS <const> = { [true] = true, [false] = false, ["true"] = true, ["false"] = false, [0] = false, [1] = true,
                           ["0"] = false, ["1"] = true }
function scalars.boolean(value, path)
  local known = BOOLEANS[value]
  if known == nil then wrong_type(path) end
  return known
end

function scalars.id(value, path)
  if type(value) == "string" and value:find "^%d+$" then return math.tointeger(tonumber(value)) or value end
  return math.tointeger(value) or wrong_type(path)
end

function scalars.json(value, path)
  if type(value) == "table" then return value end
  local decoded = type(value) == "string" and json.decode(value, { lenient = true })
  return decoded == nil and wrong_type(path) or decoded
end

-- A part without a file name is no file, but a field.
function scalars.file(value, path)
  return type(value) == "table" and value.data and value or fail(41005, path, "missing")
end

-- --- limits ---

local function check(state, field, value, path)
  local bad = PAGING[field.name] and math.type(value) == "integer" and value < 0
  if field.values then
    bad = true
    for _, one in ipairs(field.values) do bad = bad and value ~= one end
  elseif field.min or field.max then
    local n = value
    if field.type == "string" then n = field.unit == "chars" and utf8.len(value) or #value
    elseif field.type == "list" then n = #value
    elseif field.type == "file" then n = #value.data end
    bad = bad or type(n) == "number" and (n < (field.min or n) or n > (field.max or n))
  end
  if bad then fail(code_of(INVALID, INVALID_OF, state, field.name, 40035), path, "value") end
end

local object

local function value_of(state, field, value, path)
  local kind = field.type
  if kind == "object" or kind == "list" or kind == "map" then
    if type(value) == "string" and state.texts then value = json.decode(value, { lenient = true }) end
    if type(value) ~= "table" then wrong_type(path) end
    if kind == "list" then
      if not json.is_array(value) and next(value) ~= nil then wrong_type(path) end
      check(state, field, value, path)
      for i, item in ipairs(value) do value[i] = value_of(state, field.item, item, ("%s[%d]"):format(path, i)) end
    elseif json.is_array(value) and #value > 0 then
      wrong_type(path)
    elseif kind == "map" then
      for key, item in pairs(value) do value[key] = value_of(state, field.item, item, join(path, key)) end
    elseif #field.fields > 0 then
      object(state, field.fields, value, path)
    end
    return value
  end
  value = scalars[kind](value, path, field)
  check(state, field, value, path)
  return value
end

local function missing(state, name, path)
  fail(code_of(MISSING, MISSING_OF, state, name, 41011), join(path, name), "missing")
end

-- "lang(zh_CN|en)=zh_CN" may be left out; "grant_type=client_credential" may not.
local function has_default(field) return field.default ~= nil and field.values ~= nil and #field.values > 1 end

-- One field of a table: converted in place.
local function take(state, field, args, path)
  if path == "" and field.name == state.but then return end
  local value = args[field.name]
  if is_null(value) then
    args[field.name] = nil
    if has_default(field) then args[field.name] = field.default
    elseif not field.optional then missing(state, field.name, path) end
    return
  end
  if value == "" and not field.optional and (field.type == "string" or field.type == "any") and MISSING[field.name] then
    missing(state, field.name, path)
  end
  args[field.name] = value_of(state, field, value, join(path, field.name))
end

local function has_any(fields, args)
  for _, field in ipairs(fields) do
    if not is_null(args[field.name]) then return true end
  end
  return false
end

local function take_choice(state, one, args, path)
  local found = false
  for _, alternative in ipairs(one.choice) do
    if has_any(alternative, args) then
      found = true
      for _, field in ipairs(alternative) do take(state, field, args, path) end
    end
  end
  if not found and not one.optional then missing(state, one.choice[1][1].name, path) end
end

local function take_switch(state, one, args, path)
  local tag = args[one.switch]
  if is_null(tag) then
    if one.optional then return end
    missing(state, one.switch, path)
  end
  local first
  for _, case in ipairs(one.cases) do
    if case.value == tag then
      first = first or case
      if not is_null(args[case.field.name]) then return take(state, case.field, args, path) end
    end
  end
  if not first then fail(code_of(INVALID, INVALID_OF, state, one.switch, 40035), join(path, one.switch), "value") end
  take(state, first.field, args, path)
end

function object(state, fields, args, path)
  for _, one in ipairs(fields) do
    if one.choice then take_choice(state, one, args, path)
    elseif one.switch then take_switch(state, one, args, path)
    else take(state, one, args, path) end
  end
end

-- --- what came ---

local bodies <const> = {}

function bodies.none() return {} end

local ESCAPE <const> = "(\\+)(u%x%x%x%x)"

-- Not an escaped backslash; those of control characters are no matter.
local function is_of_letter(before, rest) return #before % 2 == 1 and not rest:find "^u00[01]" end

--- Whether a body has escapes of letters, such as \u4f60.
---@param text string
---@return boolean
function M.has_escapes(text)
  for before, rest in text:gmatch(ESCAPE) do
    if is_of_letter(before, rest) then return true end
  end
  return false
end

-- The escapes as texts: what "\u4f60" says is \u4f60.
local function escapes_kept(text)
  return (text:gsub(ESCAPE, function(before, rest)
    return is_of_letter(before, rest) and before .. "\\" .. rest or nil
  end))
end

-- Whether the query says all that the body would.
local function is_in_query(row)
  local names = {}
  for _, field in ipairs(row.query or {}) do names[field.name or ""] = true end
  for _, field in ipairs(row.body) do
    if not names[field.name] then return false end
  end
  return true
end

function bodies.json(row, request, _, keeps_escapes)
  local text = request.body or ""
  if keeps_escapes then text = escapes_kept(text) end
  if not text:find "%S" then
    if is_in_query(row) then return {} end
    return nil, 44002
  end
  local value = json.decode(text, { lenient = true, depth = 64 })
  if type(value) ~= "table" or (json.is_array(value) and #value > 0) then return nil, 47001 end
  return value
end

-- WeChat does not read filename*= (RFC 2231): such a part has no file name for it.
local function has_encoded_name(body, kind)
  local boundary = kind:match 'boundary="?([^";]+)'
  local from, to = body:find("--" .. boundary, 1, true)
  while from do
    local head = body:sub(to + 1, (body:find("\r\n\r\n", to, true))):lower()
    if head:find("filename*=", 1, true) and not head:find("filename=", 1, true) then return true end
    from, to = body:find("--" .. boundary, to, true)
  end
  return false
end

function bodies.multipart(_, request, files)
  local kind = request.headers and request.headers["content-type"] or ""
  if not kind:find "^multipart/form%-data" then
    if (request.body or "") == "" then return {} end
    return nil, 41005
  end
  local read = form.multipart(request.body or "", kind)
  if not read or has_encoded_name(request.body, kind) then return nil, 41005 end
  local args = {}
  for name, value in pairs(read.fields) do args[name] = value end
  for _, file in ipairs(read.files) do
    files[file.name] = file
    args[file.name] = file
  end
  return args
end

function bodies.bytes(row, request)
  local field = row.body[1]
  if not field then return {} end
  local data = request.body
  if not data or data == "" then return nil, 44001 end
  return { [field.name] = field.type == "file" and { data = data } or data }
end

---@class weiyue.sandbox.BadField
---@field errcode integer
---@field path? string
---@field what? "missing"|"type"|"value"

--- Reads what came.
---@param row weiyue.api.Row
---@param request table
---@param keeps_escapes? boolean \uXXXX of a JSON body stand as they are
---@return table? args, table files, integer? errcode
function M.read(row, request, keeps_escapes)
  local files = {}
  local args, code = bodies[row.content](row, request, files, keeps_escapes)
  if not args then return nil, files, code end
  for name, value in pairs(request.query or {}) do
    if name ~= row.token and args[name] == nil then args[name] = value end
  end
  if row.auth == "oauth_access_token" then args.access_token = request.query and request.query.access_token end
  return args, files
end

--- Checks arguments against a row, and converts them in place.
---@param row weiyue.api.Row
---@param args table
---@param but? string a field that is left as it is
---@return true?, weiyue.sandbox.BadField? err
function M.check(row, args, but)
  local state = { family = row.family, texts = row.content == "multipart", but = but }
  local ok, err = pcall(function()
    if row.query then object(state, row.query, args, "") end
    if row.body then object(state, row.body, args, "") end
    if row.needs then
      for _, name in ipairs(row.needs) do
        if not is_null(args[name]) then return end
      end
      missing(state, row.needs[1], "")
    end
  end)
  if ok then return true end
  if type(err) ~= "table" then error(err, 0) end
  return nil, err
end

return M
