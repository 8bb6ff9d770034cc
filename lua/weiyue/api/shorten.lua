-- WeChat's API: shorten. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "gen", "POST", "/cgi-bin/shorten/gen", body = "long_data(<=4 KB), expire_seconds?(<=2592000)",
    note = "reply short_key (15 chars)" },
  { "fetch", "POST", "/cgi-bin/shorten/fetch", body = "short_key", idempotent = true,
    note = "reply long_data,create_time,expire_seconds" },
}
