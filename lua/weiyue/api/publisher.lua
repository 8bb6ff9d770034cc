-- WeChat's API: publisher. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "adpos_general", "GET", "/publisher/stat",
    query = "action=publisher_adpos_general, page, page_size, start_date, end_date, ad_slot?",
    note = "<=90 days; reply base_resp{ret,err_msg},list[],summary,total_num; errors are in base_resp, not errcode" },
  { "cps_general", "GET", "/publisher/stat",
    query = "action=publisher_cps_general, page, page_size, start_date, end_date",
    note = "<=60 days; base_resp envelope" },
  { "settlement", "GET", "/publisher/stat",
    query = "action=publisher_settlement, page, page_size, start_date, end_date",
    note = "no maximum span; base_resp envelope; reply settlement_list[]" },
}
