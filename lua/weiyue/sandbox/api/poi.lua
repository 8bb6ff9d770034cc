-- The sandbox: stores (POI). Each is reviewed before it can be changed.

local event = require "weiyue.sandbox.event"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local int, number, text = values.int, values.number, values.text

local M = {}

local MOST <const> = 1000
local REVIEW <const> = 5 -- seconds
local FIRST <const> = 271262077
local CHECKING <const>, PASSED <const>, REFUSED <const> = 2, 3, 4 -- available_state

local function state(account)
  account.poi = account.poi or { stores = shelf.new(MOST), gone = shelf.new(MOST), serial = FIRST }
  return account.poi
end

--- The review refuses the next store.
---@param world table
---@param appid string
---@param reason string
function M.refuse_next(world, appid, reason) state(world:account(appid)).verdict = reason end

local function find(ctx, poi_id)
  local id = tostring(poi_id)
  local store = state(ctx.account).stores:get(id)
  if not store then return nil, state(ctx.account).gone:get(id) and 65116 or 65115 end
  if store.review and ctx.world.now() >= store.review.at then
    store.info.available_state, store.review = store.review.state, nil
  end
  return store
end

local function review(ctx, store)
  local s = state(ctx.account)
  local reason = s.verdict
  s.verdict = nil
  store.review = { at = ctx.world.now() + REVIEW, state = reason and REFUSED or PASSED }
  store.info.available_state = CHECKING
  event.send(ctx.world, ctx.account.appid, nil, "poi_check_notify", { UniqId = text(store.info.sid) or "",
    PoiId = store.info.poi_id, Result = reason and "fail" or "succ", Msg = reason or "" }, REVIEW)
end

function M.add(ctx, args)
  local info = values.copy(args.business.base_info)
  local longitude, latitude = number(info.longitude), number(info.latitude)
  local is_placed = longitude and latitude and math.abs(longitude) <= 180 and math.abs(latitude) <= 90
  if not is_placed then return nil, 40097, "invalid args: longitude, latitude" end
  if not text(info.business_name) then return nil, 40097, "invalid args: business_name" end
  local s = state(ctx.account)
  s.serial = s.serial + 1
  info.poi_id, info.update_status = tostring(s.serial), 0
  local store = { info = info }
  s.stores:put(info.poi_id, store)
  review(ctx, store)
  return { poi_id = info.poi_id }
end

function M.get(ctx, args)
  local store, errcode = find(ctx, args.poi_id)
  if not store then return nil, errcode end
  return { business = { base_info = values.copy(store.info) } }
end

function M.list(ctx, args)
  local all, list = state(ctx.account).stores:list(), values.list()
  for i, store in ipairs(shelf.part(all, int(args.begin, 0), int(args.limit, 20))) do
    list[i] = { base_info = values.copy(find(ctx, store.info.poi_id).info) }
  end
  return { business_list = list, total_count = #all }
end

local SERVICE <const> = { "telephone", "photo_list", "recommend", "special", "introduction", "open_time", "avg_price" }

function M.update(ctx, args)
  local changes = args.business.base_info
  local store, errcode = find(ctx, changes.poi_id)
  if not store then return nil, errcode end
  if store.info.available_state ~= PASSED then return nil, 65118 end
  for _, name in ipairs(SERVICE) do
    if changes[name] ~= nil then store.info[name] = values.copy(changes[name]) end
  end
  return {}
end

M["delete"] = function(ctx, args)
  local store, errcode = find(ctx, args.poi_id)
  if not store then return nil, errcode end
  if store.info.available_state == CHECKING then return nil, 65118 end
  state(ctx.account).stores:drop(store.info.poi_id)
  state(ctx.account).gone:put(store.info.poi_id, true)
  return {}
end

function M.get_categories()
  return { category_list = values.list { "美食,江浙菜,上海菜", "美食,火锅", "美食,小吃快餐", "购物,综合商场",
    "生活服务,电信营业厅", "酒店,星级酒店", "教育学校,培训" } }
end

return M
