-- The users of a fake account: who they are to it, and what they do that changes it.

local ids = require "weiyue.sandbox.ids"
local ring = require "weiyue.sandbox.ring"

local M = {}

M.RECEIVED = 200 -- of what a user has got, how much is remembered

---@class weiyue.sandbox.User
---@field openid string
---@field unionid? string
---@field nickname string
---@field avatar? string an address
---@field language string "zh_CN"
---@field subscribed boolean
---@field subscribe_time? integer
---@field subscribe_scene? string ADD_SCENE_QR_CODE …
---@field qr_scene integer
---@field qr_scene_str string
---@field remark string
---@field tags integer[] in the order in which they were given
---@field blocked boolean on the account's blacklist
---@field windows table<string, table> windows.lua
---@field last_contact? number
---@field typing? number until when the account seems to be typing
---@field consents table<string, table> template_id → what the user agreed to (subscribe, subscribe_once)
---@field received weiyue.sandbox.Ring

--- A user of an account; a follower, unless subscribed = false.
---@param world weiyue.sandbox.World
---@param account table
---@param options? table nickname, openid, unionid, avatar, language, subscribed, remark
---@return weiyue.sandbox.User
function M.new(world, account, options)
  options = options or {}
  local openid = options.openid or ids.openid(world.random)
  if account.users[openid] then error(("user %s exists"):format(openid), 3) end
  local n = #account.openids + 1
  local user = {
    openid = openid, unionid = options.unionid, nickname = options.nickname or ("用户%d"):format(n),
    avatar = options.avatar, language = options.language or "zh_CN", subscribed = false, remark = options.remark or "",
    qr_scene = 0, qr_scene_str = "", tags = {}, blocked = false, windows = {}, consents = {},
    received = ring(M.RECEIVED),
  }
  account.users[openid], account.openids[n] = user, openid
  if options.subscribed ~= false then M.subscribe(user, world.now()) end
  return user
end

--- Makes a user a follower.
---@param scene? { scene: string?, id: integer?, text: string? } how he came, and by which QR code
function M.subscribe(user, now, scene)
  scene = scene or {}
  user.subscribed, user.subscribe_time = true, math.floor(now)
  user.subscribe_scene = scene.scene or "ADD_SCENE_SEARCH"
  user.qr_scene, user.qr_scene_str = scene.id or 0, scene.text or ""
end

--- … and what goes with it when he leaves: tags, remark, open windows.
function M.unsubscribe(user)
  user.subscribed, user.tags, user.remark, user.windows, user.typing = false, {}, "", {}, nil
end

return M
