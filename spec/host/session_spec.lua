-- Sessions over the contract of weiyue.kv: messages as a host gives them, dispatched in this state.
local app = require "spec.support.app"
local conversation = require "weiyue.conversation"
local dispatch = require "weiyue.dispatch"
local dsl = require "weiyue.dsl"
local kvs = require "spec.support.kv_object"
local message = require "weiyue.message"
local rules = require "weiyue.rules"

local ACCOUNT <const> = { id = "one" }

local number = 0

describe("msg:session", function()
  local kv, ended, asked

  -- A plugin's answer to one message; asks are answered with `answer`.
  local function handle(f, openid)
    local plugin = { name = "spec", priority = 0, rules = {}, uses = {}, timers = {} }
    local wx = dsl.new(plugin, { account = function() return ACCOUNT end, current = function() return ACCOUNT end })
    wx.text(function(msg) return f(msg, wx) end)
    number = number + 1
    local msg = setmetatable({
      type = "text", content = "x", openid = openid or "oA", account = ACCOUNT, push = number,
    }, message.metatable)
    return dispatch.dispatcher(rules.compile { plugin })(msg)
  end

  before_each(function()
    kv, ended, asked = kvs.new(), false, nil
    local push = {
      way = function() return not ended and "reply" or nil end,
      may_ask = function() end, parked = function() end, check = function() return true end, trace = function() return "t" end,
      park = function(n)
        if asked then asked() end
        return setmetatable({ type = "text", content = "answer", openid = "oA", account = ACCOUNT, push = n }, message.metatable)
      end,
    }
    local outbox = { ask = function() return "left" end, whole = function(_, _, question) return question end }
    message.serve(outbox, push)
    assert.is_truthy(conversation)
  end)

  after_each(function()
    kv:free()
    message.serve(nil, nil)
  end)

  it("is there again with the next message of the same user", function()
    for i = 1, 3 do
      assert.equal("n " .. i, handle(function(msg)
        local s = msg:session()
        s.n = (s.n or 0) + 1
        return "n " .. s.n
      end))
    end
    assert.equal("none", handle(function(msg) return msg:session().n or "none" end, "oB"))
    assert.same({ "u/one/oA/s" }, kv:keys())
    assert.equal('{"n":3}', kv.entries["u/one/oA/s"].value)
  end)

  it("asks the store nothing where it is not used", function()
    handle(function() return "x" end)
    assert.equal(0, kv:count())
  end)

  it("reads once and writes once", function()
    handle(function(msg, wx)
      msg:session().a = 1
      wx.session(msg).b = 2
      assert.equal(msg:session(), wx.session(msg))
      return "x"
    end)
    assert.same({ "get", "get", "cas", "get" }, kv.calls) -- with the mark of a forgetting, as it is new
    kv:count()
    handle(function(msg)
      msg:session().a = 2
      return "x"
    end)
    assert.same({ "get", "cas" }, kv.calls)
  end)

  it("writes nothing that has not changed", function()
    handle(function(msg)
      msg:session().list = { 1, { a = 1 } }
      return "x"
    end)
    kv:count()
    handle(function(msg)
      local s = msg:session()
      s.list[2].a, s.other = 1, 5
      s.other = nil
      return "x"
    end)
    assert.same({ "get" }, kv.calls)
  end)

  it("is written before the answer is known, whatever it is", function()
    for i, answer in ipairs { "text", false, { type = "image", media_id = "M" } } do
      handle(function(msg)
        msg:session().i = i
        return answer
      end)
      assert.equal(('{"i":%d}'):format(i), kv.entries["u/one/oA/s"].value)
    end
    handle(function(msg) msg:session().i = "nobody answers" end)
    assert.equal('{"i":"nobody answers"}', kv.entries["u/one/oA/s"].value)
  end)

  it("is not written by a handler that raises", function()
    assert.is_false(pcall(handle, function(msg)
      msg:session().a = 1
      error "x"
    end))
    assert.same({}, kv:keys())
  end)

  it("goes when it is empty, and after 30 days without a change", function()
    handle(function(msg)
      msg:session().a = 1
      return "x"
    end)
    local left = kv.entries["u/one/oA/s"].till - require("weiyue.time").monotonic() * 1000
    assert.is_true(left > 29.9 * 86400000 and left <= 30 * 86400000)
    handle(function(msg)
      msg:session().a = nil
      return "x"
    end)
    assert.same({}, kv:keys())
  end)

  it("puts together what two handlers have changed, field by field", function()
    kv.entries["u/one/oA/s"] = { value = '{"gone":1,"mine":1,"same":{"x":1},"theirs":1,"their_loss":1}' }
    handle(function(msg)
      local s = msg:session()
      kv.entries["u/one/oA/s"] = { value = '{"gone":1,"mine":5,"new":{"y":2},"same":{"x":1},"theirs":2}' }
      s.mine, s.gone, s.own = 2, nil, true
      kv:count()
      return "x"
    end)
    assert.same({ "cas", "get", "cas" }, kv.calls)
    assert.equal('{"mine":2,"new":{"y":2},"own":true,"same":{"x":1},"theirs":2}', kv.entries["u/one/oA/s"].value)
  end)

  -- As another worker, another generation or another machine does it, of whom this state hears nothing.
  local function forget_elsewhere()
    local mine = package.loaded["weiyue.session"]
    package.loaded["weiyue.session"] = nil
    local place = { object = ACCOUNT, index = 1, delay = false, handlers = {} }
    local nothing = function() end
    assert.is_true(require("weiyue.forget").new({ place }, { drop = nothing }):forget(ACCOUNT, "oA", "call"))
    package.loaded["weiyue.session"] = mine
  end

  local function kept() return kv.entries["u/one/oA/s"] and kv.entries["u/one/oA/s"].value end

  for name, before in pairs { ["was there"] = '{"old":"secret"}', ["is new"] = false } do
    it(("is not written back when its user is forgotten meanwhile; it %s"):format(name), function()
      if before then kv.entries["u/one/oA/s"] = { value = before } end
      assert.equal("x", handle(function(msg)
        msg:session().more = "secret"
        forget_elsewhere()
        return "x"
      end))
      assert.is_nil(kept())
      handle(function(msg) -- he is back
        assert.same({}, msg:session())
        msg:session().a = 1
        return "x"
      end)
      assert.equal('{"a":1}', kept())
    end)
  end

  it("is not mixed with the one that its user has begun after he was forgotten", function()
    kv.entries["u/one/oA/s"] = { value = '{"old":"secret"}' }
    handle(function(msg)
      msg:session().more = "secret"
      forget_elsewhere()
      handle(function(later)
        later:session().a = 1
        return "x"
      end)
      return "x"
    end)
    assert.equal('{"a":1}', kept())
  end)

  it("is put together as ever with that of a user who was forgotten before it was read", function()
    forget_elsewhere()
    local function write(name, then_do)
      handle(function(msg)
        msg:session()[name] = 1
        if then_do then then_do() end
        return "x"
      end)
    end
    write("a", function() write "b" end)
    assert.equal('{"a":1,"b":1}', kept())
    require("weiyue").sleep(120)
    write("c", function() write "d" end)
    assert.equal('{"a":1,"b":1,"c":1,"d":1}', kept())
    kv.entries["u/one/oA/s"].value = '{"a":1}'
    write("e", function() handle(function(msg) msg:session().a = nil return "x" end) end)
    assert.equal('{"e":1}', kept())
  end)

  it("is undone when its user is forgotten while it is written", function()
    local real = kv.cas
    handle(function(msg)
      msg:session().a = "secret"
      kv.cas = function(...)
        kv.cas = real
        require("weiyue.keep").mark(kv, "one", "oA") -- and he has deleted before this comes
        return real(...)
      end
      return "x"
    end)
    assert.is_nil(kept())
  end)

  it("is written at last where others hinder it a few times", function()
    local real, n = kv.cas, 0
    handle(function(msg)
      msg:session().a = 1
      kv.cas = function(...)
        n = n + 1
        if n < 10 then kv.entries["u/one/oA/s"] = { value = ('{"n":%d}'):format(n) } end
        return real(...)
      end
      return "answer"
    end)
    assert.equal('{"a":1,"n":9}', kv.entries["u/one/oA/s"].value)
  end)

  it("gives up a write that others hinder all the time, tells it, and the answer leaves", function()
    local real = kv.cas
    local lines = app.logged(function()
      assert.equal("answer", handle(function(msg)
        msg:session().a = 1
        local n = 0
        kv.cas = function(...)
          n = n + 1
          kv.entries["u/one/oA/s"] = { value = ('{"n":%d}'):format(n) }
          return real(...)
        end
        return "answer"
      end))
    end)
    assert.equal(1, #lines)
    assert.equal("session.failed", lines[1].event)
    assert.matches('^{"n":%d+}$', kv.entries["u/one/oA/s"].value)
  end)

  it("gives nil and why when the store fails, and the answer leaves", function()
    kv.fails = "store.timeout"
    assert.equal("store.timeout", handle(function(msg)
      local s, err = msg:session()
      assert.is_nil(s)
      return err.code
    end))
    kv.fails = nil
    local lines = app.logged(function()
      assert.equal("answer", handle(function(msg)
        msg:session().a = 1
        kv.fails = "store.full"
        return "answer"
      end))
    end)
    assert.same({ "warn", "session.failed", "store.full" }, { lines[1].level, lines[1].event, lines[1].text })
    assert.same({}, kv:keys())
  end)

  it("tells what cannot be kept", function()
    local lines = app.logged(function()
      handle(function(msg)
        msg:session().f = print
        return "x"
      end)
    end)
    assert.equal("session.failed", lines[1].event)
    assert.matches("f", lines[1].text)
  end)

  it("is left as it was where a text in it has a NUL byte, which could not be read again", function()
    handle(function(msg) msg:session().a = 1 return "x" end)
    local lines = app.logged(function()
      handle(function(msg) msg:session().b = "x\0y" return "x" end)
    end)
    assert.matches("it cannot be kept: .*NUL", lines[1].text)
    assert.equal("1", handle(function(msg) return tostring(msg:session().a) end))
  end)

  it("begins anew where something else stands", function()
    kv.entries["u/one/oA/s"] = { value = "broken" }
    local lines = app.logged(function()
      handle(function(msg)
        assert.same({}, msg:session())
        msg:session().a = 1
        return "x"
      end)
    end)
    assert.equal("session.failed", lines[1].event)
    assert.equal('{"a":1}', kv.entries["u/one/oA/s"].value)
  end)

  it("is written before a question leaves, and read again behind it", function()
    asked = function()
      assert.equal('{"step":1}', kv.entries["u/one/oA/s"].value)
      kv.entries["u/one/oA/s"] = { value = '{"click":true,"step":1}' } -- the menu's handler, meanwhile
    end
    handle(function(msg)
      local s = msg:session()
      s.step = 1
      local _, answer = msg:ask "?"
      s.late = "kept as well"
      local again = answer:session()
      assert.equal(s, again)
      assert.is_true(again.click)
      again.step = 2
      return "x"
    end)
    assert.equal('{"click":true,"late":"kept as well","step":2}', kv.entries["u/one/oA/s"].value)
  end)

  it("is one table for tasks that ask at the same time", function()
    handle(function(msg, wx)
      local seen, done = {}, 0
      for i = 1, 3 do
        wx.spawn(function()
          seen[i] = msg:session()
          done = done + 1
        end)
      end
      while done < 3 do wx.sleep(0) end
      assert.equal(seen[1], seen[2])
      assert.equal(seen[1], seen[3])
      seen[3].a = 1
      return "x"
    end)
    assert.equal('{"a":1}', kv.entries["u/one/oA/s"].value)
  end)

  it("raises where nothing would write it any more", function()
    handle(function(msg)
      ended = true
      assert.matches("session_spec.lua:%d+: msg:session: this message was answered for good", app.raised(function()
        msg:session()
      end))
      return "x"
    end)
  end)

  it("raises for what is no message", function()
    handle(function(msg, wx)
      assert.matches("wx.session wants a message", app.raised(function() wx.session {} end))
      assert.matches("call it with a colon", app.raised(function() msg.session() end))
      return "x"
    end)
  end)
end)
