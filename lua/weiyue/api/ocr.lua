-- WeChat's API: ocr. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "idcard", "POST", "/cv/ocr/idcard", query = "img_url?, type?", content = "multipart", body = "img:file?",
    needs = "img_url|img",
    note = "either img_url in the query with no body or a multipart field img; image under 2 MB; 101000-101003 "
      .. "errors" },
  { "bankcard", "POST", "/cv/ocr/bankcard", query = "img_url?, type?", content = "multipart", body = "img:file?",
    needs = "img_url|img", note = "img_url or img, as ocr.idcard; reply number" },
  { "driving", "POST", "/cv/ocr/driving", query = "img_url?, type?", content = "multipart", body = "img:file?",
    needs = "img_url|img", note = "vehicle licence; img_url or img" },
  { "driving_license", "POST", "/cv/ocr/drivinglicense", query = "img_url?, type?", content = "multipart",
    body = "img:file?", needs = "img_url|img", note = "driver licence; img_url or img" },
  { "bizlicense", "POST", "/cv/ocr/bizlicense", query = "img_url?", content = "multipart", body = "img:file?",
    needs = "img_url|img", note = "img_url or img" },
  { "comm", "POST", "/cv/ocr/comm", query = "img_url?", content = "multipart", body = "img:file?",
    needs = "img_url|img", note = "printed text; img_url or img; reply items[text,pos],img_size" },
  { "platenum", "POST", "/cv/ocr/platenum", query = "img_url?", content = "multipart", body = "img:file?",
    needs = "img_url|img", note = "img_url or img" },
  { "menu", "POST", "/cv/ocr/menu", query = "img_url?", content = "multipart", body = "img:file?",
    needs = "img_url|img", note = "img_url or img" },
}
