-- WeChat's API: marketing. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "user_action_sets_add", "POST", "/marketing/user_action_sets/add", query = "version=v1.0",
    body = "type(WEB), name, description?", note = "reply data{user_action_set_id}" },
  { "user_action_sets_get", "GET", "/marketing/user_action_sets/get", query = "version=v1.0, user_action_set_id" },
  { "user_actions_add", "POST", "/marketing/user_actions/add", query = "version=v1.0",
    body = "actions[]{user_action_set_id, url, action_time, action_type, click_id?, action_param{}?}" },
  { "wechat_ad_leads_get", "GET", "/marketing/wechat_ad_leads/get",
    query = "version=v1.0, page, page_size, date_range:json, filtering:json?",
    note = "date_range is a JSON object in the query" },
}
