-- Upload: files as media ids. A file is uploaded once for an account and a use of it, and its id is kept, in the
-- store as well, until WeChat forgets it.

local core = require "weiyue_core"
local fault = require "weiyue.token.fault"
local files = require "weiyue.file"
local flight = require "weiyue.flight"
local keep = require "weiyue.keep"

local M = {}

local KIB <const>, MIB <const> = 1024, 1024 * 1024
local KEPT <const> = 3 * 86400 -- seconds that WeChat keeps what media.upload sent
local MARGIN <const> = 3600 -- seconds before that in which it is uploaded anew
local LOCK <const>, PATIENCE <const> = 60000, 30000 -- ms: of one upload among workers and processes
local BUSY <const>, PAUSE <const> = -1, 0.5 -- WeChat's errcode; seconds before another try
local MEMORY <const> = 1000 -- files that are remembered

-- What may be uploaded as what: bytes, and forms by what a file begins with.
M.kinds = {
  image = { max = 10 * MIB, forms = { "jpg", "png", "gif" } },
  voice = { max = 2 * MIB, forms = { "amr", "mp3" } },
  video = { max = 10 * MIB, forms = { "mp4" } },
  thumb = { max = 64 * KIB, forms = { "jpg" } },
  picture = { max = MIB, forms = { "jpg", "png" } }, -- of articles: an address, which stays
}

local FORMS <const> = {
  { "jpg", "^\xFF\xD8\xFF" }, { "png", "^\x89PNG\r\n\x1A\n" }, { "gif", "^GIF8[79]a" }, { "amr", "^#!AMR" },
  { "mp3", "^ID3" }, { "mp3", "^\xFF[\xE2\xE3\xF2\xF3\xFA\xFB]" }, { "mp4", "^....ftyp" },
}

local function form_of(head)
  for _, form in ipairs(FORMS) do
    if head:find(form[2]) then return form[1] end
  end
end

---@class weiyue.Upload
---@field private kv fun(): weiyue.KV?
---@field private asset table the module weiyue.asset
---@field private digests table<string, { stamp: string, sha256: string, form?: string }> by path
---@field private ids table<string, { id: string, ends: number }>
---@field private origins table<string, { kind: string, facts: weiyue.file.Facts }> by id
---@field private fly function
local Upload = {}
Upload.__index = Upload

-- A table that forgets everything when it has become large.
local function remember(self, name, key, value)
  local count = name .. "_n"
  if self[name][key] == nil then self[count] = (self[count] or 0) + 1 end
  if self[count] > MEMORY then self[name], self[count] = {}, 1 end
  self[name][key] = value
end

local function wrong(facts, code, message, hint) return fault(code, ("%s: %s"):format(facts.name, message), hint) end

-- The file as it is now: path, bytes, digest and form.
---@async
---@return { path: string, bytes: integer, sha256: string, form?: string }?
---@return weiyue.Fault? err
function Upload:look(facts, limit)
  local path, bytes, stamp = self.asset.find(facts.folder, facts.name)
  if not path then
    return nil, wrong(facts, "file.missing", bytes, "文件放在插件自己的文件夹里；put it into the plugin's own folder")
  end
  if bytes == 0 then return nil, wrong(facts, "file.empty", "it is empty") end
  if bytes > limit.max then
    return nil, wrong(facts, "file.large", ("%d bytes, and WeChat takes %d"):format(bytes, limit.max),
      "压缩后再用；make it smaller")
  end
  local known = self.digests[path]
  if known and known.stamp == stamp then
    return { path = path, bytes = bytes, sha256 = known.sha256, form = known.form }
  end
  local digest <close>, why = self.asset.digest(path)
  if not digest then return nil, wrong(facts, "file.missing", why) end
  local sha256, head = digest:step()
  while sha256 == nil do
    self.breathe()
    sha256, head = digest:step()
  end
  if not sha256 then return nil, wrong(facts, "file.missing", head) end
  local form = form_of(head)
  remember(self, "digests", path, { stamp = stamp, sha256 = sha256, form = form })
  return { path = path, bytes = bytes, sha256 = sha256, form = form }
end

local function allows(limit, form)
  for _, one in ipairs(limit.forms) do
    if one == form then return true end
  end
  return false
end

-- A name that says what the file is, in ASCII: what it is called here is nobody's business.
---@async
function Upload:post(account, kind, found)
  local is_picture = kind == "picture"
  local name = is_picture and "media.upload_img" or "media.upload"
  local args = { media = { path = found.path, filename = "upload." .. found.form } }
  if not is_picture then args.type = kind end
  local reply, err = self.call(account, name, args)
  if not reply and err and err.code == BUSY then -- an upload is worth a second try, whatever became of the first
    self.breathe(PAUSE)
    reply, err = self.call(account, name, args)
  end
  if not reply then return nil, err end
  local id = is_picture and reply.url
  if not is_picture then id = reply.media_id or reply.thumb_media_id end
  if type(id) ~= "string" then
    return nil, fault("api.protocol", "the answer has no " .. (is_picture and "url" or "media_id"), nil, { api = name })
  end
  return id
end

