-- What users have agreed to: subscription messages, each consent for one message; one-time messages by scene.

local json = require "weiyue.json"

local M = {}

local KEPT <const> = 100 -- consents of one user to one template

local function of(user, template_id)
  local own = user.consents[template_id]
  if not own then
    own = { left = 0, scenes = {} }
    user.consents[template_id] = own
  end
  return own
end

local function event(openid, name, inner, list)
  return { MsgType = "event", Event = name, FromUserName = openid, [inner] = { List = list } }
end

local function take(user, template_id, choice)
  local own = of(user, template_id)
  if choice == "accept" then own.left, own.refused = math.min(own.left + 1, KEPT), nil end
  if choice == "reject" then own.refused = true end
end

local function refuse(user, template_id)
  local own = of(user, template_id)
  own.left, own.refused = 0, true
end

--- The user answers the popup: one more message of each template that he accepts. Pushes subscribe_msg_popup_event.
---@param choices table<string, "accept"|"reject"> by template_id
---@param popup_scene? integer 0 a page, 1 a menu, 2 an article
---@return table? message nil: there is no such user
function M.answer(world, appid, openid, choices, popup_scene)
  local user = world:user(appid, openid)
  if not user then return nil end
  local names, list = {}, json.array {}
  for template_id in pairs(choices) do names[#names + 1] = template_id end
  table.sort(names)
  for i, template_id in ipairs(names) do
    local choice = choices[template_id]
    take(user, template_id, choice)
    list[i] = { TemplateId = template_id, SubscribeStatusString = choice, PopupScene = tostring(popup_scene or 0) }
  end
  local message = event(openid, "subscribe_msg_popup_event", "SubscribeMsgPopupEvent", list)
  world:emit(appid, message)
  return message
end

--- The user switches a template off in the account's settings. Pushes subscribe_msg_change_event.
---@return table? message
function M.withdraw(world, appid, openid, template_id)
  local user = world:user(appid, openid)
  if not user then return nil end
  refuse(user, template_id)
  local list = json.array { { TemplateId = template_id, SubscribeStatusString = "reject" } }
  local message = event(openid, "subscribe_msg_change_event", "SubscribeMsgChangeEvent", list)
  world:emit(appid, message)
  return message
end

-- The events that tell of answers: where their list stands, and what is done with "reject".
local POPUP <const>, CHANGE <const> = "subscribe_msg_popup_event", "subscribe_msg_change_event"
local LISTS <const> = { [POPUP] = "SubscribeMsgPopupEvent", [CHANGE] = "SubscribeMsgChangeEvent" }

--- Notes the answers that an event tells of, where somebody has made it up.
---@param message table
function M.note(world, appid, message)
  local name = type(message.Event) == "string" and message.Event:lower()
  local user, inner = world:user(appid, message.FromUserName), message[LISTS[name] or ""]
  local list = LISTS[name] and user and (type(inner) == "table" and inner or message).List
  if type(list) ~= "table" then return end
  for _, one in ipairs(list.TemplateId and { list } or list) do
    local template_id, choice
    if type(one) == "table" then template_id, choice = one.TemplateId, one.SubscribeStatusString end
    if type(template_id) == "string" then
      if name == CHANGE and choice == "reject" then refuse(user, template_id) else take(user, template_id, choice) end
    end
  end
end

--- Takes one consent; false when there is none.
function M.spend(user, template_id)
  local own = user.consents[template_id]
  if not own or own.left < 1 then return false end
  own.left = own.left - 1
  return true
end

--- Whether it is the scene of a one-time message: 0 to 10000.
function M.is_scene(value)
  local scene = math.tointeger(tonumber(value))
  return scene ~= nil and scene >= 0 and scene <= 10000
end

--- The user agrees, on mp.weixin.qq.com, to one message of a scene.
---@return boolean
function M.once(world, appid, openid, template_id, scene)
  local user = world:user(appid, openid)
  if not user then return false end
  of(user, template_id).scenes[math.tointeger(tonumber(scene))] = true
  return true
end

--- Takes it; false when there is none.
function M.spend_once(user, template_id, scene)
  local own = user.consents[template_id]
  if not own or not own.scenes[scene] then return false end
  own.scenes[scene] = nil
  return true
end

return M
