-- WeChat's API: media. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "upload", "POST", "/cgi-bin/media/upload", query = "type(image|voice|video|thumb)", content = "multipart",
    body = "media:file",
    note = "reply type, media_id (thumb_media_id for thumb), created_at; kept 3 days; image 10 MB, voice 2 MB or "
      .. "60 s of AMR or MP3, video 10 MB of MP4, thumb 64 KB of JPG" },
  { "get", "GET", "/cgi-bin/media/get", query = "media_id", reply = "bytes",
    note = "video answers JSON with video_url instead of bytes; error also JSON" },
  { "get_jssdk", "GET", "/cgi-bin/media/get/jssdk", query = "media_id", reply = "bytes",
    note = "high-quality speex voice uploaded by JS-SDK" },
  { "upload_img", "POST", "/cgi-bin/media/uploadimg", content = "multipart", body = "media:file",
    note = "reply url; jpg/png under 1 MB; does not count against the material quota; card logo and POI photos use "
      .. "the same call (field name buffer in old card documents)" },
  { "upload_news", "POST", "/cgi-bin/media/uploadnews",
    body = "articles[1..8]{thumb_media_id, title, author?, digest?, content_source_url?, content, "
      .. "show_cover_pic?(0|1), need_open_comment?(0|1), only_fans_can_comment?(0|1)}",
    note = "reply type,media_id,created_at; for mass sending; superseded by draft.add" },
  { "upload_video", "POST", "/cgi-bin/media/uploadvideo", body = "media_id, title?, description?",
    note = "turns an uploaded video into an mpvideo media_id" },
  { "get_feedback", "GET", "/cgi-bin/media/getfeedbackmedia", query = "record_id, media_id", reply = "bytes",
    note = "mini-program feedback picture" },
}
