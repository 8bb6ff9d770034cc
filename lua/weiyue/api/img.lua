-- WeChat's API: img. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "qrcode", "POST", "/cv/img/qrcode", query = "img_url?", content = "multipart", body = "img:file?",
    needs = "img_url|img", note = "img_url or img; reply code_results[],img_size" },
  { "superresolution", "POST", "/cv/img/superresolution", query = "img_url?", content = "multipart",
    body = "img:file?", needs = "img_url|img", note = "img_url or img; reply media_id (temporary)" },
  { "aicrop", "POST", "/cv/img/aicrop", query = "img_url?, ratios?", content = "multipart", body = "img:file?",
    needs = "img_url|img", note = "img_url or img; ratios comma list (<=5); reply results[],img_size" },
}
