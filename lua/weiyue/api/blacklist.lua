-- WeChat's API: blacklist. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "list", "POST", "/cgi-bin/tags/members/getblacklist", body = "begin_openid? (empty = from start)",
    idempotent = true, note = "10000 a page" },
  { "add", "POST", "/cgi-bin/tags/members/batchblacklist", body = "openid_list[<=20]", idempotent = true },
  { "remove", "POST", "/cgi-bin/tags/members/batchunblacklist", body = "openid_list[<=20]", idempotent = true },
}
