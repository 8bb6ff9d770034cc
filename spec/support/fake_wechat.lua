-- Starts spec/support/fake_wechat.py, gives it orders, tells what was called, and ends it.

local json = require "weiyue.json"

local M = {}

local function capture(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  pipe:close()
  return text
end

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a"
  if file then file:close() end
  return text
end

local function wait_for(path, wanted)
  for _ = 1, 1000 do
    local text = read(path)
    if text and (not wanted or text == wanted) then return text end
    os.execute "sleep 0.01"
  end
  error("nobody has written " .. path)
end

---@class spec.FakeWeChat
---@field url string   http://127.0.0.1:PORT
---@field folder string
local Fake = {}
Fake.__index = Fake

--- Further keys of an account that calls it, as Lua text: a verified service account with a secret.
function Fake:account()
  return ('kind = "service", verified = true, secret = "wxtestsecret", api = %q'):format(self.url)
end

--- An order, as the Python file tells; it is taken when this returns.
---@param order table
function Fake:order(order)
  self.orders = self.orders + 1
  self.pipe:write(json.encode(order), "\n")
  self.pipe:flush()
  wait_for(self.folder .. "/told", tostring(self.orders))
end

--- The next calls of a path get this answer, or theirs so many seconds later.
---@param path string
---@param answer? table
---@param options? { times?: integer, after?: number }
function Fake:answers(path, answer, options)
  local order = { answer = path, with = answer }
  for key, value in pairs(options or {}) do order[key] = value end
  self:order(order)
end

--- Everything that was called, in order; with a path those calls alone.
---@param path? string
---@return table[]
function Fake:calls(path)
  local list = {}
  for line in (read(self.folder .. "/calls") or ""):gmatch "[^\n]+" do
    local call = json.decode(line)
    if not path or call.path == path then list[#list + 1] = call end
  end
  return list
end

--- What left as customer service messages: the bodies.
function Fake:sent()
  local list = {}
  for i, call in ipairs(self:calls "/cgi-bin/message/custom/send") do list[i] = call.json end
  return list
end

function Fake:stop()
  self.pipe:close()
  os.execute(("rm -rf '%s'"):format(self.folder))
end

---@return spec.FakeWeChat
function M.start()
  local folder = capture "mktemp -d":gsub("%s+$", "")
  local pipe = assert(io.popen(("exec python3 spec/support/fake_wechat.py '%s'"):format(folder), "w"))
  local fake = setmetatable({ folder = folder, pipe = pipe, orders = 0 }, Fake)
  fake.url = "http://127.0.0.1:" .. wait_for(folder .. "/port")
  return fake
end

return M
