-- Forgetting users over the contract of weiyue.kv, in this state.
local app = require "spec.support.app"
local core = require "weiyue_core"
local forget = require "weiyue.forget"
local kvs = require "spec.support.kv_object"
local task = require "weiyue.task"

local DAY <const> = 86400

describe("weiyue.forget", function()
  local kv, now, real_now, real_write, account, place, forgetting, dropped, told, timers, real_after

  local function event(name, created, openid)
    forgetting:hears { event = name, openid = openid or "oA", account = account, created = created or now }
  end

  -- What waits for its time runs, once.
  local function wake()
    local list = timers
    timers = {}
    for _, f in ipairs(list) do f() end
  end

  before_each(function()
    kv, now, real_now, timers, real_after = kvs.new(), 1700000000, core.time.now, {}, task.after
    real_write, core.log.write = core.log.write, function() end
    core.time.now = function() return now end
    task.after = function(_, f)
      timers[#timers + 1] = f
      return { cancel = function() end }
    end
    account, dropped, told = { id = "o/ne" }, {}, {}
    place = { object = account, index = 1, delay = DAY, handlers = {
      { plugin = "shop", where = "shop.lua:1", fn = function(openid, of) told[#told + 1] = { openid, of.id } end },
    } }
    forgetting = forget.new({ place }, {
      drop = function(_, id, openid) dropped[#dropped + 1] = id .. " " .. openid end,
    }, {
      forget = function(index, openid) dropped[#dropped + 1] = index .. " " .. openid end,
    })
  end)

  after_each(function()
    core.time.now, core.log.write, task.after = real_now, real_write, real_after
    kv:free()
  end)

  -- Something of two users.
  local function plant()
    for _, openid in ipairs { "oA", "oAB", "o/A" } do
      for _, what in ipairs { "s", "kf", "info", "p/shop/cart" } do
        kv:set("u/o%2Fne/" .. openid:gsub("/", "%%2F") .. "/" .. what, "x")
      end
    end
  end

  it("deletes all that is kept of one user, and nothing of others", function()
    plant()
    assert.is_true(forgetting:forget(account, "oA", "call"))
    assert.equal(8, #kv:keys "u/")
    assert.same({}, kv:keys "u/o%2Fne/oA/")
    assert.is_true(forgetting:forget(account, "o/A", "call"))
    assert.equal(4, #kv:keys "u/o%2Fne/oAB/")
    assert.equal(4, #kv:keys "u/")
  end)

  it("leaves a mark for an hour, which shows nobody, before anything is deleted", function()
    plant()
    local real = kv.del_prefix
    kv.del_prefix = function(...)
      assert.equal(1, #kv:keys "g/")
      return real(...)
    end
    forgetting:forget(account, "oA", "call")
    local key = kv:keys "g/"[1]
    assert.matches("^g/o%%2Fne/%x+$", key)
    assert.equal(64, #key:match "%x+$")
    assert.is_nil(kv.entries[key].value:find "oA")
    assert.equal(3600000, kv.entries[key].till - require("weiyue.time").monotonic() * 1000)
  end)

  it("deletes nothing where no mark can be left", function()
    plant()
    local real = kv.set
    kv.set = function(_, key, ...)
      if key:find "^g/" then return nil, { code = "store.full" } end
      return real(kv, key, ...)
    end
    local ok, err = forgetting:forget(account, "oA", "call")
    assert.is_nil(ok)
    assert.equal("store.full", err.code)
    assert.equal(12, #kv:keys())
  end)

  it("tells plugins first, while everything is there, and then the host's other places", function()
    plant()
    local there
    place.handlers[2] = { plugin = "b", where = "b.lua:1", fn = function() there = #kv:keys "u/o%2Fne/oA/" end }
    forgetting:forget(account, "oA", "call")
    assert.same({ { "oA", "o/ne" } }, told)
    assert.equal(4, there)
    assert.same({ "o/ne oA", "1 oA", "o/ne oA", "1 oA" }, dropped)
  end)

  it("goes on when a handler raises, and says in the log how many did", function()
    plant()
    table.insert(place.handlers, 1, { plugin = "b", where = "b.lua:1", fn = function() error "erp is down" end })
    local lines = app.logged(function() assert.is_true(forgetting:forget(account, "oA", "call")) end)
    assert.equal(1, #told)
    assert.equal("lua.error", lines[1].event)
    assert.matches("erp is down", lines[1].text)
    assert.same({ "forget", "call", 4, 1 }, {
      lines[2].event, lines[2].fields.cause, lines[2].fields.keys, lines[2].fields.handlers_failed,
    })
    assert.same({}, kv:keys "u/o%2Fne/oA/")
  end)

  it("writes no openid into the log", function()
    plant()
    local lines = app.logged(function()
      event "unsubscribe"
      now = now + DAY
      forgetting:sweep(place)
      kv.fails = "store.full"
      forgetting:forget(account, "oA", "call")
    end)
    assert.equal(2, #lines)
    for _, line in ipairs(lines) do
      assert.is_nil(line.text:find("oA", 1, true))
      for _, value in pairs(line.fields) do assert.is_nil(tostring(value):find("oA", 1, true)) end
    end
  end)

  it("tells why when the store fails", function()
    kv.fails = "store.unreachable"
    local ok, err = forgetting:forget(account, "oA", "call")
    assert.is_nil(ok)
    assert.equal("store.unreachable", err.code)
  end)

  for name, cause in pairs {
    unsubscribe = "unsubscribe", user_authorization_revoke = "revoke", user_authorization_cancellation = "cancellation",
  } do
    it(("forgets after `forget` seconds from %s, not before"):format(name), function()
      plant()
      event(name)
      now = now + DAY - 1
      forgetting:sweep(place)
      assert.equal(0, #told)
      now = now + 1
      local lines = app.logged(function() forgetting:sweep(place) end)
      assert.equal(cause, lines[1].fields.cause)
      assert.equal(1, #told)
      assert.same({}, kv:keys "u/o%2Fne/oA/")
      assert.same({}, kv:keys "f/")
      forgetting:sweep(place)
      assert.equal(1, #told)
    end)
  end

  it("lets a new follow take a leaving back", function()
    plant()
    event "unsubscribe"
    now = now + 10
    event "subscribe"
    wake()
    now = now + 2 * DAY
    forgetting:sweep(place)
    assert.equal(0, #told)
    assert.equal(12, #kv:keys())
  end)

  it("lets no follow take back that an authorisation was revoked, whatever else comes", function()
    for _, order in ipairs {
      { "user_authorization_revoke", "subscribe" },
      { "user_authorization_cancellation", "unsubscribe", "subscribe" },
      { "unsubscribe", "user_authorization_revoke", "subscribe" },
    } do
      plant()
      for _, name in ipairs(order) do
        event(name)
        wake()
      end
      now = now + DAY
      forgetting:sweep(place)
      assert.same({}, kv:keys "u/o%2Fne/oA/")
    end
    assert.equal(3, #told)
  end)

  it("keeps the first time when WeChat tells it twice, and after a revocation", function()
    plant()
    event "unsubscribe"
    now = now + DAY / 2
    event "unsubscribe"
    event "user_authorization_revoke"
    now = now + DAY / 2
    forgetting:sweep(place)
    assert.equal(1, #told)
    assert.same({}, kv:keys "f/")
  end)

  it("keeps a leaving that is later than a follow that was told late", function()
    plant()
    event("unsubscribe", now)
    event("subscribe", now - 5)
    wake()
    now = now + DAY
    forgetting:sweep(place)
    assert.equal(1, #told)
  end)

  it("forgets at once where the time is 0, when the handlers are done", function()
    plant()
    place.delay = 0
    event "unsubscribe"
    assert.equal(0, #told)
    forgetting:heard { event = "unsubscribe", openid = "oA", account = account, created = now }
    assert.equal(1, #told)
    assert.same({}, kv:keys "u/o%2Fne/oA/")
    assert.same({}, kv:keys "f/")
  end)

  it("forgets nobody by itself where it is off", function()
    place.delay = false
    event "unsubscribe"
    forgetting:heard { event = "unsubscribe", openid = "oA", account = account, created = now }
    event "subscribe"
    wake()
    assert.equal(0, kv:count())
  end)

  it("leaves nothing of a plan when he is forgotten by a call before", function()
    event "unsubscribe"
    assert.equal(2, #kv:keys())
    forgetting:forget(account, "oA", "call")
    assert.same({ {}, {} }, { kv:keys "u/", kv:keys "f/" })
  end)

  it("tries again to write a plan, until it is written", function()
    kv.fails = "store.unreachable"
    forgetting:start()
    local lines = app.logged(function()
      event "unsubscribe"
      wake()
      wake()
    end)
    assert.equal(1, #lines)
    assert.same({ "forget.failed", "store.unreachable" }, { lines[1].event, lines[1].text })
    kv.fails = nil
    wake()
    assert.equal(2, #kv:keys())
    kv:count()
    forgetting:retry()
    assert.equal(0, kv:count()) -- nothing is left to do
    now = now + DAY
    forgetting:sweep(place)
    assert.equal(1, #told)
  end)

  it("hands over to the next generation what could not be written", function()
    kv.fails = "store.unreachable"
    event "unsubscribe"
    event("user_authorization_revoke", now, "oB")
    event("unsubscribe", now, "oC")
    event("subscribe", now, "oC")
    wake()
    local after = forget.new({ place }, forgetting.box, forgetting.push)
    after.dict = forgetting.dict -- one for all generations of a process
    after:retry()
    kv.fails = nil
    after:retry()
    assert.same({ "u/o%2Fne/oA/f", "u/o%2Fne/oB/f" }, kv:keys "u/")
    now = now + DAY
    after:sweep(place)
    assert.equal(2, #told)
  end)

  it("hands over as many as there are", function()
    kv.fails = "store.unreachable"
    for i = 1, 1500 do event("unsubscribe", now, "oMany" .. i) end
    local after = forget.new({ place }, forgetting.box, forgetting.push)
    after.dict = forgetting.dict -- one for all generations of a process
    for _ = 1, 5 do after:retry() end
    assert.is_true(kv:count() < 1600) -- a store that is away is left alone
    kv.fails = nil
    after:retry()
    assert.equal(1500, #kv:keys "u/")
  end)

  it("plans nothing any more for who is forgotten meanwhile", function()
    kv.fails = "store.unreachable"
    event "unsubscribe"
    event "user_authorization_revoke"
    kv.fails = nil
    forgetting:forget(account, "oA", "call")
    forgetting:retry()
    assert.same({ {}, {} }, { kv:keys "u/", kv:keys "f/" })
  end)

  it("says so when a plan cannot even be noted", function()
    forgetting.dict = {
      get = function() end, set = function() return nil, { code = "too_large" } end, delete = function() end,
    }
    kv.fails = "store.unreachable"
    local lines = app.logged(function() event "unsubscribe" end)
    assert.equal(1, #lines)
    assert.matches("store.unreachable; and it is not tried again", lines[1].text)
  end)

  it("goes on trying to plan for a revocation when he follows", function()
    kv.fails = "store.unreachable"
    event "user_authorization_revoke"
    event "subscribe"
    wake()
    kv.fails = nil
    forgetting:retry()
    now = now + DAY
    forgetting:sweep(place)
    assert.equal(1, #told)
  end)

  it("gives up a plan that could not be written when he follows again", function()
    kv.fails = "store.unreachable"
    event "unsubscribe"
    event "subscribe"
    wake()
    kv.fails = nil
    forgetting:retry()
    assert.same({}, kv:keys())
  end)

  it("forgets without plugins those whose handlers are ended each time", function()
    plant()
    event "unsubscribe"
    now = now + DAY
    local runs = 0
    place.handlers[1].fn = function()
      runs = runs + 1
      kv.fails = "store.timeout" -- as if the task had ended: nothing of what follows is done
    end
    for _ = 1, 4 do
      forgetting:sweep(place)
      kv.fails, kv.locks = nil, {}
    end
    assert.equal(3, runs)
    assert.same({}, kv:keys "u/o%2Fne/oA/")
  end)

  it("is done by one of several who share the store", function()
    plant()
    event "unsubscribe"
    now = now + DAY
    assert.is_truthy(kv:lock("f/o%2Fne", 90000, 0))
    forgetting:sweep(place)
    assert.equal(0, #told)
    kv.locks = {}
    forgetting:sweep(place)
    assert.equal(1, #told)
    assert.same({}, kv.locks)
  end)

  it("stops where the store is lost on the way, and the next look goes on", function()
    for i = 1, 50 do event("unsubscribe", now, "oMany" .. i) end
    now = now + DAY
    local scan, n = kv.scan, 0
    kv.scan = function(...)
      n = n + 1
      if n == 3 then return nil, { code = "store.unreachable", message = "no store" } end
      return scan(...)
    end
    forgetting:sweep(place)
    assert.equal(20, #told)
    assert.same({}, kv.locks)
    forgetting:sweep(place)
    assert.equal(50, #told)
  end)

  it("goes through all that is due", function()
    for i = 1, 50 do event("unsubscribe", now, "oMany" .. i) end
    event("unsubscribe", now, "oLater")
    now = now + DAY
    event("unsubscribe", now, "oTomorrow")
    forgetting:sweep(place)
    assert.equal(51, #told)
    assert.same({ "u/o%2Fne/oTomorrow/f" }, kv:keys "u/")
  end)
end)
