-- The sandbox: codes of cards that users hold.

local event = require "weiyue.sandbox.event"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"
local wallet = require "weiyue.sandbox.wallet"

local M = {}

local MOST <const> = 100 -- codes in a call
local DEPOSITED <const> = 10000 -- of one card

local function entry_of(ctx, args)
  return wallet.entry(ctx.account, args.code, args.card_id)
end

function M.get(ctx, args)
  local entry, errcode = entry_of(ctx, args)
  if not entry then return nil, errcode end
  local unusable = wallet.unusable(ctx.world, entry)
  if unusable and args.check_consume ~= false and args.check_consume ~= "false" then return nil, unusable end
  return { errcode = 0, errmsg = "ok", openid = entry.openid, can_consume = not unusable, outer_str = entry.outer_str,
    user_card_status = wallet.status_of(ctx.world, entry),
    card = { card_id = entry.card_id, begin_time = entry.begins, end_time = entry.ends or 0, code = entry.code } }
end

function M.consume(ctx, args)
  local entry, errcode = entry_of(ctx, args)
  errcode = errcode or wallet.unusable(ctx.world, entry)
  if errcode then return nil, errcode end
  entry.status = "CONSUMED"
  event.send(ctx.world, ctx.account.appid, entry.openid, "user_consume_card", { CardId = entry.card_id,
    UserCardCode = entry.code, ConsumeSource = "FROM_API", LocationId = 0, LocationName = "", StaffOpenId = "",
    VerifyCode = "", RemarkAmount = "", OuterStr = entry.outer_str })
  return { errcode = 0, errmsg = "ok", card = { card_id = entry.card_id }, openid = entry.openid }
end

function M.decrypt(ctx, args)
  local entry = wallet.state(ctx.account).encrypted:get(args.encrypt_code)
  if not entry then return nil, 40133 end
  return { errcode = 0, errmsg = "ok", code = entry.code }
end

function M.update(ctx, args)
  local entry, errcode = entry_of(ctx, args)
  if not entry then return nil, errcode end
  if args.new_code == "" then return nil, 41013 end
  if wallet.state(ctx.account).by_code[args.new_code] then return nil, 40116 end
  wallet.rename(ctx.account, entry, args.new_code)
  return {}
end

function M.unavailable(ctx, args)
  local entry, errcode = entry_of(ctx, args)
  if not entry then return nil, errcode end
  if wallet.status_of(ctx.world, entry) ~= "NORMAL" then return nil, 40127 end
  entry.status = "UNAVAILABLE"
  return {}
end

function M.mark(ctx, args)
  local entry, errcode = entry_of(ctx, args)
  if not entry then return nil, errcode end
  if entry.openid ~= args.openid then return nil, 40003 end
  entry.is_marked = values.flag(args.is_mark)
  return {}
end

-- A card whose codes the account deposits, and which of them are there.
local function deposited(ctx, args)
  local card, errcode = wallet.card(ctx.account, args.card_id)
  if not card then return nil, errcode end
  if not card.deposited then return nil, 40078 end
  local known = {}
  for _, code in ipairs(card.deposited) do known[code] = true end
  for _, entry in ipairs(wallet.state(ctx.account).codes:list()) do
    if entry.card_id == card.card_id then known[entry.code] = true end
  end
  return card, nil, known
end

function M.deposit(ctx, args)
  local card, errcode, known = deposited(ctx, args)
  if not card then return nil, errcode end
  local done, twice, failed = values.list(), values.list(), values.list()
  for _, code in ipairs(shelf.part(args.code, 0, MOST)) do
    if known[code] then twice[#twice + 1] = code
    elseif #card.deposited >= DEPOSITED or #code > 20 or code == "" then failed[#failed + 1] = code
    else
      known[code] = true
      done[#done + 1], card.deposited[#card.deposited + 1] = code, code
    end
  end
  return { errcode = 0, errmsg = "ok", succ_code = done, duplicate_code = twice, fail_code = failed }
end

function M.get_deposit_count(ctx, args)
  local card, errcode = deposited(ctx, args)
  if not card then return nil, errcode end
  return { errcode = 0, errmsg = "ok", count = #card.deposited }
end

function M.check(ctx, args)
  local card, errcode, known = deposited(ctx, args)
  if not card then return nil, errcode end
  local there, absent = values.list(), values.list()
  for _, code in ipairs(args.code) do
    local list = known[code] and there or absent
    list[#list + 1] = code
  end
  return { errcode = 0, errmsg = "ok", exist_code = there, not_exist_code = absent }
end

return M
