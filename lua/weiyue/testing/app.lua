-- An app of a spec: a host on a virtual clock with the plugins under test, and the fake WeChat around it. Everything
-- of the host happens while the spec asks for something: `_run` steps it.

local browser = require "weiyue.testing.browser"
local log_events = require "weiyue.testing.events"
local codec = require "weiyue.codec"
local json = require "weiyue.json"
local leaks = require "weiyue.testing.leaks"
local flights = require "weiyue.testing.flights"
local say = require "weiyue.testing.say"
local standstill = require "weiyue.standstill"
local users = require "weiyue.testing.users"
local zones = require "weiyue.testing.zones"

local M = {}

local LONGEST <const> = 90 -- virtual seconds that a page may take
local EPSILON <const> = 0.0005 -- clocks tell milliseconds

---@class weiyue.testing.App
---@field http weiyue.testing.Http
---@field wechat table
---@field accounts table[] as configured
local App = {}

-- Time -------------------------------------------------------------------------------------------------------------

local found, task = pcall(require, "weiyue.task")

-- Inside a host's task other tasks of the spec have their turn meanwhile; not where nothing may wait.
local function breathe()
  if found then pcall(task.sleep, 0) end
end

function App:_check()
  if not self.host then say.raise("这个 app 已经停了", "this app was stopped") end
  zones.use(self.rig, self.zone)
end

-- Things that are to happen on WeChat's side at a time, by whoever waits for it: the earliest.
local function next_time(self)
  local at = self.world:next_due()
  for _, flight in ipairs(self.flights) do
    if not at or flight.due < at then at = flight.due end
  end
  return at
end

