-- The sandbox: third-party platforms. A ticket is pushed every ten minutes; with it there is a token, and with that the
-- accounts that have authorised the platform.

local crypto = require "weiyue.crypto"
local ids = require "weiyue.sandbox.ids"
local library = require "weiyue.sandbox.library"
local qr = require "weiyue.sandbox.qr"
local quota = require "weiyue.sandbox.quota"
local shelf = require "weiyue.sandbox.shelf"
local sns = require "weiyue.sandbox.sns"
local tokens = require "weiyue.sandbox.tokens"
local values = require "weiyue.sandbox.values"

local int = values.int

local M = {}

local EVERY <const>, TICKET <const> = 600, 12 * 3600 -- seconds
local PREAUTH <const>, CODE <const> = 1800, 3600
local TICKETS <const>, CODES <const>, AUTHORIZERS <const> = 100, 200, 5000
local CLEARS <const> = 10 -- a month
-- Permission sets of an account that gives all.
local ALL <const> = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 22, 23, 24, 26, 33, 34, 35, 44, 46, 47 }

local function fresh()
  return { tickets = shelf.new(TICKETS), preauth = shelf.new(CODES), codes = shelf.new(CODES),
    authorizers = shelf.new(AUTHORIZERS) }
end

local function state(world, account) return world:state(account, "component", fresh) end

-- Tickets -----------------------------------------------------------------------------------------------------

local function push(world, account, after)
  local ticket = "ticket@@@" .. ids.text(world.random, 80)
  local at = world.now() + after
  state(world, account).tickets:put(ticket, at + TICKET)
  world:emit(account.appid, { InfoType = "component_verify_ticket", AppId = account.appid, CreateTime = math.floor(at),
    ComponentVerifyTicket = ticket }, after, function(was_due)
    push(world, account, EVERY - (world.now() - was_due) % EVERY) -- those that a leap of the clock skips are lost
  end)
end

--- WeChat begins to push the ticket of a platform, the first at once.
---@param world table
---@param component_appid string
function M.start(world, component_appid)
  local account = world:account(component_appid)
  local s = state(world, account)
  if s.is_started then return end
  s.is_started = true
  push(world, account, 0)
end

local function platform(ctx, args, secret)
  local account = ctx.world:account(args.component_appid)
  if not account or account.kind ~= "component" then return nil, 40013 end
  if secret ~= account.secret then return nil, 40125 end
  return account
end

function M.start_push_ticket(ctx, args)
  local account, errcode = platform(ctx, args, args.component_secret)
  if not account then return nil, errcode end
  M.start(ctx.world, account.appid)
  return {}
end

function M.get_token(ctx, args)
  local world = ctx.world
  local account, errcode = platform(ctx, args, args.component_appsecret)
  if not account then return nil, errcode end
  local s = state(world, account)
  local ends = s.tickets:get(args.component_verify_ticket)
  if not ends or ends - TICKET > world.now() then return nil, 61006 end -- not one that was pushed
  if ends <= world.now() then return nil, 61005 end
  if s.token then world.tokens:replace(s.token, tokens.OVERLAP) end
  s.token = world.tokens:issue("component_access_token", account.appid)
  return { component_access_token = s.token.value, expires_in = tokens.LIFE }
end

-- Authorisations ----------------------------------------------------------------------------------------------

local function notice(world, account, info_type, authorizer_appid, more)
  local message = { InfoType = info_type, AppId = account.appid, CreateTime = math.floor(world.now()),
    AuthorizerAppid = authorizer_appid }
  for name, value in pairs(more or {}) do message[name] = value end
  world:emit(account.appid, message)
end

local function ended(world, authorizer)
  for _, token in ipairs(authorizer.tokens) do world.tokens:replace(token, 0) end
  authorizer.tokens = {}
end

local function same(a, b)
  local sets = {}
  for _, id in ipairs(a) do sets[id] = true end
  for _, id in ipairs(b) do
    if not sets[id] then return false end
  end
  return #a == #b
end

