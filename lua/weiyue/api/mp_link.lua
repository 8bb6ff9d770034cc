-- WeChat's API: mp_link. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "list", "POST", "/cgi-bin/wxopen/wxamplinkget", body = "{}", idempotent = true,
    note = "reply wxopens{items[]}; mini-programs linked to the account" },
  { "link", "POST", "/cgi-bin/wxopen/wxamplink", body = "appid, notify_users(0|1), show_profile(0|1)" },
  { "unlink", "POST", "/cgi-bin/wxopen/wxampunlink", body = "appid" },
  { "fast_register_auth_url", "GET", "/cgi-bin/fastregisterauth", host = "mp.weixin.qq.com", auth = "none",
    query = "appid, component_appid=@component_appid, copy_wx_verify, redirect_uri", reply = "redirect",
    note = "page the account admin opens; returns ticket" },
  { "fast_register", "POST", "/cgi-bin/account/fastregister", body = "ticket",
    note = "reply appid,authorization_code,is_wx_verify_succ,is_link_succ" },
}
