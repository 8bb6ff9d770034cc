-- What has to be there before the made-up arguments of a row mean something: by row, what is done to a sandbox
-- (spec/support/sandbox_world.lua) and to the arguments. What is kept by other families has a spec of its own.

local library = require "weiyue.sandbox.library"

local M = {}

local ARTICLE <const> = { title = "标题", content = "内容", thumb_media_id = "THUMB", url = "https://wx.example.cn/s/1" }

-- Something with this media_id.
local function media(s, media_id, kind, is_temporary)
  if not media_id then return end
  library.add(s.world, s.account, {
    kind = is_temporary and "temporary" or "permanent", type = kind, media_id = media_id, data = "wxtest",
    ending = kind == "video" and "mp4" or "jpg", filename = "a.jpg",
    articles = kind == "news" and { { title = "标题", content = "内容", url = ARTICLE.url } } or nil,
  })
end

local KINDS <const> = { mpnews = "news", miniprogrampage = "image", music = "thumb" }

local function card(s)
  return assert(s:call("card.create", { card = { card_type = "GIFT", gift = { gift = "茶", base_info = {
    logo_url = "u", brand_name = "小店", code_type = "CODE_TYPE_TEXT", title = "九折", color = "Color010", notice = "出示",
    description = "说明", sku = { quantity = 1 }, date_info = { type = "DATE_TYPE_FIX_TERM", fixed_term = 30 } } } } })).card_id
end

local function published(s)
  media(s, "THUMB", "thumb")
  local draft = assert(s:call("draft.add", { articles = { { title = "标题", content = "内容", thumb_media_id = "THUMB" } } })).media_id
  local id = assert(s:call("publish.submit", { media_id = draft })).publish_id
  s:advance(5)
  return assert(s:call("publish.get", { publish_id = id })).article_id
end

-- Whatever a message shows.
local function of_message(s, args)
  local own = args[args.msgtype] or args.images
  if type(own) ~= "table" then return end
  own.card_id = own.card_id and card(s)
  own.article_id = own.article_id and published(s)
  if own.media_id ~= own.thumb_media_id then media(s, own.media_id, KINDS[args.msgtype] or args.msgtype) end
  media(s, own.thumb_media_id, "thumb")
  for _, media_id in ipairs(own.media_ids or {}) do media(s, media_id, "image") end
end

local function custom(s, args)
  s.world:note_push("text", s.account.appid, args.touser)
  of_message(s, args)
  if args.customservice then args.customservice = nil end
  if args.command then args.command = "Typing" end
end

local function tag(s) return assert(s:call("tag.create", { tag = { name = "会员" } })).tag.id end

local function with_tag(s, args)
  args.tagid = tag(s)
  if args.openid_list then args.openid_list = { s.OPENID } end
  args.next_openid = nil
end

local function another(s)
  return s:user { nickname = "小月" }.openid
end

local function mass(s, args)
  args.filter = { is_to_all = true }
  of_message(s, args)
end

local function sent(s, args)
  media(s, "NEWS", "news")
  args.msg_id = assert(s:call("message_mass.sendall", { filter = { is_to_all = true }, mpnews = { media_id = "NEWS" } })).msg_id
  args.url, args.article_idx = nil, nil
end

local function menu(s)
  assert(s:call("menu.create", { button = { { type = "click", name = "关于", key = "about" } } }))
end

-- As the buttons of the sample's alternatives would be refused: these are of one kind each.
local function buttons(_, args) args.button = { { type = "click", name = "关于", key = "about" } } end

local function conditional(s, args)
  menu(s)
  buttons(s, args)
  args.matchrule = { tag_id = "2" }
end

local function path(_, args) args.cgi_path = "/cgi-bin/user/info" end

local function grant(s, args)
  local code = s.world:new_code(s.account.appid, s.OPENID, "snsapi_userinfo")
  local got = assert(s:call("oauth.access_token", { code = code }))
  args.access_token, args.openid = args.access_token and got.access_token, args.openid and got.openid
  args.refresh_token = args.refresh_token and got.refresh_token
end

local function covers(s, args)
  for _, article in ipairs(args.articles[1] and args.articles or { args.articles }) do
    article.thumb_media_id = "THUMB"
  end
  media(s, "THUMB", "thumb")
end

local function file(ending)
  return function(_, args)
    args.media.filename = "a." .. (args.type and ({ voice = "mp3", video = "mp4" })[args.type] or ending)
    args.media.data = "wxtest"
  end
end

local function of_type(kind, is_temporary)
  return function(s, args) media(s, args.media_id, kind, is_temporary) end
end

local function template(s, args)
  args.template_id = s.world:add_template(s.account.appid, { title = "通知", content = "{{thing1.DATA}}" }).template_id
  if args.data then args.data = { thing1 = { value = "你好" } } end
end

