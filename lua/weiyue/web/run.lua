-- One request, from C's call to what C sends: the handler, its session, its answer.

local cookies = require "weiyue.web.cookies"
local core = require "weiyue_core"
local csrf = require "weiyue.web.csrf"
local files = require "weiyue.web.files"
local layout = require "weiyue.web.layout"
local limits = require "weiyue.limits"
local render = require "weiyue.web.render"
local requests = require "weiyue.web.request"
local responses = require "weiyue.web.response"
local security = require "weiyue.web.security"
local types = require "weiyue.web.types"

local M = {}

local HTML <const>, TEXT <const> = "text/html; charset=utf-8", "text/plain; charset=utf-8"
local JSON <const> = "application/json; charset=utf-8"
local NOT_KEPT <const> = "Cache-Control: no-store\r\n" -- what depends on who asks is nobody else's
local call <const> = limits.call

-- What people read when there is no page.
local SAYS <const> = {
  [400] = { "请求不对", "The request is malformed." },
  [403] = { "请返回上一页，刷新后再试", "Go back, reload the page and try again." },
  [404] = { "没有这个页面", "There is no such page." },
  [500] = { "出错了，请稍后再试", "Something went wrong; please try again later." },
  [503] = { "现在太忙，请稍后再试", "Too busy; please try again later." },
}

-- What the log says of a form that was refused.
local CSRF <const> = {
  missing = "no csrf token: write {{{ csrf_field }}} inside the form, or send the header x-csrf-token",
  token = "the csrf token is not this browser's: the form is old, or its cookie is gone",
  origin = "another site's page has sent it",
}

local function error_answer(visit, status, why)
  local says = SAYS[status] or SAYS[500]
  if visit.page.kind == "page" then
    return responses.new { status = status, headers = { ["content-type"] = HTML },
      body = layout.wrap(("<h1>%s</h1><p>%s</p>"):format(says[1], says[2]), says[1]) }
  end
  return responses.new { status = status, body = { error = why } }
end

local function log(level, event, visit, fields)
  local text = fields.text or ""
  fields.text = nil
  fields.account, fields.page = visit.site.id, visit.page.pattern
  fields.plugin, fields.where = visit.page.plugin, visit.page.where
  core.log.write(level, event, text, fields)
end

-- A text whose type nobody has said is HTML of a page, and plain text of a route, whatever it begins with.
local function typed(page, text)
  if page.kind ~= "page" then return text, TEXT end
  return layout.is_whole(text) and text or layout.wrap(text), HTML
end

-- The value of a handler as a response: a table of status, headers, body, file or stream.
local function normal(visit, value, err)
  local page = visit.page
  local kind = type(value)
  if kind == "table" then
    if render.is(value) then return { body = render.html(value, visit), kind = HTML } end
    if responses.is(value) then return value end
  end
  if kind == "string" then
    value, kind = typed(page, value)
    return { body = value, kind = kind }
  end
  if kind == "table" then return { body = value } end
  if value == nil and err ~= nil then
    log("warn", "handler.error", visit, { text = tostring(err) })
    return error_answer(visit, 500, "internal")
  end
  if value == nil and page.kind == "route" then return { status = 204, body = "" } end
  if not value then return error_answer(visit, 404, "not_found") end
  error(("%s: a %s cannot be an answer: return a text, a table, wx.render or wx.response"):format(page.where, kind), 0)
end

