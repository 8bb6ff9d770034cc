-- `weiyue replay`: what the plugins of today answer to the pushes of a journal. The host is a rig, on a clock of the
-- journal's; WeChat is the journal's, and the fake one where that says nothing. Compared is what users were told.

local core = require "weiyue_core"
local journal = require "weiyue.journal"
local redact = require "weiyue.journal.redact"
local pusher = require "weiyue.sandbox.pusher"
local said = require "weiyue.replay.said"
local standstill = require "weiyue.standstill"
local wechat = require "weiyue.replay.wechat"

local json = core.json

local M = {}

local PATIENCE <const>, ATTEMPTS <const> = pusher.PATIENCE, pusher.ATTEMPTS
local REST <const> = 75 -- seconds after the last push: what is late has come by then
local SEND <const> = "message_custom.send"
local STRANGE <const> = 20 -- calls of one push that the journal does not know; further ones take a second each, so that
                           -- who asks again and again comes to an end

---@class weiyue.replay.Run
---@field private host table
---@field private redactor weiyue.journal.Redactor
---@field private pending table[] pushes without their answer
---@field private by_trace table<string, table> states
---@field states table<weiyue.journal.Entry, table>
---@field strange { method: string, url: string }[] calls to other servers that no push made
---@field unended boolean tasks waited when it was over
local Run = {}
Run.__index = Run

-- --- calls ---

function Run:active()
  local set = {}
  for _, state in ipairs(self.pending) do set[state.entry] = true end
  return set
end

-- What is said now, without what the journal would not hold of it: compared and printed is only that.
function Run:without_secrets(value)
  if type(value) == "table" then
    local out = json.is_array(value) and json.array {} or {}
    for k, v in pairs(value) do out[k] = self:without_secrets(v) end
    return out
  end
  return type(value) == "string" and self.host:mask(value) or value
end

function Run:as_recorded(value) return self.redactor:clean(self:without_secrets(value)) end

