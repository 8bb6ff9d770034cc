-- msg:download: the picture, voice or video that a message came with, as bytes or as a file.

local core = require "weiyue_core"
local fault = require "weiyue.token.fault"

local M = {}

local MIB <const> = 1024 * 1024
local IN_MEMORY <const>, IN_FILE <const> = 10 * MIB, 100 * MIB -- bytes, where `max` does not say
local TIMEOUT <const> = 50 -- seconds of a video: a task has 60
local REDIRECTS <const> = 3

---@class weiyue.Download
---@field private call async fun(account: table, name: string, args: table, options?: table): any, any
---@field private send async fun(request: table): table?, any of weiyue.transport
---@field private paths weiyue.Confine
---@field private files table the module weiyue.files
local Download = {}
Download.__index = Download

local function refused(code, text, hint) return nil, fault(code, "msg:download: " .. text, hint) end

-- The bytes, or the address where they are.
---@async
function Download:fetch(msg, path, max)
  local reply, err = self.call(msg.account, "media.get", { media_id = msg.media_id }, { to = path, max = max })
  if not reply or not reply.video_url then return reply, err end
  local response
  response, err = self.send { method = "GET", url = reply.video_url, to = path, max = max, timeout = TIMEOUT,
    redirects = REDIRECTS, guard = true }
  if not response then return nil, err end
  if response.status ~= 200 then
    return refused("http.status", ("the video's address answers %d"):format(response.status))
  end
  return { path = response.path, body = response.body, type = response.headers["content-type"], size = response.size }
end

---@async
---@param msg weiyue.Message
---@param options { to?: string, max?: integer }
---@return { path?: string, data?: string, type?: string, size: integer }? media
---@return weiyue.Fault? err
function Download:run(msg, options)
  if not msg.media_id then return refused("media.none", ("a %s message has no media_id"):format(msg.type)) end
  local path
  if options.to then -- what a user sends must never become code, nor a part of weiyue's own
    local why, hint
    path, why, hint = self.paths:place(options.to)
    if not path then return refused("file.place", why, table.concat(hint, "；")) end
  end
  local part = path and ("%s.%s.part"):format(path, core.crypto.random_string(8)) -- what comes may be an error's text
  local _ <close> = setmetatable({}, { __close = function() -- the task may be ended while it waits
    if part then self.files.remove(part) end
  end })
  local media, err = self:fetch(msg, part, options.max or path and IN_FILE or IN_MEMORY)
  if media and part then
    local ok, why = os.rename(part, path)
    if not ok then media, err = refused("http.file", why) end
  end
  if not media then return nil, err end
  return { path = path, data = media.body, type = media.type, size = media.size or #media.body }
end

---@param options table the fields
---@return weiyue.Download
function M.new(options) return setmetatable(options, Download) end

return M
