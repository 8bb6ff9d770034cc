-- The same as sandbox_rows.lua, of customer service, guides, drafts, publishing, comments, statistics, cards, stores,
-- platforms and others: what the first made-up arguments of a row need.

local comment = require "weiyue.sandbox.api.comment"
local component = require "weiyue.sandbox.api.component"
local kf_account = require "weiyue.sandbox.api.kf_account"
local library = require "weiyue.sandbox.library"
local wallet = require "weiyue.sandbox.wallet"

local M = {}

local function ok(s, key, args, more)
  local got, err = s:call(key, args, more)
  return got or error(tostring(err), 2)
end

local function picture(s, media_id)
  return library.add(s.world, s.account,
    { kind = "permanent", type = "image", media_id = media_id, data = "\xFF\xD8\xFF", ending = "jpg", filename = "a.jpg" }).media_id
end

-- --- customer service ---

local function worker(s, args)
  ok(s, "kf_account.add", { kf_account = args.kf_account, nickname = "客服" })
end

local function at_work(s, args)
  worker(s, args)
  ok(s, "kf_account.invite_worker", { kf_account = args.kf_account, invite_wx = "wxtest_worker" })
  assert(kf_account.answer(s.world, s.account.appid, args.kf_account, true))
end

local function in_session(s, args)
  at_work(s, args)
  ok(s, "kf_session.create", { kf_account = args.kf_account, openid = s.OPENID })
end

-- --- guides: each row has whatever its arguments name ---

local function guide(s, args, name)
  local account = args.guide_account or "GUIDE_ACCOUNT"
  if name ~= "add" then ok(s, "guide.add", { guide_account = account, guide_nickname = "甲" }) end
  if name:find "buyer" and name ~= "add_buyer_relation" then
    ok(s, "guide.add_buyer_relation", { guide_account = account, openid = s.OPENID, buyer_nickname = "明" })
  end
  if name:find "^query_buyer" or name == "add_buyer_tag" or name == "del_buyer_tag" or name == "get_buyer_relation_list" then
    args.guide_account = account
  end
end

local function group(s, args, name)
  args.group_id = ok(s, "guide.new_group", { group_name = "一店" }).group_id
  if name == "del_from_group" then ok(s, "guide.add_to_group", { group_id = args.group_id, guide_account = args.guide_account }) end
end

local function options(s, args, name)
  local value = args.tag_values and args.tag_values[1] or args.tag_value or "红"
  ok(s, "guide.new_tag_option", { tag_name = args.tag_name or "颜色", tag_values = { value } })
  if name:find "buyer_tag$" then args.openid = s.OPENID end
  if name == "add_tag_option" then args.tag_values = { "蓝" } end
end

local function job(s, args, name)
  local own = name == "add_massend_job" and args or {}
  own.guide_account, own.task_name, own.push_time = "GUIDE_ACCOUNT", "通知", s.time + 7200
  own.openid, own.material = { s.OPENID }, { { type = 1, word = "欢迎" } }
  ok(s, "guide.add_buyer_relation", { guide_account = "GUIDE_ACCOUNT", openid = s.OPENID, buyer_nickname = "明" })
  if name == "get_massend_job_list" then args.guide_account = "GUIDE_ACCOUNT"
  elseif name ~= "add_massend_job" then args.task_id = ok(s, "guide.add_massend_job", own).task_result[1].task_id end
end

local function rebound(s, args)
  ok(s, "guide.add", { guide_account = "wxtest_b", guide_nickname = "乙" })
  args.old_guide_account, args.new_guide_account, args.openid = "GUIDE_ACCOUNT", "wxtest_b", s.OPENID
end

local function guide_material(s, args, name)
  args.type = 0
  if args.media_id then picture(s, args.media_id) end
  if name == "del_word_material" then ok(s, "guide.set_word_material", { type = 0, word = args.word }) end
  if name == "del_image_material" then
    ok(s, "guide.set_image_material", { type = 0, media_id = picture(s) })
    args.picurl = ok(s, "guide.get_image_material", { type = 0, start = 0, num = 1 }).model_list[1].picurl
  end
  if name == "del_card_material" then
    ok(s, "guide.set_card_material", { type = 0, appid = args.appid, title = args.title, path = args.path, media_id = picture(s) })
  end
end

local function of_guide(s, args, name)
  if name:find "material$" then return guide_material(s, args, name) end
  if name:find "tag_option$" then return name ~= "new_tag_option" and name ~= "get_tag_option" and options(s, args, name) end
  guide(s, args, name)
  if args.group_id then group(s, args, name) end
  if name:find "massend" then job(s, args, name) end
  if args.tag_value or name == "query_buyer_by_tag" then options(s, args, name) end
  if name == "del_buyer_tag" then
    ok(s, "guide.add_buyer_tag", { guide_account = "GUIDE_ACCOUNT", openid = s.OPENID, tag_value = args.tag_value })
  end
  if name == "rebind_for_buyer" then rebound(s, args) end
end

-- --- drafts, publishing, comments ---

