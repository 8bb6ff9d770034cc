-- Following, leaving, scanning a QR code: what changes of a user, and the event that WeChat pushes for it.

local offers = require "weiyue.sandbox.offers"
local users = require "weiyue.sandbox.users"

local M = {}

local function event(openid, name, more)
  local message = { MsgType = "event", Event = name, FromUserName = openid, EventKey = "" }
  for key, value in pairs(more or {}) do message[key] = value end
  return message
end

--- A user follows; nil when he does already.
---@return table? message that is pushed
function M.follow(world, appid, openid, code)
  local user = world:user(appid, openid)
  if not user or user.subscribed then return nil end
  users.subscribe(user, world.now(), code and {
    scene = "ADD_SCENE_QR_CODE", id = math.type(code.scene) == "integer" and code.scene or 0,
    text = type(code.scene) == "string" and code.scene or "",
  })
  local message = event(openid, "subscribe", code and { EventKey = "qrscene_" .. code.scene, Ticket = code.ticket })
  world:emit(appid, message)
  return message
end

--- … leaves.
---@return table? message
function M.unfollow(world, appid, openid)
  local user = world:user(appid, openid)
  if not user or not user.subscribed then return nil end
  users.unsubscribe(user)
  require("weiyue.sandbox.api.kf_session").finish(world, world:account(appid), openid)
  local message = event(openid, "unsubscribe")
  world:emit(appid, message)
  return message
end

--- The code that was scanned: by the ticket, the address that is in the picture, or its scene.
---@param what { ticket: string?, url: string?, scene: string|integer|nil }
---@return table? code, string? err
local function code_of(world, account, what)
  local codes = account.qrcode or { by_ticket = {}, by_key = {} }
  local code = what.ticket and codes.by_ticket[what.ticket]
  if what.url then code = codes.by_key[what.url:match "/q/([%w_%-]+)$" or ""] end
  if what.scene then
    for _, one in pairs(codes.by_ticket) do
      if tostring(one.scene) == tostring(what.scene) and not (one.ends and one.ends <= world.now()) then code = one end
    end
    code = code or { scene = what.scene, ticket = "gQ" .. require("weiyue.sandbox.ids").text(world.random, 94) }
  end
  if not code then return nil, "no QR code of this account" end
  if code.ends and code.ends <= world.now() then return nil, "the QR code has expired" end
  return code
end

--- A user scans a QR code of the account: who follows it is a SCAN, who does not follows now. A scene that no code was
--- made for is taken, too.
---@param what { ticket: string?, url: string?, scene: string|integer|nil }
---@return table? message, string? err
function M.scan(world, appid, openid, what)
  local account, user = world:account(appid), world:user(appid, openid)
  if not user then return nil, "no such user" end
  if what.url then
    local is_one, pushed, errcode = offers.scan(world, appid, openid, what.url)
    if is_one then return pushed, errcode and ("the code is refused: %d"):format(errcode) end
  end
  local code, err = code_of(world, account, what)
  if not code then return nil, err end
  if not user.subscribed then return M.follow(world, appid, openid, code) end
  local message = event(openid, "SCAN", { EventKey = tostring(code.scene), Ticket = code.ticket })
  if not user.blocked then world:emit(appid, message) end -- on the blacklist: the account hears nothing of it
  return message
end

return M
