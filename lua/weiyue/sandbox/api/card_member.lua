-- The sandbox: member cards. A card is activated by the account, or by a form that the user fills in.

local event = require "weiyue.sandbox.event"
local ids = require "weiyue.sandbox.ids"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"
local wallet = require "weiyue.sandbox.wallet"

local flag, int, number, text = values.flag, values.int, values.number, values.text

local M = {}

local TICKETS <const> = 500

local function of_members(card, errcode)
  if not card then return nil, errcode end
  if card.kind ~= "member_card" then return nil, 40078 end
  return card
end

local function member_card(account, card_id) return of_members(wallet.card(account, card_id)) end

-- A member card that somebody holds.
local function held(account, args)
  local entry, errcode = wallet.entry(account, args.code, args.card_id)
  if not entry then return nil, errcode end
  local card
  card, errcode = of_members(wallet.issued(account, entry.card_id))
  if not card then return nil, errcode end
  if entry.status ~= "NORMAL" then return nil, 40127 end
  return entry, nil, card
end

function M.activate(ctx, args)
  local entry, errcode = held(ctx.account, args)
  if not entry then return nil, errcode end
  local bonus, balance = number(args.init_bonus or 0), number(args.init_balance or 0)
  if not bonus or not balance or bonus < 0 or balance < 0 then return nil, 40097 end
  local begins, ends = int(args.activate_begin_time, entry.begins), int(args.activate_end_time, entry.ends)
  if ends and ends <= begins then return nil, 40079 end
  local fields = {}
  for i = 1, 3 do fields[i] = text(args["init_custom_field_value" .. i]) end
  entry.member = { number = args.membership_number, bonus = bonus, balance = balance, fields = fields,
    form = entry.member and entry.member.form or entry.form }
  entry.begins, entry.ends = begins, ends
  return {}
end

function M.unactivate(ctx, args)
  local entry, errcode = held(ctx.account, args)
  if not entry then return nil, errcode end
  if not entry.member then return nil, 40127 end
  entry.member = nil
  return {}
end

function M.activate_get_url(ctx, args)
  local card, errcode = member_card(ctx.account, args.card_id)
  if not card then return nil, errcode end
  return { errcode = 0, errmsg = "ok",
    url = ("%s/-/card/activate/%s/%s"):format(ctx.world.base, ctx.account.appid, card.card_id) }
end

function M.set_activate_user_form(ctx, args)
  local card, errcode = member_card(ctx.account, args.card_id)
  if not card then return nil, errcode end
  card.form = {}
  for _, name in ipairs { "service_statement", "bind_old_card", "required_form", "optional_form" } do
    card.form[name] = values.copy(args[name])
  end
  return {}
end

-- As get_user_info has the fields of a form.
local function form_of(filled)
  local common, custom = values.list(), values.list()
  for name, value in pairs(filled) do
    local list = name:find "^USER_FORM_INFO_FLAG_" and common or custom
    list[#list + 1] = { name = name, value = tostring(value), value_list = values.list() }
  end
  table.sort(common, function(a, b) return a.name < b.name end)
  table.sort(custom, function(a, b) return a.name < b.name end)
  return { common_field_list = common, custom_field_list = custom }
end

--- A user fills in the form. With wx_activate his card is active then; with wx_activate_after_submit a page of the
--- account is opened with the ticket, which activates it.
---@param world table
---@param appid string
---@param openid string
---@param card_id string
---@param code string
---@param filled table<string, string> USER_FORM_INFO_FLAG_MOBILE … and fields of the account's own
---@return string? activate_ticket
---@return integer? errcode 40078: the card has no form, or is active already
function M.submit(world, appid, openid, card_id, code, filled)
  local account = world:account(appid)
  local entry, errcode, card = held(account, { card_id = card_id, code = code })
  if not entry then return nil, errcode end
  if entry.openid ~= openid then return nil, 40116 end
  if not card.form or entry.member then return nil, 40078 end
  local s, ticket = wallet.state(account), ids.text(world.random, 40)
  s.forms = s.forms or shelf.new(TICKETS)
  s.forms:put(ticket, form_of(filled))
  if flag(card.info.wx_activate_after_submit) then
    entry.form = form_of(filled)
  else
    entry.member = { number = code, bonus = 0, balance = 0, fields = {}, form = form_of(filled) }
  end
  event.send(world, appid, openid, "submit_membercard_user_info", { CardId = card_id, UserCardCode = code })
  return ticket
end

function M.activate_temp_info(ctx, args)
  local forms = wallet.state(ctx.account).forms
  local form = forms and forms:get(args.activate_ticket)
  if not form then return nil, 40097 end
  return { errcode = 0, errmsg = "ok", info = values.copy(form) }
end

local PERMITS <const> = { bonus = { "supply_bonus", 43011 }, balance = { "supply_balance", 43010 } }

-- The new value of bonus or balance: a total, or what is added.
local function changed(card, member, args, name)
  local total, added = number(args[name]), number(args["add_" .. name])
  if not total and not added then return member[name] end
  local permit = PERMITS[name]
  if card.info[permit[1]] == false then return nil, permit[2] end
  local value = total or member[name] + added
  if value < 0 then return nil, 40097 end
  return value
end

function M.update_user(ctx, args)
  local entry, errcode, card = held(ctx.account, args)
  if not entry then return nil, errcode end
  local member = entry.member
  if not member then return nil, 40127 end
  local bonus, balance
  bonus, errcode = changed(card, member, args, "bonus")
  if not bonus then return nil, errcode end
  balance, errcode = changed(card, member, args, "balance")
  if not balance then return nil, errcode end
  local by_bonus, by_balance = bonus - member.bonus, balance - member.balance
  member.bonus, member.balance = bonus, balance
  for i = 1, 3 do member.fields[i] = text(args["custom_field_value" .. i]) or member.fields[i] end
  event.send(ctx.world, ctx.account.appid, entry.openid, "update_member_card", { CardId = entry.card_id,
    UserCardCode = entry.code, ModifyBonus = by_bonus, ModifyBalance = by_balance })
  return { errcode = 0, errmsg = "ok", result_bonus = bonus, result_balance = balance, openid = entry.openid }
end

function M.get_user_info(ctx, args)
  local entry, errcode = wallet.entry(ctx.account, args.code, args.card_id)
  if not entry then return nil, errcode end
  local card
  card, errcode = of_members(wallet.issued(ctx.account, entry.card_id))
  if not card then return nil, errcode end
  local user, member = ctx.world:user(ctx.account.appid, entry.openid), entry.member or {}
  return { errcode = 0, errmsg = "ok", openid = entry.openid, nickname = user and user.nickname or "",
    membership_number = member.number or "", bonus = member.bonus or 0, balance = member.balance or 0, sex = "UNKNOWN",
    user_info = values.copy(member.form or entry.form) or form_of {}, has_active = entry.member ~= nil,
    user_card_status = wallet.status_of(ctx.world, entry) }
end

return M
