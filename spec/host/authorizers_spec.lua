-- Who has authorised a third-party platform, as workers and machines see it: they share a store, and change what
-- stands there at the same time.

local core = require "weiyue_core"
local hubs = require "weiyue.hub"
local json = require "weiyue.json"
local kvs = require "spec.support.kv"
local records = require "weiyue.token.records"
local task = require "weiyue.task"

local PLATFORM <const>, APPID <const> = "wxtest0000000001", "wxtestauthorizer"
local RECORD <const> = ("c/%s/a/%s"):format(PLATFORM, APPID)
local WAITS <const> = ("c/%s/w/%s"):format(PLATFORM, APPID)
local TOKEN <const> = ("t/%s/authorizer_access_token"):format(APPID)
local LOST <const> = { code = "store.unreachable", message = "no store" }

describe("who has authorised a platform", function()
  local kv, asked, answers, lines, write

  -- WeChat's side: `answers[name]` is what a call gets, or a function that gives it.
  local function engine_call(_, _, name, args)
    asked[#asked + 1] = name
    local answer = answers[name]
    if type(answer) == "function" then answer = answer(args) end
    if not answer or answer.code then return nil, answer or { code = -1, message = "busy" } end
    return answer
  end

  -- A worker: what it has beside the store is memory that it may share with another.
  local function worker(dict)
    local hub = hubs.new()
    rawset(hub, "kv", kv)
    rawset(hub, "dict", dict or records.table_dict())
    rawset(hub, "engine", { call = engine_call })
    rawset(hub, "wire", { send = function()
      local answer = answers.token
      if type(answer) == "function" then answer = answer() end
      return { status = 200, body = json.encode(answer) }
    end })
    hub.platform = hub:add { index = 1, id = "one", kind = "component", appid = PLATFORM, secret = "wxtestsecret",
      api = "https://api.weixin.qq.com", can = {}, object = {} }
    return hub
  end

  local function tells(hub, event, more)
    local raw = { AuthorizerAppid = APPID }
    for name, value in pairs(more or {}) do raw[name] = value end
    hub.components:event(hub.platform, { type = "component", event = event, raw = raw })
  end

  local function authorises(hub, code) tells(hub, "authorized", { AuthorizationCode = code or "wxtest-code" }) end

  local function record()
    local text = kv:get(RECORD)
    return text and json.decode(text)
  end

  before_each(function()
    kv, asked, lines, write = kvs.new(), {}, {}, core.log.write
    answers = {
      ["component.query_auth"] = { authorization_info = { authorizer_appid = APPID,
        authorizer_refresh_token = "wxtest-refresh-1" } },
      ["component.get_authorizer_info"] = { authorizer_info = { user_name = "gh_test", service_type_info = { id = 2 },
        verify_type_info = { id = 0 } } },
    }
    core.log.write = function(level, event, text, fields)
      lines[#lines + 1] = { level = level, event = event, text = text, fields = fields or {} }
    end
  end)
  after_each(function() core.log.write = write end)

  local function logged(event)
    local n = 0
    for _, line in ipairs(lines) do
      if line.event == event then n = n + 1 end
    end
    return n
  end

  it("is known to all workers, until he takes it back on one of them", function()
    local dict = records.table_dict()
    local one, other, machine = worker(dict), worker(dict), worker()
    authorises(one)
    for _, hub in ipairs { one, other, machine } do assert.is_table(hub.components:find(APPID)) end
    tells(other, "unauthorized")
    for _, hub in ipairs { one, other, machine } do assert.is_nil(hub.components:find(APPID)) end
    assert.is_nil(kv:get(RECORD))
    assert.is_nil(kv:get(WAITS))
    authorises(one)
    for _, hub in ipairs { one, other, machine } do assert.is_table(hub.components:find(APPID)) end
  end)

  it("is listed whatever else stands there, and hides nothing that waits", function()
    local one = worker()
    authorises(one)
    for name, text in pairs { wxtest1 = "5", wxtest2 = "{", wxtest3 = "{}", wxtest4 = '{"appid":7}' } do
      kv:set(("c/%s/a/%s"):format(PLATFORM, name), text)
      kv:set(("c/%s/w/%s"):format(PLATFORM, name), text)
    end
    local found = {}
    for appid in one.components:each(one.platform) do found[#found + 1] = appid end
    assert.same({ APPID }, found)
    kv:set(WAITS, json.encode { id = "x", appid = APPID, gone = true, since = core.time.now(),
      due = core.time.now() + 600 })
    one.components.kept:resume(one.platform)
    assert.is_nil(record())
  end)

  it("has no token any more that is kept, once he has taken it back", function()
    local one = worker()
    authorises(one)
    kv:set("t/" .. PLATFORM .. "/component_access_token", json.encode { value = "wxtest-component",
      expires = core.time.now() + 7000, refresh = core.time.now() + 6000 })
    answers.token = { authorizer_access_token = "wxtest-token", expires_in = 7200,
      authorizer_refresh_token = "wxtest-refresh-2" }
    local place = one:place(one.components:find(APPID))
    assert.equal("wxtest-token", (one.keeper:get(place, "access_token")))
    assert.equal("wxtest-refresh-2", record().refresh_token)
    assert.is_string(kv:get(TOKEN))
    tells(one, "unauthorized")
    assert.is_nil(kv:get(TOKEN))
    assert.is_nil(one.dict:get(TOKEN))
    local value, err = one.keeper:get(place, "access_token")
    assert.is_nil(value)
    assert.equal("token.unauthorized", err.code)
  end)

  it("has tokens while the store is lost, as long as WeChat gives no other refresh token", function()
    local one = worker()
    authorises(one)
    kv:set("t/" .. PLATFORM .. "/component_access_token", json.encode { value = "wxtest-component",
      expires = core.time.now() + 7000, refresh = core.time.now() + 6000 })
    answers.token = { authorizer_access_token = "wxtest-token-1", expires_in = 7200,
      authorizer_refresh_token = "wxtest-refresh-1" }
    local place = one:place(one.components:find(APPID))
    assert.equal("wxtest-token-1", (one.keeper:get(place, "access_token")))
    kv.broken = LOST
    answers.token.authorizer_access_token = "wxtest-token-2"
    assert.equal("wxtest-token-2", (one.keeper:failed(place, "access_token", "wxtest-token-1", 40001)))
    answers.token.authorizer_refresh_token = "wxtest-refresh-2"
    local value, err = one.keeper:failed(place, "access_token", "wxtest-token-2", 40001)
    assert.is_nil(value)
    assert.equal("store.unreachable", err.code)
    kv.broken = nil
    task.sleep(60)
    assert.equal("wxtest-refresh-1", record().refresh_token)
    assert.equal("wxtest-token-2", (one.keeper:failed(place, "access_token", "wxtest-token-1", 40001)))
    assert.equal("wxtest-refresh-2", one.components:refresh_token(place)) -- the store is told of it
    assert.equal("wxtest-refresh-2", record().refresh_token)
  end)

  it("leaves alone what another has changed while a change of it was missed", function()
    for _, now in ipairs { '{"appid":"wxtestauthorizer","refresh_token":"wxtest-refresh-3"}', false } do
      local one = worker()
      authorises(one)
      kv.broken = LOST
      local place = one:place(APPID) or one:place(one.components:account(one.platform, { appid = APPID }))
      assert.is_nil(one.components:keep_refresh_token(place, "wxtest-refresh-2", "wxtest-refresh-1"))
      kv.broken = nil
      if now then kv:set(RECORD, now) else kv:del(RECORD) end
      assert.equal(now and "wxtest-refresh-3", one.components:refresh_token(place) or false)
      kv:del(RECORD)
    end
  end)

  it("is tried again to be taken back where the store was lost, and told", function()
    local one, other = worker(), worker()
    authorises(one)
    kv.broken = LOST
    tells(one, "unauthorized")
    assert.equal(1, logged "component.event")
    assert.is_nil(one.components:find(APPID))
    assert.equal(0, logged "component.unauthorized")
    task.sleep(30)
    kv.broken = nil
    task.sleep(60)
    assert.is_nil(record())
    assert.is_nil(other.components:find(APPID))
    assert.equal(1, logged "component.unauthorized")
  end)

  it("is not lost with the store: the code is exchanged once, and what it brought is kept later", function()
    local one = worker()
    kv.broken = LOST
    authorises(one)
    assert.equal(1, logged "component.event")
    task.sleep(700) -- longer than a code is good
    kv.broken = nil
    task.sleep(70)
    assert.equal("wxtest-refresh-1", record().refresh_token)
    assert.is_nil(kv:get(WAITS))
    local n = 0
    for _, name in ipairs(asked) do
      if name == "component.query_auth" then n = n + 1 end
    end
    assert.equal(1, n)
  end)

  it("is not lost with the host that heard of it", function()
    local one, other = worker(), worker()
    answers["component.query_auth"] = nil
    authorises(one)
    one.components.kept.jobs = {} -- it is gone
    answers["component.query_auth"] = { authorization_info = { authorizer_appid = APPID,
      authorizer_refresh_token = "wxtest-refresh-7" } }
    local stop = other.components:start()
    task.sleep(10)
    stop()
    assert.equal("wxtest-refresh-7", record().refresh_token)
    assert.is_nil(kv:get(WAITS))
  end)

  it("keeps the newest of two authorisations, whichever is dealt with last", function()
    local one, other = worker(), worker()
    answers["component.query_auth"] = nil
    authorises(one, "wxtest-old")
    answers["component.query_auth"] = function(args)
      return { authorization_info = { authorizer_appid = APPID,
        authorizer_refresh_token = "wxtest-refresh-" .. args.authorization_code } }
    end
    authorises(other, "wxtest-new")
    task.sleep(120)
    assert.equal("wxtest-refresh-wxtest-new", record().refresh_token)
  end)

  it("keeps a refresh token only in place of the one that it was given for", function()
    local one = worker()
    authorises(one)
    local place = one:place(one.components:find(APPID))
    answers["component.query_auth"].authorization_info.authorizer_refresh_token = "wxtest-refresh-9"
    authorises(one) -- anew, while one is asked for with the first
    assert.is_true(one.components:keep_refresh_token(place, "wxtest-refresh-2", "wxtest-refresh-1"))
    assert.equal("wxtest-refresh-9", record().refresh_token)
    assert.is_true(one.components:keep_refresh_token(place, "wxtest-refresh-10", "wxtest-refresh-9"))
    assert.equal("wxtest-refresh-10", record().refresh_token)
    tells(one, "unauthorized")
    local ok, err = one.components:keep_refresh_token(place, "wxtest-refresh-11", "wxtest-refresh-10")
    assert.is_nil(ok)
    assert.equal("token.unauthorized", err.code)
    assert.is_nil(record())
  end)

  it("loses nothing that is changed while another change is made", function()
    local one, other = worker(), worker()
    local cas = kv.cas
    function kv.cas(self, key, old, new, ttl) -- between the reading and the writing of what WeChat tells of him
      kv.cas = cas
      if key == RECORD and record() then
        assert(other.components:keep_refresh_token({ component = other.platform, appid = APPID }, "wxtest-refresh-2",
          "wxtest-refresh-1"))
      end
      return cas(self, key, old, new, ttl)
    end
    local real = kv.cas
    kv.cas = cas
    answers["component.get_authorizer_info"] = function()
      kv.cas = real
      return { authorizer_info = { user_name = "gh_test", service_type_info = { id = 2 } } }
    end
    authorises(one)
    assert.equal("wxtest-refresh-2", record().refresh_token)
    assert.equal("gh_test", record().username)
  end)

  it("is kept whatever WeChat tells of him", function()
    for _, info in ipairs {
      { service_type_info = json.null, verify_type_info = 5, user_name = 7, MiniProgramInfo = json.null },
      { service_type_info = { id = {} }, verify_type_info = { id = json.null } }, json.null, {},
    } do
      answers["component.get_authorizer_info"] = { authorizer_info = info }
      local one = worker()
      authorises(one)
      assert.equal("wxtest-refresh-1", record().refresh_token)
      assert.is_nil(kv:get(WAITS))
      assert.equal("subscription", one:place(one.components:find(APPID)).kind)
    end
    answers["component.get_authorizer_info"] = { authorizer_info = { service_type_info = { id = "2" },
      verify_type_info = { id = "0" } } }
    authorises(worker())
    assert.same({ 2, true }, { record().service_type, record().verified })
    answers["component.query_auth"] = { authorization_info = json.null }
    authorises(worker(), "wxtest-other")
    assert.equal(1, logged "component.event")
  end)

  it("does not come back by what WeChat tells of him late", function()
    local one, other = worker(), worker()
    answers["component.get_authorizer_info"] = function()
      kv:del(RECORD)
      return { authorizer_info = { user_name = "gh_test", service_type_info = { id = 2 } } }
    end
    authorises(one)
    assert.is_nil(record())
    assert.is_nil(other.components:find(APPID))
  end)
end)
