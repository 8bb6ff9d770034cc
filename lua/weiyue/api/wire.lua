-- The wire to WeChat's API: a request by weiyue.transport, and the next of WeChat's addresses when one cannot be
-- reached. A request that may have arrived is never sent a second time here.

local core = require "weiyue_core"

local log, time = core.log, core.time

local KEEP <const> = 300 -- seconds that the address that answered is asked first

local M = {}

M.DEFAULT = "https://api.weixin.qq.com"

-- The general one, its spare, Shanghai, Shenzhen, Hong Kong.
M.HOSTS = {
  "api.weixin.qq.com", "api2.weixin.qq.com", "sh.api.weixin.qq.com", "sz.api.weixin.qq.com", "hk.api.weixin.qq.com",
}

local FIRST <const> = 2 -- seconds for a connection to one of several, where the whole may take 4

-- The connection was not made: nothing was sent.
local function is_unsent(err)
  return err.code == "http.connect" or err.code == "http.resolve" or err.code == "http.timeout" and err.sent == false
end

---@class weiyue.Wire
---@field private at integer the host that is asked first
---@field private known table<weiyue.Place, boolean> whether its own API is guarded
---@field private since number when it answered instead of the first
local Wire = {}
Wire.__index = Wire

local function transport(request) return require("weiyue.transport").send(request) end

-- The configured address may be within this network; WeChat's own may not.
local function is_guarded(url, place)
  local function origin_of(text) return text and text:match "^%a+://[^/?#]+" end
  local origin = origin_of(url)
  if origin == origin_of(place.api) then return origin == M.DEFAULT end
  return type(place.access_token) ~= "table" or origin ~= origin_of(place.access_token.url)
end

local SLASH <const> = ("/"):byte()

-- The same, known of an account's own API once it has been asked.
function Wire:guarded(url, place)
  local api = place.api
  local n = api and #api
  if not api or url:byte(n + 1) ~= SLASH or url:sub(1, n) ~= api then return is_guarded(url, place) end
  local known = self.known[place]
  if known == nil then
    known = is_guarded(url, place)
    self.known[place] = known
  end
  return known
end

--- Sends a request.
---@async
---@param request table for transport.send
---@param place weiyue.Place whose configured address is exempt from the guard
---@return table? response
---@return table? err
function Wire:send(request, place)
  local first = M.DEFAULT .. "/"
  request.guard, request.quiet = self:guarded(request.url, place), true -- whoever called tells of failures
  if request.url:sub(1, #first) ~= first then return transport(request) end
  local rest = request.url:sub(#first)
  if self.at ~= 1 and time.monotonic() - self.since > KEEP then self.at = 1 end
  local start, limit = time.monotonic(), request.timeout or 10
  local response, err
  request.connect_timeout = limit < 5 and FIRST or nil
  for i = 0, #M.HOSTS - 1 do
    local n = (self.at - 1 + i) % #M.HOSTS + 1
    request.url = "https://" .. M.HOSTS[n] .. rest
    request.timeout = math.max(0.1, limit - (time.monotonic() - start))
    response, err = transport(request)
    if response or not is_unsent(err) then
      if n ~= self.at and response then
        log.write("warn", "api.host", "another of WeChat's addresses answers", { host = M.HOSTS[n] })
        self.at, self.since = n, time.monotonic()
      end
      break
    end
    if time.monotonic() - start >= limit then break end
  end
  return response, err
end

---@return weiyue.Wire
function M.new() return setmetatable({ at = 1, since = 0, known = setmetatable({}, { __mode = "k" }) }, Wire) end

return M
