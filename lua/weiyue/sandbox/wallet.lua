-- Cards (卡券): what an account has made, and what its users hold. Families card, card_code, card_member work on this.

local event = require "weiyue.sandbox.event"
local ids = require "weiyue.sandbox.ids"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local flag, int, text = values.flag, values.int, values.text

local M = {}

local CARDS <const>, CODES <const>, OFFERS <const> = 500, 5000, 500
local DAY <const> = 86400
local REVIEW <const> = 5 -- seconds
local LOW <const>, WAS_HIGH <const>, ALARM_APART <const> = 100, 200, 12 * 3600 -- of the stock

M.PASSED, M.CHECKING, M.REFUSED = "CARD_STATUS_VERIFY_OK", "CARD_STATUS_NOT_VERIFY", "CARD_STATUS_VERIFY_FAIL"
M.DELETED = "CARD_STATUS_DELETE"

--- What is kept of an account's cards.
function M.state(account)
  account.card = account.card or { cards = shelf.new(CARDS), codes = shelf.new(CODES), by_code = {},
    encrypted = shelf.new(CODES), offers = shelf.new(OFFERS), testers = {} }
  return account.card
end

--- A card of which there are codes: who took one before it was deleted still has it.
---@return table? card { card_id, type, kind, info, status, sku …}
---@return integer? errcode
function M.issued(account, card_id)
  local card = M.state(account).cards:get(tostring(card_id))
  if not card then return nil, 40073 end
  return card
end

--- A card that is there.
---@return table? card as M.issued has it
---@return integer? errcode
function M.card(account, card_id)
  local card = M.issued(account, card_id)
  if not card or card.status == M.DELETED then return nil, 40073 end
  return card
end

--- Its status, once the review has ended.
function M.status(world, card)
  if card.review and world.now() >= card.review.at then card.status, card.review = card.review.status, nil end
  return card.status
end

--- Has a card reviewed.
function M.review(world, account, card)
  local s = M.state(account)
  local reason = s.verdict
  s.verdict = nil
  card.status = M.CHECKING
  card.review = { at = world.now() + REVIEW, status = reason and M.REFUSED or M.PASSED }
  event.send(world, account.appid, nil, reason and "card_not_pass_check" or "card_pass_check",
    { CardId = card.card_id, RefuseReason = reason }, REVIEW)
end

-- Codes -------------------------------------------------------------------------------------------------------

local function key_of(card_id, code) return card_id .. "/" .. code end

--- Whether the account gives this card's codes itself.
function M.is_custom(card) return card.info.base_info.use_custom_code == true end

-- When a card that is taken now is good.
local function validity(card, now)
  local date = card.info.base_info.date_info or {}
  if date.type == "DATE_TYPE_FIX_TIME_RANGE" then return int(date.begin_timestamp), int(date.end_timestamp) end
  if not date.fixed_term then return math.floor(now), nil end
  local from = math.floor(now) + int(date.fixed_begin_term, 0) * DAY
  return from, from + int(date.fixed_term) * DAY
end

local function forget(s, entry)
  s.codes:drop(key_of(entry.card_id, entry.code))
  if s.by_code[entry.code] == entry then s.by_code[entry.code] = nil end
  if entry.encrypt_code then s.encrypted:drop(entry.encrypt_code) end
end

--- Puts a code among those of users.
function M.put(account, entry)
  local s = M.state(account)
  if #s.codes >= CODES then forget(s, s.codes:list()[1]) end
  s.codes:put(key_of(entry.card_id, entry.code), entry)
  s.by_code[entry.code] = entry
  return entry
end

--- Gives a code another number.
function M.rename(account, entry, code)
  forget(M.state(account), entry)
  entry.code, entry.encrypt_code = code, nil
  return M.put(account, entry)
end

--- Who holds a code. A card with codes of the account's own must be named.
---@return table? entry { card_id, code, openid, status, begins, ends?, outer_str, member }
---@return integer? errcode
function M.entry(account, code, card_id)
  local s = M.state(account)
  code, card_id = text(code), text(card_id)
  if not code then return nil, 41013 end
  local entry
  if card_id then entry = s.codes:get(key_of(card_id, code)) else entry = s.by_code[code] end
  if not entry then return nil, 40116 end
  local card, errcode = M.issued(account, entry.card_id)
  if not card then return nil, errcode end
  if not card_id and M.is_custom(card) then return nil, 41012 end
  return entry
end

