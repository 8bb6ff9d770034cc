-- The engine of the fake API: errors in WeChat's form, fields, faults, quotas, what is noted of calls.

local api = require "weiyue.sandbox.api"
local json = require "weiyue.json"
local sandbox = require "spec.support.sandbox_world"

local APPID <const>, OPENID <const> = sandbox.APPID, sandbox.OPENID

describe("an error of the fake API", function()
  it("has WeChat's words and the id of the request, in status 200", function()
    local s = sandbox.new()
    local response = s:send { method = "GET", path = "/cgi-bin/user/info", query = { access_token = "wxtest", openid = OPENID } }
    assert.equal(200, response.status)
    assert.matches('^{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest rid: '
      .. '%x%x%x%x%x%x%x%x%-%x%x%x%x%x%x%x%x%-%x%x%x%x%x%x%x%x"}$', response.body)
    assert.matches("^application/json", response.headers["content-type"])
  end)

  it("can be looked up by that id for a week, by its account", function()
    local s = sandbox.new()
    local _, err = s:call("user.info", { openid = "nobody" })
    local found = assert(s:call("openapi.rid_get", { rid = err.rid }))
    assert.equal("/cgi-bin/user/info", found.request.request_url)
    assert.equal('{"errcode":40003}', found.request.response_body)
    assert.equal(76022, s:code("openapi.rid_get", { rid = "6b07f41c-00000000-00000000" }))
    s:advance(7 * 86400 + 1)
    assert.equal(76022, s:code("openapi.rid_get", { rid = err.rid }))
  end)
end)

