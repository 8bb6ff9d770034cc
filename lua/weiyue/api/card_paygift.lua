-- WeChat's API: card_paygift. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "add", "POST", "/card/paygiftcard/add",
    body = "rule_info{type, base_info{mchid_list[], begin_time, end_time}, member_rule{}|single_pay{}}" },
  { "delete", "POST", "/card/paygiftcard/delete", body = "rule_id" },
  { "get_by_id", "POST", "/card/paygiftcard/getbyid", body = "rule_id", idempotent = true },
  { "batch_get", "POST", "/card/paygiftcard/batchget", body = "type, effective, offset, count", idempotent = true },
}
