-- WeChat's API: wxa_privacy. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "set_setting", "POST", "/cgi-bin/component/setprivacysetting",
    body = "owner_setting{notice_method, ext_file_media_id?, ...}, setting_list[]{privacy_key, privacy_text}, "
      .. "privacy_ver?",
    note = "authorizer's token although the path says component" },
  { "get_setting", "POST", "/cgi-bin/component/getprivacysetting", body = "privacy_ver?", idempotent = true,
    note = "authorizer's token" },
  { "upload_ext_file", "POST", "/cgi-bin/component/uploadprivacyextfile", content = "multipart",
    body = "file:file", note = "txt only, 100 KB; authorizer's token" },
  { "apply_interface", "POST", "/wxa/security/apply_privacy_interface",
    body = "api_name, content, pic_list[]?, video_list[]?, url_list[]?" },
  { "get_interface", "GET", "/wxa/security/get_privacy_interface" },
}
