-- WeChat's API: card_submerchant. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "submit", "POST", "/card/submerchant/submit",
    body = "info{app_id?, brand_name, logo_url, protocol, end_time, agreement_media_id?, operator_media_id?, "
      .. "primary_category_id, secondary_category_id}",
    note = "reply merchant_id" },
  { "update", "POST", "/card/submerchant/update",
    body = "info{merchant_id, app_id?, brand_name, logo_url, protocol, end_time, agreement_media_id?, "
      .. "operator_media_id?, primary_category_id, secondary_category_id}" },
  { "get", "POST", "/card/submerchant/get", body = "merchant_id", idempotent = true },
  { "batch_get", "POST", "/card/submerchant/batchget", body = "begin_id, limit, status?", idempotent = true },
  { "get_apply_protocol", "GET", "/card/getapplyprotocol", note = "reply category[]" },
}
