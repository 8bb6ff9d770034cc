-- WeChat's API: autoreply. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get", "GET", "/cgi-bin/get_current_autoreply_info",
    note = "only rules made in the web console; returned image/voice/video ids are temporary (3 days), news ids "
      .. "permanent" },
}