local function article(s) return { title = "标题", content = "<p>正文</p>", thumb_media_id = picture(s) } end

local function draft(s, args)
  args.media_id = ok(s, "draft.add", { articles = { article(s) } }).media_id
end

local function published(s, args)
  local own = {}
  draft(s, own)
  local publish_id = ok(s, "publish.submit", { media_id = own.media_id }).publish_id
  s:pushed(5)
  args.publish_id = args.publish_id and publish_id
  args.article_id = args.article_id and ok(s, "publish.get", { publish_id = publish_id }).article_id
end

local function commented(s, args, name)
  comment.publish(s.account, args.msg_data_id, { { title = "标题" } })
  if name == "open" then return end
  ok(s, "comment.open", { msg_data_id = args.msg_data_id })
  if name == "list" then args.begin, args.count = 0, 10 end
  if not args.user_comment_id then return end
  args.user_comment_id = assert(comment.write(s.world, s.account.appid, s.OPENID, { msg_data_id = args.msg_data_id }, "好"))
  local one = { msg_data_id = args.msg_data_id, user_comment_id = args.user_comment_id }
  if name == "unmark_elect" then ok(s, "comment.mark_elect", one) end
  if name == "reply_delete" then
    one.content = "谢谢"
    ok(s, "comment.reply_add", one)
  end
end

-- --- cards ---

local function base()
  return {
    logo_url = "https://wx.example.cn/logo.png", brand_name = "小店", code_type = "CODE_TYPE_TEXT", title = "九折",
    color = "Color010", notice = "出示", description = "说明", sku = { quantity = 10 },
    date_info = { type = "DATE_TYPE_FIX_TERM", fixed_term = 30, fixed_begin_term = 0 },
  }
end

local function new_card(s, kind, more, of_base)
  local info = { base_info = base() }
  for key, value in pairs(more or {}) do info[key] = value end
  for key, value in pairs(of_base or {}) do info.base_info[key] = value end
  local id = ok(s, "card.create", { card = { card_type = kind:upper(), [kind] = info } }).card_id
  s:pushed(5)
  return id
end

local function card(s, args)
  local id = new_card(s, "gift", { gift = "茶" })
  if args.card_id then args.card_id = id end
  if args.action_info then args.action_info.card.card_id = id end
  for _, one in ipairs(args.card_list or {}) do one.card_id = id end
  if args.groupon then args.groupon, args.gift = nil, { base_info = { title = "八折" } } end
end

local function taken(kind, more)
  return function(s, args)
    local id = new_card(s, kind, more)
    local entry = assert(wallet.take(s.world, s.account.appid, s.OPENID, id))
    args.card_id, args.code = args.card_id and id, args.code and entry.code
    return entry, id
  end
end

local MEMBER <const> = { prerogative = "九折", supply_bonus = true, supply_balance = false }

local function member_card(s, args) args.card_id = new_card(s, "member_card", MEMBER) end

local function member(s, args)
  local entry, id = taken("member_card", MEMBER)(s, args)
  ok(s, "card_member.activate", { card_id = id, code = entry.code, membership_number = "1" })
end

local function deposit(s, args)
  args.card_id = new_card(s, "gift", { gift = "茶" }, { use_custom_code = true, get_custom_code_mode = "GET_CUSTOM_CODE_MODE_DEPOSIT" })
end

-- --- platforms ---

local function authorized(s, args)
  local code = assert(component.authorize(s.world, s.COMPONENT, s.account.appid))
  args.authorization_code = args.authorization_code and code
  args.authorizer_appid = args.authorizer_appid and s.account.appid
  if args.option_name then args.option_name, args.option_value = "voice_recognize", args.option_value and "1" end
  if args.code then args.code = s.world:new_code(s.account.appid, s.OPENID, "snsapi_base") end
  if args.js_code then args.js_code = s.world:new_code(s.account.appid, s.OPENID, "jscode") end
  if args.authorizer_refresh_token then
    args.authorizer_refresh_token = ok(s, "component.query_auth", { authorization_code = code }).authorization_info.authorizer_refresh_token
  end
  if args.refresh_token then
    local one = s.world:new_code(s.account.appid, s.OPENID, "snsapi_base")
    args.refresh_token = ok(s, "component.oauth_access_token", { code = one }).refresh_token
  end
end

-- --- stores ---

local PLACE <const> = { sid = "1", business_name = "小店", branch_name = "一店", province = "广东", city = "广州", district = "海珠",
  address = "路1号", telephone = "020-1", categories = { "美食,小吃" }, offset_type = 1, longitude = 113.3, latitude = 23.1 }

local function store(s, args)
  local id = ok(s, "poi.add", { business = { base_info = PLACE } }).poi_id
  s:pushed(10)
  if args.poi_id then args.poi_id = id else args.business.base_info = { poi_id = id, telephone = "020-2" } end
end

