-- HTTP for plugins: weiyue.http, and wx.http. Built on weiyue.transport with the guard always on; each plugin has
-- one of its own, which counts its calls.

local core = require "weiyue_core"
local nearest = require "weiyue.nearest"

local M = {}

-- What a request may say.
local FIELDS <const> = {
  method = "string", url = "string", query = "table", headers = "table", body = "string", json = "any", form = "table",
  file = "string", multipart = "table", timeout = "number", connect_timeout = "number", max = "number", to = "string",
  redirects = "number",
}
local BODIES <const> = { "body", "json", "form", "file", "multipart" }
local PART <const> = {
  name = "string", value = "any", file = "string", data = "string", filename = "string", type = "string",
}

local CALLS <const> = 100 -- at a time, where no configuration says it
local DOWNLOAD_MAX <const> = 64 * 1024 * 1024 -- bytes

local function check_fields(t, fields, what, level)
  for key, value in pairs(t) do
    local want = fields[key]
    if not want then
      local near = type(key) == "string" and nearest.slip(key, nearest.names(fields))
      error(("%s has no field %s%s"):format(what, tostring(key), near and "; the nearest is " .. near or ""), level + 1)
    end
    if want ~= "any" and type(value) ~= want and not (key == "query" and type(value) == "string") then
      error(("%s: %s must be a %s, not a %s"):format(what, key, want, type(value)), level + 1)
    end
  end
end

local function check_parts(parts, level)
  for i, part in ipairs(parts) do
    local what = ("http: multipart[%d]"):format(i)
    if type(part) ~= "table" then error(what .. " is a table", level + 1) end
    check_fields(part, PART, what, level + 1)
    if type(part.name) ~= "string" then error(what .. ": name is missing", level + 1) end
    local n = (part.value ~= nil and 1 or 0) + (part.file and 1 or 0) + (part.data and 1 or 0)
    if n ~= 1 then error(what .. " has one of value, file, data", level + 1) end
    if part.type and part.type:find "[%c]" then error(what .. ": type is one line", level + 1) end
  end
end

local function with_type(headers, value)
  for name in pairs(headers or {}) do
    if type(name) == "string" and name:lower() == "content-type" then return headers end
  end
  local copy = { ["Content-Type"] = value }
  for name, v in pairs(headers or {}) do copy[name] = v end
  return copy
end

-- One of the bodies, as transport.send takes it.
local function add_body(r, level)
  local first
  for _, name in ipairs(BODIES) do
    if r[name] ~= nil and first then
      error(("http: %s and %s are both given; a request has one of body, json, form, file, multipart")
        :format(first, name), level + 1)
    end
    if r[name] ~= nil then first = name end
  end
  if not first then return end
  r.method = r.method or "POST"
  if r.json ~= nil then
    local text, why = core.json.encode(r.json)
    if not text then error("http: json: " .. why, level + 1) end
    r.body, r.json, r.headers = text, nil, with_type(r.headers, "application/json; charset=utf-8")
  elseif r.form then
    r.body, r.form, r.headers = core.form.encode(r.form), nil, with_type(r.headers, "application/x-www-form-urlencoded")
  elseif r.multipart then
    check_parts(r.multipart, level + 1)
  end
end

-- The request for transport.send. options: what the plugin has said besides; what: its name for errors; level: of
-- the plugin's line.
local function build(url, method, options, what, level)
  local r = { url = url, method = method }
  if options == nil then return r end
  if type(options) ~= "table" then error(what .. ": the options are a table", level + 1) end
  check_fields(options, FIELDS, what, level + 1)
  for key, value in pairs(options) do r[key] = value end
  if r.method then r.method = r.method:upper() end
  add_body(r, level + 1)
  if r.to and not r.max then r.max = DOWNLOAD_MAX end -- what is kept in memory has the cap of always
  return r
end

--- HTTP of one plugin.
---@param plugin table { name }
---@param host? { calls?: (fun(): integer), services?: weiyue.Services } calls: how many at a time; services: once
---  there are any
---@return table http
function M.new(plugin, host)
  local transport = require "weiyue.transport"
  local most = host and host.calls
  local calls = 0
  local ended <const> = setmetatable({}, { __close = function() calls = calls - 1 end })
  local H = {}

  local function send(r)
    if calls >= (most and most() or CALLS) then
      return nil, transport.error("http.busy", ("the plugin %s has %d calls under way (limits.calls)")
        :format(plugin.name, calls))
    end
    if r.file or r.to or r.multipart then
      if not (host and host.services) then error("http: no files from here: nothing is served", 3) end
      local fine, why, hint = host.services.paths:request(r)
      if not fine then return nil, transport.error("http.file", why, false, hint) end
    end
    calls = calls + 1
    local _ <close> = ended
    return transport.send(r)
  end

  local function url_of(what, url)
    if type(url) ~= "string" then error(("%s wants a URL, not a %s"):format(what, type(url)), 3) end
    return url
  end

  ---@async
  function H.request(t)
    if type(t) ~= "table" then error("http.request wants a table: { url = …, method = … }", 2) end
    if type(t.url) ~= "string" then error("http.request: url is missing", 2) end
    local response, err = send(build(t.url, nil, t, "http.request", 2)) -- no tail call: errors name the plugin's line
    return response, err
  end

  -- With a body it would be a POST.
  local function without_body(what, options)
    for _, name in ipairs(BODIES) do
      if type(options) == "table" and options[name] ~= nil then
        error(("%s has no %s: a request with a body is http.post, or http.request with its method")
          :format(what, name), 3)
      end
    end
  end

  for name, method in pairs { get = false, head = "HEAD", delete = "DELETE" } do
    local what = "http." .. name
    H[name] = function(url, options)
      if name ~= "delete" then without_body(what, options) end
      local response, err = send(build(url_of(what, url), method or nil, options, what, 2))
      return response, err
    end
  end

  for name, method in pairs { post = "POST", put = "PUT", patch = "PATCH" } do
    local what = "http." .. name
    H[name] = function(url, options)
      if type(options) == "string" then options = { body = options } end
      local response, err = send(build(url_of(what, url), method, options, what, 2))
      return response, err
    end
  end

  ---@async
  function H.download(url, path, options)
    if type(path) ~= "string" or path == "" then error("http.download wants a URL and a path", 2) end
    without_body("http.download", options)
    local r = build(url_of("http.download", url), nil, options, "http.download", 2)
    r.to, r.max = path, r.max or DOWNLOAD_MAX
    local response, err = send(r)
    if response and not response:ok() then
      return nil, transport.error("http.status", ("the answer has status %d"):format(response.status), true)
    end
    return response, err
  end

  return H
end

return M
