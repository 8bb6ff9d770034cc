-- WeChat's API: voice. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "add_reco", "POST", "/cgi-bin/media/voice/addvoicetorecofortext",
    query = "format=mp3, voice_id, lang(zh_CN|en_US)=zh_CN", content = "bytes", body = "data:file",
    note = "raw voice bytes, mp3 16 kHz mono under 1 MB and 1 min" },
  { "query_reco", "POST", "/cgi-bin/media/voice/queryrecoresultfortext",
    query = "voice_id, lang(zh_CN|en_US)=zh_CN", content = "none", idempotent = true,
    note = "reply result,is_end; call within 10 s after upload" },
  { "translate", "POST", "/cgi-bin/media/voice/translatecontent", query = "lfrom(zh_CN|en_US), lto(zh_CN|en_US)",
    content = "bytes", body = "content:str(<=600 bytes)",
    note = "body is UTF-8 text, 600 bytes at most; zh_CN or en_US; reply from_content,to_content" },
}