describe("what a body lacks", function()
  local function code(key, body, query) return sandbox.new():raw(key, body, query) end

  it("has its code", function()
    for _, case in ipairs {
      { "user.update_remark", "", 44002 }, { "user.update_remark", "{", 47001 }, { "user.update_remark", "[1]", 47001 },
      { "user.update_remark", '{"remark":"x"}', 41009 }, { "user.update_remark", '{"openid":{},"remark":"x"}', 47001 },
      { "user.update_remark", '{"openid":"o"}', 41011 }, { "user.update_remark", '{"openid":null,"remark":"x"}', 41009 },
      { "message_custom.send", '{"touser":"' .. OPENID .. '"}', 40008 },
      { "message_custom.send", '{"touser":"' .. OPENID .. '","msgtype":"song","song":{}}', 40008 },
      { "message_custom.send", '{"touser":"' .. OPENID .. '","msgtype":"text"}', 41011 },
      { "message_custom.send", '{"touser":"' .. OPENID .. '","msgtype":"image","image":{}}', 41006 },
      { "message_custom.send", '{"msgtype":"text","text":{"content":"x"}}', 40003 },
      { "kf_account.add", '{"kf_account":"","nickname":"a"}', 61452 },
      { "guide.add", '{"guide_account":"","guide_openid":""}', 41011 },
      { "tag.batch_tagging", '{"tagid":100}', 40031 }, { "tag.batch_tagging", '{"tagid":100,"openid_list":"o"}', 47001 },
      { "tag.batch_tagging", '{"tagid":100,"openid_list":[]}', 40032 }, { "tag.create", "{}", 45157 },
      { "qrcode.create", "{}", 40052 }, { "qrcode.create", '{"action_name":"QR"}', 40052 },
      { "qrcode.create", '{"action_name":"QR_SCENE"}', 40053 },
      { "qrcode.create", '{"action_name":"QR_SCENE","action_info":{"scene":{}}}', 40053 },
      { "message_mass.speed_set", "{}", 45084 }, { "message_mass.speed_set", '{"speed":5}', 45083 },
      { "token.stable", '{"appid":"' .. APPID .. '","secret":"x"}', 40002 },
      { "token.stable", '{"grant_type":"client_credential","secret":"x"}', 41002 },
      { "token.stable", '{"grant_type":"client_credential","appid":"' .. APPID .. '"}', 41004 },
      { "token.stable", '{"grant_type":"client_credential","appid":"wxtestother","secret":"x"}', 40013 },
    } do
      assert.equal(case[3], code(case[1], case[2]), case[1] .. " " .. case[2])
    end
    assert.equal(40002, code("token.get", nil, { appid = APPID, secret = "x" }))
    assert.equal(40002, code("token.get", nil, { appid = APPID, secret = "x", grant_type = "password" }))
    assert.equal(41009, code("user.info"))
    assert.equal(40004, code("material.batch_get", '{"type":"song","offset":0,"count":1}'))
    assert.equal(40097, code("material.batch_get", '{"type":"image","offset":0,"count":21}'))
  end)

  it("of lists are nowhere below 0, and no more than a page", function()
    local s = sandbox.new()
    for key, most in pairs { ["draft.batch_get"] = 20, ["publish.batch_get"] = 20, ["card.batch_get"] = 50, ["material.batch_get"] = 20 } do
      for _, case in ipairs { { 0, most, 0 }, { -1, 1, 40097 }, { 0, -1, 40097 }, { 0, most + 1, 40097 } } do
        assert.equal(case[3], s:raw(key, ('{"type":"image","offset":%d,"count":%d}'):format(case[1], case[2])), key)
      end
    end
    assert.equal(0, s:raw("material.batch_get", '{"type":"image","offset":9223372036854775807,"count":1}'))
    assert.equal(40097, s:raw("guide.list", '{"page":-1,"num":5}'))
    assert.equal(40097, s:raw("poi.list", '{"begin":-1,"limit":5}'))
  end)

  it("of comments are 1 to 50, with a code of their own", function()
    local s = sandbox.new()
    require("weiyue.sandbox.api.comment").publish(s.account, 1, { { need_open_comment = 1 } })
    for count, expected in pairs { [0] = 88010, [1] = 0, [50] = 0, [51] = 88010, [-1] = 88010, ['"x"'] = 88010 } do
      assert.equal(expected, s:raw("comment.list", ('{"msg_data_id":1,"begin":0,"count":%s,"type":0}'):format(count)))
    end
    assert.equal(40097, s:raw("comment.list", '{"msg_data_id":1,"begin":-1,"count":1,"type":0}'))
  end)

  it("that a row has in query and body alike may be in either", function()
    local s = sandbox.new()
    local function clear(query, body)
      return s:raw("openapi.clear_quota_v2", body, query)
    end
    local both = { appid = APPID, appsecret = sandbox.SECRET }
    assert.equal(0, clear(both, ""))
    assert.equal(0, clear(both))
    assert.equal(0, clear(nil, ('{"appid":"%s","appsecret":"%s"}'):format(APPID, sandbox.SECRET)))
    assert.equal(44002, s:raw("openapi.clear_quota", ""))
    assert.equal(41004, clear({ appid = APPID }, ""))
  end)

  it("may be numbers as texts, and more than is known", function()
    local s = sandbox.new()
    assert.equal(0, s:raw("material.batch_get", '{"type":"image","offset":"0","count":"20","more":[{}]}'))
    assert.equal(0, s:raw("user.list", nil, { next_openid = "", more = "x" }))
  end)
end)

describe("an account", function()
  it("without a capability is refused", function()
    local s = sandbox.new { kind = "subscription", verified = false, can = false }
    assert.equal(48001, s:code("menu.get"))
    assert.is_table(s:call("callback.get_callback_ip"))
  end)

  it("has calls by the day, of Beijing", function()
    local s = sandbox.new()
    for _ = 1, 500 do s:call("user.list", {}) end
    assert.equal(45009, s:code("user.list", {}))
    assert.is_table(s:call("user.info", { openid = OPENID }))
    assert.same({ call_count = 60, refresh_second = 60 },
      s:call("openapi.quota_get", { cgi_path = "/cgi-bin/message/mass/send" }).rate_limit)
    assert.same({ daily_limit = 500, used = 500, remain = 0 },
      s:call("openapi.quota_get", { cgi_path = "/cgi-bin/user/get" }).quota)
    s:advance(16 * 3600 - 1) -- 23:59:59
    assert.equal(45009, s:code("user.list", {}))
    s:advance(1)
    assert.is_table(s:call("user.list", {}))
  end)

  it("may clear its counts ten times a month, by either call", function()
    local s = sandbox.new()
    for i = 1, 10 do
      for _ = 1, 500 do s:call("user.list", {}) end
      assert.equal(45009, s:code("user.list", {}))
      assert.is_table(s:call(i % 2 == 0 and "openapi.clear_quota" or "openapi.clear_quota_v2"))
      assert.is_table(s:call("user.list", {}))
    end
    assert.equal(48006, s:code("openapi.clear_quota"))
    assert.equal(48006, s:code("openapi.clear_quota_v2"))
    s:advance(31 * 86400)
    assert.is_table(s:call("openapi.clear_quota"))
    assert.equal(40125, s:code("openapi.clear_quota_v2", {}, { secret = "wxtest-wrong" }))
    assert.equal(40013, s:code("openapi.clear_quota", { appid = "wxtestother" }))
  end)

  it("may clear one call's count", function()
    local s = sandbox.new()
    for _ = 1, 500 do s:call("user.list", {}) end
    assert.is_table(s:call("openapi.quota_clear", { cgi_path = "/cgi-bin/user/get" }))
    assert.is_table(s:call("user.list", {}))
    assert.equal(76021, s:code("openapi.quota_clear", { cgi_path = "/cgi-bin/none" }))
  end)
end)

