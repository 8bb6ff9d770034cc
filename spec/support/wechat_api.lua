-- Starts spec/support/wechat_api.py, and ends it.

local json = require "weiyue.json"

local M = {}

local function capture(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  pipe:close()
  return text
end

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

---@class spec.WechatApi
---@field url string http://127.0.0.1:PORT
local Api = {}
Api.__index = Api

-- By curl: it has a clock of its own, whatever the spec's is.
local function ask(self, path, value)
  local file
  if value then
    file = os.tmpname()
    local out = assert(io.open(file, "wb"))
    out:write(json.encode(value))
    out:close()
  end
  local text = capture(("curl -s -m 20 %s %s"):format(file and "--data-binary @" .. quote(file) or "",
    quote(self.url .. path)))
  if file then os.remove(file) end
  return assert(json.decode(text), text)
end

--- Changes what it answers: fields of the state in wechat_api.py.
function Api:set(changes) return ask(self, "/_set", changes) end

--- How often it was asked, by kind.
function Api:counts() return ask(self, "/_state").counts end

--- The requests since it was asked last.
function Api:seen() return ask(self, "/_seen") end

function Api:stop()
  self.pipe:close()
  os.execute("rm -rf " .. quote(self.folder))
end

---@return spec.WechatApi
function M.start()
  local folder = capture "mktemp -d":gsub("%s+$", "")
  local pipe = assert(io.popen(("exec python3 spec/support/wechat_api.py %s"):format(quote(folder)), "w"))
  for _ = 1, 500 do
    local file = io.open(folder .. "/port")
    if file then
      local port = file:read "a"
      file:close()
      return setmetatable({ folder = folder, pipe = pipe, url = "http://127.0.0.1:" .. port }, Api)
    end
    os.execute "sleep 0.02"
  end
  error "wechat_api.py does not start"
end

return M
