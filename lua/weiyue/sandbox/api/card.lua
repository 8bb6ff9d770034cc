-- The sandbox: cards of an account. Each is reviewed before users can take it; so is one whose words have changed.

local ids = require "weiyue.sandbox.ids"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"
local wallet = require "weiyue.sandbox.wallet"

local flag, int, text = values.flag, values.int, values.text

local M = {
  -- What users do; wallet.lua tells.
  take = wallet.take, drop = wallet.drop, give = wallet.give, view = wallet.view, choose = wallet.choose,
  offered = wallet.offered,
}

local TITLE <const>, BRAND <const>, NOTICE <const> = 27, 36, 48 -- bytes
local STOCK <const> = 100000000
local TESTERS <const> = 10
local QR <const> = 365 * 86400 -- seconds, where nothing else is said
local OWN_REVIEW <const> = { title = true, brand_name = true, logo_url = true, notice = true, description = true,
                             sub_title = true }

-- Colours of cards, as WeChat names them.
local COLORS <const> = {
  { "Color010", "#63b359" }, { "Color020", "#2c9f67" }, { "Color030", "#509fc9" }, { "Color040", "#5885cf" },
  { "Color050", "#9062c0" }, { "Color060", "#d09a45" }, { "Color070", "#e4b138" }, { "Color080", "#ee903c" },
  { "Color081", "#f08500" }, { "Color082", "#a9d92d" }, { "Color090", "#dd6549" }, { "Color100", "#cc463d" },
  { "Color101", "#cf3e36" }, { "Color102", "#5e6671" },
}
local is_color = {}
for _, color in ipairs(COLORS) do is_color[color[1]] = true end

local CODE_TYPES <const> = {
  CODE_TYPE_TEXT = true, CODE_TYPE_BARCODE = true, CODE_TYPE_QRCODE = true, CODE_TYPE_ONLY_QRCODE = true,
  CODE_TYPE_ONLY_BARCODE = true, CODE_TYPE_NONE = true,
}

-- When a card is good.
local dates = {}

function dates.DATE_TYPE_FIX_TIME_RANGE(date)
  local from, to = int(date.begin_timestamp), int(date.end_timestamp)
  return from and to and from < to
end

function dates.DATE_TYPE_FIX_TERM(date) return int(date.fixed_term, 0) > 0 and int(date.fixed_begin_term, 0) >= 0 end
function dates.DATE_TYPE_PERMANENT(_, kind) return kind == "member_card" end

--- The review refuses the next card.
---@param world table
---@param appid string
---@param reason string
function M.refuse_next(world, appid, reason) wallet.state(world:account(appid)).verdict = reason end

local WORDS <const> = { "title", "brand_name", "notice", "logo_url", "description" }

local function fault(base, kind, now)
  for _, name in ipairs(WORDS) do
    if not text(base[name]) then return 40035, "invalid parameter: " .. name end
  end
  if #tostring(base.title) > TITLE or #tostring(base.brand_name) > BRAND or #tostring(base.notice) > NOTICE then
    return 45021
  end
  if not is_color[base.color] then return 40035, "invalid parameter: color" end
  if not CODE_TYPES[base.code_type] then return 40035, "invalid parameter: code_type" end
  local date = base.date_info
  local check = type(date) == "table" and dates[date.type]
  if not check or not check(date, kind) then return 40079 end
  if date.end_timestamp and int(date.end_timestamp) <= now then return 40079 end
  local quantity = int(base.sku.quantity, 0)
  if quantity <= 0 or quantity > STOCK then return 40122 end
end

function M.create(ctx, args)
  local own, now = args.card, math.floor(ctx.world.now())
  local kind = tostring(own.card_type):lower()
  local info = values.copy(own[kind])
  if type(info) ~= "table" or type(info.base_info) ~= "table" then return nil, 41011 end
  local errcode, errmsg = fault(info.base_info, kind, now)
  if errcode then return nil, errcode, errmsg end
  local card = { card_id = "p" .. ids.text(ctx.world.random, 27), type = own.card_type, kind = kind, info = info,
    quantity = int(info.base_info.sku.quantity), created = now, updated = now }
  card.total = card.quantity
  if info.base_info.get_custom_code_mode == "GET_CUSTOM_CODE_MODE_DEPOSIT" then card.deposited = {} end
  wallet.state(ctx.account).cards:put(card.card_id, card)
  wallet.review(ctx.world, ctx.account, card)
  return { errcode = 0, errmsg = "ok", card_id = card.card_id }
end

function M.get(ctx, args)
  local card, errcode = wallet.card(ctx.account, args.card_id)
  if not card then return nil, errcode end
  local info = values.copy(card.info)
  local base = info.base_info
  base.id, base.status = card.card_id, wallet.status(ctx.world, card)
  base.sku = { quantity = card.quantity, total_quantity = card.total }
  base.create_time, base.update_time, base.appid = card.created, card.updated, ctx.account.appid
  return { errcode = 0, errmsg = "ok", card = { card_type = card.type, [card.kind] = info } }
end

