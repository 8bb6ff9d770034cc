-- Logins and the JS-SDK over sockets: curl as the browser, a WeChat of the spec's own, two workers.

local browsers = require "spec.support.browser"
local codec = require "weiyue.codec"
local fakes = require "spec.support.fake_wechat"
local form = require "weiyue.form"
local json = require "weiyue.json"
local serve = require "spec.support.serve"
local url = require "weiyue.url"

local TOKEN <const>, TICKET <const> = "/sns/oauth2/access_token", "/cgi-bin/ticket/getticket"

local PLUGIN <const> = [[
local wx = require "weiyue"
local jssdk = require "weiyue.jssdk"
wx.page("/me", { login = "base" }, function(req) return "openid: " .. req.user.openid end)
wx.page("/name", { login = "userinfo" }, function(req) return "name: " .. req.user.nickname end)
wx.route("GET", "/api/me", { login = "base" }, function(req) return { openid = req.user.openid } end)
wx.route("GET", "/api/whole", { login = "base" }, function(req) return req.user end)
wx.page("/out", { login = "base" }, function(req) req.user:logout() return "bye" end)
wx.page("/map", { jssdk = { api = { "scanQRCode" } } }, function() return "<h1>map</h1>" end)
wx.route("GET", "/api/sign", function(req)
  local config, err = jssdk.sign(req, req.query.url)
  if not config then return wx.response { status = err.status, body = { error = err.code } } end
  return config
end)
wx.text("forget", function(msg) return tostring(msg:forget()) end)
]]

