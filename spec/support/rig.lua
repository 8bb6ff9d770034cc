-- A host on a virtual clock, and WeChat's side of it: users who speak, a clock that the spec moves, late
-- messages as they leave. For specs inside the host (`weiyue test`).
--
--   local app = rig.new { plugin = [[wx.text("hi", function() wx.sleep(8) return "done" end)]] }
--   local user = app:user()
--   local push = user:says "hi"        -- its first attempt
--   app:advance(4.5)
--   push:content()                     -- what the user sees: "正在处理…"; nil: nothing yet
--   user:again(push)                   -- WeChat's retry: another signature, encrypted anew

local account = require "spec.support.account"
local json = require "weiyue.json"
local push = require "spec.support.push"
local rig = require "weiyue.rig"

local M = {}

local function write_plugin(folder, text)
  local file = assert(io.open(folder .. "/plugins/one.lua", "w"))
  file:write('local wx = require "weiyue"\n', text)
  file:close()
end

---@class spec.rig.Push
---@field app spec.rig.App
---@field nodes table the message
---@field query string
---@field body string
---@field handle table
local Push = {}
Push.__index = Push

--- What WeChat got: { body = …, reply = decoded, or nil for success }; nil: no answer yet.
function Push:answer()
  local body = self.handle:answer()
  if not body then return nil end
  return account.decode(self.app.account, { status = 200, body = body })
end

--- The content of the text that answers; "success"; nil: no answer yet.
function Push:content()
  local answer = self:answer()
  if not answer then return nil end
  return answer.reply and (answer.reply.Content or answer.reply.MsgType) or "success"
end

function Push:status() return self.handle:status() end
function Push:leave() self.handle:leave() end

---@class spec.rig.User
---@field app spec.rig.App
---@field openid string
local User = {}
User.__index = User

local function with(nodes, name, value)
  for _, node in ipairs(nodes) do
    if node.name == name then node.text = value end
  end
  return nodes
end

--- Sends a message; CreateTime is now unless it says otherwise.
---@param nodes table as of spec.support.push
---@param changes? table as for account.sign
function User:sends(nodes, changes)
  return self.app:push(with(with(nodes, "FromUserName", self.openid), "CreateTime", tostring(self.app:now())), changes)
end

function User:says(text) return self:sends(push.text(text)) end
function User:clicks(key) return self:sends(push.message("event", "CLICK", "EventKey", key)) end
function User:event(name, ...) return self:sends(push.message("event", name, ...)) end
function User:message(kind, ...) return self:sends(push.message(kind, nil, ...)) end

--- The same message once more, as WeChat sends it when it got no answer.
function User:again(old) return self.app:push(old.nodes) end

---@class spec.rig.App
---@field host table
---@field account spec.Account
---@field number integer the account's, in the configuration
local App = {}
App.__index = App

function App:now() return math.floor(self.host:now()) end

---@param nodes table
---@param changes? table
---@return spec.rig.Push
function App:push(nodes, changes)
  local r = account.sign(self.account, nodes, self.form, setmetatable(changes or {}, {
    __index = { timestamp = self:now() },
  }))
  return self:take { nodes = nodes, query = r.target:match "%?(.*)$", body = r.body,
    authorizer = changes and rawget(changes, "authorizer") }
end

--- Sends a request as it is, such as one that was sent before.
---@param request { nodes: table, query: string, body: string }
---@return spec.rig.Push
function App:take(request)
  return setmetatable({
    app = self, nodes = request.nodes, query = request.query, body = request.body,
    handle = self.host:push(self.number, request.query, request.body, request.authorizer),
  }, Push)
end

--- The same host, as another of its accounts sees it: 1 is `one`, 2 the first of `others`.
function App:at(number)
  local copy = { number = number, account = self.accounts[number] }
  return setmetatable(copy, { __index = self })
end

local users = 0

function App:user()
  users = users + 1
  return setmetatable({ app = self, openid = ("oRig%08d"):format(users) }, User)
