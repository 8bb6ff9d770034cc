-- The sandbox: accounts of the people who serve customers. One works when somebody has taken the invitation.

local library = require "weiyue.sandbox.library"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local chars, text = values.chars, values.text

local M = {}

local MOST <const>, FIRST <const> = 100, 1000
local NAME <const>, NICKNAME <const> = 10, 16 -- characters
local BOUND <const> = 5 -- accounts that one person may serve
local INVITED <const> = 7 * 86400 -- seconds that an invitation waits
local ACCEPTS <const> = 10 -- seconds until the invited takes it, when nobody says otherwise
local PICTURES <const> = { ["image/jpeg"] = true, ["image/jpg"] = true, ["image/png"] = true }

local function state(account)
  account.kf_account = account.kf_account or { workers = shelf.new(MOST), serial = FIRST }
  return account.kf_account
end

-- What has become of an invitation by now.
local function settle(worker, now)
  local invited = worker.invited
  if not invited or invited.status ~= "waiting" then return worker end
  if now >= invited.accepts then
    worker.wx, worker.invited, worker.is_online = invited.wx, nil, true
  elseif now >= invited.ends then
    invited.status = "expired"
  end
  return worker
end

--- Whether the account ever had a worker.
---@return boolean
function M.has_had(account) return state(account).serial > FIRST end

--- A worker.
---@param world table
---@param account table
---@param kf_account string
---@return table? worker { kf_account, nickname, id, wx?, is_online? }
function M.find(world, account, kf_account)
  local worker = state(account).workers:get(kf_account)
  return worker and settle(worker, world.now())
end

--- The invited person takes the invitation, or refuses it.
---@param world table
---@param appid string
---@param kf_account string
---@param does_accept boolean
---@return true?, integer? errcode
function M.answer(world, appid, kf_account, does_accept)
  local worker = M.find(world, world:account(appid), kf_account)
  if not worker then return nil, 65401 end
  if not worker.invited or worker.invited.status ~= "waiting" then return nil, 65411 end
  if does_accept then
    worker.invited.accepts = world.now()
    settle(worker, world.now())
  else
    worker.invited.status = "rejected"
  end
  return true
end

--- A worker comes or goes.
---@return true?, integer? errcode
function M.set_online(world, appid, kf_account, is_online)
  local worker = M.find(world, world:account(appid), kf_account)
  if not worker then return nil, 65401 end
  if not worker.wx then return nil, 65402 end
  worker.is_online = is_online
  return true
end

local function is_nickname(name) return name:find "%S" and chars(name) <= NICKNAME end

function M.add(ctx, args)
  local s = state(ctx.account)
  local name, at = args.kf_account:match "^([^@]*)@(.+)$"
  if not name or name == "" then return nil, 61452 end
  if #name > NAME then return nil, 61454 end
  if name:find "[^%w_]" or at:find "[^%w_%-]" then return nil, 61455 end
  if not is_nickname(args.nickname) then return nil, 65403 end
  if s.workers:get(args.kf_account) then return nil, 61453 end
  if #s.workers >= MOST then return nil, 61456 end
  s.serial = s.serial + 1
  s.workers:put(args.kf_account, { kf_account = args.kf_account, nickname = args.nickname, id = s.serial, head = "" })
  return {}
end

function M.update(ctx, args)
  local worker = M.find(ctx.world, ctx.account, args.kf_account)
  if not worker then return nil, 61452 end
  if not is_nickname(args.nickname) then return nil, 65403 end
  worker.nickname = args.nickname
  return {}
end

function M.del(ctx, args)
  local world, account = ctx.world, ctx.account
  local worker = state(account).workers:drop(args.kf_account)
  if not worker then return nil, 61452 end
  if worker.picture then library.remove(account, worker.picture) end
  for _, one in ipairs(M.served_by(account, args.kf_account)) do
    require("weiyue.sandbox.api.kf_session").finish(world, account, one.openid)
  end
  return {}
end

--- The sessions of a worker.
---@return table[] sessions { openid, kf_account, at }
function M.served_by(account, kf_account)
  local sessions = account.kf_session and account.kf_session.open
  return sessions and sessions:list(function(one) return one.kf_account == kf_account end) or {}
end

function M.upload_head_img(ctx, args)
  local worker = M.find(ctx.world, ctx.account, args.kf_account)
  if not worker then return nil, 61452 end
  local file = ctx.files and ctx.files.media
  if not file then return nil, 41005 end
  if #file.data == 0 then return nil, 44001 end
  local is_picture = PICTURES[file.type or ""] or (file.filename or ""):lower():find "%.jpe?g$"
  if not is_picture then return nil, 61457 end
  if worker.picture then library.remove(ctx.account, worker.picture) end
  local item = library.add(ctx.world, ctx.account,
    { kind = "permanent", type = "head", data = file.data, ending = "jpg" })
  worker.picture, worker.head = item.media_id, library.url(ctx.world, item)
  return {}
end

function M.invite_worker(ctx, args)
  local now, wx = ctx.world.now(), text(args.invite_wx)
  local worker = M.find(ctx.world, ctx.account, args.kf_account)
  if not worker then return nil, 65401 end
  if not wx or #wx > 60 or wx:find "[^%w_%-]" then return nil, 65409 end
  if worker.wx then return nil, 65412 end
  local waiting = worker.invited and worker.invited.status == "waiting"
  if waiting then return nil, worker.invited.wx == wx and 65408 or 65411 end
  local bound = 0
  for _, other in ipairs(state(ctx.account).workers:list()) do
    if settle(other, now).wx == wx then bound = bound + 1 end
  end
  if bound >= BOUND then return nil, 65410 end
  if bound > 0 then return nil, 65407 end
  worker.invited = { wx = wx, status = "waiting", ends = now + INVITED, accepts = now + ACCEPTS }
  return {}
end

function M.list(ctx)
  local list = values.list()
  for i, worker in ipairs(state(ctx.account).workers:list()) do
    settle(worker, ctx.world.now())
    local invited = worker.invited or {}
    list[i] = { kf_account = worker.kf_account, kf_nick = worker.nickname, kf_id = tostring(worker.id),
      kf_headimgurl = worker.head, kf_wx = worker.wx, invite_wx = invited.wx, invite_status = invited.status,
      invite_expire_time = invited.ends and math.floor(invited.ends) }
  end
  return { kf_list = list }
end

function M.list_online(ctx)
  local list = values.list()
  for _, worker in ipairs(state(ctx.account).workers:list()) do
    if settle(worker, ctx.world.now()).is_online then
      list[#list + 1] = { kf_account = worker.kf_account, status = 1, kf_id = tostring(worker.id),
        accepted_case = #M.served_by(ctx.account, worker.kf_account) }
    end
  end
  return { kf_online_list = list }
end

return M
