-- WeChat's API: wxa_url. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "generate_scheme", "POST", "/wxa/generatescheme",
    body = "jump_wxa{path, query?, env_version?}, is_expire?, expire_type, expire_time?, expire_interval?" },
  { "query_scheme", "POST", "/wxa/queryscheme", body = "scheme?, query_type?", idempotent = true },
  { "generate_nfc_scheme", "POST", "/wxa/generatenfcscheme",
    body = "jump_wxa{path, query?, env_version?}, model_id, sn?" },
  { "generate_url_link", "POST", "/wxa/generate_urllink",
    body = "path?, query?, expire_type?, expire_time?, expire_interval?, env_version?, cloud_base{}?" },
  { "query_url_link", "POST", "/wxa/query_urllink", body = "url_link?, query_type?", idempotent = true },
  { "gen_short_link", "POST", "/wxa/genwxashortlink", body = "page_url, page_title, is_permanent?" },
}
