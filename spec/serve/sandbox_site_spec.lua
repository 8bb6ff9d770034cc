-- `weiyue sandbox` over its sockets: what plugins make with stateful calls, on the pages that their addresses lead to.
local json = require "weiyue.json"
local sandbox = require "spec.support.sandbox"

local CONFIG <const> = [[
return { listen = "127.0.0.1:0", accounts = { { id = "shop", kind = "service", verified = true, can = { cards = true } } },
  plugins = { "plugins/shop.lua" } }
]]

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.plugin { name = "shop", api = { "card.*", "guide.*", "material.*", "draft.*", "publish.*", "kf_session.*", "invoice.*" } }
local function answer(reply, err, field) return reply and tostring(reply[field]) or tostring(err) end
wx.text("card", function(msg)
  local api = msg.account.api
  local card, err = api.card.create { card = { card_type = "GIFT", gift = { gift = "茶", base_info = { logo_url = "u",
    brand_name = "小店", code_type = "CODE_TYPE_TEXT", title = "九折", color = "Color010", notice = "出示", description = "说明",
    sku = { quantity = 1 }, date_info = { type = "DATE_TYPE_FIX_TERM", fixed_term = 30 } } } } }
  if not card then return tostring(err) end
  local code, why = api.card.create_qrcode { action_name = "QR_CARD", action_info = { card = { card_id = card.card_id } } }
  return answer(code, why, "url")
end)
wx.text("guide", function(msg)
  msg.account.api.guide.add { guide_account = "wxtest_a", guide_nickname = "阿月" }
  local code, err = msg.account.api.guide.create_qrcode { guide_account = "wxtest_a", qrcode_info = "door" }
  return answer(code, err, "qrcode_url")
end)
wx.text("title", function(msg)
  local got, err = msg.account.api.invoice.get_user_title_url { user_fill = 0, title = "小明公司", tax_no = "91" }
  return answer(got, err, "url")
end)
wx.text("choose", function(msg)
  local got, err = msg.account.api.invoice.get_select_title_url { biz_name = "小店" }
  return answer(got, err, "url")
end)
wx.text("pdf", function(msg)
  local kept, err = msg.account.api.invoice.set_pdf { pdf = { data = "%PDF-1.4 wxtest", filename = "a.pdf" } }
  if not kept then return tostring(err) end
  local got, why = msg.account.api.invoice.get_pdf { s_media_id = kept.s_media_id }
  return answer(got, why, "pdf_url")
end)
wx.event("submit_invoice_title", function(msg) wx.log.warn("title " .. msg.raw.title) end)
wx.text("desk", function() return wx.reply.transfer() end)
wx.text("waiting", function(msg)
  local got, err = msg.account.api.kf_session.wait_case()
  return answer(got, err, "count")
end)
wx.event("card_pass_check", function(msg) wx.log.warn("passed " .. msg.raw.CardId) end)
wx.event("user_get_card", function(msg) return "got " .. msg.raw.CardId end)
wx.event("guide_qrcode_scan_event", function(msg) wx.log.warn("guide " .. msg.raw.GuideScanEvent.action) end)
]]

describe("weiyue sandbox: pages", function()
  local box, events
  setup(function()
    box = sandbox.start { ["weiyue.lua"] = CONFIG, ["plugins/shop.lua"] = PLUGIN }
    events = box:events()
  end)
  teardown(function()
    events:close()
    box:stop()
  end)

  local function ask(method, address, body)
    return box:ask { method = method, target = address:match "^http://[^/]+(.*)$", body = body,
      headers = body and "Content-Type: application/x-www-form-urlencoded\r\n" or nil }
  end

  it("offer a card, when its review has ended, and the plugin hears that it was taken", function()
    local address = box:says "card".text
    assert.is_truthy(ask("GET", address).body:find("小店：九折", 1, true))
    events:next("log", function(line) return line.text:find "passed p" end)
    assert.is_truthy(ask("POST", address, "answer=take").body:find("卡包", 1, true))
    events:next("item", function(item) return item.text and item.text:find "^got p" end)
    assert.is_truthy(ask("POST", address, "answer=take").body:find("45031", 1, true))
  end)

  it("save a title of invoices, which the user gives then", function()
    local address = box:says "title".text
    assert.is_truthy(ask("GET", address).body:find("小明公司", 1, true))
    assert.equal(200, ask("POST", address, "answer=save").status)
    ask("POST", box:says "choose".text, "answer=firm")
    events:next("log", function(line) return line.text:find "title 小明公司" end)
  end)

  it("have the PDF of an invoice", function()
    local response = ask("GET", box:says "pdf".text)
    assert.same({ 200, "application/pdf", "%PDF-1.4 wxtest" },
      { response.status, response.headers["content-type"], response.body })
  end)

  it("add a guide", function()
    local address = box:says "guide".text
    assert.is_truthy(ask("GET", address).body:find("阿月", 1, true))
    ask("POST", address, "answer=add")
    events:next("log", function(line) return line.text:find "guide 2" end)
  end)

  it("are not there for other addresses", function()
    assert.equal(404, box:ask { method = "GET", target = "/-/card/offer/nobody/nothing" }.status)
    assert.equal(404, box:ask { method = "GET", target = "/s/nothing" }.status)
  end)

  it("of the account ask for the cards of who uses the phone; those of others may not", function()
    local origin = box.accounts[1].push:match "^%a+://[^/]+"
    local function add(from)
      return box:ask { target = "/-/jssdk/purse", headers = "Origin: " .. from .. "\r\n", body = json.encode { appid = box.appid,
        api = "addCard", options = { cardList = { { cardId = "pwxtest", cardExt = "{}" } } } } }
    end
    local answer = add(origin)
    assert.equal("invalid signature of cardExt", answer.json.reason)
    assert.equal(origin, answer.headers["access-control-allow-origin"])
    assert.equal("true", answer.headers["access-control-allow-credentials"])
    answer = add "https://wx.example.org"
    assert.equal("no such account", answer.json.reason)
    assert.is_nil(answer.headers["access-control-allow-origin"])
  end)

  it("have customers wait who are handed over", function()
    assert.equal("0", box:says "waiting".text)
    box:says "desk"
    assert.equal("1", box:says "waiting".text)
  end)
end)