local function notice(s, args)
  s.world:consent(s.account.appid, args.touser, { [args.template_id] = "accept" })
  args.data = { thing1 = { value = "你好" } }
end

local function blocked(s, args) args.openid_list = { another(s) } end

M.card, M.article = card, published -- for specs that need one

M.prepare = {
  ["openapi.quota_get"] = path, ["openapi.quota_clear"] = path,
  ["openapi.rid_get"] = function(s, args) args.rid = select(2, s:call("user.info", { openid = "nobody" })).rid end,
  ["menu.create"] = buttons, ["menu.add_conditional"] = conditional, ["menu.get"] = menu,
  ["menu.del_conditional"] = function(s, args)
    conditional(s, {})
    args.menuid = assert(s:call("menu.add_conditional", {
      button = { { type = "click", name = "关于", key = "about" } }, matchrule = { tag_id = "2" },
    })).menuid
  end,
  ["menu.try_match"] = function(s, args) menu(s); args.user_id = s.OPENID end,
  ["message_custom.send"] = custom, ["message_custom.typing"] = custom, ["message_custom.business_send"] = custom,
  ["message_custom.business_typing"] = custom,
  ["message_mass.sendall"] = mass, ["message_mass.delete"] = sent, ["message_mass.get"] = sent,
  ["message_mass.send"] = function(s, args) args.touser = { s.OPENID, another(s) }; of_message(s, args) end,
  ["message_mass.preview"] = function(s, args)
    if args.towxname then s.world:user(s.account.appid, s.OPENID).wxid = args.towxname end
    of_message(s, args)
  end,
  ["template.set_industry"] = function(_, args) args.industry_id1, args.industry_id2 = "1", "4" end,
  ["template.delete"] = template, ["template.send"] = template,
  ["subscribe.add_template"] = function(_, args) args.kidList = { 1, 2 } end,
  ["subscribe.delete_template"] = function(s, args)
    args.priTmplId = assert(s:call("subscribe.add_template", { tid = "1", kidList = { 1, 2 }, sceneDesc = "测试" })).priTmplId
  end,
  ["subscribe.send"] = notice, ["wxa_message.subscribe_send"] = notice,
  ["subscribe_once.send"] = function(s, args)
    s.world:consent_once(s.account.appid, args.touser, args.template_id, args.scene)
  end,
  ["oauth.access_token"] = function(s, args)
    args.code = s.world:new_code(s.account.appid, s.OPENID, "snsapi_base")
  end,
  ["oauth.refresh_token"] = grant, ["oauth.userinfo"] = grant, ["oauth.auth"] = grant,
  ["wxa_login.jscode2session"] = function(s, args)
    args.js_code = s.world:new_code(s.account.appid, s.OPENID, "jscode")
  end,
  ["media.upload"] = file "jpg", ["media.upload_img"] = file "jpg", ["media.get"] = of_type("image", true),
  ["media.get_jssdk"] = of_type("voice", true), ["media.upload_news"] = covers,
  ["media.upload_video"] = of_type("video", true),
  ["material.add"] = function(s, args)
    file "jpg"(s, args)
    if args.type == "video" then args.description = { title = "标题", introduction = "说明" } end
  end,
  ["material.get"] = of_type "image", ["material.del"] = of_type "image",
  ["material.update_news"] = function(s, args)
    media(s, args.media_id, "news")
    covers(s, args)
    args.index = 0
  end,
  ["tag.update"] = function(s, args) args.tag.id = tag(s) end,
  ["tag.delete"] = function(s, args) args.tag.id = tag(s) end,
  ["tag.list_users"] = with_tag, ["tag.batch_tagging"] = with_tag, ["tag.batch_untagging"] = with_tag,
  ["user.list"] = function(_, args) args.next_openid = nil end,
  ["blacklist.list"] = function(_, args) args.begin_openid = nil end,
  ["blacklist.add"] = blocked, ["blacklist.remove"] = blocked,
  ["qrcode.create"] = function(_, args) -- each kind with its scene
    local scene = args.action_info.scene
    local is_text = args.action_name:find "STR"
    scene.scene_id, scene.scene_str = not is_text and 7 or nil, is_text and "door-1" or nil
  end,
  ["qrcode.show"] = function(s, args)
    args.ticket = assert(s:call("qrcode.create", { action_name = "QR_SCENE", action_info = { scene = { scene_id = 1 } } })).ticket
  end,
}

--- Rows that answer with the code that they are switched off with.
M.off = { ["material.add_news"] = 45103, ["wxa_message.template_send"] = 46101 }

--- Families whose rows are prepared here; of others, a row may want what a spec of its own makes.
M.families = {}
for name in ("token callback openapi menu message_custom message_mass template subscribe_once subscribe oauth jssdk "
  .. "media material tag user blacklist qrcode wxa_login wxa_message"):gmatch "%S+" do M.families[name] = true end

return M
