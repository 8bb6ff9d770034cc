-- WeChat's API: wxa_search. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "set_dynamic_data", "POST", "/wxa/setdynamicdata", body = "lifespan, query:json, scene=1, data:json",
    note = "token of the mini-program, not of the official account; at most 5 KB a call" },
}
