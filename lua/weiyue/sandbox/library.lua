-- Everything of an account that has a media_id: temporary media (3 days), permanent material, news, drafts. Whatever
-- takes a media_id looks it up here; other families put their own in (drafts are kind "permanent", type "news").

local ids = require "weiyue.sandbox.ids"

local M = {}

M.LIFE = 3 * 86400 -- seconds, of temporary media
local MOST <const> = 200 -- temporary media that are kept; the oldest go first
local BYTES <const> = 32 * 1024 * 1024 -- of these, together

local function library(account)
  local kept = account.library
  if not kept then
    kept = { items = {}, temporary = {}, bytes = 0 }
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
  item.created_at = math.floor(now)
  kept.items[item.media_id] = item
  if item.kind == "temporary" then
    item.ends = now + M.LIFE
    kept.temporary[#kept.temporary + 1], kept.bytes = item.media_id, kept.bytes + size(item)
    while #kept.temporary > MOST or (kept.bytes > BYTES and #kept.temporary > 1) do remove_oldest(kept) end
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
function M.remove(account, media_id) library(account).items[media_id] = nil end

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
