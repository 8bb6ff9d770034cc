-- The answer of an endpoint that nothing is kept of: the shape that its row documents.

local M = {}

--- A reply for a call that has passed its checks.
---@param ctx table
---@return table
function M.reply(ctx)
  local row = ctx.row
  if row.reply == "bytes" then
    local qr = require "weiyue.sandbox.qr"
    return { bytes = qr.png(ctx.world.base .. row.path), type = "image/png", filename = row.name .. ".png" }
  end
  local reply = require("weiyue.api.sample").reply(row)
  reply.errcode, reply.errmsg = 0, "ok"
  return reply
end

return M
