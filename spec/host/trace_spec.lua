-- The trace of a push: one word in all that is logged about it; and what its lines show of who sent it.

local push = require "spec.support.push"
local rig = require "spec.support.rig"

local DEBUG <const> = 'log = { level = "debug" }'

local function trace_of(line) return line:match " trace=(%x+)$" end

describe("the trace of a push", function()
  local app, user

  local function start(plugin, more)
    local options = { plugin = plugin }
    for key, value in pairs(more or {}) do options[key] = value end
    app = rig.new(options)
    user = app:user()
  end

  before_each(function() app = nil end)
  after_each(function() if app then app:free() end end)

  -- The one line with this event.
  local function line_of(event)
    local lines = app:logged(event)
    assert.equal(1, #lines, event .. ": " .. table.concat(lines, "\n"))
    return lines[1]
  end

  it("is msg.trace, and stands in what its handler logs", function()
    start [[wx.text("hi", function(msg) wx.log.info("one", { a = 1 }) return msg.trace end)]]
    local trace = user:says("hi"):content()
    assert.matches("^%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x$", trace)
    assert.equal(trace, trace_of(line_of "plugin.log"))
  end)

  it("differs from push to push, from user to user, and after a restart", function()
    local seen, n = {}, 0
    for _ = 1, 2 do
      start [[wx.text("hi", function(msg) return msg.trace end)]]
      for _ = 1, 50 do
        for _, one in ipairs { user, app:user() } do
          local trace = one:says("hi"):content()
          assert.is_nil(seen[trace])
          seen[trace], n = true, n + 1
        end
      end
      app:free()
    end
    app = nil
    assert.equal(200, n)
  end)

  it("is that of the first attempt when WeChat asks again", function()
    start [[wx.text("hi", function(msg) wx.sleep(6) return msg.trace .. msg.attempt end)]]
    local first = user:says "hi"
    app:advance(5)
    first:leave()
    local second = user:again(first)
    app:advance(1)
    assert.matches("^%x+2$", second:content())
  end)

  it("stands in the lines about what a handler raises or returns", function()
    start [[
      wx.text("raise", function(msg) wx.log.info(msg.trace) error "bad" end)
      wx.text("number", function(msg) wx.log.info(msg.trace) return 42 end)
      wx.text("nil", function(msg) wx.log.info(msg.trace) return nil, "closed" end)
    ]]
    for word, event in pairs { raise = "lua.error", number = "lua.bad_reply", ["nil"] = "handler.error" } do
      user:says(word)
      local lines = app:logged()
      assert.equal(2, #lines)
      assert.matches(" event=" .. event .. " ", lines[2], 1, true)
      assert.equal(lines[1]:match "text=(%x+)", trace_of(lines[2]))
    end
  end)

  it("goes to what a handler spawns, and to its timers", function()
    start [[
      wx.text("hi", function(msg)
        wx.spawn(function()
          wx.sleep(1)
          wx.log.info "spawned"
          wx.spawn(function() wx.log.info "deeper" error "bad" end)
        end)
        wx.after(2, function() wx.log.info "later" end)
        return msg.trace
      end)
      wx.text("other", function(msg) return msg.trace end)
    ]]
    local trace = user:says("hi"):content()
    assert.not_equal(trace, user:says("other"):content())
    app:advance(3)
    local lines = app:logged()
    assert.equal(4, #lines)
    for _, line in ipairs(lines) do assert.equal(trace, trace_of(line)) end
  end)

  it("is in no line that is about no push", function()
    start [[
      wx.log.info "loading"
      wx.every("1s", function() wx.log.info "every" end)
    ]]
    app:advance(3)
    local lines = app:logged "plugin.log"
    assert.is_true(#lines >= 3)
    for _, line in ipairs(lines) do assert.is_nil(line:find("trace", 1, true)) end
  end)

  it("is each message's own in a conversation", function()
    start [[
      wx.text("go", function(msg)
        wx.log.info "first"
        local _, answer = msg:ask "name?"
        wx.log.info "second"
        local _, last = msg:ask "age?"
        wx.log.info "third"
        return table.concat({ msg.trace, answer.trace, last.trace }, " ")
      end)
    ]]
    user:says "go"
    user:says "me"
    local traces = {}
    for trace in user:says("18"):content():gmatch "%x+" do traces[#traces + 1] = trace end
    local logged = {}
    for i, line in ipairs(app:logged "plugin.log") do logged[i] = trace_of(line) end
    assert.same(logged, traces)
    assert.is_true(traces[1] ~= traces[2] and traces[2] ~= traces[3] and traces[1] ~= traces[3])
  end)

  it("can be asked for when the push is over", function()
    start [[
      wx.text("hi", function(msg)
        wx.spawn(function() wx.sleep(1) wx.log.info(msg.trace) end)
        return "ok"
      end)
    ]]
    user:says "hi"
    app:advance(2)
    local line = line_of "plugin.log"
    assert.equal(trace_of(line), line:match "text=(%x+)")
  end)

  it("goes to late messages that fail", function()
    start([[wx.text("hi", function(msg) wx.log.info(msg.trace) wx.sleep(8) return "late" end)]],
      { account = "can = { customer_service = true }", send = "fail" })
    user:says "hi"
    app:advance(9)
    local lines = app:logged()
    local trace = lines[1]:match "text=(%x+)"
    local failed = 0
    for _, line in ipairs(lines) do
      if line:find("late.failed", 1, true) then
        failed = failed + 1
        assert.equal(trace, trace_of(line))
      end
    end
    assert.is_true(failed > 0, table.concat(lines, "\n"))
  end)

  it("is no field that a plugin can set, nor are the line's own", function()
    start [[
      wx.text("hi", function(msg)
        wx.log.info("x", { trace = "fake", event = "fake", level = "fake", ts = "fake" })
        return msg.trace
      end)
    ]]
    local trace = user:says("hi"):content()
    local line = line_of "plugin.log"
    assert.matches("^%S+ info event=plugin%.log text=x event_2=fake level_2=fake plugin=one trace_2=fake ts_2=fake trace=" ..
      trace .. "$", line)
  end)
end)

describe("the line of a push", function()
  local app, user

  before_each(function()
    app = rig.new { config = DEBUG, plugin = [[
      wx.text("hi", function() return "secret answer" end)
      wx.text("slow", function() wx.sleep(8) return "secret answer" end)
      wx.click("menu", function() return "secret answer" end)
    ]] }
    user = app:user()
    app:logged()
  end)
  after_each(function() app:free() end)

  it("tells at debug what became of it", function()
    user:says "hi"
    user:clicks "menu"
    local lines = app:logged "push"
    assert.equal(2, #lines)
    assert.matches(" debug event=push account=one type=text user=oR%*%*%*%d%d way=reply ms=0 where=%S+:%d+ trace=%x+$", lines[1])
    assert.matches(" type=event msg_event=click user=oR%*%*%*%d%d way=reply ms=0 where=%S+:%d+ trace=%x+$", lines[2])
  end)

  it("tells how a late answer left", function()
    user:says "slow"
    app:advance(9)
    assert.matches(" way=hold ms=4500 ", app:logged("push")[1])
  end)

  it("shows neither who sent it nor what was said", function()
    app:push(push.message("shake", nil, "FromUserName", user.openid, "Content", "private words"))
    user:says "hi"
    user:says "private words"
    user:clicks "menu"
    local all = table.concat(app:logged(), "\n")
    for _, word in ipairs { user.openid, "private", "secret answer" } do
      assert.is_nil(all:find(word, 1, true), word)
    end
    assert.is_truthy(all:find("event=push", 1, true))
  end)

  it("is not written at info", function()
    local quiet = rig.new { plugin = [[wx.text("hi", function() return "yes" end)]] }
    assert.equal("yes", quiet:user():says("hi"):content())
    assert.same({}, quiet:logged())
    quiet:free()
  end)
end)

describe("log lines that others can cause", function()
  it("are told in part, and how many were not", function()
    local app = rig.new { plugin = [[
      wx.text("bad", function() error "bad" end)
      wx.text("number", function() return 42 end)
    ]] }
    for _ = 1, 50 do app:user():says "bad" end
    for _ = 1, 30 do app:user():says "number" end
    assert.equal(20, #app:logged "lua.error")
    app:advance(1)
    local lines = app:logged "log.suppressed"
    assert.equal(2, #lines)
    assert.matches(" error event=log.suppressed of=lua%.error where=%S+one%.lua:2 count=30$", lines[1])
    assert.matches(" error event=log.suppressed of=lua%.bad_reply where=%S+one%.lua:3 count=10$", lines[2])
    app:user():says "bad"
    assert.equal(1, #app:logged "lua.error")
    app:free()
  end)
end)
