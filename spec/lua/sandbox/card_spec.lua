-- Cards of the fake WeChat: review, taking, codes, member cards.
local card = require "weiyue.sandbox.api.card"
local card_member = require "weiyue.sandbox.api.card_member"
local json = require "weiyue.json"
local platforms = require "spec.support.platform"
local scene = require "weiyue.sandbox.scene"
local wallet = require "weiyue.sandbox.wallet"

local APPID <const> = platforms.APPID

describe("weiyue.sandbox: cards", function()
  local wechat, openid
  before_each(function()
    wechat = platforms.new()
    openid = wechat:user "小明"
  end)

  local function base(more)
    local info = { logo_url = "https://wx.example.cn/logo.png", brand_name = "小店", code_type = "CODE_TYPE_TEXT",
      title = "九折", color = "Color010", notice = "出示", description = "说明", sku = { quantity = 10 },
      date_info = { type = "DATE_TYPE_FIX_TERM", fixed_term = 30, fixed_begin_term = 0 } }
    for name, value in pairs(more or {}) do info[name] = value end
    return info
  end

  local function create(more, kind, inner)
    kind = kind or "gift"
    local info = { base_info = base(more), gift = "茶" }
    for name, value in pairs(inner or {}) do info[name] = value end
    return wechat:call("card.create", { card = { card_type = kind:upper(), [kind] = info } })
  end

  local function passed(...)
    local id = assert(create(...).card_id)
    wechat:pushed(5)
    return id
  end

  local function status(id)
    local got = wechat:ok("card.get", { card_id = id }).card
    return got[got.card_type:lower()].base_info.status
  end

  it("are reviewed, and an event tells", function()
    local id = create().card_id
    assert.are.equal("CARD_STATUS_NOT_VERIFY", status(id))
    assert.are.same({ nil, 40078 }, { card.take(wechat.world, APPID, openid, id) })
    local event = wechat:pushed(5)[1]
    assert.are.same({ "card_pass_check", id }, { event.Event, event.CardId })
    assert.are.equal("CARD_STATUS_VERIFY_OK", status(id))
    assert.are.same({ id }, { table.unpack(wechat:ok("card.batch_get", { offset = 0, count = 10 }).card_id_list) })
  end)

  it("are refused on demand, with the reason", function()
    card.refuse_next(wechat.world, APPID, "标题不合规")
    local id = create().card_id
    local event = wechat:pushed(5)[1]
    assert.are.same({ "card_not_pass_check", "标题不合规" }, { event.Event, event.RefuseReason })
    assert.are.equal("CARD_STATUS_VERIFY_FAIL", status(id))
    assert.are.equal(0, wechat:ok("card.batch_get",
      { offset = 0, count = 10, status_list = { "CARD_STATUS_VERIFY_OK" } }).total_num)
  end)

  for _, case in ipairs {
    { "a long title", 45021, { title = ("题"):rep(10) } }, { "an unknown colour", 40035, { color = "red" } },
    { "no stock", 40122, { sku = { quantity = 0 } } },
    { "an empty title", 40035, { title = "" } }, { "a notice that is none", 40035, { notice = { "x" } } },
    { "an end before its beginning", 40079,
      { date_info = { type = "DATE_TYPE_FIX_TIME_RANGE", begin_timestamp = 1788000100, end_timestamp = 1788000050 } } },
    { "no end", 40079, { date_info = { type = "DATE_TYPE_PERMANENT" } } },
  } do
    it("refuse " .. case[1], function() assert.are.equal(case[2], create(case[3]).errcode) end)
  end

  it("are taken as long as there are any, by each as often as he may", function()
    local id = passed { sku = { quantity = 2 }, get_limit = 1 }
    local entry = assert(card.take(wechat.world, APPID, openid, id, { outer_str = "shop" }))
    local event = wechat:pushed()[1]
    assert.are.same({ "user_get_card", id, entry.code, "shop" }, { event.Event, event.CardId, event.UserCardCode, event.OuterStr })
    assert.are.equal(id, wechat.world:received(APPID, openid)[1].card.card_id)
    assert.are.same({ nil, 45033 }, { card.take(wechat.world, APPID, openid, id) })
    assert.is_table(card.take(wechat.world, APPID, wechat:user "小红", id))
    assert.are.same({ nil, 45031 }, { card.take(wechat.world, APPID, wechat:user "小刚", id) })
    wechat:ok("card.modify_stock", { card_id = id, increase_stock_value = 1 })
    assert.is_table(card.take(wechat.world, APPID, wechat:user "小强", id))
    for _, bad in ipairs { { 0, 1 }, { -5, -50 }, { 5, -5 }, { -1, 0 }, { 0, 0 } } do
      assert.are.equal(40122, wechat:errcode("card.modify_stock",
        { card_id = id, increase_stock_value = bad[1], reduce_stock_value = bad[2] }))
    end
    assert.are.equal(entry.code, wechat:ok("card.get_user_card_list", { openid = openid }).card_list[1].code)
  end)

  it("are taken as long as they are good", function()
    local id = passed { date_info = { type = "DATE_TYPE_FIX_TIME_RANGE", begin_timestamp = wechat.clock - 10 | 0,
      end_timestamp = wechat.clock + 10 | 0 } }
    local entry = assert(card.take(wechat.world, APPID, openid, id))
    assert.are.equal(20, entry.ends - entry.begins)
    wechat:pushed(5)
    assert.are.same({ nil, 40078 }, { card.take(wechat.world, APPID, openid, id) })
    id = passed { date_info = { type = "DATE_TYPE_FIX_TERM", fixed_term = 30, begin_timestamp = 1, end_timestamp = wechat.clock + 9 | 0 } }
    entry = assert(card.take(wechat.world, APPID, openid, id))
    assert.are.equal(30 * 86400, entry.ends - entry.begins)
  end)

  it("warn when few are left", function()
    local id = passed { sku = { quantity = 202 } }
    for _ = 1, 104 do card.take(wechat.world, APPID, openid, id) end
    local alarms = 0
    for _, event in ipairs(wechat:pushed()) do alarms = alarms + (event.Event == "card_sku_remind" and 1 or 0) end
    assert.are.equal(1, alarms)
  end)

  it("are tested before the review by those on the list", function()
    local id = create().card_id
    wechat:ok("card.set_test_whitelist", { openid = { openid } })
    assert.is_table(card.take(wechat.world, APPID, openid, id))
    local eleven = {}
    for i = 1, 11 do eleven[i] = "oTest" .. i end
    assert.are.equal(45019, wechat:errcode("card.set_test_whitelist", { openid = eleven }))
  end)

  it("refuse what is no object where one stands", function()
    local id = passed()
    for _, info in ipairs { "text", 1, true, json.null } do
      assert.are.equal(47001, wechat:errcode("card.update", { card_id = id, gift = { base_info = info } }))
    end
    assert.are.equal(47001, wechat:errcode("card.create_qrcode", { action_name = "QR_MULTIPLE_CARD",
      action_info = { multiple_card = { card_list = { 1 } } } }))
  end)

  it("are reviewed again when their words change", function()
    local id = passed()
    assert.is_false(wechat:ok("card.update", { card_id = id, gift = { base_info = { color = "Color020" } } }).send_check)
    assert.is_true(wechat:ok("card.update", { card_id = id, gift = { base_info = { title = "八折" } } }).send_check)
    assert.are.equal("CARD_STATUS_NOT_VERIFY", status(id))
    assert.are.equal("card_pass_check", wechat:pushed(5)[1].Event)
    assert.are.equal(40035, wechat:errcode("card.update", { card_id = id, gift = { base_info = { title = { "x" } } } }))
    assert.are.equal(40035, wechat:errcode("card.update", { card_id = id, cash = { base_info = {} } }))
  end)

  it("are gone when they are deleted", function()
    local id = passed()
    wechat:ok("card.delete", { card_id = id })
    assert.are.equal(40073, wechat:errcode("card.get", { card_id = id }))
    assert.are.same({ nil, 40073 }, { card.take(wechat.world, APPID, openid, id) })
  end)

  it("that are taken stay good when the account deletes them", function()
    local id = passed({ date_info = { type = "DATE_TYPE_PERMANENT" } }, "member_card", { supply_bonus = true })
    local code = card.take(wechat.world, APPID, openid, id).code
    wechat:ok("card.delete", { card_id = id })
    assert.are.equal(code, wechat:ok("card.get_user_card_list", { openid = openid }).card_list[1].code)
    assert.are.equal(id, card.choose(wechat.world, APPID, openid)[1].card_id)
    wechat:ok("card_member.activate", { card_id = id, code = code, membership_number = "M1" })
    assert.are.equal(5, wechat:ok("card_member.update_user", { card_id = id, code = code, add_bonus = 5 }).result_bonus)
    assert.is_true(wechat:ok("card_member.get_user_info", { card_id = id, code = code }).has_active)
    assert.are.equal(40073, wechat:errcode("card_member.activate_get_url", { card_id = id }))
    local friend = wechat:user "小红"
    code = assert(card.give(wechat.world, APPID, openid, id, code, friend)).code
    assert.are.equal(friend, wechat:ok("card_code.consume", { code = code }).openid)
  end)

  it("have switches that card/get does not mix up", function()
    local id = passed()
    wechat:ok("card.set_selfconsumecell", { card_id = id, is_open = true, need_verify_cod = true })
    wechat:ok("card.set_paycell", { card_id = id, is_open = true })
    local shown = wechat:ok("card.get", { card_id = id }).card.gift.base_info
    assert.is_nil(shown.need_push_on_view)
    assert.is_true(shown.is_pay_and_qrcode)
  end)

  it("have a picture of their QR code", function()
    local code = wechat:ok("card.create_qrcode", { action_name = "QR_CARD", action_info = { card = { card_id = passed() } } })
    local picture = wechat:file(code.show_qrcode_url)
    assert.are.same({ 200, "image/png", require("weiyue.sandbox.qr").png(code.url) },
      { picture.status, picture.headers["content-type"], picture.body })
    assert.are.equal(404, wechat:file((code.show_qrcode_url:gsub("ticket=.*", "ticket=wxtest"))).status)
  end)

  it("are for one user, or taken once, where the QR code says so", function()
    local id, other = passed(), wechat:user "小红"
    local function offer(own)
      own.card_id = id
      return wechat:ok("card.create_qrcode", { action_name = "QR_CARD", action_info = { card = own } }).url
    end
    local function scan(url, who) return (scene.scan(wechat.world, APPID, who, { url = url }) or {}).Event end
    local for_other = offer { openid = other }
    assert.is_nil(scan(for_other, openid))
    assert.are.equal("user_get_card", scan(for_other, other))
    local unique = offer { is_unique_code = true }
    assert.are.equal("user_get_card", scan(unique, openid))
    assert.is_nil(scan(unique, openid))
    assert.is_nil(scan(unique, other))
    local both = wechat:ok("card.create_qrcode", { action_name = "QR_MULTIPLE_CARD", action_info = { multiple_card = {
      card_list = { { card_id = id, openid = other }, { card_id = id, outer_str = "his" } } } } }).url
    wechat:pushed()
    assert.are.equal("user_get_card", scan(both, openid))
    local got = wechat:pushed()
    assert.are.same({ 1, "his" }, { #got, got[1].OuterStr })
  end)

  it("are taken by a QR code that the user scans", function()
    local id = passed()
    local code = wechat:ok("card.create_qrcode", { action_name = "QR_CARD", expire_seconds = 60,
      action_info = { card = { card_id = id, outer_str = "door" } } })
    assert.are.equal("user_get_card", scene.scan(wechat.world, APPID, openid, { url = code.url }).Event)
    assert.are.equal("door", wechat:pushed()[1].OuterStr)
    wechat:pushed(61)
    assert.is_nil(scene.scan(wechat.world, APPID, openid, { url = code.url }))
    assert.are.equal(40073, wechat:errcode("card.create_qrcode",
      { action_name = "QR_CARD", action_info = { card = { card_id = "pwxtest" } } }))
    assert.is_string(wechat:ok("card.create_landing_page", { banner = "b", page_title = "t", can_share = true,
      scene = "SCENE_H5", card_list = { { card_id = id, thumb_url = "u" } } }).url)
    assert.are.equal("Color010", wechat:ok "card.get_colors".colors[1].name)
  end)

  describe("codes", function()
    local id, code
    before_each(function()
      id = passed()
      code = assert(card.take(wechat.world, APPID, openid, id)).code
      wechat:pushed()
    end)

    it("are looked at and consumed once", function()
      local got = wechat:ok("card_code.get", { code = code })
      assert.are.same({ openid, true, "NORMAL", id },
        { got.openid, got.can_consume, got.user_card_status, got.card.card_id })
      assert.are.equal(openid, wechat:ok("card_code.consume", { code = code }).openid)
      local event = wechat:pushed()[1]
      assert.are.same({ "user_consume_card", "FROM_API" }, { event.Event, event.ConsumeSource })
      assert.are.equal(40099, wechat:errcode("card_code.consume", { code = code }))
      assert.are.equal(40099, wechat:errcode("card_code.get", { code = code }))
      assert.are.equal("CONSUMED", wechat:ok("card_code.get", { code = code, check_consume = false }).user_card_status)
      assert.are.equal(40116, wechat:errcode("card_code.get", { code = "000000000000" }))
    end)

    it("expire", function()
      wechat:pushed(30 * 86400)
      assert.are.equal(40127, wechat:errcode("card_code.consume", { code = code }))
      assert.are.equal("EXPIRE", wechat:ok("card_code.get", { code = code, check_consume = false }).user_card_status)
    end)

    it("are decrypted, as a page gets them", function()
      local chosen = card.choose(wechat.world, APPID, openid)[1]
      assert.are.equal(code, wechat:ok("card_code.decrypt", { encrypt_code = chosen.encrypt_code }).code)
      assert.are.equal(40133, wechat:errcode("card_code.decrypt", { encrypt_code = "wxtest" }))
    end)

    it("are changed, made invalid, thrown away", function()
      assert.are.equal(41013, wechat:errcode("card_code.update", { code = code, new_code = "" }))
      wechat:ok("card_code.update", { code = code, new_code = "123456789012" })
      assert.are.equal(40116, wechat:errcode("card_code.get", { code = code }))
      wechat:ok("card_code.unavailable", { code = "123456789012" })
      assert.are.equal(40127, wechat:errcode("card_code.consume", { code = "123456789012" }))
      local other = assert(card.take(wechat.world, APPID, openid, id)).code
      assert.is_true(card.drop(wechat.world, APPID, openid, id, other))
      local events = wechat:pushed()
      assert.are.equal("user_del_card", events[#events].Event)
      assert.are.equal(40127, wechat:errcode("card_code.get", { code = other }))
      assert.are.equal(0, #wechat:ok("card.get_user_card_list", { openid = openid }).card_list)
    end)

    it("are given to friends", function()
      local friend = wechat:user "小红"
      local entry = assert(card.give(wechat.world, APPID, openid, id, code, friend))
      local events = wechat:pushed()
      assert.are.same({ "user_gifting_card", "user_get_card" }, { events[1].Event, events[2].Event })
      assert.are.same({ 1, openid, code }, { events[2].IsGiveByFriend, events[2].FriendUserName, events[2].OldUserCardCode })
      assert.are.equal(friend, wechat:ok("card_code.get", { code = entry.code }).openid)
    end)
  end)

  it("have a code of the account's own where they say so, and then each but once", function()
    local custom, plain = passed { use_custom_code = true }, passed()
    assert.are.equal(41013, wechat:errcode("card.create_qrcode",
      { action_name = "QR_CARD", action_info = { card = { card_id = custom } } }))
    assert.are.same({ nil, 41013 }, { card.take(wechat.world, APPID, openid, custom) })
    assert.are.equal("A1", card.take(wechat.world, APPID, openid, custom, { code = "A1" }).code)
    assert.are.same({ nil, 40116 }, { card.take(wechat.world, APPID, openid, custom, { code = "A1" }) })
    assert.is_truthy(card.take(wechat.world, APPID, openid, plain, { code = "A1" }).code:find "^%d+$")
  end)

  it("take codes that the account deposits", function()
    local id = passed { use_custom_code = true, get_custom_code_mode = "GET_CUSTOM_CODE_MODE_DEPOSIT" }
    local done = wechat:ok("card_code.deposit", { card_id = id, code = { "A1", "A2", "A1", "", ("A"):rep(21) } })
    assert.are.same({ 2, 1, 2 }, { #done.succ_code, #done.duplicate_code, #done.fail_code })
    assert.are.equal(2, wechat:ok("card_code.get_deposit_count", { card_id = id }).count)
    local checked = wechat:ok("card_code.check", { card_id = id, code = { "A2", "A3" } })
    assert.are.same({ "A2", "A3" }, { checked.exist_code[1], checked.not_exist_code[1] })
    assert.are.equal("A1", card.take(wechat.world, APPID, openid, id).code)
    assert.are.equal(41012, wechat:errcode("card_code.consume", { code = "A1" }))
    wechat:ok("card_code.consume", { code = "A1", card_id = id })
  end)

  it("have what the account writes on them: a seat, a time", function()
    local id = passed(nil, "movie_ticket", { detail = "片" })
    local code = assert(card.take(wechat.world, APPID, openid, id)).code
    wechat:ok("card_ticket.update_movie", { card_id = id, code = code, seat_number = { "5排6座" } })
    assert.are.equal("5排6座", wallet.of(wechat.world:account(APPID), openid)[1].ticket.seat_number[1])
    assert.are.equal(40078, wechat:errcode("card_ticket.update_meeting", { card_id = id, code = code, zone = "A" }))
    wechat:ok("card_code.consume", { code = code })
    assert.are.equal(40099, wechat:errcode("card_ticket.update_movie", { card_id = id, code = code, ticket_class = "3D" }))
  end)

  it("are made for sub-merchants, who are reviewed", function()
    local submerchant = require "weiyue.sandbox.api.card_submerchant"
    local function info(more)
      local own = { brand_name = "分店", logo_url = "u", protocol = "m", end_time = wechat.clock + 86400 | 0,
        primary_category_id = 1, secondary_category_id = 101 }
      for name, value in pairs(more or {}) do own[name] = value end
      return { info = own }
    end
    local id = wechat:ok("card_submerchant.submit", info()).info.merchant_id
    local event = wechat:pushed(5)[1]
    assert.are.same({ "card_merchant_check_result", id, 1 }, { event.Event, event.MerchantId, event.IsPass })
    assert.are.equal("APPROVED", wechat:ok("card_submerchant.get", { merchant_id = id }).info.status)
    submerchant.refuse_next(wechat.world, APPID, "协议不清")
    wechat:ok("card_submerchant.update", info { merchant_id = tostring(id), brand_name = "新店" })
    assert.are.equal("协议不清", wechat:pushed(5)[1].Reason)
    assert.are.equal(id, wechat:ok("card_submerchant.batch_get",
      { begin_id = 0, limit = 10, status = "REJECTED" }).info_list[1].merchant_id)
    assert.are.equal(40079, wechat:errcode("card_submerchant.submit", info { end_time = wechat.clock - 1 | 0 }))
  end)

  describe("of members", function()
    local id, code
    local PERMANENT <const> = { date_info = { type = "DATE_TYPE_PERMANENT" } }
    local function member(inner)
      id = passed(PERMANENT, "member_card", inner)
      code = assert(card.take(wechat.world, APPID, openid, id)).code
      wechat:pushed()
    end

    it("are activated by the account, and have points", function()
      member { supply_bonus = true, supply_balance = false }
      assert.are.equal(40127, wechat:errcode("card_member.update_user", { card_id = id, code = code, add_bonus = 5 }))
      wechat:ok("card_member.activate", { card_id = id, code = code, membership_number = "M1", init_bonus = 10 })
      local done = wechat:ok("card_member.update_user", { card_id = id, code = code, add_bonus = 5 })
      assert.are.equal(15, done.result_bonus)
      local event = wechat:pushed()[1]
      assert.are.same({ "update_member_card", 5 }, { event.Event, event.ModifyBonus })
      assert.are.equal(43010, wechat:errcode("card_member.update_user", { card_id = id, code = code, balance = 5 }))
      local info = wechat:ok("card_member.get_user_info", { card_id = id, code = code })
      assert.are.same({ "M1", 15, true, "小明" }, { info.membership_number, info.bonus, info.has_active, info.nickname })
    end)

    it("are activated for a time, with nothing below 0", function()
      member { supply_bonus = true }
      local function activate(more)
        local args = { card_id = id, code = code, membership_number = "M1" }
        for name, value in pairs(more) do args[name] = value end
        return wechat:errcode("card_member.activate", args)
      end
      local now = wechat.clock
      for _, bad in ipairs { { init_bonus = -1 }, { init_balance = -0.5 }, { init_bonus = "x" } } do
        assert.are.equal(40097, activate(bad))
      end
      assert.are.equal(40079, activate { activate_begin_time = now + 10, activate_end_time = now + 10 })
      assert.is_false(wechat:ok("card_member.get_user_info", { card_id = id, code = code }).has_active)
      assert.are.equal(0, activate { activate_begin_time = now, activate_end_time = now + 10 })
      assert.are.equal(now + 10, wechat:ok("card_code.get", { card_id = id, code = code }).card.end_time)
      wechat:pushed(10)
      assert.are.equal(40127, wechat:errcode("card_code.consume", { card_id = id, code = code }))
    end)

    it("are activated by a form once, which takes no points away", function()
      member { wx_activate = true, supply_bonus = true }
      wechat:ok("card_member.set_activate_user_form", { card_id = id })
      assert(card_member.submit(wechat.world, APPID, openid, id, code, { ["昵称"] = "小明" }))
      wechat:ok("card_member.update_user", { card_id = id, code = code, add_bonus = 5 })
      assert.are.same({ nil, 40078 }, { card_member.submit(wechat.world, APPID, openid, id, code, {}) })
      local info = wechat:ok("card_member.get_user_info", { card_id = id, code = code })
      assert.are.same({ 5, "小明" }, { info.bonus, info.user_info.custom_field_list[1].value })
    end)

    it("are activated by a form", function()
      member { wx_activate = true }
      local filled = { USER_FORM_INFO_FLAG_MOBILE = "13000000000" }
      assert.are.same({ nil, 40078 }, { card_member.submit(wechat.world, APPID, openid, id, code, filled) })
      wechat:ok("card_member.set_activate_user_form", { card_id = id,
        required_form = { rich_field_list = {}, common_field_id_list = { "USER_FORM_INFO_FLAG_MOBILE" }, custom_field_list = {} } })
      local ticket = assert(card_member.submit(wechat.world, APPID, openid, id, code, filled))
      assert.are.equal("submit_membercard_user_info", wechat:pushed()[1].Event)
      local info = wechat:ok("card_member.get_user_info", { card_id = id, code = code })
      assert.is_true(info.has_active)
      assert.are.equal("13000000000", info.user_info.common_field_list[1].value)
      assert.are.equal("13000000000",
        wechat:ok("card_member.activate_temp_info", { activate_ticket = ticket }).info.common_field_list[1].value)
      assert.is_true(card.view(wechat.world, APPID, openid, id, code))
      assert.are.equal("user_view_card", wechat:pushed()[1].Event)
    end)

    it("wait for the account where it wants to see the form first", function()
      member { wx_activate = true, wx_activate_after_submit = true }
      wechat:ok("card_member.set_activate_user_form", { card_id = id })
      card_member.submit(wechat.world, APPID, openid, id, code, { ["昵称"] = "小明" })
      assert.is_false(wechat:ok("card_member.get_user_info", { card_id = id, code = code }).has_active)
      wechat:ok("card_member.activate", { card_id = id, code = code, membership_number = "M1" })
      assert.are.equal("小明",
        wechat:ok("card_member.get_user_info", { card_id = id, code = code }).user_info.custom_field_list[1].value)
      assert.is_string(wechat:ok("card_member.activate_get_url", { card_id = id }).url)
    end)
  end)
end)
