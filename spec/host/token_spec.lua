-- The token keeper against an issuer in Lua: who refreshes, how often, and what is done about failures.

local core = require "weiyue_core"
local kvs = require "spec.support.kv"
local hubs = require "weiyue.hub"
local json = require "weiyue.json"
local keepers = require "weiyue.token.keeper"
local records = require "weiyue.token.records"
local task = require "weiyue.task"
local wires = require "weiyue.api.wire"

-- WeChat's side: `issuer.answer(request, n)` gives what the n-th request gets.
local issuer

local function new_issuer()
  issuer = { asked = {}, tokens = 0, forced = 0, takes = 0.05 }
  function issuer.stable(request)
    local body = json.decode(request.body)
    if body.force_refresh then issuer.forced = issuer.forced + 1 end
    if body.force_refresh or not issuer.current then
      issuer.tokens = issuer.tokens + 1
      issuer.current = "wxtest-token-" .. issuer.tokens
    end
    return { access_token = issuer.current, expires_in = 7200 }
  end
  issuer.answer = issuer.stable
  return issuer
end

local function send(request)
  local n = #issuer.asked + 1
  issuer.asked[n] = request
  task.sleep(issuer.takes)
  local answer, err = issuer.answer(request, n)
  if not answer then return nil, err end
  return { status = 200, headers = {}, body = type(answer) == "string" and answer or json.encode(answer) }
end

local function fail(code, message) return { errcode = code, errmsg = message or "made up" } end

-- A process: what it shares with others is the store.
local function process(kv) return keepers.new(records.new(kv), wires.new()) end

local function place(more)
  local p = { id = "one", kind = "service", appid = "wxtest0000000001", secret = "wxtestsecret", can = {},
    api = "https://api.weixin.qq.com" }
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

-- Runs f n times at once and gives what each returned.
local function crowd(n, f)
  local results, left = {}, n
  for i = 1, n do
    task.spawn(function()
      results[i] = table.pack(f(i))
      left = left - 1
    end)
  end
  while left > 0 do task.sleep(0.05) end
  return results
end

local function same(results, value)
  for _, r in ipairs(results) do
    if r[1] ~= value then return false end
  end
  return true
end

