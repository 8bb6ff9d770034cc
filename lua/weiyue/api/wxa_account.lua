-- WeChat's API: wxa_account. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get_basic_info", "GET", "/cgi-bin/account/getaccountbasicinfo" },
  { "rebind_admin", "POST", "/cgi-bin/account/componentrebindadmin", body = "taskid" },
  { "modify_head_image", "POST", "/cgi-bin/account/modifyheadimage", body = "head_img_media_id, x1, y1, x2, y2" },
  { "modify_signature", "POST", "/cgi-bin/account/modifysignature", body = "signature" },
  { "set_nickname", "POST", "/wxa/setnickname", body = "nick_name, id_card?, license?, naming_other_stuff_1..5?",
    note = "reply wording,audit_id" },
  { "query_nickname", "POST", "/wxa/api_wxa_querynickname", body = "audit_id?", idempotent = true },
  { "check_nickname", "POST", "/cgi-bin/wxverify/checkwxverifynickname", body = "nick_name" },
  { "get_search_status", "GET", "/wxa/getwxasearchstatus" },
  { "change_search_status", "POST", "/wxa/changewxasearchstatus", body = "status" },
  { "get_show_item", "GET", "/wxa/getshowwxaitem" },
  { "update_show_item", "POST", "/wxa/updateshowwxaitem", body = "wxa_subscribe_biz_flag, appid?" },
  { "get_link_for_show", "GET", "/wxa/getwxamplinkforshow", query = "page, num" },
  { "fetch_data_setting", "POST", "/wxa/fetchdatasetting",
    body = "action, is_pre_fetch_open?, pre_fetch_type?, pre_fetch_url?, pre_env?, pre_function_name?, "
      .. "is_period_fetch_open?, period_fetch_type?, period_fetch_url?, period_env?, period_function_name?" },
  { "get_order_path_info", "GET", "/wxa/security/getorderpathinfo", query = "info_type" },
}
