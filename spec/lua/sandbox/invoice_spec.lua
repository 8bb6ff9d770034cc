-- Electronic invoices of the fake WeChat.
local invoice = require "weiyue.sandbox.api.invoice"
local platforms = require "spec.support.platform"

local APPID <const>, OTHER <const> = platforms.APPID, platforms.OTHER
local INIT <const>, LOCK <const>, CLOSURE <const> =
  "INVOICE_REIMBURSE_INIT", "INVOICE_REIMBURSE_LOCK", "INVOICE_REIMBURSE_CLOSURE"

describe("weiyue.sandbox: invoices", function()
  local wechat, openid, card_id, pappid, order
  before_each(function()
    wechat = platforms.new()
    openid = wechat:user "小明"
    pappid = wechat:ok "invoice.set_url".invoice_url:match "s_pappid=(.+)"
    order = { s_pappid = pappid, order_id = "O1" }
  end)

  local function auth_url(id, more)
    local args = { s_pappid = pappid, order_id = id or "O1", money = 100, timestamp = 1788000000, source = "web",
      ticket = wechat:ok "jssdk.get_card_ticket".ticket, type = 1 }
    for name, value in pairs(more or {}) do args[name] = value end
    return wechat:call("invoice.get_auth_url", args)
  end

  local function set_contact() wechat:ok("invoice.set_contact", { contact = { phone = "13000000000", time_out = 12345 } }) end

  -- As far as the user's permission.
  local function authorised(id)
    set_contact()
    auth_url(id)
    assert(invoice.authorize(wechat.world, APPID, openid, { s_pappid = pappid, order_id = id or "O1" }))
  end

  local function insert(number, id, issuer, appid)
    card_id = card_id or wechat:ok("invoice.create_card",
      { invoice_info = { base_info = { logo_url = "u", title = "小店" }, type = "增值税普通发票", payee = "小店" } }, issuer).card_id
    local pdf = wechat:ok("invoice.set_pdf", { pdf = { data = "%PDF-1.4", filename = "a.pdf" } }, issuer).s_media_id
    return wechat:call("invoice.insert", { order_id = id or "O1", card_id = card_id, appid = appid or APPID, card_ext = { nonce_str = "n",
      user_card = { invoice_user_data = { fee = 100, title = "个人", billing_time = 1788000000, billing_no = number or "1",
        billing_code = "150003521055", fee_without_tax = 90, tax = 10, s_pdf_media_id = pdf } } } }, issuer)
  end
  before_each(function() card_id = nil end)

  it("need a contact before a user can be asked", function()
    assert.are.equal(72063, auth_url().errcode)
    set_contact()
    assert.are.equal("13000000000", wechat:ok "invoice.get_contact".contact.phone)
    local key = auth_url().auth_url:match "([^/]+)$"
    assert.are.equal("O1", invoice.order(wechat.world, APPID, key).id)
  end)

  it("are authorised by the user, and an event tells", function()
    set_contact()
    auth_url()
    assert.are.equal(72038, wechat:errcode("invoice.get_auth_data", order))
    assert(invoice.authorize(wechat.world, APPID, openid, order, { title = "小明公司", tax_no = "91" }))
    local event = wechat:pushed()[1]
    assert.are.same({ "user_authorize_invoice", "O1", openid }, { event.Event, event.SuccOrderId, event.FromUserName })
    assert.are.equal("91", wechat:ok("invoice.get_auth_data", order).user_auth_info.biz_field.tax_no)
  end)

  it("are asked for with the account's card ticket, to an issuer that there is", function()
    set_contact()
    assert.are.equal(72031, auth_url("O1", { ticket = "wxtestticket" }).errcode)
    assert.are.equal(72031, auth_url("O1", { s_pappid = "dwxtest" }).errcode)
    local other = wechat:ok("invoice.set_url", nil, OTHER).invoice_url:match "s_pappid=(.+)"
    assert.is_string(auth_url("O1", { s_pappid = other }).auth_url)
  end)

  it("are authorised once, by one user", function()
    authorised()
    wechat:pushed()
    local other = wechat:user "小红"
    assert.are.same({ nil, 72024 }, { invoice.authorize(wechat.world, APPID, other, order) })
    assert.are.equal(0, #wechat:pushed())
    auth_url("O1", { money = 5, type = 2 })
    assert.are.equal(100, wechat.world:account(APPID).invoice.orders:list()[1].money)
    assert.are.equal(openid, insert().openid)
    authorised "O2"
    wechat:ok("invoice.reject_insert", { s_pappid = pappid, order_id = "O2", reason = "退货" })
    assert.are.same({ nil, 72035 }, { invoice.authorize(wechat.world, APPID, openid,
      { s_pappid = pappid, order_id = "O2" }) })
    assert.are.equal("reject insert", wechat:ok("invoice.get_auth_data", { s_pappid = pappid, order_id = "O2" }).invoice_status)
  end)

  it("of an account are issued by the platform that it named", function()
    set_contact()
    local function as_platform(key, args) return wechat:ok(key, args, OTHER) end
    pappid = as_platform "invoice.set_url".invoice_url:match "s_pappid=(.+)"
    auth_url()
    order.s_pappid = pappid
    assert(invoice.authorize(wechat.world, APPID, openid, order))
    assert.are.equal(72038, insert(nil, nil, OTHER, OTHER).errcode)
    assert.are.equal(40013, insert(nil, nil, OTHER, "wxtestnobody").errcode)
    assert.are.equal(openid, insert(nil, nil, OTHER).openid)
    assert.are.equal("invoice", wechat.world:received(APPID, openid)[1].type)
    assert.are.equal(OTHER, invoice.choose(wechat.world, openid)[1].app_id)
    auth_url "O2"
    assert(invoice.authorize(wechat.world, APPID, openid, { s_pappid = pappid, order_id = "O2" }))
    card_id = nil
    wechat.world:account(OTHER).invoice.pappid = "dwxtest"
    assert.are.equal(72038, insert("2", "O2", OTHER).errcode)
  end)

  it("are inserted once for each order, with a number of their own", function()
    assert.are.equal(72038, insert().errcode)
    authorised()
    assert.are.equal(openid, insert().openid)
    assert.are.equal("invoice", wechat.world:received(APPID, openid)[1].type)
    assert.are.equal(72018, insert("2").errcode)
    authorised "O2"
    assert.are.equal(72042, insert("1", "O2").errcode)
    authorised "O3"
    wechat:ok("invoice.reject_insert", { s_pappid = pappid, order_id = "O3", reason = "退货" })
    assert.are.equal(72035, insert("3", "O3").errcode)
  end)

  it("have a PDF that is one", function()
    assert.are.equal(72040, wechat:errcode("invoice.set_pdf", { pdf = { data = "text", filename = "a.pdf" } }))
    local id = wechat:ok("invoice.set_pdf", { pdf = { data = "%PDF-1.4", filename = "a.pdf" } }).s_media_id
    local url = wechat:ok("invoice.get_pdf", { s_media_id = id }).pdf_url
    local file = require("weiyue.sandbox.api").handle(wechat.world, { method = "GET", path = url:match "^http://[^/]+(.*)" })
    assert.are.same({ 200, "application/pdf", "%PDF-1.4" }, { file.status, file.headers["content-type"], file.body })
    wechat:pushed(3 * 86400)
    assert.are.equal(40007, wechat:errcode("invoice.get_pdf", { s_media_id = id }))
  end)

  describe("of a user", function()
    local item
    before_each(function()
      authorised()
      insert()
      wechat:pushed()
      local chosen = invoice.choose(wechat.world, openid)[1]
      item = { card_id = chosen.card_id, encrypt_code = chosen.encrypt_code }
    end)

    local function set(status, appid)
      return wechat:errcode("invoice.update_invoice_status",
        { card_id = item.card_id, encrypt_code = item.encrypt_code, reimburse_status = status }, appid)
    end

    it("are locked and reimbursed by another account; the issuer hears of it", function()
      assert.are.equal(INIT, wechat:ok("invoice.get_invoice_info", item, OTHER).user_info.reimburse_status)
      assert.are.equal(0, set(LOCK, OTHER))
      local event = wechat:pushed()[1]
      assert.are.same({ "update_invoice_status", LOCK, item.card_id }, { event.Event, event.Status, event.CardId })
      assert.are.equal(72023, set(LOCK, APPID))
      assert.are.equal(72023, set(INIT, APPID))
      assert.are.equal(0, set(LOCK, OTHER))
      assert.are.equal(0, #wechat:pushed())
      assert.are.equal(0, set(INIT, OTHER))
      assert.are.equal(0, set(LOCK, APPID))
      assert.are.equal(0, set(CLOSURE, APPID))
      assert.are.equal(72024, set(INIT, APPID))
      assert.are.equal(0, #invoice.choose(wechat.world, openid))
      assert.are.equal(40133, wechat:errcode("invoice.get_invoice_info", { card_id = item.card_id, encrypt_code = "wxtest" }))
    end)

    it("change together, or none does", function()
      authorised "O2"
      insert("2", "O2")
      local second = invoice.choose(wechat.world, openid)[2]
      second = { card_id = second.card_id, encrypt_code = second.encrypt_code }
      set(LOCK, OTHER)
      local function batch(status, appid, who)
        return wechat:errcode("invoice.update_status_batch",
          { openid = who or openid, reimburse_status = status, invoice_list = { second, item } }, appid)
      end
      assert.are.equal(72023, batch(LOCK, APPID))
      assert.are.equal(INIT, wechat:ok("invoice.get_invoice_batch", { item_list = { second } }).item_list[1].user_info.reimburse_status)
      assert.are.equal(72015, batch(LOCK, OTHER, wechat:user "小红"))
      assert.are.equal(0, batch(CLOSURE, OTHER))
      assert.are.equal(72024, batch(CLOSURE, OTHER))
    end)

    it("are not taken by their issuer from who has locked them", function()
      local code = wechat.world.invoices.encrypted:get(item.encrypt_code).code
      local function issuer(status)
        return wechat:errcode("invoice.update_status", { card_id = item.card_id, code = code, reimburse_status = status })
      end
      assert.are.equal(0, set(LOCK, OTHER))
      for _, status in ipairs { INIT, LOCK, CLOSURE } do assert.are.equal(72023, issuer(status)) end
      assert.are.equal(0, set(INIT, OTHER))
      assert.are.equal(0, issuer(LOCK))
      assert.are.equal(72023, set(LOCK, OTHER))
      assert.are.equal(0, issuer(CLOSURE))
      assert.are.equal(72024, issuer(INIT))
    end)

    it("are cancelled by their issuer alone, be they locked", function()
      local code = wechat.world.invoices.encrypted:get(item.encrypt_code).code
      assert.are.equal(0, set(LOCK, OTHER))
      local cancel = { card_id = item.card_id, code = code, reimburse_status = "INVOICE_REIMBURSE_CANCEL" }
      assert.are.equal(72015, wechat:errcode("invoice.update_status", cancel, OTHER))
      wechat:ok("invoice.update_status", cancel)
      assert.are.equal(72024, set(LOCK, OTHER))
    end)
  end)

  it("are made out by a platform, and an event tells the result", function()
    local own = { wxopenid = openid, ddh = "D1", fpqqlsh = "F1", nsrsbh = "N1", nsrmc = "小店", nsrdz = "地址", nsrdh = "电话",
      nsrbank = "银行", nsrbankid = "1", ghfmc = "小明", kpr = "甲", jshj = "1.00", hjje = "0.90", hjse = "0.10", hylx = "0",
      invoicedetail_list = { { fphxz = "0" } } }
    local function make() return wechat:errcode("invoice.make_out", { invoiceinfo = own }) end
    assert.are.equal(72028, make())
    wechat:ok("invoice.set_pay_mch", { paymch_info = { mchid = "1", s_pappid = pappid } })
    assert.are.equal(72029, make())
    wechat:ok("invoice.set_auth_field", { auth_field = {
      user_field = { show_title = 1, show_phone = 1, show_email = 1, custom_field = {} },
      biz_field = { show_title = 1, show_tax_no = 1, show_addr = 1, show_phone = 1, show_bank_type = 1, show_bank_no = 1,
        custom_field = {} } } })
    assert.are.equal(0, make())
    local asked = { fpqqlsh = "F1", nsrsbh = "N1" }
    assert.are.equal(73107, wechat:errcode("invoice.query_info", asked))
    assert.are.equal("cloud_invoice_invoiceresult_event", wechat:pushed(3)[1].Event)
    local detail = wechat:ok("invoice.query_info", asked).invoicedetail
    assert.are.equal("0", detail.kplx)
    assert.are.equal(0, make())
    assert.are.equal(0, #wechat:pushed(3))
    local clear = { invoiceinfo = { wxopenid = openid, fpqqlsh = "F2", nsrsbh = "N1", nsrmc = "小店", yfpdm = detail.fpdm,
      yfphm = detail.fphm } }
    wechat:ok("invoice.clear_out", clear)
    assert.are.equal(72024, wechat:errcode("invoice.clear_out", clear))
    assert.are.equal("1", wechat:ok("invoice.query_info", asked).invoicedetail.kplx)
    assert.are.equal(73109, wechat:errcode("invoice.query_info", { fpqqlsh = "F9", nsrsbh = "N1" }))
  end)

  it("have titles, which users give or show", function()
    local url = wechat:ok("invoice.get_select_title_url", { attach = "table-5", biz_name = "小店" }).url
    invoice.submit_title(wechat.world, APPID, openid, { title = "小明公司", tax_no = "91" }, url:match "([^/]+)$")
    local event = wechat:pushed()[1]
    assert.are.same({ "submit_invoice_title", "小明公司", "table-5" }, { event.Event, event.title, event.attach })
    assert.is_string(wechat:ok("invoice.get_user_title_url", { user_fill = 1 }).url)
    assert.are.equal(41011, wechat:errcode("invoice.get_user_title_url", { user_fill = 0 }))
    local shown = invoice.show_title(wechat.world, { title = "小明公司", tax_no = "91" })
    assert.are.equal("91", wechat:ok("invoice.scan_title", { scan_text = shown }).tax_no)
    wechat:pushed(600)
    assert.are.equal(72044, wechat:errcode("invoice.scan_title", { scan_text = shown }))
  end)
end)
