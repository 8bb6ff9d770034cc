-- WeChat's API: tag. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "create", "POST", "/cgi-bin/tags/create", body = "tag{name(<=30 bytes)}",
    note = "100 tags (45056), 45157 duplicate, 45158 long" },
  { "list", "GET", "/cgi-bin/tags/get", note = "reply tags[id,name,count]" },
  { "update", "POST", "/cgi-bin/tags/update", body = "tag{id:int, name(<=30 bytes)}", idempotent = true,
    note = "ids 0,1,2 are system tags (45058)" },
  { "delete", "POST", "/cgi-bin/tags/delete", body = "tag{id:int}", note = "45057 above 100k fans" },
  { "list_users", "POST", "/cgi-bin/user/tag/get", body = "tagid, next_openid?", idempotent = true },
  { "batch_tagging", "POST", "/cgi-bin/tags/members/batchtagging", body = "openid_list[<=50], tagid",
    idempotent = true, note = "20 tags a fan (45059); code 40032 too many openids" },
  { "batch_untagging", "POST", "/cgi-bin/tags/members/batchuntagging", body = "openid_list[<=50], tagid",
    idempotent = true },
  { "get_id_list", "POST", "/cgi-bin/tags/getidlist", body = "openid", idempotent = true,
    note = "reply tagid_list[]" },
}
