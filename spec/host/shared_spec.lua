-- wx.shared on the virtual clock: values, types, time to live, counting, misuse.
local app = require "spec.support.app"
local shared = require "weiyue.shared"
local wx = require "weiyue"

local s <const> = wx.shared

-- A key that no other spec uses.
local count = 0
local function key()
  count = count + 1
  return "spec:" .. count
end

local function is_same_number(want, got)
  assert.equal(math.type(want), math.type(got))
  assert.equal(("%q"):format(want), ("%q"):format(got))
end

describe("wx.shared", function()
  it("gives back what was set, nil for what was not", function()
    local k = key()
    assert.is_nil(s:get(k))
    assert.is_true(s:set(k, "one"))
    assert.equal("one", s:get(k))
    assert.is_true(s:set(k, "another"))
    assert.equal("another", s:get(k))
  end)

  it("keeps every string, binary ones too", function()
    local k = key()
    for _, v in ipairs { "", "\0", "a\0b", "\xFF\xFE", "微月", "1", "true", ("x"):rep(100000) } do
      assert.is_true(s:set(k, v))
      assert.equal(v, s:get(k))
    end
  end)

  it("takes binary keys", function()
    assert.is_true(s:set("spec\0a", "a") and s:set("spec\0b", "b") and s:set("spec\0", "none"))
    assert.equal("a", s:get "spec\0a")
    assert.equal("b", s:get "spec\0b")
    assert.equal("none", s:get "spec\0")
    assert.is_nil(s:get "spec")
  end)

  it("keeps the type of a number", function()
    local k = key()
    for _, v in ipairs { 0, 1, -1, math.maxinteger, math.mininteger, 0.0, -0.0, 1.0, 0.1, 2 ^ 53, math.huge, -math.huge } do
      assert.is_true(s:set(k, v))
      is_same_number(v, s:get(k))
    end
    s:set(k, 0 / 0)
    local nan = s:get(k)
    assert.is_true(nan ~= nan)
  end)

  it("keeps booleans, false too", function()
    local k = key()
    s:set(k, true)
    assert.is_true(s:get(k))
    s:set(k, false)
    assert.is_false(s:get(k))
  end)

  it("is the same for every plugin", function()
    local k, got = key(), nil
    app.new({ function(one) one.shared:set(k, 7) end, function(two) got = two.shared:get(k) end })
    assert.equal(7, got)
  end)

  it("deletes, by set of nil too", function()
    local k = key()
    s:set(k, 1)
    assert.is_true(s:delete(k))
    assert.is_false(s:delete(k))
    s:set(k, 1)
    assert.is_true(s:set(k, nil))
    assert.is_nil(s:get(k))
  end)

  it("adds only what is absent", function()
    local k = key()
    assert.is_true(s:add(k, "one", 10))
    assert.is_false(s:add(k, "two"))
    assert.equal("one", s:get(k))
    wx.sleep(10)
    assert.is_true(s:add(k, "three"))
    assert.equal("three", s:get(k))
  end)

  it("refuses a value that is too large, and says how large one may be", function()
    local k = key()
    s:set(k, "stays")
    for _, method in ipairs { "set", "add" } do
      local name = method == "set" and k or key()
      local ok, err = s[method](s, name, ("x"):rep(8 * 1024 * 1024))
      assert.is_nil(ok)
      assert.equal("too_large", err.code)
      assert.truthy(err.hint and err.hint_en)
      assert.matches("^key and value are larger than an entry may be: at most %d+ bytes$", err.message)
      assert.equal(err.message, tostring(err))
    end
    assert.equal("stays", s:get(k))
    local most = tonumber(select(2, s:set(k, ("x"):rep(8 * 1024 * 1024))).message:match "%d+")
    assert.is_true(s:set(k, ("x"):rep(most - #k)))
    assert.is_nil((s:set(k, ("x"):rep(most - #k + 1))))
    s:delete(k)
  end)
end)

describe("a ttl of wx.shared", function()
  it("ends on the host's clock", function()
    local k = key()
    s:set(k, "v", 10)
    wx.sleep(9.5)
    assert.equal("v", s:get(k))
    wx.sleep(0.5)
    assert.is_nil(s:get(k))
    assert.is_false(s:delete(k))
  end)

  it("is a number or a text", function()
    local k = key()
    for ttl, seconds in pairs { [1] = 1, [0.25] = 0.25, ["5m"] = 300, ["1h30m"] = 5400, ["500ms"] = 0.5, ["366d"] = 31622400 } do
      s:set(k, "v", ttl)
      assert.equal(seconds, s:ttl(k))
    end
  end)

  it("is at least a millisecond", function()
    local k = key()
    s:set(k, "v", 1e-9)
    assert.equal(0.001, s:ttl(k))
  end)

  it("is told: seconds left, math.huge, nil", function()
    local k = key()
    assert.is_nil(s:ttl(k))
    s:set(k, "v")
    assert.equal(math.huge, s:ttl(k))
    s:set(k, "v", 60)
    wx.sleep(20)
    assert.equal(40, s:ttl(k))
    wx.sleep(40)
    assert.is_nil(s:ttl(k))
  end)
end)

describe("wx.shared:incr", function()
  it("counts from 0, by 1", function()
    local k = key()
    assert.equal(1, s:incr(k))
    assert.equal(2, s:incr(k))
    assert.equal(12, s:incr(k, 10))
    assert.equal(11, s:incr(k, -1))
    is_same_number(11, s:get(k))
  end)

  it("adds as Lua does", function()
    local values <const> = { 0, 1, -1, math.maxinteger, math.mininteger, 0.0, -0.0, 0.5, 2 ^ 53, math.huge }
    local k = key()
    for _, a in ipairs(values) do
      for _, b in ipairs(values) do
        s:set(k, a)
        is_same_number(a + b, s:incr(k, b))
        is_same_number(a + b, s:get(k))
      end
      s:delete(k)
      is_same_number(0 + a, s:incr(k, a))
    end
  end)

  it("lets the ttl run from the first one", function()
    local k = key()
    s:incr(k, 1, "10s")
    wx.sleep(6)
    assert.equal(2, s:incr(k, 1, "10s"))
    assert.equal(4, s:ttl(k))
    wx.sleep(4)
    assert.equal(1, s:incr(k, 1, "10s"))
  end)

  it("keeps the ttl of set", function()
    local k = key()
    s:set(k, 5, 10)
    s:incr(k)
    assert.equal(10, s:ttl(k))
  end)

  it("says that something else is no number", function()
    local k = key()
    for _, v in ipairs { "1", "12345678", true } do
      s:set(k, v)
      local n, err = s:incr(k)
      assert.is_nil(n)
      assert.equal("not_a_number", err.code)
      assert.equal("the key holds no number", tostring(err))
      assert.equal(v, s:get(k))
    end
  end)

  it("counts each of many tasks", function()
    local k = key()
    for _ = 1, 100 do
      wx.spawn(function()
        for _ = 1, 10 do
          s:incr(k)
          wx.sleep(1)
        end
      end)
    end
    wx.sleep(20)
    assert.equal(1000, s:get(k))
  end)
end)

describe("misuse of wx.shared raises with the plugin's own line:", function()
  local CASES <const> = {
    { "set without a colon", "set: call it with a colon: wx%.shared:set%(key, value%)", function() s.set("a", 1) end },
    { "get without a colon", "get: call it with a colon: wx%.shared:get", function() return s.get("a") end },
    { "get of nothing", "get: a key is a string, not no value", function() s:get() end },
    { "get of a number", "get: a key is a string, not number", function() s:get(5) end },
    { "get of an empty key", "get: a key has 1 to 1024 bytes, not 0", function() s:get "" end },
    { "get of a long key", "get: a key has 1 to 1024 bytes, not 1025", function() s:get(("k"):rep(1025)) end },
    { "set of a table", "set: a value is a string, a number or a boolean, not table", function() s:set("a", {}) end },
    { "set of a function", "not function", function() s:set("a", print) end },
    { "set of a userdata", "not userdata", function() s:set("a", s) end },
    { "set for a table of time", "a ttl is a number of seconds or a text such as \"5m\", not table", function() s:set("a", 1, {}) end },
    { "set for a word", "set: not a duration", function() s:set("a", 1, "soon") end },
    { "set for no time", "a ttl is more than 0", function() s:set("a", 1, 0) end },
    { "set for less", "a duration is 0 to", function() s:set("a", 1, -1) end },
    { "set for two years", "at most a year", function() s:set("a", 1, "732d") end },
    { "set for no number", "a duration is 0 to", function() s:set("a", 1, 0 / 0) end },
    { "add of nil", "add: a value is a string, a number or a boolean, not nil", function() s:add("a", nil) end },
    { "incr by a text", "incr: what is added is a number, not string", function() s:incr("a", "1") end },
    { "incr for a word", "incr: not a duration", function() s:incr("a", 1, "soon") end },
    { "delete of a table", "delete: a key is a string, not table", function() s:delete {} end },
    { "ttl of nil", "ttl: a key is a string, not nil", function() s:ttl(nil) end },
  }
  for _, case in ipairs(CASES) do
    it(case[1], function()
      local err = app.raised(case[3])
      local at = ("shared_spec.lua:%d: wx.shared:"):format(debug.getinfo(case[3], "S").linedefined)
      assert.is_truthy(err:find(at, 1, true), err)
      assert.matches(case[2], err)
    end)
  end

  it("a key of 1024 bytes is none", function()
    local k = ("k"):rep(1024)
    assert.is_true(s:set(k, 1))
    assert.is_true(s:delete(k))
  end)
end)

describe("weiyue.shared", function()
  it("has no object for a key that the host did not give", function()
    assert.is_nil(shared.object "weiyue.spec.none")
  end)

  it("gives the same dictionary under its key", function()
    local k = key()
    s:set(k, 1)
    assert.equal(1, shared.object("weiyue.shared.dict"):get(k))
  end)

  it("keeps its metatables from plugins", function()
    assert.is_false((pcall(setmetatable, select(2, s:set(key(), ("x"):rep(8 << 20))), {})))
    assert.equal("string", type(getmetatable(s)))
  end)

  it("has the methods that lua/meta describes", function()
    local file <close> = assert(io.open("lua/meta/shared.lua"))
    local described, real = {}, {}
    for name in file:read("a"):gmatch "\nfunction shared:(%w+)" do described[name] = true end
    for name in pairs(debug.getmetatable(s).__index) do real[name] = true end
    assert.same(described, real)
  end)
end)
