-- WeChat's API: material. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "add_news", "POST", "/cgi-bin/material/add_news",
    body = "articles[]{title, thumb_media_id, author?, digest?, show_cover_pic(0|1), content, content_source_url, "
      .. "need_open_comment?(0|1), only_fans_can_comment?(0|1)}",
    note = "reply media_id; switched off in 2022 (45103), use draft.add" },
  { "add", "POST", "/cgi-bin/material/add_material", query = "type(image|voice|video|thumb)",
    content = "multipart", body = "media:file, description{title, introduction}?(of a video)",
    note = "reply media_id, url (of an image); 100000 images, 1000 of each other kind" },
  { "get", "POST", "/cgi-bin/material/get_material", body = "media_id", reply = "bytes", idempotent = true,
    note = "news -> news_item[]; video -> title,description,down_url; others are bytes" },
  { "del", "POST", "/cgi-bin/material/del_material", body = "media_id",
    note = "48005 if menu or autoreply uses it" },
  { "update_news", "POST", "/cgi-bin/material/update_news",
    body = "media_id, index(from 0), articles{thumb_media_id, title, author?, digest?, content_source_url?, "
      .. "content, show_cover_pic?(0|1), need_open_comment?(0|1), only_fans_can_comment?(0|1)}",
    note = "superseded by draft.update" },
  { "count", "GET", "/cgi-bin/material/get_materialcount",
    note = "reply voice_count,video_count,image_count,news_count" },
  { "batch_get", "POST", "/cgi-bin/material/batchget_material",
    body = "type(image|video|voice|news), offset, count(1-20)", idempotent = true,
    note = "reply total_count,item_count,item[]" },
}