--- NORMAL, CONSUMED, EXPIRE, GIFTING, DELETE, UNAVAILABLE.
function M.status_of(world, entry)
  if entry.status == "NORMAL" and entry.ends and world.now() >= entry.ends then return "EXPIRE" end
  return entry.status
end

--- Why a code cannot be used.
---@return integer? errcode
function M.unusable(world, entry)
  local status = M.status_of(world, entry)
  if status == "CONSUMED" then return 40099 end
  if status ~= "NORMAL" or world.now() < entry.begins then return 40127 end
end

--- A code as a page gets it that has let the user choose a card.
function M.encrypt(world, account, entry)
  if not entry.encrypt_code then
    entry.encrypt_code = ids.text(world.random, 43) .. "="
    M.state(account).encrypted:put(entry.encrypt_code, entry)
  end
  return entry.encrypt_code
end

-- Taking ------------------------------------------------------------------------------------------------------

local function held_by(account, openid, card_id)
  return M.state(account).codes:list(function(entry)
    return entry.openid == openid and (not card_id or entry.card_id == card_id) and entry.status ~= "DELETE"
  end)
end

--- What a user holds.
---@return table[] entries
function M.of(account, openid, card_id) return held_by(account, openid, card_id) end

local function is_code_taken(account, card_id, code)
  return M.state(account).codes:get(key_of(card_id, code)) ~= nil
end

-- The code of the next one: one of those that the account has deposited, its own, or a number.
local function next_code(world, account, card, own)
  local deposited = card.deposited
  if deposited then
    local code = table.remove(deposited, 1)
    return code, 45031
  end
  if M.is_custom(card) then
    if not own then return nil, 41013 end
    return not is_code_taken(account, card.card_id, own) and own or nil, 40116
  end
  local code
  repeat
    code = ""
    for _, byte in ipairs { world.random(12):byte(1, 12) } do code = code .. byte % 10 end
  until not M.state(account).by_code[code]
  return code
end

local function alarm(world, account, card)
  local now = world.now()
  if card.total <= WAS_HIGH or card.quantity > LOW or now - (card.alarmed or -ALARM_APART) < ALARM_APART then return end
  card.alarmed = now
  event.send(world, account.appid, nil, "card_sku_remind",
    { CardId = card.card_id, Detail = ("the card's quantity is equal to %d"):format(card.quantity) })
end

local function may_take(world, account, card, user)
  local status = M.status(world, card)
  local tests = M.state(account).testers[user.openid] or M.state(account).testers[user.nickname]
  if status ~= M.PASSED and not (tests and status == M.CHECKING) then return 40078 end
  if card.quantity <= 0 then return 45031 end
  local limit = int(card.info.base_info.get_limit)
  if limit and #held_by(account, user.openid, card.card_id) >= limit then return 45033 end
end

local function got(world, account, entry, more)
  local user = world:user(account.appid, entry.openid)
  local fields = { CardId = entry.card_id, IsGiveByFriend = 0, UserCardCode = entry.code, FriendUserName = "",
    OuterId = 0, OldUserCardCode = "", OuterStr = entry.outer_str, IsRestoreMemberCard = 0, IsRecommendByFriend = 0,
    UnionId = user and user.unionid or "" }
  for name, value in pairs(more or {}) do fields[name] = value end
  event.send(world, account.appid, entry.openid, "user_get_card", fields)
end

local function show(world, account, card, entry)
  world:deliver(account.appid, entry.openid, { way = "card", type = "card", card = { card_id = card.card_id,
    code = entry.code, card_type = card.type, title = card.info.base_info.title,
    brand_name = card.info.base_info.brand_name, color = card.info.base_info.color } })
end

--- A user takes a card: from a QR code, a page, an article.
---@param world table
---@param appid string
---@param openid string
---@param card_id string
---@param options? { code?: string, outer_str?: string } as the offer has them
---@return table? entry
---@return integer? errcode 45031 none left, 45033 he has enough, 40078 not reviewed, or its time is over
function M.take(world, appid, openid, card_id, options)
  local account, user = world:account(appid), world:user(appid, openid)
  if not user then return nil, 46004 end
  local card, errcode = M.card(account, card_id)
  if not card then return nil, errcode end
  errcode = may_take(world, account, card, user)
  if errcode then return nil, errcode end
  local begins, ends = validity(card, world.now())
  if ends and ends <= world.now() then return nil, 40078 end
  local code, why = next_code(world, account, card, options and options.code)
  if not code then return nil, why end
  local entry = M.put(account, { card_id = card_id, code = code, openid = openid, status = "NORMAL", begins = begins,
    ends = ends, outer_str = options and options.outer_str or "" })
  card.quantity = card.quantity - 1
  if flag(card.info.auto_activate) then entry.member = { number = code, bonus = 0, balance = 0, fields = {} } end
  got(world, account, entry)
  show(world, account, card, entry)
  alarm(world, account, card)
  return entry
