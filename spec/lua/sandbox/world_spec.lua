-- The fake WeChat's world: users, pushes that wait, windows, what users get.

local capabilities = require "weiyue.capabilities"
local facts = require "spec.support.facts"
local sandbox = require "spec.support.sandbox_world"
local world = require "weiyue.sandbox.world"

local APPID <const>, OPENID <const> = sandbox.APPID, sandbox.OPENID

local function send(s, openid) return s:call("message_custom.send", { touser = openid or OPENID, text = { content = "你好" } }) end

describe("a world", function()
  it("has the accounts that it is given, a verified service account where nothing is said", function()
    local w = world.new { accounts = { { appid = "wxtesta" }, { appid = "wxtestb", kind = "subscription" } } }
    assert.is_true(w:account("wxtesta").can.template)
    assert.is_false(w:account("wxtestb").can.customer_service)
    assert.matches("^gh_%x%x%x%x%x%x%x%x%x%x%x%x$", w:account("wxtesta").username)
    assert.is_nil(w:account "wxtestc")
    assert.has_error(function() w:add_account { appid = "wxtesta" } end, "account wxtesta exists")
    assert.has_error(function() w:add_account {} end, "an account of the sandbox has an appid")
  end)

  it("may hear other things of an account, which keeps its users", function()
    local s = sandbox.new { can = { cards = true } }
    local username = s.account.username
    assert.is_true(s.account.can.cards)
    s.world:update_account { appid = APPID, secret = "wxtest-other", kind = "subscription", verified = false }
    assert.same({ "subscription", false, false, username, "wxtest-other" },
      { s.account.kind, s.account.can.cards, s.account.can.menu, s.account.username, s.account.secret })
    assert.is_table(s.world:user(APPID, OPENID))
    assert.has_error(function() s.world:update_account { appid = "wxtestnone" } end, "no account wxtestnone")
  end)

  it("makes openids that look like WeChat's, and never the same", function()
    local s, seen = sandbox.new(), {}
    for _ = 1, 200 do
      local user = s:user()
      assert.matches("^o[%w_%-]+$", user.openid)
      assert.equal(28, #user.openid)
      assert.is_nil(seen[user.openid])
      seen[user.openid] = true
    end
  end)

  it("gives pushes when their time has come, in order, each once", function()
    local s = sandbox.new()
    local w = s.world
    w:emit(APPID, { MsgType = "event", Event = "B", FromUserName = OPENID }, 5)
    w:emit(APPID, { MsgType = "event", Event = "A", FromUserName = OPENID }, 2)
    w:emit(APPID, { MsgType = "event", Event = "C", FromUserName = OPENID }, 5)
    assert.equal(s.time + 2, w:next_due())
    assert.same({}, w:due())
    s:advance(2.5)
    local list = w:due()
    assert.equal(1, #list)
    assert.equal("A", list[1].message.Event)
    assert.equal(s.account.username, list[1].message.ToUserName)
    assert.equal(sandbox.START + 2, list[1].message.CreateTime)
    assert.equal(APPID, list[1].appid)
    s:advance(60)
    list = w:due()
    assert.same({ "B", "C" }, { list[1].message.Event, list[2].message.Event })
    assert.is_nil(w:next_due())
  end)

  it("takes a push back", function()
    local s = sandbox.new()
    local entry = s.world:emit(APPID, { MsgType = "event", Event = "A", FromUserName = OPENID }, 5)
    assert.is_true(s.world:cancel(entry))
    assert.is_false(s.world:cancel(entry))
    assert.same({}, s:pushed(10))
  end)

  it("remembers what a user got, the newest of it", function()
    local s = sandbox.new()
    for i = 1, 250 do s.world:deliver(APPID, OPENID, { way = "customer_service", type = "text", text = tostring(i) }) end
    local list = s:received()
    assert.equal(200, #list)
    assert.same({ "51", "250" }, { list[1].text, list[200].text })
    assert.equal(250, list[200].id)
    assert.equal(sandbox.START, list[1].at)
    assert.is_nil(s.world:deliver(APPID, "nobody", {}))
  end)

  it("tells those who watch, until they stop", function()
    local s, seen = sandbox.new(), {}
    local stop = s.world:on("deliver", function(event) seen[#seen + 1] = event.item.text end)
    s.world:deliver(APPID, OPENID, { text = "1" })
    stop()
    s.world:deliver(APPID, OPENID, { text = "2" })
    assert.same({ "1" }, seen)
    assert.has_error(function() s.world:on("nothing", print) end)
  end)
end)

describe("following", function()
  it("is an event, once", function()
    local s = sandbox.new()
    local user = s:user { subscribed = false }
    assert.equal("subscribe", s.world:follow(APPID, user.openid).Event)
    assert.is_nil(s.world:follow(APPID, user.openid))
    assert.is_true(user.subscribed)
    assert.equal("unsubscribe", s.world:unfollow(APPID, user.openid).Event)
    assert.is_nil(s.world:unfollow(APPID, user.openid))
    local events = s:pushed()
    assert.same({ "subscribe", "unsubscribe" }, { events[1].Event, events[2].Event })
    assert.equal("", events[1].EventKey)
  end)

  it("by a QR code tells which", function()
    local s = sandbox.new()
    local made = assert(s:call("qrcode.create", { action_name = "QR_STR_SCENE", action_info = { scene = { scene_str = "door-1" } } }))
    local user = s:user { subscribed = false }
    s.world:scan(APPID, user.openid, { url = made.url })
    s.world:scan(APPID, user.openid, { ticket = made.ticket })
    local events = s:pushed()
    assert.same({ "subscribe", "qrscene_door-1", made.ticket }, { events[1].Event, events[1].EventKey, events[1].Ticket })
    assert.same({ "SCAN", "door-1", made.ticket }, { events[2].Event, events[2].EventKey, events[2].Ticket })
    local info = assert(s:call("user.info", { openid = user.openid }))
    assert.same({ "ADD_SCENE_QR_CODE", 0, "door-1" }, { info.subscribe_scene, info.qr_scene, info.qr_scene_str })
  end)

  it("takes a scene without a code, and no code that is unknown or has expired", function()
    local s = sandbox.new()
    assert.equal("7", s.world:scan(APPID, OPENID, { scene = 7 }).EventKey)
    assert.same({ nil, "no QR code of this account" }, { s.world:scan(APPID, OPENID, { url = "http://x/q/none" }) })
    local made = assert(s:call("qrcode.create", { action_name = "QR_SCENE", expire_seconds = 60, action_info = { scene = { scene_id = 5 } } }))
    s:advance(60)
    assert.same({ nil, "the QR code has expired" }, { s.world:scan(APPID, OPENID, { ticket = made.ticket }) })
  end)

  it("ended takes tags, remark and windows along", function()
    local s = sandbox.new()
    local tag = assert(s:call("tag.create", { tag = { name = "会员" } })).tag.id
    s:call("tag.batch_tagging", { openid_list = { OPENID }, tagid = tag })
    s:call("user.update_remark", { openid = OPENID, remark = "老客户" })
    s.world:note_push("text", APPID, OPENID)
    s.world:unfollow(APPID, OPENID)
    assert.same({ subscribe = 0, openid = OPENID, tagid_list = {} }, (s:call("user.info", { openid = OPENID })))
    assert.equal(43004, s:code("message_custom.send", { touser = OPENID, text = { content = "x" } }))
  end)
end)

describe("the windows of customer-service messages", function()
  local rows = facts.rows "kf_window.tsv"
  local KINDS <const> = {
    { "text" }, { "CLICK", "scancode_push", "scancode_waitmsg" }, { "subscribe" }, { "SCAN" },
  }

  it("are those of the table: so many messages, so long", function()
    assert.equal(#KINDS, #rows)
    for i, row in ipairs(rows) do
      for _, kind in ipairs(KINDS[i]) do
        local s, seconds = sandbox.new(), tonumber(row.seconds)
        s.world:note_push(kind, APPID, OPENID)
        for n = 1, tonumber(row.messages) do assert.is_table(send(s), kind .. " " .. n) end
        assert.equal(45047, select(2, send(s)).code)
        s.world:note_push(kind, APPID, OPENID)
        s:advance(seconds - 0.5)
        assert.is_table(send(s), kind)
        s:advance(0.5)
        assert.equal(45015, select(2, send(s)).code)
      end
    end
  end)

  it("are closed for who has done nothing, or nothing that opens one", function()
    local s = sandbox.new()
    assert.equal(45015, select(2, send(s)).code)
    for _, kind in ipairs { "VIEW", "LOCATION", "TEMPLATESENDJOBFINISH" } do
      s.world:note_push(kind, APPID, OPENID)
      assert.equal(45015, select(2, send(s)).code)
    end
    s.world:note_push({ MsgType = "event" }, APPID, OPENID) -- an event without a name
    assert.equal(45015, select(2, send(s)).code)
    assert.is_nil(capabilities.event_windows.view)
  end)

  it("are spent from the one that ends first", function()
    local s = sandbox.new()
    s.world:note_push("text", APPID, OPENID)
    s.world:note_push("CLICK", APPID, OPENID)
    for _ = 1, 4 do assert.is_table(send(s)) end
    local open = s.world:windows(APPID, OPENID)
    assert.same({ "click", 0 }, { open[1].name, open[1].left })
    assert.same({ "message", 4 }, { open[2].name, open[2].left })
    s:advance(61)
    assert.is_table(send(s))
  end)

  it("are opened by pushes that are due, too", function()
    local s = sandbox.new()
    local user = s:user { subscribed = false }
    s.world:follow(APPID, user.openid)
    assert.equal(45015, select(2, send(s, user.openid)).code)
    s:pushed()
    assert.is_table(send(s, user.openid))
  end)
end)
