-- A user of a spec: what he does, what he gets to see.

local answers = require "weiyue.testing.answers"
local browser = require "weiyue.testing.browser"
local events = require "weiyue.events"
local flights = require "weiyue.testing.flights"
local library = require "weiyue.sandbox.library"
local nearest = require "weiyue.nearest"
local order = require "weiyue.sandbox.order"
local people = require "weiyue.sandbox.users"
local say = require "weiyue.testing.say"

local M = {}

---@class weiyue.testing.User
---@field openid string
---@field app weiyue.testing.App
---@field history weiyue.testing.Answer[] all that he got to see, in order
local User = {}

local HURRY <const> = 1 -- a second in which the user does the same once more

-- What WeChat tells apart by the second only: two equal events of one user in one second are one to it, and to every
-- host.
local function not_twice(self, message)
  if message.MsgType ~= "event" then return end
  local parts = {}
  for name, value in pairs(message) do parts[#parts + 1] = name .. "=" .. tostring(value) end
  table.sort(parts)
  local key, now = table.concat(parts, "&"), math.floor(self.app:now())
  if self.last[key] == now then
    self.app:_run(now + HURRY)
    now = math.floor(self.app:now())
  end
  self.last[key] = now
end

-- Sends it, and lets as much time pass as WeChat waits for an answer.
local function push(self, message)
  local app = self.app
  app:_check()
  message.FromUserName = self.openid
  not_twice(self, message)
  local flight = flights.start(app, self.account, message)
  app:_run(app:now() + 16, function() return flight.done end)
  app:_run()
  local answer = answers.of_flight(flight)
  if flight.item then self.history[#self.history + 1] = answer end
  return answer
end

--- Says a text.
---@async
---@param text string
---@return weiyue.testing.Answer
function User:says(text)
  if type(text) ~= "string" then say.raise("u:says 要一段文字", "u:says takes a text") end
  return push(self, { MsgType = "text", Content = text })
end

-- pic_url, PicUrl → PicUrl, by the fields that such a message has.
local function field_names(fields)
  local names = {}
  for name in (fields or ""):gsub("%b{}", ""):gmatch "[%w_]+" do
    names[name:gsub("_", ""):lower()] = name
  end
  return names
end

-- Names of msg that are not WeChat's own.
local SPECIAL <const> = {
  x = "locationx", y = "locationy", key = "eventkey", scene = "eventkey", id = "msgid", created = "createtime",
}
local ALWAYS <const> = { msgid = "MsgId", createtime = "CreateTime" }

local function fill(message, given, fields, what)
  local names = field_names(fields)
  for plain, name in pairs(ALWAYS) do names[plain] = names[plain] or name end
  if message.MsgType == "event" then names.eventkey = "EventKey" end
  for key, value in pairs(given) do
    if key ~= "type" then
      local plain = key:gsub("_", ""):lower()
      local name = names[plain] or names[SPECIAL[plain] or ""] or key:find "^%u" and key
      if not name then
        local known = {}
        for _, one in pairs(names) do known[one:gsub("(%l)(%u)", "%1_%2"):lower()] = true end
        say.check_keys(what, { [key] = true }, known)
      end
      if plain == "scene" and name == "EventKey" and message.Event:lower() == "subscribe" then
        value = "qrscene_" .. value
      end
      message[name] = type(value) == "number" and name ~= "CreateTime" and tostring(value) or value
    end
  end
  return message
end

-- What a message has at least; media are made where the account could fetch them.
local DEFAULT <const> = {
  text = { Content = "" }, image = { PicUrl = "http://wx.test/image.jpg" }, voice = { Format = "amr" },
  video = { ThumbMediaId = "thumb" }, shortvideo = { ThumbMediaId = "thumb" },
  location = { Location_X = "39.9", Location_Y = "116.4", Scale = "15", Label = "北京" },
  link = { Title = "标题", Description = "", Url = "http://wx.test/link" },
}
local ENDING <const> = { image = "jpg", voice = "amr", video = "mp4", shortvideo = "mp4" }

-- A file that the account can fetch by msg:download; its media_id.
local function add_media(self, kind, media_id, data)
  local world = self.app.world
  local account = world:account(self.account.appid)
  if media_id and library.find(world, account, media_id) then return media_id end
  return library.add(world, account, {
    kind = "temporary", type = kind == "shortvideo" and "video" or kind, media_id = media_id,
    data = data or kind .. " of a spec", filename = "media." .. ENDING[kind], ending = ENDING[kind],
  }).media_id
end

--- Sends a message of any type: u:sends { type = "image", media_id = "m" }. Fields are written as in msg, or by
--- WeChat's own names; `data` is what msg:download gets.
---@async
---@param message table
---@return weiyue.testing.Answer
function User:sends(message)
  if type(message) ~= "table" or type(message.type) ~= "string" then
    say.raise("写成 u:sends { type = \"image\" }", "write u:sends { type = \"image\" }")
  end
  local known = {}
  for name in pairs(order.message) do known[name] = true end
  say.check_keys("type", { [message.type] = true }, known)
  local one = { MsgType = message.type }
  for name, value in pairs(DEFAULT[message.type] or {}) do one[name] = value end
  local fields, data = {}, nil
  for key, value in pairs(message) do
    if key == "data" and ENDING[message.type] then data = value else fields[key] = value end
  end
  fill(one, fields, order.message[message.type], "u:sends")
  if ENDING[message.type] then one.MediaId = add_media(self, message.type, one.MediaId, data) end
  return push(self, one)
end

--- Sends an event: u:event("user_get_card", { card_id = "c" }).
---@async
---@param name string as handlers have it, lower case
---@param fields? table
---@return weiyue.testing.Answer
function User:event(name, fields)
  if type(name) ~= "string" then say.raise("写成 u:event(\"view\", {…})", "write u:event(\"view\", {…})") end
  say.check_slip("u:event", name:lower(), nearest.names(events.events))
  return push(self, fill({ MsgType = "event", Event = name }, fields or {}, order.event[name:lower()], "u:event"))
end

--- Presses a button of the menu.
function User:clicks(key)
  if type(key) ~= "string" then say.raise("u:clicks 要按钮的 key", "u:clicks takes a button's key") end
  return push(self, { MsgType = "event", Event = "CLICK", EventKey = key })
end

local function of_world(self) return self.app.world:user(self.account.appid, self.openid) end

--- Follows the account, by a QR code where a scene is named.
function User:follows(scene)
  local user, message = of_world(self), { MsgType = "event", Event = "subscribe", EventKey = "" }
  if scene then
    message.EventKey, message.Ticket = "qrscene_" .. scene, "wxtestticket"
  end
  people.subscribe(user, self.app:now(), scene and { scene = "ADD_SCENE_QR_CODE",
    id = math.tointeger(scene), text = not math.tointeger(scene) and tostring(scene) or nil } or nil)
  return push(self, message)
end

--- Scans a QR code with this scene; who does not follow yet does then.
function User:scans(scene)
  if not of_world(self).subscribed then return self:follows(scene) end
  return push(self, { MsgType = "event", Event = "SCAN", EventKey = tostring(scene), Ticket = "wxtestticket" })
end

--- Leaves: when the account hears of it, he cannot be written to any more.
function User:unfollows()
  people.unsubscribe(of_world(self))
  return push(self, { MsgType = "event", Event = "unsubscribe", EventKey = "" })
end

--- Sends his place, as a message; u:event "location" is what WeChat reports by itself.
function User:location(latitude, longitude, label)
  return self:sends { type = "location", location_x = latitude, location_y = longitude, label = label }
end

-- A list has no answer's fields: u:hears().text would be nil whatever has come.
local Heard <const> = { __index = function(_, key)
  if key == "text" or key == "type" or key == "way" or key == "articles" or key == "media_id" then
    say.raise("u:hears() 是一个列表：u:hears()[1].%s", "u:hears() is a list: u:hears()[1].%s", key)
  end
end }

--- What has come since he was asked last, beside the answers that u:says and the others give: late answers, messages
--- of the API.
---@async
---@return weiyue.testing.Answer[]
function User:hears()
  self.app:_run()
  local list = {}
  for i, item in ipairs(self.inbox) do
    list[i] = answers.of_item(item)
    self.history[#self.history + 1] = list[i]
  end
  self.inbox = {}
  return setmetatable(list, Heard)
end

--- Opens a page in WeChat's browser: with the user's cookies, by way of WeChat's login pages.
---@async
---@param path string of a page, or a whole URL
---@param options? { consent: boolean?, snapshot: boolean? } consent = false: he refuses to be known
---@return weiyue.testing.Page
function User:opens(path, options)
  self.browser = self.browser or browser.new(self)
  return self.browser:open(path, options)
end

local class = say.class("user", User, "browser")

function M.new(app, account, user)
  local self = setmetatable({ app = app, account = account, openid = user.openid, nickname = user.nickname,
    inbox = {}, history = {}, last = {} }, class)
  app.inboxes[account.appid .. "/" .. user.openid] = self
  return self
end

return M
