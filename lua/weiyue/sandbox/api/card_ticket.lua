-- The sandbox: seats, times, boarding passes: what an account writes on a card that somebody holds.

local values = require "weiyue.sandbox.values"
local wallet = require "weiyue.sandbox.wallet"

local M = {}

-- Writes what arguments say on a card of one kind.
local function write(kind)
  return function(ctx, args)
    local entry, errcode = wallet.entry(ctx.account, args.code, args.card_id)
    if not entry then return nil, errcode end
    local card
    card, errcode = wallet.issued(ctx.account, entry.card_id)
    if not card then return nil, errcode end
    if card.kind ~= kind then return nil, 40078 end
    errcode = wallet.unusable(ctx.world, entry)
    if errcode then return nil, errcode end
    entry.ticket = entry.ticket or {}
    for name, value in pairs(args) do
      if name ~= "code" and name ~= "card_id" then entry.ticket[name] = values.copy(value) end
    end
    return {}
  end
end

M.update_meeting, M.update_movie = write "meeting_ticket", write "movie_ticket"

local check_in = write "boarding_pass"

function M.checkin_boarding(ctx, args)
  local reply, errcode = check_in(ctx, args)
  if reply and args.is_cancel == true then wallet.entry(ctx.account, args.code, args.card_id).ticket = nil end
  return reply, errcode
end

return M