function Run:note_sent(call)
  local message = json.decode(call.body, { lenient = true })
  local state = self.by_trace[call.trace]
  if state and type(message) == "table" and message.touser == state.entry.user then
    state.new[#state.new + 1] = said.message(self:as_recorded(message))
  end
end

function Run:answer_call(call)
  local request, row = wechat.request(call)
  if not request then
    local state = self.by_trace[call.trace]
    local strange = state and state.strange or self.strange
    strange[#strange + 1] = { method = call.method, url = self.host:mask(call.url:match "^[^?#]*") }
    if state then state.unknown = call.url:match "^%a+://[^/?]+" or call.url end
    self.host:answer(call.id, nil, "http.connect", "not in the journal", #strange > STRANGE and 1 or 0)
    return
  end
  if row.key == SEND then self:note_sent(call) end
  local a, b, c, after = self.wechat:answer(request, row, call, self:active())
  self.host:answer(call.id, a, b, c, after)
end

-- --- pushes ---

function Run:send(state)
  local entry, account = state.entry, self.accounts[state.entry.account]
  local now = self.host:now()
  local request = pusher.build(account.place, state.message, { format = entry.form, timestamp = math.floor(now) })
  state.tries = state.tries + 1
  state.due = now + PATIENCE
  state.push = self.host:push(account.number, request.query, request.body, entry.authorizer)
  local trace = state.push:trace()
  if trace ~= "" then self.by_trace[trace] = state end
end

function Run:begin(entry)
  local account = self.accounts[entry.account]
  local message = {}
  for name, value in pairs(entry.message) do message[name] = value end
  message.ToUserName = account.place.username or "gh_replay"
  local state = { entry = entry, message = message, tries = 0, new = {}, strange = {} }
  self.states[entry] = state
  self.wechat:meet(account.place, message, self.host:now())
  self.pending[#self.pending + 1] = state
  self:send(state)
end

local FAULTS <const> = { ["lua.error"] = true, ["lua.timeout"] = true, ["lua.oom"] = true, ["lua.bad_reply"] = true }

-- What log lines tell: which rule answered, and what was raised.
function Run:read_log()
  for _, line in ipairs(self.host:log()) do
    local event, where = line:match " event=(%S+)", line:match " where=(%S+)"
    if event == "push" or FAULTS[event] then
      local of = self.by_trace[line:match " trace=(%x+)"]
      if of and where then of.where = where:gsub('"', "") end
      if of and event ~= "push" then
        of.event = event
        of.fault = self:as_recorded(line:match ' text="(.-)"' or line:match " text=(%S+)" or event)
      end
    end
  end
end

function Run:answered(state)
  local body = state.push:answer()
  if body == "success" or body == "" then return end
  local account = self.accounts[state.entry.account]
  local answer = pusher.read(account.place, body, { message = state.message, format = state.entry.form })
  local raw = answer and answer.raw or { raw = answer and answer.body or body }
  table.insert(state.new, 1, said.reply(self:as_recorded(raw)))
end

function Run:collect()
  self:read_log()
  for i = #self.pending, 1, -1 do
    local state = self.pending[i]
    local status = state.push:status()
    if status then
      table.remove(self.pending, i)
      state.status = status
      state.left = #self.host:left() > 0
      if status == 200 then self:answered(state) else state.new[1] = { status = status } end
    end
  end
end

-- Until then; pushes that got no answer come again on the way. False: no time passes any more.
function Run:go_to(time)
  local still = standstill.new(self.host)
  repeat
    local stop, retry = time, nil
    for _, state in ipairs(self.pending) do
      if state.tries < ATTEMPTS and state.due < stop then stop, retry = state.due, state end
    end
    repeat
      local what = self.host:step(stop)
      if what == "calls" then
        for _, call in ipairs(self.host:calls()) do self:answer_call(call) end
      end
      self:collect()
      if still:looks(what) then
        self.stuck = still:text(self.zh)
        return false
      end
    until what == "quiet"
    if retry and not retry.push:status() then
      retry.push:leave()
      self:send(retry)
    end
  until not retry
  return true
end

-- --- what was said then ---

local SKIPPED <const> = { quarantined = true, queue_full = true }

local function old_ones(entry)
  local list = { said.reply(entry.reply) }
  for _, call in ipairs(entry.calls) do
    if call.api == SEND and call.args.touser == entry.user then list[#list + 1] = said.message(call.args) end
  end
  return list
end

---@class weiyue.replay.Change
---@field n integer
---@field at number
---@field account string
---@field user? string
---@field push string
---@field old string
---@field new string
---@field where? string file:line of the rule
---@field fault? string what it raised

---@class weiyue.replay.Left why pushes were left out
---@field reason "account"|"answer"|"host"|"message" the account is not there; the journal ends before the answer; no
---  handler answered then; it is no message
---@field account? string
---@field n integer

---@class weiyue.replay.Result
---@field pushes integer   that the journal has
---@field compared integer
---@field changed weiyue.replay.Change[]
---@field unknown { n: integer, address: string }[] cannot be told: their handlers called other servers
---@field skipped integer
---@field left_out weiyue.replay.Left[]
---@field accounts string[] of the configuration
---@field torn integer

local function reason_of(run, entry)
  if not run.accounts[entry.account] then return "account" end
  if not said.is_message(entry.message) then return "message" end
  if not entry.way then return "answer" end
  return SKIPPED[entry.way] and "host" or nil
end

local function leave_out(result, reason, entry)
  local account = reason == "account" and entry.account or nil
  result.skipped = result.skipped + 1
  for _, one in ipairs(result.left_out) do
    if one.reason == reason and one.account == account then
      one.n = one.n + 1
      return
    end
  end
  result.left_out[#result.left_out + 1] = { reason = reason, account = account, n = 1 }
end

local function compare(run, read)
  local result = { pushes = #read.entries, compared = 0, changed = json.array {}, unknown = json.array {}, skipped = 0,
    left_out = json.array {}, accounts = json.array {}, torn = read.torn }
  for id in pairs(run.accounts) do result.accounts[#result.accounts + 1] = id end
  table.sort(result.accounts)
  for _, entry in ipairs(read.entries) do
    local state, reason = run.states[entry], reason_of(run, entry)
    if reason then
      leave_out(result, reason, entry)
    elseif state.unknown then
      result.unknown[#result.unknown + 1] = { n = entry.n, address = state.unknown }
    else
      result.compared = result.compared + 1
      local old = old_ones(entry)
      if not said.equal(old, state.new) then
        local was, is = said.lines(old, state.new)
        result.changed[#result.changed + 1] = {
          n = entry.n, at = entry.at, account = entry.account, user = entry.user, push = said.push(entry.message),
          old = was, new = is, where = state.where, fault = state.fault,
        }
      end
    end
  end
  return result
end

---@class weiyue.replay.Options
---@field journal string path
---@field config string   path of weiyue.lua
---@field zh? boolean     problems in Chinese
---@field unended? boolean it need not come to an end

local function read_file(path)
  local file <close>, err = io.open(path, "rb")
  if not file then return nil, err end
  return file:read "a"
end

local function read_config(options)
  local text, err = read_file(options.config)
  if not text then return nil, { err } end
  local config, problems = require("weiyue.replay.config").read(text, options.config)
  if config then return config end
  local lines = {}
  for i, p in ipairs(problems) do
    lines[i] = options.zh and ("%s:%s: %s"):format(p.file, p.line or "?", p.zh) or tostring(p)
  end
  return nil, lines
end

-- All pushes, one after another. False: it came to no end.
local function run_through(run, read)
  for _, entry in ipairs(read.entries) do
    if run.accounts[entry.account] and said.is_message(entry.message) then
      if not run:go_to(math.max(entry.at, run.host:now())) then return false end
      run:begin(entry)
    end
  end
  return run:go_to(run.host:now() + REST)
end

-- The journal, and what has become of its pushes; or nil and problems.
local function replay(options)
  local read, err = journal.read(options.journal, options.zh)
  if not read then return nil, { err } end
  local config, problems = read_config(options)
  if not config then return nil, problems end
  local run = setmetatable({ accounts = config.accounts, pending = {}, states = {}, by_trace = {}, strange = {},
    zh = options.zh }, Run)
  local first = read.entries[1]
  if not first then return run, read end
  local rig = require "weiyue.rig"
  local _ <close> = setmetatable({}, { __close = read.zone and rig.zone(read.zone) or function() end })
  local folder = options.config:match "^(.*)/[^/]*$" or ""
  run.host, problems = rig.new(config.text, folder, first.at - 1, false, { wire = true, seed = 1, zh = options.zh })
  if not run.host then return nil, problems end
  run.redactor = redact.of_replay()
  run.wechat = wechat.new(read.entries, config.accounts, function() return run.host:now() end)
  local ended = run_through(run, read)
  run.unended = #run.host:left() > 0
  run.host:free()
  if not ended and not options.unended then return nil, { run.stuck } end
  return run, read
end

--- Replays a journal.
---@param options weiyue.replay.Options
---@return weiyue.replay.Result?
---@return string[]? problems
function M.run(options)
  local run, read = replay(options)
  if not run then return nil, read end
  return compare(run, read)
end

-- --- for people ---

local function time_of(at) return os.date("%Y-%m-%d %H:%M:%S", math.floor(at)) end

local REASONS <const> = {
  account = { "略过 %d 个：weiyue.lua 里没有账号 %s；有的是 %s",
    "left out: %d: weiyue.lua has no account %s; there is %s" },
  answer = { "略过 %d 个：记录里没有它们的答复", "left out: %d: the journal has no answer of them" },
  host = { "略过 %d 个：当时没有处理函数答过它们", "left out: %d: no handler answered them then" },
  message = { "略过 %d 个：不是消息", "left out: %d: they are no messages" },
}

--- The result as lines.
---@param result weiyue.replay.Result
---@param zh boolean
---@return string
function M.report(result, zh)
  local out = {}
  local function add(text, ...) out[#out + 1] = text:format(...) end
  for _, c in ipairs(result.changed) do
    add("#%d  %s  %s  %s  %s", c.n, time_of(c.at), c.account, c.user or "-", (c.push:gsub("%c", " ")))
    add("  - %s", (c.old:gsub("%c", " ")))
    add("  + %s%s", (c.new:gsub("%c", " ")), c.where and "    " .. c.where or "")
    if c.fault then add("  ! %s", (c.fault:gsub("\\n.*", ""):gsub("%c", " "))) end -- without its traceback
  end
  for _, one in ipairs(result.unknown) do
    add(zh and "#%d  无法比较：处理时请求了 %s，记录里没有它的回答"
      or "#%d  cannot be compared: %s was asked, and the journal has no answer of it", one.n, one.address)
  end
  for _, one in ipairs(result.left_out) do
    add(REASONS[one.reason][zh and 1 or 2], one.n, one.account, table.concat(result.accounts, zh and "、" or ", "))
  end
  add(zh and "推送 %d 个，比较 %d 个，答复变了 %d 个，无法比较 %d 个，略过 %d 个"
    or "pushes: %d, compared: %d, changed: %d, cannot be compared: %d, left out: %d",
    result.pushes, result.compared, #result.changed, #result.unknown, result.skipped)
  if result.torn > 0 then add(zh and "记录里有 %d 行不完整" or "lines of the journal that are torn: %d", result.torn) end
  if result.compared == 0 then add(zh and "什么都没有比较" or "nothing was compared") end
  return table.concat(out, "\n") .. "\n"
end

--- What `weiyue replay` prints.
---@param path string the journal
---@param config string
---@param form "text"|"json"
---@param lang "zh"|"en"
---@return integer? failed 0: some answers were compared, and none has changed; nil: it failed itself
---@return string text
function M.main(path, config, form, lang)
  local result, problems = M.run { journal = path, config = config, zh = lang == "zh" }
  if not result then return nil, table.concat(problems, "\n") end
  local failed = (#result.changed > 0 or result.compared == 0) and 1 or 0
  if form == "json" then return failed, json.encode(result) .. "\n" end
  return failed, M.report(result, lang == "zh")
end

--- What `weiyue replay --spec N` prints.
---@param path string the journal
---@param config string
---@param number string
---@param lang "zh"|"en"
---@return integer? failed 0; nil: it failed itself
---@return string text
function M.spec(path, config, number, lang)
  local run, read = replay { journal = path, config = config, zh = lang == "zh", unended = true }
  if not run then return nil, table.concat(read, "\n") end
  local n = math.tointeger(tonumber(number))
  local text = n and require("weiyue.replay.spec").write(read, n, config, run, lang == "zh")
  if text then return 0, text end
  return nil, (lang == "zh" and "没有推送 %s；记录里有 1 到 %d" or "there is no push %s; the journal has 1 to %d")
    :format(number, #read.entries)
end

return M
