-- WeChat's API: open_account. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "create", "POST", "/cgi-bin/open/create", body = "appid",
    note = "reply open_appid; uses the authorizer's token; 89000" },
  { "bind", "POST", "/cgi-bin/open/bind", body = "appid, open_appid", note = "89001, 89003, 89004" },
  { "unbind", "POST", "/cgi-bin/open/unbind", body = "appid, open_appid" },
  { "get", "POST", "/cgi-bin/open/get", body = "appid", idempotent = true, note = "89002" },
  { "have", "GET", "/cgi-bin/open/have", note = "reply have_open" },
  { "same_entity", "GET", "/cgi-bin/open/sameentity", note = "reply same_entity" },
}