-- What stands at this time happens on WeChat's side. True: something did.
local function happen(self)
  local any = false
  for _, one in ipairs(self.world:due()) do
    local account = self.by_appid[one.appid]
    if account then
      flights.start(self, account, one.message, true)
      any = true
    end
  end
  for _, flight in ipairs(table.move(self.flights, 1, #self.flights, 1, {})) do
    if flights.look(self, flight) then any = true end
  end
  return any
end

-- Until done() says so, or nothing more happens before `limit` (unix seconds; nil: no time passes).
function App:_run(limit, done)
  self:_check()
  if self.stuck then say.fail(self.stuck) end
  local host, settled, still = self.host, false, standstill.new(self.host)
  while true do
    happen(self)
    if done and done() then break end
    local at, to = next_time(self), nil
    if settled and limit then to = at and at < limit and at or limit end -- first what can happen without any time
    local what = host:step(to)
    if what == "calls" then
      for _, call in ipairs(host:calls()) do self.http:_take(call) end
    elseif what == "moved" then
      breathe()
    elseif settled and not happen(self) and (not limit or host:now() >= limit - EPSILON) then
      break
    end
    settled = settled or what == "quiet"
    if still:looks(what) then
      self.stuck = still:text(say.is_zh())
      say.fail(self.stuck)
    end
  end
  self:_raise_faults()
end

-- What went wrong meanwhile fails the spec where it stands now.
function App:_raise_faults()
  local faults = self.faults
  if #faults == 0 then return end
  self.faults = {}
  say.fail(table.concat(faults, "\n"))
end

--- Lets time pass: a number of seconds, or a text such as "48h". What is due meanwhile happens, in order.
---@async
---@param duration number|string
function App:advance(duration)
  self:_check()
  self:_run(self.host:now() + say.seconds(duration))
end

--- The app's time, unix seconds.
function App:now()
  self:_check()
  return self.host:now()
end

-- Users ------------------------------------------------------------------------------------------------------------

local USER <const> = {
  account = true, nickname = true, openid = true, unionid = true, subscribed = true, language = true, avatar = true,
  remark = true,
}

--- The configured account with this id; the first one without.
function App:_account(id)
  if not id then return self.accounts[1] end
  for _, account in ipairs(self.accounts) do
    if account.id == id then return account end
  end
  local ids = {}
  for i, account in ipairs(self.accounts) do ids[i] = account.id end
  say.raise("没有账号 %s；有的是 %s", "no account %s; there is %s", tostring(id), table.concat(ids, ", "))
end

--- A user, who follows the account unless subscribed = false.
---@param options? { account: string?, nickname: string?, openid: string?, subscribed: boolean? }
function App:user(options)
  self:_check()
  options = options or {}
  say.check_type("app:user", options, "table")
  say.check_keys("app:user", options, USER)
  local own = {}
  for key, value in pairs(options) do own[key] = value end
  own.account = nil
  local account = self:_account(options.account)
  self.n_users = self.n_users + 1
  own.openid = own.openid or ("oTest%023d"):format(self.n_users)
  return users.new(self, account, self.world:new_user(account.appid, own))
end

-- Pages ------------------------------------------------------------------------------------------------------------

--- Sends a request to the host as a stranger would, without cookies; redirects are not followed.
---@param method string
---@param path string of a page, or a whole URL
---@param options? { query: table?, headers: table?, form: table?, json: any, body: string?, account: string? }
---@return weiyue.testing.Page
function App:request(method, path, options)
  return browser.request(self, method:upper(), path, options or {})
end

function App:get(path, options) return self:request("GET", path, options) end
function App:post(path, options) return self:request("POST", path, options) end

-- One request over a socket to the host; { status, head, body }.
function App:_fetch(method, path, headers, body)
  self:_check()
  self.port = self.port or self.host:listen()
  local fetch = self.host:fetch(method, ("http://127.0.0.1:%d%s"):format(self.port, path), headers, body)
  local answer, why
  self:_run(self.host:now() + LONGEST, function()
    answer, why = fetch:answer()
    return answer ~= nil
  end)
  if not answer then
    say.fail(say.tr("%s %s 没有得到答复：%s", "%s %s got no answer: %s"):format(method, path,
      why or say.tr("超过 90 秒", "90 s have passed")))
  end
  return answer
end

-- The host ---------------------------------------------------------------------------------------------------------

--- Loads the plugins anew, as `weiyue reload` does; raises what keeps them from loading.
function App:reload()
  self:_check()
  local told = json.decode(self.host:ask "reload")
  if type(told) == "table" and told.ok == false then
    local lines = {}
    for i, problem in ipairs(told.problems or {}) do
      lines[i] = type(problem) == "table" and say.tr(problem.zh or "", problem.en or problem.zh or "")
        or tostring(problem)
    end
    if #lines == 0 then lines[1] = tostring(told.en or told.error or self.host:ask "status") end
    say.fail("reload: " .. table.concat(lines, "\n"))
  end
  self:_run()
  return told
end

local function fields_of(line)
  local fields = { line = line, level = line:match "^%S+ (%l+) " }
  for name, value in line:gmatch "([%w_]+)=(%b\"\")" do
    fields[name] = value:sub(2, -2):gsub('\\(["\\])', "%1")
  end
  for name, value in (line:gsub("%b\"\"", '""')):gmatch "([%w_]+)=([^%s\"]+)" do fields[name] = value end
  return fields
end

local Line = { __tostring = function(line) return line.line end }

--- The lines of the host's log, with this event where one is named: { line, event, level, text … }.
---@param event? string
---@return table[]
function App:logs(event)
  self:_check()
  local list = {}
  for _, line in ipairs(self:_lines()) do
    if not event or line.event == event or line.line == event then
      list[#list + 1], self.looked_at[line] = line, true
    end
  end
  if event and #list == 0 then say.check_slip("app:logs", event, log_events.names) end
  return list
end

function App:_lines()
  for _, line in ipairs(self.host:log()) do self.lines[#self.lines + 1] = setmetatable(fields_of(line), Line) end
  return self.lines
end

local RAISED <const> = { ["lua.error"] = true, ["lua.timeout"] = true, ["lua.oom"] = true, ["lua.bad_reply"] = true }

--- What handlers and tasks have raised and the spec has not looked at: lines of the log.
function App:_raised()
  local list = {}
  for _, line in ipairs(self:_lines()) do
    if RAISED[line.event] and not self.looked_at[line] then list[#list + 1] = line end
  end
  return list
end

--- The value of a metric: "weiyue_pushes_total", or with labels: 'weiyue_answers_total{way="late"}'; what the labels
--- leave open is added up.
---@param name string
---@return number? value nil: there is none of this name
function App:metrics(name)
  self:_check()
  say.check_type("app:metrics", name, "string")
  local bare, wanted, names, sum = name:match "^[^{]*", {}, {}, nil
  for label, value in name:gmatch '([%w_]+)="([^"]*)"' do wanted[label] = value end
  for line in self.host:metrics():gmatch "[^\n]+" do
    local key, labels, value = line:match "^([%w_:]+)(%b{}) (%S+)$"
    if not key then key, value, labels = line:match "^([%w_:]+)", line:match "^[%w_:]+ (%S+)$", "" end
    names[#names + 1] = key
    if key == bare and value then
      local fits = true
      for label, want in pairs(wanted) do
        if not labels:find(('%s="%s"'):format(label, want), 1, true) then fits = false end
      end
      if fits then sum = (sum or 0) + tonumber(value) end
    end
  end
  say.check_slip("app:metrics", bare, names)
  return sum
end

--- Ends the app, and fails the spec where it leaves something behind; `it` does so by itself for the apps that were
--- loaded in it.
---@param options? { leaks: boolean? } leaks = true: what is left is meant to be
function App:stop(options)
  if not self.host then return end
  local left = not (options and options.leaks) and not self.checked and leaks.find(self)
  self:_free()
  if left then say.fail(left) end
end

function App:_free()
  if not self.host then return end
  self.host:free()
  self.host = nil
  leaks.forget(self)
  zones.leave()
  local state = io.open(self.state)
  if state then
    state:close()
    os.execute(("rm -rf '%s'"):format(self.state))
  end
end

local class = say.class("app", App, "host leaks port own checked weights socket stuck")

--- Of what t.load has made.
function M.new(own)
  own.flights, own.faults, own.lines, own.n_users, own.ids, own.nonces = {}, {}, {}, 0, 0, 0
  own.looked_at = {}
  own.by_appid = {}
  for i, account in ipairs(own.accounts) do
    account.number = i
    own.by_appid[account.appid] = account
  end
  own.codec = codec
  return setmetatable(own, class)
end

return M
