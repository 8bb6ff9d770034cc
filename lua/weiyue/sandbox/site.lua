-- Addresses of WeChat's own that its API gives: articles, offers of cards, questions about invoices, codes of guides.
-- What the phone shows there, and what comes of what the user answers. Pure: open.lua makes pages of it.

local article = require "weiyue.sandbox.article"
local guides = require "weiyue.sandbox.guides"
local values = require "weiyue.sandbox.values"
local wallet = require "weiyue.sandbox.wallet"

local M = {}

---@class weiyue.sandbox.View
---@field title string
---@field lines string[]
---@field buttons { [1]: string, [2]: string }[] what may be answered, and how it is called

-- Titles of invoices that everybody on this phone has; one that he saved is his firm's.
local TITLES <const> = {
  person = { title = "个人" },
  firm = { title = "微月测试有限公司", tax_no = "91000000000000TEST", phone = "020-00000000", addr = "广州市" },
}
local TITLE_BUTTONS <const> = {
  { "person", "个人 / Myself" }, { "firm", "单位 / A company" }, { "refuse", "取消 / Cancel" },
}

local function title_of(world, appid, openid, answer)
  return answer == "firm" and world:user(appid, openid).invoice_title or TITLES[answer]
end

local GONE <const> = { title = "链接无效 / No such link", lines = { "不存在，或者过期了 / it does not exist, or has expired" } }

local function done(...) return { title = "好了 / Done", lines = { ... }, buttons = {} } end
local function refused(errcode)
  local known = require("weiyue.errcodes").of(errcode)
  return { title = "不行 / Refused", lines = { ("%d %s"):format(errcode, known and known.zh or "") }, buttons = {} }
end

-- By the first parts of the path: view(world, appid, key), answer(world, appid, key, openid, answer).
local places = {}

places["card/offer"] = {
  view = function(world, appid, key)
    local offer = wallet.offered(world, appid, key)
    if not offer then return nil end
    local lines = {}
    for i, one in ipairs(offer) do
      local card = wallet.card(world:account(appid), one.card_id)
      local base = card and card.info.base_info
      lines[i] = base and ("%s：%s"):format(base.brand_name, base.title) or one.card_id
    end
    return { title = "领取卡券 / Take a card", lines = lines, buttons = { { "take", "领取 / Take" } } }
  end,
  answer = function(world, appid, key, openid)
    local ok, errcode = wallet.take_offered(world, appid, openid, key)
    if not ok then return refused(errcode) end
    return done "卡券放进了卡包 / it is among your cards"
  end,
}

