-- QR codes with a scene: temporary and permanent ones, and their pictures.

local ids = require "weiyue.sandbox.ids"
local qr = require "weiyue.sandbox.qr"
local wallet = require "weiyue.sandbox.wallet"

local M = {}

local LIFE <const> = 60 -- seconds, where nothing is said
local PERMANENT_MOST <const> = 100000
local TEMPORARY_KEPT <const> = 5000

local function fresh() return { by_ticket = {}, by_key = {}, permanent = 0, temporary = {} } end

-- The scene by the kind of code.
local kinds <const> = {}

local function number(most)
  return function(scene)
    local id = math.tointeger(tonumber(scene.scene_id))
    return id and id >= 1 and id <= most and id or nil
  end
end

local function text(scene)
  local value = scene.scene_str
  return type(value) == "string" and #value >= 1 and #value <= 64 and value or nil
end

kinds.QR_SCENE, kinds.QR_STR_SCENE = number(0xFFFFFFFF), text
kinds.QR_LIMIT_SCENE, kinds.QR_LIMIT_STR_SCENE = number(100000), text

local function forget(state, ticket)
  local code = state.by_ticket[ticket]
  if code then state.by_ticket[ticket], state.by_key[code.key] = nil, nil end
end

-- The permanent code of a scene is always the same.
local function existing(state, scene)
  for _, code in pairs(state.by_ticket) do
    if not code.ends and code.scene == scene then return code end
  end
end

local function add(ctx, state, scene, life)
  local world = ctx.world
  local code = {
    scene = scene, ticket = "gQ" .. ids.text(world.random, 94), key = "02" .. ids.text(world.random, 22),
    ends = life and ctx.now + life or nil,
  }
  code.url = ("%s/q/%s"):format(world.base, code.key)
  state.by_ticket[code.ticket], state.by_key[code.key] = code, code
  if not life then
    state.permanent = state.permanent + 1
    return code
  end
  table.insert(state.temporary, code.ticket)
  if #state.temporary > TEMPORARY_KEPT then forget(state, table.remove(state.temporary, 1)) end
  return code
end

function M.create(ctx, args)
  local scene = kinds[args.action_name](args.action_info.scene)
  if not scene then return nil, 40053 end
  local state = ctx.world:state(ctx.account, "qrcode", fresh)
  if args.action_name:find "LIMIT" then
    local code = existing(state, scene)
    if not code and state.permanent >= PERMANENT_MOST then return nil, 45029 end
    code = code or add(ctx, state, scene)
    return { ticket = code.ticket, url = code.url }
  end
  local life = args.expire_seconds or LIFE
  if life < 1 then return nil, 40097 end
  local code = add(ctx, state, scene, life)
  return { ticket = code.ticket, expire_seconds = life, url = code.url }
end

-- Whose it is, the ticket tells; it is a scene's, or offers cards.
function M.show(ctx, args)
  for _, appid in ipairs(ctx.world.appids) do
    local account = ctx.world:account(appid)
    local code = account.qrcode and account.qrcode.by_ticket[args.ticket]
    code = code or wallet.state(account).offers:get(args.ticket)
    if code then return { bytes = qr.png(code.url), type = "image/png" } end
  end
  return { bytes = "", type = "text/plain", status = 404 }
end

return M
