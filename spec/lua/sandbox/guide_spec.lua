-- Guides of the fake WeChat, their customers, groups, tags and materials.
local platforms = require "spec.support.platform"
local scene = require "weiyue.sandbox.scene"

local APPID <const> = platforms.APPID

describe("weiyue.sandbox: guides", function()
  local wechat, openid
  before_each(function()
    wechat = platforms.new()
    openid = wechat:user "小明"
    wechat:ok("guide.add", { guide_account = "wxtest_a", guide_nickname = "甲" })
    wechat:ok("guide.add", { guide_openid = "oTestGuide", guide_nickname = "乙" })
  end)

  it("are invited, found by account or openid, changed, removed", function()
    assert.are.equal("guide_invite_result_event", wechat:pushed(5)[1].Event)
    assert.are.equal(65406, wechat:errcode("guide.add", { guide_account = "wxtest_a" }))
    assert.are.equal("乙", wechat:ok("guide.get", { guide_openid = "oTestGuide" }).guide_nickname)
    wechat:ok("guide.update", { guide_account = "wxtest_a", guide_nickname = "丙" })
    assert.are.equal("丙", wechat:ok("guide.list", { page = 0, num = 10 }).list[1].guide_nickname)
    wechat:ok("guide.del", { guide_account = "wxtest_a" })
    assert.are.equal(65401, wechat:errcode("guide.get", { guide_account = "wxtest_a" }))
  end)

  it("win customers by a QR code that is scanned", function()
    local function code(guide)
      return wechat:ok("guide.create_qrcode", { guide_account = guide, guide_openid = not guide and "oTestGuide" or nil,
        qrcode_info = "shop-1" }).qrcode_url
    end
    local first, second = code "wxtest_a", code()
    wechat:pushed(5)
    for _, case in ipairs { { first, 2 }, { first, 3 }, { second, 4 } } do
      scene.scan(wechat.world, APPID, openid, { url = case[1] })
      local event = wechat:pushed()[1]
      assert.are.equal("guide_qrcode_scan_event", event.Event)
      assert.are.same({ case[2], "shop-1" }, { event.GuideScanEvent.action, event.GuideScanEvent.qrcode_info })
    end
    assert.are.equal("wxtest_a", wechat:ok("guide.get_buyer_relation_by_buyer", { openid = openid }).guide_account)
    wechat:ok("guide.del", { guide_account = "wxtest_a" })
    assert.are.equal(65413, wechat:errcode("guide.get_buyer_relation_by_buyer", { openid = openid }))
    scene.scan(wechat.world, APPID, openid, { url = first })
    assert.are.equal(1, wechat:pushed()[1].GuideScanEvent.action)
  end)

  it("have customers that are bound, renamed, moved, let go", function()
    local a, b = { guide_account = "wxtest_a" }, { guide_openid = "oTestGuide" }
    wechat:ok("guide.add_buyer_relation", { guide_account = "wxtest_a", openid = openid, buyer_nickname = "明" })
    assert.are.equal(65414, wechat:errcode("guide.add_buyer_relation",
      { guide_openid = "oTestGuide", openid = openid, buyer_nickname = "明" }))
    assert.are.equal(40003, wechat:errcode("guide.add_buyer_relation",
      { guide_account = "wxtest_a", openid = "oTestNobody", buyer_nickname = "无" }))
    wechat:ok("guide.update_buyer_relation", { guide_account = "wxtest_a", openid = openid, buyer_nickname = "小明明" })
    a.openid, b.openid = openid, openid
    assert.are.equal("小明明", wechat:ok("guide.get_buyer_relation", a).buyer_nickname)
    assert.are.equal(65414, wechat:errcode("guide.get_buyer_relation", b))
    wechat:ok("guide.rebind_for_buyer", { old_guide_account = "wxtest_a", new_guide_openid = "oTestGuide", openid = openid })
    assert.are.equal(0, wechat:ok("guide.get_buyer_relation_list", { guide_account = "wxtest_a", page = 0, num = 10 }).total_num)
    assert.are.equal(openid,
      wechat:ok("guide.get_buyer_relation_list", { guide_openid = "oTestGuide", page = 0, num = 10 }).list[1].openid)
    wechat:ok("guide.del_buyer_relation", b)
    assert.are.equal(65413, wechat:errcode("guide.del_buyer_relation", b))
    local done = wechat:ok("guide.add_buyer_relation", { guide_account = "wxtest_a",
      buyer_list = { { openid = openid, buyer_nickname = "明" }, { openid = "oTestNobody", buyer_nickname = "无" } } })
    assert.are.same({ 0, 40003 }, { done.buyer_resp[1].errcode, done.buyer_resp[2].errcode })
  end)

  it("tag customers with values that exist", function()
    wechat:ok("guide.add_buyer_relation", { guide_account = "wxtest_a", openid = openid, buyer_nickname = "明" })
    local function tag(value)
      return wechat:errcode("guide.add_buyer_tag", { guide_account = "wxtest_a", openid = openid, tag_value = value })
    end
    assert.are.equal(45159, tag "红")
    wechat:ok("guide.new_tag_option", { tag_name = "颜色", tag_values = { "红" } })
    wechat:ok("guide.add_tag_option", { tag_name = "颜色", tag_values = { "红", "蓝" } })
    assert.are.equal(2, #wechat:ok "guide.get_tag_option".options[1].tag_values)
    assert.are.equal(45157, wechat:errcode("guide.new_tag_option", { tag_name = "颜色", tag_values = { "红" } }))
    local fifty = {}
    for i = 1, 49 do fifty[i] = "v" .. i end
    assert.are.equal(45056, wechat:errcode("guide.add_tag_option", { tag_name = "颜色", tag_values = fifty }))
    assert.are.equal(0, tag "红")
    assert.are.same({ "红" }, { table.unpack(wechat:ok("guide.get_buyer_tag", { openid = openid }).tag_values) })
    local query = { guide_account = "wxtest_a", tag_values = { "红" } }
    assert.are.equal(openid, wechat:ok("guide.query_buyer_by_tag", query).openid_list[1])
    wechat:ok("guide.del_buyer_tag", { guide_account = "wxtest_a", openid = openid, tag_value = "红" })
    assert.are.equal(0, #wechat:ok("guide.query_buyer_by_tag", query).openid_list)
    for i = 1, 3 do wechat:ok("guide.new_tag_option", { tag_name = "标签" .. i, tag_values = { "值" .. i } }) end
    assert.are.equal(45056, wechat:errcode("guide.new_tag_option", { tag_name = "标签4", tag_values = { "值" } }))
    wechat:ok("guide.add_tag_option", { tag_name = "标签2", tag_values = { "值3" } })
    for _, value in ipairs { "值1", "值2", "值3" } do tag(value) end
    for _, name in ipairs { "标签3", "标签1" } do wechat:ok("guide.del_tag_option", { tag_name = name }) end
    assert.are.same({ "值2", "值3" }, { table.unpack(wechat:ok("guide.get_buyer_tag", { openid = openid }).tag_values) })
    wechat:ok("guide.add_buyer_display_tag", { openid = openid, display_tag_list = { "老客" } })
    assert.are.equal("老客", wechat:ok("guide.get_buyer_display_tag", { openid = openid }).display_tag_list[1])
  end)

  it("are put into groups", function()
    local id = wechat:ok("guide.new_group", { group_name = "一店" }).group_id
    wechat:ok("guide.add_to_group", { group_id = id, guide_account = "wxtest_a" })
    assert.are.equal(1, wechat:ok "guide.get_group_list".group_list[1].guide_count)
    assert.are.equal("甲", wechat:ok("guide.get_group_info", { group_id = id, page = 0, num = 10 }).list[1].guide_nickname)
    assert.are.equal(id, wechat:ok("guide.get_groups_of_guide", { guide_account = "wxtest_a" }).group_id_list[1])
    wechat:ok("guide.del_from_group", { group_id = id, guide_account = "wxtest_a" })
    assert.are.equal(65401, wechat:errcode("guide.del_from_group", { group_id = id, guide_account = "wxtest_a" }))
    wechat:ok("guide.del_group", { group_id = id })
    assert.are.equal(40050, wechat:errcode("guide.del_group", { group_id = id }))
  end)

  it("have replies and materials", function()
    wechat:ok("guide.set_config", { guide_account = "wxtest_a", guide_auto_reply = { content = "您好", msgtype = 1 } })
    assert.are.equal("您好", wechat:ok("guide.get_config", { guide_account = "wxtest_a" }).guide_auto_reply.content)
    wechat:ok("guide.set_acct_config", { black_keyword = { values = { "词" } } })
    wechat:ok("guide.set_acct_config", { is_delete = true, black_keyword = { values = { "词" } } })
    assert.is_nil(wechat:ok "guide.get_acct_config".black_keyword)
    wechat:ok("guide.set_word_material", { type = 0, word = "欢迎" })
    assert.are.equal("欢迎", wechat:ok("guide.get_word_material", { type = 0, start = 0, num = 10 }).word_list[1].word)
    wechat:ok("guide.del_word_material", { type = 0, word = "欢迎" })
    assert.are.equal(40097, wechat:errcode("guide.del_word_material", { type = 0, word = "欢迎" }))
    assert.are.equal(40007, wechat:errcode("guide.set_image_material", { type = 0, media_id = "wxtestmedia" }))
    wechat:ok("guide.set_image_material", { type = 0, media_id = wechat:picture() })
    local url = wechat:ok("guide.get_image_material", { type = 0, start = 0, num = 10 }).model_list[1].picurl
    assert.are.equal("\xFF\xD8\xFFpicture", wechat:file(url).body)
    wechat:ok("guide.del_image_material", { type = 0, picurl = url })
    local card = { type = 0, appid = "wxtest", title = "店", path = "pages/a", media_id = wechat:picture() }
    wechat:ok("guide.set_card_material", card)
    card.media_id = nil
    assert.are.equal("店", wechat:ok("guide.get_card_material", { type = 0 }).card_list[1].title)
    wechat:ok("guide.del_card_material", card)
  end)

  it("send to many at a time of their choice", function()
    wechat:ok("guide.add_buyer_relation", { guide_account = "wxtest_a", openid = openid, buyer_nickname = "明" })
    local job = { guide_account = "wxtest_a", task_name = "通知", push_time = wechat.clock // 1 + 7200 | 0, openid = { openid },
      material = { { type = 1, word = "欢迎" } } }
    local soon = {}
    for name, value in pairs(job) do soon[name] = value end
    soon.push_time = "soon"
    assert.are.equal(40079, wechat:errcode("guide.add_massend_job", soon))
    local id = wechat:ok("guide.add_massend_job", job).task_result[1].task_id
    wechat:ok("guide.update_massend_job", { task_id = id, task_name = "改名" })
    assert.are.equal("改名", wechat:ok("guide.get_massend_job", { task_id = id }).job.task_name)
    wechat:pushed(7200)
    assert.are.equal(3, wechat:ok("guide.get_massend_job_list", { guide_account = "wxtest_a" }).list[1].task_status)
    assert.are.equal(65416, wechat:errcode("guide.cancel_massend_job", { task_id = id }))
    assert.are.equal(40079, wechat:errcode("guide.add_massend_job", job))
    job.push_time = job.push_time + 7200
    id = wechat:ok("guide.add_massend_job", job).task_result[1].task_id
    wechat:ok("guide.cancel_massend_job", { task_id = id })
    assert.are.equal(4, wechat:ok("guide.get_massend_job", { task_id = id }).job.task_status)
  end)
end)
