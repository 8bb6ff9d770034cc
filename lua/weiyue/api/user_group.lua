-- WeChat's API: user_group. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "create", "POST", "/cgi-bin/groups/create", body = "group{name}", note = "retired in 2016, replaced by tags" },
  { "list", "GET", "/cgi-bin/groups/get", note = "reply groups[id,name,count]; retired" },
  { "get_id", "POST", "/cgi-bin/groups/getid", body = "openid", idempotent = true, note = "reply groupid; retired" },
  { "update", "POST", "/cgi-bin/groups/update", body = "group{id, name}", note = "retired" },
  { "move_user", "POST", "/cgi-bin/groups/members/update", body = "openid, to_groupid", note = "retired" },
  { "batch_move", "POST", "/cgi-bin/groups/members/batchupdate", body = "openid_list[<=50], to_groupid",
    note = "retired" },
  { "delete", "POST", "/cgi-bin/groups/delete", body = "group{id}", note = "retired" },
}
