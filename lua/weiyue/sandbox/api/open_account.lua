-- The sandbox: accounts of the open platform, to which accounts of one owner are bound.

local ids = require "weiyue.sandbox.ids"

local M = {}

local MOST <const> = 50 -- accounts of one

local function books(world)
  world.open_accounts = world.open_accounts or {}
  return world.open_accounts
end

-- The account that a call is about, which is the token's.
local function mine(ctx, args)
  if args.appid ~= ctx.account.appid then return nil, 40013 end
  return ctx.account
end

local function bind(account, open_appid, open)
  account.open_appid, open.n = open_appid, open.n + 1
  return {}
end

function M.create(ctx, args)
  local account, errcode = mine(ctx, args)
  if not account then return nil, errcode end
  if account.open_appid then return nil, 89000 end
  local open_appid, open = "wx" .. ids.hex(ctx.world.random, 16), { n = 0 }
  books(ctx.world)[open_appid] = open
  bind(account, open_appid, open)
  return { errcode = 0, errmsg = "ok", open_appid = open_appid }
end

function M.bind(ctx, args)
  local account, errcode = mine(ctx, args)
  if not account then return nil, errcode end
  local open = books(ctx.world)[args.open_appid]
  if not open then return nil, 89003 end
  if account.open_appid then return nil, 89000 end
  if open.n >= MOST then return nil, 89004 end
  return bind(account, args.open_appid, open)
end

function M.unbind(ctx, args)
  local account, errcode = mine(ctx, args)
  if not account then return nil, errcode end
  if not account.open_appid then return nil, 89002 end
  if account.open_appid ~= args.open_appid then return nil, 89001 end
  local all = books(ctx.world)
  local open = all[account.open_appid]
  open.n, account.open_appid = open.n - 1, nil
  if open.n == 0 then all[args.open_appid] = nil end
  return {}
end

function M.get(ctx, args)
  local account, errcode = mine(ctx, args)
  if not account then return nil, errcode end
  if not account.open_appid then return nil, 89002 end
  return { errcode = 0, errmsg = "ok", open_appid = account.open_appid }
end

function M.have(ctx) return { errcode = 0, errmsg = "ok", have_open = ctx.account.open_appid ~= nil } end

return M
