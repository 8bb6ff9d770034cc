-- WeChat's API: oauth. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "authorize_url", "GET", "/connect/oauth2/authorize", host = "open.weixin.qq.com", auth = "none",
    query = "appid=@appid, redirect_uri, response_type=code, scope(snsapi_base|snsapi_userinfo), state?, "
      .. "forcePopup:bool?",
    reply = "redirect", fragment = "wechat_redirect",
    note = "parameter order matters; scope snsapi_base (silent) or snsapi_userinfo; redirect_uri URL-encoded, host "
      .. "must match the configured callback domain; optional forcePopup" },
  { "qrconnect_url", "GET", "/connect/qrconnect", host = "open.weixin.qq.com", auth = "none",
    query = "appid=@appid, redirect_uri, response_type=code, scope=snsapi_login, state?", reply = "redirect",
    fragment = "wechat_redirect", note = "website login by QR" },
  { "access_token", "GET", "/sns/oauth2/access_token", auth = "none",
    query = "appid=@appid, secret=@secret, code, grant_type=authorization_code", idempotent = false,
    note = "reply access_token,expires_in,refresh_token,openid,scope,unionid?,is_snapshotuser?; code single use, 5 "
      .. "min (40029, 40163); not the base access_token" },
  { "refresh_token", "GET", "/sns/oauth2/refresh_token", auth = "none",
    query = "appid=@appid, grant_type=refresh_token, refresh_token",
    note = "refresh_token lives 30 days (42002, 40030); no secret needed" },
  { "userinfo", "GET", "/sns/userinfo", auth = "oauth_access_token",
    query = "access_token:str, openid, lang(zh_CN|zh_TW|en)=zh_CN",
    note = "scope snsapi_userinfo; lang zh_CN|zh_TW|en; reply openid,nickname,sex,province,city,country,headimgurl,"
      .. "privilege[],unionid?; sex, province, city, country empty since 2021; is_snapshotuser=1 marks a virtual "
      .. "identity" },
  { "auth", "GET", "/sns/auth", auth = "oauth_access_token", query = "access_token:str, openid",
    note = "errcode 0 when still valid, 40003 otherwise" },
}
