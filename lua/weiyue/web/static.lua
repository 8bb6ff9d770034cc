-- wx.static: a folder of the plugin's. What may leave it is decided in C, where it is opened; what of it is the
-- plugin's or the host's own is decided here.

local address = require "weiyue.web.address"
local confine = require "weiyue.confine"
local pages = require "weiyue.pages"
local responses = require "weiyue.web.response"
local security = require "weiyue.web.security"
local types = require "weiyue.web.types"

local M = {}

--- The fields and the part of an opened file that answer a request.
---@param visit table
---@param file table of weiyue.pages
---@param kind string its type
---@param more string further fields
---@param own? integer a status that is none of a file's, such as 404: it is sent as a whole
---@return integer status, string fields, table? file, integer? from, integer? n
function M.answer(visit, file, kind, more, own)
  local size, tag, date = file:facts()
  local status, from, n = own, 0, size
  if not own or own == 200 or own == 206 then status, from, n = file:choose(visit.raw) end
  local fields = ("ETag: %s\r\nLast-Modified: %s\r\nAccept-Ranges: bytes\r\n"):format(tag, date)
    .. security.common(visit:is_secure()) .. more
  if status == 304 then return status, fields end
  if status == 416 then return status, fields .. ("Content-Range: bytes */%d\r\n"):format(size) end
  if status ~= own and status ~= 200 and status ~= 206 then return status, fields end
  fields = fields .. "Content-Type: " .. kind .. "\r\n"
  if kind:find "^text/html" then fields = fields .. security.policy(visit.site) end
  if status == 206 then fields = fields .. ("Content-Range: bytes %d-%d/%d\r\n"):format(from, from + n - 1, size) end
  return status, fields, file, from, n
end

-- Code, templates beside it, and what else is no visitor's where a folder has more than it should.
local function is_closed(visit, page, name)
  if confine.is_code(name) or (page.is_own and name:lower():find "^[^/]*%.html$") then return true end
  if page.shown == nil then page.shown = visit.site.paths():shown(page.folder) or false end
  return page.shown and not page.shown(page.folder .. "/" .. name)
end

-- The same with a slash behind it, which what an index leads to is relative to.
local function with_slash(visit)
  local path, query = address.target(visit.raw, visit.base):match "^([^?]*)(.*)$"
  if not responses.is_own(path) then return nil end
  return 302, ("Location: %s/%s\r\n"):format(path, query) .. security.common(visit:is_secure())
end

--- Serves the file that a request asks for; nil: there is none.
---@param visit table
function M.serve(visit)
  local page, name = visit.page, visit.req.params.path -- nil: the folder without a slash
  local function open(of) return not is_closed(visit, page, of) and pages.open(page.folder, of) end
  local is_folder = name == "" or name and name:sub(-1) == "/"
  if is_folder then name = name .. "index.html" end
  local file = name and open(name)
  if not file then
    if is_folder or not open((name and name .. "/" or "") .. "index.html") then return nil end
    return with_slash(visit)
  end
  local cache = page.max_age and page.max_age > 0 and ("public, max-age=%d"):format(page.max_age) or "no-cache"
  return M.answer(visit, file, types.of(name), "Cache-Control: " .. cache .. "\r\n")
end

return M
