-- WeChat's API: wxa_login. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "jscode2session", "GET", "/sns/jscode2session", auth = "none",
    query = "appid=@appid, secret=@secret, js_code, grant_type=authorization_code", idempotent = false,
    note = "reply openid,session_key,unionid?; js_code single use, 5 min; 40029, 45011" },
}
