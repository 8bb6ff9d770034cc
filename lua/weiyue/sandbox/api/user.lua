-- Users of an account: information, pages of openids, remarks.

local json = require "weiyue.json"

local M = {}

local PAGE <const> = 10000

-- As user/info tells it: of who is no follower, next to nothing.
local function info(user, lang)
  if not user.subscribed then return { subscribe = 0, openid = user.openid, tagid_list = json.array {} } end
  return {
    subscribe = 1, openid = user.openid, unionid = user.unionid, language = lang or user.language,
    nickname = "", sex = 0, city = "", province = "", country = "", headimgurl = "",
    subscribe_time = user.subscribe_time, remark = user.remark,
    groupid = user.tags[1] or 0, tagid_list = json.array(table.move(user.tags, 1, #user.tags, 1, {})),
    subscribe_scene = user.subscribe_scene, qr_scene = user.qr_scene, qr_scene_str = user.qr_scene_str,
  }
end

function M.info(ctx, args)
  local user = ctx.account.users[args.openid]
  if not user then return nil, 40003 end
  return info(user, args.lang)
end

function M.batch_info(ctx, args)
  local list = json.array {}
  if #args.user_list == 0 then return nil, 40032 end
  for i, one in ipairs(args.user_list) do
    local user = ctx.account.users[one.openid]
    if not user then return nil, 40003 end
    list[i] = info(user, one.lang)
  end
  return { user_info_list = list }
end

function M.update_remark(ctx, args)
  local user = ctx.account.users[args.openid]
  if not user then return nil, 40003 end
  if not user.subscribed then return nil, 43004 end
  user.remark = args.remark
  return {}
end

--- One page of a list: those behind `after`.
---@param openids string[]
---@param after? string
---@return string[]? page, string next
function M.page(openids, after)
  local from = 1
  if after and after ~= "" then
    from = nil
    for i, openid in ipairs(openids) do
      if openid == after then from = i + 1 end
    end
    if not from then return nil, "" end
  end
  local page = json.array(table.move(openids, from, math.min(#openids, from + PAGE - 1), 1, {}))
  return page, page[#page] or ""
end

function M.list(ctx, args)
  local followers = {}
  for _, openid in ipairs(ctx.account.openids) do
    if ctx.account.users[openid].subscribed then followers[#followers + 1] = openid end
  end
  local page, last = M.page(followers, args.next_openid)
  if not page then return nil, 40003 end
  return { total = #followers, count = #page, data = #page > 0 and { openid = page } or nil, next_openid = last }
end

-- An account that was moved to another: openids of the old one by those of the new.
function M.change_openid(ctx, args)
  local list, moved = json.array {}, ctx.account.moved or {}
  if #args.openid_list == 0 then return nil, 40031 end
  for i, openid in ipairs(args.openid_list) do
    local new = moved[args.from_appid] and moved[args.from_appid][openid]
    list[i] = { ori_openid = openid, new_openid = new or "", err_msg = new and "ok" or "ori_openid error" }
  end
  return { errcode = 0, errmsg = "ok", result_list = list }
end

return M
