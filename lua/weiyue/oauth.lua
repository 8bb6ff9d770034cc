-- Pages on which a user is known: `login = "base"`, which asks nothing and tells an openid, and `login = "userinfo"`,
-- which asks him by a button for his name. The state of an attempt belongs to one browser and is used once; a code is
-- exchanged once; who is sent twice, or goes back, lands on his page.

local core = require "weiyue_core"
local exchange = require "weiyue.oauth.exchange"
local hubs = require "weiyue.hub"
local keep = require "weiyue.keep"
local login = require "weiyue.oauth.login"
local paths = require "weiyue.oauth.path"
local responses = require "weiyue.web.response"
local states = require "weiyue.oauth.state"
local task = require "weiyue.task"
local url = require "weiyue.url"
local views = require "weiyue.oauth.views"

local log = core.log

local M = {}

M.ROOT = "/-/oauth/" -- below an account's pages

local OPEN <const> = "https://open.weixin.qq.com"
local WAITS <const>, EACH <const> = 120, 0.1 -- how often, and how long, one who came twice waits for the first
local CANNOT <const> = { "网页授权要已认证的服务号；微信已给了权限的，写 can = { oauth = true }",
  "logins need a verified service account; where WeChat has granted it, say can = { oauth = true }" }
local SCOPES <const> = { base = true, userinfo = true }

-- Answers ------------------------------------------------------------------------------------------------------

local function answer(t)
  t.headers = t.headers or {}
  t.headers["cache-control"] = "no-store"
  return responses.new(t)
end

local function page(status, kind, link)
  return answer {
    status = status, headers = { ["content-type"] = "text/html; charset=utf-8" }, body = views.page(kind, link),
  }
end

local function redirect(location, cookies, status)
  return answer { status = status or 302, headers = { location = location }, body = "", cookies = cookies }
end

local function tell(level, event, text, account, fields)
  fields = fields or {}
  fields.account = account.id
  log.write(level, event, core.secrets.mask(text), fields)
end

local function warn(...) tell("warn", ...) end

-- Where ----------------------------------------------------------------------------------------------------------

local function origin_of(req) return req.url:match "^%a[%w+.-]*://[^/?#]*" end

local function home(req) return req.base .. "/" end

local function cookie(req, value, seconds, path)
  return { value, max_age = seconds, path = path or home(req), http_only = true, same_site = "Lax" }
end

local function login_link(req, place, scope, back)
  return ("%s%slogin?scope=%s&return_to=%s%s"):format(req.base, M.ROOT, scope, url.escape(back),
    place.component and "&appid=" .. url.escape(place.appid) or "")
end

local function one_value(query, name)
  local value = (query or {})[name]
  return type(value) == "string" and value or nil
end

-- To WeChat ------------------------------------------------------------------------------------------------------

-- The parameters stand in the order that WeChat advises.
local function authorize_url(place, redirect_uri, scope, state)
  return ("%s/connect/oauth2/authorize?appid=%s&redirect_uri=%s&response_type=code&scope=snsapi_%s&state=%s%s"
    .. "#wechat_redirect"):format((place.open or (place.component and place.component.open) or OPEN):gsub("/+$", ""),
    url.escape(place.appid), url.escape(redirect_uri), scope, state,
    place.component and "&component_appid=" .. url.escape(place.component.appid) or "")
end

local function leave(req, place, scope, back)
  if not place.can.oauth or not place.appid then -- WeChat would say so on a page that tells nobody why
    tell("error", "oauth.upstream", "the account cannot: oauth", place, { code = "api.capability", hint = CANNOT[1] })
    return page(502, "upstream")
  end
  local state, name, value = states.begin { scope = scope, back = back, id = place.id }
  local callback = req.base .. M.ROOT .. "callback"
  local list, gone = states.listed(req.cookies[states.LIST], state)
  local cookies = {
    [name] = cookie(req, value, states.SECONDS, callback), [states.LIST] = cookie(req, list, states.SECONDS),
  }
  for _, old in ipairs(gone) do cookies[old] = cookie(req, "", 0, callback) end
  return redirect(authorize_url(place, origin_of(req) .. callback, scope, state), cookies)