local function open_account(s, args, name)
  local own, more = s.account.appid, nil
  if name == "bind" then -- to what another account has made
    own = "wxtestother"
    s.world:add_account { appid = own, secret = "wxtest-other" }
    more = { token = s.world.tokens:issue("access_token", own).value }
  end
  local made = ok(s, "open_account.create", { appid = own }, more).open_appid
  args.open_appid = args.open_appid and made
end

M.prepare = {
  ["open_account.bind"] = open_account, ["open_account.unbind"] = open_account, ["open_account.get"] = open_account,
  ["kf_account.update"] = worker, ["kf_account.del"] = worker, ["kf_account.invite_worker"] = worker,
  ["kf_account.upload_head_img"] = worker,
  ["kf_session.create"] = at_work, ["kf_session.close"] = in_session, ["kf_session.list"] = at_work,
  ["draft.add"] = function(s, args) args.articles = { article(s) } end,
  ["draft.get"] = draft, ["draft.delete"] = draft,
  ["draft.update"] = function(s, args)
    draft(s, args)
    args.index, args.articles = 0, article(s)
  end,
  ["publish.submit"] = draft, ["publish.get"] = published, ["publish.delete"] = published,
  ["publish.get_article"] = published,
  ["card.create"] = function(_, args) args.card = { card_type = "GIFT", gift = { base_info = base(), gift = "茶" } } end,
  ["card_code.deposit"] = deposit, ["card_code.get_deposit_count"] = deposit, ["card_code.check"] = deposit,
  ["card_code.decrypt"] = function(s, args)
    local entry = taken("gift", { gift = "茶" })(s, {})
    args.encrypt_code = wallet.encrypt(s.world, s.account, entry)
  end,
  ["card.modify_stock"] = function(s, args)
    card(s, args)
    args.increase_stock_value = 5
  end,
  ["card_code.update"] = function(s, args)
    args.card_id = new_card(s, "gift", { gift = "茶" }, { use_custom_code = true })
    args.code = assert(wallet.take(s.world, s.account.appid, s.OPENID, args.card_id, { code = "wxtest1" })).code
  end,
  ["card_member.activate"] = taken("member_card", MEMBER), ["card_member.activate_get_url"] = member_card,
  ["card_member.set_activate_user_form"] = member_card, ["card_member.unactivate"] = member,
  ["card_member.update_user"] = member, ["card_member.get_user_info"] = member,
  ["card_ticket.update_meeting"] = taken("meeting_ticket", { meeting_detail = "会" }),
  ["card_ticket.update_movie"] = taken("movie_ticket", { detail = "片" }),
  ["card_ticket.checkin_boarding"] = taken("boarding_pass", { from = "广州", to = "北京", flight = "CZ1" }),
  ["poi.add"] = function(_, args) args.business = { base_info = PLACE } end,
  ["poi.get"] = store, ["poi.update"] = store, ["poi.delete"] = store,
  ["shorten.fetch"] = function(s, args) args.short_key = ok(s, "shorten.gen", { long_data = "x" }).short_key end,
  ["component.get_token"] = function(s)
    ok(s, "component.start_push_ticket")
    s.verify_ticket = s:pushed()[1].ComponentVerifyTicket
  end,
  ["component.set_authorizer_option"] = function(_, args) args.option_name, args.option_value = "voice_recognize", "1" end,
}

for key in ("get update delete set_paycell set_selfconsumecell create_qrcode create_landing_page "
  .. "get_mpnews_html"):gmatch "%S+" do M.prepare["card." .. key] = card end
for key in ("get consume unavailable mark"):gmatch "%S+" do
  M.prepare["card_code." .. key] = taken("gift", { gift = "茶" })
end
for key in ("query_auth authorizer_token get_authorizer_info api_get_authorizer_option api_set_authorizer_option "
  .. "oauth_access_token oauth_refresh_token jscode2session"):gmatch "%S+" do M.prepare["component." .. key] = authorized end

--- By family, where one way does for all of its rows: fn(s, args, name).
M.families = {
  guide = of_guide, comment = commented,
  datacube = function(s, args)
    local yesterday = os.date("!%Y-%m-%d", s.time + 8 * 3600 - 86400)
    args.begin_date, args.end_date = args.begin_date and yesterday, args.end_date and yesterday
  end,
}

--- Rows that WeChat has switched off.
M.off = {}
for name in ("get_article_summary get_article_total get_user_read get_user_read_hour get_user_share "
  .. "get_user_share_hour"):gmatch "%S+" do M.off["datacube." .. name] = 47009 end

--- Rows that need a user's doings of several steps: specs of their own show them.
M.elsewhere = {}
for family, names in pairs {
  invoice = "get_auth_url get_auth_data reject_insert make_out clear_out query_info set_pdf get_pdf insert update_status "
    .. "get_invoice_info get_invoice_batch update_invoice_status update_status_batch get_user_title_url scan_title",
  card_submerchant = "submit update get", wxa_qrcode_jump = "add delete publish",
  card_member = "activate_temp_info",
} do
  for name in names:gmatch "%S+" do M.elsewhere[family .. "." .. name] = true end
end

return M