describe("a fault", function()
  it("is an errcode, so many times", function()
    local s = sandbox.new()
    s.world:fail("user.*", { errcode = 45009, times = 2 })
    assert.equal(45009, s:code("user.info", { openid = OPENID }))
    assert.is_table(s:call("tag.list"))
    assert.equal(45009, s:code("user.list", {}))
    assert.is_table(s:call("user.info", { openid = OPENID }))
    assert.equal(2, s.world:count "user.info")
  end)

  it("stays until it is healed where no number is told", function()
    local s = sandbox.new()
    s.world:fail("user.info", { errcode = -1 })
    s.world:fail("tag.list", { errcode = -1 })
    for _ = 1, 5 do assert.equal(-1, s:code("user.info", { openid = OPENID })) end
    s.world:heal "user.info"
    assert.is_table(s:call("user.info", { openid = OPENID }))
    assert.equal(-1, s:code("tag.list"))
    s.world:heal()
    assert.is_table(s:call("tag.list"))
  end)

  it("is a status, garbage, a delay, an end of the connection", function()
    local s = sandbox.new()
    local function respond(how)
      how.times = 1
      s.world:fail("*", how)
      return s:send(s:request("tag.create", { tag = { name = "名字" } }))
    end
    assert.equal(502, respond({ status = 502 }).status)
    local garbage = respond { garbage = true }
    assert.equal(200, garbage.status)
    assert.is_nil((json.decode(garbage.body)))
    assert.is_true(respond({ drop = true }).drop)
    assert.equal(1, #s:call("tag.list").tags)
    local late = respond { delay = 3 }
    assert.equal(3, late.delay)
    assert.matches('"name":"名字"', late.body)
    assert.equal(2, #s:call("tag.list").tags)
  end)

  it("may lose the answer to a call that was carried out", function()
    local s = sandbox.new()
    s.world:fail("tag.create", { lost = true, times = 1 })
    assert.is_true(s:send(s:request("tag.create", { tag = { name = "名字" } })).drop)
    assert.equal("名字", s:call("tag.list").tags[2].name)
  end)

  it("says what it takes", function()
    local w = sandbox.new().world
    assert.error_matches(function() w:fail("*", {}) end, "a fault has one of: errcode")
    assert.error_matches(function() w:fail("*", { drop = false }) end, "a fault has one of: errcode")
    assert.error_matches(function() w:fail { errcode = 1 } end, "fail takes a pattern")
  end)
end)

describe("a mistake of the sandbox itself", function()
  local users = require "weiyue.sandbox.api.user"
  local info = users.info
  after_each(function() users.info = info end)

  it("is told to the caller and to the inspector, with its line", function()
    local s = sandbox.new()
    users.info = function() error "no such thing" end
    local _, err = s:call("user.info", { openid = OPENID })
    assert.equal(-1, err.code)
    assert.equal(200, s.response.status)
    local call = s.world:calls("user.info")[1]
    assert.equal(-1, call.errcode)
    assert.matches("engine_spec%.lua:%d+: no such thing", call.reply.errmsg)
  end)
end)

describe("what is noted of calls", function()
  it("are arguments, replies and codes, found by a pattern", function()
    local s = sandbox.new()
    s.world:note_push("text", APPID, OPENID)
    s:call("message_custom.send", { touser = OPENID, text = { content = "你好" } })
    s:call("user.info", { openid = "nobody" })
    assert.equal(1, s.world:count "message_custom.*")
    assert.equal(2, s.world:count())
    local call = s.world:calls("message_custom.send")[1]
    assert.same({ touser = OPENID, msgtype = "text", text = { content = "你好" } }, call.args)
    assert.same({ errcode = 0, errmsg = "ok" }, call.reply)
    assert.same({ 0, APPID, sandbox.START }, { call.errcode, call.appid, call.at })
    assert.equal(40003, s.world:calls("user.*")[1].errcode)
  end)

  it("are no secrets", function()
    local s = sandbox.new()
    local token = assert(s:call("token.stable")).access_token
    s:call("token.get")
    s:call("openapi.clear_quota_v2")
    s:call("jssdk.get_ticket")
    local text = json.encode(s.world:calls())
    assert.is_nil(text:find(sandbox.SECRET, 1, true))
    assert.is_nil(text:find(token, 1, true))
    assert.is_nil(text:find(s.world:ticket(APPID, "jsapi"), 1, true))
    assert.equal("***", s.world:calls("token.stable")[1].reply.access_token)
    assert.equal(7200, s.world:calls("token.stable")[1].reply.expires_in)
  end)

  it("are small: a file's name and size, no long body", function()
    local s = sandbox.new()
    s:call("media.upload", { type = "image", media = { data = ("x"):rep(100000), filename = "a.jpg" } })
    s:call("menu.create", { button = { { type = "click", name = "a", key = ("k"):rep(70000) } } })
    local calls = s.world:calls()
    assert.same({ filename = "a.jpg", type = "image/jpeg", size = 100000 }, calls[1].args.media)
    assert.is_true(calls[2].args.bytes > 70000)
  end)

  it("are the newest thousand, and all are counted", function()
    local s = sandbox.new()
    for _ = 1, 1100 do s:call("tag.get_id_list", { openid = OPENID }) end
    assert.equal(1000, #s.world:calls())
    assert.equal(1100, s.world:count "tag.*")
    assert.same({ 101, 1100 }, { s.world:calls()[1].id, s.world:calls()[1000].id })
  end)
end)

describe("an endpoint that nothing is kept of", function()
  it("answers in the shape that is documented, and says so", function()
    local s = sandbox.new()
    local reply = assert(s:call("ocr.comm", { img_url = "https://wx.example.cn/a.jpg" }))
    assert.equal("stateless", s.response.headers["x-weiyue-sandbox"])
    assert.is_string(reply.items[1].text)
    assert.equal(0, reply.errcode)
    s:call("tag.list")
    assert.is_nil(s.response.headers["x-weiyue-sandbox"])
  end)

  it("gives a picture where bytes are asked for", function()
    local s = sandbox.new()
    local got = assert(s:call("wxa_code_image.get_unlimited", { scene = "a" }))
    assert.equal("\x89PNG", got.body:sub(1, 4))
    assert.equal("image/png", got.type)
  end)
end)

describe("tokens", function()
  it("of another kind do not fit", function()
    local s = sandbox.new()
    local function info(token)
      return json.decode(api.handle(s.world, { method = "GET", path = "/cgi-bin/user/info",
        query = { access_token = token, openid = OPENID } }).body).errcode
    end
    local function component(token)
      return json.decode(api.handle(s.world, { method = "POST", path = "/cgi-bin/component/api_create_preauthcode",
        query = { component_access_token = token }, body = '{"component_appid":"' .. sandbox.COMPONENT .. '"}' }).body).errcode
    end
    assert.is_nil(info(s.world.tokens:issue("authorizer_access_token", APPID).value))
    assert.equal(61015, info(s.world.tokens:issue("component_access_token", sandbox.COMPONENT).value))
    assert.equal(61014, component(s.world.tokens:issue("access_token", APPID).value))
    assert.equal(40001, info(s.world.tokens:issue("oauth", APPID).value))
  end)
end)
