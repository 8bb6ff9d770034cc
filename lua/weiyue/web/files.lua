-- Files that browsers send: req.files. They lie under random names in the state folder and go with their request,
-- unless a handler saves them. What their names and types say is the sender's word.

local types = require "weiyue.web.types"

local M = {}

local NAME <const> = "weiyue.upload"
local OF <const> = {} -- private key: { raw, part, visit }

-- What a file is by its first bytes.
local MAGIC <const> = {
  { "\x89PNG\r\n\x1a\n", "image/png" }, { "\xFF\xD8\xFF", "image/jpeg" }, { "GIF87a", "image/gif" },
  { "GIF89a", "image/gif" }, { "%PDF-", "application/pdf" }, { "PK\3\4", "application/zip" },
}

-- Types that a browser would run or render with scripts in them.
local function is_active(kind) return types.is_active(kind) or kind:find "script" ~= nil end

local function kind_of(head, declared)
  for _, row in ipairs(MAGIC) do
    if head:sub(1, #row[1]) == row[1] then
      local is_office = row[2] == "application/zip" and declared:find "^application/"
        and not is_active((declared:gsub("openxml", "")))
      return is_office and declared or row[2]
    end
  end
  if head:sub(1, 4) == "RIFF" and head:sub(9, 12) == "WEBP" then return "image/webp" end
  if declared == "" or declared:find "^image/" or is_active(declared) then return "application/octet-stream" end
  return declared
end

local methods, fields = {}, {}

local function own(file, method)
  if getmetatable(file) ~= NAME then error(("call it with a colon: file:%s(…)"):format(method), 3) end
  local of = file[OF]
  if not of.path then error(("file:%s: the file was saved already"):format(method), 3) end
  return of
end

-- Its type, as far as its bytes bear it out.
function fields.type(file)
  local of = file[OF]
  local opened = of.path and of.open(of.path)
  return kind_of(opened and opened:read(16) or "", file.declared:lower():match "^[%w!#$&^_.+/-]*")
end

--- Its first bytes: all of them, unless max says less.
---@param max? integer default 1 MiB
function methods.read(file, max)
  local of = own(file, "read")
  local opened, err = of.open(of.path)
  if not opened then return nil, err end
  return opened:read(max or 1048576)
end

--- Keeps it: path is below the folder of weiyue.lua.
---@param path string
---@return true? ok
---@return weiyue.Error? err
function methods.save(file, path)
  local of = own(file, "save")
  if type(path) ~= "string" or path == "" then error("file:save wants a path", 2) end
  local fault = require("weiyue.keep").fault
  local place, why, hint = of.paths():place(path)
  if not place then return nil, fault("file.path", why, hint and table.concat(hint, "；")) end
  local ok, err = of.raw:take(of.part, place)
  if not ok then return nil, fault("file.write", ("%s: %s"):format(path, err)) end
  of.path = nil
  return true
end

local Meta <const> = {
  __name = NAME, __metatable = NAME,
  __index = function(file, key)
    if methods[key] then return methods[key] end
    local make = fields[key]
    if not make then return nil end
    local value = make(file)
    rawset(file, key, value)
    return value
  end,
  __tostring = function(file) return ("upload of %d bytes"):format(file.size) end,
}

--- Whether this is a file that came with a request.
function M.is(value) return getmetatable(value) == NAME end

--- Where it lies; nil: it was saved.
function M.path(file) return file[OF].path end

--- The fields and files of a multipart form.
---@param raw table
---@param paths fun(): weiyue.Confine
---@param repeated boolean
---@return table? fields nil: the request has no such form
---@return table? files by the name of their field, and in order
function M.read(raw, paths, repeated)
  local parts = raw:parts()
  if not parts then return nil end
  local form, files = {}, {}
  local open = require("weiyue.pages").open_path
  for _, part in ipairs(parts) do
    local name = part.name
    if part.part then
      -- a browser sends a field without a file as an empty one
      if part.size > 0 or part.filename ~= "" then
        local file = setmetatable({
          name = name, filename = part.filename, declared = part.type, size = part.size,
          [OF] = { raw = raw, part = part.part, path = part.path, paths = paths, open = open },
        }, Meta)
        files[#files + 1] = file
        files[name] = files[name] or file
      end
    elseif repeated then
      form[name] = form[name] or {}
      table.insert(form[name], part.value)
    else
      form[name] = part.value
    end
  end
  return form, files
end

return M
