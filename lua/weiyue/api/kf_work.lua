-- WeChat's API: kf_work. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get", "GET", "/customservice/work/get", note = "mini-program to WeCom kf binding" },
  { "bind", "POST", "/customservice/work/bind", body = "corpid" },
  { "unbind", "POST", "/customservice/work/unbind", body = "corpid" },
}
