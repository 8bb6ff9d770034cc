-- A folder with files, and the plugins in it as `plugin.load` gives them.
--
--   local folder = require "spec.support.folder".new()
--   folder:write { ["one.lua"] = "…" }
--   local loaded = folder:load { { path = "one.lua" } }
--   loaded.problems, loaded.failed, loaded:says "?"

local dispatch = require "weiyue.dispatch"
local plugin = require "weiyue.plugin"
local rules = require "weiyue.rules"

local M = {}

---@class spec.Folder
---@field path string
local Folder = {}
Folder.__index = Folder

function M.new()
  local pipe = assert(io.popen "mktemp -d")
  local path = pipe:read "l"
  pipe:close()
  return setmetatable({ path = path }, Folder)
end

function Folder:remove() os.execute(("rm -rf '%s'"):format(self.path)) end

function Folder:shell(command) assert(os.execute(("cd '%s' && %s"):format(self.path, command))) end

--- Files by their paths below the folder.
function Folder:write(files)
  for path, text in pairs(files) do
    self:shell(("mkdir -p './%s'"):format(path:match "^(.*)/" or ""))
    local file = assert(io.open(self.path .. "/" .. path, "wb"))
    file:write(text)
    file:close()
  end
end

local Loaded = {}
Loaded.__index = Loaded

--- What the plugins answer to a message, or to a text; false: nothing.
function Loaded:says(msg)
  if type(msg) == "string" then msg = { type = "text", content = msg } end
  msg.account = { id = "spec" }
  return (self.answer(msg))
end

---@param entries { name?: string, path: string, config?: table }[]
---@param more? table further options of plugin.load
---@return table loaded the plugins, in order and by name; problems: one text; zh: the same; failed
function Folder:load(entries, more)
  local options = { file = "weiyue.lua", folder = self.path, lua_path = {} }
  for key, value in pairs(more or {}) do options[key] = value end
  local list, problems, failed = plugin.load(entries, options, { account = function() return { id = "spec" } end })
  local loaded, zh = { failed = failed }, {}
  for i, p in ipairs(problems) do zh[i], problems[i] = p.level .. ": " .. p.zh, p.level .. ": " .. p.en end
  loaded.problems, loaded.zh = table.concat(problems, "\n"), table.concat(zh, "\n")
  for i, one in ipairs(list) do loaded[i], loaded[one.name] = one.name, one end
  loaded.answer = dispatch.dispatcher(rules.compile(list))
  return setmetatable(loaded, Loaded)
end

--- One plugin with this text behind `local wx = …`, and this configuration.
function Folder:run(text, config, more)
  self:write { ["one.lua"] = "local wx = require 'weiyue'\n" .. text }
  return self:load({ { name = config and "one", path = "one.lua", config = config } }, more)
end

return M
