-- The token keeper: one token of each kind for each account, whoever asks. In a state one task fetches and the
-- others wait for it; of all states, processes and machines one refreshes, by the lock of the store, and looks first
-- whether another has done so (by the token's value). Nobody hammers: failures are remembered beside the token.

local core = require "weiyue_core"
local fault = require "weiyue.token.fault"
local issue = require "weiyue.token.issue"
local signal = require "weiyue.signal"
local task = require "weiyue.task"
local trouble = require "weiyue.token.trouble"

local log, time = core.log, core.time

local EARLY <const> = 300           -- seconds before its end that a token is refreshed; it serves on meanwhile
local FORCE_APART <const> = 30      -- seconds between two forced refreshes
local FORCED_A_DAY <const> = 10
local FASTEST <const> = 5           -- seconds: the least between two refreshes
local PATIENCE <const> = 20         -- seconds that a task waits for another's refresh
local BEGINS <const> = 5            -- seconds within which a task of ours begins
local KNOWN <const> = 1             -- seconds that a failure is told again without a look at the store
local LIVES <const> = 7200          -- seconds: no token lives longer
local CLOCKS <const> = 600          -- seconds that the clocks of machines may differ
local REFUSED <const> = 600         -- seconds: the longest that nobody asks in place of a refused one
local DAY <const>, BEIJING <const> = 86400, 8 * 3600

local M = {}

---@class weiyue.token.Entry of one token, in this state
---@field place weiyue.Place
---@field kind string
---@field way string
---@field key string        in the store
---@field value? string
---@field before? string   the value before that
---@field refresh_at number on the monotonic clock
---@field expires_at number

---@class weiyue.token.Keeper
---@field private records weiyue.token.Records
---@field private wire weiyue.Wire
---@field private entries table<string, weiyue.token.Entry>
---@field private flights table<string, table> what is being fetched
---@field private peeked table<weiyue.Place, table<string, weiyue.token.Entry>>
local Keeper = {}
Keeper.__index = Keeper

-- Percent-encoded, so that an appid cannot name another's key.
local function key_of(place, kind) return ("t/%s/%s"):format(core.url.escape(place.appid or place.id), kind) end

-- Tells a changed configuration, without showing it.
local function print_of(place, way)
  local secret = place.component and place.component.secret or place.secret or ""
  local text = table.concat({ place.appid or "", secret, place.api or "", way,
    way == "central" and place.access_token.url .. (place.access_token.key or "") or "" }, "\0")
  return core.crypto.sha256(text, "hex"):sub(1, 16)
end

---@return weiyue.token.Entry? entry
---@return weiyue.Fault? err
function Keeper:entry(place, kind)
  if kind == "access_token" and place.component then kind = "authorizer_access_token" end
  local key = key_of(place, kind)
  local e = self.entries[key]
  if e then return e end
  if not issue.is_kind(kind) then return nil, issue.no_kind(kind) end
  local why = trouble.kindless(place, kind)
  if why then return nil, why end
  local way, err = issue.way(place, kind)
  if not way then return nil, err end
  e = { place = place, kind = kind, way = way, key = key, print = print_of(place, way), refresh_at = 0, expires_at = 0 }
  self.entries[key] = e
  return e
end

-- From now on this state uses what is kept.
local function adopt(e, record)
  local now, left = time.monotonic(), record.expires - time.now()
  left = math.min(left, LIVES) -- a clock that was set does not make a token immortal
  if e.value ~= record.value then
    core.secrets.add(record.value)
    if e.before then core.secrets.remove(e.before) end -- a line may still show the last one, not those before
    e.before = e.value
  end
  e.value, e.expires_at = record.value, now + left
  e.refresh_at = now + math.min(math.max(FASTEST, record.refresh - time.now()), left)
  e.err = nil
  return e.value
end

-- One whose end is further away than any token lives has it of a clock that was wrong: it may be over already.
local function is_good(record, failed)
  local value, left = record.value, (tonumber(record.expires) or 0) - time.now()
  return issue.is_token(value) and value ~= failed and left > 0 and left <= LIVES + CLOCKS
    and type(record.refresh) == "number"
end

-- What a request needed may be what is bad: then it is had anew, once.
local BASE <const> = {
  jsapi_ticket = function(place) return place, "access_token" end,
  wx_card_ticket = function(place) return place, "access_token" end,
  authorizer_access_token = function(place) return place.component, "component_access_token" end,
}
local BAD_TOKEN <const> = { [40001] = true, [40014] = true, [42001] = true }
local BUSY <const>, BUSY_PAUSE <const> = -1, 0.5 -- WeChat's errcode; seconds before the one further request

local function note_failure(e, record, err)
  return trouble.note(e, record, err, BASE[e.kind] ~= nil and BAD_TOKEN[err.code]) -- then it is no secret that is wrong
end

-- What the request needs beside the account's own configuration.
function Keeper:needs(e, options)
  local place, kind = e.place, e.kind
  if kind == "jsapi_ticket" or kind == "wx_card_ticket" then
    local err
    options.token, err = self:get(place, "access_token")
    return options.token and options, err
  elseif kind == "component_access_token" then
    local err
    options.ticket, err = self.components:ticket(place)
    return options.ticket and options, err
  elseif kind == "authorizer_access_token" then
    local err
    options.refresh_token, err = self.components:refresh_token(place)
    if not options.refresh_token then return nil, err end
    options.token, err = self:get(place.component, "component_access_token")
    return options.token and options, err
  end
  return options
end

-- The lock's time is over, and perhaps another has it. What was waited for is there now: the next try is short.
local OVER <const> = { code = "token.busy" }

-- One request, and one more where WeChat is busy, unless that was tried: most often it is so for a moment only.
---@async
---@return weiyue.token.Issued? issued
---@return weiyue.Fault? err
---@return number start when it was sent
function Keeper:request(e, lease, record, options)
  local start = time.now()
  self.count(e.place)
  local issued, err = issue.ask(self.wire, e.place, e.way, options)
  if issued or err.code ~= BUSY or record.tries or options.again then return issued, err, start end
  options.again = true
  task.sleep(BUSY_PAUSE)
  if lease:extend() == false then return nil, OVER, start end
  return self:request(e, lease, record, options)
end

---@async
---@return weiyue.token.Issued? issued
---@return weiyue.Fault? err
function Keeper:ask(e, lease, record, options)
  local ready, err = self:needs(e, options)
  if not ready then return nil, err end
  if BASE[e.kind] and lease:extend() == false then return nil, OVER end -- that took longer than the lock holds
  local issued, start
  issued, err, start = self:request(e, lease, record, options)
  if not issued and BAD_TOKEN[err.code] and BASE[e.kind] then
    local place, kind = BASE[e.kind](e.place)
    local code = err.code
    options.token, err = self:failed(place, kind, options.token, code)
    if not options.token then return nil, err end
    if lease:extend() == false then return nil, OVER end
    issued, err, start = self:request(e, lease, record, options)
  end
  if not issued then return nil, err end
  issued.expires = start + issued.lifetime
  issued.refresh = start + (issued.lifetime > 2 * EARLY and issued.lifetime - EARLY or issued.lifetime / 2)
  if issued.refresh_token then -- before the token is used: it cannot be had again
    local kept
    kept, err = self.components:keep_refresh_token(e.place, issued.refresh_token, options.refresh_token)
    if not kept then return nil, err end
  end
  return issued
end

-- What was issued is the token from now on, unless the lock was lost meanwhile.
local function keep(e, lease, record, issued)
  record.value, record.expires, record.refresh = issued.value, issued.expires, issued.refresh
  record.fetched, record.tries, record.pause, record.refused = time.now(), nil, nil, nil
  if not lease:write(record) then
    local other = lease:read()
    if other and is_good(other) then return adopt(e, other) end
  end
  log.write("info", "token.fetched", "a token was issued", { account = e.place.id, kind = e.kind, way = e.way,
    seconds = math.floor(issued.expires - time.now()) })
  return adopt(e, record)
end

-- A token that WeChat gives and then refuses: nobody asks again before this is over.
local function refuse(e, lease, record, value, seconds, words, hint)
  record.refused = { value = value, ["until"] = time.now() + seconds, message_zh = words[1], message = words[2],
    hint = hint }
  lease:write(record)
  log.write("error", "token.refused", words[2], { account = e.place.id, kind = e.kind, hint = hint })
  return nil, fault("token.refused", words, hint, { kind = e.kind })
end

local function today() return (time.now() + BEIJING) // DAY end

local OTHERS <const> = "有别的程序在强制刷新这个账号的 token：找出它并停掉；"
  .. "another program forces this account's token: find it and stop it"

-- Who runs the host wants another token, and it is too soon for that; nil: it is not.
local function too_soon(e, record)
  local forced = record.forced
  local wait = forced and forced.at and math.ceil(forced.at + FORCE_APART - time.now()) or 0
  if wait <= 0 or wait > FORCE_APART then return nil end
  return fault("token.soon",
    { ("强制刷新至少隔 %d 秒；还要等 %d 秒"):format(FORCE_APART, wait),
      ("forced refreshes are at least %d seconds apart; %d to go"):format(FORCE_APART, wait) },
    "刚换过的那个是好的：不写 --refresh 就能取到；the one that it was replaced by is good: leave --refresh out",
    { kind = e.kind, wait = wait })
end

local function not_another(e)
  return fault("token.same",
    { ("发放方给的还是原来的 %s"):format(e.kind), ("the issuer gives the same %s again"):format(e.kind) },
    "它在到期前一直有效，不用换；不写 --refresh 就能取到；it is good to its end: leave --refresh out", { kind = e.kind })
end

-- The issuer gives the same token again, which has failed, or is to be replaced: one forced refresh, if it is allowed.
function Keeper:force(e, lease, record, failed, wanted)
  local forced, now = record.forced or {}, time.now()
  if forced.day ~= today() then forced.day, forced.n = today(), 0 end
  record.forced = forced
  local wait = forced.at and forced.at + FORCE_APART - now or 0
  local often = { ("今天已经强制刷新 %d 次"):format(forced.n), ("the token was forced %d times today"):format(forced.n) }
  if wait > 0 and wait <= FORCE_APART then
    return refuse(e, lease, record, failed, wait,
      { "微信拒绝它自己给的 token，强制刷新过也一样", "WeChat refuses the token that it gives, forced or not" },
      "检查 appid 和接口是否属于同一个账号；is it this account's interface?")
  elseif forced.n >= FORCED_A_DAY then
    if wanted then return nil, fault("token.refused", often, OTHERS, { kind = e.kind }) end
    return refuse(e, lease, record, failed, REFUSED, often, OTHERS)
  end
  forced.at, forced.n = now, forced.n + 1
  if not lease:write(record) then -- counted before it is sent
    return nil, fault("token.busy", { "刷新期间锁被别的进程拿走了", "another process has taken the lock meanwhile" },
      "再试一次；try again")
  end
  lease:extend()
  log.write(wanted and "info" or "warn", "token.forced", wanted and "another token is forced: weiyue token --refresh"
    or "WeChat refuses the token that it gives: another one is forced", { account = e.place.id, n = forced.n })
  local issued, err = self:ask(e, lease, record, { force = true, again = true })
  if not issued then
    err = note_failure(e, record, err)
    lease:write(record)
    return nil, err
  end
  if issued.value == failed then
    if wanted then return nil, not_another(e) end
    return refuse(e, lease, record, failed, FORCE_APART,
      { "强制刷新后微信给的还是它拒绝的那个 token", "WeChat forces no other token than the one that it refuses" }, OTHERS)
  end
  return keep(e, lease, record, issued)
end

-- What keeps a refused token, or one that is to be replaced, from being asked for anew; nil: nothing.
local function barred(e, lease, record, failed, wanted)
  if wanted then return too_soon(e, record) end
  local refused, now = record.refused, time.now()
  if refused and refused.value == failed and now < refused["until"] and refused["until"] - now <= REFUSED then
    return fault("token.refused", { refused.message_zh, refused.message }, refused.hint, { kind = e.kind })
  end
  local age = now - (record.fetched or 0)
  if e.way == "classic" and record.value == failed and age >= 0 and age < FORCE_APART then
    return select(2, refuse(e, lease, record, failed, FORCE_APART - age,
      { "刚取来的 token 马上就失效了", "the token died as soon as it was fetched" },
      "还有别的程序在取 /cgi-bin/token：改用 access_token = \"stable\"；"
        .. "another program fetches tokens: use access_token = \"stable\""))
  end
end

-- Only one of all does this at a time. failed: a value that WeChat has refused, or that is wanted to be replaced; nil:
-- the time is over.
function Keeper:refresh(e, failed, wanted, is_second)
  local lease <close>, busy = self.records:lock(e.key)
  if not lease then return nil, busy end
  local record = lease:read() or {}
  local now = time.now()
  local good = is_good(record, failed)
  if good and (failed or now < record.refresh) then return adopt(e, record) end
  local err = trouble.held(e, record)
  if err then
    if good then return adopt(e, record) end
    return nil, err
  end
  err = failed and barred(e, lease, record, failed, wanted)
  if err then return nil, err end
  local issued
  issued, err = self:ask(e, lease, record, { failed = failed })
  if err == OVER then
    lease:free()
    if is_second then return nil, fault(err.code, "the lock was lost, twice") end
    return self:refresh(e, failed, wanted, true)
  end
  if not issued then
    err = note_failure(e, record, err)
    lease:write(record)
    if good then return adopt(e, record) end -- it serves on, to its end
    return nil, err
  end
  if failed and issued.value == failed then
    if issue.can_force(e.way) then return self:force(e, lease, record, failed, wanted) end
    if wanted then return nil, not_another(e) end
    return refuse(e, lease, record, failed, FORCE_APART,
      { "发放方给的还是微信拒绝的那个 token", "the issuer gives the token again that WeChat refuses" },
      "过半分钟再试；一直这样就看发放方的日志；try again in half a minute; then look into the issuer's log")
  end
  if wanted then record.forced = { at = now, day = today(), n = record.forced and record.forced.n or 0 } end
  return keep(e, lease, record, issued)
end

local function interrupt(flight)
  flight.err, flight.interrupted = fault("token.interrupted", { "取 token 的过程被中断了", "the refresh was interrupted" },
    "宿主在重新加载或停止：再试一次；the host reloads or stops: try again"), true
  flight.done = true
  flight.signal:wake()
end

-- Runs f in a task of its own, and for all who ask meanwhile: whoever began it may be gone before it is done.
function Keeper:fly(name, f)
  local flight = self.flights[name]
  local now = time.monotonic()
  if flight and not flight.done and (flight.begun or now - flight.since < BEGINS) then return flight end
  flight = { signal = signal.new(), since = now }
  task.spawn(function()
    flight.begun = true
    local _ <close> = setmetatable({}, { __close = function()
      if not flight.done then interrupt(flight) end
      flight.done = true
      if self.flights[name] == flight then self.flights[name] = nil end
      flight.signal:wake()
    end })
    flight.value, flight.err = f()
    flight.done = true
  end)
  self.flights[name] = flight -- it raises where there is no memory for a task
  return flight
end

-- What a flight has brought. `again` begins another one, where its task was stopped: a generation was replaced.
local function land(flight, again)
  local start = time.monotonic()
  while not flight.done do
    flight.signal:wait(flight.begun and PATIENCE or BEGINS)
    if not flight.done and not flight.begun then
      interrupt(flight) -- its task was lost before it began: there was no memory
    elseif not flight.done and time.monotonic() - start >= PATIENCE then
      return nil, fault("token.timeout",
        { ("%d 秒内没有取到 token"):format(PATIENCE), ("no token within %d seconds"):format(PATIENCE) },
        "检查存储和到微信的网络；look at the store and the network to WeChat")
    end
  end
  if flight.interrupted and again then
    task.sleep(0.01) -- whoever stops tasks is at it just now
    return land(again())
  end
  return flight.value, flight.err
end

--- The token, from memory, from the store, or fetched.
---@async
---@param place weiyue.Place
---@param kind string
---@return string? value
---@return weiyue.Fault? err
function Keeper:get(place, kind)
  local e, err = self:entry(place, kind)
  if not e then return nil, err end
  local now = time.monotonic()
  if e.value and now < e.refresh_at then return e.value end
  if e.err and now < e.err_until then return nil, e.err end
  local function begin()
    return self:fly(e.key, function()
      local value, why = self:refresh(e)
      if not value then e.err, e.err_until = why, time.monotonic() + KNOWN end
      return value, why
    end)
  end
  local flight = begin()
  if e.value and now < e.expires_at then return e.value end
  return land(flight, begin)
end

--- The token in place of one that WeChat has refused. Only the first who tells of a value has it refreshed.
---@async
---@param place weiyue.Place
---@param kind string
---@param value string   the token that failed
---@param errcode integer
---@return string? value
---@return weiyue.Fault? err
function Keeper:failed(place, kind, value, errcode)
  local e, err = self:entry(place, kind)
  if not e then return nil, err end
  -- of another value than the last one this state does not know whether it is older or newer than its own
  if e.value and value == e.before and time.monotonic() < e.expires_at then return e.value end
  log.write("info", "token.bad", "WeChat has refused the token", { account = place.id, kind = e.kind, code = errcode })
  local function begin() return self:fly(e.key .. "\0" .. value, function() return self:refresh(e, value) end) end
  return land(begin(), begin)
end

--- Another token in place of the one that is kept, which is good: who runs the host wants it.
---@async
---@param place weiyue.Place
---@param kind string
---@return string? value
---@return weiyue.Fault? err
function Keeper:renew(place, kind)
  local value, err = self:get(place, kind)
  if not value then return nil, err end
  local e = self:entry(place, kind)
  local function begin()
    return self:fly(e.key .. "\0renew", function() return self:refresh(e, value, true) end)
  end
  return land(begin(), begin)
end

--- Forgets what keeps the next one from asking: who runs the host has mended what was wrong, such as the IP list.
---@async
---@param place weiyue.Place
---@param kind string
---@return true? ok
---@return weiyue.Fault? err
function Keeper:forgive(place, kind)
  local e, err = self:entry(place, kind)
  if not e then return nil, err end
  local lease <close>, busy = self.records:lock(e.key)
  if not lease then return nil, busy end
  local record = lease:read()
  if record and (record.pause or record.tries) then
    record.pause, record.tries = nil, nil
    lease:write(record)
  end
  e.err = nil
  return true
end

--- It is good no more: the account has taken its authorisation back. What is being fetched comes before.
---@async
---@return true? ok
---@return weiyue.Fault? err
function Keeper:drop(place, kind)
  local e, err = self:entry(place, kind)
  if not e then return nil, err end
  local _ <close> = self.records:lock(e.key)
  e.value, e.err, self.entries[e.key] = nil, nil, nil
  return self.records:delete(e.key)
end

--- The token, if this state has one that needs no refresh.
---@return string? value
function Keeper:peek(place, kind)
  local of_place = self.peeked[place] -- each call asks: not by a key that is made anew
  if not of_place then
    of_place = {}
    self.peeked[place] = of_place
  end
  local e = of_place[kind]
  if not e then
    e = self:entry(place, kind)
    of_place[kind] = e
  end
  return e and e.value and time.monotonic() < e.refresh_at and e.value or nil
end

--- When the token that this state has ends, in seconds from now; nil: it has none.
function Keeper:left(place, kind)
  local e = self:entry(place, kind)
  local left = e and e.value and e.expires_at - time.monotonic()
  return left and left > 0 and left or nil
end

---@param records weiyue.token.Records
---@param wire weiyue.Wire
---@param components? weiyue.Components
---@param count? fun(place: weiyue.Place) called for each request
---@return weiyue.token.Keeper
function M.new(records, wire, components, count)
  return setmetatable({ records = records, wire = wire, components = components, count = count or function() end,
    entries = {}, flights = {}, peeked = setmetatable({}, { __mode = "k" }) }, Keeper)
end

return M