local function decode(text)
  local kept = text and core.json.decode(text)
  if type(kept) ~= "table" or type(kept.id) ~= "string" or type(kept.ends) ~= "number" then return nil end
  return kept.ends > core.time.now() and kept or nil
end

local function warn(account, text)
  core.log.write("warn", "media.cache_failed", tostring(text), { account = account.id })
end

-- One upload, unless somebody else has done it while we waited for our turn.
---@async
---@return { id: string, ends: number }?
---@return weiyue.Fault? err
function Upload:send(account, kind, found, key, stale)
  local kv = self.kv()
  local fence, failed
  if kv then fence, failed = kv:lock(key, LOCK, PATIENCE) end
  if failed then warn(account, failed) end
  local _ <close> = setmetatable({}, { __close = function()
    if fence then pcall(keep.unlock, kv, key, fence) end
  end })
  local kept = kv and decode((kv:get(key)))
  if kept and kept.id ~= stale then return kept end
  local began = core.time.now()
  local id, err = self:post(account, kind, found)
  if not id then return nil, err end
  kept = { id = id, ends = kind == "picture" and math.huge or began + KEPT - MARGIN }
  if kv then
    local ttl = kind ~= "picture" and (KEPT - MARGIN) * 1000 or nil
    local text = core.json.encode { id = id, ends = ttl and kept.ends or 1e15 }
    local ok, why = kv:set(key, text, ttl)
    if not ok then warn(account, why) end
  end
  return kept
end

---@async
---@param account table msg.account
---@param kind "image"|"voice"|"video"|"thumb"|"picture"
---@param facts weiyue.file.Facts
---@param stale? string an id that WeChat does not know any more
---@return string? id of a picture: its address
---@return weiyue.Fault? err
function Upload:media_id(account, kind, facts, stale)
  local limit = M.kinds[kind]
  if not limit then error("a file is uploaded as image, voice, video or thumb, not as " .. tostring(kind), 3) end
  local found, err = self:look(facts, limit)
  if not found then return nil, err end
  if not allows(limit, found.form) then
    return nil, wrong(facts, "file.type", ("as %s WeChat takes %s"):format(kind, table.concat(limit.forms, ", ")),
      "看的是内容，不是后缀；by its contents, whatever its name ends with")
  end
  local key = keep.key("m", account.id, found.sha256, kind)
  local kept = self.ids[key]
  if not kept or kept.id == stale or kept.ends <= core.time.now() then
    kept, err = self.fly(key, function()
      local kv = not stale and self.kv()
      local known = kv and decode((kv:get(key)))
      if known then return known end
      return self:send(account, kind, found, key, stale)
    end)
    if not kept then return nil, err end
    remember(self, "ids", key, kept)
    remember(self, "origins", kept.id, { kind = kind, facts = facts })
  end
  return kept.id
end

--- The id that stands for the same file, for one that WeChat has forgotten; nil: it was no file's, or could not
--- be uploaded.
---@async
---@param account table
---@param id string
---@return string? id
function Upload:renew(account, id)
  local origin = self.origins[id]
  if not origin then return nil end
  return (self:media_id(account, origin.kind, origin.facts, id))
end

--- A reply that has waited, with the ids that its files have now.
---@async
---@param account table
---@param reply weiyue.Reply
---@return weiyue.Reply
function Upload:freshen(account, reply)
  for key in pairs(type(reply) == "table" and files.fields[reply.type] or {}) do
    local origin = self.origins[reply[key]]
    reply[key] = origin and self:media_id(account, origin.kind, origin.facts) or reply[key]
  end
  return reply
end

-- A copy of the reply, or of an article, with ids in the place of files.
---@async
local function filled(self, account, t, kinds)
  local copy = {}
  for key, value in next, t do
    local kind = kinds[key]
    local facts, err = kind and files.facts(value), nil
    if facts then value, err = self:media_id(account, kind, facts) end
    if value == nil then return nil, err end
    copy[key] = value
  end
  return copy
end

--- A reply with ids in the place of its files; itself where it has none.
---@async
---@param account table msg.account
---@param reply weiyue.Reply
---@return weiyue.Reply? reply
---@return weiyue.Fault? err
function Upload:fill(account, reply)
  if not files.is_in(reply) then return reply end
  local kind = rawget(reply, "type")
  if kind ~= "news" then return filled(self, account, reply, files.fields[kind]) end
  local articles = {}
  for i, article in ipairs(rawget(reply, "articles")) do
    local whole, err = article, nil
    if type(article) == "table" then whole, err = filled(self, account, article, files.article) end
    if not whole then return nil, err end
    articles[i] = whole
  end
  return { type = "news", articles = articles }
end

---@class weiyue.UploadOptions
---@field kv fun(): weiyue.KV?
---@field call async fun(account: table, name: string, args: table): any, any of WeChat's API
---@field asset table the module weiyue.asset
---@field breathe async fun(seconds?: number) lets others run

---@param options weiyue.UploadOptions
---@return weiyue.Upload
function M.new(options)
  return setmetatable({
    kv = options.kv, call = options.call, asset = options.asset, breathe = options.breathe, fly = flight.new(),
    digests = {}, ids = {}, origins = {},
  }, Upload)
end

return M
