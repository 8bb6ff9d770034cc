-- The metatable of msg: what a handler rarely uses is made when it is asked for.

local codec = require "weiyue_core".codec
local later = require "weiyue.later"

local M = {}

local function index(msg, key)
  if key == "raw" then
    local body = rawget(msg, "body")
    local raw = body and codec.parse(body) or {}
    rawset(msg, "raw", raw)
    return raw
  end
  if later.msg[key] then later.refuse("msg:" .. key) end
end

M.metatable = {
  __name = "weiyue.message",
  __index = index,
  __tostring = function(msg)
    local what = msg.event and msg.type .. "/" .. msg.event or msg.type
    return ("message %s from %s"):format(what, tostring(msg.openid))
  end,
}

return M
