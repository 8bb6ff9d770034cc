/* err: every error once: its number, the event name in logs, the reason in logs, and the text.
 *
 * Functions return 0 or one of these (negative). `event` names the kind for whoever watches the
 * logs; `reason` tells apart what one event covers and never leaves the log: to a stranger all
 * faults of an envelope look alike. */
#ifndef WY_BASE_ERR_H
#define WY_BASE_ERR_H

/* One row, one error. */
/* clang-format off */
#define WY_ERRORS(X)                                                                             \
  /* general */                                                                                  \
  X(NOMEM, "memory", "nomem", "out of memory, or over a buffer's maximum")                       \
  X(ARG, "argument", "argument", "wrong argument")                                               \
  X(CONFIG, "config", "config", "the configuration has errors")                                  \
  X(LISTEN, "listen", "listen", "cannot listen on this address")                                 \
  X(ADMIN, "admin", "admin", "the management interface cannot be opened")                          \
  X(RECORD, "record", "record", "the journal cannot be written")                                 \
  X(HANDOVER, "upgrade.inbox", "inbox", "the inbox of the host before cannot be taken over")    \
  X(CANCELLED, "cancelled", "cancelled", "cancelled")                                            \
  /* HTTP framing */                                                                             \
  X(HTTP_MALFORMED, "http.malformed", "malformed", "malformed HTTP")                             \
  X(HTTP_BAD_TE, "http.bad_te", "transfer_encoding", "Transfer-Encoding is not just chunked")    \
  X(HTTP_NO_HOST, "http.no_host", "no_host", "no Host header")                                   \
  X(HTTP_DUP_HOST, "http.dup_host", "dup_host", "more than one Host header")                     \
  X(HTTP_BAD_HOST, "http.bad_host", "bad_host", "the Host header is not a host")                 \
  X(HTTP_UNKNOWN_HOST, "http.unknown_host", "unknown_host", "this host is not served here")      \
  X(HTTP_METHOD, "http.method", "method", "method not allowed")                                  \
  X(HTTP_VERSION, "http.version", "version", "HTTP version not supported")                       \
  X(HTTP_EXPECT, "http.expect", "expect", "Expect is not 100-continue")                          \
  X(HTTP_TARGET, "http.target_too_long", "target", "request target over limits.target")          \
  X(HTTP_HEADER, "http.header_too_large", "header", "header over limits.header or limits.fields") \
  X(HTTP_BODY, "http.body_too_large", "body", "body over its limit")                             \
  X(HTTP_CHUNK, "http.chunk_overhead", "chunk_overhead", "chunk framing over limits.chunk_overhead") \
  X(HTTP_TIMEOUT, "http.timeout", "timeout", "the client was too slow")                          \
  X(HTTP_ABORTED, "http.aborted", "aborted", "the client left in the middle of a request")       \
  X(HTTP_BUSY, "http.busy", "connections", "too many connections")                               \
  X(HTTP_STORAGE, "http.storage", "storage", "an upload cannot be kept: no room on the disk, or it cannot be written") \
  X(HTTP_STREAMS, "http.streams", "streams", "more streams than limits.streams")                 \
  X(HTTP_NOT_FOUND, "http.not_found", "not_found", "nothing is served at this path")             \
  /* request target */                                                                           \
  X(URI, "uri.rejected", "uri", "the path is malformed or leaves the root")                      \
  X(QUERY_SYNTAX, "query.syntax", "syntax", "malformed query string")                            \
  X(QUERY_DUP, "query.dup", "duplicate", "a parameter stands twice in the query")                \
  X(QUERY_MANY, "query.too_many", "too_many", "more than 100 query parameters")                  \
  X(QUERY_LONG, "query.too_long", "too_long", "echostr over 1 KiB, or escaped parameters over 2 KiB")                              \
  /* who sent it */                                                                              \
  X(SIG_MISSING, "sig.missing", "missing", "signature, timestamp or nonce is missing")           \
  X(SIG_TIMESTAMP, "sig.bad_timestamp", "timestamp", "timestamp is not a unix time")             \
  X(SIG_STALE, "sig.stale", "stale", "timestamp outside limits.window: replay, or a wrong clock") \
  X(SIG_MISMATCH, "sig.mismatch", "signature", "wrong signature: is the token the same on both sides?") \
  X(SIG_MODE, "sig.mode", "mode", "the push does not have the protection that mode demands")     \
  X(SIG_ACCOUNT, "sig.account", "account", "ToUserName is not this account's username")          \
  X(SIG_APPID, "sig.appid", "appid", "the id in the encrypted frame is not the appid")           \
  X(SIG_NONCE, "sig.nonce_reuse", "nonce", "timestamp and nonce of another push: its signature was used again") \
  X(AES_BASE64, "sig.envelope", "base64", "Encrypt is not strict base64")                        \
  X(AES_LENGTH, "sig.envelope", "length", "ciphertext length is not a multiple of 16")           \
  X(AES_PADDING, "sig.envelope", "padding", "bad padding: wrong EncodingAESKey?")                \
  X(AES_SHORT, "sig.envelope", "short", "decrypted frame under 20 bytes")                        \
  X(AES_MSG_LEN, "sig.envelope", "msg_len", "the frame's length field exceeds the frame")        \
  X(AES_KEY, "config.aeskey", "aes_key", "EncodingAESKey must be 43 letters and digits")         \
  X(AES_CRYPTO, "sig.envelope", "crypto", "libcrypto refused the operation")                     \
  /* what it says */                                                                             \
  X(PUSH_EMPTY, "push.empty", "empty", "a push without a body")                                  \
  X(PUSH_FORM, "push.form", "form", "a push is neither XML nor JSON")                            \
  X(PUSH_INCOMPLETE, "push.incomplete", "incomplete", "FromUserName, ToUserName or MsgType is missing") \
  X(XML_SYNTAX, "xml.syntax", "syntax", "malformed XML")                                         \
  X(XML_DOCTYPE, "xml.doctype", "doctype", "a document type declaration is refused")             \
  X(XML_ENCODING, "xml.encoding", "encoding", "only UTF-8 is accepted")                          \
  X(XML_DEPTH, "xml.depth", "depth", "elements nested deeper than 16")                           \
  X(XML_MANY, "xml.too_many", "too_many", "more elements or attributes than any push has")       \
  X(XML_DUP, "xml.dup_field", "dup_field", "a head element stands twice")                        \
  X(XML_INT, "xml.bad_int", "bad_int", "CreateTime or MsgId is not a number")                    \
  X(XML_COUNT, "xml.count", "count", "a count larger than any list can be")                      \
  X(JSON_SYNTAX, "json.syntax", "syntax", "malformed JSON")                                      \
  X(JSON_EMPTY, "json.empty", "empty", "empty text instead of JSON")                             \
  X(JSON_TRAILING, "json.trailing", "trailing", "text after the end of the JSON value")          \
  X(JSON_DEPTH, "json.depth", "depth", "JSON nested too deep")                                   \
  X(JSON_DUP, "json.dup_key", "dup_key", "a key stands twice in a JSON object")                  \
  X(JSON_NUL, "json.nul", "nul", "a NUL character in a JSON string")                             \
  X(JSON_NUMBER, "json.number", "number", "malformed JSON number, or one beyond a double")       \
  X(JSON_CTRL, "json.ctrl", "ctrl", "a control character in a JSON string")                      \
  X(JSON_UTF8, "json.utf8", "utf8", "JSON is not UTF-8, or has a lone surrogate")                \
  X(JSON_BOM, "json.bom", "bom", "JSON begins with a byte order mark")                           \
  X(JSON_TYPE, "json.type", "type", "the JSON value is not an object")                           \
  X(MULTIPART_TYPE, "multipart.boundary", "type", "Content-Type is not multipart/form-data with one boundary of 1 to 70 characters") \
  X(MULTIPART_BOUNDARY, "multipart.boundary", "boundary", "beside a boundary stands what does not belong there") \
  X(MULTIPART_PARTS, "multipart.parts", "parts", "more parts than are allowed")                  \
  X(MULTIPART_HEADER, "multipart.header", "header", "the header of a part is malformed or too large") \
  X(MULTIPART_NAME, "multipart.name", "name", "the name of a part is missing, too long or no text") \
  X(MULTIPART_DUP, "multipart.dup", "duplicate", "a field of a form stands twice")               \
  X(MULTIPART_TRUNCATED, "multipart.truncated", "truncated", "a form ends before its last boundary") \
  /* what we answer */                                                                           \
  X(REPLY_TYPE, "reply.type", "type", "a handler returns a text, a wx.reply value, false or nil") \
  X(REPLY_FIELD, "reply.field", "field", "a field that this reply needs is missing")             \
  X(REPLY_UTF8, "reply.utf8", "utf8", "the reply is not UTF-8")                                  \
  /* what is kept */                                                                             \
  X(DICT_ABSENT, "dict.absent", "absent", "there is no such key")                                \
  X(DICT_EXISTS, "dict.exists", "exists", "there is such a key already")                         \
  X(DICT_LARGE, "dict.too_large", "too_large", "key and value are larger than an entry may be")  \
  X(DICT_NUMBER, "dict.not_a_number", "not_a_number", "the key holds no number")                 \
  X(STORE_TIMEOUT, "store.timeout", "timeout", "the store has not answered in time")             \
  X(STORE_BUSY, "store.busy", "busy", "too many operations wait for the store, or it is locked") \
  X(STORE_FULL, "store.full", "full", "the store has no room left")                              \
  X(STORE_UNREACHABLE, "store.unreachable", "unreachable", "the store cannot be reached")        \
  X(STORE_IO, "store.io", "io", "reading or writing the store failed")                           \
  X(STORE_READONLY, "store.readonly", "readonly", "the store cannot be written")                 \
  X(STORE_CORRUPT, "store.corrupt", "corrupt", "the store is damaged, or is no store of weiyue") \
  X(STORE_LARGE, "store.large", "large", "a key has at most 1024 bytes, a value 1 MiB")          \
  X(STORE_NUMBER, "store.not_a_number", "not_a_number", "the key holds no number, or the sum is too large") \
  X(STORE_CLOSED, "store.closed", "closed", "the store is closed")

/* clang-format on */

enum {
  WY_OK = 0,
  WY_E_BASE = -4000,
#define X(name, event, reason, text) WY_E_##name,
  WY_ERRORS(X)
#undef X
      WY_E_END
};

const char *wy_err_event(int err);  /* "sig.mismatch" */
const char *wy_err_reason(int err); /* "signature" */
const char *wy_err_text(int err);   /* one English sentence */

#endif
