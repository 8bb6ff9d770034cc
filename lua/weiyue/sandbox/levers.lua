-- What others than the user do to an account: its administrator, its workers, WeChat's reviewers, readers of its
-- articles; and what of the account itself can be chosen while it runs. The chat page has a panel for it.

local comments = require "weiyue.sandbox.api.comment"
local consents = require "weiyue.sandbox.consents"
local core = require "weiyue_core"
local kf_account = require "weiyue.sandbox.api.kf_account"
local kf_session = require "weiyue.sandbox.api.kf_session"
local mass = require "weiyue.sandbox.mass"

local json = core.json

local M = {}

local REASON <const> = "沙箱里拒绝的 / refused in the sandbox"
local TEXT_MOST <const> = 2048 -- bytes

local function refuse(code, zh, en) return nil, { code = code, zh = zh, en = en } end

local function malformed() return refuse("malformed", "请求不对", "the request is malformed") end

-- What a function of a family gives: a truth, or nil and the errcode.
local function done(result, errcode)
  if result then return true end
  local known = require("weiyue.errcodes").of(errcode)
  return refuse("errcode", ("%d %s"):format(errcode, known and known.zh or ""),
    ("%d %s"):format(errcode, known and known.en or ""))
end

local function text(value)
  local is_one = type(value) == "string" and value ~= "" and #value <= TEXT_MOST and core.text.valid(value)
  return is_one and value or nil
end

-- --- what there is ---

local KINDS <const> = { "card", "poi", "publish" } -- what WeChat reviews
local IS_KIND <const> = {}
for _, kind in ipairs(KINDS) do IS_KIND[kind] = true end

local function reviews_of(account)
  local list = {}
  for i, kind in ipairs(KINDS) do
    local state = account[kind]
    list[i] = { kind = kind, refuses = state ~= nil and state.verdict ~= nil }
  end
  return json.array(list)
end

local function waiting_jobs(world, account)
  local list = {}
  for _, job in ipairs(mass.state(world, account).jobs:list()) do
    if mass.status(world, job) == "SENDING" and job.waits then
      list[#list + 1] = { msg_id = job.msg_id, type = job.item.type, text = job.item.text, ends = job.confirm_until }
    end
  end
  return json.array(list)
end

local function articles_of(account)
  local list = {}
  for _, thread in ipairs(account.comment and account.comment:list() or {}) do
    for index = 0, #thread do
      local one = thread[index]
      if one and one.is_open then
        list[#list + 1] = { msg_data_id = one.msg_data_id, index = index, title = one.title or "" }
      end
    end
  end
  return json.array(list)
end

local function consents_of(user)
  local list = {}
  for template_id, own in pairs(user.consents) do
    if own.left > 0 then list[#list + 1] = { template_id = template_id, left = own.left } end
    for number in pairs(own.scenes) do list[#list + 1] = { template_id = template_id, scene = number } end
  end
  table.sort(list, function(a, b)
    return a.template_id < b.template_id or a.template_id == b.template_id and (a.scene or -1) < (b.scene or -1)
  end)
  return json.array(list)
end

--- What can be done now.
---@return table
function M.view(world, account, user)
  local workers = {}
  for i, one in ipairs(kf_account.list_online({ world = world, account = account }).kf_online_list) do
    workers[i] = one.kf_account
  end
  local session = kf_session.get({ world = world, account = account }, { openid = user.openid })
  return {
    format = account.format or "xml", mass_confirm = account.mass_confirm == true, mass = waiting_jobs(world, account),
    articles = articles_of(account), reviews = reviews_of(account), consents = consents_of(user),
    workers = json.array(workers), worker = session.kf_account,
  }
end

-- --- what is done: each takes a body, and gives true | nil, fault ---

--- The account itself: the form of its pushes, whether its administrator is asked about mass messages.
function M.account(_, account, body)
  local format, confirm = body.format, body.mass_confirm
  if format ~= nil and format ~= "xml" and format ~= "json" then return malformed() end
  if confirm ~= nil and type(confirm) ~= "boolean" then return malformed() end
  if format then account.format = format end
  if confirm ~= nil then account.mass_confirm = confirm end
  return true
end

--- The administrator's answer: { msg_id, agreed }.
function M.mass(world, account, body)
  if math.type(body.msg_id) ~= "integer" or type(body.agreed) ~= "boolean" then return malformed() end
  if mass.confirm(world, account.appid, body.msg_id, body.agreed) then return true end
  return refuse("mass", "这条群发不在等待确认", "no such mass message waits to be confirmed")
end

--- The next review is refused, or is not: { kind, refuse, reason? }.
function M.review(world, account, body)
  local kind = body.kind
  if not IS_KIND[kind] or type(body.refuse) ~= "boolean" then return malformed() end
  local family = require("weiyue.sandbox.api." .. kind)
  if body.refuse then
    family.refuse_next(world, account.appid, kind == "publish" and 4 or text(body.reason) or REASON)
  elseif account[kind] then
    account[kind].verdict = nil
  end
  return true
end

--- A reader's comment: { msg_data_id, index, content }.
function M.comment(world, account, body, user)
  if not text(body.msg_data_id) or math.type(body.index) ~= "integer" then return malformed() end
  return done(comments.write(world, account.appid, user.openid, body, body.content))
end

local sessions <const> = {}

-- A worker takes the customer, who waits or does not.
function sessions.take(world, account, user, body)
  return done(kf_session.transfer(world, account.appid, user.openid, text(body.kf_account) or ""))
end

function sessions.switch(world, account, user, body)
  return done(kf_session.switch(world, account.appid, user.openid, text(body.kf_account) or ""))
end

function sessions.say(world, account, user, body)
  local words = text(body.text)
  if not words then return refuse("text", "没有文字，或者太长", "no text, or too long a one") end
  return done(kf_session.say(world, account.appid, user.openid, "worker", words))
end

sessions["end"] = function(world, account, user)
  return done(kf_session.finish(world, account, user.openid), 65413)
end

--- What a worker does: { act = "take"|"switch"|"say"|"end", kf_account?, text? }.
function M.session(world, account, body, user)
  local act = type(body.act) == "string" and sessions[body.act]
  if not act then return malformed() end
  return act(world, account, user, body)
end

--- What the user agrees to: { template_id, answer = "accept"|"reject"|"withdraw"|"once", scene? }.
function M.consent(world, account, body, user)
  local template_id, appid, openid = text(body.template_id), account.appid, user.openid
  if not template_id then return malformed() end
  if body.answer == "accept" or body.answer == "reject" then
    consents.answer(world, appid, openid, { [template_id] = body.answer })
  elseif body.answer == "withdraw" then
    consents.withdraw(world, appid, openid, template_id)
  elseif body.answer == "once" and consents.is_scene(body.scene) then
    consents.once(world, appid, openid, template_id, body.scene)
  else
    return malformed()
  end
  return true
end

return M
