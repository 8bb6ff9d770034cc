-- The events of the log that a spec may ask for, as the READMEs list them: a slip of the pen is told by them.
local M = {}

M.names = {}
for name in ([[
  sig.mismatch sig.missing sig.stale sig.bad_timestamp sig.mode sig.nonce_reuse sig.appid sig.account sig.envelope
  config.aeskey query.syntax query.dup query.too_many query.too_long push.empty push.form push.incomplete xml.syntax
  xml.doctype xml.depth xml.dup_field json.syntax json.dup_key json.depth multipart.boundary multipart.parts
  multipart.header multipart.name multipart.dup multipart.truncated page.csrf page.malformed page.file page.key
  http.storage http.streams http.unknown_host http.malformed http.bad_te http.no_host http.dup_host http.bad_host
  uri.rejected http.target_too_long http.header_too_large http.body_too_large http.chunk_overhead http.timeout
  http.busy http.aborted http.accept http.not_found http.method config listen plugin.load_failed plugin.lint
  plugin.log plugin.reload_failed reload.failed reload.specs reload.restart_needed reload.done reload.canary
  reload.rollback reload.last_good reload.tasks reload.conversations reload.not_kept reload.watch control.listen
  lua.error lua.timeout lua.oom lua.memory lua.panic lua.bad_reply handler.error reply.link reply.not_allowed
  reply.articles_cut reply.too_late push.unanswered push.queue_full late.failed api.failed api.quota api.circuit
  api.host token.failed token.refused token.forced token.fetched token.bad token.store component.event mailbox.failed
  mailbox.dropped mailbox.evicted mailbox.lost media.cache_failed user.cache_failed desk.failed oauth.state
  oauth.code oauth.upstream oauth.identity oauth.snapshot oauth.denied oauth.return_to oauth.rate oauth.store
  jssdk.url jssdk.host jssdk.rate jssdk.failed session.failed forget forget.failed store.durability store.full
  store.io store.readonly store.corrupt store.busy store.unreachable store.recovered fetch.failed fetch.denied
  typing.failed timer.late timer.skipped timer.store worker.full admin.listen admin.key log.suppressed record
  record.stopped log.dropped log.reopened log.failed log.reopen_failed host.stop child.exit child.start child.ready
  child.stuck push.quarantined upgrade.start upgrade.give upgrade.take upgrade.done upgrade.failed upgrade.slow
  upgrade.back upgrade.inbox upgrade.old_exit msg.unknown_type push page
]]):gmatch "%S+" do M.names[#M.names + 1] = name end

return M