describe("logins that are served", function()
  local wechat, server, account, list

  setup(function()
    wechat = fakes.start()
    account = serve.account("one", "plain", wechat:account() .. ', open = "http://127.0.0.1:9"')
    server = serve.start {
      ["weiyue.lua"] = serve.config({ account }, "workers = 2, limits = { per_address = 1000 }"), ["plugins/one.lua"] = PLUGIN,
    }
  end)
  teardown(function()
    server:stop()
    wechat:stop()
  end)
  before_each(function()
    os.remove(wechat.folder .. "/calls")
    list = {}
  end)
  after_each(function()
    for _, b in ipairs(list) do b:close() end
  end)

  local function browser()
    local b = browsers.new("http://127.0.0.1:" .. server.port)
    list[#list + 1] = b
    return b
  end

  -- WeChat's page sends it back with a code.
  local function agreed(response, code)
    assert.equal(302, response.status)
    local _, query = response.headers.location, form.parse(url.parse(response.headers.location).query)
    return ("%s?code=%s&state=%s"):format(query.redirect_uri, code, query.state)
  end

  local n = 0
  local function new_code()
    n = n + 1
    return "C" .. n
  end

  local function login(b, code, target) return b:get(agreed(b:get(target or "/me"), code)) end

  it("know a browser by its openid, at each worker, and another by its own", function()
    local a, b = browser(), browser()
    local code = new_code()
    local back = login(a, code, "/me?x=1")
    assert.same({ 302, "/me?x=1", "no-store" }, { back.status, back.headers.location, back.headers["cache-control"] })
    login(b, new_code())
    for _ = 1, 6 do -- a connection each, and so either worker
      assert.matches("openid: oUser-" .. code, a:get("/me").body, 1, true)
      assert.matches("openid: oUser-C" .. n, b:get("/me").body, 1, true)
    end
    assert.equal(2, #wechat:calls(TOKEN))
    assert.equal("oUser-" .. code, json.decode(a:get("/api/me").body).openid)
    assert.same({ openid = "oUser-" .. code, scope = "base" }, json.decode(a:get("/api/whole").body))
  end)

  it("set cookies that no script sees, for this host alone", function()
    local b = browser()
    local first = b:get "/me"
    table.sort(first.cookies)
    assert.matches("^wy_state_%w+=[%w._-]+; Path=/%-/oauth/callback; Max%-Age=600; HttpOnly; SameSite=Lax$", first.cookies[1])
    assert.matches("^wy_states=[%w._-]+; Path=/; Max%-Age=600; HttpOnly; SameSite=Lax$", first.cookies[2])
    local back = b:get(agreed(first, new_code()))
    assert.matches("^wy_login_one=[%w._-]+; Path=/; Max%-Age=604800; HttpOnly; SameSite=Lax$", back.cookies[1])
  end)

  it("ask by a button for a name, and never by a redirect", function()
    local b = browser()
    local response = b:get "/name?x=1"
    assert.same({ 200, nil, 0 }, { response.status, response.headers.location, #response.cookies })
    local link = response.body:match '<a class="button" href="([^"]+)"':gsub("&amp;", "&")
    local consent = b:get(link)
    assert.matches("^http://127.0.0.1:9/connect/oauth2/authorize%?appid=wxtest0000000001&redirect_uri=.*"
      .. "&scope=snsapi_userinfo&state=%w+#wechat_redirect$",
      consent.headers.location)
    local back = b:get(agreed(consent, new_code()))
    assert.equal("/name?x=1", back.headers.location)
    assert.matches("name: 微月", b:get("/name").body, 1, true)
  end)

  it("refuse a state that another browser has begun (login CSRF)", function()
    local attacker, victim = browser(), browser()
    local back = agreed(attacker:get "/me", new_code())
    local response = victim:get(back)
    assert.same({ 403, 0, 0 }, { response.status, #response.cookies, #wechat:calls(TOKEN) })
    assert.equal(302, victim:get("/me").status)
    serve.eventually("oauth.state", function() return #server:logged "oauth.state" > 0 end)
  end)

  it("refuse a code that was used, and a cookie that was changed", function()
    local a, b = browser(), browser()
    local code = new_code()
    login(a, code)
    local response = login(b, code)
    assert.same({ 400, nil, 1 }, { response.status, response.headers.location, #wechat:calls(TOKEN) })
    assert.matches('href="/%-/oauth/login%?scope=base', response.body)
    local forged = b:get("/me", "-b 'wy_login_one=1.ffffffff.eA.AAAA'")
    assert.equal(302, forged.status)
  end)

  it("go on after a code that WeChat knows to be used, by a button: no circle", function()
    local b = browser()
    local code = new_code()
    os.execute(("curl -s '%s%s?code=%s' >/dev/null"):format(wechat.url, TOKEN, code))
    local response = login(b, code)
    assert.same({ 400, nil }, { response.status, response.headers.location })
    local link = response.body:match '<a class="button" href="([^"]+)"':gsub("&amp;", "&")
    local back = b:get(agreed(b:get(link), new_code()))
    assert.equal("/me", back.headers.location)
    assert.equal(200, b:get("/me").status)
  end)

  it("exchange a code once, however often it comes: back button, double redirect, both workers", function()
    local b = browser()
    wechat:answers(TOKEN, nil, { after = 0.5 })
    local back = agreed(b:get "/me", new_code())
    for _, response in ipairs(b:together(back, 6)) do assert.same({ 302, "/me" }, { response.status, response.headers.location }) end
    for _ = 1, 3 do assert.same({ 302, "/me" }, { b:get(back).status, b:get(back).headers.location }) end
    assert.equal(1, #wechat:calls(TOKEN))
    assert.equal(200, b:get("/me").status)
  end)

  it("answer scripts with 401", function()
    for _, response in ipairs { browser():get "/api/me", browser():get("/me", "-H 'Accept: application/json'") } do
      assert.same({ 401, { error = "login", login = "/-/oauth/login" } }, { response.status, json.decode(response.body) })
    end
  end)

  it("end by logging out, and with the user's data", function()
    local b, copy = browser(), browser()
    local code = new_code()
    login(b, code)
    os.execute(("cp %s %s"):format(b.jar, copy.jar))
    assert.equal(403, b:post("/-/oauth/logout", "-H 'Origin: https://evil.example'").status)
    assert.equal(200, copy:get("/me").status)
    local response = b:post "/-/oauth/logout?return_to=/map"
    assert.same({ 303, "/map" }, { response.status, response.headers.location })
    assert.same({ 302, 302 }, { b:get("/me").status, copy:get("/me").status })
    login(b, new_code())
    assert.matches("bye", b:get("/out").body, 1, true)
    assert.equal(302, b:get("/me").status)
    -- of whom `oTest…` is forgotten, by a message of his own
    wechat:answers(TOKEN, { access_token = "wxtestx", openid = "oTestForget", scope = "snsapi_base" })
    login(b, new_code())
    assert.equal(200, b:get("/me").status)
    local nodes = require("spec.support.push").text "forget"
    for _, node in ipairs(nodes) do
      if node.name == "FromUserName" then node.text = "oTestForget" end
    end
    server:push(account, nodes)
    assert.equal(302, b:get("/me").status)
  end)

  it("go to no other host, whatever return_to says", function()
    for _, bad in ipairs { "//evil.example", "https://evil.example", "/%5Cevil.example", "/a%0d%0aSet-Cookie:x=1", "/%252f/evil.example" } do
      local response = browser():get("/-/oauth/login?return_to=" .. bad)
      assert.same({ 400, 0 }, { response.status, #response.cookies }, bad)
    end
  end)

  it("have no secret in the log", function()
    local log = server:log()
    for i = 1, n do assert.is_nil((log:find(("code=C%d "):format(i), 1, true))) end
    for _, secret in ipairs { "wxtest-of-", "wxtestsecret", "wxtest-ticket" } do assert.is_nil((log:find(secret, 1, true)), secret) end
  end)

  -- The JS-SDK ---------------------------------------------------------------------------------------------------

  local function is_signed(config, address)
    assert.equal(codec.jssdk_sign { ticket = "wxtest-ticket-jsapi", noncestr = config.nonceStr, timestamp = config.timestamp, url = address },
      config.signature)
  end

  it("sign a page for its own URL, with a nonce that its policy knows", function()
    local response = browser():get "/map?a=1&b=%E4%B8%AD"
    local nonce = response.body:match '<script nonce="(%w+)" src="https://res.wx.qq.com/open/js/jweixin%-1.6.0.js">'
    assert.matches("script-src 'self' https://res.wx.qq.com 'nonce-" .. nonce .. "'", response.headers["content-security-policy"], 1, true)
    local config = json.decode(response.body:match "wx%.config%((.-)%)</script>")
    is_signed(config, ("http://127.0.0.1:%d/map?a=1&b=%%E4%%B8%%AD"):format(server.port))
    assert.equal("wxtest0000000001", config.appId)
  end)

  it("sign it for the URL that a proxy has been asked for", function()
    local response = browser():get("/map?a=1", "-H 'X-Forwarded-Proto: https' -H 'X-Forwarded-Host: wx.example.cn' -H 'X-Forwarded-For: 192.0.2.1'")
    is_signed(json.decode(response.body:match "wx%.config%((.-)%)</script>"), "https://wx.example.cn/map?a=1")
  end)

  it("log in behind a proxy: its host, and cookies for HTTPS alone", function()
    local headers = "-H 'X-Forwarded-Proto: https' -H 'X-Forwarded-Host: wx.example.cn' -H 'X-Forwarded-For: 192.0.2.1'"
    local b = browser()
    local first = b:get("/me?x=1", headers)
    local query = form.parse(url.parse(first.headers.location).query)
    assert.equal("https://wx.example.cn/-/oauth/callback", query.redirect_uri)
    assert.matches("; HttpOnly; Secure; SameSite=Lax", first.cookies[1], 1, true)
    local back = b:get(("/-/oauth/callback?code=%s&state=%s"):format(new_code(), query.state),
      ("%s -b '%s'"):format(headers, first.cookies[1]:match "^[^;]+"))
    assert.same({ 302, "/me?x=1" }, { back.status, back.headers.location })
    assert.matches("; HttpOnly; Secure; SameSite=Lax", back.cookies[1], 1, true)
    assert.equal(200, b:get("/me", ("%s -b '%s'"):format(headers, back.cookies[1]:match "^[^;]+")).status)
  end)

  it("sign for scripts that ask, of their own host alone, and not without end", function()
    local connection = assert(server:open())
    local function ask(address, target)
      connection:send(serve.request { method = "GET", target = target or "/api/sign?url=" .. url.escape(address),
        host = "127.0.0.1:" .. server.port, headers = "X-Forwarded-For: 198.51.100.7\r\n" })
      local response = assert(connection:read())
      return response.status, json.decode(response.body)
    end
    local own = ("http://127.0.0.1:%d/map"):format(server.port)
    local status, config = ask(own .. "#/route")
    assert.equal(200, status)
    is_signed(config, own)
    assert.equal(403, (ask "https://evil.example/"))
    assert.equal(403, (ask((own:gsub(":%d+", ":1")))))
    assert.equal(400, (ask(own .. "\r\nX: 1")))
    assert.equal(400, (ask(own .. "?&jsapi_ticket=x&url=")))
    assert.equal(400, (ask(nil, "/api/sign")))
    local counts = {}
    for _ = 1, 1500 do
      status = ask(own)
      counts[status] = (counts[status] or 0) + 1
    end
    assert.is_true((counts[429] or 0) >= 400 and (counts[200] or 0) >= 400 and counts[200] + counts[429] == 1500)
    assert.is_true(#wechat:calls(TICKET) <= 1)
    connection:close()
  end)
end)
