-- WeChat's API: user. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "info", "GET", "/cgi-bin/user/info", query = "openid, lang(zh_CN|zh_TW|en)=zh_CN",
    note = "reply subscribe,openid,language,subscribe_time,unionid?,remark,groupid,tagid_list[],subscribe_scene,"
      .. "qr_scene,qr_scene_str; nickname and headimgurl stopped being returned in 2021-12" },
  { "batch_info", "POST", "/cgi-bin/user/info/batchget", body = "user_list[<=100]{openid, lang?(zh_CN|zh_TW|en)}",
    idempotent = true, note = "reply user_info_list[]" },
  { "update_remark", "POST", "/cgi-bin/user/info/updateremark", body = "openid, remark(<30 chars)",
    idempotent = true, note = "verified service accounts" },
  { "list", "GET", "/cgi-bin/user/get", query = "next_openid?",
    note = "10000 per call; reply total,count,data{openid[]},next_openid; data absent when count 0" },
  { "change_openid", "POST", "/cgi-bin/changeopenid", body = "from_appid, openid_list[<=100]",
    note = "reply result_list[ori_openid,new_openid,err_msg]; account migration" },
}
