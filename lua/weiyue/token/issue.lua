-- How each kind of token is asked for: one request to whoever issues it, and what its answer says.

local core = require "weiyue_core"
local fault = require "weiyue.token.fault"

local json, url = core.json, core.url

local TIMEOUT <const> = 4 -- seconds, of one request: less than the lock on the token holds
local WORDS <const> = 500 -- bytes of what the issuer says of a failure: it is kept, and told in the log
local LEAST <const>, MOST <const> = 60, 7200 -- seconds of a token's life

local M = {}

--- The seconds that a token lives, whatever the answer says: a wrong number is no reason to ask again at once.
---@param seconds any expires_in
---@return integer
function M.lifetime(seconds)
  local n = tonumber(seconds)
  if seconds == nil then return MOST end
  if not n or n ~= n then return LEAST end
  return math.floor(math.max(LEAST, math.min(MOST, n)))
end

--- Whether a text may stand in a URL as a token.
---@param value any
---@return boolean
function M.is_token(value)
  return type(value) == "string" and #value <= 1024 and value:find "^[%w_%-]+$" ~= nil
end

-- The requests: each gives what is sent, and the field of the answer that is the token.
local ways = {}

function ways.stable(place, options)
  return {
    method = "POST", path = "/cgi-bin/stable_token", field = "access_token",
    body = { grant_type = "client_credential", appid = place.appid, secret = place.secret,
      force_refresh = options.force and true or nil },
  }
end

function ways.classic(place)
  return {
    method = "GET", path = "/cgi-bin/token", field = "access_token",
    query = { { "grant_type", "client_credential" }, { "appid", place.appid }, { "secret", place.secret } },
  }
end

-- A central token server: another weiyue, or whatever answers likewise.
function ways.central(place, options)
  local central = place.access_token
  local query = { { "account", central.account or place.id }, { "kind", "access_token" } }
  if options.failed then query[#query + 1] = { "failed", options.failed } end
  return {
    method = "GET", url = central.url, field = "access_token", query = query,
    headers = central.key and { Authorization = "Bearer " .. central.key } or nil,
  }
end

local function ticket(kind)
  return function(_, options)
    return {
      method = "GET", path = "/cgi-bin/ticket/getticket", field = "ticket",
      query = { { "access_token", options.token }, { "type", kind } },
    }
  end
end
ways.jsapi_ticket, ways.wx_card_ticket = ticket "jsapi", ticket "wx_card"

function ways.component_access_token(place, options)
  return {
    method = "POST", path = "/cgi-bin/component/api_component_token", field = "component_access_token",
    body = { component_appid = place.appid, component_appsecret = place.secret,
      component_verify_ticket = options.ticket },
  }
end

function ways.authorizer_access_token(place, options)
  return {
    method = "POST", path = "/cgi-bin/component/api_authorizer_token", field = "authorizer_access_token",
    query = { { "component_access_token", options.token } },
    body = { component_appid = place.component.appid, authorizer_appid = place.appid,
      authorizer_refresh_token = options.refresh_token },
  }
end

--- The kinds of token that there are.
M.KINDS = { "access_token", "jsapi_ticket", "wx_card_ticket", "component_access_token", "authorizer_access_token" }

local known <const> = {}
for _, kind in ipairs(M.KINDS) do known[kind] = true end

---@param kind any
---@return boolean
function M.is_kind(kind) return known[kind] == true end

--- Why there is no such kind.
---@param kind any
---@return weiyue.Fault
function M.no_kind(kind)
  local list, text = table.concat(M.KINDS, ", "), tostring(kind):sub(1, 40)
  return fault("token.kind", { ("没有 %q 这种 token"):format(text), ("there is no kind %q"):format(text) },
    ("有：%s；there is: %s"):format(list, list), { kinds = M.KINDS })
end

--- Whether the answer can be the same token as before, and only force gives another.
---@param way string
function M.can_force(way) return way == "stable" end

--- The way to an account's token of this kind; nil: there is none, and why.
---@return string? way
---@return weiyue.Fault? err
function M.way(place, kind)
  if kind ~= "access_token" then return kind end
  if type(place.access_token) == "table" then return "central" end
  if not place.appid or not place.secret then
    local what = place.appid and "secret" or "appid"
    return nil, fault("token.config",
      { ("账号 %s 没有 %s"):format(place.id, what), ("account %s has no %s"):format(place.id, what) },
      "在 weiyue.lua 的账号里写上 appid 和 secret；write appid and secret into the account")
  end
  return place.access_token or "stable"
end

local function query_text(list)
  local parts = {}
  for i, pair in ipairs(list or {}) do parts[i] = url.escape(pair[1]) .. "=" .. url.escape(pair[2]) end
  return table.concat(parts, "&")
end

local function request_of(place, asked)
  local request = { method = asked.method, url = asked.url or place.api .. asked.path, headers = asked.headers,
    timeout = TIMEOUT }
  local query = query_text(asked.query)
  if query ~= "" then request.url = request.url .. (request.url:find("?", 1, true) and "&" or "?") .. query end
  if asked.body then
    request.body = json.encode(asked.body)
    request.headers = { ["Content-Type"] = "application/json; charset=utf-8" }
  end
  return request
end

---@class weiyue.token.Issued
---@field value string
---@field lifetime integer seconds, from the start of the request
---@field refresh_token? string of an authorizer, when there is a new one

local function short(text)
  if #text <= WORDS then return text end
  return text:sub(1, utf8.offset(text, 0, WORDS + 1) - 1) .. "…"
end

--- Reads an answer.
---@return weiyue.token.Issued? issued
---@return weiyue.Fault? err
function M.read(response, field)
  local answer = json.decode(response.body or "", { lenient = true })
  if type(answer) ~= "table" or json.is_array(answer) then
    local status = tostring(response.status)
    return nil, fault("api.protocol",
      { ("状态码 %s，答的不是 JSON 对象"):format(status), ("status %s without a JSON object"):format(status) },
      "检查账号的 api、access_token.url 写的是不是对的地址，中间有没有代理；"
        .. "are api and access_token.url of the account the right addresses, and is there a proxy in between?")
  end
  local code = math.tointeger(tonumber(answer.errcode)) or 0
  if code ~= 0 then
    local errmsg = tostring(answer.errmsg or "")
    return nil, fault(code, errmsg ~= "" and short(errmsg) or "errcode " .. code)
  end
  local value = answer[field]
  if not M.is_token(value) then
    return nil, fault("token.form",
      { ("答复里的 %s 不是 token：应是字母、数字、_ 和 -"):format(field),
        ("%s in the answer is no token of letters, digits, _ and -"):format(field) },
      "检查账号的 api、access_token.url：答的是微信或中控服务器吗；"
        .. "do api and access_token.url of the account name WeChat or a token server?")
  end
  local refresh = answer.authorizer_refresh_token
  return { value = value, lifetime = M.lifetime(answer.expires_in),
    refresh_token = type(refresh) == "string" and refresh ~= "" and refresh or nil }
end

--- Asks for a token.
---@async
---@param wire weiyue.Wire
---@param place weiyue.Place
---@param way string as of M.way
---@param options { force?: boolean, failed?: string, token?: string, ticket?: string, refresh_token?: string }
---@return weiyue.token.Issued? issued
---@return weiyue.Fault? err
function M.ask(wire, place, way, options)
  local asked = ways[way](place, options)
  local response, err = wire:send(request_of(place, asked), place)
  if not response then return nil, err end
  return M.read(response, asked.field)
end

return M
