-- What WeChat takes as a picture, a voice, a video, a thumb: kinds of file and sizes.

local M = {}

local MB <const> = 1024 * 1024

-- By type: the endings, the most bytes, the code beyond that.
local TEMPORARY <const> = {
  image = { "bmp png jpeg jpg gif", 10 * MB, 40009 }, voice = { "amr mp3", 2 * MB, 40010 },
  video = { "mp4", 10 * MB, 40011 }, thumb = { "jpg jpeg", 64 * 1024, 40012 },
}
local PERMANENT <const> = {
  image = TEMPORARY.image, voice = { "mp3 wma wav amr", 2 * MB, 40010 }, video = TEMPORARY.video,
  thumb = TEMPORARY.thumb,
}
M.TEMPORARY, M.PERMANENT = TEMPORARY, PERMANENT
M.PICTURE = { image = { "jpg jpeg png", 1 * MB, 40009 } }

-- How files begin; what begins otherwise is taken by its ending.
local MAGIC <const> = {
  { "^\xFF\xD8\xFF", "jpg" }, { "^\x89PNG", "png" }, { "^GIF8", "gif" }, { "^BM", "bmp" }, { "^#!AMR", "amr" },
  { "^ID3", "mp3" }, { "^....ftyp", "mp4" }, { "^%%PDF", "pdf" }, { "^RIFF....WAVE", "wav" }, { "^PK\3\4", "zip" },
}
local SAME <const> = { jpeg = "jpg" }

M.TYPES = {
  jpg = "image/jpeg", jpeg = "image/jpeg", png = "image/png", gif = "image/gif", bmp = "image/bmp", amr = "audio/amr",
  mp3 = "audio/mpeg", wav = "audio/wav", wma = "audio/x-ms-wma", mp4 = "video/mp4",
  pdf = "application/pdf",
}

local function ending_of(filename) return (filename:match "%.([%w]+)$" or ""):lower() end

--- Checks an upload.
---@param file { filename: string, data: string }
---@param kind string
---@param rules table TEMPORARY, PERMANENT or PICTURE
---@return string? ending, integer? errcode
function M.check(file, kind, rules)
  local rule = rules[kind]
  if not rule then return nil, 40004 end
  if file.data == "" then return nil, 44001 end
  if file.filename == "" then return nil, 41005 end
  local ending = ending_of(file.filename)
  local function allowed(one) return one ~= "" and (" " .. rule[1] .. " "):find(" " .. one .. " ", 1, true) end
  if not allowed(ending) then return nil, 40005 end
  for _, magic in ipairs(MAGIC) do
    if file.data:find(magic[1]) and not allowed(magic[2]) then return nil, 40005 end
  end
  if #file.data > rule[2] then return nil, rule[3] end
  return SAME[ending] or ending
end

return M
