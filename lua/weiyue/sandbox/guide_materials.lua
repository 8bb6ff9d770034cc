-- What guides may send: cards of mini-programs, pictures, words; and the messages that go to many customers at once.

local guides = require "weiyue.sandbox.guides"
local library = require "weiyue.sandbox.library"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local int = values.int

local M = {}

local MOST <const> = 200 -- materials of a kind
local WAITING <const>, SENT <const>, CANCELLED <const> = 1, 3, 4 -- status of a job
local HOUR <const> = 3600

local function kept(ctx, kind)
  local materials = guides.state(ctx.world, ctx.account).materials
  materials[kind] = materials[kind] or shelf.new(MOST)
  return materials[kind]
end

local function page(ctx, kind, args, field)
  local all, list = kept(ctx, kind):list(), values.list()
  for i, one in ipairs(shelf.part(all, int(args.start, 0), int(args.num, 100))) do list[i] = values.copy(one) end
  return { errcode = 0, errmsg = "ok", total_num = #all, [field] = list }
end

local function card_key(args) return table.concat({ args.appid, args.title, args.path }, "\0") end

function M.set_card_material(ctx, args)
  local picture, errcode = library.need(ctx.world, ctx.account, args.media_id, "image")
  if not picture then return nil, errcode end
  kept(ctx, "card"):put(card_key(args), { appid = args.appid, title = args.title, path = args.path,
    picurl = library.url(ctx.world, picture) })
  return {}
end

function M.get_card_material(ctx)
  return { errcode = 0, errmsg = "ok", card_list = values.list(values.copy(kept(ctx, "card"):list())) }
end

function M.del_card_material(ctx, args)
  if not kept(ctx, "card"):drop(card_key(args)) then return nil, 40097 end
  return {}
end

function M.set_image_material(ctx, args)
  local picture, errcode = library.need(ctx.world, ctx.account, args.media_id, "image")
  if not picture then return nil, errcode end
  local url = library.url(ctx.world, picture)
  kept(ctx, "image"):put(url, { picurl = url, create_time = math.floor(ctx.world.now()) })
  return {}
end

function M.get_image_material(ctx, args) return page(ctx, "image", args, "model_list") end

function M.del_image_material(ctx, args)
  if not kept(ctx, "image"):drop(args.picurl) then return nil, 40097 end
  return {}
end

function M.set_word_material(ctx, args)
  kept(ctx, "word"):put(args.word, { word = args.word, create_time = math.floor(ctx.world.now()) })
  return {}
end

function M.get_word_material(ctx, args) return page(ctx, "word", args, "word_list") end

function M.del_word_material(ctx, args)
  if not kept(ctx, "word"):drop(args.word) then return nil, 40097 end
  return {}
end

-- Jobs --------------------------------------------------------------------------------------------------------

local function jobs(ctx) return guides.state(ctx.world, ctx.account).jobs end

local function show(ctx, job)
  local out = values.copy(job)
  if out.task_status == WAITING and ctx.world.now() >= out.push_time then out.task_status = SENT end
  out.openid, out.material = values.list(out.openid), values.list(out.material)
  return out
end

local function fault(ctx, args)
  if args.push_time and int(args.push_time, 0) < ctx.world.now() + HOUR then return 40079 end
  if args.openid and #args.openid == 0 then return 40032 end
  for _, openid in ipairs(args.openid or {}) do
    if not guides.relation(ctx.world, ctx.account, openid) then return 65413 end
  end
end

function M.add_massend_job(ctx, args)
  local guide, errcode = guides.find(ctx.world, ctx.account, args)
  if not guide then return nil, errcode end
  errcode = fault(ctx, args)
  if errcode then return nil, errcode end
  local s = guides.state(ctx.world, ctx.account)
  s.job = (s.job or 0) + 1
  jobs(ctx):put(s.job, { task_id = s.job, guide_account = guide.guide_account, guide_openid = guide.guide_openid,
    task_name = args.task_name, task_remark = args.task_remark or "", push_time = int(args.push_time),
    openid = values.copy(args.openid), material = values.copy(args.material), task_status = WAITING,
    create_time = math.floor(ctx.world.now()), update_time = math.floor(ctx.world.now()) })
  return { errcode = 0, errmsg = "ok", task_result = values.list { { openid = guide.guide_openid, task_id = s.job } } }
end

function M.get_massend_job_list(ctx, args)
  local wanted, list = {}, values.list()
  for _, status in ipairs(args.task_status or {}) do wanted[int(status) or 0] = true end
  local guide, errcode = guides.find(ctx.world, ctx.account, args)
  if not guide then return nil, errcode end
  local all = {}
  for _, job in ipairs(jobs(ctx):list()) do
    local shown = show(ctx, job)
    local his = shown.guide_account == guide.guide_account and shown.guide_openid == guide.guide_openid
    if his and (next(wanted) == nil or wanted[shown.task_status]) then all[#all + 1] = shown end
  end
  for i, job in ipairs(shelf.part(all, int(args.offset, 0), int(args.limit, 50))) do list[i] = job end
  return { errcode = 0, errmsg = "ok", total_num = #all, list = list }
end

function M.get_massend_job(ctx, args)
  local job = jobs(ctx):get(int(args.task_id))
  if not job then return nil, 40097 end
  return { errcode = 0, errmsg = "ok", job = show(ctx, job) }
end

-- One that has not begun.
local function waiting(ctx, args)
  local job = jobs(ctx):get(int(args.task_id))
  if not job then return nil, 40097 end
  if show(ctx, job).task_status ~= WAITING then return nil, 65416 end
  return job
end

function M.update_massend_job(ctx, args)
  local job, errcode = waiting(ctx, args)
  errcode = errcode or fault(ctx, args)
  if errcode then return nil, errcode end
  for _, name in ipairs { "task_name", "task_remark", "openid", "material" } do
    if args[name] ~= nil then job[name] = values.copy(args[name]) end
  end
  job.push_time = int(args.push_time, job.push_time)
  job.update_time = math.floor(ctx.world.now())
  return {}
end

function M.cancel_massend_job(ctx, args)
  local job, errcode = waiting(ctx, args)
  if not job then return nil, errcode end
  job.task_status = CANCELLED
  return {}
end

return M
