-- The sandbox: texts kept under a short key.

local ids = require "weiyue.sandbox.ids"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local M = {}

local MOST <const> = 1000
local LONG <const>, LIFE <const> = 4096, 2592000

local function fresh() return shelf.new(MOST) end

function M.gen(ctx, args)
  if #args.long_data > LONG then return nil, 40097 end
  local seconds = values.int(args.expire_seconds, LIFE)
  if seconds < 1 or seconds > LIFE then return nil, 40097 end
  local now, key = math.floor(ctx.world.now()), ids.text(ctx.world.random, 15)
  ctx.world:state(ctx.account, "shorten", fresh):put(key, { data = args.long_data, at = now, ends = now + seconds })
  return { errcode = 0, errmsg = "ok", short_key = key }
end

function M.fetch(ctx, args)
  local found = ctx.world:state(ctx.account, "shorten", fresh):get(args.short_key)
  local now = math.floor(ctx.world.now())
  if not found or found.ends <= now then return nil, 40097 end
  return { errcode = 0, errmsg = "ok", long_data = found.data, create_time = found.at,
    expire_seconds = found.ends - now }
end

return M