describe("the token keeper", function()
  local real, kv, lines, write

  before_each(function()
    task.sleep(30) -- what the last spec has left in the background
    real = package.loaded["weiyue.transport"]
    package.loaded["weiyue.transport"] = { send = send }
    new_issuer()
    kv = kvs.new()
    lines, write = {}, core.log.write
    core.log.write = function(level, event, text, fields)
      lines[#lines + 1] = { level = level, event = event, text = text, fields = fields or {} }
    end
  end)

  after_each(function()
    package.loaded["weiyue.transport"] = real
    core.log.write = write
  end)

  local function logged(event)
    local list = {}
    for _, line in ipairs(lines) do
      if line.event == event then list[#list + 1] = line end
    end
    return list
  end

  it("asks for a stable token, once, and keeps it", function()
    local keeper, p = process(kv), place()
    assert.equal("wxtest-token-1", (keeper:get(p, "access_token")))
    assert.equal("wxtest-token-1", (keeper:get(p, "access_token")))
    assert.equal(1, #issuer.asked)
    local asked = issuer.asked[1]
    assert.equal("POST", asked.method)
    assert.equal("https://api.weixin.qq.com/cgi-bin/stable_token", asked.url)
    assert.equal(true, asked.guard)
    assert.same({ grant_type = "client_credential", appid = "wxtest0000000001", secret = "wxtestsecret" },
      json.decode(asked.body))
    assert.is_true(asked.timeout <= 4)
  end)

  it("fetches once for all tasks of all processes that share a store", function()
    local one, other, p = process(kv), process(kv), place()
    local results = crowd(200, function(i) return (i % 2 == 0 and one or other):get(p, "access_token") end)
    assert.is_true(same(results, "wxtest-token-1"))
    assert.equal(1, #issuer.asked)
  end)

  it("forces once for all who tell (W001) that a stable token has failed", function()
    local one, other, p = process(kv), process(kv), place()
    one:get(p, "access_token")
    other:get(p, "access_token")
    local results = crowd(200, function(i)
      return (i % 2 == 0 and one or other):failed(p, "access_token", "wxtest-token-1", 40001)
    end)
    assert.is_true(same(results, "wxtest-token-2"))
    assert.equal(1, issuer.forced)
    assert.equal(3, #issuer.asked) -- the first, a normal one, the forced one
  end)

  it("forces nothing where the issuer gives another token anyway", function()
    local keeper, p = process(kv), place()
    keeper:get(p, "access_token")
    issuer.current = nil -- it has died
    assert.equal("wxtest-token-2", (keeper:failed(p, "access_token", "wxtest-token-1", 42001)))
    assert.equal(0, issuer.forced)
  end)

  it("takes what another process has fetched meanwhile, without a request", function()
    local one, other, p = process(kv), process(kv), place()
    one:get(p, "access_token")
    other:get(p, "access_token")
    one:failed(p, "access_token", "wxtest-token-1", 40001)
    local before = #issuer.asked
    assert.equal("wxtest-token-2", (other:failed(p, "access_token", "wxtest-token-1", 40001)))
    assert.equal(before, #issuer.asked)
  end)

  it("ends in an error where a token stays bad, whatever is asked", function()
    local keeper, p = process(kv), place()
    local value = keeper:get(p, "access_token")
    value = keeper:failed(p, "access_token", value, 40001)
    local before = #issuer.asked
    for _ = 1, 50 do
      local fresh, err = keeper:failed(p, "access_token", value, 40001)
      assert.is_nil(fresh)
      assert.equal("token.refused", err.code)
      assert.is_string(err.hint)
    end
    assert.is_true(#issuer.asked - before <= 1)
    assert.equal(1, issuer.forced)
  end)

  it("forces at most ten times a day", function()
    local keeper, p = process(kv), place()
    local value = keeper:get(p, "access_token")
    for _ = 1, 10 do
      task.sleep(31)
      value = assert(keeper:failed(p, "access_token", value, 40001))
    end
    task.sleep(31)
    local fresh, err = keeper:failed(p, "access_token", value, 40001)
    assert.is_nil(fresh)
    assert.equal("token.refused", err.code)
    assert.equal(10, issuer.forced)
  end)

  it("refreshes five minutes before the end while the old one serves", function()
    local keeper, p = process(kv), place()
    issuer.takes = 2
    keeper:get(p, "access_token")
    issuer.current = nil
    task.sleep(6905)
    local start = core.time.monotonic()
    assert.equal("wxtest-token-1", (keeper:get(p, "access_token"))) -- it does not wait
    assert.is_true(core.time.monotonic() - start < 0.5)
    task.sleep(3)
    assert.equal("wxtest-token-2", (keeper:get(p, "access_token")))
    assert.equal(2, #issuer.asked)
  end)

  it("counts a token's life from the start of the request", function()
    local keeper, p = process(kv), place()
    issuer.takes = 3
    keeper:get(p, "access_token")
    assert.is_true(keeper:left(p, "access_token") <= 7197)
  end)

  it("lets the old token serve to its end while the issuer fails, and does not hammer", function()
    local keeper, p = process(kv), place()
    keeper:get(p, "access_token")
    local before = #issuer.asked
    issuer.answer = function() return nil, { code = "http.timeout", message = "no answer" } end
    task.sleep(6900)
    local start = core.time.monotonic()
    while core.time.monotonic() - start < 290 do
      assert.equal("wxtest-token-1", (keeper:get(p, "access_token")))
      task.sleep(0.5)
    end
    assert.is_true(#issuer.asked - before <= 290 / 5 + 1, #issuer.asked - before)
    task.sleep(20)
    local value, err = keeper:get(p, "access_token")
    assert.is_nil(value)
    assert.equal("http.timeout", err.code)
    issuer.answer = issuer.stable
    task.sleep(80)
    assert.is_string(keeper:get(p, "access_token"))
  end)

  it("asks a failing issuer (W002) at most once in five seconds, of all processes together", function()
    local one, other, p = process(kv), process(kv), place()
    issuer.answer = function() return "<html>bad gateway</html>" end
    local start = core.time.monotonic()
    while core.time.monotonic() - start < 600 do
      crowd(4, function(i) return (i % 2 == 0 and one or other):get(p, "access_token") end)
      task.sleep(0.5)
    end
    assert.is_true(#issuer.asked <= 600 / 5, #issuer.asked)
    local _, err = one:get(p, "access_token")
    assert.equal("api.protocol", err.code)
  end)

  it("asks once more where WeChat is busy for a moment", function()
    local keeper, p = process(kv), place()
    issuer.answer = function(request, n) return n == 1 and fail(-1) or issuer.stable(request) end
    assert.equal("wxtest-token-1", (keeper:get(p, "access_token")))
    assert.equal(2, #issuer.asked)
    assert.equal(0, #logged "token.failed")
  end)

  it("asks no busy WeChat at every turn twice", function()
    local keeper, p = process(kv), place()
    issuer.answer = function() return fail(-1) end
    local start = core.time.monotonic()
    while core.time.monotonic() - start < 600 do
      keeper:get(p, "access_token")
      task.sleep(0.5)
    end
    assert.is_true(#issuer.asked <= 600 / 5, #issuer.asked)
  end)

  it("says what to do about each code in both languages, whether it is known or not", function()
    for _, code in ipairs { -1, 40002, 99999 } do
      local keeper, p = process(kvs.new()), place()
      issuer.answer = function() return fail(code, "") end
      for _ = 1, 2 do -- as it comes, and as it is remembered
        local _, err = keeper:get(p, "access_token")
        assert.equal(code, err.code)
        assert.truthy(err.message ~= "" and err.hint ~= "" and err.hint_en ~= "" and err.hint ~= err.hint_en, code)
        task.sleep(2)
      end
    end
  end)

  for _, row in ipairs {
    { 40164, "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 1-2-3" },
    { 89503, "this ip is calling, waiting for confirm" }, { 40125, "invalid appsecret" }, { 40243, "appsecret frozen" },
  } do
    it(("stops on %d until the configuration changes"):format(row[1]), function()
      local keeper, p = process(kv), place()
      issuer.answer = function() return fail(row[1], row[2]) end
      for _ = 1, 20 do
        local value, err = keeper:get(p, "access_token")
        assert.is_nil(value)
        assert.equal(row[1], err.code)
        assert.is_string(err.hint)
        task.sleep(5)
      end
      assert.equal(1, #issuer.asked)
      assert.equal(1, #logged "token.failed")
      issuer.answer = issuer.stable
      assert.equal("wxtest-token-1", (process(kv):get(place { secret = "wxtestsecret2" }, "access_token")))
    end)
  end

  it("names the IP that WeChat refuses, and asks again after some minutes", function()
    local keeper, p = process(kv), place()
    issuer.answer = function() return fail(40164, "invalid ip 203.0.113.9, not in whitelist") end
    local _, err = keeper:get(p, "access_token")
    assert.truthy(err.hint:find("203.0.113.9", 1, true))
    keeper:forgive(p, "access_token") -- weiyue token --refresh
    assert.equal(40164, select(2, keeper:get(p, "access_token")).code)
    assert.equal(2, #issuer.asked)
    issuer.answer = issuer.stable
    task.sleep(310)
    assert.equal("wxtest-token-1", (keeper:get(p, "access_token")))
  end)

  it("keeps and tells no more than some words of what the issuer says", function()
    local keeper, p = process(kv), place()
    issuer.answer = function() return fail(40243, ("错"):rep(200000)) end
    local _, err = keeper:get(p, "access_token")
    assert.equal(40243, err.code)
    assert.equal(("错"):rep(166) .. "…", err.message)
    assert.equal(err.message, json.decode(kv:get "t/wxtest0000000001/access_token").pause.message)
    assert.is_true(#logged "token.failed"[1].text < 600)
  end)

  it("clamps whatever expires_in says (W003)", function()
    for _, row in ipairs {
      { '"expires_in":0', 60 }, { '"expires_in":-1', 60 }, { '"expires_in":1e99', 7200 }, { '"expires_in":"7200"', 7200 },
      { '"x":1', 7200 }, { '"expires_in":{}', 60 }, { '"expires_in":600', 600 },
    } do
      local keeper, p = process(kvs.new()), place()
      issuer.asked = {}
      issuer.answer = function() return ('{"access_token":"wxtest-token",%s}'):format(row[1]) end
      keeper:get(p, "access_token")
      local left = keeper:left(p, "access_token")
      assert.is_true(left <= row[2] and left >= row[2] - 1, row[1])
      for _ = 1, 20 do keeper:get(p, "access_token") end
      assert.equal(1, #issuer.asked, row[1])
    end
  end)

  it("takes nothing for a token that may not stand in a URL (W010)", function()
    for _, value in ipairs { "a\r\nb", "a\"b", "a b", "", ("a"):rep(1025), "a&b", "令牌" } do
      local keeper, p = process(kvs.new()), place()
      issuer.answer = function() return { access_token = value, expires_in = 7200 } end
      local token, err = keeper:get(p, "access_token")
      assert.is_nil(token)
      assert.equal("token.form", err.code)
    end
    issuer.answer = function() return { access_token = ("a"):rep(1024), expires_in = 7200 } end
    assert.equal(1024, #process(kvs.new()):get(place(), "access_token"))
  end)

  it("goes on in memory when the store is lost, with one warning", function()
    local keeper, p = process(kv), place()
    keeper:get(p, "access_token")
    kv.broken = { code = "store.unreachable", message = "no store" }
    assert.equal("wxtest-token-2", (keeper:failed(p, "access_token", "wxtest-token-1", 40001)))
    task.sleep(7000)
    assert.is_string(keeper:get(p, "access_token"))
    assert.equal(1, #logged "token.store" > 0 and 1 or 0)
    for _, line in ipairs(logged "token.store") do assert.equal("warn", line.level) end
  end)

  it("tells the store once it is back what was fetched meanwhile", function()
    local keeper, p = process(kv), place()
    kv.broken = { code = "store.unreachable", message = "no store" }
    assert.equal("wxtest-token-1", (keeper:get(p, "access_token")))
    task.sleep(15)
    kv.broken = nil
    assert.is_nil(kv:get "t/wxtest0000000001/access_token")
    task.sleep(15)
    assert.equal("wxtest-token-1", json.decode(kv:get "t/wxtest0000000001/access_token").value)
    assert.equal("wxtest-token-1", (process(kv):get(p, "access_token")))
    assert.equal(1, #issuer.asked)
  end)

  it("tells the store after a reload, too, what was fetched before it", function()
    local dict, p = records.table_dict(), place()
    local before = records.new(kv, dict)
    kv.broken = { code = "store.unreachable", message = "no store" }
    assert.equal("wxtest-token-1", (keepers.new(before, wires.new()):get(p, "access_token")))
    before.unsaved = {} -- its tasks have ended with it
    kv.broken = nil
    assert.equal("wxtest-token-1", (keepers.new(records.new(kv, dict), wires.new()):get(p, "access_token")))
    task.sleep(15)
    assert.equal("wxtest-token-1", json.decode(kv:get "t/wxtest0000000001/access_token").value)
    assert.is_nil(dict:get "missed/t/wxtest0000000001/access_token")
    assert.equal(1, #issuer.asked)
  end)

  it("takes nothing that stands in the store for a token, unless it is one", function()
    for _, text in ipairs { "5", '"x"', "[1]", "{", '{"value":"wxtest-old"}', '{"value":5,"expires":1e12,"refresh":1}' } do
      kv:set("t/wxtest0000000001/access_token", text)
      assert.equal("wxtest-token-1", (process(kv):get(place(), "access_token")))
    end
  end)

  it("leaves a later token alone that another machine has told the store of", function()
    local keeper, p = process(kv), place()
    kv.broken = { code = "store.unreachable", message = "no store" }
    keeper:get(p, "access_token")
    kv.broken, issuer.current = nil, nil
    task.sleep(1)
    assert.equal("wxtest-token-2", (process(kv):get(p, "access_token")))
    task.sleep(15)
    assert.equal("wxtest-token-2", json.decode(kv:get "t/wxtest0000000001/access_token").value)
  end)

  it("gives another token to who runs the host, at most every 30 seconds, and says how long to wait", function()
    local keeper, p = process(kv), place()
    keeper:get(p, "access_token")
    assert.equal("wxtest-token-2", (keeper:renew(p, "access_token")))
    task.sleep(10)
    local value, err = keeper:renew(p, "access_token")
    assert.is_nil(value)
    assert.equal("token.soon", err.code)
    assert.equal("强制刷新至少隔 30 秒；还要等 20 秒", err.message_zh)
    assert.matches("20 to go", err.message)
    assert.truthy(err.hint and err.hint_en)
    assert.equal("wxtest-token-2", (keeper:get(p, "access_token")))
    for _, line in ipairs(lines) do
      assert.equal("info", line.level)
      assert.is_nil(tostring(line.text):find "refuse")
    end
    task.sleep(21)
    assert.equal("wxtest-token-3", (keeper:renew(p, "access_token")))
    assert.equal(2, issuer.forced)
  end)

  it("says that a ticket stays the same, and keeps it", function()
    local keeper, p = process(kv), place()
    issuer.answer = function(request)
      if request.body then return issuer.stable(request) end
      return { errcode = 0, ticket = "wxtest-jsapi", expires_in = 7200 }
    end
    keeper:get(p, "jsapi_ticket")
    local value, err = keeper:renew(p, "jsapi_ticket")
    assert.is_nil(value)
    assert.equal("token.same", err.code)
    assert.equal("wxtest-jsapi", (keeper:get(p, "jsapi_ticket")))
    assert.equal(0, #logged "token.refused")
  end)

  it("works without any store", function()
    local keeper, p = process(nil), place()
    local results = crowd(50, function() return keeper:get(p, "access_token") end)
    assert.is_true(same(results, "wxtest-token-1"))
    assert.equal(1, #issuer.asked)
  end)

  it("asks for a classic token where the configuration says so", function()
    local keeper, p = process(kv), place { access_token = "classic" }
    issuer.answer = function(_, n) return { access_token = "wxtest-classic-" .. n, expires_in = 7200 } end
    assert.equal("wxtest-classic-1", (keeper:get(p, "access_token")))
    assert.equal("https://api.weixin.qq.com/cgi-bin/token?grant_type=client_credential&appid=wxtest0000000001"
      .. "&secret=wxtestsecret", issuer.asked[1].url)
    local value, err = keeper:failed(p, "access_token", "wxtest-classic-1", 40001)
    assert.is_nil(value) -- it died within 30 s: somebody else fetches
    assert.equal("token.refused", err.code)
    task.sleep(31)
    assert.equal("wxtest-classic-2", (keeper:failed(p, "access_token", "wxtest-classic-1", 40001)))
  end)

  it("gives no older token for one that failed, which another process has fetched", function()
    local one, other, p = process(kv), process(kv), place { access_token = "classic" }
    issuer.answer = function(_, n) return { access_token = "wxtest-classic-" .. n, expires_in = 7200 } end
    assert.equal("wxtest-classic-1", (one:get(p, "access_token")))
    assert.equal("wxtest-classic-1", (other:get(p, "access_token")))
    task.sleep(31)
    assert.equal("wxtest-classic-2", (one:failed(p, "access_token", "wxtest-classic-1", 40001)))
    task.sleep(31)
    assert.equal("wxtest-classic-3", (other:failed(p, "access_token", "wxtest-classic-2", 40001)))
    assert.equal("wxtest-classic-3", (one:failed(p, "access_token", "wxtest-classic-2", 40001)))
    assert.equal(3, #issuer.asked)
  end)

  describe("where the clock was set back by a day", function()
    local now = core.time.now
    after_each(function() core.time.now = now end)
    local function set_back() core.time.now = function() return now() - 86400 end end

    it("does not keep a token longer than it lives", function()
      local p = place()
      assert.equal("wxtest-token-1", (process(kv):get(p, "access_token")))
      set_back()
      issuer.current = nil
      assert.equal("wxtest-token-2", (process(kv):get(p, "access_token")))
    end)

    it("asks for another classic token in place of one that failed", function()
      local keeper, p = process(kv), place { access_token = "classic" }
      issuer.answer = function(_, n) return { access_token = "wxtest-classic-" .. n, expires_in = 7200 } end
      assert.equal("wxtest-classic-1", (keeper:get(p, "access_token")))
      set_back()
      assert.equal("wxtest-classic-2", (keeper:failed(p, "access_token", "wxtest-classic-1", 40001)))
    end)

    it("asks again in place of a token that is refused", function()
      local keeper, p = process(kv), place { access_token = "classic" }
      issuer.answer = function() return { access_token = "wxtest-classic", expires_in = 7200 } end
      keeper:get(p, "access_token")
      assert.equal("token.refused", select(2, keeper:failed(p, "access_token", "wxtest-classic", 40001)).code)
      set_back()
      issuer.answer = function() return { access_token = "wxtest-other", expires_in = 7200 } end
      assert.equal("wxtest-other", (keeper:failed(p, "access_token", "wxtest-classic", 40001)))
    end)
  end)

  it("has it from a central token server, and tells that which one failed", function()
    local keeper = process(kv)
    local p = place { access_token = { url = "http://127.0.0.1:8081/token", key = "wxtestkey", account = "main" } }
    issuer.answer = function(_, n) return { access_token = "wxtest-central-" .. n, expires_in = 7200 } end
    assert.equal("wxtest-central-1", (keeper:get(p, "access_token")))
    local asked = issuer.asked[1]
    assert.equal("http://127.0.0.1:8081/token?account=main&kind=access_token", asked.url)
    assert.equal("Bearer wxtestkey", asked.headers.Authorization)
    assert.equal(false, asked.guard)
    assert.equal("wxtest-central-2", (keeper:failed(p, "access_token", "wxtest-central-1", 40001)))
    assert.truthy(issuer.asked[2].url:find("&failed=wxtest-central-1", 1, true))
  end)

  it("has tickets for pages and cards, whose access token is renewed when it is bad", function()
    local keeper, p = process(kv), place()
    issuer.answer = function(request)
      if request.body then return issuer.stable(request) end
      if request.url:find("access_token=wxtest-token-1", 1, true) then return fail(40001) end
      return { errcode = 0, ticket = request.url:find "jsapi" and "wxtest-jsapi" or "wxtest-card", expires_in = 7200 }
    end
    assert.equal("wxtest-jsapi", (keeper:get(p, "jsapi_ticket")))
    assert.equal(1, issuer.forced)
    assert.equal("wxtest-card", (keeper:get(p, "wx_card_ticket")))
    assert.equal("wxtest-jsapi", (keeper:get(p, "jsapi_ticket")))
    assert.equal(6, #issuer.asked)
  end)

  it("tells which kinds of token there are, and which an account has, in Chinese and English", function()
    local keeper, p = process(kv), place()
    for kind, code in pairs {
      foo = "token.kind", component_access_token = "token.config", authorizer_access_token = "token.config",
    } do
      local value, err = keeper:get(p, kind)
      assert.is_nil(value)
      assert.equal(code, err.code)
      assert.is_nil(err.message:find "[\x80-\xff]")
      assert.truthy(err.message_zh:find "[\x80-\xff]")
      assert.truthy(err.hint and err.hint_en)
    end
    local _, err = keeper:get(place { id = "plat", kind = "component" }, "access_token")
    assert.equal("token.config", err.code)
    assert.truthy(err.hint:find("component_access_token", 1, true))
    assert.equal(0, #issuer.asked)
  end)

  describe("a refresh whose task", function()
    local spawn

    before_each(function() spawn = task.spawn end)
    after_each(function() task.spawn = spawn end)

    it("there is no memory for fails, and the next one is made", function()
      local keeper, p = process(kv), place()
      task.spawn = function() error "not enough memory" end
      assert.has_error(function() keeper:get(p, "access_token") end)
      task.spawn = spawn
      assert.equal("wxtest-token-1", (keeper:get(p, "access_token")))
    end)

    it("is lost before it begins is made anew", function()
      local keeper, p = process(kv), place()
      task.spawn = function() task.spawn = spawn end
      local start = core.time.monotonic()
      local results = {}
      for i = 1, 2 do spawn(function() results[i] = keeper:get(p, "access_token") end) end
      task.sleep(12)
      assert.same({ "wxtest-token-1", "wxtest-token-1" }, results)
      assert.equal(1, #issuer.asked)
      assert.is_true(core.time.monotonic() - start < 13)
    end)

    it("is lost in the background is made anew while the old token serves", function()
      local keeper, p = process(kv), place()
      keeper:get(p, "access_token")
      issuer.current = nil
      task.sleep(6905)
      task.spawn = function() task.spawn = spawn end
      assert.equal("wxtest-token-1", (keeper:get(p, "access_token")))
      task.sleep(10)
      assert.equal("wxtest-token-1", (keeper:get(p, "access_token")))
      task.sleep(1)
      assert.equal("wxtest-token-2", (keeper:get(p, "access_token")))
    end)
  end)

  it("asks again under the lock where the token that it needs has taken longer than the lock holds", function()
    local one, other, p = process(kv), process(kv), place()
    local access = records.new(kv)
    local busy = access:lock "t/wxtest0000000001/access_token" -- held elsewhere, again and again
    task.spawn(function()
      task.sleep(9)
      busy:extend()
      task.sleep(2)
      busy:free()
    end)
    issuer.answer = function(request)
      if request.body then return issuer.stable(request) end
      issuer.tickets = (issuer.tickets or 0) + 1
      return { errcode = 0, ticket = "wxtest-ticket-" .. issuer.tickets, expires_in = 7200 }
    end
    issuer.takes = 3
    local results = {}
    task.spawn(function() results[1] = one:get(p, "jsapi_ticket") end)
    task.spawn(function()
      task.sleep(0.5)
      results[2] = other:get(p, "jsapi_ticket")
    end)
    task.sleep(40)
    assert.same({ "wxtest-ticket-1", "wxtest-ticket-1" }, results)
    assert.equal(1, issuer.tickets)
  end)

  it("tells what an account lacks", function()
    local value, err = process(kv):get(place { secret = false }, "access_token")
    assert.is_nil(value)
    assert.equal("token.config", err.code)
    assert.equal(0, #issuer.asked)
  end)

  it("shows no token and no secret in the log", function()
    local keeper, p = process(kv), place()
    keeper:get(p, "access_token")
    keeper:failed(p, "access_token", "wxtest-token-1", 40001)
    for _, line in ipairs(lines) do
      local text = tostring(line.text)
      for k, v in pairs(line.fields) do text = text .. k .. tostring(v) end
      assert.is_nil(text:find "wxtest%-token")
      assert.is_nil(text:find "wxtestsecret")
    end
    assert.equal("***", core.secrets.mask "wxtest-token-2")
  end)
end)

describe("the addresses of WeChat's API", function()
  local real, asked, down

  before_each(function()
    real, asked, down = package.loaded["weiyue.transport"], {}, {}
    package.loaded["weiyue.transport"] = { send = function(request)
      local host = request.url:match "^https?://([^/]+)"
      asked[#asked + 1] = host
      if down[host] then return nil, { code = down[host], message = "made up" } end
      return { status = 200, headers = {}, body = "{}" }
    end }
  end)
  after_each(function() package.loaded["weiyue.transport"] = real end)

  it("are tried one after another when no connection is made", function()
    local wire, p = wires.new(), { api = wires.DEFAULT }
    down["api.weixin.qq.com"], down["api2.weixin.qq.com"] = "http.connect", "http.connect"
    assert.is_table(wire:send({ method = "GET", url = wires.DEFAULT .. "/x?y" }, p))
    assert.same({ "api.weixin.qq.com", "api2.weixin.qq.com", "sh.api.weixin.qq.com" }, asked)
    wire:send({ method = "GET", url = wires.DEFAULT .. "/x" }, p)
    assert.equal("sh.api.weixin.qq.com", asked[4]) -- the one that answered is asked first
    task.sleep(301)
    down = {}
    wire:send({ method = "GET", url = wires.DEFAULT .. "/x" }, p)
    assert.equal("api.weixin.qq.com", asked[5])
  end)

  it("are not tried again once a request may have arrived", function()
    down["api.weixin.qq.com"] = "http.timeout"
    local response, err = wires.new():send({ method = "POST", url = wires.DEFAULT .. "/x" }, { api = wires.DEFAULT })
    assert.is_nil(response)
    assert.equal("http.timeout", err.code)
    assert.equal(1, #asked)
  end)

  it("are left alone where the configuration names another", function()
    local p = { api = "http://127.0.0.1:9" }
    down["127.0.0.1:9"] = "http.connect"
    local request = { method = "GET", url = p.api .. "/x" }
    wires.new():send(request, p)
    assert.same({ "127.0.0.1:9" }, asked)
    assert.equal(false, request.guard)
  end)

  it("end when all are down", function()
    for _, host in ipairs(wires.HOSTS) do down[host] = "http.connect" end
    local response, err = wires.new():send({ method = "GET", url = wires.DEFAULT .. "/x" }, { api = wires.DEFAULT })
    assert.is_nil(response)
    assert.equal("http.connect", err.code)
    assert.equal(#wires.HOSTS, #asked)
  end)
end)

describe("weiyue.token", function()
  it("wants an account and a kind that there is", function()
    local token = require "weiyue.token"
    hubs.serve(hubs.new())
    assert.has_error(function() token.get {} end)
    hubs.current():add { id = "one", object = {}, can = {}, kind = "service" }
    assert.has_error(function() token.get("one", "nonsense") end)
    assert.has_error(function() token.failed("one", "access_token") end)
    assert.equal("token.form", select(2, token.failed("one", "access_token", "a\nb")).code)
  end)
end)
