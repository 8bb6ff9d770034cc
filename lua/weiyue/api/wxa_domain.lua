-- WeChat's API: wxa_domain. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "modify", "POST", "/wxa/modify_domain",
    body = "action(add|delete|set|get), requestdomain[]?, wsrequestdomain[]?, uploaddomain[]?, downloaddomain[]?, "
      .. "udpdomain[]?, tcpdomain[]?" },
  { "modify_directly", "POST", "/wxa/modify_domain_directly",
    body = "action, requestdomain[]?, wsrequestdomain[]?, uploaddomain[]?, downloaddomain[]?, udpdomain[]?" },
  { "set_webview", "POST", "/wxa/setwebviewdomain", body = "action, webviewdomain[]?" },
  { "set_webview_directly", "POST", "/wxa/setwebviewdomain_directly", body = "action, webviewdomain[]?" },
  { "get_webview_confirm_file", "POST", "/wxa/get_webviewdomain_confirmfile", body = "{}", idempotent = true },
  { "get_effective", "POST", "/wxa/get_effective_domain", body = "{}", idempotent = true },
  { "get_effective_webview", "POST", "/wxa/get_effective_webviewdomain", body = "{}", idempotent = true },
  { "get_prefetch_dns", "GET", "/wxa/get_prefetchdnsdomain" },
  { "set_prefetch_dns", "POST", "/wxa/set_prefetchdnsdomain", body = "prefetch_dns_domain[]{url}" },
}