end

-- Whether a browser goes to a page; else a script asks, which no redirect helps.
local function is_navigation(req, options)
  if options.kind == "route" then return false end
  if req.method ~= "GET" and req.method ~= "HEAD" then return false end
  local mode, accept = req.headers["sec-fetch-mode"], req.headers.accept
  if mode and mode ~= "navigate" then return false end
  if req.headers["x-requested-with"] == "XMLHttpRequest" then return false end
  -- a picture's "image/*, */*" is no page's
  return not accept or accept:find("text/html", 1, true) ~= nil or accept:find "^%s*%*/%*" ~= nil
end

--- A page with `login` is asked for: sets req.user, or gives the response instead.
---@async
---@param req table
---@param options { login: "base"|"userinfo", kind?: "page"|"route" }
---@return table? response nil: req.user is set
function M.enter(req, options)
  local scope = options.login
  local place = hubs.current():owner_of(req)
  if not place then return page(404, "required") end
  local kv, err = keep.kv()
  local user
  if kv then user, err = login.of(kv, place, req.cookies) end
  if err then
    warn("oauth.store", tostring(err), place)
    return page(503, "store", paths.of(req.url))
  end
  if user and (scope == "base" or user.scope == "userinfo") then
    req.user = user
    return nil
  end
  local back = paths.of(req.url)
  if not is_navigation(req, options) then
    return answer {
      status = 401, headers = { ["content-type"] = "application/json" },
      body = core.json.encode { error = "login", login = login_link(req, place, scope, "/"):match "^[^?]*" },
    }
  end
  if scope == "base" then return leave(req, place, scope, back) end
  return page(200, "ask", login_link(req, place, scope, back))
end

-- Back from WeChat --------------------------------------------------------------------------------------------------

local STATUS <const> = {
  code = 400, upstream = 502, identity = 502, snapshot = 403, store = 503, state = 403, busy = 429,
}
local EVENT <const> = {
  code = "oauth.code", upstream = "oauth.upstream", identity = "oauth.identity", snapshot = "oauth.snapshot",
  store = "oauth.store",
}
local LEVEL <const> = { identity = "error", upstream = "error", snapshot = "info" }

local function refuse(req, place, attempt, kind)
  return page(STATUS[kind], kind, login_link(req, place, attempt.scope, attempt.back))
end

local function enter_with(req, place, attempt, ticket)
  return redirect(attempt.back,
    { [login.cookie(place.id)] = cookie(req, ticket, login.SECONDS) })
end

-- The first one with this state and code.
---@async
local function first(req, kv, place, attempt, code)
  local who, failed = exchange.identity(place, code, attempt.scope)
  local ticket, err
  if who then
    ticket, err = login.begin(kv, place.id, who)
    if not ticket then failed = { kind = "store", text = tostring(err) } end
  end
  states.keep(kv, req.account.id, attempt.state, code, ticket and "=" .. ticket or "!" .. failed.kind)
  if ticket then return enter_with(req, place, attempt, ticket) end
  tell(LEVEL[failed.kind] or "warn", EVENT[failed.kind], failed.text, place,
    { code = failed.code, hint = failed.hint })
  return refuse(req, place, attempt, failed.kind)
end

-- WeChat has sent the browser twice, or the user went back: what came of it the first time.
---@async
local function again(req, kv, place, attempt, code)
  for _ = 1, WAITS do
    local result = states.kept(kv, req.account.id, attempt.state, code)
    if result and result:sub(1, 1) == "=" then return enter_with(req, place, attempt, result:sub(2)) end
    if result then return refuse(req, place, attempt, result:sub(2)) end
    task.sleep(EACH)
  end
  return refuse(req, place, attempt, "upstream")
end

