-- wx.store over the contract of weiyue.kv.
local app = require "spec.support.app"
local dsl = require "weiyue.dsl"
local json = require "weiyue.json"
local kvs = require "spec.support.kv_object"

local ONE <const>, TWO <const> = { id = "one" }, { id = "t/wo" }

-- wx of a plugin of these accounts; current is that of what runs.
local function new_wx(name, current)
  return dsl.new({ name = name, priority = 0, rules = {}, uses = {}, timers = {} }, {
    account = function() end,
    current = function() return current end,
    find = function(id) return id == "one" and ONE or id == "t/wo" and TWO or nil end,
  })
end

describe("wx.store", function()
  local kv, store

  before_each(function()
    kv = kvs.new()
    store = new_wx("shop", ONE).store
  end)

  after_each(function() kv:free() end)

  it("gives back exactly what it keeps", function()
    local values = {
      "", "你好", "\0\xff\r\n", "12", "{}", "s", ("x"):rep(100000), 0, -1, math.maxinteger, math.mininteger, 1 << 53,
      0.0, 1.0, -0.5, 1e300, 5e-324, math.pi, math.huge, -math.huge, true, false,
      {}, json.array(), { 1, 2, 3 }, { a = { b = { "c", 9007199254740993 } }, d = json.null, e = 1.0, f = "s1" },
    }
    for i, value in ipairs(values) do
      assert.is_true(store:set("k" .. i, value))
      local back = store:get("k" .. i)
      assert.same(value, back)
      assert.equal(math.type(value), math.type(back))
      if type(value) == "table" then assert.equal(math.type(value.e), math.type(back.e)) end
      if json.is_array(value) then assert.is_true(json.is_array(back)) end
    end
    store:set("nan", 0 / 0)
    local nan = store:get "nan"
    assert.is_true(nan ~= nan)
    store:set("zero", -0.0)
    assert.equal("-0.0", tostring(store:get "zero"))
  end)

  it("keeps accounts, plugins, users and keys apart, whatever their names hold", function()
    local names = { "a", "a/b", "a%2Fb", "%", "b", "a/", "/" }
    for _, plugin in ipairs(names) do
      for _, account in ipairs { ONE, TWO } do
        local own = new_wx(plugin, account).store
        for _, key in ipairs(names) do
          assert.is_true(own:add(key, plugin .. "|" .. key))
          for _, openid in ipairs(names) do assert.is_true(own:user(openid):add(key, openid)) end
        end
      end
    end
    assert.equal(7 * 2 * 7 * 8, #kv:keys())
    assert.equal("a/b|a/", new_wx("a/b", TWO).store:get "a/")
  end)

  it("writes the keys that others of weiyue know", function()
    store:set("cart/1", 1)
    store:user("oA"):set("cart/1", 1)
    assert.same({ "p/one/shop/cart%2F1", "u/one/oA/p/shop/cart%2F1" }, kv:keys())
  end)

  it("is the account's whose message is handled, and any other's by account()", function()
    local current = ONE
    local wx = dsl.new({ name = "shop", priority = 0, rules = {}, uses = {} }, {
      account = function() end, current = function() return current end,
      find = function(id) return id == "t/wo" and TWO or nil end,
    })
    wx.store:set("k", 1)
    current = TWO
    assert.is_nil(wx.store:get "k")
    wx.store:set("k", 2)
    current = nil
    assert.equal(2, wx.store:account("t/wo"):get "k")
    assert.equal(2, wx.store:account(TWO):get "k")
    wx.store:account("t/wo"):user("oA"):set("k", 3)
    assert.equal(3, wx.store:user("oA"):account("t/wo"):get "k")
    assert.matches("store_spec.lua:%d+: wx.store:get: of which account%?", app.raised(function() wx.store:get "k" end))
  end)

  it("tells absence from failure", function()
    assert.same({ n = 2 }, table.pack(store:get "none"))
    kv.fails = "store.timeout"
    local calls = {
      get = { "k" }, set = { "k", 1 }, add = { "k", 1 }, cas = { "k", 1, 2 }, incr = { "k" }, delete = { "k" }, scan = { "" },
    }
    for method, arguments in pairs(calls) do
      local value, err = store[method](store, table.unpack(arguments))
      assert.is_nil(value)
      assert.equal("store.timeout", err.code)
    end
    local value, err = store:set("k", nil)
    assert.is_nil(value)
    assert.equal("store.timeout", err.code)
    assert.has_error(function() for _ in store:each() do error "reached" end end)
  end)

  it("changes a table by cas that was read, though it has a minus before its zero", function()
    store:set("k", { x = -0.0, y = 1.0 })
    assert.is_true(store:cas("k", store:get "k", { x = 1 }))
  end)

  it("keeps no table that could not be read again", function()
    local ok, err = store:set("k", { a = { "x\0y" } })
    assert.is_nil(ok)
    assert.equal("store.value", err.code)
    assert.truthy(err.hint and err.hint_en)
    assert.matches("NUL", err.message)
    assert.is_true(store:set("k", { "\\u0000" }))
    assert.same({ "\\u0000" }, store:get "k")
    assert.is_true(store:set("k", "x\0y"))
    assert.equal("x\0y", store:get "k")
  end)

  it("says so where the host has no store", function()
    package.loaded["weiyue.kv"] = { object = function() end }
    local value, err = store:get "k"
    assert.is_nil(value)
    assert.equal("store.closed", err.code)
    assert.equal("this host has no store", tostring(err))
  end)

  it("sets, adds, deletes", function()
    assert.is_true(store:add("k", 1))
    assert.is_false(store:add("k", 2))
    assert.is_true(store:set("k", 2))
    assert.equal(2, store:get "k")
    assert.is_true(store:delete "k")
    assert.is_false(store:delete "k")
    store:set("k", 3)
    assert.is_true(store:set("k", nil))
    assert.is_nil(store:get "k")
  end)

  it("changes a value only from another", function()
    assert.is_true(store:cas("k", nil, { a = 1, b = 2 }))
    assert.same({ false, { a = 1, b = 2 } }, { store:cas("k", nil, 1) })
    assert.same({ false, { a = 1, b = 2 } }, { store:cas("k", { a = 1 }, 1) })
    assert.is_true(store:cas("k", { b = 2, a = 1 }, 1))
    assert.same({ false, 1 }, { store:cas("k", 1.0, 2) })
    assert.is_true(store:cas("k", 1, nil))
    assert.same({ false }, { store:cas("k", 1, 2) })
  end)

  it("counts what set has written, and set reads what was counted", function()
    assert.equal(1, store:incr "n")
    assert.equal(11, store:incr("n", 10))
    assert.equal(11, store:get "n")
    store:set("n", -5)
    assert.equal(-7, store:incr("n", -2))
    assert.equal(-6, store:incr("n", 1.0))
    store:set("text", "5")
    local n, err = store:incr "text"
    assert.is_nil(n)
    assert.equal("store.value", err.code)
  end)

  it("hands times on in milliseconds", function()
    local times = { [5] = 5000, ["5m"] = 300000, ["500ms"] = 500, [0.0001] = 1, [366 * 86400] = 366 * 86400000 }
    for time, ms in pairs(times) do
      local seen
      for _, method in ipairs { "set", "add", "cas", "incr" } do
        kv[method] = function(_, _, ...)
          seen = select(select("#", ...), ...)
          return true
        end
      end
      store:set("k", 1, time)
      assert.equal(ms, seen)
      store:add("k", 1, time)
      assert.equal(ms, seen)
      store:cas("k", 1, 2, time)
      assert.equal(ms, seen)
      store:incr("k", 1, time)
      assert.equal(ms, seen)
    end
  end)

  it("lists by prefix, in pages, and all of them by each", function()
    for i = 1, 250 do store:set(("a/%03d"):format(i), i) end
    store:set("b", "not this one")
    new_wx("shop2", ONE).store:set("a/other", "nor this")
    local list, following = store:scan("a/", nil, 100)
    assert.equal(100, #list)
    assert.same({ "a/001", 1 }, list[1])
    list, following = store:scan("a/", following, 100)
    assert.same({ "a/101", 101 }, list[1])
    list, following = store:scan("a/", following, 100)
    assert.equal(50, #list)
    assert.is_nil(following)
    local n, last = 0, ""
    for key, value in store:each "a/" do
      n = n + 1
      assert.equal(n, value)
      assert.is_true(key > last)
      last = key
    end
    assert.equal(250, n)
    n = 0
    for _ in store:each() do n = n + 1 end
    assert.equal(251, n)
    for _ in store:each "none" do error "nothing is there" end
  end)

  it("leaves out of lists what it has not written, and says so for one", function()
    kv.entries["p/one/shop/x"] = { value = "?" }
    store:set("y", 1)
    assert.same({ { "y", 1 } }, (store:scan()))
    local value, err = store:get "x"
    assert.is_nil(value)
    assert.equal("store.value", err.code)
  end)

  it("refuses tables that are no JSON", function()
    local loop = {}
    loop.loop = loop
    for _, value in ipairs { { print }, { "\xff" }, { 1, nil, 3 }, loop, { [1.5] = 1 } } do
      local ok, err = store:set("k", value)
      assert.is_nil(ok)
      assert.equal("store.value", err.code)
    end
    assert.equal(0, #kv:keys())
  end)

  it("raises for misuse, with the line of who called", function()
    local cases = {
      { "a key is a text, not nil", function() store:get() end },
      { "a key has at least one byte", function() store:set("", 1) end },
      { "call it with a colon: wx.store:get%(key%)", function() store.get "k" end },
      { "a value is a text, a number, a boolean or a table, not function", function() store:set("k", print) end },
      { "a value is .* not nil", function() store:add("k") end },
      { "wx.store:set: a time is a number of seconds or a text", function() store:set("k", 1, {}) end },
      { "a time is more than 0 and at most a year", function() store:set("k", 1, 0) end },
      { "a time is more than 0 and at most a year", function() store:set("k", 1, "400d") end },
      { "what is added is an integer", function() store:incr("k", 1.5) end },
      { "what is added is an integer", function() store:incr("k", "1") end },
      { "this key is too long", function() store:set(("/"):rep(400), 1) end },
      { "a limit is an integer from 1 to 1000", function() store:scan("", nil, 1001) end },
      { "a prefix is a text, not table", function() store:each {} end },
      { "an openid is a text", function() store:user() end },
      { "no account x", function() store:account "x" end },
      { "wx.store has no method put", function() store:put() end },
      { 'wx.store.n: values are kept by wx.store:set%("n", value%)', function() store.n = 5 end },
    }
    for _, case in ipairs(cases) do
      assert.matches("^[^:]*store_spec.lua:%d+: .*" .. case[1], app.raised(case[2]))
    end
    assert.equal(0, kv:count())
  end)

  it("has the methods that lua/meta/store.lua describes, and no others", function()
    local file = assert(io.open "lua/meta/store.lua")
    local text, described = file:read "a", {}
    file:close()
    for name in text:gmatch "\nfunction store:([%w_]+)%(" do described[name] = true end
    for _, name in ipairs { "get", "set", "add", "cas", "incr", "delete", "scan", "each", "user", "account" } do
      assert.is_true(described[name], name)
      described[name] = nil
      assert.equal("function", type(store[name]))
    end
    assert.is_nil(next(described))
  end)

  it("does not let a plugin reach another's through its object", function()
    assert.is_nil(next(store))
    assert.equal("weiyue.store", getmetatable(store))
  end)
end)

describe("wx.lock", function()
  local kv, wx

  before_each(function()
    kv = kvs.new()
    wx = new_wx("shop", ONE)
  end)

  after_each(function() kv:free() end)

  it("is one's at a time, and given back at the block's end", function()
    do
      local lock <close> = wx.lock("report", "10s")
      assert.equal(1, lock.fence)
      local other, err = wx.lock("report", "10s")
      assert.is_nil(other)
      assert.equal("lock.busy", err.code)
      assert.truthy(err.hint and err.hint_en)
      assert.matches("report", tostring(err))
      local free <close> = wx.lock("another", "10s")
      assert.equal(2, free.fence)
    end
    local lock <close> = wx.lock("report", "10s")
    assert.equal(3, lock.fence)
  end)

  it("is given back when the block raises", function()
    pcall(function()
      local _ <close> = assert(wx.lock("report", "10s"))
      error "x"
    end)
    assert.is_truthy(wx.lock("report", "10s"))
  end)

  it("may be closed where it was not got", function()
    local first <close> = wx.lock("report", "10s")
    do
      local second <close> = wx.lock("report", "10s")
      assert.is_nil(second)
    end
    assert.is_true(first:extend "10s")
  end)

  it("is of one plugin and account, by the keys that all agree upon", function()
    wx.lock("a/b", "1s")
    new_wx("shop2", ONE).lock("a/b", "1s")
    wx.lock("a/b", "1s", { account = "t/wo" })
    local names = {}
    for name in pairs(kv.locks) do names[#names + 1] = name end
    table.sort(names)
    assert.same({ "l/one/shop/a%2Fb", "l/one/shop2/a%2Fb", "l/t%2Fwo/shop/a%2Fb" }, names)
  end)

  it("hands the wait on, in milliseconds", function()
    local seen
    kv.lock = function(_, _, ttl, wait)
      seen = { ttl, wait }
      return 1
    end
    wx.lock("x", "10s")
    assert.same({ 10000, 0 }, seen)
    wx.lock("x", 1.5, { wait = "5s" })
    assert.same({ 1500, 5000 }, seen)
    wx.lock("x", 1, { wait = "1h" })
    assert.same({ 1000, 60000 }, seen)
    wx.lock("x", 1, { wait = 0 })
    assert.same({ 1000, 0 }, seen)
  end)

  it("is lost when its time is over, and says so", function()
    local lock = wx.lock("report", "10s")
    kv.locks["l/one/shop/report"].till = 0
    for _, f in ipairs { function() return lock:extend "10s" end, function() return lock:set("k", 1) end } do
      local ok, err = f()
      assert.is_nil(ok)
      assert.equal("lock.lost", err.code)
    end
    assert.is_false(lock:release())
    assert.is_nil(wx.store:get "k")
  end)

  it("writes into wx.store while it is ours", function()
    local lock = wx.lock("report", "10s")
    assert.is_true(lock:set("k/1", { a = 1 }))
    assert.same({ a = 1 }, wx.store:get "k/1")
    assert.is_true(lock:release())
    local ok, err = lock:set("k/1", 2)
    assert.is_nil(ok)
    assert.equal("lock.lost", err.code)
    assert.is_true(lock:release())
  end)

  it("is given back by the next try where the store did not hear of the first", function()
    local lock = wx.lock("report", "10s")
    kv.fails = "store.unreachable"
    local ok, err = lock:release()
    assert.is_nil(ok)
    assert.equal("store.unreachable", err.code)
    kv.fails = nil
    assert.is_true(lock:set("k", 1))
    assert.is_true(lock:release())
    assert.is_nil(kv.locks["l/one/shop/report"])
  end)

  it("tells why it could not be asked for", function()
    kv.fails = "store.unreachable"
    local lock, err = wx.lock("report", "10s")
    assert.is_nil(lock)
    assert.equal("store.unreachable", err.code)
  end)

  it("raises for misuse", function()
    local lock = wx.lock("report", "10s")
    local cases = {
      { "wx.lock wants a name and a time", function() wx.lock() end },
      { "for how long at most", function() wx.lock "x" end },
      { "a time is more than 0", function() wx.lock("x", 0) end },
      { "wx.lock has no option waits", function() wx.lock("x", 1, { waits = 1 }) end },
      { "the third argument is", function() wx.lock("x", 1, 5) end },
      { "no account nobody", function() wx.lock("x", 1, { account = "nobody" }) end },
      { "of which account", function() new_wx("shop").lock("x", 1) end },
      { "call it with a colon: lock:extend", function() lock.extend "1s" end },
      { "lock:extend: for how long", function() lock:extend() end },
      { "a key is a text", function() lock:set() end },
      { "it keeps a value", function() lock:set "k" end },
    }
    for _, case in ipairs(cases) do
      assert.matches("^[^:]*store_spec.lua:%d+: .*" .. case[1], app.raised(case[2]))
    end
  end)
end)
