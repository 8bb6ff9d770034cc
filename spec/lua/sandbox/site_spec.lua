-- The pages behind the addresses that the fake WeChat gives.
local platforms = require "spec.support.platform"
local site = require "weiyue.sandbox.site"

local APPID <const> = platforms.APPID

describe("weiyue.sandbox.site", function()
  local wechat, openid
  before_each(function()
    wechat = platforms.new()
    openid = wechat:user "小明"
  end)

  local function path(url) return url:match "^http://[^/]+(.*)$" end
  local function press(url, answer)
    local view = site.answer(wechat.world, path(url), openid, answer)
    local pushed = wechat:pushed()
    return view, pushed[#pushed]
  end

  local function card(kind, inner)
    local info = { base_info = { logo_url = "u", brand_name = "小店", code_type = "CODE_TYPE_TEXT", title = "九折",
      color = "Color010", notice = "出示", description = "说明", sku = { quantity = 1 },
      date_info = { type = "DATE_TYPE_FIX_TERM", fixed_term = 30 } } }
    for name, value in pairs(inner or {}) do info[name] = value end
    local id = wechat:ok("card.create", { card = { card_type = kind:upper(), [kind] = info } }).card_id
    wechat:pushed(5)
    return id
  end

  local function offer(id)
    return wechat:ok("card.create_qrcode", { action_name = "QR_CARD", action_info = { card = { card_id = id } } }).url
  end

  it("offers cards, which are taken at a press", function()
    local url = offer(card("gift", { gift = "茶" }))
    assert.are.same({ "小店：九折" }, site.view(wechat.world, path(url)).lines)
    local _, event = press(url, "take")
    assert.are.equal("user_get_card", event.Event)
    local view, again = press(url, "take")
    assert.is_nil(again)
    assert.is_truthy(view.lines[1]:find "^45031")
  end)

  it("activates member cards by their form", function()
    local id = card("member_card", { wx_activate = true })
    wechat:ok("card_member.set_activate_user_form", { card_id = id,
      required_form = { rich_field_list = {}, common_field_id_list = { "USER_FORM_INFO_FLAG_MOBILE", {} }, custom_field_list = {} } })
    local url = wechat:ok("card_member.activate_get_url", { card_id = id }).url
    assert.are.same({ "USER_FORM_INFO_FLAG_MOBILE" }, site.view(wechat.world, path(url)).lines)
    assert.is_nil(select(2, press(url, "submit")))
    press(offer(id), "take")
    assert.are.equal("submit_membercard_user_info", select(2, press(url, "submit")).Event)
  end)

  it("asks about invoices, and goes back to the account's page", function()
    wechat:ok("invoice.set_contact", { contact = { phone = "13000000000", time_out = 12345 } })
    local pappid = wechat:ok "invoice.set_url".invoice_url:match "s_pappid=(.+)"
    local url = wechat:ok("invoice.get_auth_url", { s_pappid = pappid, order_id = "O1", money = 100, timestamp = 1788000000,
      source = "web", ticket = wechat:ok "jssdk.get_card_ticket".ticket, type = 1, redirect_url = "https://wx.example.cn/done" }).auth_url
    assert.are.equal(0, #select(1, press(url, "refuse")).buttons)
    local view, event = press(url, "firm")
    assert.are.equal("https://wx.example.cn/done", view.redirect)
    assert.are.equal("user_authorize_invoice", event.Event)
    assert.is_string(wechat:ok("invoice.get_auth_data", { s_pappid = pappid, order_id = "O1" }).user_auth_info.biz_field.tax_no)
    url = wechat:ok("invoice.get_select_title_url", { attach = "a", biz_name = "小店" }).url
    assert.are.equal("个人", select(2, press(url, "person")).title)
  end)

  it("saves a title of invoices, which the user gives from then on", function()
    local url = wechat:ok("invoice.get_user_title_url", { user_fill = 0, title = "小明公司", tax_no = "91" }).url
    assert.are.same({ "小明公司", "91" }, site.view(wechat.world, path(url)).lines)
    local select_url = wechat:ok("invoice.get_select_title_url", { biz_name = "小店" }).url
    assert.are.equal("微月测试有限公司", select(2, press(select_url, "firm")).title)
    press(url, "refuse")
    assert.are.equal("微月测试有限公司", select(2, press(select_url, "firm")).title)
    press(url, "save")
    local event = select(2, press(select_url, "firm"))
    assert.are.same({ "小明公司", "91" }, { event.title, event.tax_no })
    press(wechat:ok("invoice.get_user_title_url", { user_fill = 1, phone = "020-1" }).url, "save")
    event = select(2, press(select_url, "firm"))
    assert.are.same({ "微月测试有限公司", "020-1" }, { event.title, event.phone })
  end)

  it("offers a card in an article", function()
    local id = card("gift", { gift = "茶" })
    local function source() return wechat:ok("card.get_mpnews_html", { card_id = id }).content:match 'data%-src="(.-)"' end
    local url = source()
    assert.are.equal(url, source())
    assert.are.equal("user_get_card", select(2, press(url, "take")).Event)
  end)

  it("offers a card to whom the code is for", function()
    local id = card("gift", { gift = "茶" })
    local other = wechat:user "小红"
    local url = wechat:ok("card.create_qrcode",
      { action_name = "QR_CARD", action_info = { card = { card_id = id, openid = other } } }).url
    local view, event = press(url, "take")
    assert.is_nil(event)
    assert.is_truthy(view.lines[1]:find "^40003")
    openid = other
    assert.are.equal("user_get_card", select(2, press(url, "take")).Event)
  end)

  it("adds guides", function()
    wechat:ok("guide.add", { guide_account = "wxtest_a", guide_nickname = "甲" })
    local url = wechat:ok("guide.create_qrcode", { guide_account = "wxtest_a" }).qrcode_url
    assert.are.same({ "甲" }, site.view(wechat.world, path(url)).lines)
    assert.are.equal(2, select(2, press(url, "add")).GuideScanEvent.action)
  end)

  it("has articles until they are deleted", function()
    local draft = wechat:ok("draft.add", { articles = { { title = "标题", content = "正文", thumb_media_id = wechat:picture() } } })
    wechat:ok("publish.submit", { media_id = draft.media_id })
    local info = wechat:pushed(3)[1].PublishEventInfo
    local url = info.article_detail.item[1].article_url
    assert.are.equal("标题", site.article(wechat.world, path(url)).title)
    local news = wechat:ok("media.upload_news", { articles = { { title = "标 题", content = "正文", thumb_media_id = wechat:picture() } } })
    wechat:ok("message_mass.sendall", { filter = { is_to_all = true }, mpnews = { media_id = news.media_id }, msgtype = "mpnews",
      send_ignore_reprint = 1 })
    local sent = site.article(wechat.world, path(wechat:pushed(1)[1].ArticleUrlResult.ResultList.item[1].ArticleUrl))
    assert.are.same({ "标 题", "" }, { sent.title, sent.author })
    wechat:ok("publish.delete", { article_id = info.article_id })
    assert.is_nil(site.article(wechat.world, path(url)))
  end)

  it("knows no other address, account, user or answer", function()
    local url = offer(card("gift", { gift = "茶" }))
    assert.is_nil(site.view(wechat.world, "/-/card/offer/" .. APPID .. "/nothing"))
    assert.is_nil(site.view(wechat.world, "/-/card/offer/nobody/nothing"))
    assert.is_nil(site.view(wechat.world, "/-/state"))
    local gone = site.answer(wechat.world, "/-/state", openid, "take").title
    assert.are.equal(gone, select(1, press(url, "other")).title)
    assert.are.equal(gone, site.answer(wechat.world, path(url), "oTestNobody", "take").title)
  end)
end)
