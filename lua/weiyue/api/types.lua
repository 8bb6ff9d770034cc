-- What the name of a field of WeChat's API tells about its type. What is not told here is checked by WeChat.

local M = {}

local function set(type, into, names)
  for name in names:gmatch "%S+" do into[name] = type end
end

local NAMES <const> = {}
set("string", NAMES, [[
  openid touser towxname open_id from_appid unionid appid secret component_appid authorizer_appid code lang
  media_id thumb_media_id template_id template_id_short card_id kf_account kf_openid invite_wx nickname title
  description content remark msgtype command author digest url page path pagepath name text begin_date end_date
  ref_date next_openid begin_openid scene_str long_data short_key rid cgi_path ticket grant_type guide_account
  guide_openid buyer_nickname tag_name tag_value group_name task_name word username display_tag encrypt_code new_code
  outer_str key action_name action priTmplId sceneDesc title_type phone tax_no addr order_id s_pappid reason fpqqlsh
  nsrsbh keyword address redirect_uri redirect_url voice_id filename s_media_id authorization_code
  pre_auth_code authorizer_refresh_token refresh_token option_name option_value js_code head_content tail_content
  musicurl hqmusicurl picurl article_id clientmsgid client_msg_id membership_number
]])
set("integer", NAMES, [[
  offset count begin limit num page_size pageindex pagesize page_num expire_seconds scene_id tagid groupid
  to_groupid index starttime endtime number quantity increase_stock_value reduce_stock_value msg_data_id
  begin_time end_time is_read expire_time expires_in bonus add_bonus balance add_balance
  width start speed user_comment_id
]])
set("boolean", NAMES, [[
  is_to_all force_refresh is_open auto_color is_hyaline check_path need_verify_cod need_remark_amount is_unique_code
  check_consume can_share is_cancel
]])
set("id", NAMES, [[ msg_id msgid tmpl_msg_id menuid poi_id ]])

local ENDINGS <const> = {
  { "url$", "string" }, { "appid$", "string" }, { "media_id$", "string" }, { "_name$", "string" },
  { "_openid$", "string" },
}

--- The type of a field of this name.
---@param name string
---@return string
function M.of(name)
  if NAMES[name] then return NAMES[name] end
  for _, ending in ipairs(ENDINGS) do
    if name:find(ending[1]) then return ending[2] end
  end
  return "any"
end

-- Lists of texts.
local ITEMS <const> = {}
set("string", ITEMS, [[
  openid_list openid touser username media_ids keyword_name_list code categories tag_values display_tag_list
  to_openid_list appid_list requestdomain wsrequestdomain uploaddomain downloaddomain udpdomain tcpdomain
  webviewdomain mchid_list debug_url prefix_list
]])

--- The type of what a list of this name holds.
---@param name string
---@return string
function M.of_items(name) return ITEMS[name] or "any" end

return M
