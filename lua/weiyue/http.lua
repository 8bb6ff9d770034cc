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
local PART <const> = { name = "string", value = "any", file = "string", data = "string", filename = "string", type = "string" }

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

-- The request for transport.send. level: of the plugin's line.
local function prepare(t, level)
  check_fields(t, FIELDS, "http", level + 1)
  if not t.url then error("http: url is missing", level + 1) end
  local n = 0
  for _, key in ipairs(BODIES) do
    if t[key] ~= nil then n = n + 1 end
  end
  if n > 1 then error("http: one of body, json, form, file, multipart", level + 1) end
  local r = {
    method = t.method and t.method:upper() or n > 0 and "POST" or nil, url = t.url, query = t.query, headers = t.headers,
    body = t.body, file = t.file, multipart = t.multipart, timeout = t.timeout, connect_timeout = t.connect_timeout,
    max = t.max or t.to and DOWNLOAD_MAX or nil, to = t.to, redirects = t.redirects,
  }
  if t.json ~= nil then
    local text, why = core.json.encode(t.json)
    if not text then error("http: json: " .. why, level + 1) end
    r.body, r.headers = text, with_type(t.headers, "application/json; charset=utf-8")
  elseif t.form then
    r.body, r.headers = core.form.encode(t.form), with_type(t.headers, "application/x-www-form-urlencoded")
  elseif t.multipart then
    check_parts(t.multipart, level + 1)
  end
  return r
end

local function merged(options, more, what, level)
  if options ~= nil and type(options) ~= "table" then
    error(("%s: the options are a table"):format(what), level + 1)
  end
  local t = {}
  for key, value in pairs(options or {}) do t[key] = value end
  for key, value in pairs(more) do t[key] = value end
  return t
end

--- HTTP of one plugin.
---@param plugin table { name }
---@param most? fun(): integer how many calls it may have at a time; default 100
---@return table http
function M.new(plugin, most)
  local transport = require "weiyue.transport"
  local calls = 0
  local ended <const> = setmetatable({}, { __close = function() calls = calls - 1 end })
  local H = {}

  local function send(t, level)
    local r = prepare(t, level + 1)
    if calls >= (most and most() or CALLS) then
      return nil, transport.error("http.busy", ("the plugin %s has %d calls under way (limits.calls)")
        :format(plugin.name, calls))
    end
    calls = calls + 1
    local _ <close> = ended
    local response, err = transport.send(r)
    return response, err
  end

  local function url_of(what, url)
    if type(url) ~= "string" then error(("http.%s wants a URL, not a %s"):format(what, type(url)), 3) end
    return url
  end

  ---@async
  function H.request(t)
    if type(t) ~= "table" then error("http.request wants a table: { url = …, method = … }", 2) end
    local response, err = send(t, 2)
    return response, err
  end

  for name, method in pairs { get = "GET", head = "HEAD", delete = "DELETE" } do
    H[name] = function(url, options)
      local t = merged(options, { url = url_of(name, url), method = method }, "http." .. name, 2)
      local response, err = send(t, 2)
      return response, err
    end
  end

  for name, method in pairs { post = "POST", put = "PUT", patch = "PATCH" } do
    H[name] = function(url, options)
      if type(options) == "string" then options = { body = options } end
      local t = merged(options, { url = url_of(name, url), method = method }, "http." .. name, 2)
      local response, err = send(t, 2)
      return response, err
    end
  end

  ---@async
  function H.download(url, path, options)
    if type(path) ~= "string" or path == "" then error("http.download wants a URL and a path", 2) end
    local t = merged(options, { url = url_of("download", url), to = path }, "http.download", 2)
    local response, err = send(t, 2)
    if response and not response:ok() then
      return nil, transport.error("http.status", ("the answer has status %d"):format(response.status), true)
    end
    return response, err
  end

  return H
end

return M
