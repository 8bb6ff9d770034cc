-- weiyue.log writes where no spec can read it back in one process, so each case is a small program of
-- its own: run by this host, or by a stock lua5.4, as the spec itself is.
local in_host = package.preload["weiyue.task"] ~= nil

local function run(code)
  local name = os.tmpname()
  local path = name .. ".lua"
  local file = assert(io.open(path, "w"))
  file:write(in_host and ("it('logs', function()\n%s\nend)"):format(code) or code)
  file:close()
  local command = in_host and ("%s test --pattern=. %s 2>&1 >/dev/null"):format(os.getenv "WEIYUE" or "weiyue", path)
    or ("lua5.4 %s 2>&1 >/dev/null"):format(path)
  local pipe = assert(io.popen(command))
  local out = pipe:read "a"
  pipe:close()
  os.remove(path)
  os.remove(name)
  return out
end

describe("weiyue.log", function()
  it("writes one event as one line: time, level, event, text, fields by name", function()
    local out = run [[require "weiyue.log".info("order paid", { id = "42", amount = 1.5, b = true })]]
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ info event=lua%.log text=\"order paid\" " ..
      "amount=1%.5 b=true id=42\n$", out)
  end)

  it("has debug, info, warn and error, and leaves debug out by default", function()
    local out = run [[
      local log = require "weiyue.log"
      log.debug("one") log.info("two") log.warn("three") log.error("four")
      assert(log.level() == "info")]]
    local levels = {}
    for level in out:gmatch "Z (%a+) event" do levels[#levels + 1] = level end
    assert.same({ "info", "warn", "error" }, levels)
  end)

  it("keeps a line a line whatever a value holds", function()
    local out = run [[require "weiyue.log".warn("a\nb\27[31m", { x = 'q"\\\t', nul = "a\0b", u = "微月" })]]
    assert.equal(1, select(2, out:gsub("\n", "\n")))
    assert.matches([[text="a\nb\x1b[31m" nul="a\x00b" u=微月 x="q\"\\\t"]], out, 1, true)
  end)

  it("writes an event without a text", function()
    assert.matches("event=lua.log id=7\n", run [[require "weiyue.log".info(nil, { id = 7 })]], 1, true)
  end)

  it("cuts a value that would make the line endless", function()
    local out = run [[require "weiyue.log".info(("x"):rep(100000))]]
    assert.is_true(#out > 500 and #out < 10000)
  end)

  it("refuses fields that are no table, and lets an error of __tostring through", function()
    local log = require "weiyue.log"
    assert.has_error(function() log.info("x", 1) end)
    assert.has_error(function() log.info(setmetatable({}, { __tostring = function() error "no" end })) end)
  end)
end)
