-- api.weixin.qq.com: a request to a response. Finds the row of the catalogue, checks token, account, quota and fields,
-- and has the family's function answer (api/FAMILY.lua); what has none is answered with the documented shape.
--
-- A family returns { name = function(ctx, args) → reply | nil, errcode, errmsg? }. Some keys are no functions:
--   unchecked = { name = true }   the engine leaves its fields to the function, which knows better codes; "field":
--                                 this one alone
--   literal = { name = true }     WeChat shows \uXXXX of its body as it stands
--   ctx = {world, account, row, request, now, files}; of auth "none" the account is that of args.appid, if any
-- Files have addresses below /mmbiz/, which are answered here, too.
-- A reply of the form {bytes =, type =, filename =, status?} is a file, {redirect = url} a redirect.
-- Where a function of a family fails, the caller is answered -1, and its errmsg names the line.

local access = require "weiyue.api.access"
local arguments = require "weiyue.sandbox.arguments"
local capabilities = require "weiyue.capabilities"
local errmsg = require "weiyue.sandbox.errmsg"
local faults = require "weiyue.sandbox.faults"
local ids = require "weiyue.sandbox.ids"
local json = require "weiyue.json"
local library = require "weiyue.sandbox.library"
local quota = require "weiyue.sandbox.quota"
local ring = require "weiyue.sandbox.ring"
local routes = require "weiyue.sandbox.routes"

local M = {}

local RIDS <const> = 500 -- failing calls that openapi.rid_get still knows

local families <const> = {}

-- A family's functions; false where nothing is kept of it.
local function family_of(name)
  local family = families[name]
  if family == nil then
    local module = "weiyue.sandbox.api." .. name
    local ok, found = pcall(require, module)
    if not ok and not tostring(found):find(("module '%s' not found"):format(module), 1, true) then error(found, 0) end
    family = ok and found or false
    families[name] = family
  end
  return family
end

-- --- what is noted of a call ---

local SECRET <const> = {
  secret = true, appsecret = true, component_appsecret = true, component_secret = true, access_token = true,
  refresh_token = true, component_access_token = true, authorizer_access_token = true, code = true, js_code = true,
  authorizer_refresh_token = true, component_verify_ticket = true, session_key = true, authorization_code = true,
}

-- Cards have codes, too, which are nobody's key.
local function is_secret(key, row)
  if key == "code" then return row.family == "oauth" or row.family == "component" end
  return SECRET[key] or (key == "ticket" and row.family == "jssdk")
end

local NOTED <const> = 65536 -- bytes of a body that are remembered as arguments, and of a text among them

