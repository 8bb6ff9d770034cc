-- The state folder of a host, as those who want to speak to it find it: also where weiyue.lua has errors,
-- or wants variables of the environment that only the host has.

local config = require "weiyue.config"

local DEFAULT <const> = ".weiyue"

-- What a file that is refused says of `state`, if it runs at all; variables it asks for are empty.
local function guess(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a"
  if file then file:close() end
  local globals = {
    string = string, table = table, math = math, ipairs = ipairs, pairs = pairs, tonumber = tonumber,
    tostring = tostring, type = type, assert = assert, error = error,
    os = { getenv = os.getenv, time = os.time, date = os.date },
    env = function(name, default) return os.getenv(name) or default or "" end,
  }
  local chunk = text and load(text:gsub("^\u{feff}", ""), "=config", "t", globals)
  local ok, conf = pcall(chunk or error)
  local state = ok and type(conf) == "table" and conf.state
  return type(state) == "string" and state ~= "" and state or DEFAULT
end

---@param path string of weiyue.lua
---@return string folder
---@return boolean sure  false: the file has errors, so the host may have another one
return function(path)
  local conf = config.load(path)
  local state, folder = conf and conf.state or guess(path), path:match "^(.*/)" or ""
  return state:find "^/" and state or folder .. state, conf ~= nil
end
