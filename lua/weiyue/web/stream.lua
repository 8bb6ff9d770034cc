-- Answers that are written piece by piece: what the function of wx.response{ stream = … } gets.

local core = require "weiyue_core"

local M = {}

local NAME <const> = "weiyue.stream"
local RAW <const> = {}

local MESSAGES <const> = {
  ["stream.gone"] = "nobody reads it any more", ["stream.ended"] = "the host stops, or another generation takes over",
}
local HINT <const> = { "不用再写", "there is no need to write more" }

local Out = {}

local function raw_of(out, method)
  if getmetatable(out) ~= NAME then error(("call it with a colon: out:%s(…)"):format(method), 3) end
  return out[RAW]
end

---@async
local function write(raw, bytes)
  local ok, code = raw:write(bytes)
  if ok then return true end
  return nil, require("weiyue.keep").fault(code, MESSAGES[code], HINT)
end

--- Sends bytes; waits while the client is slow.
---@async
function Out:write(bytes)
  local raw = raw_of(self, "write")
  if type(bytes) ~= "string" then error("out:write wants bytes, not " .. type(bytes), 2) end
  return write(raw, bytes)
end

local function line(name, value)
  if value == nil then return "" end
  local text = tostring(value)
  if text:find "[\r\n%z]" then error(("out:event: %s has no line ends"):format(name), 3) end
  return ("%s: %s\n"):format(name, text)
end

--- One server-sent event.
---@async
function Out:event(event)
  local raw = raw_of(self, "event")
  if type(event) ~= "table" then error("out:event wants { event = …, id = …, data = … }", 2) end
  local data = event.data
  if type(data) == "table" then
    local err
    data, err = core.json.encode(data)
    if not data then error("out:event: data: " .. tostring(err), 2) end
  end
  local text = line("event", event.event) .. line("id", event.id)
    .. line("retry", event.retry and math.ceil(event.retry * 1000))
  for part in (tostring(data == nil and "" or data):gsub("\r\n?", "\n") .. "\n"):gmatch "([^\n]*)\n" do
    text = text .. "data: " .. part .. "\n"
  end
  return write(raw, text .. "\n")
end

--- Whether nobody reads any more what is written.
function Out:gone() return raw_of(self, "gone"):gone() end

local Meta <const> = { __name = NAME, __metatable = NAME, __index = Out }

function M.new(raw) return setmetatable({ [RAW] = raw }, Meta) end

return M