--- The administrator of an account authorises a platform, for the first time or with other permission sets.
---@param world table
---@param component_appid string
---@param authorizer_appid string
---@param func_ids? integer[] permission sets; all
---@param pre_auth_code? string of the page he came to
---@return string? authorization_code
---@return integer? errcode
function M.authorize(world, component_appid, authorizer_appid, func_ids, pre_auth_code)
  local account, other = world:account(component_appid), world:account(authorizer_appid)
  if not account or account.kind ~= "component" or not other or other.kind == "component" then return nil, 40013 end
  local s, now = state(world, account), world.now()
  if pre_auth_code and (s.preauth:get(pre_auth_code) or 0) <= now then return nil, 61010 end
  local known = s.authorizers:get(authorizer_appid)
  local sets = func_ids or ALL
  local is_new, is_same = not known, known and same(known.func_ids, sets)
  local authorizer = known or { appid = authorizer_appid, tokens = {}, options = {} }
  if not known and #s.authorizers >= AUTHORIZERS then return nil, 45018 end
  authorizer.func_ids, authorizer.at = values.copy(sets), math.floor(now)
  authorizer.refresh_token = "refreshtoken@@@" .. ids.text(world.random, 43)
  s.authorizers:put(authorizer_appid, authorizer)
  local code = "queryauthcode@@@" .. ids.text(world.random, 64)
  s.codes:put(code, { appid = authorizer_appid, ends = now + CODE })
  if pre_auth_code then s.preauth:drop(pre_auth_code) end
  if is_new or not is_same then
    notice(world, account, is_new and "authorized" or "updateauthorized", authorizer_appid, {
      AuthorizationCode = code, AuthorizationCodeExpiredTime = math.floor(now + CODE),
      PreAuthCode = pre_auth_code or "" })
  end
  return code
end

--- … and takes it back.
---@return true?, integer? errcode
function M.revoke(world, component_appid, authorizer_appid)
  local account = world:account(component_appid)
  local authorizer = account and state(world, account).authorizers:drop(authorizer_appid)
  if not authorizer then return nil, 61003 end
  ended(world, authorizer)
  notice(world, account, "unauthorized", authorizer_appid)
  return true
end

function M.create_preauthcode(ctx)
  local code = "preauthcode@@@" .. ids.text(ctx.world.random, 60)
  state(ctx.world, ctx.account).preauth:put(code, ctx.world.now() + PREAUTH)
  return { pre_auth_code = code, expires_in = PREAUTH }
end

local function func_info(authorizer)
  local list = values.list()
  for i, id in ipairs(authorizer.func_ids) do list[i] = { funcscope_category = { id = id } } end
  return list
end

