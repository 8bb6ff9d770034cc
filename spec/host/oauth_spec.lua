-- Logins over the contract of weiyue.kv, with a WeChat that the spec makes and browsers that keep cookies; over HTTP they
-- are spec/serve/oauth_spec's.

local app = require "spec.support.app"
local core = require "weiyue_core"
local facts = require "spec.support.facts"
local hubs = require "weiyue.hub"
local keep = require "weiyue.keep"
local kvs = require "spec.support.kv_object"
local oauth = require "weiyue.oauth"
local paths = require "weiyue.oauth.path"
local requests = require "weiyue.web.request"
local url = require "weiyue.url"
local wx = require "weiyue"

local CALLBACK <const> = "/-/oauth/callback"

local rows = {}
for _, row in ipairs(facts.rows "hostile-inputs.tsv") do rows[row.id] = row end

local one, upstream, calls, slow, kv

-- What WeChat says by default: each code is a user of its own.
local function token_of(args)
  return { access_token = "wxtesttoken", openid = "oUser-" .. args.code, scope = "snsapi_userinfo,snsapi_base", expires_in = 7200 }
end

before_each(function()
  kv, calls, slow = kvs.new(), {}, 0
  upstream = {
    ["oauth.access_token"] = token_of,
    ["oauth.userinfo"] = function(args) return { openid = args.openid, nickname = "微月", headimgurl = "https://wx.qlogo.cn/a" } end,
    ["component.oauth_access_token"] = token_of,
  }
  local hub = hubs.new()
  one = { id = "one" }
  hub:add { id = "one", kind = "service", appid = "wxtest1", api = "https://api.weixin.qq.com", can = { oauth = true }, object = one, index = 1 }
  rawset(hub, "engine", { call = function(_, place, key, args)
    wx.sleep(slow)
    calls[#calls + 1] = { place.id, key, args }
    return upstream[key](args)
  end })
  hubs.serve(hub)
end)
after_each(function() kv:free() end)

-- Browsers -----------------------------------------------------------------------------------------------------------

-- What a request with this target looks like to a handler.
local function request(browser, target, more)
  local path, query = target:match "^([^?]*)%??(.*)$"
  local req = {
    account = one, method = "GET", path = path, base = "", url = "https://wx.example.cn" .. target,
    query = core.form.parse(query), headers = { accept = "text/html,*/*" }, cookies = browser.cookies, params = {},
    ip = "192.0.2.1",
  }
  for key, value in pairs(more or {}) do req[key] = value end
  return req
end

local Browser = {}
Browser.__index = Browser

local function browser() return setmetatable({ cookies = {} }, Browser) end

function Browser:take(response)
  for name, cookie in pairs(response and response.cookies or {}) do
    self.cookies[name] = cookie.max_age > 0 and cookie[1] or nil
  end
  return response
end

-- Opens a page with login: the openid of who is known there; nil and the response.
function Browser:opens(target, how, more)
  local req = request(self, target, more)
  local response = self:take(oauth.enter(req, { login = how or "base" }))
  return req.user, response
end

function Browser:get(handler, target, more)
  self.req = request(self, target, more)
  return self:take(oauth[handler](self.req))
end

-- A redirect to WeChat as its parts.
local function parts_of(response)
  local parts = url.parse(response.headers.location)
  return parts, core.form.parse(parts.query)
end

-- The cookie of an attempt.
local function state_of(response)
  for name, cookie in pairs(response.cookies) do
    if name:find "^wy_state_" then return cookie end
  end
end

-- WeChat's consent page: where it sends the browser.
local function agreed(response, code)
  local _, query = parts_of(response)
  local back = url.parse(query.redirect_uri)
  return ("%s?code=%s&state=%s"):format(back.path, code, query.state)
end

-- From a page to being known there.
local function login(b, code, target)
  local _, response = b:opens(target or "/me")
  return b:get("callback", agreed(response, code))
end

local function logged(f)
  local list = {}
  for i, line in ipairs(app.logged(f)) do list[i] = line.event end
  return table.concat(list, " ")
end

-- Flow ---------------------------------------------------------------------------------------------------------------

describe("login = \"base\"", function()
  it("sends a browser to WeChat, in the order of parameters that it advises", function()
    local _, response = browser():opens "/me?a=1"
    assert.equal(302, response.status)
    assert.equal("no-store", response.headers["cache-control"])
    assert.matches("^https://open%.weixin%.qq%.com/connect/oauth2/authorize%?appid=wxtest1&redirect_uri=https%%3A%%2F%%2Fwx%.example%.cn"
      .. "%%2F%-%%2Foauth%%2Fcallback&response_type=code&scope=snsapi_base&state=%w+#wechat_redirect$", response.headers.location)
  end)

  it("has a state of 128 bits, letters and digits, that is another each time, in a cookie for the callback alone", function()
    local seen = {}
    for _ = 1, 50 do
      local _, response = browser():opens "/me"
      local _, query = parts_of(response)
      assert.matches("^%w+$", query.state)
      assert.is_true(#query.state * math.log(62, 2) >= 128 and #query.state <= 128)
      assert.is_nil(seen[query.state])
      seen[query.state] = true
      local cookie = state_of(response)
      assert.equal(response.cookies["wy_state_" .. query.state:sub(1, 8)], cookie)
      assert.same({ 600, CALLBACK, true, "Lax" }, { cookie.max_age, cookie.path, cookie.http_only, cookie.same_site })
      assert.is_nil(cookie.signed) -- which is signed
    end
    assert.equal(0, #kv:keys()) -- who only asks leaves nothing here
  end)

  it("comes back to the page, with its query, and knows who it is", function()
    local b = browser()
    local response = login(b, "A1", "/me?a=1&b=%E4%B8%AD")
    assert.same({ 302, "/me?a=1&b=%E4%B8%AD", "no-store" },
      { response.status, response.headers.location, response.headers["cache-control"] })
    local user, none = b:opens "/me?a=1"
    assert.is_nil(none)
    assert.same({ "oUser-A1", "base" }, { user.openid, user.scope })
    assert.is_nil(user.nickname)
    assert.same({ { "one", "oauth.access_token", { code = "A1" } } }, calls)
    local cookie = response.cookies.wy_login_one
    assert.same({ 7 * 86400, "/", true, "Lax" }, { cookie.max_age, cookie.path, cookie.http_only, cookie.same_site })
  end)

  it("takes the unionid where there is one", function()
    upstream["oauth.access_token"] = function(args)
      local reply = token_of(args)
      reply.unionid = "uTest"
      return reply
    end
    local b = browser()
    login(b, "A1")
    assert.equal("uTest", b:opens "/me".unionid)
  end)

  it("keeps two browsers, and two accounts, apart", function()
    local a, b = browser(), browser()
    login(a, "A1")
    login(b, "B1")
    assert.same({ "oUser-A1", "oUser-B1" }, { a:opens "/me".openid, b:opens "/me".openid })
    local two = { id = "two" }
    hubs.current():add { id = "two", kind = "service", appid = "wxtest2", can = { oauth = true }, object = two, index = 2 }
    assert.is_nil((a:opens("/me", "base", { account = two })))
  end)

  it("is below the account's own path where accounts share a host", function()
    local b = browser()
    local _, response = b:opens("/one/me", "base", { base = "/one", path = "/me" })
    local back = agreed(response, "A1")
    assert.matches("^/one/%-/oauth/callback%?", back)
    assert.equal("/one" .. CALLBACK, state_of(response).path)
    response = b:get("callback", back, { base = "/one" })
    assert.same({ "/one/me", "/one/" }, { response.headers.location, response.cookies.wy_login_one.path })
  end)

  it("goes nowhere for an account that WeChat would refuse", function()
    hubs.current():place("one").can = {}
    local response
    local events = logged(function() response = select(2, browser():opens "/me") end)
    assert.same({ 502, "oauth.upstream" }, { response.status, events })
    assert.matches("service account", oauth.notes({ id = "one", kind = "subscription", can = {}, appid = "a", secret = "b" })[1].en)
    assert.matches("no appid", oauth.notes({ id = "one", kind = "service", can = { oauth = true }, appid = "a" })[1].en)
    assert.same({}, oauth.notes { id = "one", kind = "service", can = { oauth = true }, appid = "a", secret = "b" })
    assert.same({}, oauth.notes { id = "one", kind = "component", can = {} })
  end)

  it("does not use a code up for who only looks (HEAD)", function()
    local b = browser()
    local _, response = b:opens "/me"
    local back = agreed(response, "A1")
    assert.equal(405, b:get("callback", back, { method = "HEAD" }).status)
    assert.equal(0, #calls)
    assert.equal(302, b:get("callback", back).status)
  end)

  it("leaves a few cookies at most, however often it is begun, and the last attempts are good", function()
    local b, begun = browser(), {}
    for i = 1, 30 do
      local _, response = b:opens("/me?n=" .. i .. "&q=" .. ("x"):rep(1500))
      begun[i] = response
      local n, bytes = 0, 0
      for name, value in pairs(b.cookies) do n, bytes = n + 1, bytes + #name + #value * 4 // 3 + 64 end
      assert.is_true(n <= 5 and bytes < 8192, n .. " cookies")
    end
    for i = 27, 30 do assert.equal(302, b:get("callback", agreed(begun[i], "last" .. i)).status) end
    assert.equal(403, b:get("callback", agreed(begun[26], "old")).status)
  end)

  it("comes back to the page where a path of quotes would not fit into its cookie", function()
    local b = browser()
    local _, response = b:opens("/me?" .. ('"'):rep(1500))
    assert.truthy(#state_of(response)[1] < 1300)
    assert.equal("/me", b:get("callback", agreed(response, "quoted")).headers.location)
  end)

  it("follows the account's `open`", function()
    hubs.current():place("one").open = "http://127.0.0.1:9000"
    local _, response = browser():opens "/me"
    assert.matches("^http://127%.0%.0%.1:9000/connect/oauth2/authorize%?", response.headers.location)
  end)

  it("tells scripts instead of sending them away", function()
    for _, more in ipairs {
      { method = "POST" }, { headers = { accept = "application/json" } }, { headers = { ["sec-fetch-mode"] = "cors", accept = "*/*" } },
      { headers = { accept = "image/avif,image/webp,image/*,*/*;q=0.8" } }, { headers = { accept = "image/*" } },
      { headers = { ["x-requested-with"] = "XMLHttpRequest", accept = "*/*" } },
    } do
      local user, response = browser():opens("/me", "base", more)
      assert.is_nil(user)
      assert.same({ 401, { error = "login", login = "/-/oauth/login" } }, { response.status, core.json.decode(response.body) })
      assert.is_nil(response.headers.location)
    end
  end)

  it("says so when the store is away, and sends nobody around in circles", function()
    local b = browser()
    local _, response = b:opens "/me"
    kv.fails = "store.timeout"
    local events
    events = logged(function() response = b:get("callback", agreed(response, "A1")) end)
    assert.same({ 503, "oauth.store", 0 }, { response.status, events, #calls })
    kv.fails = nil
    login(b, "A2")
    kv.fails = "store.timeout"
    events = logged(function() response = select(2, b:opens "/me") end)
    assert.same({ 503, "oauth.store" }, { response.status, events })
  end)
end)

describe("login = \"userinfo\"", function()
  it("renders a page with a button and never redirects by itself", function()
    local b = browser()
    local _, response = b:opens("/me?a=1", "userinfo")
    assert.equal(200, response.status)
    assert.is_nil(response.headers.location)
    assert.is_nil(response.cookies)
    local link = response.body:match '<a class="button" href="([^"]+)">':gsub("&amp;", "&")
    assert.equal("/-/oauth/login?scope=userinfo&return_to=%2Fme%3Fa%3D1", link)
    response = b:get("login", link)
    assert.matches("scope=snsapi_userinfo", response.headers.location)
    response = b:get("callback", agreed(response, "A1"))
    assert.equal("/me?a=1", response.headers.location)
    local user = b:opens("/me", "userinfo")
    assert.same({ "oUser-A1", "微月", "https://wx.qlogo.cn/a" }, { user.openid, user.nickname, user.headimgurl })
    assert.same({ openid = "oUser-A1", access_token = "wxtesttoken" }, calls[2][3])
  end)

  it("asks who is known by his openid alone", function()
    local b = browser()
    login(b, "A1")
    assert.equal(200, select(2, b:opens("/me", "userinfo")).status)
    local response = b:get("callback", agreed(b:get("login", "/-/oauth/login?scope=userinfo&return_to=/me"), "A2"))
    assert.equal(302, response.status)
    assert.equal("微月", b:opens("/me", "userinfo").nickname)
    assert.equal("微月", b:opens("/me", "base").nickname)
  end)

  it("finds nothing wrong with a user without a name", function()
    for i, reply in ipairs { {}, { nickname = "", headimgurl = "" }, { nickname = "a\20b" } } do
      upstream["oauth.userinfo"] = function(args)
        reply.openid = args.openid
        return reply
      end
      local b = browser()
      b:get("callback", agreed(b:get("login", "/-/oauth/login?scope=userinfo"), "A" .. i))
      assert.equal(i == 3 and "a\20b" or nil, b:opens("/me", "userinfo").nickname)
    end
  end)

  it("shows his refusal, and another try", function()
    local b = browser()
    local _, query = parts_of(b:get("login", "/-/oauth/login?scope=userinfo&return_to=/me"))
    local response
    local events = logged(function() response = b:get("callback", CALLBACK .. "?state=" .. query.state) end)
    assert.same({ 403, "oauth.denied", 0 }, { response.status, events, #calls })
    assert.matches('href="/%-/oauth/login%?scope=userinfo', response.body)
  end)
end)

describe("a snapshot identity", function()
  for _, where in ipairs { "oauth.access_token", "oauth.userinfo" } do
    it("never becomes a session: " .. where, function()
      local real = upstream[where]
      upstream[where] = function(args)
        local reply = real(args)
        reply.is_snapshotuser = 1
        return reply
      end
      local b, response = browser(), nil
      local back = agreed(b:get("login", "/-/oauth/login?scope=userinfo&return_to=/me"), "A1")
      local events = logged(function() response = b:get("callback", back) end)
      assert.same({ 403, "oauth.snapshot" }, { response.status, events })
      assert.is_nil(b.cookies.wy_login_one)
      assert.matches("使用完整服务", response.body)
      assert.is_nil(response.body:find("<a", 1, true)) -- a button would only come back here
      assert.is_nil((b:opens "/me"))
      assert.equal(0, kv:del_prefix "u/")
    end)
  end
end)

-- Once -----------------------------------------------------------------------------------------------------------------

describe("a code", function()
  it("that comes twice, one after the other, is exchanged once: back button, double redirect", function()
    local b = browser()
    local _, response = b:opens "/me?a=1"
    local back = agreed(response, "A1")
    for _ = 1, 3 do
      response = b:get("callback", back)
      assert.same({ 302, "/me?a=1" }, { response.status, response.headers.location })
      assert.equal("oUser-A1", b:opens "/me".openid)
    end
    assert.equal(1, #calls)
  end)

  it("that comes twice at a time is exchanged once", function()
    slow = 3
    local b, answers = browser(), {}
    local _, response = b:opens "/me"
    local back = agreed(response, "A1")
    wx.all {
      function() answers[1] = b:get("callback", back) end, function() answers[2] = b:get("callback", back) end,
      function() answers[3] = b:get("callback", back) end,
    }
    for i = 1, 3 do assert.same({ 302, "/me" }, { answers[i].status, answers[i].headers.location }) end
    assert.equal(answers[1].cookies.wy_login_one[1], answers[2].cookies.wy_login_one[1])
    assert.equal(1, #calls)
  end)

  it("that failed fails again without another call", function()
    upstream["oauth.access_token"] = function() return nil, { code = 40029, message = "invalid code" } end
    local b = browser()
    local _, response = b:opens "/me"
    local back = agreed(response, "A1")
    for _ = 1, 2 do assert.equal(400, b:get("callback", back).status) end
    assert.equal(1, #calls)
  end)

  for _, code in ipairs { 40163, 40029, 42003, 41008 } do
    it(("that WeChat takes no more (%d) gives a page with a button: no circle"):format(code), function()
      upstream["oauth.access_token"] = function() return nil, { code = code, message = "refused" } end
      local b, response = browser(), nil
      local events = logged(function() response = login(b, "A1", "/me?a=1") end)
      assert.same({ 400, "oauth.code" }, { response.status, events })
      assert.is_nil(response.headers.location)
      assert.matches('href="/%-/oauth/login%?scope=base&amp;return_to=%%2Fme%%3Fa%%3D1"', response.body)
    end)
  end

  it("is not exchanged for a client that tries without end", function()
    upstream["oauth.access_token"] = function() return nil, { code = 40029, message = "invalid code" } end
    local counts = {}
    local events = logged(function()
      for i = 1, 600 do
        local status = login(browser(), "A" .. i).status
        counts[status] = (counts[status] or 0) + 1
      end
    end)
    assert.same({ [400] = 500, [429] = 100 }, counts)
    assert.equal(500, #calls)
    assert.equal(1, select(2, events:gsub("oauth%.rate", "")))
  end)

  it("is not kept: neither it, nor who came by it, stands in the store beyond the user's own", function()
    upstream["oauth.access_token"] = function() return token_of { code = "openid" } end
    login(browser(), "Acode1")
    local n = 0
    for key, entry in pairs(kv.entries) do
      local text = key .. entry.value
      for _, secret in ipairs { "Acode1", "wxtesttoken" } do assert.is_nil((text:find(secret, 1, true))) end
      if not key:find("u/one/oUser-openid/", 1, true) then
        assert.is_nil((text:find("oUser-openid", 1, true)))
        n = n + 1
      end
    end
    assert.equal(2, n)
  end)

  it("of an exchange that fails at WeChat's is told as that", function()
    for i, err in ipairs { { code = -1, message = "busy" }, { code = "http.timeout", message = "too slow" }, { code = 40125, message = "secret" },
      { code = "api.capability", message = "the account cannot" } } do
      upstream["oauth.access_token"] = function() return nil, err end
      local b, response = browser(), nil
      local events = logged(function() response = login(b, "A" .. i) end)
      assert.same({ 502, "oauth.upstream" }, { response.status, events })
      assert.is_nil(b.cookies.wy_login_one)
    end
  end)
end)

describe("row", function()
  it("O001: " .. rows.O001.input, function()
    local b = browser()
    local _, response = b:opens "/me"
    local back = agreed(response, "A1")
    local state = back:match "state=(%w+)"
    local function refused(who, target, status)
      local answer
      local events = logged(function() answer = who:get("callback", target) end)
      assert.same({ status, "oauth.state" }, { answer.status, events })
      assert.is_nil(answer.headers.location)
      assert.is_nil(answer.cookies)
    end
    refused(b, CALLBACK .. "?code=A1", 400)                                     -- without
    refused(b, CALLBACK .. "?code=A1&state=", 400)
    refused(b, CALLBACK .. "?code=A1&state=" .. ("a"):rep(22), 403)             -- unknown
    refused(b, CALLBACK .. "?code=A1&state=" .. ("a"):rep(129), 400)
    refused(b, CALLBACK .. "?code=A1&state=" .. state:sub(1, 21) .. "%2F", 400)
    refused(b, CALLBACK .. "?code=A1&state=" .. state:sub(1, 8) .. ("a"):rep(14), 403)
    assert.equal(0, #calls)
    assert.equal(302, b:get("callback", back).status)
    refused(b, back:gsub("code=A1", "code=A2"), 403)                             -- a second use
    assert.equal(1, #calls)
  end)

  it("O002: " .. rows.O002.input, function()
    local attacker, victim = browser(), browser()
    local _, response = attacker:opens "/me"
    local back, answer = agreed(response, "A1"), nil
    local events = logged(function() answer = victim:get("callback", back) end)
    assert.same({ 403, "oauth.state", 0 }, { answer.status, events, #calls })
    assert.is_nil((victim:opens "/me"))
    -- and the code of another, brought to an attempt of one's own, after it was used
    attacker:get("callback", back)
    _, response = victim:opens "/me"
    events = logged(function() answer = victim:get("callback", agreed(response, "A1")) end)
    assert.same({ 400, "oauth.code", 1 }, { answer.status, events, #calls })
  end)

  for i = 3, 12 do
    local row = rows[("O%03d"):format(i)]
    it(("%s: %s"):format(row.id, row.input), function()
      local target = row.input:match "^return_to=(.*)$":gsub("\\t", "\t"):gsub("\\\\", "\\")
      local raw = core.form.unescape(target) or target
      for _, wanted in ipairs { target, raw } do
        local answer
        local b = browser()
        local events = logged(function()
          answer = b:get("login", "/-/oauth/login", { query = { return_to = wanted }, method = "GET" })
        end)
        assert.same({ 400, "oauth.return_to" }, { answer.status, events }, wanted)
        assert.is_nil(answer.headers.location)
        assert.is_nil(next(b.cookies))
        answer = b:get("logout", "/-/oauth/logout", { query = { return_to = wanted }, method = "POST" })
        assert.equal(400, answer.status)
        -- and what a page's own address has of it leads nowhere else
        local own = paths.of("https://wx.example.cn" .. wanted)
        assert.equal("https://wx.example.cn/", assert(url.join("https://wx.example.cn/", own)):match "^https://[^/]*/")
      end
    end)
  end

  it("O013: " .. rows.O013.input, function()
    local b = browser()
    for _, code in ipairs { ("a"):rep(10240), "a%0D%0AX:1", "a b", "a%00", "%E4%B8%AD", "a/b" } do
      local _, response = b:opens "/me"
      local answer
      local events = logged(function() answer = b:get("callback", agreed(response, code)) end)
      assert.same({ 400, "oauth.code" }, { answer.status, events }, code)
    end
    assert.equal(0, #calls)
    login(b, "A1")
    local _, response = browser():opens "/me" -- a replay, by who has seen the address
    assert.equal(403, b.get(browser(), "callback", agreed(response, "A1")).status)
    local thief = browser()
    _, response = thief:opens "/me"
    assert.equal(400, thief:get("callback", agreed(response, "A1")).status)
    assert.equal(1, #calls)
  end)

  for name, change in pairs {
    ["another appid"] = function(r) r.appid = "wxtest9" end, ["another scope"] = function(r) r.scope = "snsapi_login" end,
    ["no scope"] = function(r) r.scope = nil end, ["no openid"] = function(r) r.openid = nil end,
    ["a number for an openid"] = function(r) r.openid = 5 end, ["an openid with a slash"] = function(r) r.openid = "o/../x" end,
    ["an openid that is too long"] = function(r) r.openid = ("o"):rep(200) end, ["no token"] = function(r) r.access_token = nil end,
    ["a unionid that is a table"] = function(r) r.unionid = {} end,
  } do
    it(("O014: %s: %s"):format(rows.O014.input, name), function()
      upstream["oauth.access_token"] = function(args)
        local reply = token_of(args)
        change(reply)
        return reply
      end
      local b, response = browser(), nil
      local events = logged(function() response = login(b, "A1") end)
      assert.same({ 502, "oauth.identity" }, { response.status, events })
      assert.is_nil(b.cookies.wy_login_one)
      assert.equal(0, kv:del_prefix "u/")
    end)
  end

  it("O014: a list, and the profile of another user", function()
    upstream["oauth.access_token"] = function() return core.json.decode "[]" end
    assert.equal(502, login(browser(), "A1").status)
    upstream["oauth.access_token"] = token_of
    upstream["oauth.userinfo"] = function() return { openid = "oOther", nickname = "x" } end
    local b = browser()
    local answer = b:get("callback", agreed(b:get("login", "/-/oauth/login?scope=userinfo"), "A2"))
    assert.equal(502, answer.status)
    assert.is_nil(b.cookies.wy_login_one)
  end)
end)

-- The end ----------------------------------------------------------------------------------------------------------------

describe("a login", function()
  it("ends by logging out: the cookie that was copied opens nothing", function()
    local b, copy = browser(), browser()
    login(b, "A1")
    for name, value in pairs(b.cookies) do copy.cookies[name] = value end
    local response = b:get("logout", "/-/oauth/logout?return_to=/bye", { method = "POST", headers = { origin = "https://wx.example.cn" } })
    assert.same({ 303, "/bye" }, { response.status, response.headers.location })
    assert.is_nil(b.cookies.wy_login_one)
    assert.is_nil((copy:opens "/me"))
  end)

  it("is not ended by other sites", function()
    local b = browser()
    login(b, "A1")
    for _, headers in ipairs { { origin = "https://evil.example" }, { origin = "null" }, { ["sec-fetch-site"] = "cross-site" } } do
      assert.equal(403, b:get("logout", "/-/oauth/logout", { method = "POST", headers = headers }).status)
    end
    assert.equal("oUser-A1", b:opens "/me".openid)
  end)

  it("ends by req.user:logout(), in that browser alone", function()
    local b, other = browser(), browser()
    login(b, "A1")
    upstream["oauth.access_token"] = function() return token_of { code = "A1" } end
    login(other, "B1")
    local user = b:opens "/me"
    assert.is_true(user:logout())
    assert.is_nil((b:opens "/me"))
    assert.equal("oUser-A1", other:opens "/me".openid)
  end)

  it("is gone with the user, and does not come back while he is forgotten", function()
    local b = browser()
    login(b, "A1")
    assert.equal(1, kv:del_prefix(keep.user("one", "oUser-A1")))
    assert.is_nil((b:opens "/me"))
    -- forgotten between the writing of his login and what is looked at behind it
    local set = kv.set
    kv.set = function(self, key, value, ttl)
      local done = set(self, key, value, ttl)
      if key:find "^u/one/oUser%-A2/w/" then keep.mark(self, "one", "oUser-A2") end
      return done
    end
    local response = login(b, "A2")
    kv.set = nil
    assert.equal(503, response.status)
    assert.equal(0, kv:del_prefix(keep.user("one", "oUser-A2")))
  end)

  it("lasts a week", function()
    local b = browser()
    login(b, "A1")
    wx.sleep(7 * 86400 - 10)
    assert.equal("oUser-A1", b:opens "/me".openid)
    wx.sleep(20)
    assert.is_nil((b:opens "/me"))
  end)

  it("does not shine through in a cookie of another user", function()
    local b = browser()
    login(b, "A1")
    b.cookies.wy_login_one = b.cookies.wy_login_one:gsub("oUser%-A1", "oUser-B1")
    assert.is_nil((b:opens "/me"))
    for _, bad in ipairs { "", " ", "x", "x ../../y", "a b c" } do
      b.cookies.wy_login_one = bad
      assert.is_nil((b:opens "/me"))
    end
  end)
end)

describe("of a third-party platform's page", function()
  it("the login is the authorizer's, by the platform's token", function()
    local hub, platform, its = hubs.current(), { id = "platform" }, { id = "wxtestauth1" }
    local component = hub:add { id = "platform", kind = "component", appid = "wxtestplatform", can = { oauth = true }, object = platform, index = 3 }
    hub:add { id = "wxtestauth1", kind = "service", appid = "wxtestauth1", can = { oauth = true }, object = its, component = component }
    rawset(hub, "components", { find = function(_, appid) return appid == "wxtestauth1" and its or nil end })
    local more = { account = platform, params = { appid = "wxtestauth1" } }
    local b = browser()
    local _, response = b:opens("/wxtestauth1/me", "base", more)
    local _, query = parts_of(response)
    assert.same({ "wxtestauth1", "wxtestplatform" }, { query.appid, query.component_appid })
    response = b:get("callback", agreed(response, "A1"), { account = platform })
    assert.same({ { "wxtestauth1", "component.oauth_access_token", { code = "A1" } } }, calls)
    assert.truthy(response.cookies.wy_login_wxtestauth1)
    assert.equal("oUser-A1", b:opens("/wxtestauth1/me", "base", more).openid)
    assert.equal(404, select(2, b:opens("/wxtestauth2/me", "base", { account = platform, params = { appid = "wxtestauth2" } })).status)
    local user = b:opens("/wxtestauth1/me", "base", more)
    local site = { id = "platform", object = platform, push = { hold = function() return true end } }
    local visit = requests.new(site, { where = "here:1" }, {}, 1, "", "GET", "/", "")
    visit.req.user = user
    assert(requests.session(visit.req))
    assert.equal(its, visit.session_of.account) -- his session is kept, and forgotten, with what else is his
    _, response = b:opens("/wxtestauth1/me", "userinfo", more)
    assert.matches("appid=wxtestauth1", response.body)
  end)
end)
