-- A message to many: whom it reaches, what becomes of it, and the event that tells so.

local json = require "weiyue.json"
local library = require "weiyue.sandbox.library"
local quota = require "weiyue.sandbox.quota"
local ring = require "weiyue.sandbox.ring"

local M = {}

local FINISHES_AFTER <const> = 1 -- seconds
local CONFIRM_WITHIN <const> = 1800 -- the administrator's half hour
local OF_USER_MOST <const> = 4 -- messages a month, of a service account to one user
local KEPT <const> = 200 -- jobs
local ADMINISTRATOR <const> = "oMassAdministrator0000000000" -- who is told, of an account that names none

--- What is kept of an account's mass messages.
function M.state(world, account)
  return world:state(account, "message_mass", function()
    return { jobs = ring(KEPT), serial = 1000000000, speed = 1 }
  end)
end

--- A job by its msg_id.
function M.job(world, account, msg_id)
  return M.state(world, account).jobs:find(function(job) return tostring(job.msg_id) == tostring(msg_id) end)
end

-- An article that another account of this world had before: its text is the same.
local function original_of(world, account, article)
  for _, appid in ipairs(world.appids) do
    local other = world:account(appid)
    for _, item in ipairs(other ~= account and library.list(other, "news") or {}) do
      for _, one in ipairs(item.articles) do
        if one.content == article.content then return one end
      end
    end
  end
end

--- Which articles are somebody else's: for CopyrightCheckResult.
---@return table[]
function M.reprints(world, account, articles)
  local list = json.array {}
  for i, article in ipairs(articles or {}) do
    local original = article.content and original_of(world, account, article)
    if original then
      list[#list + 1] = {
        ArticleIdx = tostring(i), UserDeclareState = "0", AuditState = "2", OriginalArticleUrl = original.url or "",
        OriginalArticleType = "1", CanReprint = "1", NeedReplaceContent = "1", NeedShowReprintSource = "1",
      }
    end
  end
  return list
end

local function check_result(job)
  return { Count = tostring(#job.reprints), ResultList = { item = job.reprints },
           CheckState = #job.reprints > 0 and "2" or "1" }
end

local function article_urls(job)
  local list = json.array {}
  for i, article in ipairs(job.item.articles or {}) do
    list[i] = { ArticleIdx = tostring(i), ArticleUrl = article.url or "" }
  end
  return { Count = tostring(#list), ResultList = { item = list } }
end

local function finished(world, account, job, status, counts, after)
  return world:emit(account.appid, {
    MsgType = "event", Event = "MASSSENDJOBFINISH", FromUserName = account.admin_openid or ADMINISTRATOR,
    MsgID = tostring(job.msg_id), Status = status, TotalCount = tostring(counts.total),
    FilterCount = tostring(counts.filtered), SentCount = tostring(counts.sent),
    ErrorCount = tostring(counts.filtered - counts.sent), CopyrightCheckResult = check_result(job),
    ArticleUrlResult = status == "send success" and article_urls(job) or nil,
  }, after)
end

local NONE <const> = { total = 0, filtered = 0, sent = 0 }

-- A service account reaches each user four times a month.
local function may_reach(world, account, user)
  if user.blocked or not user.subscribed then return false end
  if account.kind ~= "service" then return true end
  local month = quota.month(world.now())
  if user.mass_month ~= month then user.mass_month, user.mass_count = month, 0 end
  user.mass_count = user.mass_count + 1
  return user.mass_count <= OF_USER_MOST
end

-- Articles that are sent leave the box of drafts, and can be commented on.
local function publish(account, job)
  local item = job.item
  if not item.articles or #item.articles == 0 or not (item.media and item.media.type == "news") then return end
  require("weiyue.sandbox.api.comment").publish(account, job.msg_data_id, item.articles)
  require("weiyue.sandbox.api.draft").take(account, item.media.media_id)
end

local function send(world, account, job)
  local counts = { total = #job.targets, filtered = 0, sent = 0 }
  for _, openid in ipairs(job.targets) do
    local user = account.users[openid]
    if user and may_reach(world, account, user) then
      local item = { way = "mass", msg_id = job.msg_id }
      for key, value in pairs(job.item) do item[key] = value end
      world:deliver(account.appid, openid, item)
      job.items[#job.items + 1] = item
      counts.filtered, counts.sent = counts.filtered + 1, counts.sent + 1
    end
  end
  job.status = "SEND_SUCCESS"
  publish(account, job)
  finished(world, account, job, "send success", counts, FINISHES_AFTER)
end

--- Starts a job: at once, or when the administrator has agreed (account.mass_confirm), who has half an hour for it.
---@param own table {targets, item, clientmsgid, ignore_reprint}
---@return table job
function M.start(world, account, own)
  local state = M.state(world, account)
  state.serial = state.serial + 1
  local job = {
    msg_id = state.serial, msg_data_id = 2247000000 + state.serial % 1000000, at = world.now(), targets = own.targets,
    item = own.item, items = {}, clientmsgid = own.clientmsgid, status = "SENDING",
    reprints = M.reprints(world, account, own.item.articles),
  }
  state.jobs:push(job)
  if #job.reprints > 0 and not own.ignore_reprint then
    job.status = "SEND_FAIL"
    finished(world, account, job, "err(30003)", NONE, FINISHES_AFTER)
  elseif account.mass_confirm then
    job.waits = finished(world, account, job, "err(40002)", NONE, CONFIRM_WITHIN)
    job.confirm_until = world.now() + CONFIRM_WITHIN
  else
    send(world, account, job)
  end
  return job
end

--- How a job is doing: SENDING, SEND_SUCCESS, SEND_FAIL, DELETE.
function M.status(world, job)
  if job.waits and job.confirm_until <= world.now() then job.status, job.waits = "SEND_FAIL", nil end
  return job.status
end

--- The administrator agrees, or does not.
---@param msg_id integer
---@param agreed boolean
---@return boolean whether it was waiting
function M.confirm(world, appid, msg_id, agreed)
  local account = world:account(appid)
  local job = account and M.job(world, account, msg_id)
  if not job or M.status(world, job) ~= "SENDING" or not job.waits then return false end
  world:cancel(job.waits)
  job.waits = nil
  if agreed then
    send(world, account, job)
  else
    job.status = "SEND_FAIL"
    finished(world, account, job, "err(40001)", NONE, FINISHES_AFTER)
  end
  return true
end

return M
