-- WeChat's API: card_location. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "batch_add", "POST", "/card/location/batchadd", body = "location_list[]", note = "superseded by poi.add" },
  { "batch_get", "POST", "/card/location/batchget", body = "offset, count", idempotent = true,
    note = "superseded by poi.list" },
}
