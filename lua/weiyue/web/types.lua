-- What files are, by the ends of their names.

local M = {}

local UTF8 <const> = "; charset=utf-8"

local BY_END <const> = {
  html = "text/html" .. UTF8, htm = "text/html" .. UTF8, css = "text/css" .. UTF8, js = "text/javascript" .. UTF8,
  mjs = "text/javascript" .. UTF8, json = "application/json" .. UTF8, txt = "text/plain" .. UTF8,
  md = "text/plain" .. UTF8, csv = "text/csv" .. UTF8, xml = "application/xml" .. UTF8, svg = "image/svg+xml",
  png = "image/png", jpg = "image/jpeg", jpeg = "image/jpeg", gif = "image/gif", webp = "image/webp",
  avif = "image/avif", bmp = "image/bmp", ico = "image/x-icon", pdf = "application/pdf", zip = "application/zip",
  woff = "font/woff", woff2 = "font/woff2", ttf = "font/ttf", mp3 = "audio/mpeg", amr = "audio/amr", wav = "audio/wav",
  m4a = "audio/mp4", mp4 = "video/mp4", webm = "video/webm", wasm = "application/wasm",
  webmanifest = "application/manifest+json", map = "application/json" .. UTF8,
}

---@param name string
---@return string
function M.of(name)
  local ending = name:match "%.(%w+)$"
  return ending and BY_END[ending:lower()] or "application/octet-stream"
end

-- Parts of types that browsers show as documents with scripts in them, or take apart to such.
local ACTIVE <const> = { "html", "xml", "svg", "xsl", "mathml", "rdf", "^multipart/", "^message/" }

--- Whether a browser runs what is in it, or may.
---@param kind string
---@return boolean
function M.is_active(kind)
  kind = kind:lower()
  for _, part in ipairs(ACTIVE) do
    if kind:find(part) then return true end
  end
  return false
end

return M
