-- open.weixin.qq.com and its like: who is asked, what is checked before, and where the browser goes with the code. Also
-- what jweixin.js asks.

local consent = require "weiyue.sandbox.consent"
local consents = require "weiyue.sandbox.consents"
local core = require "weiyue_core"
local desk = require "weiyue.sandbox.desk"
local library = require "weiyue.sandbox.library"
local purse = require "weiyue.sandbox.purse"
local site = require "weiyue.sandbox.site"
local sns = require "weiyue.sandbox.sns"

local json, escape = core.json, core.html.escape

local M = {}

local STATE_MOST <const> = 128

local FAULTS <const> = {
  appid = { "10013", "appid 错误", "there is no such appid", "这个 appid 不在 weiyue.lua 里；it is none of weiyue.lua's" },
  reserved = { "10014", "reserved 最多 128 个字节，只含字母数字", "reserved is at most 128 letters and digits" },
  subscription = { "10018", "scene 应为 0 到 10000，并且要有 template_id",
    "scene is 0 to 10000, and there must be a template_id" },
  redirect = { "10003", "redirect_uri 域名与后台配置不一致", "the host of redirect_uri is not the account's",
    "redirect_uri 的主机应与账号的 url 相同；it must be that of the account's url" },
  scope = { "10005", "Scope 参数错误或没有 Scope 权限", "a wrong scope, or one that this account may not have",
    "scope 是 snsapi_base 或 snsapi_userinfo；订阅号没有网页授权（can.oauth）" },
  type = { "10004", "response_type 应为 code", "response_type must be code" },
  state = { "10014", "state 最多 128 个字节，只含字母数字", "state is at most 128 letters and digits" },
  ticket = { "61007", "pre_auth_code 无效或已过期", "the pre_auth_code is invalid or has expired" },
  user = { "user", "手机上还没有用户", "nobody uses the phone" },
}

local function fault(name)
  local one = FAULTS[name]
  return { code = one[1], zh = one[2], en = one[3], hint = one[4] }
end

local function origin_of(url) return url and url:match "^(%a+://[^/?#]+)" end

-- Who uses the phone: the cookie says; else the first.
local function user_of(runtime, req)
  return runtime:find_user(req.cookies[desk.COOKIE]) or runtime.users[1]
end

-- A frame or a tab that no user has sent there: the page went by itself.
local function is_unasked(req)
  return req:header "sec-fetch-mode" == "navigate" and req:header "sec-fetch-user" ~= "?1"
end

local function check(runtime, query, scopes)
  local account = runtime.world:account(query.appid or "")
  if not account then return nil, fault "appid" end
  if query.response_type ~= "code" then return nil, fault "type" end
  if not scopes[query.scope or ""] then return nil, fault "scope" end
  if origin_of(query.redirect_uri or "") ~= origin_of(runtime.setup.url) then return nil, fault "redirect" end
  if #(query.state or "") > STATE_MOST or (query.state or ""):find "[^%w_.~-]" then return nil, fault "state" end
  return account
end

local function go(wx, where) return wx.response { status = 302, headers = { location = where }, body = "" } end

local function tell(runtime, account, api, args, reply)
  runtime.live:tell("call", { appid = account.appid, api = api, args = args, reply = reply, errcode = 0,
    at = runtime:now(), ms = 0 })
end

-- Back to the page of the account, with a code.
local function grant(wx, runtime, account, user, query, options)
  local code = sns.new_code(runtime.world, account.appid, user.openid, query.scope, options)
  tell(runtime, account, "open.authorize",
    { scope = query.scope, redirect_uri = query.redirect_uri, state = query.state },
    { code = "***", openid = user.openid, snapshot = options and options.snapshot or nil })
  return go(wx, consent.with(query.redirect_uri, { { "code", code }, { "state", query.state or "" } }))
end

local function fields_of(query)
  local fields = {}
  for _, name in ipairs { "appid", "redirect_uri", "response_type", "scope", "state" } do fields[name] = query[name] end
  return fields
end

-- --- OAuth of accounts ---

local SCOPES <const> = { snsapi_base = true, snsapi_userinfo = true }

local function authorize(wx, runtime, req)
  local query = req.query
  local account, wrong = check(runtime, query, SCOPES)
  if account and not account.can.oauth then account, wrong = nil, fault "scope" end
  if not account then return consent.fault(wx, wrong) end
  local user = user_of(runtime, req)
  if not user then return consent.fault(wx, fault "user") end
  if query.scope == "snsapi_base" then return grant(wx, runtime, account, user, query) end
  -- A page that goes here by itself, with nobody having pressed anything, gets a snapshot: a made-up identity.
  if is_unasked(req) then return grant(wx, runtime, account, user, query, { snapshot = true }) end
  return consent.ask(wx, "/connect/oauth2/authorize", {
    title = account.id .. " 申请使用 / asks for", fields = fields_of(query),
    lines = { "你的昵称、头像、地区和性别 / your nickname, picture, region and sex",
      "以“" .. user.nickname .. "”的身份 / as " .. user.nickname },
    buttons = { { "allow", "允许 / Allow" }, { "refuse", "拒绝 / Refuse" } },
  })
