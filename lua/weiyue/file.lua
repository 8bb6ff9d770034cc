-- wx.file: a file of the plugin's own folder, in the place of a media_id. It is uploaded when a reply that has it
-- is given (weiyue.upload).

local M = {}

local NAME <const> = "weiyue.file"

-- Kept apart from the values: what a plugin writes into one changes nothing.
local known = setmetatable({}, { __mode = "k" })

---@class weiyue.file.Facts
---@field folder string
---@field name string    below the folder
---@field host { services?: weiyue.Services }

--- Which field of a reply takes a file, and as what it is uploaded; the pictures of articles beside them.
M.fields = {
  image = { media_id = "image" }, voice = { media_id = "voice" },
  video = { media_id = "video", thumb_media_id = "thumb" }, music = { thumb_media_id = "thumb" },
}
M.article = { pic_url = "picture" }

local methods = {}

local function served(file, name, account)
  local facts = known[file]
  if not facts then error(("call it with a colon: wx.file(…):%s(account)"):format(name), 3) end
  if not facts.host.services then error(("wx.file(…):%s: nothing is served here"):format(name), 3) end
  if type(account) ~= "table" or not account.id then
    error(("wx.file(…):%s wants an account, such as msg.account"):format(name), 3)
  end
  return facts.host.services.upload, facts
end

--- The media_id of the file at this account, uploaded if need be.
---@async
---@param account table msg.account
---@param kind? "image"|"voice"|"video"|"thumb"
---@return string? media_id
---@return weiyue.Fault? err
function methods.media_id(file, account, kind)
  local upload, facts = served(file, "media_id", account)
  local id, err = upload:media_id(account, kind or "image", facts)
  return id, err
end

--- The address of a picture for articles, uploaded if need be.
---@async
---@return string? url
---@return weiyue.Fault? err
function methods.url(file, account)
  local upload, facts = served(file, "url", account)
  local url, err = upload:media_id(account, "picture", facts)
  return url, err
end

local meta = {
  __name = NAME, __metatable = NAME, __index = methods,
  __tostring = function(file) return "wx.file " .. known[file].name end,
}

--- What a value stands for; nil: it is no file.
---@return weiyue.file.Facts?
function M.facts(value) return value ~= nil and known[value] or nil end

local function has(t, kinds)
  for key in pairs(kinds) do
    local value = rawget(t, key)
    if value ~= nil and known[value] then return true end
  end
  return false
end

--- Whether a reply has a file.
---@param reply table
---@return boolean
function M.is_in(reply)
  local kind = rawget(reply, "type")
  if kind ~= "news" then return M.fields[kind] ~= nil and has(reply, M.fields[kind]) end
  local articles = rawget(reply, "articles")
  for i = 1, type(articles) == "table" and rawlen(articles) or 0 do
    local article = rawget(articles, i)
    if type(article) == "table" and has(article, M.article) then return true end
  end
  return false
end

--- A plugin's own folder; a plugin that is one file has the one where it stands. nil: a bundled one.
---@param plugin { folder?: string, path?: string }
---@return string?
function M.folder_of(plugin)
  if plugin.folder then return plugin.folder end
  local path = plugin.path
  if not path or path:find "^weiyue:" then return nil end
  return path:match "^(.*)/[^/]*$" or "."
end

--- wx.file for one plugin.
---@param plugin { folder?: string, path?: string }
---@param host { services?: weiyue.Services } services: once there are any
function M.of(plugin, host)
  local folder = M.folder_of(plugin)
  return function(name)
    if type(name) ~= "string" or name == "" then error("wx.file wants a name, such as \"static/a.png\"", 2) end
    if name:find "^/" or ("/" .. name .. "/"):find("/../", 1, true) or name:find "%z" then
      error(("wx.file: %s leaves the plugin's folder (只能用插件自己文件夹里的文件)"):format(name), 2)
    end
    if not folder then error("wx.file: this plugin has no folder", 2) end
    local file = setmetatable({}, meta)
    if not plugin.loaded and plugin.files then -- told then, if it is not there
      local info = debug.getinfo(2, "Sl")
      local where = ("%s:%d"):format(info.short_src, info.currentline)
      plugin.files[#plugin.files + 1] = { folder = folder, name = name, where = where }
    end
    known[file] = { folder = folder, name = name, host = host }
    return file
  end
end

return M
