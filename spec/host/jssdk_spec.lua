-- The JS-SDK: what is signed, for whom, and what a page gets into its head. Tickets are the spec's.

local address = require "weiyue.jssdk.address"
local app = require "spec.support.app"
local codec = require "weiyue.codec"
local core = require "weiyue_core"
local facts = require "spec.support.facts"
local hubs = require "weiyue.hub"
local jssdk = require "weiyue.jssdk"
local wx = require "weiyue"

local TICKET <const>, CARD <const> = "wxtest-jsapi-ticket", "wxtest-card-ticket"
local PAGE <const> = "https://wx.example.cn/page?a=1&b=2"

local rows = {}
for _, row in ipairs(facts.rows "hostile-inputs.tsv") do rows[row.id] = row end

local function vectors(name)
  local file = assert(io.open "spec/facts/vectors.json")
  local text = file:read "a":gsub("\\u0000", "\\ufffd") -- of other vectors, which our JSON refuses
  file:close()
  return assert(core.json.decode(text))[name]
end

local one, place, asked, fails

before_each(function()
  asked, fails = {}, nil
  local hub = hubs.new()
  one = { id = "one", url = "https://wx.example.cn" }
  place = hub:add { id = "one", kind = "service", appid = "wxtest1", can = {}, object = one, index = 1 }
  local kept = {}
  rawset(hub, "keeper", { get = function(_, _, kind)
    if fails then return nil, fails end
    if not kept[kind] then asked[#asked + 1] = kind end
    kept[kind] = kind == "jsapi_ticket" and TICKET or CARD
    return kept[kind]
  end })
  hubs.serve(hub)
end)

local function request(more)
  local req = { account = one, url = "https://wx.example.cn/api/sign", ip = "192.0.2.1", nonce = "abc" }
  for key, value in pairs(more or {}) do req[key] = value end
  return req
end

-- What wx.config of a head says.
local function config_of(html) return core.json.decode(html:match "wx%.config%((.*)%)</script>") end

local function expected(config, url)
  return codec.jssdk_sign { ticket = TICKET, noncestr = config.nonceStr, timestamp = config.timestamp, url = url }
end

describe("weiyue.jssdk.address", function()
  for _, vector in ipairs(vectors "jssdk") do
    it("gives what is signed of a page: " .. vector.name, function()
      local signed = assert(address.read(vector.page_url, { [address.origin(vector.page_url)] = true }))
      assert.equal(vector.signed_url, signed)
    end)
  end
end)

describe("a page with jssdk", function()
  it("has WeChat's script and wx.config for its own URL in its head, each with the nonce", function()
    local html = jssdk.head(request { url = PAGE }, { api = { "scanQRCode" }, open_tags = { "wx-open-launch-app" }, beta = true })
    assert.matches('^<script nonce="abc" src="https://res.wx.qq.com/open/js/jweixin%-1.6.0.js"></script>\n<script nonce="abc">wx.config', html)
    local config = config_of(html)
    assert.equal(expected(config, PAGE), config.signature)
    assert.same({ "wxtest1", true, false, "scanQRCode", "wx-open-launch-app" },
      { config.appId, config.beta, config.debug, config.jsApiList[1], config.openTagList[1] })
    assert.is_true(#config.nonceStr >= 16)
  end)

  it("is signed without its fragment, with its query as the browser has it", function()
    for page, signed in pairs {
      ["https://wx.example.cn/#/route"] = "https://wx.example.cn/",
      ["https://wx.example.cn/a?q=%E4%B8%AD&x=a+b#c"] = "https://wx.example.cn/a?q=%E4%B8%AD&x=a+b",
      ["http://127.0.0.1:8080/a?from=singlemessage"] = "http://127.0.0.1:8080/a?from=singlemessage",
    } do
      local config = config_of(jssdk.head(request { url = page }, {}))
      assert.equal(expected(config, signed), config.signature)
    end
  end)

  it("of a platform is signed for the account that its path names", function()
    local hub, platform, its = hubs.current(), { id = "platform", url = "https://wx.example.cn" }, { id = "wxtestauth1" }
    local component = hub:add { id = "platform", kind = "component", appid = "wxtestplatform", can = {}, object = platform, index = 2 }
    hub:add { id = "wxtestauth1", kind = "service", appid = "wxtestauth1", can = {}, object = its, component = component }
    rawset(hub, "components", { find = function(_, appid) return appid == "wxtestauth1" and its or nil end })
    local req = request { account = platform, url = PAGE, params = { appid = "wxtestauth1" } }
    assert.equal("wxtestauth1", config_of(jssdk.head(req, {})).appId)
    assert.equal("wxtestauth1", assert(jssdk.sign(req, PAGE)).appId)
    req = request { account = platform, url = PAGE, params = { appid = "wxtestauth2" } } -- who has not authorised it
    assert.equal("wxtestplatform", config_of(jssdk.head(req, {})).appId)
  end)

  it("has the account's own jweixin address", function()
    assert.same({ "https://res.wx.qq.com" }, jssdk.csp(one))
    place.jweixin = 'http://127.0.0.1:9000/jweixin.js?"><x'
    assert.same({ "http://127.0.0.1:9000" }, jssdk.csp(one))
    assert.matches('src="http://127.0.0.1:9000/jweixin.js?&#34;&gt;&lt;x"', jssdk.head(request(), {}), 1, true)
  end)

  it("is a page all the same when there is no ticket; the log says why, and nobody sees more", function()
    fails = setmetatable({ code = 40164, message = "invalid ip" }, { __tostring = function() return "40164: invalid ip" end })
    local html
    local lines = app.logged(function() html = jssdk.head(request(), {}) end)
    assert.equal("jssdk.failed", lines[1].event)
    assert.is_nil(html:find("wx.config(", 1, true))
    assert.matches('console.error("wx.config: " + "no jsapi_ticket: 40164")', html, 1, true)
  end)

  it("cannot be broken out of by a name", function()
    local html = jssdk.head(request(), { api = { "</script><script>alert(1)//" } })
    assert.equal(2, select(2, html:gsub("</script>", "")))
  end)

  it("R008: " .. rows.R008.input .. ": no ticket", function()
    local card = jssdk.add_card(one, { card_id = "pTest" })
    local all = jssdk.head(request(), { api = { "scanQRCode" } }) .. core.json.encode(jssdk.sign(request(), PAGE))
      .. core.json.encode(card) .. core.json.encode(jssdk.choose_card(one))
    for _, secret in ipairs { TICKET, CARD } do assert.is_nil((all:find(secret, 1, true))) end
  end)

  it("has options that there are", function()
    assert.is_nil(jssdk.fault {})
    assert.is_nil(jssdk.fault { api = { "scanQRCode" }, open_tags = { "wx-open-subscribe" }, beta = false, debug = true })
    for _, bad in ipairs { "scanQRCode", { apis = {} }, { api = "scanQRCode" }, { api = { 5 } }, { api = { "a b" } }, { beta = 1 } } do
      assert.is_string(jssdk.fault(bad))
    end
  end)
end)

describe("weiyue.jssdk.sign", function()
  local function refused(who, url)
    local config, err
    local lines = app.logged(function() config, err = jssdk.sign(who, url) end)
    assert.is_nil(config)
    return err, lines
  end

  it("signs a page of the account's own host, for an account and for a request", function()
    for _, who in ipairs { one, request() } do
      local config = assert(jssdk.sign(who, PAGE))
      assert.equal(expected(config, PAGE), config.signature)
      assert.equal("wxtest1", config.appId)
    end
  end)

  it("signs for the host that a request has come to, where the account has no other", function()
    one.url = nil
    local req = request { url = "http://127.0.0.1:8080/api/sign" }
    assert(jssdk.sign(req, "http://127.0.0.1:8080/page"))
    assert.equal("jssdk.host", refused(req, PAGE).code)
    assert.equal("jssdk.host", refused(one, PAGE).code)
  end)

  it("K001: " .. rows.K001.input, function()
    local err, lines = refused(request(), "https://evil.example/")
    assert.same({ 403, "jssdk.host", "jssdk.host" }, { err.status, err.code, lines[1].event })
    assert.same({}, asked)
  end)

  it("K002: " .. rows.K002.input, function()
    for _, bad in ipairs {
      "https://wx.example.cn.evil.example/", "https://wx.example.cn@evil.example/", "https://wx.example.cn@wx.example.cn/",
      "https://wx.example.cn:8443/", "http://wx.example.cn/", "https://example.cn/",
    } do
      assert.same({ 403, "jssdk.host" }, { refused(request(), bad).status, refused(request(), bad).code }, bad)
    end
    for _, good in ipairs { "HTTPS://WX.EXAMPLE.CN/a", "https://wx.example.cn:443/a", "https://wx.example.cn" } do
      local config = assert(jssdk.sign(request(), good))
      assert.equal(expected(config, good), config.signature) -- the text as it was given
    end
  end)

  it("K003: " .. rows.K003.input, function()
    local config = assert(jssdk.sign(request(), PAGE .. "#/route?x=https://evil.example"))
    assert.equal(expected(config, PAGE), config.signature)
  end)

  it("K004: " .. rows.K004.input, function()
    for _, bad in ipairs {
      "https://wx.example.cn/" .. ("a"):rep(10240), "https://wx.example.cn/\r\nX: 1", "https://wx.example.cn/a b", " https://wx.example.cn/",
      "&jsapi_ticket=x&url=", "https://wx.example.cn/?a=1&jsapi_ticket=x&url=https://evil.example",
      "https://wx.example.cn/\0", "https://wx.example.cn\\@evil",
      "", "wx.example.cn", "//wx.example.cn/", "javascript:alert(1)", "https://wx.example.cn./",
    } do
      assert.same({ 400, "jssdk.url" }, { refused(request(), bad).status, refused(request(), bad).code }, bad)
    end
    for _, bad in ipairs { 5, {}, false } do assert.equal(400, refused(request(), bad).status) end
    assert.equal(400, refused(request(), nil).status)
    assert.same({}, asked)
  end)

  it("K005: " .. rows.K005.input, function()
    local counts, events = {}, {}
    local lines = app.logged(function()
      for _ = 1, 1000 do
        local _, err = jssdk.sign(request(), PAGE)
        local status = err and err.status or 200
        counts[status] = (counts[status] or 0) + 1
      end
    end)
    for _, line in ipairs(lines) do events[#events + 1] = line.event end
    assert.same({ [200] = 500, [429] = 500 }, counts)
    assert.same({ "jsapi_ticket" }, asked)
    assert.same({ "jssdk.rate" }, events) -- once, not 500 times
    assert(jssdk.sign(request { ip = "192.0.2.2" }, PAGE))
    wx.sleep(10)
    assert(jssdk.sign(request(), PAGE))
  end)

  it("counts who has an IPv6 address by its network", function()
    for i = 1, 500 do assert(jssdk.sign(request { ip = ("2001:db8:0:1::%x"):format(i) }, PAGE)) end
    app.logged(function()
      assert.equal(429, select(2, jssdk.sign(request { ip = "2001:db8:0:1:a:b:c:d" }, PAGE)).status)
      assert.equal(429, select(2, jssdk.sign(request { ip = "2001:0db8:0000:0001::1" }, PAGE)).status)
    end)
    assert(jssdk.sign(request { ip = "2001:db8:0:2::1" }, PAGE))
    assert(jssdk.sign(request { ip = "::1" }, PAGE))
  end)

  it("tells that there is no ticket", function()
    fails = { code = "http.timeout", message = "too slow" }
    assert.same({ 502, "jssdk.failed" }, { refused(one, PAGE).status, refused(one, PAGE).code })
  end)

  it("wants an account or a request", function()
    assert.matches("jssdk_spec.lua:%d+: jssdk.sign wants an account", app.raised(function() jssdk.sign({}, PAGE) end))
    assert.matches("jssdk_spec.lua:%d+: jssdk.add_card wants an account", app.raised(function() jssdk.add_card({}, {}) end))
  end)
end)

describe("weiyue.jssdk cards", function()
  it("are added with an extension that is signed", function()
    local card = assert(jssdk.add_card(one, { card_id = "pTest", code = "123", openid = "oTest", outer_str = "shop" }))
    local ext = core.json.decode(card.cardExt)
    assert.equal("pTest", card.cardId)
    assert.same({ "string", "123", "oTest", "shop" }, { type(ext.timestamp), ext.code, ext.openid, ext.outer_str })
    assert.equal(codec.card_sign { CARD, ext.timestamp, "pTest", "123", "oTest", ext.nonce_str }, ext.signature)
    ext = core.json.decode(jssdk.add_card(one, { card_id = "pTest" }).cardExt)
    assert.equal(codec.card_sign { CARD, ext.timestamp, "pTest", ext.nonce_str }, ext.signature)
  end)

  it("never have a timestamp twice", function()
    local seen = {}
    for _ = 1, 5 do
      local stamp = core.json.decode(jssdk.add_card(one, { card_id = "pTest" }).cardExt).timestamp
      assert.is_nil(seen[stamp])
      seen[stamp] = true
    end
  end)

  it("are chosen by what is signed", function()
    local options = assert(jssdk.choose_card(one, { shop_id = 5, card_type = "GROUPON", card_id = "pTest" }))
    assert.equal(codec.card_sign { CARD, "wxtest1", "5", tostring(options.timestamp), options.nonceStr, "pTest", "GROUPON" }, options.cardSign)
    assert.same({ "5", "GROUPON", "pTest", "SHA1" }, { options.shopId, options.cardType, options.cardId, options.signType })
    options = assert(jssdk.choose_card(one))
    assert.equal(codec.card_sign { CARD, "wxtest1", tostring(options.timestamp), options.nonceStr }, options.cardSign)
  end)

  it("are told when there is no ticket", function()
    fails = { code = 40013, message = "invalid appid" }
    assert.equal(fails, select(2, jssdk.add_card(one, { card_id = "pTest" })))
    assert.equal(fails, select(2, jssdk.choose_card(one)))
  end)
end)
