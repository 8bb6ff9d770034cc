-- Requests that other sites' pages have made a browser send. Forms of pages carry a token that belongs to the
-- browser's session; routes, which scripts call, look at what browsers say of where a request comes from.

local core = require "weiyue_core"
local seal = require "weiyue.web.seal"

local M = {}

local SAFE <const> = { GET = true, HEAD = true, OPTIONS = true }

--- The token of a session.
---@param site table
---@param id string
---@return string
function M.token(site, id) return seal.tag("csrf " .. site.id, id) end

--- Whether browsers say that it comes from elsewhere. Who is no browser says nothing.
local function is_foreign(visit)
  local raw = visit.raw
  local from = raw:header "sec-fetch-site"
  if from then return from ~= "same-origin" and from ~= "none" end
  local origin = raw:header "origin"
  if not origin then return false end
  return origin ~= visit:origin()
end

--- nil: it may be handled; else why not.
---@param visit table
---@return string?
function M.fault(visit)
  local page = visit.page
  if SAFE[visit.req.method] or page.csrf == false then return nil end
  if is_foreign(visit) then return "origin" end
  if page.kind == "route" and not page.csrf then return nil end
  local id = visit:visitor()
  local given = visit.raw:header "x-csrf-token"
  if not given then
    local form = visit.req.form
    given = form and form.csrf
    if type(given) == "table" then given = given[1] end -- a page with `repeated`
  end
  if type(given) ~= "string" then return "missing" end
  if not id or not core.crypto.equal(given, M.token(visit.site, id)) then return "token" end
end

return M