end

local function authorized(wx, runtime, req)
  local form = req.form or {}
  local account, wrong = check(runtime, form, SCOPES)
  if account and not account.can.oauth then account, wrong = nil, fault "scope" end
  if not account then return consent.fault(wx, wrong) end
  local user = user_of(runtime, req)
  if form.answer == "allow" and user then return grant(wx, runtime, account, user, form) end
  tell(runtime, account, "open.refuse", { scope = form.scope }, {})
  return consent.page(wx, 200, "已拒绝", '<h1 data-refused="1">已拒绝授权 / Refused</h1>'
    .. "<p>微信里这个页面会关闭，不会跳转。/ WeChat closes this page, and goes nowhere.</p>")
end

-- --- websites ---

local LOGIN <const> = { snsapi_login = true }

local function qrconnect(wx, runtime, req)
  local account, wrong = check(runtime, req.query, LOGIN)
  if not account then return consent.fault(wx, wrong) end
  local user = user_of(runtime, req)
  return consent.ask(wx, "/connect/qrconnect", {
    title = "微信登录 / WeChat login", fields = fields_of(req.query),
    lines = { "相当于“" .. user.nickname .. "”用手机扫了码 / as if " .. user.nickname .. " had scanned the code" },
    buttons = { { "allow", "允许 / Allow" }, { "refuse", "拒绝 / Refuse" } },
  })
end

local function qrconnected(wx, runtime, req)
  local form = req.form or {}
  local account, wrong = check(runtime, form, LOGIN)
  if not account then return consent.fault(wx, wrong) end
  if form.answer == "allow" then return grant(wx, runtime, account, user_of(runtime, req), form) end
  return go(wx, consent.with(form.redirect_uri, { { "state", form.state or "" } }))
end

-- --- one-time messages ---

local function subscription_of(runtime, query)
  local account = runtime.world:account(query.appid or "")
  if not account or query.action ~= "get_confirm" then return nil, fault "appid" end
  if not consents.is_scene(query.scene) or (query.template_id or "") == "" then return nil, fault "subscription" end
  if origin_of(query.redirect_url or "") ~= origin_of(runtime.setup.url) then return nil, fault "redirect" end
  if #(query.reserved or "") > STATE_MOST or (query.reserved or ""):find "[^%w]" then return nil, fault "reserved" end
  return account
end

local function subscription(wx, runtime, req)
  local query = req.query
  local account, wrong = subscription_of(runtime, query)
  if not account then return consent.fault(wx, wrong) end
  local user = user_of(runtime, req)
  if not user then return consent.fault(wx, fault "user") end
  local fields = {}
  for _, name in ipairs { "action", "appid", "scene", "template_id", "redirect_url", "reserved" } do
    fields[name] = query[name]
  end
  return consent.ask(wx, "/mp/subscribemsg", {
    title = account.id .. " 想发一条消息 / wants to send one message", fields = fields,
    lines = { "模板 / template " .. query.template_id, "发给“" .. user.nickname .. "” / to " .. user.nickname },
    buttons = { { "confirm", "同意 / Agree" }, { "cancel", "取消 / Cancel" } },
  })
end

local function subscribed(wx, runtime, req)
  local form = req.form or {}
  local account, wrong = subscription_of(runtime, form)
  if not account then return consent.fault(wx, wrong) end
  local user = user_of(runtime, req)
  if not user then return consent.fault(wx, fault "user") end
  local action = form.answer == "confirm" and "confirm" or "cancel"
  if action == "confirm" then
    consents.once(runtime.world, account.appid, user.openid, form.template_id, form.scene)
  end
  tell(runtime, account, "open.subscribe",
    { scene = form.scene, template_id = form.template_id, redirect_url = form.redirect_url },
    { action = action, openid = user.openid })
  return go(wx, consent.with(form.redirect_url, { { "openid", user.openid }, { "template_id", form.template_id },
    { "action", action }, { "scene", form.scene }, { "reserved", form.reserved } }))
end

-- --- third-party platforms ---

local function platform_of(runtime, query)
  local account = runtime.world:account(query.component_appid or "")
  if not account or account.kind ~= "component" then return nil, fault "appid" end
  if origin_of(query.redirect_uri or "") ~= origin_of(runtime.setup.url) then return nil, fault "redirect" end
  return account
end

