-- The sandbox: sessions between a customer and a worker, and what was said in them.

local event = require "weiyue.sandbox.event"
local kf_account = require "weiyue.sandbox.api.kf_account"
local ring = require "weiyue.sandbox.ring"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local text = values.text

local M = {}

local SESSIONS <const>, WAITING <const>, RECORDS <const> = 1000, 1000, 10000
local WAITING_SHOWN <const> = 100
local SILENCE <const> = 1800 -- seconds: a session in which nobody says anything for so long has ended
local CREATED <const>, TAKEN <const>, STARTED <const>, MOVED <const>, CLOSED <const> = 1000, 1001, 1002, 1003, 1004
local SENT <const>, RECEIVED <const> = 2002, 2003

local function state(account)
  account.kf_session = account.kf_session or { open = shelf.new(SESSIONS), waiting = shelf.new(WAITING),
    records = ring(RECORDS), serial = 0 }
  return account.kf_session
end

local function record(world, account, openid, worker, code, words)
  local s = state(account)
  s.serial = s.serial + 1
  s.records:push { id = s.serial, openid = openid, worker = worker, opercode = code, text = words or "",
    time = math.floor(world.now()) }
end

--- What a record says of an item: its text, or its kind.
---@param item table
---@return string
function M.words(item) return item.text or "[" .. item.type .. "]" end

--- What was said and done, oldest first: { id, openid, worker, opercode, text, time }.
---@param keep? fun(record: table): boolean
---@return table[]
function M.records(account, keep) return state(account).records:list(keep) end

-- A worker who can take somebody.
local function worker_of(world, account, name)
  local worker = kf_account.find(world, account, name)
  if not worker then return nil, 65401 end
  if not worker.wx then return nil, 65402 end
  if not worker.is_online then return nil, 65415 end
  return worker
end

local function forget(world, account, session, words)
  if session.ends then world:cancel(session.ends) end
  state(account).open:drop(session.openid)
  record(world, account, session.openid, session.kf_account, CLOSED, words)
end

-- From now on the silence is counted anew.
local function wind(world, account, session)
  if session.ends then world:cancel(session.ends) end
  session.ends = world:emit(account.appid, { MsgType = "event", Event = "kf_close_session",
    FromUserName = session.openid, KfAccount = session.kf_account }, SILENCE, function()
      session.ends = nil
      forget(world, account, session)
    end)
end

local function begin(world, account, openid, name, code, words)
  local s = state(account)
  s.waiting:drop(openid)
  wind(world, account, s.open:put(openid, { openid = openid, kf_account = name, at = math.floor(world.now()) }))
  record(world, account, openid, name, code, words)
  event.send(world, account.appid, openid, "kf_create_session", { KfAccount = name })
end

--- A reply has handed a customer over (transfer_customer_service): to a worker who is there, or to whoever comes.
---@param world table
---@param appid string
---@param openid string
---@param name? string KfAccount
---@return true?, integer? errcode
function M.transfer(world, appid, openid, name)
  local account = world:account(appid)
  local s = state(account)
  if s.open:get(openid) then return true end
  if name then
    local worker, errcode = worker_of(world, account, name)
    if not worker then return nil, errcode end
    begin(world, account, openid, name, TAKEN)
  elseif not s.waiting:get(openid) then
    s.waiting:put(openid, { openid = openid, latest_time = math.floor(world.now()) })
    record(world, account, openid, "", CREATED)
  end
  return true
end

--- A worker hands his customer to another.
---@return true?, integer? errcode
function M.switch(world, appid, openid, name)
  local account = world:account(appid)
  local session = state(account).open:get(openid)
  if not session then return nil, 65413 end
  local worker, errcode = worker_of(world, account, name)
  if not worker then return nil, errcode end
  local from = session.kf_account
  session.kf_account = name
  wind(world, account, session)
  record(world, account, openid, name, MOVED)
  event.send(world, appid, openid, "kf_switch_session", { FromKfAccount = from, ToKfAccount = name })
  return true
end

--- Somebody says something in a session: the customer, or the worker to him.
---@param world table
---@param appid string
---@param openid string
---@param from "customer"|"worker"
---@param words string
---@return true?, integer? errcode
function M.say(world, appid, openid, from, words)
  local account = world:account(appid)
  local session = state(account).open:get(openid)
  if not session then return nil, 65413 end
  wind(world, account, session)
  record(world, account, openid, session.kf_account, from == "worker" and SENT or RECEIVED, words)
  if from == "worker" then
    world:deliver(appid, openid, { way = "customer_service", type = "text", text = words, kf = session.kf_account })
  end
  return true
end

--- The account has written to a customer in the name of a worker, by the API.
---@param world table
---@param account table
---@param openid string
---@param name string KfAccount
---@param words string
function M.sent(world, account, openid, name, words)
  local session = state(account).open:get(openid)
  if session then wind(world, account, session) end
  record(world, account, openid, name, SENT, words)
end

--- A session ends, where there is one; nobody waits any more either.
---@param world table
---@param account table
---@param openid string
---@param words? string
---@return boolean was_open
function M.finish(world, account, openid, words)
  local s = state(account)
  s.waiting:drop(openid)
  local session = s.open:get(openid)
  if not session then return false end
  forget(world, account, session, words)
  event.send(world, account.appid, openid, "kf_close_session", { KfAccount = session.kf_account })
  return true
end

function M.create(ctx, args)
  local world, account = ctx.world, ctx.account
  local worker, errcode = worker_of(world, account, args.kf_account)
  if not worker then return nil, errcode end
  local user = world:user(account.appid, args.openid)
  if not user or not user.subscribed then return nil, 40003 end
  local session = state(account).open:get(args.openid)
  if session and session.kf_account ~= args.kf_account then return nil, 65414 end
  if not session then begin(world, account, args.openid, args.kf_account, STARTED, text(args.text)) end
  return {}
end

function M.close(ctx, args)
  local world, account = ctx.world, ctx.account
  if not kf_account.find(world, account, args.kf_account) then return nil, 65401 end
  local session = state(account).open:get(args.openid)
  if not session then return nil, 65413 end
  if session.kf_account ~= args.kf_account then return nil, 65414 end
  M.finish(world, account, args.openid, text(args.text))
  return {}
end

function M.get(ctx, args)
  if not ctx.world:user(ctx.account.appid, args.openid) then return nil, 40003 end
  local session = state(ctx.account).open:get(args.openid)
  return { kf_account = session and session.kf_account or "", createtime = session and session.at or 0 }
end

function M.list(ctx, args)
  if not kf_account.find(ctx.world, ctx.account, args.kf_account) then return nil, 65401 end
  local list = values.list()
  for i, session in ipairs(kf_account.served_by(ctx.account, args.kf_account)) do
    list[i] = { openid = session.openid, createtime = session.at }
  end
  return { sessionlist = list }
end

function M.wait_case(ctx)
  local all = state(ctx.account).waiting:list()
  return { count = #all, waitcaselist = values.list(values.copy(shelf.part(all, 0, WAITING_SHOWN))) }
end

return M
