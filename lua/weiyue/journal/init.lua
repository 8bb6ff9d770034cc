-- The journal of `weiyue serve --record`: one JSON object a line. The first tells whose it is; `push` is a message as
-- it came, `call` what a handler asked of WeChat meanwhile, `answer` what was said to it. They share the push's trace,
-- which stands in the log's lines, too. The host's writing thread makes the lines (host/record.c), and
-- `weiyue replay` reads them.

local core = require "weiyue_core"
local redact = require "weiyue.journal.redact"

local codec, crypto, json = core.codec, core.crypto, core.json

local M = {}

M.VERSION = 1

local HOW <const> = { sort = true }

local ZONE <const> = 64 -- bytes: the first line is a short one

-- The zone of this process as POSIX writes it: os.date in handlers hangs on it.
local function zone()
  local own = os.getenv "TZ"
  if own and own ~= "" and #own <= ZONE then return own end
  local sign, h, m = tostring(os.date "%z"):match "^([+-])(%d%d)(%d%d)$"
  if not sign then return nil end
  return ("<%s%s%s>%s%s:%s"):format(sign, h, m, sign == "+" and "-" or "+", h, m)
end

--- The first line of a journal.
---@param id string
---@return string
function M.head(id) return assert(json.encode({ weiyue_journal = M.VERSION, id = id, zone = zone() }, HOW)) end

--- The id of the journal that begins with this line; nil: it is none.
---@param line string
---@return string?
function M.id(line)
  local head = json.decode(line)
  if type(head) == "table" and head.weiyue_journal == M.VERSION and type(head.id) == "string" then return head.id end
end

---@class weiyue.journal.Item what the host hands over
---@field kind "push"|"call"|"answer"
---@field at number       unix seconds
---@field account string
---@field push string     trace
---@field user string     openid
---@field body? string    the message, the reply or the call as text; nil: `success`
---@field way? string
---@field ms? integer
---@field attempt? integer
---@field authorizer? string

local makers = {}

local function parsed(body)
  local raw, form = codec.parse(body)
  if type(raw) == "table" then return raw, form end
end

function makers.push(r, item, line)
  local raw, form = parsed(item.body)
  r:begin(item.push, item.user)
  line.attempt = item.attempt ~= 1 and item.attempt or nil
  line.form = form ~= "xml" and form or nil
  line.message = raw and r:message(raw, item.push) or {}
end

function makers.answer(r, item, line)
  line.way, line.ms = item.way, item.ms
  local raw = item.body and parsed(item.body)
  if raw then raw.ToUserName, raw.FromUserName, raw.CreateTime = nil, nil, nil end
  line.reply = item.body and r:said(raw or { raw = item.body }, item.push) or json.null
end

function makers.call(r, item, line)
  local call = json.decode(item.body, { lenient = true, depth = 128 })
  if type(call) ~= "table" then return end
  local args = call.args or {}
  local whose = item.push ~= "" and item.push or tostring(args.touser or args.openid or "") -- a timer's is for him
  line.api, line.ms, line.cached = call.api, call.ms, call.cached
  line.reply = call.reply and r:clean(call.reply, whose)
  line.error = call.error and { code = call.error.code, message = r:text(tostring(call.error.message)) }
  line.args = r:said(args, whose)
end

--- What makes lines of items: a function of an item, and one that gives the word that stands for a user.
---@param secret string the host's own
---@param id string the journal's
---@return fun(item: weiyue.journal.Item): string?, string? err
---@return fun(openid: string): string
function M.writer(secret, id)
  local r = redact.new(crypto.hmac("sha256", secret, "weiyue journal " .. id, "raw"))
  local function write(item)
    local line = {
      kind = item.kind, at = item.at, account = item.account, push = item.push,
      user = item.user and item.user ~= "" and r:user(item.user) or nil,
      authorizer = item.authorizer ~= "" and item.authorizer or nil,
    }
    makers[item.kind](r, item, line)
    return json.encode(line, HOW)
  end
  return write, function(openid) return r:user(openid) end
end

--- Copies a journal without the lines that name one of these users.
---@param from string
---@param to string a file that is there
---@param users table<string, true> pseudonyms
---@return boolean? changed nil: it failed
---@return string? err
function M.purge(from, to, users)
  local input, why = io.open(from, "rb")
  if not input then return nil, why end
  local changed, ok = false, true
  local output, cannot = io.open(to, "wb")
  if not output then
    input:close()
    return nil, cannot
  end
  for line in input:lines "L" do
    local keep = not redact.names_one(line, users)
    changed = changed or not keep
    if keep then ok, why = output:write(line) end
    if not ok then break end
  end
  input:close()
  local closed, err = output:close()
  if not ok or not closed then return nil, why or err end
  return changed
