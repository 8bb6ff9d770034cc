-- What a user of the sandbox does: what the account hears of it.

local phone = require "weiyue.sandbox.phone"
local rows = require "spec.support.sandbox_rows"
local sandbox = require "spec.support.sandbox_world"

local APPID <const>, OPENID <const> = sandbox.APPID, sandbox.OPENID

local BUTTONS <const> = {
  { type = "click", name = "a", key = "about" }, { type = "view", name = "b", url = "https://wx.example.cn/" },
  { name = "c", sub_button = { { type = "pic_weixin", name = "d", key = "pic" },
    { type = "location_select", name = "e", key = "place" }, { type = "scancode_push", name = "f", key = "scan" } } },
}

describe("the phone", function()
  local s, user, runtime, said
  before_each(function()
    s, said = sandbox.new(), {}
    user = s.world:user(APPID, OPENID)
    runtime = {
      world = s.world, pressed = {}, say = function(_, _, _, item) said[#said + 1] = item end,
      emit = function(_, appid, message) s.world:emit(appid, message) end,
    }
    assert(s:call("menu.create", { button = BUTTONS }))
    s:pushed()
  end)

  local function press(...) return phone.press(runtime, s.account, user, { ... }) end
  local function send(body) return phone.send(runtime, s.account, user, body) end

  local PLACE <const> = { latitude = 31.2, longitude = 121.5 }
  local function with(kind) return { type = kind, latitude = PLACE.latitude, longitude = PLACE.longitude } end
  local PICTURE <const> = { type = "image", media = { name = "a.png", data = "iVBORw0KGgo=" } }

  -- All that a user can do; each gives what it answered.
  local function do_all()
    return {
      press(1), press(2), send { type = "text", text = "hi" }, send(with "LOCATION"),
      press(3, 1) and send(PICTURE), press(3, 2) and send(with "location"),
      press(3, 3) and phone.scan(runtime, s.account, user, { url = "https://wx.example.cn/x" }),
    }
  end

  local function heard()
    local names = {}
    for i, message in ipairs(s:pushed()) do names[i] = message.Event or message.MsgType end
    return names
  end

  it("tells the account what its followers do", function()
    assert.equal(7, #do_all())
    phone.scan(runtime, s.account, user, { scene = "7" })
    assert.same({ "CLICK", "VIEW", "text", "LOCATION", "pic_weixin", "image", "location_select", "location",
      "scancode_push", "SCAN" }, heard())
  end)

  it("shows what was published where a button of the menu says so", function()
    local id = rows.article(s)
    assert(s:call("menu.create", { button = { { type = "article_id", name = "a", article_id = id } } }))
    press(1)
    assert.equal("标题", s:received()[1].articles[1].title)
    s:call("publish.delete", { article_id = id })
    press(1)
    assert.equal(1, #s:received())
  end)

  it("tells it nothing of who is on its blacklist: the phone does what it does all the same", function()
    assert(s:call("blacklist.add", { openid_list = { OPENID } }))
    assert.equal(7, #do_all())
    assert.is_true(phone.scan(runtime, s.account, user, { scene = "7" }))
    assert.same({}, heard())
    assert.equal(3, #said)
  end)

  it("has no chat with an account that the user does not follow", function()
    press(3, 3) -- what he was about to do
    s.world:unfollow(APPID, OPENID)
    s:pushed()
    for _, act in ipairs {
      function() return press(1) end, function() return send { type = "text", text = "hi" } end,
      function() return send(with "LOCATION") end, function() return send(PICTURE) end,
    } do
      local ok, fault = act()
      assert.is_nil(ok)
      assert.equal("not_following", fault.code)
    end
    assert.same({ url = "https://wx.example.cn/x" }, phone.scan(runtime, s.account, user, { url = "https://wx.example.cn/x" }))
    assert.same({}, heard())
    phone.scan(runtime, s.account, user, { scene = "7" })
    assert.same({ "subscribe" }, heard())
  end)

  describe("in a session of the customer service", function()
    local kf_account = require "weiyue.sandbox.api.kf_account"

    local function records()
      local list = {}
      for i, one in ipairs(assert(s:call("kf_record.get_msg_list",
        { starttime = math.floor(s.time) - 3600, endtime = math.floor(s.time) + 60, msgid = 1, number = 100 })).recordlist) do
        list[i] = one.opercode .. " " .. one.text
      end
      return list
    end

    before_each(function()
      s.account.username = "gh_test"
      assert(s:call("kf_account.add", { kf_account = "kf1@wxtest", nickname = "甲" }))
      assert(s:call("kf_account.invite_worker", { kf_account = "kf1@wxtest", invite_wx = "wxtest_worker" }))
      assert(kf_account.answer(s.world, APPID, "kf1@wxtest", true))
      assert(s:call("kf_session.create", { kf_account = "kf1@wxtest", openid = OPENID, text = "您好" }))
      assert.same({ "kf_create_session" }, heard())
    end)

    it("has what is said go to the desk, and events to the account", function()
      assert.is_true(send { type = "text", text = "在吗" })
      send(PICTURE)
      press(1)
      assert.same({ "CLICK" }, heard())
      assert.same({ "1002 您好", "2003 在吗", "2003 [image]" }, records())
      assert.equal(2, #said)
    end)

    it("opens the window of messages all the same", function()
      send { type = "text", text = "在吗" }
      assert.equal("message", s.world:windows(APPID, OPENID)[1].name)
    end)

    it("records what the account sends in the worker's name", function()
      send { type = "text", text = "在吗" }
      assert(s:call("message_custom.send", { touser = OPENID, text = { content = "在" },
        customservice = { kf_account = "kf1@wxtest" } }))
      assert.same({ "1002 您好", "2003 在吗", "2002 在" }, records())
    end)

    it("ends after half an hour without a word", function()
      s:advance(1790)
      send { type = "text", text = "在吗" }
      assert.same({}, heard())
      s:advance(1790)
      assert.same({}, heard())
      s:advance(11)
      assert.same({ "kf_close_session" }, heard())
      assert.equal("", s:call("kf_session.get", { openid = OPENID }).kf_account)
      send { type = "text", text = "还在吗" }
      assert.same({ "text" }, heard())
      assert.equal("1004 ", records()[3])
    end)

    it("ends when the account closes it, and not once more", function()
      assert(s:call("kf_session.close", { kf_account = "kf1@wxtest", openid = OPENID }))
      assert.same({ "kf_close_session" }, heard())
      s:advance(1801)
      assert.same({}, heard())
    end)

    it("ends when the customer leaves", function()
      s.world:unfollow(APPID, OPENID)
      assert.same({ "kf_close_session", "unsubscribe" }, heard())
      s:advance(1801)
      assert.same({}, heard())
    end)

    it("hears nothing of who is on the blacklist", function()
      assert(s:call("blacklist.add", { openid_list = { OPENID } }))
      send { type = "text", text = "在吗" }
      assert.same({ "1002 您好" }, records())
    end)
  end)
end)
