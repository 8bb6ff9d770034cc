-- weiyue.kv: the store as lua/weiyue has it. What every store keeps to is spec/c/kv_contract.h; this is about
-- values of Lua, waiting, and what becomes of tasks.

local rig = require "spec.support.rig"
local task = require "weiyue.task"

local serial = 0

describe("weiyue.kv", function()
  local kv, p

  before_each(function()
    serial = serial + 1
    kv, p = require("weiyue.kv").object(), ("spec/%d/"):format(serial)
  end)

  it("keeps byte strings", function()
    local all = {}
    for i = 0, 255 do all[i + 1] = string.char(i) end
    all = table.concat(all)
    assert.is_true(kv:set(p .. all, all))
    assert.equal(all, kv:get(p .. all))
    assert.same({ n = 1 }, table.pack(kv:get(p .. "none")))
    assert.is_true(kv:set(p .. "empty", ""))
    assert.equal("", (kv:get(p .. "empty")))
  end)

  it("adds, deletes, counts", function()
    assert.is_true(kv:add(p .. "a", "1"))
    assert.is_false(kv:add(p .. "a", "2"))
    assert.equal(3, kv:incr(p .. "a", 2))
    assert.equal(4, kv:incr(p .. "a"))
    assert.equal("4", (kv:get(p .. "a")))
    assert.is_true(kv:del(p .. "a"))
    assert.is_false(kv:del(p .. "a"))
    assert.equal(math.mininteger, kv:incr(p .. "a", math.mininteger))
  end)

  it("compares and sets, and tells what stands there", function()
    assert.same({ false, nil, n = 2 }, table.pack(kv:cas(p .. "a", "0", "1")))
    assert.same({ true, n = 1 }, table.pack(kv:cas(p .. "a", nil, "1")))
    assert.same({ false, "1", n = 2 }, table.pack(kv:cas(p .. "a", nil, "2")))
    assert.is_true(kv:cas(p .. "a", "1", nil))
    assert.is_nil(kv:get(p .. "a"))
  end)

  it("scans page by page", function()
    for i = 1, 5 do kv:set(p .. i, "v" .. i) end
    local list, next = kv:scan(p, nil, 2)
    assert.same({ { p .. "1", "v1" }, { p .. "2", "v2" } }, list)
    assert.equal(p .. "2", next)
    list, next = kv:scan(p, next, 3)
    assert.same({ { p .. "3", "v3" }, { p .. "4", "v4" }, { p .. "5", "v5" } }, list)
    assert.is_nil(next)
    assert.equal(5, kv:del_prefix(p))
    assert.same({}, (kv:scan(p)))
  end)

  it("forgets what is over, on the host's clock", function()
    kv:set(p .. "a", "1", 60000)
    task.sleep(59.9)
    assert.equal("1", (kv:get(p .. "a")))
    task.sleep(0.1)
    assert.is_nil(kv:get(p .. "a"))
  end)

  it("locks, with a fence that writes are held to", function()
    local fence = kv:lock(p .. "l", 1000)
    assert.is_true(math.type(fence) == "integer")
    assert.is_false(kv:lock(p .. "l", 1000, 500))
    assert.is_true(kv:extend(p .. "l", fence, 1000))
    assert.is_true(kv:set_fenced(p .. "a", "1", nil, p .. "l", fence))
    task.sleep(1)
    local later = kv:lock(p .. "l", 1000)
    assert.is_true(later > fence)
    assert.is_false(kv:set_fenced(p .. "a", "2", nil, p .. "l", fence))
    assert.is_false(kv:unlock(p .. "l", fence))
    assert.is_true(kv:unlock(p .. "l", later))
    assert.equal("1", (kv:get(p .. "a")))
  end)

  it("gives a lock to tasks in the order in which they came", function()
    local order, fence = {}, kv:lock(p .. "l", 60000)
    for i = 1, 4 do
      task.spawn(function()
        local mine = kv:lock(p .. "l", 60000, 50000)
        order[#order + 1] = i
        task.sleep(1)
        kv:unlock(p .. "l", mine)
      end)
    end
    task.sleep(1)
    assert.same({}, order)
    kv:unlock(p .. "l", fence)
    task.sleep(10)
    assert.same({ 1, 2, 3, 4 }, order)
  end)

  it("gives nil and an error for what can be expected", function()
    local ok, err = kv:set(p, ("x"):rep(2 ^ 20 + 1))
    assert.is_nil(ok)
    assert.equal("store.large", err.code)
    assert.truthy(err.hint and err.hint_en)
    assert.equal(err.message, tostring(err))
    kv:set(p .. "a", "x")
    ok, err = kv:incr(p .. "a")
    assert.is_nil(ok)
    assert.equal("store.not_a_number", err.code)
  end)

  it("raises for misuse, before anything is asked", function()
    assert.error_matches(function() kv:set(p, 5) end, "kv:set: the value is a string, not number")
    assert.error_matches(function() kv:get() end, "kv:get: the key is a string, not no value")
    assert.error_matches(function() kv:get "" end, "kv:get: the key is empty")
    assert.error_matches(function() kv:set(p, "", 1.5) end, "kv:set: the ttl is a whole number, not a fraction")
    assert.error_matches(function() kv:set(p, "", -1) end, "kv:set: the ttl is at least 0")
    assert.error_matches(function() kv:incr(p, "1") end, "kv:incr: what is added is a whole number, not string")
    assert.error_matches(function() kv:del_prefix "" end, "kv:del_prefix: the prefix is empty")
    assert.error_matches(function() kv:scan("", nil, 1001) end, "kv:scan: the limit is 1 to 1000")
    assert.error_matches(function() kv.get(p) end, "kv:get: call it with a colon")
    assert.error_matches(function() table.sort({ 1, 2 }, function() kv:get(p) end) end, "cannot wait inside a C function")
  end)
end)

describe("a host's store", function()
  local app

  after_each(function()
    if app then app:free() end
    app = nil
  end)

  local function host(options)
    app = rig.new {
      plugin = [[
        local kv = require "kv_door"
        wx.text(wx.prefix "set ", function(msg)
          local ok, err = kv:set("k", msg.content:sub(5))
          return ok and "kept" or err.code
        end)
        wx.text("get", function() return kv:get "k" or "nothing" end)
        wx.text("lock", function() return tostring(kv:lock("l", 5000)) end)
        wx.text("wait", function() return kv:lock("l", 5000, 60000) and "got it" or "not got" end)
      ]],
      config = ('c_modules = { "kv_door" }%s'):format(options and options.config or ""),
    }
  end

  if not package.searchpath("kv_door", package.cpath) then
    pending "needs kv_door, which the build has in spec, on LUA_CPATH"
    return
  end

  it("is in memory unless the configuration names one, and outlives generations", function()
    host()
    local user = app:user()
    local first = user:says "set one"
    app:advance(0)
    assert.equal("kept", first:content())
    app:reload { plugin = [[
      local kv = require "kv_door"
      wx.text("get", function() return "still " .. kv:get "k" end)]] }
    local second = user:says "get"
    app:advance(0)
    assert.equal("still one", second:content())
    assert.is_nil(io.open(app.folder .. "/weiyue.db"))
    assert.equal(1, app:metric 'weiyue_store_ops_total{op="set"}')
    assert.equal(0, app:metric "weiyue_store_queue")
  end)

  it("is the file that the configuration names", function()
    host { config = ', store = "sqlite:one.db"' }
    local push = app:user():says "set one"
    app:advance(0)
    assert.equal("kept", push:content())
    assert.equal(1, app:metric "weiyue_store_commit_ops_total")
    local file = assert(io.open(app.folder .. "/one.db", "rb"))
    assert.equal("SQLite format 3\0", file:read(16))
    file:close()
  end)

  it("ends with its host while tasks wait for it", function()
    host()
    local user, other = app:user(), app:user()
    user:says "lock"
    other:says "wait"
    app:advance(0.5)
  end)

  it("lets a task that waits for a lock be ended by its limits", function()
    host { config = ", limits = { wall = 2 }" }
    local user, other = app:user(), app:user()
    user:says "lock"
    app:advance(0)
    local waiting = other:says "wait"
    app:advance(3)
    assert.equal("稍后再试", waiting:content())
    app:advance(10)
    local again = user:says "lock"
    app:advance(0)
    assert.not_equal("false", again:content())
  end)
end)