-- The fields that the form of a card asks for.
local function fields_of(card)
  local list = {}
  for _, part in ipairs { "required_form", "optional_form" } do
    local form = card.form and card.form[part]
    for _, name in ipairs(form and form.common_field_id_list or {}) do list[#list + 1] = values.text(name) end
    for _, name in ipairs(form and form.custom_field_list or {}) do list[#list + 1] = values.text(name) end
  end
  return list
end

places["card/activate"] = {
  view = function(world, appid, card_id)
    local card = wallet.card(world:account(appid), card_id)
    if not card then return nil end
    return { title = "激活会员卡 / Activate", lines = fields_of(card), buttons = { { "submit", "提交 / Submit" } } }
  end,
  answer = function(world, appid, card_id, openid)
    local filled, account = {}, world:account(appid)
    for _, name in ipairs(fields_of(wallet.card(account, card_id))) do
      filled[name] = name:find "MOBILE" and "13000000000" or "测试"
    end
    local entry = wallet.of(account, openid, card_id)[1]
    if not entry then return refused(40116) end
    local members = require "weiyue.sandbox.api.card_member"
    local ticket, errcode = members.submit(world, appid, openid, card_id, entry.code, filled)
    if not ticket then return refused(errcode) end
    return done "资料交给了商户 / the account has your answers"
  end,
}

places["invoice/auth"] = {
  view = function(world, appid, key)
    local order = require("weiyue.sandbox.api.invoice").order(world, appid, key)
    if not order then return nil end
    return { title = "授权开发票 / Allow an invoice", buttons = TITLE_BUTTONS,
      lines = { ("订单 %s：%.2f 元 / order %s"):format(order.id, order.money / 100, order.id) } }
  end,
  answer = function(world, appid, key, openid, answer)
    local invoice = require "weiyue.sandbox.api.invoice"
    local order = invoice.order(world, appid, key)
    local ok, errcode = invoice.authorize(world, appid, openid, { s_pappid = order.pappid, order_id = order.id },
      title_of(world, appid, openid, answer))
    if not ok then return refused(errcode) end
    if type(order.redirect_url) == "string" and order.redirect_url:find "^https?://" then
      return { redirect = order.redirect_url }
    end
    return done "授权了 / allowed"
  end,
}

places["invoice/select"] = {
  view = function(world, appid, key)
    if not require("weiyue.sandbox.api.invoice").is_asked(world, appid, key) then return nil end
    return { title = "选择发票抬头 / Choose a title", lines = {}, buttons = TITLE_BUTTONS }
  end,
  answer = function(world, appid, key, openid, answer)
    local title = title_of(world, appid, openid, answer)
    require("weiyue.sandbox.api.invoice").submit_title(world, appid, openid, title, key)
    return done "抬头交给了商户 / the account has the title"
  end,
}

places["invoice/title"] = {
  view = function(world, appid, key)
    local title = require("weiyue.sandbox.api.invoice").title_to_save(world, appid, key)
    if not title then return nil end
    return { title = "添加发票抬头 / Save a title", lines = { title.title, title.tax_no },
      buttons = { { "save", "保存 / Save" }, { "refuse", "取消 / Cancel" } } }
  end,
  answer = function(world, appid, key, openid)
    local title = require("weiyue.sandbox.api.invoice").title_to_save(world, appid, key)
    if not title.title then -- he fills it in
      for name, value in pairs(TITLES.firm) do title[name] = title[name] or value end
    end
    world:user(appid, openid).invoice_title = title
    return done "抬头存好了 / the title is saved"
  end,
}

places["guide/scan"] = {
  view = function(world, appid, key)
    local code = guides.code(world, appid, key)
    if not code then return nil end
    return { title = "顾问 / Guide", lines = { code.guide.nickname }, buttons = { { "add", "添加 / Add" } } }
  end,
  answer = function(world, appid, key, openid)
    local action, errcode = guides.scan(world, appid, openid, key)
    if not action then return refused(errcode) end
    local words = { "二维码无效 / invalid", "添加了 / added", "早就添加了 / he was before", "有别的顾问了 / another's" }
    return done(words[action])
  end,
}

local function place_of(world, path)
  local what, appid, key = path:match "^/%-/(%a+/%a+)/([%w]+)/([%w_%-]+)$"
  local place = what and places[what]
  if place and world:account(appid) then return place, appid, key end
end

--- What the phone shows; nil: nothing of WeChat's is there.
---@param world table
---@param path string
---@return weiyue.sandbox.View?
function M.view(world, path)
  local place, appid, key = place_of(world, path)
  return place and place.view(world, appid, key)
end

--- What comes of the user's answer.
---@param world table
---@param path string
---@param openid string
---@param answer string of one of the buttons
---@return weiyue.sandbox.View|{ redirect: string }
function M.answer(world, path, openid, answer)
  local place, appid, key = place_of(world, path)
  local view = place and place.view(world, appid, key)
  if not view or not world:user(appid, openid) then return GONE end
  if answer == "refuse" then return done "没有授权 / you refused" end
  for _, button in ipairs(view.buttons) do
    if button[1] == answer then return place.answer(world, appid, key, openid, answer) end
  end
  return GONE
end

M.article = article.of_path

return M
