-- The sandbox: what was said between customers and workers.

local kf_session = require "weiyue.sandbox.api.kf_session"
local values = require "weiyue.sandbox.values"

local int = values.int

local M = {}

local DAY <const> = 86400
local PAGE <const> = 10000

function M.get_msg_list(ctx, args)
  local from, to = int(args.starttime), int(args.endtime)
  local first, number = int(args.msgid, 1), int(args.number)
  if not from or not to or not number or from > to or number < 1 or number > PAGE then return nil, 65416 end
  if to - from > DAY then return nil, 65417 end
  local found = kf_session.records(ctx.account, function(one)
    return one.time >= from and one.time <= to and one.id >= first
  end)
  local list = values.list()
  for i = 1, math.min(number, #found) do
    local one = found[i]
    list[i] = { openid = one.openid, opercode = one.opercode, text = one.text, time = one.time, worker = one.worker }
  end
  local last = found[#list]
  return { recordlist = list, number = #list, msgid = last and last.id + 1 or first }
end

return M
