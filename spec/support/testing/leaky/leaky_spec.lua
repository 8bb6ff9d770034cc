-- Each fails, but for some: run by spec/modules/testing_spec.lua.
local t = require "weiyue.testing"

local function load(more)
  local options = { plugins = { "plugins/leaky.lua" } }
  for key, value in pairs(more or {}) do options[key] = value end
  return t.load(options)
end

describe("a spec that leaves", function()
  it("a task", function() load():user():says "任务" end)
  it("a call", function()
    local app = load()
    app.http:on("GET", "http://erp/slow", { after = "50s" })
    app:user():says "调用"
  end)
  it("bytes", function() load():user():says "内存" end)
  it("a call without a stub", function() load():user():says "漏桩" end)
  describe("from before_each", function()
    local app
    before_each(function() app = load() end)
    it("a task, too", function() app:user():says "任务" end)
  end)
  describe("in a before_each that fails", function()
    local first = true
    before_each(function()
      if not first then return end
      first = false
      load():user():says "任务"
      error "not what was expected"
    end)
    it("a task", function() end)
  end)
  it("nothing after a before_each that failed", function() end)
  it("a task, and fails before that", function()
    load():user():says "任务"
    error "not what was expected"
  end)
  it("an error in the log", function()
    load():user():says "错误"
    error "not what was expected"
  end)
  it("nothing", function()
    local app = load()
    app:user():says "任务"
    app:advance "2h"
    assert.equal(1, #app:logs "lua.timeout")
  end)
  it("what it means to leave", function()
    local app = load()
    app:user():says "任务"
    app:stop { leaks = true }
  end)
  describe("in a setup", function()
    local app
    setup(function() app = load() end)
    it("a task that its file must tell of", function() app:user():says "任务" end)
  end)
end)

describe("a spec that leaves", function()
  local app
  before_each(function() app = load() end)
  after_each(function() app:stop() end)
  it("a task, which is told once", function() app:user():says "任务" end)
end)
