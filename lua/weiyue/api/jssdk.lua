-- WeChat's API: jssdk. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get_ticket", "GET", "/cgi-bin/ticket/getticket", query = "type=jsapi",
    note = "reply ticket, expires_in (7200 s); keep it" },
  { "get_card_ticket", "GET", "/cgi-bin/ticket/getticket", query = "type=wx_card",
    note = "the api_ticket for pages with cards and invoices; its signature sorts the values before sha1" },
}