end

---@class weiyue.journal.Call
---@field api string
---@field args table
---@field reply? table
---@field error? { code: integer|string, message: string }
---@field at number
---@field ms? integer

---@class weiyue.journal.Entry one push, and what became of it
---@field n integer        its number in the file, from 1
---@field at number
---@field account string
---@field authorizer? string
---@field user? string
---@field push string
---@field form "xml"|"json"
---@field attempt integer
---@field message table
---@field way? string      nil: the journal ends before its answer
---@field ms? integer
---@field reply? table     nil: `success`, or nothing
---@field calls weiyue.journal.Call[]

local function add(entries, by_push, line)
  if line.kind == "push" then
    local entry = {
      n = #entries + 1, at = line.at, account = line.account, authorizer = line.authorizer, user = line.user,
      push = line.push, form = line.form or "xml", attempt = line.attempt or 1, message = line.message, calls = {},
    }
    entries[entry.n], by_push[line.push] = entry, entry
    return
  end
  local entry = by_push[line.push]
  if not entry then return end -- its push stands in the file before this one, or was forgotten
  if line.kind == "call" then
    entry.calls[#entry.calls + 1] = line
  elseif line.way ~= "hold" then
    entry.way, entry.ms = line.way, line.ms
    entry.reply = type(line.reply) == "table" and line.reply or nil
  end
end

local LATEST <const> = 1 << 40 -- of times, unix seconds

-- What each kind of line must have, by type.
local KINDS <const> = {
  push = { at = "number", account = "string", message = "table" },
  call = { at = "number", api = "string", args = "table" },
  answer = { at = "number" },
}

local function is_whole(line)
  local wanted = type(line) == "table" and KINDS[line.kind]
  if not wanted or type(line.push) ~= "string" then return false end
  for name, kind in pairs(wanted) do
    if type(line[name]) ~= kind then return false end
  end
  return (line.at or 0) >= 0 and (line.at or 0) < LATEST
end

-- Why a file whose first line is this one is no journal to be read.
local function refusal(path, first, err)
  if err then return path .. ": " .. tostring(err), path .. ": " .. tostring(err) end
  if not first then
    return path .. "：记录是空的，weiyue serve --record 还什么都没有写",
      path .. ": the journal is empty: weiyue serve --record has written nothing yet"
  end
  local head = json.decode(first)
  local is_table = type(head) == "table"
  if is_table and math.type(head.weiyue_journal) == "integer" and head.weiyue_journal > M.VERSION then
    local format = head.weiyue_journal
    return ("%s：这份记录是更新的 weiyue 写的（格式 %d，这里只认得 %d）"):format(path, format, M.VERSION),
      ("%s: a newer weiyue has written this journal (format %d, known here: %d)"):format(path, format, M.VERSION)
  end
  if is_table and KINDS[head.kind] then
    return path .. "：记录缺第一行 {\"weiyue_journal\":1,\"id\":…}",
      path .. ": the journal lacks its first line {\"weiyue_journal\":1,\"id\":…}"
  end
  return path .. "：不是 weiyue 的记录", path .. ": no journal of weiyue"
end

--- Reads a journal.
---@param path string
---@param zh? boolean the error in Chinese
---@return { id: string, zone?: string, entries: weiyue.journal.Entry[], torn: integer }? journal torn: lines that are
---  not whole, as a crash leaves them; zone: of the host that wrote it
---@return string? err
function M.read(path, zh)
  local file <close>, why = io.open(path, "rb")
  if not file then return nil, why end
  local first, err = file:read "l"
  local id = first and M.id(first)
  if not id then
    local chinese, english = refusal(path, first, err)
    return nil, zh and chinese or english
  end
  local where = json.decode(first).zone
  local journal, by_push = { id = id, zone = type(where) == "string" and where or nil, entries = {}, torn = 0 }, {}
  for text in file:lines "l" do
    local line = json.decode(text, { depth = 128 })
    if is_whole(line) then add(journal.entries, by_push, line)
    elseif not M.id(text) then journal.torn = journal.torn + 1 end
  end
  return journal
end

return M
