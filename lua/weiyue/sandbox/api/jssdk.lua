-- Tickets for pages: the same until it ends.

local ids = require "weiyue.sandbox.ids"

local M = {}

local LIFE <const> = 7200

local function ticket(ctx, kind)
  local state = ctx.world:state(ctx.account, "jssdk", function() return {} end)
  local held = state[kind]
  if not held or held.ends <= ctx.now then
    held = { value = ids.text(ctx.world.random, 86), ends = ctx.now + LIFE }
    state[kind] = held
  end
  return { errcode = 0, errmsg = "ok", ticket = held.value, expires_in = math.floor(held.ends - ctx.now) }
end

function M.get_ticket(ctx) return ticket(ctx, "jsapi") end
function M.get_card_ticket(ctx) return ticket(ctx, "wx_card") end

return M
