-- WeChat's API: openapi. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "clear_quota", "POST", "/cgi-bin/clear_quota", body = "appid=@appid",
    note = "resets all daily counters; 10 resets a month per account, web console resets included (48006 when used "
      .. "up); calls made by a third party consume the account's own quota" },
  { "clear_quota_v2", "POST", "/cgi-bin/clear_quota/v2", auth = "none", query = "appid=@appid, appsecret=@secret",
    body = "appid=@appid, appsecret=@secret",
    note = "resets the counters without a token; in query and body alike; shares the 10 a month" },
  { "quota_get", "POST", "/cgi-bin/openapi/quota/get", body = "cgi_path", idempotent = true,
    note = "reply quota{daily_limit,used,remain},rate_limit,component_rate_limit" },
  { "quota_clear", "POST", "/cgi-bin/openapi/quota/clear", body = "cgi_path", note = "resets one API's counter" },
  { "rid_get", "POST", "/cgi-bin/openapi/rid/get", body = "rid (taken from an errmsg)", idempotent = true,
    note = "7-day lookup of the failing request" },
}