-- Of a file its name and size: what is remembered must stay small.
local function brief(value)
  if type(value) == "table" and type(value.data) == "string" then
    return { filename = value.filename, type = value.type, size = #value.data }
  end
  if type(value) == "string" and #value > NOTED then return value:sub(1, NOTED) end
  return value
end

local function masked(t, row)
  if type(t) ~= "table" then return t end
  local out = {}
  for key, value in pairs(t) do out[key] = is_secret(key, row) and "***" or brief(value) end
  return out
end

-- A long JSON body is not kept.
local function arguments_of(ctx)
  local body = ctx.request.body
  if ctx.row.content == "json" and body and #body > NOTED then return { bytes = #body } end
  return masked(ctx.args or {}, ctx.row)
end

-- --- responses ---

local JSON_TYPE <const> = "application/json; encoding=utf-8"

local function respond(status, headers, body)
  return { status = status, headers = headers, body = body }
end

local function json_response(reply)
  local text = assert(json.encode(reply))
  return respond(200, { ["content-type"] = JSON_TYPE }, text)
end

local function file_response(reply)
  local headers = { ["content-type"] = reply.type or "application/octet-stream" }
  if reply.filename then headers["content-disposition"] = ('attachment; filename="%s"'):format(reply.filename) end
  return respond(reply.status or 200, headers, reply.bytes)
end

-- --- an account and its token ---

-- Of a call that no token says who makes it.
local function by_appid(world, args)
  local appid = args.appid or args.component_appid
  return type(appid) == "string" and world:account(appid) or nil
end

local MISSING_TOKEN <const> = { access_token = 41001, component_access_token = 41021 }

local ACCOUNT_TOKENS <const> = { access_token = true, authorizer_access_token = true }

-- The account that a token is for, and the token.
local function by_token(world, row, query)
  local value = query[row.token]
  if not value or value == "" then return nil, MISSING_TOKEN[row.auth] end
  local token, code = world.tokens:check(value)
  if not token then return nil, code end
  local of_component, for_component = token.kind == "component_access_token", row.auth == "component_access_token"
  if of_component ~= for_component then return nil, of_component and 61015 or 61014 end
  if not for_component and not ACCOUNT_TOKENS[token.kind] then return nil, 40001 end
  local account = world:account(token.appid)
  if not account then return nil, 40001 end
  return account, nil, token
end

-- --- one call ---

local function stateless(ctx)
  local sample = require "weiyue.sandbox.stateless"
  return sample.reply(ctx)
end

local function check_access(row, account)
  local capability = access.capability(row)
  return not capability or capabilities.of(account.kind, account.verified, account.can)[capability]
end

local ESCAPES <const> = {
  zh = "JSON 里有 \\uXXXX：微信会原样显示给用户，要直接写 UTF-8",
  en = "the JSON has \\uXXXX: WeChat shows it to the user as it stands; write UTF-8",
}

-- Everything but faults: reply | nil, errcode, errmsg.
local function answer(ctx, request)
  local world, row = ctx.world, ctx.row
  local account, code, token
  if row.token then
    account, code, token = by_token(world, row, request.query)
    if not account then return nil, code end
  end
  local family = family_of(row.family)
  local is_literal = family and family.literal and family.literal[row.name]
  local args, files, bad = arguments.read(row, request, is_literal)
  ctx.warning = is_literal and arguments.has_escapes(request.body or "") and ESCAPES or nil
  ctx.args = args or {}
  if not args then return nil, bad end
  if not row.token then account = by_appid(world, args) end
  if token and token.kind == "component_access_token" and (args.component_appid or token.appid) ~= token.appid then
    return nil, 40013
  end
  ctx.account, ctx.files, ctx.token = account, files, token
  if account and not check_access(row, account) then return nil, 48001 end
  local unchecked = family and family.unchecked and family.unchecked[row.name]
  if unchecked ~= true then
    local ok, err = arguments.check(row, args, unchecked)
    if not ok then
      return nil, err.errcode, err.path ~= "" and ("%s: %s"):format(errmsg.of(err.errcode), err.path) or nil
    end
  end
  if account then
    local left, used_up = quota.take(account, row, ctx.now)
    if not left then return nil, used_up end
  end
  local fn = family and family[row.name]
  if type(fn) == "function" then return fn(ctx, args) end
  ctx.stateless = true
  return stateless(ctx)
end

local function failure(ctx, code, text)
  local world = ctx.world
  local rid = ids.rid(world.random, ctx.now)
  world.rids = world.rids or ring(RIDS)
  world.rids:push { rid = rid, at = ctx.now, errcode = code, api = ctx.row and ctx.row.key,
    appid = ctx.account and ctx.account.appid, path = ctx.request.path }
  return { errcode = code, errmsg = ("%s rid: %s"):format(text or errmsg.of(code), rid) }
end

local function note(ctx, reply, code)
  ctx.world:note_call {
    api = ctx.row.key, appid = ctx.account and ctx.account.appid, args = arguments_of(ctx),
    reply = reply and reply.bytes and { bytes = #reply.bytes, type = reply.type } or masked(reply, ctx.row),
    errcode = code or 0, at = ctx.now, stateless = ctx.stateless, warning = ctx.warning,
  }
end

-- What a fault makes of a call that is not carried out; nil: nothing.
local function faulty(ctx, fault)
  if fault.drop then return { status = 0, headers = {}, body = "", drop = true }, -1 end
  if fault.garbage then
    return respond(200, { ["content-type"] = "text/html" }, "<html><body><h1>502 Bad Gateway</h1>\0\x02"), -1
  end
  if fault.status then return respond(fault.status, { ["content-type"] = "text/html" }, ""), -1 end
  if fault.errcode and fault.errcode ~= 0 then
    local reply = failure(ctx, fault.errcode, fault.errmsg)
    return json_response(reply), fault.errcode, reply
  end
end

local function carried_out(ctx, request)
  local ok, reply, code, text = pcall(answer, ctx, request)
  if not ok then reply, code, text = nil, -1, "system error: the sandbox: " .. tostring(reply) end
  if not reply then
    reply = failure(ctx, code or -1, text)
    note(ctx, reply, code or -1)
    return json_response(reply)
  end
  if reply.redirect then
    note(ctx, reply)
    return respond(302, { location = reply.redirect }, "")
  end
  if not reply.bytes and next(reply) == nil then reply.errcode, reply.errmsg = 0, "ok" end
  note(ctx, reply, math.tointeger(reply.errcode))
  local response = reply.bytes and file_response(reply) or json_response(reply)
  if ctx.stateless then response.headers["x-weiyue-sandbox"] = "stateless" end
  return response
end

--- Answers a request to WeChat's API.
---@param world weiyue.sandbox.World
---@param request { method: string, host: string?, path: string, query: table?, headers: table?, body: string? }
---@return { status: integer, headers: table, body: string, delay: number?, drop: boolean? }
function M.handle(world, request)
  request.query = request.query or {}
  if request.path:find "^/mmbiz/" then -- WeChat's servers for pictures and videos
    local file = library.file(world, request.path)
    return file and respond(200, { ["content-type"] = file.type }, file.data) or respond(404, {}, "")
  end
  local ctx = { world = world, request = request, now = world.now() }
  local row, code = routes.find(request.method, request.path, request.query)
  if not row then return json_response(failure(ctx, code)) end
  ctx.row = row
  local fault = faults.take(world.faults, row.key)
  local response
  if fault then
    local errcode, reply
    response, errcode, reply = faulty(ctx, fault)
    if response then note(ctx, reply, errcode) end
  end
  response = response or carried_out(ctx, request)
  if fault and fault.lost then response.drop = true end
  response.delay = fault and fault.delay
  return response
end

return M