-- A token of the authorizer's; those before it are good to their own end.
local function issue(world, authorizer)
  local alive, now = {}, world.now()
  for _, token in ipairs(authorizer.tokens) do
    if token.ends > now then alive[#alive + 1] = token end
  end
  authorizer.tokens = alive
  local token = world.tokens:issue("authorizer_access_token", authorizer.appid)
  alive[#alive + 1] = token
  return token.value
end

function M.query_auth(ctx, args)
  local s = state(ctx.world, ctx.account)
  local code = s.codes:drop(args.authorization_code) -- good once
  if not code then return nil, 61009 end
  if code.ends <= ctx.world.now() then return nil, 61010 end
  local authorizer = s.authorizers:get(code.appid)
  if not authorizer then return nil, 61003 end
  return { authorization_info = { authorizer_appid = code.appid, authorizer_access_token = issue(ctx.world, authorizer),
    expires_in = tokens.LIFE, authorizer_refresh_token = authorizer.refresh_token, func_info = func_info(authorizer) } }
end

local function authorizer_of(ctx, args)
  local authorizer = state(ctx.world, ctx.account).authorizers:get(args.authorizer_appid)
  if not authorizer then return nil, 61003 end
  return authorizer
end

-- The refresh token stays the same until the account authorises anew.
function M.authorizer_token(ctx, args)
  local authorizer, errcode = authorizer_of(ctx, args)
  if not authorizer then return nil, errcode end
  if args.authorizer_refresh_token ~= authorizer.refresh_token then return nil, 61023 end
  return { authorizer_access_token = issue(ctx.world, authorizer), expires_in = tokens.LIFE,
    authorizer_refresh_token = authorizer.refresh_token }
end

-- The QR code of an account, which stands for its head, too.
local function picture_of(world, account)
  return world:state(account, "picture", function()
    return library.add(world, account, { kind = "permanent", type = "head", ending = "png",
      data = qr.png("http://weixin.qq.com/r/" .. account.username) })
  end)
end

function M.get_authorizer_info(ctx, args)
  local authorizer, errcode = authorizer_of(ctx, args)
  if not authorizer then return nil, errcode end
  local account = ctx.world:account(authorizer.appid)
  local picture = library.url(ctx.world, picture_of(ctx.world, account))
  local info = {
    nick_name = account.name or account.id, head_img = picture,
    service_type_info = { id = account.kind == "service" and 2 or 0 },
    verify_type_info = { id = account.verified and 0 or -1 },
    user_name = account.username, principal_name = "测试主体", alias = "", signature = "",
    business_info = { open_store = 0, open_scan = 0, open_pay = 0, open_card = 0, open_shake = 0 },
    qrcode_url = picture,
  }
  if account.kind == "mini" then
    info.MiniProgramInfo = { network = {}, categories = values.list(), visit_status = 0 }
  end
  return { authorizer_info = info, authorization_info = { authorizer_appid = authorizer.appid,
    authorizer_refresh_token = authorizer.refresh_token, func_info = func_info(authorizer) } }
end

function M.get_authorizer_list(ctx, args)
  local all, list = state(ctx.world, ctx.account).authorizers:list(), values.list()
  for i, one in ipairs(shelf.part(all, int(args.offset, 0), int(args.count, 500))) do
    list[i] = { authorizer_appid = one.appid, refresh_token = one.refresh_token, auth_time = one.at }
  end
  return { total_count = #all, list = list }
end

-- Users' logins by way of the platform ------------------------------------------------------------------------

-- An account that has authorised the platform whose token this is.
local function account_of(ctx, args)
  local account = ctx.world:account(args.appid)
  if not account then return nil, 40013 end
  if not state(ctx.world, ctx.account).authorizers:get(args.appid) then return nil, 61003 end
  return account
end

function M.oauth_access_token(ctx, args)
  local account, errcode = account_of(ctx, args)
  if not account then return nil, errcode end
  local grant
  grant, errcode = sns.redeem(ctx.world, account, args.code)
  if not grant then return nil, errcode end
  return sns.tokens(ctx.world, account, grant)
end

function M.oauth_refresh_token(ctx, args)
  local account, errcode = account_of(ctx, args)
  if not account then return nil, errcode end
  return sns.refresh(ctx.world, account, args.refresh_token)
end

function M.jscode2session(ctx, args)
  local account, errcode = account_of(ctx, args)
  if not account then return nil, errcode end
  local grant
  grant, errcode = sns.redeem(ctx.world, account, args.js_code, true)
  if not grant then return nil, errcode end
  local key = crypto.base64_encode(ctx.world.random(16))
  return { openid = grant.openid, session_key = key, unionid = grant.unionid }
end

-- Options -----------------------------------------------------------------------------------------------------

local OPTIONS <const> = { location_report = 2, voice_recognize = 1, customer_service = 1 } -- the highest value of each

local function get_option(account, name)
  if not OPTIONS[name] then return nil, 61012 end
  return { option_name = name, option_value = account.component_options and account.component_options[name] or "0" }
end

local function set_option(account, name, value)
  if not OPTIONS[name] then return nil, 61012 end
  local n = int(value, -1)
  if n < 0 or n > OPTIONS[name] then return nil, 61013 end
  account.component_options = account.component_options or {}
  account.component_options[name] = tostring(n)
  return {}
end

function M.api_get_authorizer_option(ctx, args)
  local authorizer, errcode = authorizer_of(ctx, args)
  if not authorizer then return nil, errcode end
  local reply, why = get_option(ctx.world:account(authorizer.appid), args.option_name)
  if reply then reply.authorizer_appid = authorizer.appid end
  return reply, why
end

function M.api_set_authorizer_option(ctx, args)
  local authorizer, errcode = authorizer_of(ctx, args)
  if not authorizer then return nil, errcode end
  return set_option(ctx.world:account(authorizer.appid), args.option_name, args.option_value)
end

function M.get_authorizer_option(ctx, args) return get_option(ctx.account, args.option_name) end
function M.set_authorizer_option(ctx, args) return set_option(ctx.account, args.option_name, args.option_value) end

-- Quota -------------------------------------------------------------------------------------------------------

local function clear(ctx, account)
  local s, month = state(ctx.world, account), quota.month(ctx.world.now())
  if s.month ~= month then s.month, s.cleared = month, 0 end
  if s.cleared >= CLEARS then return nil, 48006 end
  s.cleared = s.cleared + 1
  quota.clear(account, ctx.world.now())
  return {}
end

function M.clear_quota(ctx) return clear(ctx, ctx.account) end

function M.clear_quota_v2(ctx, args)
  local account, errcode = platform(ctx, args, args.appsecret)
  if not account then return nil, errcode end
  return clear(ctx, account)
end

return M