local function set_cookies(visit, own)
  local list, is_secure = {}, visit:is_secure()
  for name, cookie in pairs(visit.to_set) do
    if own[name] == nil then list[#list + 1] = cookies.field(name, cookie, visit.site, is_secure) end
  end
  for name, cookie in pairs(own) do list[#list + 1] = cookies.field(name, cookie, visit.site, is_secure) end
  return table.concat(list)
end

-- Our fields and a handler's own, which take the place of ours; false leaves one out.
local function with_own(base, visit, response)
  local own, headers = {}, {}
  for name, value in pairs(response.headers or {}) do own[name:lower()] = value end
  if next(own) == nil then return base end
  for line in base:gmatch "[^\n]*\n" do
    local name = line:match "^[^:]+":lower()
    if own[name] == nil or name == "content-type" then headers[#headers + 1] = line end
  end
  for name, value in pairs(own) do
    if value and name ~= "content-type" then
      if name == "location" and response.own then value = visit.base .. value end
      headers[#headers + 1] = ("%s: %s\r\n"):format(name, value)
    end
  end
  return table.concat(headers)
end

-- The fields of an answer.
local function fields_of(visit, response, kind, extra)
  local is_secure = visit:is_secure()
  if not (response.headers or response.cookies or visit.nonce or next(visit.to_set)) then -- as most are
    local site, name = visit.site, is_secure
    if kind ~= HTML or extra ~= NOT_KEPT then name = tostring(name) .. (kind or "") .. (extra or "") end
    local known = site.fields[name]
    if known then return known end
    known = security.common(is_secure)
      .. (kind and kind:find "^text/html" and security.policy(site) or "") .. (extra or "")
      .. (kind and "Content-Type: " .. kind .. "\r\n" or "")
    if site.n_fields < 64 then site.fields[name], site.n_fields = known, site.n_fields + 1 end
    return known
  end
  local base = security.common(is_secure)
  if kind and kind:find "^text/html" then base = base .. security.policy(visit.site, visit.nonce) end
  local fields = with_own(base .. (extra or ""), visit, response)
  if kind then fields = fields .. "Content-Type: " .. kind .. "\r\n" end
  local set = response.cookies or {}
  if next(visit.to_set) or next(set) then fields = fields .. set_cookies(visit, set) end
  return fields
end

local function content_type(response)
  if not response.headers then return nil end
  for name, value in pairs(response.headers) do
    if name:lower() == "content-type" then return value and tostring(value) or nil end
  end
end

local function answer_file(visit, response)
  local pages = require "weiyue.pages"
  local path, why
  local kind = content_type(response)
  if files.is(response.file) then
    path, kind = files.path(response.file), kind or response.file.type
  else
    local facts = require("weiyue.file").facts(response.file)
    if facts then
      path, kind = facts.folder .. "/" .. facts.name, kind or types.of(facts.name)
    else
      path, why = visit.site.paths():source(tostring(response.file))
      kind = kind or types.of(tostring(response.file))
    end
  end
  local file = path and pages.open_path(path)
  if not file then
    log("warn", "page.file", visit, { text = why or "there is no such file" })
    return error_answer(visit, 404, "not_found")
  end
  local more = NOT_KEPT
  -- a page of a user's making would speak with the site's voice
  if response.download or types.is_active(kind) then
    local name = response.download or "download"
    more = more .. ("Content-Disposition: attachment; filename*=UTF-8''%s\r\n"):format(core.url.escape(name))
  end
  local status, fields, part, from, n = require("weiyue.web.static").answer(visit, file, kind, more, response.status)
  fields = with_own(fields, visit, response) .. set_cookies(visit, response.cookies or {})
  return nil, table.pack(status, fields, part, from, n)
end

---@async
local function answer_stream(visit, response)
  local raw, kind = visit.raw, content_type(response) or "application/octet-stream"
  local is_events = kind:find "^text/event%-stream" ~= nil
  local extra = NOT_KEPT .. (is_events and "X-Accel-Buffering: no\r\n" or "")
  local ok, code = raw:begin(response.status or 200, fields_of(visit, response, kind, extra), nil, is_events)
  if not ok then
    if code == "stream.many" then log("warn", "http.streams", visit, { text = "more streams than limits.streams" }) end
    return error_answer(visit, 503, code)
  end
  if raw:mute() then return nil end
  visit.is_streaming = true
  call(response.stream, require("weiyue.web.stream").new(raw))
  if visit.session then requests.save(visit) end
  return nil
end

local function body_of(visit, response)
  local body, kind = response.body, content_type(response) or response.kind
  if type(body) == "table" then
    local text, err = core.json.encode(body)
    if not text then error("this table is no JSON: " .. tostring(err), 0) end
    return text, kind or JSON
  end
  body = body or ""
  if kind or body == "" then return body, kind end
  return typed(visit.page, body)
end

-- status, fields, body | file, from, n: what C sends.
---@async
local function finish(visit, response)
  if visit.session and not requests.save(visit) then response = error_answer(visit, 503, "session") end
  if response.drop then return 0, "", "" end
  if response.headers then -- also what was put in after the response was made
    local fault = responses.headers_fault(response.headers)
    if fault then error(("%s: %s"):format(visit.page.where, fault), 0) end
  end
  if response.stream then
    response = answer_stream(visit, response)
    if not response then return end
  elseif response.file ~= nil then
    local refused, parts = answer_file(visit, response)
    if parts then return table.unpack(parts, 1, parts.n) end
    response = refused
  end
  local body, kind = body_of(visit, response)
  local page = visit.page
  if page.jssdk and kind and kind:find "^text/html" then
    body = layout.into_head(body, require("weiyue.jssdk").head(visit.req, page.jssdk))
  end
  local fields = fields_of(visit, response, kind, NOT_KEPT)
  return response.status or 200, fields, body
end

---@async
local function handle(visit)
  local page = visit.page
  local fault = csrf.fault(visit)
  if fault then
    log("info", "page.csrf", visit, { reason = fault, text = CSRF[fault] })
    return error_answer(visit, 403, "csrf")
  end
  if page.login then
    local response = require("weiyue.oauth").enter(visit.req, page)
    if response then return normal(visit, response) end
  end
  if page.uses_session then requests.foresee(visit) end
  local rule <const> = page.rule -- whose code it is: weiyue.caller looks for a local named so
  local value, err = call(page.handler, visit.req)
  return normal(visit, value, err), rule
end

--- A request of a site. What it gives is C's to send; nothing: a stream, which was sent.
---@async
---@param site table of weiyue.web.sites
---@param page table
---@return integer? status, string? fields, string|table|nil body, integer? from, integer? n
function M.serve(site, page, raw, number, base, method, path, query, cookie, params)
  local visit, why = requests.new(site, page, raw, number, base, method, path, query, cookie, params)
  if why then
    log("info", "page.malformed", visit, { text = why })
    return finish(visit, error_answer(visit, 400, "malformed"))
  end
  if page.kind == "static" then
    local status, fields, file, from, n = require("weiyue.web.static").serve(visit)
    if status then return status, fields, file, from, n end
    return finish(visit, error_answer(visit, 404, "not_found"))
  end
  return finish(visit, (handle(visit)))
end

return M
