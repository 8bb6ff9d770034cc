-- Cards and invoices in the hands of pages: wx.addCard, wx.chooseCard, wx.chooseInvoice.
local codec = require "weiyue.codec"
local json = require "weiyue.json"
local platforms = require "spec.support.platform"
local purse = require "weiyue.sandbox.purse"

local APPID <const> = platforms.APPID

describe("weiyue.sandbox.purse", function()
  local wechat, openid, account, ticket, id
  before_each(function()
    wechat = platforms.new()
    openid, account = wechat:user "小明", wechat.world:account(APPID)
    ticket = wechat:ok "jssdk.get_card_ticket".ticket
    id = wechat:ok("card.create", { card = { card_type = "GIFT", gift = { gift = "茶", base_info = { logo_url = "u",
      brand_name = "小店", code_type = "CODE_TYPE_TEXT", title = "九折", color = "Color010", notice = "出示", description = "说明",
      sku = { quantity = 1 }, date_info = { type = "DATE_TYPE_FIX_TERM", fixed_term = 30 } } } } }).card_id
    wechat:pushed(5)
  end)

  local function call(api, options) return purse.call(wechat.world, account, openid, api, options) end

  local function add(more, signed_with)
    local ext = { timestamp = "1788000000", nonce_str = "n", code = "", openid = "" }
    for name, value in pairs(more or {}) do ext[name] = value end
    ext.signature = codec.card_sign { signed_with or ticket, ext.timestamp, id, ext.code, ext.openid, ext.nonce_str }
    return call("addCard", { cardList = { { cardId = id, cardExt = json.encode(ext) } } })
  end

  local function choose(api, more, signed_with)
    local options = { timestamp = 1788000000, nonceStr = "n", shopId = "", cardId = "", cardType = "" }
    for name, value in pairs(more or {}) do options[name] = value end
    options.cardSign = codec.card_sign { signed_with or ticket, APPID, options.shopId, "1788000000", "n", options.cardId,
      options.cardType }
    return call(api, options)
  end

  it("takes a card whose signature is right", function()
    assert.are.same({ nil, "invalid signature of cardExt" }, { add(nil, "wxtestticket") })
    assert.are.same({ nil, "the card is for another user" }, { add { openid = "oTestOther" } })
    local taken = assert(add { outer_str = "page" })[1]
    assert.are.equal("page", wechat:pushed()[1].OuterStr)
    assert.is_string(wechat:ok("card_code.decrypt", { encrypt_code = taken.code }).code)
    assert.are.same({ nil, "the card cannot be taken: 45031" }, { add() })
  end)

  it("shows what the user has, of one card or of all", function()
    assert.are.same({ nil, "the user has no such card" }, { choose "chooseCard" })
    add()
    assert.are.equal(id, choose("chooseCard", { cardId = id })[1].card_id)
    assert.are.equal(1, #choose "chooseCard")
    assert.are.same({ nil, "the user has no such card" }, { choose("chooseCard", { cardId = "pwxtest" }) })
    assert.are.same({ nil, "invalid signature" }, { choose("chooseCard", nil, "wxtestticket") })
  end)

  it("shows invoices, for a signature over nothing but their kind", function()
    local sign = codec.card_sign { ticket, APPID, "1788000000", "n", "INVOICE" }
    local function invoices() return call("chooseInvoice", { timestamp = "1788000000", nonceStr = "n", cardSign = sign }) end
    assert.are.same({ nil, "the user has no invoice" }, { invoices() })
    assert(require("weiyue.sandbox.invoices").add(wechat.world,
      { issuer = platforms.OTHER, openid = openid, card_id = id, order_id = "O1", data = { billing_code = "1", billing_no = "1" } }))
    assert.are.equal(platforms.OTHER, invoices()[1].app_id)
  end)

  it("does nothing else", function()
    assert.are.same({ nil, "no such call" }, { call("openCard", {}) })
    assert.are.same({ nil, "no such call" }, { call("addCard", "x") })
    assert.are.same({ nil, "cardList is empty" }, { call("addCard", {}) })
    assert.are.same({ nil, "cardExt is no JSON" }, { call("addCard", { cardList = { { cardId = id, cardExt = "x" } } }) })
    openid = "oTestNobody"
    assert.are.same({ nil, "no such user" }, { call("addCard", { cardList = {} }) })
  end)
end)
