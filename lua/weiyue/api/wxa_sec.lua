-- WeChat's API: wxa_sec. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "msg_sec_check", "POST", "/wxa/msg_sec_check",
    body = "content, version=2, scene(1-4), openid, title?, nickname?, signature?", note = "87014 risky" },
  { "media_check_async", "POST", "/wxa/media_check_async",
    body = "media_url, media_type(1 audio, 2 image), version=2, scene, openid",
    note = "result by event wxa_media_check" },
  { "img_sec_check", "POST", "/wxa/img_sec_check", content = "multipart", body = "media:file",
    note = "under 1 MB; 87014 risky; old version" },
}