end

local function held(world, appid, openid, code, card_id)
  local account = world:account(appid)
  local entry, errcode = M.entry(account, code, card_id)
  if not entry then return nil, errcode end
  if entry.openid ~= openid then return nil, 40116 end
  return entry, nil, account
end

--- Offers cards at an address of their own.
---@param world table
---@param account table
---@param key string the last part of the address
---@param cards table[] { card_id, code?, openid?, outer_str?, is_unique? }: is_unique is taken once
---@param ends number
---@return string url
function M.offer(world, account, key, cards, ends)
  local url = ("%s/-/card/offer/%s/%s"):format(world.base, account.appid, key)
  M.state(account).offers:put(key, { cards = cards, ends = ends, url = url })
  return url
end

--- What the address in a QR code, or that of a page, offers.
---@param world table
---@param appid string
---@param url string
---@return table[]? cards as M.offer has them
function M.offered(world, appid, url)
  local offer = M.state(world:account(appid)).offers:get(url:match "([%w_%-]+)$" or "")
  return offer and world.now() < offer.ends and offer.cards or nil
end

--- A user takes what is offered to him there.
---@param url string as for M.offered
---@return true?
---@return integer? errcode 40097: nothing is offered; 40003: to others alone; 45031: taken before; those of M.take
function M.take_offered(world, appid, openid, url)
  local cards, is_his = M.offered(world, appid, url), false
  if not cards then return nil, 40097 end
  for _, one in ipairs(cards) do
    if not one.openid or one.openid == openid then
      if one.is_taken then return nil, 45031 end
      local entry, errcode = M.take(world, appid, openid, one.card_id, one)
      if not entry then return nil, errcode end
      is_his, one.is_taken = true, one.is_unique
    end
  end
  if not is_his then return nil, 40003 end
  return true
end

--- A user throws a card away.
---@return true?, integer? errcode
function M.drop(world, appid, openid, card_id, code)
  local entry, errcode = held(world, appid, openid, code, card_id)
  if not entry then return nil, errcode end
  if entry.status == "DELETE" then return nil, 40127 end
  entry.status = "DELETE"
  event.send(world, appid, openid, "user_del_card", { CardId = card_id, UserCardCode = code })
  return true
end

--- A user gives a card to another, who gets a code of his own.
---@return table? entry of the other, integer? errcode
function M.give(world, appid, openid, card_id, code, to)
  local entry, errcode, account = held(world, appid, openid, code, card_id)
  if not entry then return nil, errcode end
  if not world:user(appid, to) then return nil, 46004 end
  errcode = M.unusable(world, entry)
  if errcode then return nil, errcode end
  local card = M.issued(account, card_id)
  local is_own = M.is_custom(card)
  if card.info.base_info.can_give_friend == false then return nil, 40127 end
  event.send(world, appid, openid, "user_gifting_card", { CardId = card_id, UserCardCode = code, IsReturnBack = 0,
    FriendUserName = to, IsChatRoom = 0 })
  local fresh = is_own and code or next_code(world, account, { card_id = card_id, info = card.info })
  M.rename(account, entry, fresh)
  entry.openid = to
  got(world, account, entry, { IsGiveByFriend = 1, FriendUserName = openid, OldUserCardCode = code })
  show(world, account, card, entry)
  return entry
end

--- A user looks at his member card.
---@return true?, integer? errcode
function M.view(world, appid, openid, card_id, code)
  local entry, errcode = held(world, appid, openid, code, card_id)
  if not entry then return nil, errcode end
  event.send(world, appid, openid, "user_view_card",
    { CardId = card_id, UserCardCode = code, OuterStr = entry.outer_str })
  return true
end

--- What wx.chooseCard gives a page: a user's usable cards.
---@return { card_id: string, encrypt_code: string }[]
function M.choose(world, appid, openid, card_id)
  local account, list = world:account(appid), {}
  for _, entry in ipairs(held_by(account, openid, card_id)) do
    if not M.unusable(world, entry) then
      list[#list + 1] = { card_id = entry.card_id, encrypt_code = M.encrypt(world, account, entry) }
    end
  end
  return list
end

return M
