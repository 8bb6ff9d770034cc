-- Third-party platforms of the fake WeChat.
local component = require "weiyue.sandbox.api.component"
local platforms = require "spec.support.platform"

local APPID <const>, COMPONENT <const> = platforms.APPID, platforms.COMPONENT

describe("weiyue.sandbox: third-party platforms", function()
  local wechat
  before_each(function() wechat = platforms.new() end)

  describe("tickets", function()
    it("come every ten minutes, once they were asked for", function()
      assert.are.equal(0, #wechat:pushed(600))
      wechat:ok "component.start_push_ticket"
      wechat:ok "component.start_push_ticket"
      local first = wechat:pushed()
      assert.are.same({ 1, "component_verify_ticket", COMPONENT }, { #first, first[1].InfoType, first[1].AppId })
      assert.is_nil(first[1].ToUserName)
      assert.are.equal(0, #wechat:pushed(599))
      local second = wechat:pushed(1)
      assert.are.equal(1, #second)
      assert.are_not.equal(first[1].ComponentVerifyTicket, second[1].ComponentVerifyTicket)
      assert.are.equal(1, #wechat:pushed(10000)) -- a leap of the clock
      assert.are.equal(1, #wechat:pushed(600))
    end)

    it("give a token for twelve hours", function()
      wechat.ticket = "wxtestticket"
      assert.are.equal(61006, wechat:errcode "component.get_token")
      wechat:ok "component.start_push_ticket"
      wechat.ticket = wechat:pushed()[1].ComponentVerifyTicket
      local token = wechat:ok "component.get_token".component_access_token
      assert.are.equal("component_access_token", wechat.world.tokens:check(token).kind)
      wechat.clock = wechat.clock + 12 * 3600 - 1
      wechat:ok "component.get_token"
      wechat.clock = wechat.clock + 1
      assert.are.equal(61005, wechat:errcode "component.get_token")
    end)

    it("are for a platform with its secret", function()
      wechat.ticket = "wxtestticket"
      assert.are.equal(40013, wechat:errcode("component.get_token", { component_appid = APPID }))
      assert.are.equal(40125, wechat:errcode("component.get_token", { component_appsecret = "wxtestwrong" }))
      assert.are.equal(61024, wechat:errcode("token.get", nil, COMPONENT))
      assert.are.equal(61024, wechat:errcode("token.stable", nil, COMPONENT))
    end)
  end)

  describe("authorizations", function()
    local function authorize(sets) return assert(component.authorize(wechat.world, COMPONENT, APPID, sets)) end
    local function query(code) return wechat:call("component.query_auth", { authorization_code = code }) end

    it("are told by an event whose code is good once", function()
      authorize()
      local event = wechat:pushed()[1]
      assert.are.same({ "authorized", COMPONENT, APPID }, { event.InfoType, event.AppId, event.AuthorizerAppid })
      local info = query(event.AuthorizationCode).authorization_info
      assert.are.equal(APPID, info.authorizer_appid)
      assert.are.equal(APPID, wechat.world.tokens:check(info.authorizer_access_token).appid)
      assert.are.equal(61009, query(event.AuthorizationCode).errcode)
      local code = authorize()
      wechat.clock = wechat.clock + 3600
      assert.are.equal(61010, query(code).errcode)
    end)

    it("come with the page's code, which is used up", function()
      local pre = wechat:ok "component.create_preauthcode".pre_auth_code
      assert.is_string(component.authorize(wechat.world, COMPONENT, APPID, nil, pre))
      assert.are.equal(pre, wechat:pushed()[1].PreAuthCode)
      assert.are.same({ nil, 61010 }, { component.authorize(wechat.world, COMPONENT, APPID, nil, pre) })
    end)

    it("that change are told, those that do not are not", function()
      authorize { 1, 2 }
      authorize { 2, 1 }
      assert.are.equal(1, #wechat:pushed())
      authorize { 1, 2, 3 }
      assert.are.equal("updateauthorized", wechat:pushed()[1].InfoType)
      local got = wechat:ok("component.get_authorizer_info", { authorizer_appid = APPID })
      assert.are.equal(3, #got.authorization_info.func_info)
      assert.are.same({ 2, 0 }, { got.authorizer_info.service_type_info.id, got.authorizer_info.verify_type_info.id })
    end)

    it("have a refresh token that stays, until the account authorises anew", function()
      local info = query(authorize()).authorization_info
      local function refresh(token)
        return wechat:call("component.authorizer_token",
          { authorizer_appid = APPID, authorizer_refresh_token = token or info.authorizer_refresh_token })
      end
      local renewed = refresh()
      assert.are.equal(info.authorizer_refresh_token, renewed.authorizer_refresh_token)
      assert.are_not.equal(info.authorizer_access_token, renewed.authorizer_access_token)
      assert.are.equal(61023, refresh("wxtestrefresh").errcode)
      authorize()
      assert.are.equal(61023, refresh().errcode)
    end)

    it("are taken back, with their tokens", function()
      local token = query(authorize()).authorization_info.authorizer_access_token
      wechat:pushed()
      assert.are.equal(1, wechat:ok("component.get_authorizer_list", { offset = 0, count = 10 }).total_count)
      assert.is_true(component.revoke(wechat.world, COMPONENT, APPID))
      assert.are.equal("unauthorized", wechat:pushed()[1].InfoType)
      assert.are.same({ nil, 40001 }, { wechat.world.tokens:check(token) })
      assert.are.equal(61003, wechat:errcode("component.get_authorizer_info", { authorizer_appid = APPID }))
      assert.are.equal(0, wechat:ok("component.get_authorizer_list", { offset = 0, count = 10 }).total_count)
      assert.are.same({ nil, 61003 }, { component.revoke(wechat.world, COMPONENT, APPID) })
    end)

    it("have pictures", function()
      authorize()
      local info = wechat:ok("component.get_authorizer_info", { authorizer_appid = APPID }).authorizer_info
      for _, name in ipairs { "head_img", "qrcode_url" } do
        local file = wechat:file(info[name])
        assert.are.same({ 200, "image/png" }, { file.status, file.headers["content-type"] })
      end
    end)

    it("are for the platform whose token it is", function()
      local code = authorize()
      for key, args in pairs {
        create_preauthcode = {}, query_auth = { authorization_code = code }, get_authorizer_list = { offset = 0, count = 1 },
        get_authorizer_info = { authorizer_appid = APPID },
      } do
        args.component_appid = "wxtestother"
        assert.are.equal(40013, wechat:errcode("component." .. key, args), key)
      end
      assert.are.equal(APPID, query(code).authorization_info.authorizer_appid)
    end)

    it("let the platform log users in and set options", function()
      local openid = wechat:user "小明"
      local function login()
        local code = require "weiyue.sandbox.sns".new_code(wechat.world, APPID, openid, "snsapi_base")
        return wechat:call("component.oauth_access_token", { appid = APPID, code = code })
      end
      assert.are.equal(61003, login().errcode)
      authorize()
      local answer = login()
      assert.are.equal(openid, answer.openid)
      assert.are.equal(openid, wechat:ok("component.oauth_refresh_token",
        { appid = APPID, refresh_token = answer.refresh_token }).openid)
      local option = { authorizer_appid = APPID, option_name = "location_report" }
      wechat:ok("component.api_set_authorizer_option",
        { authorizer_appid = APPID, option_name = "location_report", option_value = "2" })
      assert.are.equal("2", wechat:ok("component.api_get_authorizer_option", option).option_value)
      assert.are.equal("2", wechat:ok("component.get_authorizer_option", { option_name = "location_report" }).option_value)
      assert.are.equal(61012, wechat:errcode("component.set_authorizer_option", { option_name = "x", option_value = "1" }))
      assert.are.equal(61013, wechat:errcode("component.set_authorizer_option",
        { option_name = "voice_recognize", option_value = "2" }))
    end)
  end)

  it("bind accounts to one of the open platform", function()
    local OTHER <const> = platforms.OTHER
    local function bound(name, appid, open_appid)
      return wechat:call("open_account." .. name, { appid = appid, open_appid = open_appid }, appid)
    end
    assert.are.equal(89002, bound("get", APPID).errcode)
    local open_appid = bound("create", APPID).open_appid
    assert.are.equal(89000, bound("create", APPID).errcode)
    assert.are.equal(89003, bound("bind", OTHER, "wxtest").errcode)
    assert.are.equal(0, bound("bind", OTHER, open_appid).errcode)
    assert.are.equal(open_appid, bound("get", OTHER).open_appid)
    assert.is_true(wechat:ok("open_account.have").have_open)
    assert.are.equal(0, bound("unbind", OTHER, open_appid).errcode)
    assert.are.equal(0, bound("unbind", APPID, open_appid).errcode)
    assert.are.equal(89003, bound("bind", OTHER, open_appid).errcode)
    assert.are.equal(40013, wechat:errcode("open_account.get", { appid = OTHER }, APPID))
  end)

  it("clear their counts ten times a month", function()
    for _ = 1, 9 do wechat:ok "component.clear_quota" end
    wechat:ok("component.clear_quota_v2", { appid = APPID })
    assert.are.equal(48006, wechat:errcode "component.clear_quota")
    wechat.clock = wechat.clock + 31 * 86400
    wechat:ok "component.clear_quota"
  end)
end)
