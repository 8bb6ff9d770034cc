-- Stores, short keys, statistics, rules of QR codes, automatic replies of the fake WeChat.
local platforms = require "spec.support.platform"
local poi = require "weiyue.sandbox.api.poi"

local APPID <const> = platforms.APPID

describe("weiyue.sandbox:", function()
  local wechat
  before_each(function() wechat = platforms.new() end)

  describe("stores", function()
    local function add(more)
      local info = { sid = "S1", business_name = "小店", branch_name = "一店", province = "广东", city = "广州", district = "海珠",
        address = "一号", telephone = "020", categories = { "美食,火锅" }, offset_type = 1, longitude = 113.3, latitude = 23.1 }
      for name, value in pairs(more or {}) do info[name] = value end
      return wechat:call("poi.add", { business = { base_info = info } })
    end
    local function change(id)
      return wechat:errcode("poi.update", { business = { base_info = { poi_id = id, telephone = "0755" } } })
    end

    it("are reviewed before they can be changed", function()
      local id = add().poi_id
      assert.are.equal(65118, change(id))
      local event = wechat:pushed(5)[1]
      assert.are.same({ "poi_check_notify", "S1", id, "succ" }, { event.Event, event.UniqId, event.PoiId, event.Result })
      assert.are.equal(0, change(id))
      local info = wechat:ok("poi.get", { poi_id = id }).business.base_info
      assert.are.same({ "0755", 3 }, { info.telephone, info.available_state })
      assert.are.equal(1, wechat:ok("poi.list", { begin = 0, limit = 10 }).total_count)
      wechat:ok("poi.delete", { poi_id = id })
      assert.are.equal(65116, wechat:errcode("poi.get", { poi_id = id }))
      assert.are.equal(65115, wechat:errcode("poi.get", { poi_id = "1" }))
      assert.is_true(#wechat:ok "poi.get_categories".category_list > 0)
    end)

    it("are refused on demand, or when they are nowhere", function()
      poi.refuse_next(wechat.world, APPID, "地址不清")
      local id = add().poi_id
      local event = wechat:pushed(5)[1]
      assert.are.same({ "fail", "地址不清" }, { event.Result, event.Msg })
      assert.are.equal(65118, change(id))
      assert.are.equal(40097, add({ latitude = 91 }).errcode)
    end)
  end)

  it("a short key gives its text back, until its time is over", function()
    local key = wechat:ok("shorten.gen", { long_data = "https://wx.example.cn/a", expire_seconds = 60 }).short_key
    assert.are.equal(15, #key)
    wechat.clock = wechat.clock + 59
    local got = wechat:ok("shorten.fetch", { short_key = key })
    assert.are.same({ "https://wx.example.cn/a", 1 }, { got.long_data, got.expire_seconds })
    wechat.clock = wechat.clock + 1
    assert.are.equal(40097, wechat:errcode("shorten.fetch", { short_key = key }))
  end)

  describe("statistics", function()
    local function ask(name, from, to) return wechat:call("datacube." .. name, { begin_date = from, end_date = to }) end
    local function date(days) return os.date("!%Y-%m-%d", wechat.clock + 8 * 3600 + days * 86400) end

    it("count followers", function()
      wechat:user "小明"
      wechat:user "小红"
      wechat.world:new_user(APPID, { subscribed = false })
      wechat.clock = wechat.clock + 2 * 86400
      local list = ask("get_user_cumulate", date(-3), date(-1)).list
      assert.are.same({ 0, 2, 2 }, { list[1].cumulate_user, list[2].cumulate_user, list[3].cumulate_user })
      assert.are.equal(2, ask("get_user_summary", date(-2), date(-1)).list[1].new_user)
      assert.are.equal(0, #ask("get_upstream_msg", date(-2), date(-1)).list)
    end)

    it("refuse dates that are none, and spans that are too long", function()
      assert.are.equal(61500, ask("get_user_summary", "2026-02-30", "2026-03-01").errcode)
      assert.are.equal(61500, ask("get_user_summary", "20260101", "20260102").errcode)
      assert.are.equal(61501, ask("get_user_summary", date(-8), date(-1)).errcode)
      assert.are.equal(61501, ask("get_user_summary", date(-1), date(-2)).errcode)
      assert.are.equal(61501, ask("get_user_summary", date(-1), date(0)).errcode)
      assert.is_nil(ask("get_user_summary", date(-7), date(-1)).errcode)
      assert.are.equal(47009, ask("get_article_summary", date(-1), date(-1)).errcode)
    end)
  end)

  it("rules of QR codes are written, then published", function()
    local rule = { prefix = "https://wx.example.cn/a/", path = "pages/a", is_edit = 0 }
    wechat:ok("wxa_qrcode_jump.add", rule)
    assert.are.equal(40097, wechat:errcode("wxa_qrcode_jump.add", rule))
    wechat:ok("wxa_qrcode_jump.publish", { prefix = rule.prefix })
    local got = wechat:ok "wxa_qrcode_jump.get"
    assert.are.same({ 1, 2, 99 }, { got.total_count, got.rule_list[1].state, got.qrcodejump_pub_quota })
    wechat:pushed(31 * 86400)
    assert.are.equal(100, wechat:ok "wxa_qrcode_jump.get".qrcodejump_pub_quota)
    rule.is_edit = 1
    wechat:ok("wxa_qrcode_jump.add", rule)
    assert.are.equal(1, wechat:ok "wxa_qrcode_jump.get".rule_list[1].state)
    local file = wechat:ok "wxa_qrcode_jump.download"
    assert.are.same(file, wechat:ok "wxa_qrcode_jump.download")
    wechat:ok("wxa_qrcode_jump.delete", { prefix = rule.prefix })
    assert.are.equal(40097, wechat:errcode("wxa_qrcode_jump.delete", { prefix = rule.prefix }))
  end)

  it("automatic replies are what the account has", function()
    assert.are.equal(0, wechat:ok "autoreply.get".is_autoreply_open)
    wechat.world:account(APPID).autoreply = { is_autoreply_open = 1 }
    assert.are.equal(1, wechat:ok "autoreply.get".is_autoreply_open)
  end)

  it("what is kept has an end", function()
    local shelf = require "weiyue.sandbox.shelf"
    local kept = shelf.new(3)
    for i = 1, 100 do
      kept:put(i, i)
      if i % 2 == 0 then kept:drop(i) end
    end
    assert.are.equal(2, #kept) -- 100 took the place of 95
    assert.are.same({ 97, 99 }, kept:list())
    for i = 1, 5 do kept:put("k" .. i, i) end
    assert.are.same({ 3, 4, 5 }, kept:list())
    assert.are.same({ 4, 5 }, shelf.part(kept:list(), 1, math.maxinteger))
    assert.are.same({}, shelf.part(kept:list(), math.maxinteger, 1))
    assert.are.same({}, shelf.part(kept:list(), math.maxinteger, 0))
  end)

  it("an event that messages.tsv does not name so is found out", function()
    local good = { Event = "kf_create_session", KfAccount = "kf1@wxtest" }
    platforms.check_event(good)
    assert.has_error(function() platforms.check_event { Event = "kf_create_session" } end, "kf_create_session lacks KfAccount")
    good.Other = 1
    assert.has_error(function() platforms.check_event(good) end, "kf_create_session has no field Other")
    assert.has_error(function()
      platforms.check_event { Event = "guide_qrcode_scan_event", GuideScanEvent = { other = 1 } }
    end, "guide_qrcode_scan_event has no field GuideScanEvent.other")
    assert.has_error(function() platforms.check_event { Event = "no_event" } end, "messages.tsv has no no_event")
  end)
end)
