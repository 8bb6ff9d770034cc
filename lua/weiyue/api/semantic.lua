-- WeChat's API: semantic. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "search", "POST", "/semantic/semproxy/search",
    body = "query, category:str(type in some documents), city?|latitude+longitude?, region?, appid=@appid, uid?",
    idempotent = true, note = "reply ret,semantic{}" },
}
