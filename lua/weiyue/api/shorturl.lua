-- WeChat's API: shorturl. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "create", "POST", "/cgi-bin/shorturl", body = "action=long2short, long_url",
    note = "reply short_url; switched off for new use in 2021, use shorten" },
}
