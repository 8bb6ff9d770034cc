-- WeChat's API: token. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get", "GET", "/cgi-bin/token", auth = "none",
    query = "grant_type=client_credential, appid=@appid, secret=@secret", idempotent = false,
    note = "reply access_token, expires_in (7200 s); a fresh call retires the old token about 5 min later; the "
      .. "caller's IP must be on the list (40164, 89503); one writer" },
  { "stable", "POST", "/cgi-bin/stable_token", auth = "none",
    body = "grant_type=client_credential, appid=@appid, secret=@secret, force_refresh?", idempotent = true,
    note = "does not invalidate the token on ordinary calls; force_refresh=true is limited (about 20 a day) and "
      .. "rotates it; independent of token.get tokens" },
}
