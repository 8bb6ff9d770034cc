-- Quotas, and what became of a request.

local access = require "weiyue.api.access"
local catalogue = require "weiyue.api.catalogue"
local quota = require "weiyue.sandbox.quota"

local M = {}

local CLEARS_MOST <const> = 10 -- a month
local RID_LIFE <const> = 7 * 86400
local UNLIMITED <const> = 1000000 -- said of a call whose limit is not known

local function clear_all(ctx)
  local state, month = ctx.world:state(ctx.account, "openapi", function() return {} end), quota.month(ctx.now)
  if state.month ~= month then state.month, state.n = month, 0 end
  if state.n >= CLEARS_MOST then return nil, 48006 end
  state.n = state.n + 1
  quota.clear(ctx.account, ctx.now)
  return {}
end

function M.clear_quota(ctx, args)
  if args.appid ~= ctx.account.appid then return nil, 40013 end
  return clear_all(ctx)
end

function M.clear_quota_v2(ctx, args)
  if not ctx.account then return nil, 40013 end
  if args.appsecret ~= ctx.account.secret then return nil, 40125 end
  return clear_all(ctx)
end

-- The row that a path belongs to; the first of several.
local function row_of(path)
  local found
  catalogue.each(function(row)
    if not found and row.path == path and row.reply ~= "redirect" then found = row end
  end)
  return found
end

function M.quota_get(ctx, args)
  local row = row_of(args.cgi_path)
  if not row then return nil, 76021, "cgi_path not found, please check" end
  local limit, used = access.daily(row) or UNLIMITED, quota.used(ctx.account, row.key, ctx.now)
  local remain, a_minute = math.max(0, limit - used), access.a_minute(row)
  return { errcode = 0, errmsg = "ok", quota = { daily_limit = limit, used = used, remain = remain },
    rate_limit = a_minute and { call_count = a_minute, refresh_second = 60 } or nil }
end

function M.quota_clear(ctx, args)
  local row = row_of(args.cgi_path)
  if not row then return nil, 76021, "cgi_path not found, please check" end
  quota.clear(ctx.account, ctx.now, row.key)
  return {}
end

function M.rid_get(ctx, args)
  local rids = ctx.world.rids
  local entry = rids and rids:find(function(one) return one.rid == args.rid end)
  if not entry or ctx.now - entry.at > RID_LIFE then return nil, 76022, "could not use this rid" end
  if entry.appid and entry.appid ~= ctx.account.appid then return nil, 76022, "could not use this rid" end
  return {
    errcode = 0, errmsg = "ok",
    request = {
      invoke_time = math.floor(entry.at), cost_in_ms = 1, request_url = entry.path, request_body = "",
      response_body = ('{"errcode":%d}'):format(entry.errcode), client_ip = "127.0.0.1",
    },
  }
end

return M
