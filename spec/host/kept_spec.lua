-- What plugins keep, in a host with a store of its own: and that nothing of it is left of a user who is forgotten.
local redis = require "spec.support.redis"
local rig = require "spec.support.rig"

local DAY <const> = 86400

describe("a plugin", function()
  local app

  after_each(function() app:free() end)

  -- Lets the store answer.
  local function content(push)
    app:advance(0)
    return push:content()
  end

  it("keeps values beyond a reload", function()
    local text = [[
      local store = require "weiyue.store"
      wx.text("n", function() return tostring(wx.store:incr "n") end)
      wx.text("get", function() return tostring(store:get "n") end)
    ]]
    app = rig.new { plugin = text }
    local user = app:user()
    assert.equal("1", content(user:says "n"))
    app:reload { plugin = text .. "-- anew" }
    assert.equal("2", content(user:says "n"))
    assert.equal("2", content(user:says "get"))
  end)

  it("keeps them for the account whose message it handles, and what that has spawned", function()
    app = rig.new { plugin = [[
      wx.text("set", function(msg)
        wx.spawn(function()
          wx.sleep(1)
          wx.store:set("k", msg.account.id)
          wx.after(1, function() wx.store:set("k", wx.store:get "k" .. " later") end)
        end)
        return wx.account "other1".id
      end)
      wx.text("get", function(msg) return ("%s %s"):format(wx.store:get "k", wx.store:account("one"):get "k") end)
    ]], others = { "verified = false" } }
    local other = app:at(2):user()
    assert.equal("other1", content(other:says "set"))
    app:advance(3)
    assert.equal("other1 later nil", content(other:says "get"))
    assert.equal("nil nil", content(app:user():says "get"))
  end)

  it("must say which account outside a message where there are several", function()
    app = rig.new { plugin = [[
      wx.every(1, function() wx.store:set("k", 1) end)
      wx.every(2, function() wx.store:account("one"):set("k", 2) end)
      wx.text("get", function(msg) return tostring(wx.store:get "k") end)
    ]], others = { "verified = false" } }
    app:advance(2)
    assert.matches("one%.lua:2: wx%.store:set: of which account", app:logged "lua.error"[1])
    assert.equal("2", content(app:user():says "get"))
  end)

  it("has wx.account() for the message's account, where there are several", function()
    app = rig.new { plugin = [[
      wx.text("who", function() return wx.account().id end)
      wx.text("later", function()
        wx.sleep(1)
        return wx.account().id
      end)
      wx.every(2, function() wx.account() end)
    ]], others = { "verified = false" } }
    assert.equal("one", content(app:user():says "who"))
    local p = app:at(2):user():says "later"
    app:advance(2)
    assert.equal("other1", p:content())
    assert.matches("one%.lua:%d+: of which account%? Outside a message: wx%.account%(id%); there is: one, other1",
      app:logged "lua.error"[1])
  end)

  it("names the plugin and the rule where a session cannot be kept", function()
    app = rig.new { plugin = [[
      wx.use(function(msg, next)
        if msg.content ~= "none" then msg:session() end
        return next()
      end)
      wx.text("f", function(msg)
        msg:session().f = print
        return "ok"
      end)
      wx.text("pass", function(msg) msg:session().f = print end)
    ]] }
    assert.equal("ok", content(app:user():says "f"))
    assert.matches("it cannot be kept: .*plugin=one .*where=%S+one%.lua:6", app:logged "session.failed"[1])
    content(app:user():says "pass")
    assert.matches("plugin=one .*where=%S+one%.lua:3", app:logged "session.failed"[1])
  end)

  it("has sessions that answers wait for, and questions too", function()
    app = rig.new { plugin = [[
      wx.text("ask", function(msg)
        local s = msg:session()
        s.step = 1
        local answer = msg:ask "?"
        s = msg:session()
        s.step, s.answer = s.step + 1, answer
        return s.step .. (s.click or "")
      end)
      wx.click("c", function(msg)
        msg:session().click = " clicked at " .. msg:session().step
        return "c"
      end)
      wx.text("show", function(msg) return require "weiyue.json".encode(msg:session()) end)
    ]] }
    local user = app:user()
    assert.equal("?", content(user:says "ask"))
    assert.equal("c", content(user:clicks "c"))
    assert.equal("2 clicked at 1", content(user:says "fine"))
    assert.equal('{"answer":"fine","click":" clicked at 1","step":2}', content(user:says "show"))
    assert.equal("{}", content(app:user():says "show"))
  end)

  it("holds a lock to the end of its block, and waits for one", function()
    app = rig.new { plugin = [[
      wx.text("hold", function()
        local lock <close> = wx.lock("l", "1h")
        wx.sleep(2)
        return "held " .. lock.fence
      end)
      wx.text("try", function()
        local lock <close>, err = wx.lock("l", "1h")
        return lock and "got" or err.code
      end)
      wx.text("wait", function()
        local lock <close>, err = wx.lock("l", "1h", { wait = "3s" })
        return lock and "got " .. lock.fence or err.code
      end)
    ]] }
    local held = app:user():says "hold"
    app:advance(0)
    assert.equal("lock.busy", content(app:user():says "try"))
    local waits = app:user():says "wait"
    app:advance(1)
    assert.is_nil(waits:content())
    app:advance(1)
    assert.equal("held 1", held:content())
    assert.equal("got 2", waits:content())
    assert.equal("got", content(app:user():says "try"))
  end)

  it("gives a lock back when its task is ended", function()
    app = rig.new { plugin = [[
      wx.text("loop", function()
        local _ <close> = wx.lock("l", "1h")
        while true do end
      end)
      wx.text("try", function()
        local lock <close>, err = wx.lock("l", "1h")
        return lock and "got" or err.code
      end)
    ]], config = "limits = { cpu = 0.05 }" }
    content(app:user():says "loop")
    assert.equal("got", content(app:user():says "try"))
  end)

  it("gives a lock back when its task is cancelled", function()
    app = rig.new { plugin = [[
      wx.text("race", function()
        wx.race {
          function() local _ <close> = wx.lock("l", "1h") wx.sleep(10) end,
          function() local lock = wx.lock("m", "1h") pcall(wx.sleep, 10) lock:release() end,
          function() wx.sleep(1) return "first" end,
        }
        local got = {}
        for i, name in ipairs { "l", "m" } do
          local lock <close>, err = wx.lock(name, "1h", { wait = 1 })
          got[i] = lock and "got" or err.code
        end
        return table.concat(got, " ")
      end)
    ]] }
    local race = app:user():says "race"
    app:advance(3)
    assert.equal("got got", race:content())
  end)

  it("writes no session back of who is forgotten while a handler of an older generation runs", function()
    local text = [[
      wx.text("slow", function(msg)
        msg:session().a = 1
        wx.sleep(3)
        msg:session().b = "secret"
        return "done"
      end)
      wx.text(wx.prefix "forget ", function(msg) return tostring(msg.account:forget(msg.content:sub(8))) end)
      wx.text("show", function(msg) return require "weiyue.json".encode(msg:session()) end)
    ]]
    app = rig.new { plugin = text }
    local user = app:user()
    local slow = user:says "slow"
    app:advance(1)
    app:reload { plugin = text .. "-- anew" }
    assert.equal("true", content(app:user():says("forget " .. user.openid)))
    app:advance(3)
    assert.equal("done", slow:content())
    assert.equal("{}", content(user:says "show"))
  end)

  describe("forgets", function()
    -- Everything that may keep something of a user, with a canary in it.
    local PLUGIN <const> = [[
      local function canary(msg) return "CANARY " .. msg.openid end
      wx.text("plant", function(msg)
        local mine = wx.store:user(msg.openid)
        mine:set("key/" .. msg.openid, canary(msg))
        mine:set("table", { deep = { canary(msg) } })
        mine:set("short", canary(msg), "30d")
        msg:session().canary = canary(msg)
        return canary(msg)
      end)
      wx.text("slow", function(msg) wx.sleep(5) return canary(msg) end)
      wx.text("ask", function(msg)
        local _ <close> = setmetatable({}, { __close = function() wx.shared:incr "ended" end })
        local kept = canary(msg)
        return kept .. msg:ask { canary(msg), accept = "image" }
      end)
      wx.text("has", function(msg)
        local mine, n = wx.store:user(msg.openid), 0
        for _ in mine:each() do n = n + 1 end
        return ("%d %s"):format(n, msg:session().canary and "canary" or "none")
      end)
      wx.text("ended", function() return tostring(wx.shared:get "ended") end)
      wx.text("forget", function(msg) return tostring(msg:forget()) end)
      wx.text("told", function() return tostring(wx.shared:get "told") end)
      wx.text("forget and keep", function(msg)
        msg:session().canary = canary(msg)
        return tostring(msg.account:forget(msg.openid))
      end)
      wx.unsubscribe(function(msg) msg:session().left = canary(msg) end)
      wx.on_forget(function(openid, account)
        local n = 0
        for _ in wx.store:user(openid):each() do n = n + 1 end
        wx.shared:set("told", openid .. " " .. account.id .. " " .. n)
      end)
    ]]

    local STORES <const> = {
      sqlite = {
        url = function() return "sqlite:kept.db" end,
        dump = function()
          local pipe = assert(io.popen(("cat '%s'/kept.db*"):format(app.folder)))
          local all = pipe:read "a"
          pipe:close()
          return all
        end,
      },
      redis = {
        url = function(store)
          store.server = redis.start()
          return store.server.url
        end,
        dump = function(store) return store.server:dump() end,
      },
    }
    for name, store in pairs(STORES) do
      describe("of a store in " .. name, function()
        after_each(function()
          if store.server then store.server:stop() end
        end)

        -- Whether the bytes of the store show this text.
        local function stored(text) return store:dump():find(text, 1, true) ~= nil end

        -- A user with something in every place.
        local function plant()
          app = rig.new { plugin = PLUGIN, config = ("store = %q"):format(store:url()), account = 'forget = "2d"' }
          local user, other = app:user(), app:user()
          for _, one in ipairs { user, other } do
            local planted = one:says "plant"
            app:advance(0)
            one:says "slow"
            app:advance(6)
            assert.equal("CANARY " .. one.openid, planted:content())
            one:says "ask"
            app:advance(0)
            assert.is_true(stored("CANARY " .. one.openid))
          end
          return user, other
        end

        -- Nothing of him is anywhere, and all of the other is.
        local function check(user, other)
          assert.is_false(stored(user.openid))
          assert.is_true(stored(other.openid))
          assert.equal("3 canary", content(other:says "has"))
          assert.equal("0 none", content(user:says "has"))
          for _, line in ipairs(app:logged()) do assert.is_nil(line:find(user.openid, 1, true)) end
        end

        it("a user at once, by a call", function()
          local user, other = plant()
          local planted = user:says "plant" -- its answer is known to the inbox
          app:advance(0)
          app:logged()
          assert.equal("true", content(user:says "forget"))
          assert.matches("account=one cause=call keys=4$", (app:logged "forget"[1]:gsub(" trace=%x+", "")))
          assert.equal("success", content(user:again(planted)))
          assert.equal("1", content(other:says "ended"))
          assert.is_nil(content(user:says "继续"):find("CANARY", 1, true))
          assert.equal(user.openid .. " one 3", content(other:says "told"))
          check(user, other)
        end)

        it("a session that a handler changes while its user is forgotten", function()
          local user, other = plant()
          assert.equal("true", content(user:says "forget and keep"))
          check(user, other)
        end)

        for _, event in ipairs { "unsubscribe", "user_authorization_revoke", "user_authorization_cancellation" } do
          it("a user after " .. event .. ", when its time is over", function()
            local user, other = plant()
            if event == "unsubscribe" then
              user:event(event, "EventKey", "")
            else
              user:event(event, "OpenID", user.openid, "AppID", "wxtest0000000001")
            end
            app:advance(2 * DAY - 60)
            assert.is_true(stored("CANARY " .. user.openid))
            app:logged()
            app:advance(200)
            assert.equal(1, #app:logged "forget")
            check(user, other)
          end)
        end

        it("a user beyond a restart of the host", function()
          local user, other = plant()
          user:event("unsubscribe", "EventKey", "")
          app:advance(0)
          app:restart()
          app:advance(3 * DAY)
          check(user, other)
        end)
      end)
    end

    it("a user whose leaving the store could not take, beyond a reload", function()
      local server = redis.start()
      local _ <close> = setmetatable({}, { __close = function() server:stop() end })
      local function stored(text) return server:dump():find(text, 1, true) ~= nil end
      app = rig.new { plugin = PLUGIN, config = ("store = %q"):format(server.url), account = 'forget = "1d"' }
      local user = app:user()
      content(user:says "plant")
      assert.is_true(stored(user.openid))
      server:signal "STOP"
      user:event("unsubscribe", "EventKey", "")
      app:advance(10)
      app:reload { plugin = PLUGIN .. "-- anew" }
      server:signal "CONT"
      app:advance(2 * DAY)
      assert.is_false(stored(user.openid))
    end)

    it("nobody who follows again before", function()
      app = rig.new { plugin = PLUGIN, account = 'forget = "2d"' }
      local user = app:user()
      content(user:says "plant")
      user:event("unsubscribe", "EventKey", "")
      app:advance(DAY)
      user:event("subscribe", "EventKey", "")
      app:advance(3 * DAY)
      assert.equal("3 canary", content(user:says "has"))
    end)

    it("at once where the time is 0", function()
      app = rig.new { plugin = PLUGIN, account = "forget = 0" }
      local user = app:user()
      content(user:says "plant")
      assert.equal("success", content(user:event("unsubscribe", "EventKey", "")))
      assert.equal("0 none", content(user:says "has"))
      assert.equal(1, #app:logged "forget")
    end)

    it("nobody by itself where that is off", function()
      app = rig.new { plugin = PLUGIN, account = "forget = false" }
      local user = app:user()
      content(user:says "plant")
      user:event("unsubscribe", "EventKey", "")
      app:advance(29 * DAY)
      assert.equal("3 canary", content(user:says "has"))
    end)

    it("only while the plugin loads is it said what to do", function()
      app = rig.new { plugin = [[
        wx.text("late", function() wx.on_forget(print) end)
        wx.text("what", function(msg) return select(2, pcall(msg.account.forget, msg.account)) end)
      ]] }
      app:user():says "late"
      assert.matches("wx%.on_forget: it is declared while the plugin loads", app:logged "lua.error"[1])
      assert.matches("account:forget wants an openid", app:user():says "what":content())
    end)
  end)
end)
