-- Drives every endpoint from the table: arguments for it, and what must then be sent. What is expected is read from
-- wechat-api.tsv by a few lines of their own, not by the program's reader of fields. Whoever has a request, built or
-- received, gives it to `differences`.

local api_table = require "spec.support.api_table"
local catalogue = require "weiyue.api.catalogue"
local json = require "weiyue.json"
local sample = require "weiyue.api.sample"
local url = require "weiyue.url"

local M = {}

--- What an account has, all of it made up.
M.ctx = {
  token = "wxtest-token", appid = "wxtest0123456789ab", secret = "wxtest-secret", component_appid = "wxtestcomponent",
  component_secret = "wxtest-component-secret", component_verify_ticket = "wxtest-ticket",
}

-- Names at the outside of "a,b?,c[<=50],d{e,f}|g(x|y)": { name, optional, alternative, constant }.
local function outer_names(text)
  local list, depth, word, joined = {}, 0, "", false
  local function close(next_sign)
    local name, tail = word:match "^%s*([%a_][%w_]*)(.*)$"
    if name then
      local first, last = name:match "%d+$", tail:match "^%.%.(%d+)"
      local one = { optional = tail:find("?", 1, true) ~= nil, alternative = joined or next_sign == "|" or next_sign == "+",
                    constant = tail:match "^=([%w_%.%-]+)" }
      if last then
        for i = math.tointeger(tonumber(first)), math.tointeger(tonumber(last)) do list[name:gsub("%d+$", "") .. i] = one end
      else
        list[name] = one
      end
    end
    joined, word = next_sign == "|" or next_sign == "+", ""
  end
  for c in text:gmatch "." do
    if c:find "[%(%[{]" then depth = depth + 1
    elseif c:find "[%)%]}]" then depth = depth - 1
    elseif depth == 0 and c:find "[,|+&]" then close(c)
    elseif depth == 0 then word = word .. c end
  end
  close ""
  return list
end

-- The table's own words, where the program reads the row as it stands there; else those of the reading.
local function expected(row)
  local query = outer_names(row.query)
  for old, new in pairs(row.read.renamed or {}) do query[new], query[old] = query[old], nil end
  for name in pairs(outer_names(row.read.query or "")) do query[name] = query[name] or { optional = true } end
  local body = row.read.body and row.read.body:gsub("%f[%w_][%w_]+>", function(tag) return tag:sub(1, -2) .. "," end):gsub("/", "|")
  return {
    method = row.method, host = row.host ~= "" and row.host or "api.weixin.qq.com", path = row.path, query = query,
    body = outer_names(body or row.fields or ""), content = row.body, auth = row.auth, response = row.response,
  }
end

---@class spec.ApiCall
---@field key string
---@field row weiyue.api.Row the program's
---@field args table
---@field n integer which of the row's alternatives
---@field expected table

--- Calls fn(call) for each row of the table, with each of its alternatives.
---@param fn fun(call: spec.ApiCall)
---@param once? boolean only the first alternative of each
function M.each(fn, once)
  for _, row in ipairs(api_table.rows()) do
    local own = assert(catalogue.find(row.key), row.key)
    for n = 1, once and 1 or sample.count(own) do
      local args = sample.arguments(own, n)
      for _, field in ipairs(own.body or {}) do -- files are data here: nothing is read
        if field.type == "file" and args[field.name] then
          args[field.name] = { data = "\xFF\xD8\xFF wxtest", filename = "测试.jpg" }
        end
      end
      fn { key = row.key, row = own, args = args, n = n, expected = expected(row) }
    end
  end
end

local function parse_query(text)
  local query = {}
  for name, value in (text or ""):gmatch "([^&=]+)=([^&]*)" do query[name] = url.unescape((value:gsub("+", " "))) end
  return query
end

local TOKEN_NAMES <const> = { access_token = { access_token = true }, oauth_access_token = { access_token = true }, none = {},
                              component_access_token = { access_token = true, component_access_token = true } }

---@class spec.ApiRequest what was built, or what a server has received
---@field method string
---@field host string
---@field path string
---@field query? string
---@field body? string
---@field parts? { name: string, filename?: string }[] of a multipart body

--- What is not as the table has it: a list of sentences, empty when all is well.
---@param call spec.ApiCall
---@param got spec.ApiRequest
---@return string[]
function M.differences(call, got)
  local want, list = call.expected, {}
  local function say(...) list[#list + 1] = call.key .. ": " .. (...):format(select(2, ...)) end
  for _, name in ipairs { "method", "host", "path" } do
    if got[name] ~= want[name] then say("%s is %s, not %s", name, got[name], want[name]) end
  end
  local query, tokens = parse_query(got.query), 0
  for name, value in pairs(query) do
    if TOKEN_NAMES[want.auth][name] and not (want.query[name] and want.auth == "none") then
      tokens = tokens + 1
      if want.auth ~= "oauth_access_token" and value ~= M.ctx.token then say("the token is %s", value) end
    elseif not want.query[name] then say("the table has no parameter %s", name)
    elseif want.query[name].constant and name ~= "lang" and name ~= "format" and value ~= want.query[name].constant then
      say("%s is %s, not %s", name, value, want.query[name].constant)
    end
  end
  if tokens ~= (want.auth == "none" and 0 or 1) then say("%d tokens in the query of auth=%s", tokens, want.auth) end
  for name, one in pairs(want.query) do
    if not one.optional and query[name] == nil then say("parameter %s is missing", name) end
  end
  if want.content == "json" then
    local body = got.body and json.decode(got.body)
    if not body then
      say("the body is no JSON: %s", tostring(got.body))
    else
      for name in pairs(body) do
        if not want.body[name] and not got.open then say("the table has no field %s", name) end
      end
      for name, one in pairs(want.body) do
        if not (one.optional or one.alternative) and body[name] == nil then say("field %s is missing", name) end
        if one.constant and body[name] ~= nil and tostring(body[name]) ~= one.constant then
          say("%s is %s, not %s", name, tostring(body[name]), one.constant)
        end
      end
    end
  elseif want.content:find "^multipart" then
    local file = want.content:match "%((%w+)"
    for i, part in ipairs(got.parts or {}) do
      if part.name == file and not part.filename then say("part %d has no file name", i) end
    end
    if got.parts and got.parts[1] and not (function()
      for _, part in ipairs(got.parts) do if part.name == file then return true end end
    end)() then say("no part %s", file) end
  elseif want.content == "raw" then
    if not got.body then say("nothing in the body") end
  elseif got.body and got.body ~= "" then
    say("a body where the table has none")
  end
  return list
end

--- A built request, as `differences` takes it.
---@param request table what weiyue.api.request.build gives
---@return spec.ApiRequest
function M.of_request(request)
  local host, path, rest = request.url:match "^https://([^/]+)([^?#]*)(.*)$"
  return { method = request.method, host = host, path = path, query = rest:match "^%?([^#]*)", body = request.body,
           parts = request.multipart }
end

return M
