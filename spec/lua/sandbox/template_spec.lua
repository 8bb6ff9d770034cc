-- Template messages, subscription messages and one-time messages of the fake WeChat.

local json = require "weiyue.json"
local keywords = require "weiyue.sandbox.keywords"
local sandbox = require "spec.support.sandbox_world"

local APPID <const>, OPENID <const> = sandbox.APPID, sandbox.OPENID

local CONTENT <const> = "{{first.DATA}}\n订单：{{character_string1.DATA}}\n商品：{{thing2.DATA}}\n时间：{{time3.DATA}}\n{{remark.DATA}}"

local function data(more)
  local all = {
    first = { value = "您好" }, character_string1 = { value = "A-001" }, thing2 = { value = "茶", color = "#FF0000" },
    time3 = { value = "2026-01-01 12:00" }, remark = { value = "谢谢" },
  }
  for key, value in pairs(more or {}) do all[key] = value ~= "" and { value = value } or nil end
  return all
end

local function with_template()
  local s = sandbox.new()
  return s, s.world:add_template(APPID, { title = "下单通知", content = CONTENT }).template_id
end

local function send(s, id, more, also)
  local args = { touser = OPENID, template_id = id, data = data(more) }
  for key, value in pairs(also or {}) do args[key] = value end
  return s:call("template.send", args)
end

