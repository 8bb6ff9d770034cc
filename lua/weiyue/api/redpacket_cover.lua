-- WeChat's API: redpacket_cover. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get_authorize_url", "POST", "/redpacketcover/wxapp/cover_url/get_by_token", body = "openid, ctoken" },
}
