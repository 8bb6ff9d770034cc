-- Guides (顾问) of an account and the customers who are theirs. The family guide works on this.

local event = require "weiyue.sandbox.event"
local ids = require "weiyue.sandbox.ids"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local text = values.text

local M = {}

M.GUIDES, M.BUYERS = 20000, 15000 -- of an account, of a guide
local RELATIONS <const>, CODES <const> = 50000, 1000
local ANSWERS <const> = 5 -- seconds until who is invited has answered

-- What the event says of a scan.
local INVALID <const>, BOUND <const>, AGAIN <const>, OTHERS <const> = 1, 2, 3, 4

local function fresh()
  return { guides = shelf.new(M.GUIDES), buyers = shelf.new(RELATIONS), codes = shelf.new(CODES),
    groups = shelf.new(200), tags = shelf.new(4), jobs = shelf.new(500), materials = {}, acct = {} }
end

--- What is kept of an account's guides.
function M.state(world, account) return world:state(account, "guide", fresh) end

--- The guide that arguments name, by guide_account or guide_openid.
---@param args table
---@param prefix? string "old_", "new_"
---@return table? guide { guide_account, guide_openid, nickname, head, n }
---@return integer? errcode
function M.find(world, account, args, prefix)
  prefix = prefix or ""
  local name, openid = text(args[prefix .. "guide_account"]), text(args[prefix .. "guide_openid"])
  if not name and not openid then return nil, 41011 end
  local guides = M.state(world, account).guides
  local guide = name and guides:get(name)
  if not guide and not name then
    guide = guides:get(openid) or guides:list(function(one) return one.guide_openid == openid end)[1]
  end
  if not guide then return nil, 65401 end
  return guide
end

--- A new guide. He is asked, and says yes.
---@return table? guide, integer? errcode
function M.add(world, account, args)
  local s = M.state(world, account)
  local there, errcode = M.find(world, account, args)
  if there then return nil, 65406 end
  if errcode == 41011 then return nil, errcode end
  if #s.guides >= M.GUIDES then return nil, 65405 end
  local name, openid = text(args.guide_account), text(args.guide_openid)
  local guide = { guide_account = name, guide_openid = openid, nickname = text(args.guide_nickname) or name or "",
    head = text(args.guide_headimgurl) or "", n = 0, at = math.floor(world.now()) }
  s.guides:put(name or openid, guide)
  event.send(world, account.appid, openid, "guide_invite_result_event", nil, ANSWERS)
  return guide
end

local function key_of(guide) return guide.guide_account or guide.guide_openid end
M.key_of = key_of

--- Whose customer a user is.
---@return table? relation { openid, guide, nickname, at, tags, display }
function M.relation(world, account, openid) return M.state(world, account).buyers:get(openid) end

--- Makes a user a guide's customer.
---@return table? relation
---@return integer? errcode 65414: he is another's
function M.bind(world, account, guide, openid, nickname)
  local user = world:user(account.appid, openid)
  if not user or not user.subscribed then return nil, 40003 end
  local s = M.state(world, account)
  local there = s.buyers:get(openid)
  if there then
    if there.guide ~= guide then return nil, 65414 end
    return there
  end
  if guide.n >= M.BUYERS then return nil, 45018 end
  guide.n = guide.n + 1
  return s.buyers:put(openid, { openid = openid, guide = guide, nickname = text(nickname) or user.nickname,
    at = math.floor(world.now()), tags = {}, display = {} })
end

--- He is nobody's any more.
function M.unbind(world, account, openid)
  local relation = M.state(world, account).buyers:drop(openid)
  if relation then relation.guide.n = relation.guide.n - 1 end
  return relation
end

--- All customers of a guide.
---@return table[] relations
function M.buyers(world, account, guide)
  return M.state(world, account).buyers:list(function(relation) return relation.guide == guide end)
end

--- Removes a guide with all that is his.
function M.remove(world, account, guide)
  for _, relation in ipairs(M.buyers(world, account, guide)) do M.unbind(world, account, relation.openid) end
  local s = M.state(world, account)
  for _, group in ipairs(s.groups:list()) do group.guides:drop(key_of(guide)) end
  s.guides:drop(key_of(guide))
  guide.is_gone = true
end

--- A QR code that makes whoever scans it a customer.
---@return string url
function M.qrcode(world, account, guide, info)
  local key = ids.text(world.random, 24)
  M.state(world, account).codes:put(key, { guide = guide, info = text(info) or "" })
  return ("%s/-/guide/scan/%s/%s"):format(world.base, account.appid, key)
end

--- What such a code is for.
---@param key string the last part of the address
---@return { guide: table, info: string }?
function M.code(world, appid, key) return M.state(world, world:account(appid)).codes:get(key) end

--- A user scans it.
---@param world table
---@param appid string
---@param openid string
---@param url string as create_qrcode gave it
---@return integer? action 1 invalid, 2 bound, 3 he was already, 4 he is another's
---@return integer? errcode
function M.scan(world, appid, openid, url)
  local account = world:account(appid)
  local code = M.code(world, appid, url:match "([%w_%-]+)$" or "")
  if not code then return nil, 40097 end
  local guide, action = code.guide, INVALID
  local there = M.relation(world, account, openid)
  if there then action = there.guide == guide and AGAIN or OTHERS
  elseif not guide.is_gone and M.bind(world, account, guide, openid) then action = BOUND end
  event.send(world, appid, openid, "guide_qrcode_scan_event", { GuideScanEvent = {
    qrcode_guide_account = guide.guide_account or "", qrcode_guide_openid = guide.guide_openid or "", openid = openid,
    action = action, qrcode_info = code.info } })
  return action
end

return M
