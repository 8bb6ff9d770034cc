-- The sandbox as a server: WeChat's API at its own paths, its OAuth pages, jweixin.js, and the chat page. The plugin
-- weiyue:sandbox calls start.

local api = require "weiyue.sandbox.api"
local core = require "weiyue_core"
local desk = require "weiyue.sandbox.desk"
local guest = require "weiyue.guest"
local library = require "weiyue.sandbox.library"
local open = require "weiyue.sandbox.open"
local runtimes = require "weiyue.sandbox.runtime"
local task = require "weiyue.task"

local json, time = core.json, core.time

local M = {}

local METHODS <const> = { "GET", "POST", "PUT", "PATCH", "DELETE" }
local LISTEN <const> = 30 -- seconds of one look at the other host's log

-- --- WeChat's API ---

---@async
local function answer_api(wx, runtime, req)
  runtime.call_started = time.monotonic()
  local response = api.handle(runtime.world, {
    method = req.method, host = req:header "host", path = req.path, query = req.query, headers = req.headers,
    body = req.body,
  })
  runtime.call_started = nil
  if response.delay then task.sleep(response.delay) end
  if response.drop then return wx.response { drop = true } end
  return wx.response { status = response.status, headers = response.headers, body = response.body }
end

-- --- the chat page ---

-- It shows pages of the hosts under test in a frame, and their pictures.
local POLICY <const> = "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; "
  .. "img-src 'self' data: blob: http: https:; media-src 'self' data: blob: http: https:; frame-src http: https:; "
  .. "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

local function page_file(path)
  local page = require("weiyue.files").page
  if page then return page("sandbox", path) end
end

local function answer_page(wx, path, max_age)
  local bytes, kind = page_file(path)
  if not bytes then return wx.response { status = 404, body = "not found" } end
  return wx.response { headers = {
    ["content-type"] = kind, ["content-security-policy"] = POLICY, ["cache-control"] = max_age or "no-cache",
  }, body = bytes }
end

--- Declares all of it.
---@param wx table of the plugin
function M.start(wx)
  if not guest.there() then error("the sandbox is run by `weiyue sandbox`", 2) end
  local runtime = runtimes.new { setup = assert(json.decode(wx.config.setup)), path = wx.config.path }
  wx.page("/", { methods = { "GET" } }, function() return answer_page(wx, "index.html") end)
  wx.route("GET", "/assets/*path", function(req)
    return answer_page(wx, "assets/" .. req.params.path, "public, max-age=31536000, immutable")
  end)
  desk.routes(wx, runtime)
  open.routes(wx, runtime)
  wx.route("GET", "/mmbiz/*path", function(req)
    local file = library.file(runtime.world, req.path)
    if not file then return wx.response { status = 404, body = "not found" } end
    return wx.response {
      headers = { ["content-type"] = file.type, ["content-security-policy"] = "sandbox" }, body = file.data,
    }
  end)
  for _, method in ipairs(METHODS) do
    wx.route(method, "/*path", { raw = true }, function(req) return answer_api(wx, runtime, req) end)
  end
  wx.every(LISTEN .. "s", function() runtime:listen(LISTEN - 0.5) end, { name = "log" })
  wx.after("0.05s", function() runtime:listen(LISTEN - 0.5) end)
end

return M
