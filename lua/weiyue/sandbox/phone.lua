-- What a user does on the phone: messages of every kind, buttons of the menu, codes that are scanned. Each becomes what
-- WeChat would push, and stands in the chat.

local core = require "weiyue_core"
local kf_session = require "weiyue.sandbox.api.kf_session"
local library = require "weiyue.sandbox.library"
local menus = require "weiyue.sandbox.menus"
local publish = require "weiyue.sandbox.api.publish"
local scene = require "weiyue.sandbox.scene"

local crypto = core.crypto

local M = {}

local TEXT_MOST <const> = 8192 -- bytes

local function refuse(code, zh, en) return nil, { code = code, zh = zh, en = en } end

local function text(value, most)
  return type(value) == "string" and core.text.valid(value) and #value <= (most or 2048) and value or nil
end

-- What the user had to do after he pressed a button (scan, take a picture, say where he is).
local function pressed(runtime, appid, openid, kind)
  local key = appid .. " " .. openid
  local button = runtime.pressed[key]
  runtime.pressed[key] = nil
  return button and button.type:find(kind) and button or nil
end

local function event(name, openid, more)
  local message = { MsgType = "event", Event = name, FromUserName = openid }
  for key, value in pairs(more or {}) do message[key] = value end
  return message
end

-- Pushes what a user has done. The account hears nothing of who is on its blacklist.
local function tell(runtime, account, openid, message)
  if not account.users[openid].blocked then runtime:emit(account.appid, message) end
end

-- Who does not follow has no chat with the account, nor its menu; mini programs have no followers.
local function is_stranger(account, user) return not user.subscribed and account.kind ~= "mini" end

local function refuse_stranger()
  return refuse("not_following", "还没有关注这个公众号", "this user does not follow the account")
end

-- --- messages: each gives WeChat's fields and what the chat shows ---

local kinds <const> = {}

function kinds.text(body)
  local content = text(body.text or body.content, TEXT_MOST)
  if not content or content == "" then return refuse("text", "没有文字，或者太长", "no text, or too long a one") end
  return { Content = content, bizmsgmenuid = text(body.bizmsgmenuid, 128) }, { text = content }
end

local ENDINGS <const> = { image = "png", voice = "amr", video = "mp4", file = "bin" }
local MOST <const> = 20 * 1024 * 1024

-- A file of the phone's, as temporary media of the account.
local function stored(runtime, account, body, kind)
  local media = type(body.media) == "table" and body.media or {}
  local data = type(media.data) == "string" and crypto.base64_decode(media.data)
  if not data or data == "" or #data > MOST then
    return refuse("media", "没有文件，或者大于 20 MB", "no file, or one of more than 20 MB")
  end
  local name = text(media.name, 255) or kind
  return library.add(runtime.world, account, {
    kind = "temporary", type = kind, data = data, title = name, filename = name,
    ending = (name:match "%.(%w+)$" or ENDINGS[kind]):lower(),
  })
end

function kinds.image(body, runtime, account, openid)
  local item, fault = stored(runtime, account, body, "image")
  if not item then return nil, fault end
  local button = pressed(runtime, account.appid, openid, "^pic_")
  if button then
    tell(runtime, account, openid, event(button.type, openid, {
      EventKey = button.key,
      SendPicsInfo = { Count = 1, PicList = { item = { { PicMd5Sum = crypto.md5(item.data, "hex") } } } },
    }))
  end
  return { PicUrl = library.url(runtime.world, item), MediaId = item.media_id }, { media_id = item.media_id }
end

function kinds.voice(body, runtime, account)
  local item, fault = stored(runtime, account, body, "voice")
  if not item then return nil, fault end
  return { MediaId = item.media_id, Format = item.ending, Recognition = text(body.recognition) or "" },
    { media_id = item.media_id, recognition = body.recognition }
end

function kinds.video(body, runtime, account)
  local item, fault = stored(runtime, account, body, "video")
  if not item then return nil, fault end
  local thumb = library.add(runtime.world, account, { kind = "temporary", type = "thumb", ending = "jpg",
    data = require("weiyue.sandbox.qr").png(runtime.world.base) })
  return { MediaId = item.media_id, ThumbMediaId = thumb.media_id }, { media_id = item.media_id }
end

kinds.shortvideo = kinds.video

