-- What loading reads: weiyue.lua, plugins, the modules they require. A generation is built several times,
-- once for each worker, and must be the same each time, however busy an editor is: so everything goes
-- through one object that remembers what it answered, and another one answers from that memory alone.
--
-- Not part of it: bundled plugins, which are in the program, and variables of the environment.

local core = require "weiyue_core"

local M = {}

local TOTAL <const> = 16 * 1024 * 1024 -- bytes of all files: they stand in the state's memory while it is built

---@class weiyue.Snapshot plain tables of texts
---@field files table<string, string>    by path
---@field errors table<string, string>   why a file could not be read, by path
---@field globs table<string, string[]>  by pattern
---@field kinds table<string, string>    by path; what is absent was not there

---@class weiyue.Sources
---@field read fun(path: string): string?, string?, integer?  the text, or nil, "path: why" and errno
---@field glob fun(pattern: string): string[]?, string?       paths, sorted
---@field kind fun(path: string): string?                     "file", "folder", "other"; nil: nothing is there
---@field snapshot fun(): weiyue.Snapshot                     what was answered so far
---@field changed fun(): string?                              something that would be answered otherwise by now

local function hex(c) return ("\\x%02X"):format(c:byte()) end

--- A path or message as text: control characters as \x01, and where it is not UTF-8 all that is not ASCII.
---@param s string
---@return string
function M.printable(s)
  s = s:gsub("%c", hex)
  return core.text.valid(s) and s or (s:gsub("[\x80-\xFF]", hex))
end

local function empty() return { files = {}, errors = {}, globs = {}, kinds = {} } end

--- Reads the disk, each path once.
---@return weiyue.Sources
function M.disk()
  local disk = require "weiyue.files"
  local seen, absent, bytes = empty(), {}, 0
  local S = {}

  function S.read(path)
    if seen.files[path] then return seen.files[path] end
    if seen.errors[path] then return nil, seen.errors[path] end
    local text, err, number = disk.read(path)
    if text and bytes + #text > TOTAL then
      text, err = nil, ("%s: all sources together are larger than %d MiB"):format(path, TOTAL // (1024 * 1024))
    end
    if not text then
      seen.errors[path] = err
      return nil, err, number
    end
    bytes = bytes + #text
    seen.files[path] = text
    return text
  end

  -- A snapshot is text: a name that is none stands in it as it is printed, and is no file's.
  local function glob(pattern)
    local list, err = disk.glob(pattern)
    if not (list and core.text.valid(pattern)) then return list, err end
    for i, path in ipairs(list) do
      if not core.text.valid(path) then list[i] = M.printable(path) end
    end
    return list
  end

  function S.glob(pattern)
    if seen.globs[pattern] then return seen.globs[pattern] end
    local list, err = glob(pattern)
    seen.globs[pattern] = list
    return list, err
  end

  function S.kind(path)
    if seen.kinds[path] or absent[path] then return seen.kinds[path] end
    local kind = disk.kind(path)
    seen.kinds[path], absent[path] = kind, not kind or nil
    return kind
  end

  function S.snapshot() return seen end

  -- Read one after another, the files are of one moment when none of them has changed since.
  function S.changed()
    for path, text in pairs(seen.files) do
      if disk.read(path) ~= text then return path end
    end
    for path in pairs(seen.errors) do
      if disk.read(path) then return path end
    end
    for path, kind in pairs(seen.kinds) do
      if disk.kind(path) ~= kind then return path end
    end
    for path in pairs(absent) do
      if disk.kind(path) then return path end
    end
    for pattern, list in pairs(seen.globs) do
      if table.concat(glob(pattern) or {}, "\n") ~= table.concat(list, "\n") then return pattern end
    end
    return nil
  end

  return S
end

--- Answers from a snapshot and touches no disk: what is not in it is not there.
---@param snapshot weiyue.Snapshot
---@return weiyue.Sources
function M.replay(snapshot)
  local S = {}

  function S.read(path)
    local text = snapshot.files[path]
    if text then return text end
    return nil, snapshot.errors and snapshot.errors[path] or path .. ": not in the snapshot"
  end

  function S.glob(pattern)
    local list = snapshot.globs[pattern]
    if list then return list end
    return nil, pattern .. ": not in the snapshot"
  end

  function S.kind(path) return snapshot.kinds[path] end

  function S.snapshot() return snapshot end

  function S.changed() return nil end

  return S
end

return M
