-- WeChat's API: callback. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get_callback_ip", "GET", "/cgi-bin/getcallbackip", note = "reply ip_list[] of push sources" },
  { "get_api_domain_ip", "GET", "/cgi-bin/get_api_domain_ip", note = "reply ip_list[] of API servers" },
  { "check", "POST", "/cgi-bin/callback/check",
    body = "action(dns|ping|all), check_operator(CHINANET|UNICOM|CAP|DEFAULT)", idempotent = true,
    note = "reply dns[],ping[]" },
}