function kinds.file(body, runtime, account)
  local item, fault = stored(runtime, account, body, "file")
  if not item then return nil, fault end
  return { Title = item.title, Description = "", FileKey = item.media_id, FileMd5 = crypto.md5(item.data, "hex"),
    FileTotalLen = #item.data }, { media_id = item.media_id, title = item.title }
end

local function decimal(value, from, to)
  local n = tonumber(value)
  return n and n >= from and n <= to and n or nil
end

function kinds.location(body, runtime, account, openid)
  local x, y = decimal(body.latitude, -90, 90), decimal(body.longitude, -180, 180)
  if not (x and y) then return refuse("location", "经纬度不对", "no such latitude and longitude") end
  local scale, label = math.tointeger(decimal(body.scale, 1, 28)) or 15, text(body.label, 512) or ""
  local button = pressed(runtime, account.appid, openid, "^location_select$")
  if button then
    tell(runtime, account, openid, event("location_select", openid, { EventKey = button.key, SendLocationInfo = {
      Location_X = tostring(x), Location_Y = tostring(y), Scale = tostring(scale), Label = label, Poiname = "" } }))
  end
  return { Location_X = ("%.6f"):format(x), Location_Y = ("%.6f"):format(y), Scale = scale, Label = label },
    { location = { latitude = x, longitude = y, scale = scale, label = label } }
end

function kinds.link(body)
  local title, url = text(body.title, 512), text(body.url, 2048)
  if not title or not (url and url:find "^https?://") then
    return refuse("link", "标题或网址不对", "no title, or no address")
  end
  local description = text(body.description, 2048) or ""
  return { Title = title, Description = description, Url = url },
    { title = title, description = description, url = url }
end

-- Where the account learns of it by itself: he has allowed it to know where he is.
local function report_place(runtime, account, body, openid)
  tell(runtime, account, openid, event("LOCATION", openid, {
    Latitude = ("%.6f"):format(body.latitude), Longitude = ("%.6f"):format(body.longitude), Precision = "30.000000" }))
end

--- A user sends a message. nil, fault: { code, zh, en }.
---@param body table { type, … }
function M.send(runtime, account, user, body)
  if is_stranger(account, user) then return refuse_stranger() end
  if body.type == "LOCATION" and decimal(body.latitude, -90, 90) and decimal(body.longitude, -180, 180) then
    return report_place(runtime, account, body, user.openid) or true
  end
  local kind = kinds[body.type]
  if not kind then return refuse("type", "没有这种消息", "there is no such kind of message") end
  local fields, item = kind(body, runtime, account, user.openid)
  if not fields then return nil, item end
  item.from, item.type = "user", body.type
  runtime:say(account.appid, user.openid, item)
  local words = kf_session.words(item)
  if not user.blocked and kf_session.say(runtime.world, account.appid, user.openid, "customer", words) then
    runtime.world:note_push(body.type, account.appid, user.openid)
    return true -- he talks to a worker: the account's server hears only events
  end
  fields.MsgType, fields.FromUserName = body.type, user.openid
  tell(runtime, account, user.openid, fields)
  return true
end

-- --- the menu ---

local function button_at(list, path)
  local button = list and type(path) == "table" and list[math.tointeger(tonumber(path[1]))]
  if button and path[2] ~= nil then button = (button.sub_button or {})[math.tointeger(tonumber(path[2]))] end
  return button
end

local presses <const> = {}

function presses.click(runtime, account, openid, button)
  tell(runtime, account, openid, event("CLICK", openid, { EventKey = button.key }))
end

function presses.view(runtime, account, openid, button)
  tell(runtime, account, openid, event("VIEW", openid, { EventKey = button.url }))
  return { url = button.url }
end

function presses.miniprogram(runtime, account, openid, button)
  tell(runtime, account, openid, event("view_miniprogram", openid, { EventKey = button.pagepath }))
  return { miniprogram = button.appid, path = button.pagepath }
end

-- WeChat itself sends the material.
local function material(runtime, account, openid, button)
  local item = library.find(runtime.world, account, button.media_id)
  if item then
    runtime.world:deliver(account.appid, openid, { way = "menu", type = item.type, articles = item.articles,
      media = not item.articles and { media_id = item.media_id } or nil })
  end
end
presses.media_id, presses.view_limited = material, material

-- The same of what was published.
local function post(runtime, account, openid, button)
  local articles = publish.articles(runtime.world, account, button.article_id)
  if articles then
    runtime.world:deliver(account.appid, openid, { way = "menu", type = "mpnewsarticle", articles = articles })
  end
end
presses.article_id, presses.article_view_limited = post, post

local WANTS <const> = { scancode_push = "scan", scancode_waitmsg = "scan", pic_sysphoto = "image",
  pic_photo_or_album = "image", pic_weixin = "image", location_select = "location" }

--- A user presses a button: [i] of the bar, [i, j] below it. What the phone is to do then: { url } or { wants }.
function M.press(runtime, account, user, path)
  if is_stranger(account, user) then return refuse_stranger() end
  local button = button_at(menus.of(account, user), path)
  if not button or not button.type then return refuse("button", "菜单里没有这个按钮", "the menu has no such button") end
  local press = presses[button.type]
  if press then return press(runtime, account, user.openid, button) or true end
  runtime.pressed[account.appid .. " " .. user.openid] = button
  return { wants = WANTS[button.type] }
end

--- A user scans a code: { scene } of the account, or { url }.
function M.scan(runtime, account, user, what)
  local button = not is_stranger(account, user) and pressed(runtime, account.appid, user.openid, "^scancode_")
  local url, number = text(what.url, 2048), what.scene ~= nil and tostring(what.scene) or nil
  if number and #number > 64 then number = nil end
  if button then
    tell(runtime, account, user.openid, event(button.type, user.openid, {
      EventKey = button.key, ScanCodeInfo = { ScanType = "qrcode", ScanResult = url or number or "" } }))
    return button.type == "scancode_push" and url and { url = url } or true
  end
  if url and not url:find(runtime.world.base .. "/q/", 1, true) then return { url = url } end
  if not (url or number) then return refuse("scan", "没有扫到什么", "nothing was scanned") end
  local ok, err = scene.scan(runtime.world, account.appid, user.openid, { url = url, scene = number })
  if not ok then return refuse("scan", "这个二维码不是这个公众号的，或者过期了", tostring(err)) end
  return true
end

return M
