-- A redis-server of the spec's own, on a free port, in a folder of its own.
--
--   local server = redis.start()
--   server.url                 "redis://127.0.0.1:PORT"
--   server:ask "DBSIZE"        what redis-cli prints
--   server:stop()

local M = {}

---@class spec.Redis
---@field url string
---@field port integer
---@field folder string
---@field pid string
local Redis = {}
Redis.__index = Redis

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local out = pipe:read "a"
  pipe:close()
  return out
end

function Redis:ask(command) return (run(("redis-cli -p %d %s"):format(self.port, command)):gsub("\n$", "")) end

--- All that it has, as bytes.
function Redis:dump()
  self:ask "SAVE"
  local file = assert(io.open(self.folder .. "/dump.rdb", "rb"))
  local all = file:read "a"
  file:close()
  return all
end

function Redis:signal(name) os.execute(("kill -%s %s"):format(name, self.pid)) end

--- Starts it, again on the same port.
function Redis:run()
  self.pid = run(("cd '%s' && redis-server --port %d --bind 127.0.0.1 --save '' --rdbcompression no >log 2>&1 & echo $!")
    :format(self.folder, self.port)):match "%d+"
  for _ = 1, 400 do
    if self:ask "PING" == "PONG" then return self end
    os.execute "sleep 0.01"
  end
  error("redis-server does not run: " .. run("cat '" .. self.folder .. "/log'"))
end

function Redis:kill() self:signal "KILL" end

function Redis:stop()
  self:signal "CONT"
  self:signal "KILL"
  os.execute(("rm -rf '%s'"):format(self.folder))
end

---@return spec.Redis
function M.start()
  local folder = run "mktemp -d":match "%S+"
  local port = tonumber(run [[python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"]])
  return setmetatable({ folder = folder, port = port, url = "redis://127.0.0.1:" .. port }, Redis):run()
end

return M
