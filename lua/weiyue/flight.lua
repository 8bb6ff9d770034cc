-- One call at a time for one key: who asks for the same meanwhile gets what it gives.

local signal = require "weiyue.signal"

local M = {}

local LONGEST <const> = 600 -- seconds of one wait

--- Where calls of one kind are in flight.
---@return async fun(key: string, call: async fun(): any, any): any, any
function M.new()
  local flying = {}

  local function lead(key, call)
    local one = { ended = signal.new() }
    flying[key] = one
    local _ <close> = setmetatable({}, { __close = function()
      flying[key] = nil
      one.over = true
      one.ended:wake()
    end })
    one.value, one.err = call()
    one.whole = true
    return one.value, one.err
  end

  return function(key, call)
    while true do
      local one = flying[key]
      if not one then return lead(key, call) end
      while not one.over do one.ended:wait(LONGEST) end
      if one.whole then return one.value, one.err end -- else its task was stopped: the next one asks anew
    end
  end
end

return M
