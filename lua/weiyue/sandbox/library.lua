-- Everything of an account that has a media_id: temporary media (3 days), permanent material, news, drafts. Whatever
-- takes a media_id looks it up here; other families put their own in: a draft is {kind = "permanent", type = "news",
-- draft = true, articles = {…}}.

local ids = require "weiyue.sandbox.ids"

local M = {}

M.LIFE = 3 * 86400 -- seconds, of temporary media
local PERMANENT_BYTES <const> = 64 * 1024 * 1024 -- of material together
local MOST <const> = 200 -- temporary media that are kept; the oldest go first
local BYTES <const> = 32 * 1024 * 1024 -- of these, together

local function library(account)
  local kept = account.library
  if not kept then
    kept = { items = {}, temporary = {}, bytes = 0, permanent_bytes = 0, serial = 0 }
    account.library = kept
  end
  return kept
end

local function size(item) return item.data and #item.data or 0 end

local function remove_oldest(kept)
  local id = table.remove(kept.temporary, 1)
  local item = kept.items[id]
  if item then kept.items[id], kept.bytes = nil, kept.bytes - size(item) end
end

--- Adds an item; its media_id is made up where it has none.
---@param world weiyue.sandbox.World
---@param account table
---@param item { kind: "temporary"|"permanent", type: string, data: string? } and what else belongs to it
---@return table item with media_id and created_at
function M.add(world, account, item)
  local kept, now = library(account), world.now()
  item.media_id = item.media_id or ids.text(world.random, item.kind == "temporary" and 64 or 43)
  item.created_at, item.serial = math.floor(now), kept.serial
  kept.serial = kept.serial + 1
  kept.items[item.media_id] = item
  if item.kind == "temporary" then
    item.ends = now + M.LIFE
    kept.temporary[#kept.temporary + 1], kept.bytes = item.media_id, kept.bytes + size(item)
    while #kept.temporary > MOST or (kept.bytes > BYTES and #kept.temporary > 1) do remove_oldest(kept) end
  else
    kept.permanent_bytes = kept.permanent_bytes + size(item)
  end
  return item
end

--- An item that is there and has not expired.
---@return table?
function M.find(world, account, media_id)
  local item = library(account).items[media_id]
  if item and (not item.ends or item.ends > world.now()) then return item end
end

--- Removes an item.
function M.remove(account, media_id)
  local kept = library(account)
  local item = kept.items[media_id]
  if item and not item.ends then kept.permanent_bytes = kept.permanent_bytes - size(item) end
  kept.items[media_id] = nil
end

--- Whether so many bytes more may stay.
function M.has_room(account, bytes) return library(account).permanent_bytes + bytes <= PERMANENT_BYTES end

--- The material of a type, newest first; drafts are none.
---@param type string
---@return table[]
function M.list(account, type)
  local list = {}
  for _, item in pairs(library(account).items) do
    if item.kind == "permanent" and item.type == type and not item.draft then list[#list + 1] = item end
  end
  table.sort(list, function(a, b) return a.serial > b.serial end)
  return list
end

---@return integer
function M.count(account, type) return #M.list(account, type) end

--- The address of an item's file.
function M.url(world, item)
  return ("%s/mmbiz/%s%s"):format(world.base, item.media_id, item.ending and "." .. item.ending or "")
end

--- The file that such an address names, of whatever account.
---@param path string "/mmbiz/…"
---@return { data: string, type: string }?
function M.file(world, path)
  local media_id, ending = path:match "^/mmbiz/([%w_%-]+)%.?(%w*)$"
  for _, appid in ipairs(media_id and world.appids or {}) do
    local item = M.find(world, world:account(appid), media_id)
    if item and item.data then
      return { data = item.data, type = require("weiyue.sandbox.files").TYPES[ending] or "application/octet-stream" }
    end
  end
end

--- Checks that there is such an item, of one of some types.
---@param types string "image", "image thumb"
---@return table? item, integer? errcode
function M.need(world, account, media_id, types)
  local item = M.find(world, account, media_id)
  if not item then return nil, 40007 end
  if not (" " .. types .. " "):find(" " .. item.type .. " ", 1, true) then return nil, 40121 end
  return item
end

return M
