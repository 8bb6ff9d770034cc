-- req: a request as a handler gets it. What is rarely used is made when it is asked for.

local address = require "weiyue.web.address"
local cookies = require "weiyue.web.cookies"
local core = require "weiyue_core"
local csrf = require "weiyue.web.csrf"
local files = require "weiyue.web.files"
local seal = require "weiyue.web.seal"
local task = require "weiyue.task"
local visitors = require "weiyue.web.visitors"

local M = {}

local NAME <const> = "weiyue.request"
local NONE <const> = {}
local VISITOR_TTL <const> = 30 * 86400 -- seconds

---@class weiyue.web.Visit one request, for weiyue's own code
---@field req table
---@field raw table
---@field site table
---@field page table
---@field base string
---@field cookie? string
---@field to_set table<string, any> cookies that are set whatever the handler returns
---@field is_streaming? boolean its stream has begun
local Visit = {}
Visit.__index = Visit

-- The visit of a request: a private key, which plugins do not come upon.
local OF <const> = {}

--- The visit that a request belongs to.
---@param req table
---@return weiyue.web.Visit
function M.visit(req) return req[OF] end

--- Whether this is a request.
function M.is(value) return getmetatable(value) == NAME end

-- Scheme and host.
function Visit:located()
  local place = self.place
  if not place then
    place = address.origin(self.raw, self.site)
    self.place = place
  end
  return place
end

--- "https://wx.example.cn"
function Visit:origin()
  local place = self:located()
  return place[1] .. "://" .. place[2]
end

function Visit:is_secure() return self:located()[1] == "https" end

function Visit:own_cookies()
  if not self.all_cookies then self.all_cookies = cookies.read(self.cookie) end
  return self.all_cookies
end

-- Its name, and what it is sealed for.
local function visitor_cookie(visit)
  local site, is_secure = visit.site, visit:is_secure()
  local known = site.visitor_cookies[is_secure]
  if not known then
    local name = (is_secure and "__Host-wy-" or "wy-") .. site.id
    known = { name, cookies.purpose(site.id, name) }
    site.visitor_cookies[is_secure] = known
  end
  return known[1], known[2]
end

--- A cookie to set, whatever the handler returns.
function Visit:set(name, cookie)
  if self.to_set == NONE then self.to_set = {} end
  self.to_set[name] = cookie
end

--- The name under which a browser is known; nil: it is not, yet.
function Visit:visitor()
  local id, _ = self.visitor_id, nil
  if id == nil then
    id = false
    if self.cookie then
      local name, purpose = visitor_cookie(self)
      local token, left = cookies.one(self.cookie, name), nil
      if token then id, _, left = seal.open(purpose, token) end
      self.is_old = id and left < VISITOR_TTL / 2
      id = id or false
    end
    self.visitor_id = id
  end
  return id or nil
end

--- The same; it is given one where it has none.
function Visit:known_visitor()
  local id = self:visitor()
  if not id then
    id = core.crypto.random_string(22)
    self.visitor_id, self.is_unknown = id, true
    self:set((visitor_cookie(self)), { id, max_age = VISITOR_TTL })
  end
  return id
end

local PATIENCE <const>, EACH <const> = 2, 0.02 -- seconds

-- The user's messages wait while a page has his session, as they wait for one another; and it waits for them, though
-- not for long: what two change at a time is put together field by field.
---@async
local function hold(visit, openid)
  local push, number = visit.site.push, visit.req.push
  for _ = 1, PATIENCE // EACH do
    if push.hold(number, openid) then return end
    task.sleep(EACH)
  end
end

local sessions -- weiyue.session, once a page has asked for one

--- The session of a request, as msg:session: that of the user who is logged in, or of the browser.
---@async
---@param req table
---@return table? session
---@return weiyue.Error? err
function M.session(req)
  local visit = req[OF]
  if visit.session then return visit.session end
  sessions = sessions or require "weiyue.session"
  local user, site, page = req.user, visit.site, visit.page
  local openid = user and not user.snapshot and user.openid
  local value, err
  if openid then
    if not visit.is_streaming then hold(visit, openid) end -- a stream may last: nobody waits for it
    local its = require("weiyue.oauth.login").owner(user)
    visit.session_of = { push = req.push, account = its or req.account, openid = openid, where = page.where }
    value, err = sessions.of(visit.session_of)
    if not value then site.push.release(req.push) end
  else
    local id = visit:known_visitor()
    local from = visit.is_unknown and visitors.unknown or site.visitors
    visit.state, err = sessions.visit(req.account, id, from, page.where)
    value = visit.state and visit.state.value
    if value and visit.is_old then -- who comes back keeps his session
      visit:set((visitor_cookie(visit)), { id, max_age = VISITOR_TTL })
      visit.state.renews = true
    end
  end
  if not value then return nil, err end
  visit.session, page.uses_session = value, true
  return value
