-- The sandbox: rules by which ordinary QR codes open a mini-program.

local ids = require "weiyue.sandbox.ids"
local quota = require "weiyue.sandbox.quota"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local flag, int, text = values.flag, values.int, values.text

local M = {}

local MOST <const>, PUBLISHES <const> = 50, 100 -- of a month
local WRITING <const>, OUT <const> = 1, 2

local function fresh() return { rules = shelf.new(MOST) } end

local function state(ctx)
  local s, month = ctx.world:state(ctx.account, "wxa_qrcode_jump", fresh), quota.month(ctx.now)
  if s.month ~= month then s.month, s.left = month, PUBLISHES end
  return s
end

function M.add(ctx, args)
  local s, prefix = state(ctx), text(args.prefix)
  if not prefix or not prefix:find "^https?://[^/]+/" then return nil, 40097 end
  local is_edit, old = flag(args.is_edit), s.rules:get(prefix)
  if is_edit ~= (old ~= nil) then return nil, 40097 end
  if not old and #s.rules >= MOST then return nil, 45018 end
  s.rules:put(prefix, { prefix = prefix, permit_sub_rule = int(args.permit_sub_rule, 1), path = args.path,
    open_version = int(args.open_version, 1), debug_url = values.list(values.copy(args.debug_url)), state = WRITING })
  return {}
end

function M.get(ctx, args)
  local wanted
  if type(args.prefix_list) == "table" and #args.prefix_list > 0 then
    wanted = {}
    for _, prefix in ipairs(args.prefix_list) do wanted[prefix] = true end
  end
  local s = state(ctx)
  local all = s.rules:list(function(rule) return not wanted or wanted[rule.prefix] end)
  local size = int(args.page_size, 20)
  local page = shelf.part(all, (int(args.page_num, 1) - 1) * size, size)
  return { errcode = 0, errmsg = "ok", rule_list = values.list(values.copy(page)), qrcodejump_open = 1,
    list_size = #s.rules, qrcodejump_pub_quota = s.left, total_count = #all }
end

function M.download(ctx)
  local s = state(ctx)
  s.file = s.file or { name = ids.hex(ctx.world.random, 10) .. ".txt", content = ids.hex(ctx.world.random, 32) }
  return { errcode = 0, errmsg = "ok", file_name = s.file.name, file_content = s.file.content }
end

M["delete"] = function(ctx, args)
  if not state(ctx).rules:drop(args.prefix) then return nil, 40097 end
  return {}
end

function M.publish(ctx, args)
  local s = state(ctx)
  local rule = s.rules:get(args.prefix)
  if not rule then return nil, 40097 end
  if s.left <= 0 then return nil, 45040 end
  s.left, rule.state = s.left - 1, OUT
  return {}
end

return M
