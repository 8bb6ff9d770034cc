-- From a row and arguments to what is sent. Pure: nothing is read, nothing is sent.

local api_error = require "weiyue.api.error"
local fields = require "weiyue.api.fields"
local multipart = require "weiyue.api.multipart"
local json = require "weiyue.json"
local url = require "weiyue.url"

local M = {}

local SLASH <const> = ("/"):byte()
local API <const> = "https://api.weixin.qq.com"
local BYTES_MAX <const> = 32 * 1024 * 1024 -- of a picture, a voice, a video that comes back

-- What a plugin could write instead.
local function example(field)
  return ("%s = %s"):format(field.name, require("weiyue.api.sample").of(field))
end

local function refused(row, fault)
  local some = fault.field and example(fault.field)
  local show = "weiyue api show " .. row.key
  return nil, api_error {
    code = "api.field", api = row.key, field = fault.path, message = fault.en, message_zh = fault.zh,
    hint = ("%s%s；%s 列出全部字段"):format(fault.zh, some and "，例如 " .. some or "", show),
    hint_en = ("%s%s lists all fields"):format(some and "for example " .. some .. "; " or "", show),
  }
end

local function text_of(value)
  if type(value) == "table" then return json.encode(value) end
  return tostring(value)
end

local function query_text(row, pairs_, token)
  local parts = {}
  if token then parts[1] = row.token .. "=" .. url.escape(token) end
  for _, pair in ipairs(pairs_) do
    parts[#parts + 1] = pair[1] .. "=" .. url.escape(text_of(pair[2]))
  end
  return table.concat(parts, "&")
end

local function base_of(row, ctx)
  if not row.host then
    local base = ctx.base or API
    return base:byte(-1) == SLASH and base:match "^(.-)/*$" or base
  end
  return ctx.hosts and ctx.hosts[row.host] or "https://" .. row.host
end

local function check_needs(row, args)
  if not row.needs then return nil end
  for _, name in ipairs(row.needs) do
    if args[name] ~= nil then return nil end
  end
  local words = table.concat(row.needs, " | ")
  return { path = row.needs[1], zh = "缺少其一：" .. words, en = "one of these is missing: " .. words }
end

-- The body by what the row sends; true or nil and a fault.
local bodies <const> = {}

function bodies.none() return true end

function bodies.json(request, body)
  local text, fault = fields.json(body)
  if not text then return nil, fault end
  request.body = text
  request.headers = { ["Content-Type"] = "application/json" }
  return true
end

function bodies.multipart(request, body, args)
  if #body > 0 then request.multipart = multipart.parts(body, args.type) end
  return true
end

function bodies.bytes(request, body)
  local data = body[1] and body[1][2]
  if type(data) == "string" then data = { data = data, type = "text/plain; charset=utf-8" } end
  request.body, request.file = data.data, not data.data and data.path or nil
  request.headers = { ["Content-Type"] = data.type or "application/octet-stream" }
  return true
end

---@class weiyue.api.Context what the account has
---@field base? string instead of https://api.weixin.qq.com
---@field hosts? table<string, string> the same for other hosts, by name
---@field token? string of the row's kind
---@field appid? string
---@field secret? string
---@field component_appid? string
---@field component_secret? string
---@field component_verify_ticket? string
---@field to? string a file that takes the bytes which come back
---@field max? integer how many bytes may come back

--- What weiyue.transport sends for a call. The url has the token and, in a few rows, the secret: it is never shown. Of
--- a row whose reply is "redirect", url is the result, and nothing is sent.
---@param row weiyue.api.Row
---@param args? table
---@param ctx weiyue.api.Context
---@return table? request, weiyue.api.Error? err
function M.build(row, args, ctx)
  args = args or {}
  if type(args) ~= "table" then error(("%s takes a table of fields"):format(row.key), 2) end
  local in_query, in_body = fields.take(row.query, row.body, args, ctx)
  if not in_query then return refused(row, in_body) end
  local fault = check_needs(row, args)
  if fault then return refused(row, fault) end
  if row.token and not ctx.token then
    return nil, api_error { code = "api.token", api = row.key, message = "no " .. row.auth,
      message_zh = "没有 " .. row.auth, hint = "这一步由宿主取：经 account.api 调用", hint_en = "account.api has the host fetch it" }
  end
  local request = { method = row.method }
  local ok, bad = bodies[row.content](request, in_body, args)
  if not ok then return refused(row, bad) end
  local query = query_text(row, in_query, row.token and ctx.token)
  request.url = base_of(row, ctx) .. row.path .. (query ~= "" and "?" .. query or "")
    .. (row.fragment and "#" .. row.fragment or "")
  if row.reply == "bytes" then request.max, request.to = ctx.max or BYTES_MAX, ctx.to end
  return request
end

return M
