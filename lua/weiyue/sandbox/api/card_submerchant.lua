-- The sandbox: sub-merchants for whom cards are made. Each is reviewed.

local event = require "weiyue.sandbox.event"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local int = values.int

local M = {}

local MOST <const> = 500
local REVIEW <const> = 5 -- seconds
local YEAR <const> = 366 * 86400

local function fresh() return { merchants = shelf.new(MOST), serial = 12000000 } end
local function state(world, account) return world:state(account, "card_submerchant", fresh) end

--- The review refuses the next sub-merchant.
---@param world table
---@param appid string
---@param reason string
function M.refuse_next(world, appid, reason) state(world, world:account(appid)).verdict = reason end

local function settle(merchant, now)
  if merchant.review and now >= merchant.review.at then
    merchant.info.status, merchant.review = merchant.review.status, nil
  end
  return merchant
end

local function review(ctx, merchant)
  local s = state(ctx.world, ctx.account)
  local reason = s.verdict
  s.verdict, merchant.info.status = nil, "CHECKING"
  merchant.review = { at = ctx.world.now() + REVIEW, status = reason and "REJECTED" or "APPROVED" }
  event.send(ctx.world, ctx.account.appid, nil, "card_merchant_check_result",
    { MerchantId = merchant.info.merchant_id, IsPass = reason and 0 or 1, Reason = reason or "" }, REVIEW)
  return { errcode = 0, errmsg = "ok", info = values.copy(merchant.info) }
end

local function fault(ctx, info)
  local ends = int(info.end_time, 0)
  if ends <= ctx.world.now() or ends > ctx.world.now() + YEAR then return 40079 end
end

function M.submit(ctx, args)
  local errcode = fault(ctx, args.info)
  if errcode then return nil, errcode end
  local s, info = state(ctx.world, ctx.account), values.copy(args.info)
  s.serial = s.serial + 1
  info.merchant_id, info.create_time = s.serial, math.floor(ctx.world.now())
  info.update_time = info.create_time
  return review(ctx, s.merchants:put(info.merchant_id, { info = info }))
end

local function find(ctx, id)
  local merchant = state(ctx.world, ctx.account).merchants:get(int(id))
  if not merchant then return nil, 40097 end
  return settle(merchant, ctx.world.now())
end

function M.update(ctx, args)
  local merchant, errcode = find(ctx, args.info.merchant_id)
  errcode = errcode or fault(ctx, args.info)
  if errcode then return nil, errcode end
  local id, created = merchant.info.merchant_id, merchant.info.create_time
  values.merge(merchant.info, args.info)
  merchant.info.merchant_id, merchant.info.create_time = id, created
  merchant.info.update_time = math.floor(ctx.world.now())
  return review(ctx, merchant)
end

function M.get(ctx, args)
  local merchant, errcode = find(ctx, args.merchant_id)
  if not merchant then return nil, errcode end
  return { errcode = 0, errmsg = "ok", info = values.copy(merchant.info) }
end

function M.batch_get(ctx, args)
  local now, first, list = ctx.world.now(), int(args.begin_id, 0), values.list()
  local all = state(ctx.world, ctx.account).merchants:list(function(merchant)
    local info = settle(merchant, now).info
    return info.merchant_id > first and (not values.text(args.status) or info.status == args.status)
  end)
  for i, merchant in ipairs(shelf.part(all, 0, int(args.limit, 50))) do list[i] = values.copy(merchant.info) end
  return { errcode = 0, errmsg = "ok", info_list = list }
end

return M
