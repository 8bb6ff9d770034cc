-- Both ways to an access_token, which know nothing of each other.

local quota = require "weiyue.sandbox.quota"
local tokens = require "weiyue.sandbox.tokens"

local M = {}

local FORCED_MOST <const> = 20 -- a day
local FORCED_APART <const> = 30 -- seconds

local function check(ctx, args)
  if not ctx.account then return 40013 end
  if ctx.account.kind == "component" then return 61024 end
  if ctx.account.secret ~= args.secret then return 40125 end
end

local function fresh() return { forced = {} } end

local function reply(ctx, token)
  return { access_token = token.value, expires_in = math.floor(token.ends - ctx.now) }
end

-- A new one ends the one before within 5 minutes.
function M.get(ctx, args)
  local code = check(ctx, args)
  if code then return nil, code end
  local state, book = ctx.world:state(ctx.account, "tokens", fresh), ctx.world.tokens
  if state.classic then book:replace(state.classic, tokens.OVERLAP) end
  state.classic = book:issue("access_token", ctx.account.appid)
  return reply(ctx, state.classic)
end

-- Whether force_refresh is heard now: nil, errcode when the day's are used up, false too soon after the last.
local function may_force(state, now)
  local forced, day = state.forced, quota.day(now)
  if forced.day ~= day then forced.day, forced.n = day, 0 end
  if forced.n >= FORCED_MOST then return nil, 45009 end
  if forced.at and now - forced.at < FORCED_APART then return false end
  forced.at, forced.n = now, forced.n + 1
  return true
end

-- The same until 5 minutes before its end; then both are good until the old one's. One that is forced out ends at once.
function M.stable(ctx, args)
  local code = check(ctx, args)
  if code then return nil, code end
  local state, book = ctx.world:state(ctx.account, "tokens", fresh), ctx.world.tokens
  local held = state.stable
  local alive = held and held.ends > ctx.now and not held.revoked
  if alive and args.force_refresh then
    local force, why = may_force(state, ctx.now)
    if why then return nil, why end
    if force then
      book:replace(held, 0)
      alive = false
    end
  end
  if not alive or held.ends - ctx.now <= tokens.OVERLAP then
    held = book:issue("access_token", ctx.account.appid)
    state.stable = held
  end
  return reply(ctx, held)
end

return M