--- WeChat sends a browser back.
---@async
---@param req table
---@return table response
function M.callback(req)
  local account = req.account
  if req.method ~= "GET" then return answer { status = 405, headers = { allow = "GET" }, body = "" } end
  local state, code = one_value(req.query, "state"), one_value(req.query, "code")
  local attempt, why = states.open(state, req.cookies)
  if not attempt then
    warn("oauth.state", "a state that this browser has not begun, or too long ago", account, { why = why })
    return page(why == "form" and 400 or 403, "state")
  end
  local place = hubs.current():owner(account, attempt.id)
  if not place or place.id ~= attempt.id then return page(403, "state") end
  if not code then
    tell("info", "oauth.denied", "the user has not agreed", place)
    return page(403, "denied", login_link(req, place, attempt.scope, attempt.back))
  end
  if #code > 512 or not code:find "^[%w_%-]+$" then
    warn("oauth.code", "what came as a code is none", place)
    return refuse(req, place, attempt, "code")
  end
  local may, first_refused = hubs.current().rates:take("oauth", account.id, req.ip)
  if first_refused then warn("oauth.rate", "one client logs in too often", place) end
  if not may then return refuse(req, place, attempt, "busy") end
  local kv, err = keep.kv()
  local how
  if kv then how, err = states.use(kv, account.id, attempt.state, code) end
  if how == "first" then return first(req, kv, place, attempt, code) end
  if how == "again" then return again(req, kv, place, attempt, code) end
  if how == "used" then
    warn("oauth.state", "the state was used before", place, { why = "used" })
    return refuse(req, place, attempt, "state")
  elseif how == "replayed" then
    warn("oauth.code", "the code was used before", place, { why = "replayed" })
    return refuse(req, place, attempt, "code")
  end
  warn("oauth.store", tostring(err), place)
  return refuse(req, place, attempt, "store")
end

--- The button of a page, or a link: begins a login.
---@async
---@param req table
---@return table response
function M.login(req)
  local scope = one_value(req.query, "scope") or "base"
  local wanted = (req.query or {}).return_to
  local back = wanted == nil and home(req) or paths.own(wanted)
  local place = hubs.current():owner_of(req)
  if not back or not SCOPES[scope] or not place then
    warn("oauth.return_to", "a login that would lead elsewhere", req.account)
    return page(400, "state")
  end
  return leave(req, place, scope, back)
end

-- Whether a browser says that another site has made it ask.
local function is_foreign(req)
  local from, origin = req.headers["sec-fetch-site"], req.headers.origin
  if from then return from ~= "same-origin" and from ~= "none" end
  return origin ~= nil and origin ~= origin_of(req)
end

--- Ends a login: the session in the store, and the cookie.
---@async
---@param req table
---@return table response
function M.logout(req)
  if is_foreign(req) then return page(403, "state") end
  local wanted = (req.query or {}).return_to
  local back = wanted == nil and home(req) or paths.own(wanted)
  local place = hubs.current():owner_of(req)
  if not back or not place then return page(400, "state") end
  local kv, err = keep.kv()
  local user
  if kv then user, err = login.of(kv, place, req.cookies) end
  if user then
    local ended
    ended, err = user:logout()
    if ended ~= nil then err = nil end
  end
  if err then
    warn("oauth.store", tostring(err), place)
    return page(503, "store", back)
  end
  return redirect(back, { [login.cookie(place.id)] = cookie(req, "", 0) }, 303)
end

--- What an account with such pages lacks for them: notes for `weiyue check`.
---@param conf table the checked account of the configuration
---@return { zh: string, en: string }[]
function M.notes(conf)
  local notes = {}
  if conf.kind == "component" then return notes end
  if not conf.can.oauth then notes[1] = { zh = CANNOT[1], en = CANNOT[2] } end
  if not conf.appid or not conf.secret then
    notes[#notes + 1] = {
      zh = "网页要登录，账号没有写 appid 和 secret", en = "pages log in, and the account has no appid and secret",
    }
  end
  return notes
end

--- What an account with such pages serves besides them.
---@return { method: string, path: string, handler: function }[]
function M.routes()
  return {
    { method = "GET", path = M.ROOT .. "callback", handler = M.callback },
    { method = "GET", path = M.ROOT .. "login", handler = M.login },
    { method = "POST", path = M.ROOT .. "logout", handler = M.logout },
  }
end

return M
