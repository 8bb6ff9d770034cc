-- Customer service of the fake WeChat: workers, sessions, records.
local kf_account = require "weiyue.sandbox.api.kf_account"
local kf_session = require "weiyue.sandbox.api.kf_session"
local platforms = require "spec.support.platform"

local APPID <const> = platforms.APPID

describe("weiyue.sandbox: customer service", function()
  local wechat, openid
  before_each(function()
    wechat = platforms.new()
    openid = wechat:user "小明"
  end)

  local function worker(name, wx)
    wechat:ok("kf_account.add", { kf_account = name, nickname = "客服" })
    wechat:ok("kf_account.invite_worker", { kf_account = name, invite_wx = wx })
    assert(kf_account.answer(wechat.world, APPID, name, true))
  end

  describe("accounts", function()
    it("are added, renamed, listed, deleted", function()
      wechat:ok("kf_account.add", { kf_account = "kf1@wxtest", nickname = "甲" })
      wechat:ok("kf_account.update", { kf_account = "kf1@wxtest", nickname = "乙" })
      local list = wechat:ok "kf_account.list".kf_list
      assert.are.same({ "kf1@wxtest", "乙" }, { list[1].kf_account, list[1].kf_nick })
      wechat:ok("kf_account.del", { kf_account = "kf1@wxtest" })
      assert.are.equal(61452, wechat:errcode("kf_account.del", { kf_account = "kf1@wxtest" }))
      assert.are.equal(0, #wechat:ok "kf_account.list".kf_list)
    end)

    for _, case in ipairs {
      { "no account", "kf1", 61452 }, { "a long name", "abcdefghijk@wxtest", 61454 }, { "other characters", "客服@wxtest", 61455 },
    } do
      it("refuse " .. case[1], function()
        assert.are.equal(case[3], wechat:errcode("kf_account.add", { kf_account = case[2], nickname = "甲" }))
      end)
    end

    it("are a hundred at most, each once", function()
      for i = 1, 100 do wechat:ok("kf_account.add", { kf_account = ("kf%d@wxtest"):format(i), nickname = "甲" }) end
      assert.are.equal(61453, wechat:errcode("kf_account.add", { kf_account = "kf1@wxtest", nickname = "甲" }))
      assert.are.equal(61456, wechat:errcode("kf_account.add", { kf_account = "kf101@wxtest", nickname = "甲" }))
    end)

    it("work when who is invited has accepted", function()
      wechat:ok("kf_account.add", { kf_account = "kf1@wxtest", nickname = "甲" })
      local invite = { kf_account = "kf1@wxtest", invite_wx = "wxtest_worker" }
      wechat:ok("kf_account.invite_worker", invite)
      assert.are.equal("waiting", wechat:ok "kf_account.list".kf_list[1].invite_status)
      assert.are.equal(65408, wechat:errcode("kf_account.invite_worker", invite))
      invite.invite_wx = "wxtest_another"
      assert.are.equal(65411, wechat:errcode("kf_account.invite_worker", invite))
      assert.are.equal(65402, wechat:errcode("kf_session.create", { kf_account = "kf1@wxtest", openid = openid }))
      wechat:pushed(10) -- nobody has said no
      assert.are.equal("wxtest_worker", wechat:ok "kf_account.list".kf_list[1].kf_wx)
      assert.are.equal("kf1@wxtest", wechat:ok "kf_account.list_online".kf_online_list[1].kf_account)
      assert.are.equal(65412, wechat:errcode("kf_account.invite_worker", invite))
      wechat:ok("kf_account.add", { kf_account = "kf2@wxtest", nickname = "乙" })
      assert.are.equal(65407, wechat:errcode("kf_account.invite_worker", { kf_account = "kf2@wxtest", invite_wx = "wxtest_worker" }))
      assert.are.equal(65409, wechat:errcode("kf_account.invite_worker", { kf_account = "kf2@wxtest", invite_wx = "no id" }))
    end)

    it("stay without a worker when he refuses", function()
      wechat:ok("kf_account.add", { kf_account = "kf1@wxtest", nickname = "甲" })
      wechat:ok("kf_account.invite_worker", { kf_account = "kf1@wxtest", invite_wx = "wxtest_worker" })
      kf_account.answer(wechat.world, APPID, "kf1@wxtest", false)
      wechat:pushed(60)
      assert.are.equal("rejected", wechat:ok "kf_account.list".kf_list[1].invite_status)
      assert.are.equal(0, #wechat:ok "kf_account.list_online".kf_online_list)
    end)

    it("have a picture, which is a JPEG", function()
      wechat:ok("kf_account.add", { kf_account = "kf1@wxtest", nickname = "甲" })
      local function upload(filename)
        return wechat:errcode("kf_account.upload_head_img", { kf_account = "kf1@wxtest",
          media = { data = "picture", filename = filename } })
      end
      assert.are.equal(65403, wechat:errcode("kf_account.update", { kf_account = "kf1@wxtest", nickname = "" }))
      assert.are.equal(61457, upload "a.txt")
      assert.are.equal(0, upload "a.jpg")
      assert.are.equal("picture", wechat:file(wechat:ok "kf_account.list".kf_list[1].kf_headimgurl).body)
    end)
  end)

  describe("sessions", function()
    before_each(function()
      worker("kf1@wxtest", "wxtest_one")
      worker("kf2@wxtest", "wxtest_two")
    end)

    local function create(name) return wechat:errcode("kf_session.create", { kf_account = name, openid = openid, text = "您好" }) end
    local function close(name) return wechat:errcode("kf_session.close", { kf_account = name, openid = openid }) end

    it("are created and closed, and events tell so", function()
      assert.are.equal(0, create "kf1@wxtest")
      local event = wechat:pushed()[1]
      assert.are.same({ "kf_create_session", "kf1@wxtest", openid }, { event.Event, event.KfAccount, event.FromUserName })
      assert.are.equal("kf1@wxtest", wechat:ok("kf_session.get", { openid = openid }).kf_account)
      assert.are.equal(openid, wechat:ok("kf_session.list", { kf_account = "kf1@wxtest" }).sessionlist[1].openid)
      assert.are.equal(1, wechat:ok "kf_account.list_online".kf_online_list[1].accepted_case)
      assert.are.equal(65414, create "kf2@wxtest")
      assert.are.equal(65414, close "kf2@wxtest")
      assert.are.equal(0, close "kf1@wxtest")
      assert.are.equal("kf_close_session", wechat:pushed()[1].Event)
      assert.are.equal(65413, close "kf1@wxtest")
      assert.are.equal("", wechat:ok("kf_session.get", { openid = openid }).kf_account)
    end)

    it("need a worker who is there, and a follower", function()
      assert.are.equal(65401, create "nobody@wxtest")
      kf_account.set_online(wechat.world, APPID, "kf1@wxtest", false)
      assert.are.equal(65415, create "kf1@wxtest")
      openid = wechat.world:new_user(APPID, { subscribed = false }).openid
      assert.are.equal(40003, create "kf2@wxtest")
    end)

    it("begin with a hand-over, at once or when somebody takes the customer", function()
      assert.is_true(kf_session.transfer(wechat.world, APPID, openid))
      assert.are.equal(openid, wechat:ok "kf_session.wait_case".waitcaselist[1].openid)
      assert.are.equal(0, create "kf1@wxtest")
      assert.are.equal(0, wechat:ok "kf_session.wait_case".count)
      local other = wechat:user "小红"
      assert.is_true(kf_session.transfer(wechat.world, APPID, other, "kf2@wxtest"))
      assert.are.equal("kf2@wxtest", wechat:ok("kf_session.get", { openid = other }).kf_account)
      assert.are.same({ nil, 65401 }, { kf_session.transfer(wechat.world, APPID, wechat:user "小刚", "kf9@wxtest") })
    end)

    it("are the account's doing: the user has done nothing", function()
      create "kf1@wxtest"
      wechat:pushed()
      assert.is_nil(wechat.world:user(APPID, openid).last_contact)
    end)

    it("are switched, and end with the account", function()
      create "kf1@wxtest"
      assert.is_true(kf_session.switch(wechat.world, APPID, openid, "kf2@wxtest"))
      local events = wechat:pushed()
      assert.are.same({ "kf_switch_session", "kf1@wxtest", "kf2@wxtest" },
        { events[2].Event, events[2].FromKfAccount, events[2].ToKfAccount })
      wechat:ok("kf_account.del", { kf_account = "kf2@wxtest" })
      assert.are.equal("kf_close_session", wechat:pushed()[1].Event)
    end)

    it("are recorded, page by page", function()
      create "kf1@wxtest"
      kf_session.say(wechat.world, APPID, openid, "customer", "在吗")
      kf_session.say(wechat.world, APPID, openid, "worker", "在")
      assert.are.equal("在", wechat.world:received(APPID, openid)[1].text)
      close "kf1@wxtest"
      local now = wechat.clock
      local function records(first, number)
        return wechat:ok("kf_record.get_msg_list", { starttime = now - 60, endtime = now + 60, msgid = first, number = number })
      end
      local first = records(1, 3)
      assert.are.same({ "您好", "在吗", "在" }, { first.recordlist[1].text, first.recordlist[2].text, first.recordlist[3].text })
      assert.are.same({ 1002, 2003, 2002 },
        { first.recordlist[1].opercode, first.recordlist[2].opercode, first.recordlist[3].opercode })
      assert.are.equal(1004, records(first.msgid, 3).recordlist[1].opercode)
      assert.are.equal(65417, wechat:errcode("kf_record.get_msg_list",
        { starttime = now - 86401, endtime = now, msgid = 1, number = 10 }))
      assert.are.equal(65416, wechat:errcode("kf_record.get_msg_list",
        { starttime = now, endtime = now - 1, msgid = 1, number = 10 }))
    end)
  end)
end)