local function component_login(wx, runtime, req)
  local query = req.query
  local platform, wrong = platform_of(runtime, query)
  if not platform then return consent.fault(wx, wrong) end
  local buttons = {}
  for _, appid in ipairs(runtime.appids) do
    local account = runtime.world:account(appid)
    if account.kind ~= "component" then buttons[#buttons + 1] = { appid, account.id .. "（" .. appid .. "）" } end
  end
  return consent.ask(wx, "/cgi-bin/componentloginpage", {
    title = "把哪个公众号授权给 " .. platform.id .. "？/ Which account?", buttons = buttons,
    lines = { "消息、菜单等权限都给它 / with all permissions" },
    fields = { component_appid = query.component_appid, pre_auth_code = query.pre_auth_code,
      redirect_uri = query.redirect_uri },
  })
end

local function component_authorized(wx, runtime, req)
  local form = req.form or {}
  local platform, wrong = platform_of(runtime, form)
  if not platform then return consent.fault(wx, wrong) end
  local account = runtime.world:account(form.answer or "")
  if not account or account.kind == "component" then return consent.fault(wx, fault "appid") end
  local code, life = runtime:authorize(platform, account, form.pre_auth_code or "")
  if not code then return consent.fault(wx, fault "ticket") end
  return go(wx, consent.with(form.redirect_uri, { { "auth_code", code }, { "expires_in", tostring(life) } }))
end

-- --- jweixin.js ---

-- Pages of the hosts under test ask; nobody else.
local function shared(runtime, req, body)
  local origin = req:header "origin"
  local headers = { ["content-type"] = "application/json; charset=utf-8" }
  if origin and origin == origin_of(runtime.setup.url) then
    headers["access-control-allow-origin"], headers.vary = origin, "Origin"
  end
  return { headers = headers, body = json.encode(body) }
end

local function check_config(runtime, query)
  local account = runtime.world:account(query.appid or "")
  if not account then return { ok = false, reason = "invalid appid", hint = "appId 不是这个账号的 / it is no account's" } end
  if not account.can.jssdk_base then return { ok = false, reason = "permission denied" } end
  if origin_of(query.url or "") ~= origin_of(runtime.setup.url) then
    return { ok = false, reason = "invalid url domain",
      hint = "网页的主机不是账号 url 的（JS 接口安全域名）/ the page's host is not that of the account's url" }
  end
  local held = account.jssdk and account.jssdk.jsapi
  if not held or held.ends <= runtime:now() then
    return { ok = false, reason = "invalid signature",
      hint = "没有取过 jsapi_ticket，或者过期了 / no jsapi_ticket was fetched, or it has ended" }
  end
  local url = (query.url or ""):match "^[^#]*"
  local ok, signature = pcall(core.codec.jssdk_sign, { ticket = held.value, noncestr = query.noncestr or "",
    timestamp = query.timestamp or "", url = url })
  if ok and signature == query.signature then return { ok = true, now = runtime:now() } end
  return { ok = false, reason = "invalid signature", url = url,
    hint = "签名用的网址不是 " .. url .. "，或者 ticket、nonceStr、timestamp 不对 / signed for another address than "
      .. "this, or with another ticket, nonceStr or timestamp" }
end

local function report(runtime, req)
  local origin, body = req:header "origin", json.decode(req.body or "")
  if origin and origin ~= origin_of(runtime.setup.url) and origin ~= origin_of(runtime.setup.base) then return false end
  local account = type(body) == "table" and runtime.world:account(tostring(body.appid))
  if not account or type(body.api) ~= "string" or #body.api > 64 then return false end
  tell(runtime, account, "jweixin." .. body.api, body.args, body.reply)
  return true
end

-- A picture of the phone's, as wx.uploadImage leaves it with WeChat: its serverId is a media_id.
local function upload(runtime, req)
  local origin, body = req:header "origin", json.decode(req.body or "")
  local account = type(body) == "table" and runtime.world:account(tostring(body.appid))
  local data = account and origin == origin_of(runtime.setup.url) and core.crypto.base64_decode(tostring(body.data))
  if not data or data == "" then return { errcode = 41005 } end
  local item = library.add(runtime.world, account, { kind = "temporary", type = "image", data = data, ending = "png" })
  return { media_id = item.media_id }
end

-- Who uses the phone agrees to subscription messages: his cookie comes along.
local function agree(runtime, req)
  local origin, body = req:header "origin", json.decode(req.body or "")
  local account = type(body) == "table" and runtime.world:account(tostring(body.appid))
  local user = user_of(runtime, req)
  if not account or not user or origin ~= origin_of(runtime.setup.url) then return { ok = false } end
  local choices = {}
  for _, id in ipairs(type(body.template_ids) == "table" and body.template_ids or {}) do
    if type(id) == "string" and id ~= "" and #id <= 128 then choices[id] = "accept" end
  end
  if next(choices) then consents.answer(runtime.world, account.appid, user.openid, choices) end
  return { ok = next(choices) ~= nil }
end

-- Cards of who uses the phone: his cookie comes along.
local function use_purse(runtime, req)
  local origin, body = req:header "origin", json.decode(req.body or "")
  local account = type(body) == "table" and runtime.world:account(tostring(body.appid))
  local user = user_of(runtime, req)
  if not account or not user or origin ~= origin_of(runtime.setup.url) then return { reason = "no such account" } end
  local list, reason = purse.call(runtime.world, account, user.openid, body.api, body.options)
  return { list = list, reason = not list and reason or nil }
end

local function script(wx)
  return wx.response { headers = {
    ["content-type"] = "text/javascript; charset=utf-8", ["cache-control"] = "no-cache",
    ["cross-origin-resource-policy"] = "cross-origin",
  }, body = require "weiyue.sandbox.jweixin" }
end

-- --- other pages of WeChat's own ---

local function shown(wx, req, view)
  if not view then return consent.page(wx, 404, "链接无效", "<h1>链接无效 / No such link</h1>") end
  if view.redirect then return go(wx, view.redirect) end
  return consent.ask(wx, req.path, {
    title = view.title, lines = view.lines, buttons = view.buttons or {}, fields = {},
  })
end

local function visit(wx, runtime, req) return shown(wx, req, site.view(runtime.world, req.path)) end

local function answered(wx, runtime, req)
  local user = user_of(runtime, req)
  if not user then return consent.fault(wx, fault "user") end
  return shown(wx, req, site.answer(runtime.world, req.path, user.openid, (req.form or {}).answer))
end

-- An article is HTML of the account's: nothing of the sandbox's is within its reach.
local function read_article(wx, runtime, req)
  local article = site.article(runtime.world, req.path)
  if not article then return shown(wx, req, nil) end
  return wx.response {
    headers = { ["content-type"] = "text/html; charset=utf-8", ["content-security-policy"] = "sandbox" },
    body = ('<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
      .. "<title>%s</title><h1>%s</h1><p>%s</p>%s"):format(escape(article.title), escape(article.title),
      escape(article.author), article.content) }
end

--- Adds the routes.
function M.routes(wx, runtime)
  local function page(path, get, post)
    wx.page(path, { methods = { "GET" } }, function(req) return get(wx, runtime, req) end)
    wx.page(path, { methods = { "POST" }, csrf = false }, function(req)
      local origin = req:header "origin" -- its form is its own
      if origin and origin ~= origin_of(runtime.setup.base) then
        return wx.response { status = 403, body = "origin" }
      end
      return post(wx, runtime, req)
    end)
  end
  page("/connect/oauth2/authorize", authorize, authorized)
  page("/connect/qrconnect", qrconnect, qrconnected)
  page("/mp/subscribemsg", subscription, subscribed)
  page("/cgi-bin/componentloginpage", component_login, component_authorized)
  for _, path in ipairs { "/-/card/:what/:appid/:key", "/-/invoice/:what/:appid/:key", "/-/guide/:what/:appid/:key" } do
    page(path, visit, answered)
  end
  wx.page("/s/:key", { methods = { "GET" } }, function(req) return read_article(wx, runtime, req) end)
  wx.page("/q/:key", { methods = { "GET" } }, function()
    return consent.page(wx, 200, "二维码", "<p>用聊天页面的“扫一扫”打开这个网址。/ Scan this address on the chat page.</p>")
  end)
  wx.route("GET", "/-/consent.js", function()
    return wx.response { headers = { ["content-type"] = "text/javascript; charset=utf-8" }, body = consent.SCRIPT }
  end)
  wx.route("GET", "/jweixin.js", function() return script(wx) end)
  wx.route("GET", "/-/jssdk/check", function(req)
    return wx.response(shared(runtime, req, check_config(runtime, req.query)))
  end)
  wx.route("POST", "/-/jssdk/upload", { raw = true, csrf = false }, function(req)
    return wx.response(shared(runtime, req, upload(runtime, req)))
  end)
  for path, use in pairs { ["/-/jssdk/purse"] = use_purse, ["/-/jssdk/consent"] = agree } do
    wx.route("POST", path, { raw = true, csrf = false }, function(req)
      local answer = shared(runtime, req, use(runtime, req))
      answer.headers["access-control-allow-credentials"] = "true"
      return wx.response(answer)
    end)
  end
  wx.route("POST", "/-/jssdk/report", { raw = true, csrf = false }, function(req)
    local answer = shared(runtime, req, { ok = report(runtime, req) })
    return wx.response(answer)
  end)
end

return M
