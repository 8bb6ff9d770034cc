-- What other programs ask of this host: the token server (GET /token on the management interface), `weiyue token` and
-- `weiyue api call`. C calls these with the text that came, in a task.

local core = require "weiyue_core"

local json = core.json

local M = {}

-- Loaded when something is asked: a host that nobody asks needs none of them.
local function fault(...) return require "weiyue.token.fault"(...) end
local function issue() return require "weiyue.token.issue" end

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

-- Why no account is meant, in Chinese and English. `how`, with %s for an id, names one.
local function no_account(hub, id, how)
  local ids = {}
  for i, place in ipairs(hub:places()) do ids[i] = place.id end
  local list = table.concat(ids, ", ")
  if #ids == 0 then
    return "weiyue.lua 里没有账号；加一个", "there is no account in weiyue.lua; add one"
  elseif not id or id == "" then
    how = how:format(ids[1])
    return ("有几个账号（%s），写明是哪个：%s"):format(list, how),
      ("there are several accounts (%s): say which, such as %s"):format(list, how)
  end
  return ("没有账号 %s；有：%s"):format(id, list), ("no account %s; there is: %s"):format(id, list)
end

-- How a call names its account.
local NAMES <const> = { token = "weiyue token %s", api = "--account %s", menu = "--account %s" }

-- A path as whoever called means it, as this host, which runs in a folder of its own, reads it.
local function file_of(path, folder)
  if type(path) ~= "string" then return path end
  if path:sub(1, 1) ~= "/" and folder then path = folder .. "/" .. path end
  local file, why, code = io.open(path, "rb")
  if file then
    local _
    _, why, code = file:read(0) -- a folder opens, too
    file:close()
  end
  if not why then return path end
  why = why:match ": ([^:]*)$" or why
  return nil, fault("api.file",
    { ("宿主读不了文件 %s（%s）"):format(path, why), ("the host cannot read the file %s (%s)"):format(path, why) },
    code == 13 and "文件由宿主读：让运行宿主的用户能读它；the host reads it: let the user that the host runs as do so"
      or "文件由宿主读：宿主在别的机器或容器里时，先把文件放到它那里；"
        .. "the host reads it: where it runs in a container or elsewhere, put the file there first")
end

-- The arguments of a call with the files that it sends as the host finds them.
local function files_of(name, args, folder)
  local row, out, bad = require("weiyue.api.catalogue").find(name), {}, nil
  if not row or not row.body or type(args) ~= "table" then return args end
  for key, value in pairs(args) do out[key] = value end
  require("weiyue.api.notation").each(row.body, function(field)
    local value = out[field.name]
    if field.type ~= "file" or bad then return end
    if type(value) == "table" and value.path then
      local copy = {}
      for key, one in pairs(value) do copy[key] = one end
      copy.path, bad = file_of(value.path, folder)
      out[field.name] = copy
    elseif type(value) == "string" then
      out[field.name], bad = file_of(value, folder)
    end
  end)
  if bad then return nil, bad end
  return out
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
    if not q then
      return answer(400, { errcode = 40035, errmsg = "the query is malformed: % stands before two hex digits" })
    end
    if not issue().is_kind(kind) then
      local err = issue().no_kind(kind)
      return answer(400, { errcode = 40035, errmsg = ("kind: %s; %s"):format(err.message, err.hint_en),
        hint = err.hint })
    end
    local place = place_of(hub, q.account)
    if not place then
      local zh, en = no_account(hub, q.account, "account=%s")
      return answer(404, { errcode = 40013, errmsg = en, hint = zh })
    end
    local value, err
    if q.failed and q.failed ~= "" then
      if not issue().is_token(q.failed) then
        return answer(400, { errcode = 40035, errmsg = "failed: a token has letters, digits, _ and - only" })
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

  -- A hint may begin with the message's words.
  local function words(message, hint, between)
    if not hint then return message end
    if hint:sub(1, #message) == message then return hint end
    return message .. between .. hint
  end

  local function failure(err)
    local message = core.secrets.mask(tostring(err.message or err))
    local message_zh = err.message_zh and core.secrets.mask(tostring(err.message_zh)) or message
    local zh = ("%s：%s"):format(err.code or "?", words(message_zh, err.hint, "；"))
    local en = ("%s: %s"):format(err.code or "?", words(message, err.hint_en or err.hint, "; "))
    return { ok = false, problems = { { zh = zh, en = en } },
      error = { code = err.code, message = message, hint = err.hint, api = err.api } }
  end

  function asks.token(q, place)
    local kind = q.kind or (place.kind == "component" and "component_access_token" or "access_token")
    local value, err
    if q.refresh then
      hub.keeper:forgive(place, kind)
      value, err = hub.keeper:renew(place, kind)
    else
      value, err = hub.keeper:get(place, kind)
    end
    if not value then return failure(err) end
    return { ok = true, account = place.id, kind = kind, token = value,
      expires_in = math.floor(hub.keeper:left(place, kind) or 0) }
  end

  function asks.api(q, place)
    local args, bad = files_of(tostring(q.name), q.args or {}, q.folder)
    if not args then return failure(bad) end
    local result, err = hub.engine:call(place, tostring(q.name), args, { to = q.to })
    hub.governor:flush() -- where no host runs, there is no later
    if result == nil then return failure(err) end
    return { ok = true, result = result }
  end

  -- What the plugins declare: the bodies of menu.create and menu.add_conditional.
  function asks.menu(_, place)
    local declared, conditional = place.menu or {}, json.array {}
    for i, text in ipairs(declared.conditional or {}) do conditional[i] = json.decode(text) end
    return { ok = true, account = place.id, menu = declared.create and json.decode(declared.create) or json.null,
      conditional = conditional }
  end

  --- { "do": "token" | "api" | "menu", "account"?: ID, … }
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
        local zh, en = no_account(hub, q.account, NAMES[q["do"]])
        result = { ok = false, problems = { { zh = zh, en = en } },
          error = { code = "account.unknown", message = en } }
      end
    else
      result = { ok = false, problems = { {
        zh = "看不懂：命令行和宿主的版本相同吗", en = "no such request: is the host of the same version?" } } }
    end
    local out = json.encode(result)
    if not out then
      return 1, json.encode(failure { code = "api.bytes", message = "the answer is no text: --to FILE takes it",
        message_zh = "返回的不是文本：用 --to FILE 存成文件" })
    end
    return result.ok and 0 or 1, out
  end

  return remote
end

return M
