-- Parts of a form with files. WeChat judges a file by the ending of its name, takes a part without a name for none, and
-- does not know filename*=.

local fields = require "weiyue.api.fields"

local M = {}

-- First bytes → the ending of such files, and their type.
local MAGIC <const> = {
  { "^\xFF\xD8\xFF", ".jpg", "image/jpeg" }, { "^\x89PNG", ".png", "image/png" }, { "^GIF8", ".gif", "image/gif" },
  { "^BM", ".bmp", "image/bmp" }, { "^#!AMR", ".amr", "audio/amr" }, { "^ID3", ".mp3", "audio/mpeg" },
  { "^\xFF[\xE2-\xFB]", ".mp3", "audio/mpeg" }, { "^....ftyp", ".mp4", "video/mp4" },
  { "^%%PDF", ".pdf", "application/pdf" },
}
local BY_KIND <const> = { image = ".jpg", thumb = ".jpg", voice = ".mp3", video = ".mp4" }
local TYPES <const> = { [".jpeg"] = "image/jpeg", [".txt"] = "text/plain" }
for _, row in ipairs(MAGIC) do TYPES[row[2]] = row[3] end

local function ending_of(data, kind)
  for _, row in ipairs(MAGIC) do
    if data and data:find(row[1]) then return row[2] end
  end
  return BY_KIND[kind] or ".dat"
end

-- Raw UTF-8, and nothing that would end the quotes or the line.
local function clean(name) return (name:gsub('[%c"\\/]', "_")) end

-- A file's part. kind: the `type` of the call.
local function file_part(name, value, kind)
  local filename = value.filename or (value.path and value.path:match "[^/\\]+$") or ""
  if filename == "" then filename = name end
  local ending = filename:match "%.[%w]+$"
  if not ending then
    ending = ending_of(value.data, kind)
    filename = filename .. ending
  end
  return {
    name = name, filename = clean(filename), type = value.type or TYPES[ending:lower()] or "application/octet-stream",
    data = value.data, file = not value.data and value.path or nil,
  }
end

--- The parts, in the order of the row.
---@param body table { name, value } in order
---@param kind? string "image", "voice" …
---@return table[]
function M.parts(body, kind)
  local list = {}
  for i, pair in ipairs(body) do
    local name, value = pair[1], pair[2]
    if type(value) == "table" and (value.data or value.path) then
      list[i] = file_part(name, value, kind)
    else
      list[i] = { name = name, value = type(value) == "table" and assert(fields.json(value)) or tostring(value) }
    end
  end
  return list
end

return M