function M.batch_get(ctx, args)
  local wanted = {}
  for _, status in ipairs(type(args.status_list) == "table" and args.status_list or {}) do wanted[status] = true end
  local all = wallet.state(ctx.account).cards:list(function(card)
    local status = wallet.status(ctx.world, card)
    return status ~= wallet.DELETED and (next(wanted) == nil or wanted[status])
  end)
  local list = values.list()
  for i, card in ipairs(shelf.part(all, int(args.offset, 0), int(args.count, 50))) do list[i] = card.card_id end
  return { errcode = 0, errmsg = "ok", card_id_list = list, total_num = #all }
end

function M.update(ctx, args)
  local card, errcode = wallet.card(ctx.account, args.card_id)
  if not card then return nil, errcode end
  local changes = args[card.kind]
  if type(changes) ~= "table" then return nil, 40035, "invalid parameter: card_type" end
  if changes.base_info ~= nil and type(changes.base_info) ~= "table" then return nil, 47001 end
  local info = values.merge(values.copy(card.info), changes)
  info.base_info.sku = card.info.base_info.sku -- that is modify_stock's
  local errmsg
  errcode, errmsg = fault(info.base_info, card.kind, ctx.world.now())
  if errcode then return nil, errcode, errmsg end
  local must_check = false
  for name in pairs(type(changes.base_info) == "table" and changes.base_info or {}) do
    must_check = must_check or OWN_REVIEW[name] == true
  end
  card.info, card.updated = info, math.floor(ctx.world.now())
  if must_check then wallet.review(ctx.world, ctx.account, card) end
  return { errcode = 0, errmsg = "ok", send_check = must_check }
end

function M.modify_stock(ctx, args)
  local card, errcode = wallet.card(ctx.account, args.card_id)
  if not card then return nil, errcode end
  local more, less = int(args.increase_stock_value, 0), int(args.reduce_stock_value, 0)
  local change = more - less
  local quantity = card.quantity + change
  if more < 0 or less < 0 or change == 0 or quantity < 0 or quantity > STOCK then return nil, 40122 end
  card.quantity, card.total = quantity, card.total + change
  return {}
end

M["delete"] = function(ctx, args)
  local card, errcode = wallet.card(ctx.account, args.card_id)
  if not card then return nil, errcode end
  card.status, card.review = wallet.DELETED, nil
  return {}
end

function M.set_paycell(ctx, args)
  local card, errcode = wallet.card(ctx.account, args.card_id)
  if not card then return nil, errcode end
  card.info.base_info.is_pay_and_qrcode = flag(args.is_open)
  return {}
end

-- No document says how card/get shows this.
function M.set_selfconsumecell(ctx, args)
  local card, errcode = wallet.card(ctx.account, args.card_id)
  if not card then return nil, errcode end
  card.self_consume = { is_open = flag(args.is_open), need_verify_cod = flag(args.need_verify_cod),
    need_remark_amount = flag(args.need_remark_amount) }
  return {}
end

-- What a QR code or a page offers: cards as wallet.offer wants them.
local function offers(ctx, list)
  local out = {}
  for i, one in ipairs(list) do
    if type(one) ~= "table" then return nil, 47001 end
    local card, errcode = wallet.card(ctx.account, one.card_id)
    if not card then return nil, errcode end
    if wallet.is_custom(card) and not card.deposited and not text(one.code) then return nil, 41013 end
    out[i] = { card_id = one.card_id, code = text(one.code), openid = text(one.openid),
      outer_str = text(one.outer_str) or text(one.outer_id), is_unique = flag(one.is_unique_code) }
  end
  return out
end

function M.create_qrcode(ctx, args)
  local action = args.action_info
  local list = args.action_name == "QR_CARD" and { action.card }
    or type(action.multiple_card) == "table" and action.multiple_card.card_list
  if type(list) ~= "table" or #list == 0 then return nil, 40053 end
  local cards, errcode = offers(ctx, list)
  if not cards then return nil, errcode end
  local seconds = int(args.expire_seconds, QR)
  local ticket = ids.text(ctx.world.random, 60)
  local url = wallet.offer(ctx.world, ctx.account, ticket, cards, ctx.world.now() + seconds)
  return { errcode = 0, errmsg = "ok", ticket = ticket, expire_seconds = seconds, url = url,
    show_qrcode_url = ("%s/cgi-bin/showqrcode?ticket=%s"):format(ctx.world.base, ticket) }
end

-- An address that stays.
local function page(ctx, cards)
  return wallet.offer(ctx.world, ctx.account, ids.text(ctx.world.random, 24), cards, math.huge)
end

function M.create_landing_page(ctx, args)
  local cards, errcode = offers(ctx, args.card_list)
  if not cards then return nil, errcode end
  local s = wallet.state(ctx.account)
  s.pages = (s.pages or 0) + 1
  return { errcode = 0, errmsg = "ok", page_id = s.pages, url = page(ctx, cards) }
end

function M.get_mpnews_html(ctx, args)
  local cards, errcode = offers(ctx, { args })
  if not cards then return nil, errcode end
  local card = wallet.card(ctx.account, args.card_id)
  if not card.page or not wallet.offered(ctx.world, ctx.account.appid, card.page) then card.page = page(ctx, cards) end
  return { errcode = 0, errmsg = "ok", content = ('<iframe class="res_iframe card_iframe js_editor_card" '
    .. 'data-src="%s"></iframe>'):format(card.page) }
end

function M.set_test_whitelist(ctx, args)
  local testers, n = {}, 0
  for _, list in ipairs { args.openid or {}, args.username or {} } do
    for _, who in ipairs(list) do
      if not testers[who] then testers[who], n = true, n + 1 end
    end
  end
  if n > TESTERS then return nil, 45019 end
  wallet.state(ctx.account).testers = testers
  return {}
end

function M.get_user_card_list(ctx, args)
  if not ctx.world:user(ctx.account.appid, args.openid) then return nil, 40003 end
  local list = values.list()
  for _, entry in ipairs(wallet.of(ctx.account, args.openid, text(args.card_id))) do
    if not wallet.unusable(ctx.world, entry) then list[#list + 1] = { code = entry.code, card_id = entry.card_id } end
  end
  return { errcode = 0, errmsg = "ok", card_list = list, has_share_card = false }
end

function M.get_colors()
  local list = values.list()
  for i, color in ipairs(COLORS) do list[i] = { name = color[1], value = color[2] } end
  return { errcode = 0, errmsg = "ok", colors = list }
end

return M