end

--- What has changed of it is kept, before the answer leaves.
---@async
---@param visit weiyue.web.Visit
---@return boolean kept false: it is lost
function M.save(visit)
  if visit.state then return sessions.write(visit.state) end
  local kept = sessions.save(visit.session_of, visit.page.where)
  visit.site.push.release(visit.req.push)
  return kept
end

--- Reads the session of a page that used one before: here, where nothing looks after each instruction. Its browser is
--- known, or nothing is read.
---@async
---@param visit weiyue.web.Visit
function M.foresee(visit)
  if visit.req.user or visit:visitor() then M.session(visit.req) end
end

local fields, methods = {}, {}

-- There are none.
function fields.query() return {} end
function fields.params() return {} end

function fields.headers(_, visit) return visit.raw:headers() end

function fields.cookies(_, visit)
  local signed = {}
  for name, value in pairs(visit:own_cookies()) do
    signed[name] = seal.open(cookies.purpose(visit.site.id, name), value)
  end
  return signed
end

function fields.raw_cookies(_, visit) return visit:own_cookies() end

function fields.ip(_, visit) return (visit.raw:client()) end

function fields.url(_, visit) return visit:origin() .. address.target(visit.raw, visit.base) end

function fields.nonce(_, visit)
  visit.nonce = core.crypto.random_string(22)
  return visit.nonce
end

function fields.csrf(_, visit) return csrf.token(visit.site, visit:known_visitor()) end

---@async
function fields.session(req) return (assert(M.session(req))) end

function fields.body(_, visit) return visit.raw:body() end

--- The value of a header.
---@param name string
function methods.header(req, name)
  local visit = M.is(req) and req[OF] or error("call it with a colon: req:header(name)", 2)
  return visit.raw:header(name)
end

--- Sets a cookie, whatever the handler returns.
---@param name string
---@param cookie string|table|false
function methods.set_cookie(req, name, cookie)
  local visit = M.is(req) and req[OF] or error("call it with a colon: req:set_cookie(name, cookie)", 2)
  local fault = cookies.fault(name, cookie)
  if fault then require("weiyue.caller").misuse("req:set_cookie: " .. fault) end
  visit:set(name, cookie)
end

local Meta <const> = {
  __name = NAME, __metatable = NAME,
  __index = function(req, key)
    local make = fields[key]
    if make then
      local value = make(req, req[OF])
      rawset(req, key, value)
      return value
    end
    return methods[key]
  end,
  __tostring = function(req) return ("request %s %s"):format(req.method, req.path) end,
}

--- The first value of each name.
local function firsts(lists)
  for name, list in pairs(lists) do lists[name] = list[1] end
  return lists
end

-- Reads the body where it is a form or JSON. nil, why: it is malformed.
local function read_body(req, visit)
  local raw = visit.raw
  local kind = raw:header "content-type"
  kind = kind and kind:lower():match "^%s*([^;%s]*)" or ""
  if kind == "application/x-www-form-urlencoded" then
    local form, err = core.form.parse(raw:body(), { repeated = visit.page.repeated })
    if not form then return nil, err end
    req.form = form
  elseif kind == "multipart/form-data" then
    req.form, req.files = files.read(raw, function() return visit.site.paths() end, visit.page.repeated)
  elseif kind == "application/json" or kind:find "^application/[%w.-]+%+json$" then
    local text = raw:body()
    if text == "" then return true end
    local value, err = core.json.decode(text, { depth = visit.site.json_depth })
    if value == nil then return nil, tostring(err) end
    req.json = value
  end
  return true
end

--- A request and its visit. why: what it says is malformed; it has neither query nor body then. Both tables have room
--- from the start for what most requests put there.
---@param site table
---@param page table
---@param raw table
---@param number integer
---@param base string
---@param method string
---@param path string below base
---@param query string as sent
---@param cookie? string all that came with it
---@param params? table<string, string>
---@return weiyue.web.Visit visit
---@return string? why
function M.new(site, page, raw, number, base, method, path, query, cookie, params)
  local visit = setmetatable({
    req = false, raw = raw, site = site, page = page, base = base, cookie = cookie, to_set = NONE, place = nil,
    visitor_id = nil, session = nil, state = nil,
  }, Visit)
  local req = setmetatable({
    account = site.object, method = method, path = path, params = params, base = base, push = number, user = nil,
    query = nil, [OF] = visit,
  }, Meta)
  visit.req = req
  if query ~= "" then
    local lists, err = core.form.parse(query, { repeated = true })
    if not lists then return visit, err or "malformed" end
    req.query = firsts(lists)
  end
  if method ~= "GET" and method ~= "HEAD" and not page.raw then
    local ok, err = read_body(req, visit)
    if not ok then return visit, err or "malformed" end
  end
  return visit
end

return M
