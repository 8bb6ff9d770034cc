-- Where files of plugins may be, whose paths often come from users: below the configuration's folder, and there in
-- nothing that is code, configuration, hidden or weiyue's own. What weiyue does by itself is not asked here.

local M = {}

local SQLITE <const> = { "", "-wal", "-shm", "-journal" } -- the files of a store

---@class weiyue.Confine
---@field private asset table the module weiyue.asset
---@field private files table the module weiyue.files
---@field private folder string where paths start; "" the working directory
---@field private state? string the state folder
---@field private closed string[] single files that are nobody's
---@field private templates string[] folders of plugins whose .html is read with them
local Confine = {}
Confine.__index = Confine

-- What to do about it, in Chinese and English.
local START <const> = { "路径从 weiyue.lua 所在的文件夹算起", "paths start from the folder of weiyue.lua" }
local OTHER <const> = { "不能是代码、配置、隐藏文件、存储和 state：换一个名字", "choose another name" }

-- A path as an answer gave it is one as well.
local function below(self, name)
  local before = self.folder ~= "" and self.folder:gsub("/*$", "/")
  return before and name:sub(1, #before) == before and name:sub(#before + 1) or name
end

local function is_in_state(self, path)
  local state = self.state and self.state:gsub("/+$", "")
  if not state then return false end
  return path == state or path:sub(1, #state + 1) == state .. "/" or self.asset.holds(state, path)
end

--- Whether this is the name of a file of code.
---@param name string
function M.is_code(name)
  name = name:lower()
  return name:find "%.lua$" ~= nil or name:find "%.so$" ~= nil
end

-- What must neither be shown nor become something else: code, configuration, secrets.
local function why_closed(self, path, name)
  if is_in_state(self, path) then return "the state folder is closed" end
  if M.is_code(name) then return "code is closed" end
  for part in name:gmatch "[^/]+" do
    if part:find "^%.." and part ~= ".." then return "hidden files are closed" end
  end
  for _, file in ipairs(self.closed) do
    if self.asset.same(path, file) then return "this file is weiyue's own" end
  end
end

local function checked(self, name, path, why)
  if name:find("\0", 1, true) then return nil, "a path has no NUL", START end
  if not path then return nil, ("%s: %s"):format(name, why), START end
  why = why_closed(self, path, name)
  if why then return nil, ("%s: %s"):format(name, why), OTHER end
  return path
end

--- A file that is there and may be read.
---@param name string
---@return string? path
---@return string? why
---@return string[]? hint
function Confine:source(name)
  name = below(self, name)
  return checked(self, name, self.asset.find(self.folder, name))
end

--- Where a file goes. Folders that are missing are made.
---@param name string
---@return string? path
---@return string? why
---@return string[]? hint
function Confine:place(name)
  name = below(self, name)
  local path, why, hint = checked(self, name, self.asset.place(self.folder, name))
  if not path then return nil, why, hint end
  if name:lower():find "%.html$" then
    for _, folder in ipairs(self.templates) do
      if self.asset.holds(folder, path) then
        return nil, name .. ": a plugin would read it as its template", OTHER
      end
    end
  end
  local made
  for part in name:gmatch "([^/]+)/" do
    made = made and made .. "/" .. part or part
    local there
    there, why = self.asset.folder(self.folder, made)
    if there == false then there, why = self.files.mkdir(self.asset.place(self.folder, made)) end
    if not there then return nil, ("%s: %s"):format(name, why), START end
  end
  return path
end

--- What of a folder is not shown, though the folder is: nil: all is; else a function that tells of a file's path.
---@param folder string
---@return (fun(path: string): boolean)?
function Confine:shown(folder)
  local inside = {}
  for _, file in ipairs(self.closed) do
    if not file:find "%.html$" and self.asset.holds(folder, file) then inside[#inside + 1] = file end
  end
  local has_state = self.state and self.asset.holds(folder, self.state)
  if #inside == 0 and not has_state then return nil end
  return function(path)
    if has_state and is_in_state(self, path) then return false end
    for _, file in ipairs(inside) do
      if self.asset.same(path, file) then return false end
    end
    return true
  end
end

--- A plugin's request for weiyue.transport: its files become paths. Its parts are copied, as they are the plugin's.
---@param r weiyue.transport.Request
---@return boolean fine
---@return string? why
---@return string[]? hint
function Confine:request(r)
  local why, hint
  local function path_of(name, way)
    local path
    if name and not why then path, why, hint = self[way](self, name) end
    return path
  end
  r.file = path_of(r.file, "source")
  local parts = r.multipart and {}
  for i, part in ipairs(r.multipart or {}) do
    local copy = {}
    for key, value in pairs(part) do copy[key] = value end
    copy.file = path_of(part.file, "source")
    parts[i] = copy
  end
  r.multipart, r.to = parts, path_of(r.to, "place")
  return not why, why, hint
end

---@class weiyue.ConfineOptions
---@field folder string of the configuration
---@field state? string
---@field store? string the path of the store's file
---@field closed? string[] other files
---@field templates? string[] folders of plugins whose .html is read with them

---@param options weiyue.ConfineOptions
---@return weiyue.Confine
function M.new(options)
  local closed = table.move(options.closed or {}, 1, #(options.closed or {}), 1, {})
  for _, ending in ipairs(options.store and SQLITE or {}) do closed[#closed + 1] = options.store .. ending end
  return setmetatable({
    asset = require "weiyue.asset", files = require "weiyue.files", folder = options.folder, state = options.state,
    closed = closed, templates = options.templates or {},
  }, Confine)
end

return M
