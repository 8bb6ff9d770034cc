-- wx.all and wx.race on the virtual clock.
local app = require "spec.support.app"
local time = require "weiyue.time"
local rig = require "spec.support.rig"
local wx = require "weiyue"

local function takes(f)
  local before = time.monotonic()
  f()
  return time.monotonic() - before
end

local function later(seconds, ...)
  local values = table.pack(...)
  return function()
    wx.sleep(seconds)
    return table.unpack(values, 1, values.n)
  end
end

describe("wx.all", function()
  it("runs them at a time and gives what each returns, by its key", function()
    local results, errors
    assert.equal(3, takes(function() results, errors = wx.all { later(3, "a"), later(1, "b"), name = later(2, "c") } end))
    assert.same({ "a", "b", name = "c" }, results)
    assert.is_nil(errors)
  end)

  it("takes what does not wait at all", function()
    assert.same({ 1, 2, 3 }, (wx.all { function() return 1 end, function() return 2 end, function() return 3 end }))
  end)

  it("gives the errors of those that return nil and one", function()
    local results, errors = wx.all { ok = later(1, 1), bad = later(2, nil, "no such user"), none = later(1) }
    assert.same({ ok = 1 }, results)
    assert.same({ bad = "no such user" }, errors)
  end)

  it("raises what one of them raises, with its line, and cancels the others", function()
    local slept = false
    local err
    assert.equal(1, takes(function()
      err = app.raised(wx.all, {
        function() wx.sleep(1) error "oops" end,
        function() wx.sleep(2) slept = true end,
      })
    end))
    assert.matches("^wx%.all %[1%]: .*together_spec%.lua:%d+: oops$", err)
    wx.sleep(5)
    assert.is_false(slept)
  end)

  it("passes an error that is a table on as it is", function()
    local t = setmetatable({ code = 1 }, { __tostring = function() return "a table" end })
    local ok, err = pcall(wx.all, { function() error(t) end })
    assert.is_false(ok)
    assert.equal(t, err)
  end)

  it("cancels them when its caller is cancelled, as the loser of a race", function()
    local slept = 0
    local value, _, key = wx.race {
      slow = function()
        return wx.all { function() wx.sleep(5) slept = slept + 1 end, function() wx.sleep(6) slept = slept + 1 end }
      end,
      fast = later(1, "fast"),
    }
    assert.equal("fast", value)
    assert.equal("fast", key)
    wx.sleep(10)
    assert.equal(0, slept)
  end)

  it("refuses what is no table of functions", function()
    assert.matches("together_spec%.lua:%d+: wx%.all wants a table of functions$", app.raised(function() wx.all("a") end))
    assert.matches("wx%.all wants a function at least$", app.raised(function() wx.all {} end))
    assert.matches("wx%.all: %[2%] is no function but a number$",
      app.raised(function() wx.all { function() end, 2 } end))
  end)

  it("starts none of them where one more is too many, and leaves none behind", function()
    local host = rig.new { config = "limits = { tasks = 3 }", plugin = [[
      local ran = 0
      local function add() wx.sleep(1) ran = ran + 1 end
      wx.text("four", function() return (select(2, pcall(wx.all, { add, add, add, add }))) end)
      wx.text("three", function() wx.all { add, add, add } return "three" end)
      wx.text("ran", function() return tostring(ran) end)
    ]] }
    local user = host:user()
    local four = user:says "four"
    host:advance(2)
    assert.matches("wx%.all: the plugin one has 3 already %(limits%.tasks%)$", four:content())
    assert.equal("0", user:says "ran":content())
    local three = user:says "three"
    host:advance(1)
    assert.equal("three", three:content())
    assert.equal("3", user:says "ran":content())
    host:free()
  end)

  it("raises where one of them is stopped by a limit, and the log says which", function()
    local host = rig.new { config = "limits = { cpu = 0.05 }", plugin = [[
      wx.text("spin", function()
        local ok, err = pcall(wx.all, { function() wx.sleep(1) return 1 end, function() while true do end end })
        return tostring(ok) .. " " .. err
      end)
    ]] }
    local p = host:user():says "spin"
    host:advance(2)
    assert.equal("false wx.all [2]: it was stopped; the log says why", p:content())
    assert.equal(1, #host:logged "lua.timeout")
    host:free()
  end)
end)

describe("wx.race", function()
  it("gives what the first one to end returns, and its key, and cancels the others", function()
    local slept = false
    local value, err, key
    assert.equal(1, takes(function()
      value, err, key = wx.race { a = later(1, nil, "timeout"), b = function() wx.sleep(2) slept = true return 1 end }
    end))
    assert.is_nil(value)
    assert.equal("timeout", err)
    assert.equal("a", key)
    wx.sleep(5)
    assert.is_false(slept)
  end)

  it("does not begin the second where the first has ended at once", function()
    local began = 0
    local function one() began = began + 1 return began end
    assert.equal(1, (wx.race { one, one, one }))
    wx.sleep(1)
    assert.equal(1, began)
  end)

  it("raises what the first one raises", function()
    assert.matches("^wx%.race %[1%]: .*together_spec%.lua:%d+: oops$",
      app.raised(wx.race, { function() error "oops" end, later(1, 1) }))
  end)

  it("runs the <close> variables of those that it cancels", function()
    local closed = false
    wx.race { later(1, 1), function()
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      wx.sleep(9)
    end }
    wx.sleep(0)
    assert.is_true(closed)
  end)
end)
