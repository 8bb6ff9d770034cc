-- account.api over the real transport, against spec/support/wechat_api.py.

local api_rows = require "spec.support.api_rows"
local core = require "weiyue_core"
local hubs = require "weiyue.hub"
local json = require "weiyue.json"
local kvs = require "spec.support.kv"
local objects = require "weiyue.api.objects"
local task = require "weiyue.task"
local wechat_api = require "spec.support.wechat_api"

local function place(more)
  local p = { id = "one", kind = "service", verified = true, appid = "wxtest0000000001", secret = "wxtestsecret",
    can = require("weiyue.capabilities").of("service", true), object = {} }
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

local function crowd(n, f)
  local results, left = {}, n
  for i = 1, n do
    task.spawn(function()
      results[i] = table.pack(f(i))
      left = left - 1
    end)
  end
  while left > 0 do task.sleep(0.01) end
  return results
end

describe("account.api", function()
  local server, hub, api, lines, write, one

  setup(function() server = wechat_api.start() end)
  teardown(function() server:stop() end)

  local function start(more)
    hub = hubs.new()
    rawset(hub, "kv", kvs.new())
    more = more or {}
    more.api = more.api or server.url
    one = hub:add(place(more))
    hubs.serve(hub)
    api = objects.new(one, { name = "spec", api = { "menu.*", "tag.delete" } })
  end

  before_each(function()
    server:set { kill = true, zero = true, bad = false, check = true, answers = {}, token_error = json.null, delay = 0 }
    server:seen()
    lines, write = {}, core.log.write
    core.log.write = function(level, event, text, fields)
      lines[#lines + 1] = { level = level, event = event, text = text, fields = fields or {} }
    end
    start()
  end)
  after_each(function() core.log.write = write end)

  local function logged(event)
    local n = 0
    for _, line in ipairs(lines) do
      if line.event == event then n = n + 1 end
    end
    return n
  end

  it("calls with a token that it has fetched once", function()
    server:set { answers = { ["/cgi-bin/user/info"] = { openid = "oTest", nickname = "测试" } } }
    local user = assert(api.user.info { openid = "oTest" })
    assert.equal("测试", user.nickname)
    assert(api.user.info { openid = "oTest" })
    local seen = server:seen()
    assert.equal(3, #seen)
    assert.equal("/cgi-bin/stable_token", seen[1].path)
    assert.equal("GET", seen[2].method)
    assert.truthy(seen[2].query:find("access_token=wxtest-0001-", 1, true))
    assert.truthy(seen[2].query:find("openid=oTest", 1, true))
  end)

  it("calls by name", function()
    assert(api:call("user.info", { openid = "oTest" }))
    assert.has_error(function() api.call("user.info", {}) end)
    assert.has_error(function() api:call("user.inf", {}) end)
  end)

  it("finds wrong arguments before anything is sent", function()
    local result, err = api.user.info {}
    assert.is_nil(result)
    assert.equal("api.field", err.code)
    assert.equal("user.info", err.api)
    assert.equal(0, #server:seen())
  end)

  it("raises where a name is wrong, naming the nearest", function()
    assert.matches("the nearest is user", select(2, pcall(function() return api.usr end)))
    assert.matches("nearest is account.api.user.info", select(2, pcall(function() return api.user.inf end)))
    assert.matches("with a dot", select(2, pcall(function() return api.user:info { openid = "o" } end)))
  end)

  it("renews a token that WeChat refuses, and calls once more", function()
    assert(api.user.info { openid = "oTest" })
    server:set { kill = true }
    assert(api.user.info { openid = "oTest" })
    local counts = server:counts()
    assert.equal(2, counts.stable) -- the issuer has another one by itself
    assert.equal(0, counts.forced)
    assert.equal(1, counts.refused)
  end)

  it("ends where the token stays bad, after one more try", function()
    server:set { bad = true }
    for _ = 1, 20 do
      local result, err = api.user.info { openid = "oTest" }
      assert.is_nil(result)
      assert.is_truthy(err.code == 40001 or err.code == "token.refused")
    end
    local counts = server:counts()
    assert.equal(1, counts.forced)
    assert.is_true(counts.stable <= 4, counts.stable)
    assert.is_true(counts.calls <= 22, counts.calls)
  end)

  it("tries again where WeChat is busy, if that does no harm", function()
    server:set { answers = { ["/cgi-bin/user/info"] = { { errcode = -1 }, { errcode = -1 }, { openid = "oTest" } },
      ["/cgi-bin/message/custom/send"] = { errcode = -1, errmsg = "system error" } } }
    assert.equal("oTest", assert(api.user.info { openid = "oTest" }).openid)
    local result, err = api.message_custom.send { touser = "oTest", msgtype = "text", text = { content = "hi" } }
    assert.is_nil(result)
    assert.equal(-1, err.code)
    local counts = server:counts()
    assert.equal(4, counts.calls)
    server:set { answers = { ["/cgi-bin/user/info"] = { errcode = -1 } } }
    assert.equal(-1, select(2, api.user.info { openid = "oTest" }).code)
    assert.equal(4 + 4, server:counts().calls)
  end)

  -- In Beijing, where WeChat's days begin.
  local function no_midnight_within(seconds)
    if 86400 - (core.time.now() + 8 * 3600) % 86400 < seconds then task.sleep(seconds) end
  end

  it("asks no more (W008) where the day's calls are used up, or a minute's", function()
    no_midnight_within(120)
    server:set { answers = { ["/cgi-bin/user/info"] = { errcode = 45009, errmsg = "reach max api daily quota limit" },
      ["/cgi-bin/user/get"] = { errcode = 45011, errmsg = "api minute-quota reach limit" } } }
    for _ = 1, 50 do
      assert.equal(45009, select(2, api.user.info { openid = "oTest" }).code)
      assert.equal(45011, select(2, api.user.list {}).code)
    end
    assert.equal(2, server:counts().calls)
    assert.equal(2, logged "api.circuit")
    assert.equal(45009, hub.governor:quota(one)["user.info"].open)
    server:set { answers = {} }
    task.sleep(61)
    assert(api.user.list {})
    assert.equal(45009, select(2, api.user.info { openid = "oTest" }).code)
    task.sleep(86400)
    assert(api.user.info { openid = "oTest" })
  end)

  it("looks now and then whether calls go on", function()
    server:set { answers = { ["/cgi-bin/user/info"] = { errcode = 45009 } } }
    no_midnight_within(3000)
    for _ = 1, 200 do
      api.user.info { openid = "oTest" }
      task.sleep(10)
    end
    local calls = server:counts().calls
    assert.is_true(calls >= 2 and calls <= 5, calls)
  end)

  it("tells what is left of all that has a limit, before its first call as well", function()
    one.limits = { ["tag.create"] = 7 }
    local quota = hub.governor:quota(one)
    assert.same({ used = 0, limit = 100000, left = 100000 }, quota["template.send"])
    assert.same({ used = 0, limit = 7, left = 7 }, quota["tag.create"])
    assert.is_nil(quota["tag.get"])
  end)

  it("is not written to", function()
    for _, set in ipairs { function() api.x = 1 end, function() api.user.info = 1 end } do
      assert.matches("api_spec.lua:%d+: account.api is read%-only", require("spec.support.app").raised(set))
    end
  end)

  it("counts, warns at four fifths, keeps a reserve for late replies, and refuses", function()
    one.limits = { ["message_custom.send"] = 20, ["user.info"] = 5 }
    local message = { touser = "oTest", msgtype = "text", text = { content = "hi" } }
    for i = 1, 5 do assert(api.user.info { openid = "oTest" }, i) end
    local result, err = api.user.info { openid = "oTest" }
    assert.is_nil(result)
    assert.equal("api.quota", err.code)
    assert.same({ used = 5, limit = 5, left = 0 }, hub.governor:quota(one)["user.info"])
    for i = 1, 19 do assert(api.message_custom.send(message), i) end
    assert.equal("api.quota", select(2, api.message_custom.send(message)).code)
    assert(hub.engine:call(one, "message_custom.send", message, { late = true }))
    assert.equal("api.quota", select(2, hub.engine:call(one, "message_custom.send", message, { late = true })).code)
    assert.equal(2, logged "api.quota")
  end)

  it("counts for all workers and machines", function()
    one.limits = { ["user.info"] = 10 }
    for _ = 1, 4 do assert(api.user.info { openid = "oTest" }) end
    task.sleep(35)
    local kv = hub.kv
    hub = hubs.new() -- another machine
    rawset(hub, "kv", kv)
    local other = hub:add(place { api = server.url, limits = { ["user.info"] = 10 } })
    hubs.serve(hub)
    for _ = 1, 6 do assert(hub.engine:call(other, "user.info", { openid = "oTest" })) end
    assert.equal("api.quota", select(2, hub.engine:call(other, "user.info", { openid = "oTest" })).code)
  end)

  describe("after openapi.clear_quota", function()
    local LIMITS <const> = { ["user.info"] = 5, ["user.list"] = 5 }

    -- Another worker, where memory is given, or another machine.
    local function another(dict)
      local its = hubs.new()
      rawset(its, "kv", hub.kv)
      if dict then rawset(its, "dict", dict) end
      return its, its:add(place { api = server.url, limits = LIMITS })
    end

    local function use_up(its, whose)
      for i = 1, 5 do assert(its.engine:call(whose, "user.info", { openid = "oTest" }), i) end
      assert.equal("api.quota", select(2, its.engine:call(whose, "user.info", { openid = "oTest" })).code)
    end

    before_each(function() one.limits = LIMITS end)

    it("a restart does not bring the old count back", function()
      use_up(hub, one)
      task.sleep(35) -- the store knows
      assert(hub.engine:call(one, "openapi.clear_quota"))
      task.sleep(35)
      local its, mine = another() -- with nothing of the memory
      use_up(its, mine)
    end)

    it("other workers and machines call again what was used up, or refused", function()
      local worker, of_worker = another(hub.dict)
      local machine, of_machine = another()
      server:set { answers = { ["/cgi-bin/user/get"] = { errcode = 45009 } } }
      for _, pair in ipairs { { worker, of_worker }, { machine, of_machine } } do
        assert.equal(45009, select(2, pair[1].engine:call(pair[2], "user.list", {})).code)
      end
      use_up(worker, of_worker)
      server:set { answers = {} }
      assert(hub.engine:call(one, "openapi.clear_quota"))
      assert.equal(0, worker.governor:quota(of_worker)["user.info"].used)
      use_up(worker, of_worker)
      assert(worker.engine:call(of_worker, "user.list", {}))
      machine.engine:call(of_machine, "user.list", {})
      task.sleep(35) -- until it has asked the store
      assert(machine.engine:call(of_machine, "user.list", {}))
    end)

    it("the store hears of it later where it was lost", function()
      use_up(hub, one)
      task.sleep(35)
      hub.kv.broken = { code = "store.unreachable", message = "no store" }
      assert(hub.engine:call(one, "openapi.clear_quota"))
      hub.kv.broken = nil
      task.sleep(35)
      local its, mine = another()
      use_up(its, mine)
    end)
  end)

  it("refuses what the kind of account has not, before anything is sent", function()
    start { kind = "subscription", verified = false,
      can = require("weiyue.capabilities").of("subscription", false) }
    local result, err = api.template.send { touser = "oTest", template_id = "t", data = {} }
    assert.is_nil(result)
    assert.equal("api.capability", err.code)
    assert.truthy(err.hint:find("已认证服务号", 1, true))
    assert.truthy(err.message:find("verified service account", 1, true))
    assert.equal(0, #server:seen())
  end)

  it("refuses dangerous calls that a plugin has not declared, and what is the host's", function()
    local _, err = api.material.del { media_id = "m" }
    assert.equal("api.undeclared", err.code)
    assert.truthy(err.hint:find('api = { "material.del" }', 1, true))
    assert(api.tag.delete { tag = { id = 1 } })
    assert.equal("api.undeclared", select(2, api.token.stable {}).code)
    assert.equal("api.undeclared", select(2, api.openapi.clear_quota {}).code)
    assert.equal(2, #server:seen())
  end)

  it("gives an address where nothing is to be sent", function()
    local address = assert(api.oauth.authorize_url { redirect_uri = "https://wx.example.cn/x", scope = "snsapi_base" })
    assert.matches("^https://open.weixin.qq.com/connect/oauth2/authorize%?appid=wxtest0000000001&", address)
    assert.equal(0, #server:seen())
  end)

  it("tells of a failure once for each place and code, without a secret", function()
    server:set { answers = { ["/cgi-bin/user/info"] = { errcode = 40003, errmsg = "invalid openid rid: 1-2-3" } } }
    for _ = 1, 10 do
      local _, err = api.user.info { openid = "oTest" }
      assert.equal(40003, err.code)
      assert.is_string(err.hint)
    end
    assert.equal(1, logged "api.failed")
    api.user.info { openid = "oTest" }
    assert.equal(2, logged "api.failed")
    for _, line in ipairs(lines) do
      for _, value in pairs(line.fields) do
        assert.is_nil(tostring(value):find("wxtest-0001", 1, true))
        assert.is_nil(tostring(value):find("wxtestsecret", 1, true))
      end
    end
  end)

  it("renews the token once for a crowd of calls that find it dead", function()
    assert(api.user.info { openid = "oTest" })
    server:set { kill = true, zero = true }
    local results = crowd(100, function() return api.user.info { openid = "oTest" } end)
    for _, r in ipairs(results) do assert.is_table(r[1], tostring(r[2])) end
    local counts = server:counts()
    assert.equal(1, counts.stable)
    assert.is_true(counts.calls <= 200)
  end)
end)

describe("every row of the API", function()
  it("reaches the server as the table has it", function()
    local server = wechat_api.start()
    server:set { plain = true }
    local real = package.loaded["weiyue.transport"] or require "weiyue.transport"
    package.loaded["weiyue.transport"] = { send = function(request)
      local host, rest = request.url:match "^https://([^/]+)(.*)$"
      request.url, request.guard = server.url .. rest, false
      request.headers = request.headers or {}
      request.headers["X-Wxtest-Host"] = host
      return real.send(request)
    end }
    local hub, ctx = hubs.new(), api_rows.ctx
    local component = { id = "platform", kind = "component", appid = ctx.component_appid, secret = ctx.component_secret,
      can = {}, api = "https://api.weixin.qq.com", object = {} }
    local account = { id = "one", kind = "service", appid = ctx.appid, secret = ctx.secret, can = {},
      api = "https://api.weixin.qq.com", object = {}, component = component }
    for name in pairs(require("weiyue.capabilities").of "mini") do account.can[name], component.can[name] = true, true end
    rawset(hub, "keeper", { -- every token is the one that the table's spec expects
      peek = function() return ctx.token end, get = function() return ctx.token end,
      failed = function() return nil, { code = "spec", message = "refused" } end,
    })
    rawset(hub, "governor", { take = function() return true end, told = function() end, clear = function() end })
    hub:add(component)
    hub:add(account)
    hubs.serve(hub)
    local n, bad, sent = 0, {}, {}
    api_rows.each(function(call)
      local args = call.args
      if call.key == "component.get_token" then args.component_verify_ticket = ctx.component_verify_ticket end
      local result, err = hub.engine:call(account, call.key, args)
      n = n + 1
      if result == nil then
        bad[#bad + 1] = tostring(err)
        return
      end
      if call.row.reply == "redirect" then
        local got = api_rows.of_request { method = "GET", url = result }
        table.move(api_rows.differences(call, got), 1, 99, #bad + 1, bad)
      else
        sent[#sent + 1] = call
      end
    end, true)
    local seen = server:seen()
    assert.equal(#sent, #seen)
    for i, got in ipairs(seen) do
      if got.query == "" then got.query = nil end
      table.move(api_rows.differences(sent[i], got), 1, 99, #bad + 1, bad)
    end
    package.loaded["weiyue.transport"] = real
    server:stop()
    assert.same({}, bad)
    assert.equal(659, n)
  end)
end)
