-- Menus: the default one, conditional ones, and who sees which.

local json = require "weiyue.json"
local languages = require("weiyue.menu.rule").LANGUAGES
local menus = require "weiyue.sandbox.menus"
local tag = require "weiyue.sandbox.api.tag"
local values = require "weiyue.sandbox.values"

-- The codes for buttons are finer than those of missing fields.
local M = { unchecked = { create = true, add_conditional = true } }

local CONDITIONAL_MOST <const> = 1000
local PLATFORMS <const> = { ["1"] = true, ["2"] = true, ["3"] = true }

local function state_of(ctx)
  return ctx.world:state(ctx.account, "menu", function() return { conditional = {}, serial = 400000000 } end)
end

local function next_id(state)
  state.serial = state.serial + 1
  return state.serial
end

local function changed(ctx)
  ctx.world:tell("menu", { appid = ctx.account.appid })
  return {}
end

-- A body with \uXXXX is refused as a whole.
local function buttons(ctx, args)
  if (ctx.request.body or ""):find "\\u%x%x%x%x" then return nil, 40033 end
  return menus.read(args.button, ctx.world, ctx.account)
end

function M.create(ctx, args)
  local kept, code = buttons(ctx, args)
  if not kept then return nil, code end
  local state = state_of(ctx)
  state.default, state.menuid = kept, next_id(state)
  return changed(ctx)
end

function M.get(ctx)
  local state = state_of(ctx)
  if not state.default then return nil, 46003 end
  local list = #state.conditional > 0 and json.array {} or nil
  for i, one in ipairs(state.conditional) do
    list[i] = { button = one.button, matchrule = one.matchrule, menuid = one.menuid }
  end
  return { menu = { button = state.default, menuid = list and state.menuid or nil }, conditionalmenu = list }
end

function M.delete(ctx)
  local state = state_of(ctx)
  state.default, state.conditional = nil, {}
  return changed(ctx)
end

-- Another shape than menu/get: sub_button{list[]}, and only where there is something below.
local function self_buttons(list)
  local out = json.array {}
  for i, button in ipairs(list) do
    local own = {}
    for key, value in pairs(button) do own[key] = value end
    own.sub_button = #button.sub_button > 0 and { list = self_buttons(button.sub_button) } or nil
    out[i] = own
  end
  return out
end

function M.get_self(ctx)
  local state = state_of(ctx)
  return {
    is_menu_open = state.default and 1 or 0, selfmenu_info = { button = self_buttons(state.default or {}) },
  }
end

-- What is told of a rule; nil and the code when it says nothing, or what is not there.
local function rule_of(ctx, rule)
  if type(rule) ~= "table" then return nil, 65304 end
  local kept, n = {}, 0
  for _, key in ipairs { "tag_id", "client_platform_type", "language" } do
    local value = rule[key]
    if value ~= nil and value ~= json.null and value ~= "" then
      kept[key] = values.text(value)
      if not kept[key] then return nil, 47001 end
      n = n + 1
    end
  end
  if n == 0 then return nil, 65304 end
  if kept.tag_id and not tag.exists(ctx, values.int(kept.tag_id)) then return nil, 45159 end
  if kept.language and not languages[kept.language] then return nil, 40035 end
  if kept.client_platform_type and not PLATFORMS[kept.client_platform_type] then return nil, 40035 end
  return kept
end

function M.add_conditional(ctx, args)
  local state = state_of(ctx)
  local kept, code = buttons(ctx, args)
  if not kept then return nil, code end
  if not state.default then return nil, 65303 end
  local rule
  rule, code = rule_of(ctx, args.matchrule)
  if not rule then return nil, code end
  if #state.conditional >= CONDITIONAL_MOST then return nil, 65305 end
  local lists = { kept }
  for _, one in ipairs(state.conditional) do lists[#lists + 1] = one.button end
  if not menus.few_domains(lists) then return nil, 65316 end
  local menuid = next_id(state)
  table.insert(state.conditional, { button = kept, matchrule = rule, menuid = menuid })
  changed(ctx)
  return { menuid = menuid }
end

function M.del_conditional(ctx, args)
  local state = state_of(ctx)
  for i, one in ipairs(state.conditional) do
    if tostring(one.menuid) == tostring(args.menuid) then
      table.remove(state.conditional, i)
      return changed(ctx)
    end
  end
  return nil, 65301
end

function M.try_match(ctx, args)
  local user = ctx.account.users[args.user_id]
  for _, openid in ipairs(user and {} or ctx.account.openids) do -- or his WeChat id
    local one = ctx.account.users[openid]
    if one.wxid == args.user_id and one.wxid then user = one end
  end
  if not user or not user.subscribed then return nil, 65302 end
  local list = menus.of(ctx.account, user)
  if not list then return nil, 46003 end
  return { button = list }
end

return M
