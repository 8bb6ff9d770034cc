-- What other programs ask of this host: the token server (GET /token on the management interface), `weiyue token` and
-- `weiyue api call`. C calls these with the text that came, in a task.

local core = require "weiyue_core"

local json = core.json

local M = {}

-- Pairs of a query by name; nil: it is malformed.
local function query_of(text)
  local values = {}
  for name, value in text:gmatch "([^&=]+)=([^&]*)" do
    value = core.url.unescape((value:gsub("+", " ")))
    if not value then return nil end
    values[name] = value
  end
  return values
end

-- The account that is meant: by id, or the only one.
local function place_of(hub, id)
  if id and id ~= "" then
    local place = hub:place(id)
    if place and not place.component then return place end -- an authorizer may have taken it back elsewhere
    return hub.has_component and hub.components:find(id) and hub:place(id) or nil
  end
  local all = hub:places()
  return #all == 1 and all[1] or nil
end

local KINDS <const> = {
  access_token = true, jsapi_ticket = true, wx_card_ticket = true, component_access_token = true,
}

local function no_account(hub, id)
  local ids = {}
  for i, place in ipairs(hub:places()) do ids[i] = place.id end
  local list = #ids > 0 and table.concat(ids, ", ") or "-"
  return ("没有账号 %s；有：%s"):format(tostring(id or "?"), list),
    ("no account %s; there is: %s"):format(tostring(id or "?"), list)
end

-- As WeChat itself would answer: whoever has called it before finds the same fields.
local function answer(status, t) return status, json.encode(t) end

---@param hub weiyue.Hub
function M.new(hub)
  local remote = {}

  --- ?account=ID&kind=access_token; failed=VALUE: that token was refused, and the one in its place is wanted.
  ---@async
  ---@param text string the query
  ---@return integer status
  ---@return string body
  function remote.token_server(text)
    local q = query_of(text)
    local kind = q and (q.kind or "access_token")
    if not q or not KINDS[kind] then return answer(400, { errcode = 40035, errmsg = "invalid query" }) end
    local place = place_of(hub, q.account)
    if not place then return answer(404, { errcode = 40013, errmsg = select(2, no_account(hub, q.account)) }) end
    local value, err
    if q.failed and q.failed ~= "" then
      if not require("weiyue.token.issue").is_token(q.failed) then
        return answer(400, { errcode = 40035, errmsg = "failed is no token" })
      end
      value, err = hub.keeper:failed(place, kind, q.failed, 40001)
    else
      value, err = hub.keeper:get(place, kind)
    end
    if not value then
      return answer(502, { errcode = math.tointeger(err.code) or -1, errmsg = core.secrets.mask(tostring(err.message)),
        hint = err.hint })
    end
    local left = hub.keeper:left(place, kind) or 60
    return answer(200, { [kind] = value, expires_in = math.max(1, math.floor(left)) })
  end

  local asks = {}

  local function failure(err)
    local message = core.secrets.mask(tostring(err.message or err))
    local zh, en = ("%s：%s"):format(err.code or "?", message), ("%s: %s"):format(err.code or "?", message)
    if err.hint then zh = zh .. "；" .. err.hint end
    if err.hint_en or err.hint then en = en .. "; " .. (err.hint_en or err.hint) end
    return { ok = false, problems = { { zh = zh, en = en } },
      error = { code = err.code, message = message, hint = err.hint, api = err.api } }
  end

  function asks.token(q, place)
    local kind = q.kind or (place.kind == "component" and "component_access_token" or "access_token")
    if q.refresh then hub.keeper:forgive(place, kind) end
    local value, err = hub.keeper:get(place, kind)
    if value and q.refresh then value, err = hub.keeper:failed(place, kind, value, 0) end
    if not value then return failure(err) end
    return { ok = true, account = place.id, kind = kind, token = value,
      expires_in = math.floor(hub.keeper:left(place, kind) or 0) }
  end

  function asks.api(q, place)
    local result, err = hub.engine:call(place, tostring(q.name), q.args or {}, { to = q.to })
    if result == nil then return failure(err) end
    return { ok = true, result = result }
  end

  --- { "do": "token" | "api", "account"?: ID, … }
  ---@async
  ---@param text string
  ---@return integer status 0: it went well
  ---@return string json
  function remote.control(text)
    local q = json.decode(text)
    local ask = type(q) == "table" and asks[q["do"]]
    local result
    if ask then
      local place = place_of(hub, q.account)
      if place then
        result = ask(q, place)
      else
        local zh, en = no_account(hub, q.account)
        result = { ok = false, problems = { { zh = zh, en = en } } }
      end
    else
      result = { ok = false, problems = { { zh = "看不懂", en = "no such request" } } }
    end
    local out = json.encode(result)
    if not out then
      return 1, json.encode(failure { code = "api.bytes", message = "the answer is no text: --to FILE takes it" })
    end
    return result.ok and 0 or 1, out
  end

  return remote
end

return M
