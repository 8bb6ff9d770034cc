-- Pushes on their way: an attempt, 5 s of patience, two more; then what the user sees.

local pusher = require "weiyue.sandbox.pusher"

local M = {}

---@class weiyue.testing.Flight
---@field account table
---@field message table by WeChat's names
---@field attempt integer
---@field due number when WeChat gives up on this attempt
---@field done boolean
---@field status? integer
---@field body? string
---@field way? string
---@field item? table what the user sees
---@field fault? table
---@field decoded? table

local function send(app, flight)
  local account = flight.account
  flight.attempt = flight.attempt + 1
  app.nonces = app.nonces + 1
  local now = app.host:now()
  flight.due = now + pusher.PATIENCE
  local request = pusher.build(account.wire, flight.message, {
    mode = flight.message.InfoType and "safe" or account.mode, format = app.format, timestamp = math.floor(now),
    nonce = tostring(10000000 + app.nonces),
  })
  if app.socket then
    flight.before = app.host:answers(account.number)
    flight.fetch = app.host:fetch("POST", ("http://127.0.0.1:%d%s?%s"):format(app.port, account.path, request.query),
      { Host = account.host or "127.0.0.1", ["Content-Type"] = request.content_type }, request.body)
  else
    flight.handle = app.host:push(account.number, request.query, request.body, flight.authorizer)
  end
end

--- Sends a message of a user, or an event that WeChat sends by itself.
---@param app weiyue.testing.App
---@param noted? boolean the world knows of it
---@return weiyue.testing.Flight
function M.start(app, account, message, noted)
  app.ids = app.ids + 1
  local now = app.host:now()
  message = pusher.complete(account.wire, message, now, math.floor(now) * 1000000 + app.ids)
  if not noted and message.FromUserName then app.world:note_push(message, account.appid, message.FromUserName, now) end
  local flight = { account = account, message = message, attempt = 0, began = now, done = false }
  app.flights[#app.flights + 1] = flight
  send(app, flight)
  return flight
end

local function finish(app, flight, status, body)
  flight.done, flight.status, flight.body = true, status, body
  flight.seconds = app.host:now() - flight.began
  flight.item, flight.fault, flight.decoded = pusher.see(flight.account.wire, status, body, {
    mode = flight.message.InfoType and "safe" or flight.account.mode, format = app.format, message = flight.message,
  })
  for i, one in ipairs(app.flights) do
    if one == flight then
      table.remove(app.flights, i)
      break
    end
  end
  flight.handle, flight.fetch = nil, nil
end

-- How it was answered, by what is counted more than before; silence is what it is only where there is nothing else,
-- and further attempts are counted besides the first.
local function way_of(app, flight)
  local silent
  for way, n in pairs(app.host:answers(flight.account.number)) do
    if n ~= flight.before[way] and way ~= "joined" then
      if way ~= "hold" then return way end
      silent = way
    end
  end
  return silent
end

-- The answer of this attempt: status, body | nil; 0 where the connection was closed.
local function answer_of(app, flight)
  if flight.fetch then
    local answer = flight.fetch:answer()
    if answer == nil then return nil end
    if not answer then return 0 end
    flight.way = way_of(app, flight)
    return answer.status, answer.body
  end
  local handle = flight.handle
  local status = handle:status()
  if status == 200 then
    flight.way = handle:way()
    return 200, handle:answer()
  end
  return status, ""
end

--- Whether it goes on: an answer is there, or this attempt's time is up.
---@return boolean
function M.look(app, flight)
  if flight.done then return false end
  local status, body = answer_of(app, flight)
  if status and status ~= 0 then
    finish(app, flight, status, body)
    return true
  end
  if app.host:now() < flight.due - 0.0005 then return false end
  if flight.handle then flight.handle:leave() end
  flight.fetch = nil
  if flight.attempt >= pusher.ATTEMPTS then finish(app, flight, nil, nil) else send(app, flight) end
  return true
end

return M