end

--- Lets time pass; 0: what is ready happens.
function App:advance(seconds) self.host:advance(seconds) end

--- Customer service messages that left since it was last asked, decoded.
function App:sent()
  local list = {}
  for i, one in ipairs(self.host:sent()) do list[i] = json.decode(one.json) end
  return list
end

--- Lines logged since it was last asked, with this event (all without one).
function App:logged(event)
  local list = {}
  for _, line in ipairs(self.host:log()) do
    if not event or line:match " event=(%S+)" == event or line == event then list[#list + 1] = line end
  end
  return list
end

--- The value of a metric of one account, which is the first where none is named.
function App:of_account(name, id) return self:metric(('%s{account="%s"}'):format(name, id or "one")) end

--- How many pushes of an account were answered this way.
function App:answers(way, id)
  return self:metric(('weiyue_answers_total{account="%s",way="%s"}'):format(id or "one", way))
end

--- How many pushes all accounts accepted, and how many of them have their one answer: the same, once none is in flight.
---@return integer pushes, integer answers
function App:totals()
  local text, pushes, answers = self.host:metrics(), 0, 0
  for n in text:gmatch "\nweiyue_pushes_total{[^}]*} (%d+)" do pushes = pushes + n end
  for way, n in text:gmatch '\nweiyue_answers_total{[^}]*way="([^"]*)"} (%d+)' do
    if way ~= "hold" then answers = answers + n end
  end
  return pushes, answers
end

--- The value of a metric: name with its labels as the text has them.
function App:metric(name)
  local value = self.host:metrics():match("\n" .. name:gsub("%p", "%%%0") .. " (%S+)")
  return tonumber(value)
end

--- Asks as `weiyue reload`, `promote`, `rollback` do, and gives the answer.
---@param what "reload"|"promote"|"rollback"|"status"
function App:ask(what) return json.decode(self.host:ask(what)) end

--- Writes the plugin anew, where one is given, and reloads.
---@param options? { plugin?: string } plugin: as of M.new
function App:reload(options)
  if options and options.plugin then write_plugin(self.folder, options.plugin) end
  return self:ask "reload"
end

--- Ends the host and starts another in its place, as a new process would be: of the same files and its store, with
--- nothing of its memory.
---@param away? number seconds until it is there
function App:restart(away)
  local now = self.host:now() + (away or 0)
  self.host:free()
  self.host = assert(rig.new(self.text, self.folder, now, self.keep))
  self.host:send "nobody"
end

function App:free()
  self.host:free()
  os.execute(("rm -rf '%s'"):format(self.folder))
end

--- A host with one account, `one`, and one plugin.
---@param options { plugin: string, mode?: string, form?: "xml"|"json", account?: string, others?: string[],
---    config?: string, wall?: number, send?: string, keep?: boolean }
---  plugin: Lua text behind `local wx = require "weiyue"`; account, config: further keys, as Lua text; others: such
---  keys of further accounts; send: who sends customer service messages, as rig's host:send; keep: promoted
---  generations are kept in its state folder
---@return spec.rig.App
function M.new(options)
  local pipe = assert(io.popen "mktemp -d")
  local folder = pipe:read "l"
  pipe:close()
  os.execute(("mkdir '%s/plugins'"):format(folder))
  write_plugin(folder, options.plugin)
  local accounts = { account.account("one", options.mode or "plain", options.account) }
  for i, more in ipairs(options.others or {}) do
    accounts[i + 1] = account.account("other" .. i, options.mode or "plain", more)
  end
  local text = account.config(accounts, options.config)
  local host, problems = rig.new(text, folder, options.wall or 1700000000, options.keep)
  if not host then error(table.concat(problems, "\n"), 2) end
  host:send(options.send or "nobody")
  return setmetatable({
    host = host, accounts = accounts, account = accounts[1], number = 1, form = options.form or "xml", folder = folder,
    text = text, keep = options.keep,
  }, App)
end

return M
