-- WeChat's API: kf_session. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "create", "POST", "/customservice/kfsession/create", body = "kf_account, openid, text?" },
  { "close", "POST", "/customservice/kfsession/close", body = "kf_account, openid, text?" },
  { "get", "GET", "/customservice/kfsession/getsession", query = "openid", note = "reply kf_account,createtime" },
  { "list", "GET", "/customservice/kfsession/getsessionlist", query = "kf_account",
    note = "reply sessionlist[openid,createtime]" },
  { "wait_case", "GET", "/customservice/kfsession/getwaitcase", note = "reply count,waitcaselist[] (100 at most)" },
}