describe("a template message", function()
  it("is seen without first, remark and colours, and its end is pushed", function()
    local s, id = with_template()
    local sent = assert(send(s, id, nil, { url = "https://wx.example.cn/" }))
    assert.is_true(sent.msgid > 2 ^ 53)
    local got = s:received()[1]
    assert.same({ "template", "下单通知", "https://wx.example.cn/" }, { got.way, got.title, got.url })
    assert.same({ character_string1 = "A-001", thing2 = "茶", time3 = "2026-01-01 12:00" }, got.data)
    assert.same({ { name = "character_string1", value = "A-001" }, { name = "thing2", value = "茶" },
      { name = "time3", value = "2026-01-01 12:00" } }, got.fields)
    assert.equal("\n订单：A-001\n商品：茶\n时间：2026-01-01 12:00\n", got.text)
    assert.same({}, s:pushed())
    local event = s:pushed(1)[1]
    assert.same({ "TEMPLATESENDJOBFINISH", OPENID, tostring(sent.msgid), "success" },
      { event.Event, event.FromUserName, event.MsgID, event.Status })
  end)

  it("has fields of their kinds; what is too long is cut at 20 characters", function()
    local s, id = with_template()
    assert(send(s, id, { thing2 = ("茶"):rep(25) }))
    assert.equal(("茶"):rep(20), s:received()[1].data.thing2)
    for name, value in pairs { time3 = "soon", character_string1 = "订单", thing2 = "" } do
      local ok, err = send(s, id, { [name] = value })
      assert.is_nil(ok)
      assert.equal(47003, err.code)
      assert.matches(("data.%s.value"):format(name), err.message, 1, true)
    end
    assert.equal(1, #s:received())
  end)

  it("goes to followers, by a template that is there", function()
    local s, id = with_template()
    assert.equal(40037, select(2, send(s, "wxtest-none")).code)
    assert.equal(40003, select(2, send(s, id, nil, { touser = "nobody" })).code)
    s.world:unfollow(APPID, OPENID)
    assert.equal(43004, select(2, send(s, id)).code)
  end)

  it("may have any template while the account's are not known", function()
    local s = sandbox.new()
    assert(send(s, "wxtest-any"))
    assert.equal("wxtest-any", s:received()[1].template_id)
    assert.same({ { name = "character_string1", value = "A-001" }, { name = "thing2", value = "茶" },
      { name = "time3", value = "2026-01-01 12:00" } }, s:received()[1].fields)
  end)

  it("that the user does not want fails afterwards", function()
    local s, id = with_template()
    s.world:user(APPID, OPENID).refuses_templates = true
    assert(send(s, id))
    assert.same({}, s:received())
    assert.equal("failed:user block", s:pushed(1)[1].Status)
  end)

  it("is sent once for each client_msg_id, for ten minutes", function()
    local s, id = with_template()
    local first = assert(send(s, id, nil, { client_msg_id = "a" })).msgid
    assert.equal(first, send(s, id, nil, { client_msg_id = "a" }).msgid)
    assert.not_equal(first, send(s, id, nil, { client_msg_id = "b" }).msgid)
    assert.equal(2, #s:received())
    s:advance(600)
    assert.not_equal(first, send(s, id, nil, { client_msg_id = "a" }).msgid)
  end)
end)

describe("escapes of letters in a body", function()
  local BODY <const> = '{"touser":"%s","template_id":"T","data":{"thing1":{"value":"\\u4f60\\u597d"},'
    .. '"thing2":{"value":"a\\\\u4f60\\u000ab"}}}'

  it("are shown as they stand, and the inspector warns", function()
    local s = sandbox.new()
    assert.equal(0, s:raw("template.send", BODY:format(OPENID)))
    assert.same({ thing1 = "\\u4f60\\u597d", thing2 = "a\\u4f60\nb" }, s:received()[1].data)
    s.world:note_push("text", APPID, OPENID)
    assert.equal(0, s:raw("message_custom.send", '{"touser":"' .. OPENID .. '","msgtype":"text","text":{"content":"\\u4f60"}}'))
    assert.equal("\\u4f60", s:received()[2].text)
    for _, call in ipairs(s.world:calls()) do assert.matches("\\uXXXX", call.warning.en, 1, true) end
    assert.equal(2, #s.world:calls())
  end)

  it("are letters to other calls, and what is written as UTF-8 is no matter", function()
    local s = sandbox.new()
    assert.equal(0, s:raw("tag.create", '{"tag":{"name":"\\u4f60"}}'))
    assert.equal("你", s:call("tag.list").tags[2].name)
    assert(s:call("template.send", { touser = OPENID, template_id = "T", data = { thing1 = { value = "你\1好" } } }))
    assert.equal("你\1好", s:received()[1].data.thing1)
    assert.equal(0, s:raw("template.send", ('{"touser":"%s","template_id":"T","data":{"thing1":{"value":"a\\\\u4f60"}}}')
      :format(OPENID)))
    assert.equal("a\\u4f60", s:received()[2].data.thing1)
    for _, call in ipairs(s.world:calls()) do assert.is_nil(call.warning) end
  end)
end)

describe("the templates", function()
  it("are added, listed and deleted, up to 25", function()
    local s = sandbox.new()
    local id = assert(s:call("template.add", { template_id_short = "TM00015", keyword_name_list = { "商品", "时间" } })).template_id
    local own = s:call("template.list").template_list[1]
    assert.same({ id, "商品:{{thing1.DATA}}\n时间:{{thing2.DATA}}" }, { own.template_id, own.content })
    for _ = 2, 25 do assert(s:call("template.add", { template_id_short = "1" })) end
    assert.equal(45026, s:code("template.add", { template_id_short = "1" }))
    assert.is_table(s:call("template.delete", { template_id = id }))
    assert.equal(40037, s:code("template.delete", { template_id = id }))
    assert.equal(24, #s:call("template.list").template_list)
  end)

  it("belong to industries, which change once a month", function()
    local s = sandbox.new()
    assert.is_table(s:call("template.set_industry", { industry_id1 = "10", industry_id2 = "31" }))
    assert.same({ primary_industry = { first_class = "餐饮", second_class = "餐饮" },
      secondary_industry = { first_class = "消费品", second_class = "消费品" } }, (s:call("template.get_industry")))
    assert.equal(43100, s:code("template.set_industry", { industry_id1 = "1", industry_id2 = "2" }))
    s:advance(31 * 86400)
    assert.is_table(s:call("template.set_industry", { industry_id1 = "1", industry_id2 = "2" }))
    assert.equal(40102, s:code("template.set_industry", { industry_id1 = "1", industry_id2 = "42" }))
  end)
end)

describe("values of keywords", function()
  it("have rules by kind", function()
    for _, case in ipairs {
      { "thing1", ("茶"):rep(20), true }, { "thing1", ("茶"):rep(21), false }, { "number1", "12.5", true }, { "number1", "十", false },
      { "letter1", "abc", true }, { "letter1", "a1", false }, { "symbol1", "%%", true }, { "symbol1", "a", false },
      { "character_string12", "A-1/2", true }, { "character_string12", ("x"):rep(33), false }, { "phone_number1", "+86-13800000000", true },
      { "phone_number1", "手机", false }, { "amount1", "￥100.00", true }, { "amount1", "很多", false }, { "time1", "12:30", true },
      { "time1", "2026年1月1日", true }, { "time1", "明天", false }, { "date1", "2026-01-01", true }, { "car_number1", "粤A8Z888挂", true },
      { "car_number1", "粤A8Z888挂车车", false }, { "phrase1", "已完成", true }, { "phrase1", "已经全部完成", false }, { "name1", "张三", true },
      { "keyword1", ("x"):rep(999), true }, { "first", "任意", true },
    } do assert.equal(case[3], keywords.fits(case[1], case[2]), case[1] .. " " .. case[2]) end
  end)
end)

describe("a subscription message", function()
  local function notice(s, id, more)
    local values = { thing1 = { value = "咖啡" }, time2 = { value = "2026-01-01 12:00" } }
    for key, value in pairs(more or {}) do values[key] = { value = value } end
    local ok, err = s:call("subscribe.send", { touser = OPENID, template_id = id, data = values })
    return ok and 0 or err.code, err
  end

  local function prepared()
    local s = sandbox.new()
    return s, assert(s:call("subscribe.add_template", { tid = "1234", kidList = { 1, 2 }, sceneDesc = "到货" })).priTmplId
  end

  it("uses one consent up, each", function()
    local s, id = prepared()
    assert.equal(43101, (notice(s, id)))
    s.world:consent(APPID, OPENID, { [id] = "accept" })
    s.world:consent(APPID, OPENID, { [id] = "accept", other = "reject" })
    assert.same({ 0, 0, 43101 }, { (notice(s, id)), (notice(s, id)), (notice(s, id)) })
    local got = s:received()
    assert.equal(2, #got)
    assert.same({ "subscribe", "咖啡", "通知 1234" }, { got[1].way, got[1].data.thing1, got[1].title })
  end)

  it("is refused with a wrong value, and the consent stays", function()
    local s, id = prepared()
    s.world:consent(APPID, OPENID, { [id] = "accept" })
    local code, err = notice(s, id, { thing1 = ("茶"):rep(21) })
    assert.equal(47003, code)
    assert.matches("argument invalid! data.thing1.value invalid", err.message, 1, true)
    assert.equal(47003, (notice(s, id, { time2 = "" })))
    assert.equal(40037, (notice(s, "wxtest-none")))
    assert.equal(0, (notice(s, id)))
  end)

  it("pushes what the user chose, what was sent, what he takes back", function()
    local s, id = prepared()
    s.world:consent(APPID, OPENID, { b = "reject", [id] = "accept" }, 2)
    notice(s, id)
    s.world:withdraw(APPID, OPENID, id)
    local events = s:pushed(1)
    local first = events[1]
    assert.equal("subscribe_msg_popup_event", first.Event)
    assert.is_true(json.is_array(first.SubscribeMsgPopupEvent.List))
    assert.same({ TemplateId = "b", SubscribeStatusString = "reject", PopupScene = "2" },
      first.SubscribeMsgPopupEvent.List[id < "b" and 2 or 1])
    assert.same({ "subscribe_msg_change_event", "subscribe_msg_sent_event" }, { events[2].Event, events[3].Event })
    local sent = events[3].SubscribeMsgSentEvent.List[1]
    assert.same({ id, "0", "success" }, { sent.TemplateId, sent.ErrorCode, sent.ErrorStatus })
    assert.matches("^17%d+$", sent.MsgID)
  end)

  it("ends with the consent's withdrawal", function()
    local s, id = prepared()
    s.world:consent(APPID, OPENID, { [id] = "accept" })
    s.world:withdraw(APPID, OPENID, id)
    assert.equal(43101, (notice(s, id)))
  end)

  it("has templates from the library, up to 50", function()
    local s, id = prepared()
    local own = s:call("subscribe.get_templates").data[1]
    assert.same({ id, "物品名称:{{thing1.DATA}}\n时间:{{time2.DATA}}" }, { own.priTmplId, own.content })
    assert.equal(10, s:call("subscribe.get_pub_template_keywords", { tid = "1" }).count)
    assert.equal(1, #s:call("subscribe.get_pub_template_titles", { ids = "616", start = 1, limit = 30 }).data)
    assert.equal(200020, s:code("subscribe.add_template", { tid = "1", kidList = { 1, 99 }, sceneDesc = "x" }))
    assert.equal(200020, s:code("subscribe.add_template", { tid = "1", kidList = { 1, 1 }, sceneDesc = "x" }))
    for _ = 2, 50 do assert(s:call("subscribe.add_template", { tid = "1", kidList = { 1, 2 }, sceneDesc = "x" })) end
    assert.equal(200012, s:code("subscribe.add_template", { tid = "1", kidList = { 1, 2 }, sceneDesc = "x" }))
    assert.is_table(s:call("subscribe.delete_template", { priTmplId = id }))
    assert.equal(200002, s:code("subscribe.delete_template", { priTmplId = id }))
  end)
end)

describe("a one-time message", function()
  local function send_once(s, scene, openid)
    local ok, err = s:call("subscribe_once.send", {
      touser = openid or OPENID, template_id = "T", url = "https://wx.example.cn/", scene = scene, title = "到货",
      data = { content = { value = "茶到了", color = "#000000" } },
    })
    return ok and 0 or err.code
  end

  it("is one for each consent of its scene, also to who does not follow", function()
    local s = sandbox.new()
    assert.equal(43101, send_once(s, 7))
    assert.is_true(s.world:consent_once(APPID, OPENID, "T", 7))
    assert.equal(43101, send_once(s, 8))
    assert.same({ 0, 43101 }, { send_once(s, 7), send_once(s, 7) })
    local got = s:received()
    assert.same({ "subscribe_once", "到货", "茶到了" }, { got[1].way, got[1].title, got[1].text })
    local user = s:user { subscribed = false }
    s.world:consent_once(APPID, user.openid, "T", 1)
    assert.equal(0, send_once(s, 1, user.openid))
    assert.equal(40003, send_once(s, 1, "nobody"))
  end)
end)
