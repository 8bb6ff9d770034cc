-- `weiyue serve` as a child process, and WeChat's side of the connection to it. For specs that run in
-- plain lua5.4, with lua-socket, and weiyue_core on LUA_CPATH. The program: environment variable WEIYUE.
-- Every wait ends by itself: sockets have time-outs, a FIFO's reader one of its own.

local accounts = require "spec.support.account"
local codec = require "weiyue.codec"
local program = require "spec.support.program"
local prom = require "spec.support.prom"
local push = require "spec.support.push"
local socket = require "socket"
local url = require "weiyue.url"

local M = {}

for name, value in pairs(accounts) do M[name] = value end -- specs of served accounts need both

local TIMEOUT <const> = 20 -- seconds; more than any answer takes under sanitizers

local quote <const>, capture <const>, read <const> = program.quote, program.capture, program.read
local binary <const> = program.binary

--- Waits for what others bring about: asks until it is so, and raises when it never is.
---@param what string
---@param is_so fun(): any
function M.eventually(what, is_so)
  local ends = socket.gettime() + TIMEOUT
  repeat
    if is_so() then return end
  until socket.gettime() > ends
  error("never: " .. what, 2)
end

-- Connections ------------------------------------------------------------------------------------------

---@class spec.Connection
local Connection = {}
Connection.__index = Connection

--- Sends bytes as they are.
function Connection:send(bytes) return assert(self.socket:send(bytes)) end

--- One response: { status, headers, cookies, body }, cookies: the fields that set them; nil, err at the end of the connection or after TIMEOUT.
---@param method? string of the request: what answers HEAD has no body
function Connection:read(method)
  local line, err = self.socket:receive "*l"
  if not line then return nil, err end
  local response = { status = tonumber(line:match "^HTTP/1%.1 (%d%d%d)"), headers = {}, cookies = {}, body = "" }
  for header in function() return assert(self.socket:receive "*l") end do
    if header == "" then break end
    local name, value = header:match "^([^:]+): *(.*)$"
    response.headers[name:lower()] = value
    if name:lower() == "set-cookie" then table.insert(response.cookies, value) end
  end
  local n = tonumber(response.headers["content-length"] or 0)
  if n > 0 and method ~= "HEAD" then response.body = assert(self.socket:receive(n)) end
  return response
end

--- nil when the peer has closed the connection; else what made reading end.
function Connection:at_end()
  local bytes, err = self.socket:receive(1)
  if err == "closed" then return nil end
  return bytes or err
end

function Connection:close() self.socket:close() end

--- The text of a request.
---@param r { method?: string, target: string, host?: string, headers?: string, body?: string }
function M.request(r)
  local head = ("%s %s HTTP/1.1\r\nHost: %s\r\n%s"):format(r.method or "POST", r.target, r.host or "127.0.0.1",
    r.headers or "")
  if not r.body then return head .. "\r\n" end
  return ("%sContent-Length: %d\r\n\r\n%s"):format(head, #r.body, r.body)
end

-- Servers ------------------------------------------------------------------------------------------------

---@class spec.Server
---@field folder string
---@field line string    what the server wrote on stdout when it was ready
---@field address string
---@field port integer
---@field admin_port? integer
local Server = {}
Server.__index = Server

--- A folder with these files: name → text.
---@param files table<string, string>
---@return string folder
function M.folder(files)
  local folder = program.folder()
  for name, text in pairs(files) do M.write(folder, name, text) end
  return folder
end

M.write, M.remove, M.run = program.write, program.remove, program.run

--- Serves the weiyue.lua among the files.
---@param files table<string, string>
---@param options? { address?: string, arguments?: string, stalled?: boolean, folder?: string, environment?: string,
---  verb?: string }
---  address: 127.0.0.1; arguments: further ones of `serve`; stalled: stderr is a FIFO, .log in the folder, that nobody
---  reads; folder: one that is there, in which the files are written; environment: NAME=value …
---@return spec.Server
function M.start(files, options)
  local address = options and options.address or "127.0.0.1"
  local listen = (address:find(":", 1, true) and "[%s]:0" or "%s:0"):format(address)
  local folder = options and options.folder or M.folder {}
  for name, text in pairs(files) do M.write(folder, name, text) end
  local script = [[
    cd "$1" && rm -f .ready .done && mkfifo .ready .done || exit 1
    if [ -n "$5" ]; then mkfifo .log; exec 3<>.log; fi
    ( ( echo $BASHPID >.pid; exec env LC_ALL=C $4 "$2" $6 --listen $3 >.ready 2>.log </dev/null )
      echo $? >.done ) >/dev/null 2>&1 &
    read -r -t 60 line <.ready
    printf "%s" "$line"
  ]]
  local stalled = options and options.stalled
  local line = capture(("bash -c %s bash %s %s %s %s %s %s"):format(quote(script), quote(folder), quote(binary),
    quote(("%s %s"):format(listen, options and options.arguments or "")), quote(options and options.environment or ""),
    stalled and "stalled" or "''", options and options.verb or "serve"))
  local server = setmetatable({ folder = folder, line = line, address = address, stalled = stalled, port = tonumber(line:match ":(%d+)[ /]"),
    admin_port = tonumber(line:match "admin http://[^ ]*:(%d+)$") }, Server)
  assert(server.port, server:log())
  return server
end

local QUIET <const> = 0.05 -- seconds without a further line: the log is written by a thread of its own

--- Everything logged so far.
---@param name? string of the log, in the folder; default: what went to stderr
function Server:log(name)
  if self.stalled and not name then return "" end
  local path = self.folder .. "/" .. (name or ".log")
  local text, before = read(path), nil
  while text ~= before do
    socket.sleep(QUIET)
    text, before = read(path), text
  end
  return text
end

--- The lines of the log with this event.
---@param event string
---@return string[]
function Server:logged(event)
  local lines = {}
  for line in self:log():gmatch "[^\n]+" do
    if line:match " event=(%S+)" == event then lines[#lines + 1] = line end
  end
  return lines
end

local function connect(address, port, setup)
  local tcp = assert(address:find(":", 1, true) and socket.tcp6() or socket.tcp4())
  tcp:settimeout(TIMEOUT)
  if setup then setup(tcp) end
  local ok, err = tcp:connect(address, port)
  if not ok then
    tcp:close()
    return nil, err
  end
  return setmetatable({ socket = tcp }, Connection)
end

M.connect = connect

--- A connection.
---@param setup? fun(tcp) before it connects
function Server:open(setup) return connect(self.address, self.port, setup) end

--- A connection to the management interface.
function Server:open_admin()
  assert(self.admin_port, "no management interface")
  return assert(connect("127.0.0.1", self.admin_port))
end

--- One request, on a connection that is kept as long as the server keeps it.
function Server:request(r)
  local connection = self.connection or assert(self:open())
  self.connection = nil
  connection:send(M.request(r))
  local response = assert(connection:read())
  if response.headers.connection == "close" then
    connection:close()
  else
    self.connection = connection
  end
  return response
end

--- One request to the management interface, on a connection of its own.
---@param r { method?: string, target: string, host?: string, headers?: string }
function Server:admin(r)
  local method = r.method or "GET"
  local connection = self:open_admin()
  connection:send(M.request { method = method, target = r.target, host = r.host, headers = r.headers })
  local response = assert(connection:read(method))
  connection:close()
  return response
end

--- What /metrics tells now.
---@return spec.Metrics
function Server:metrics() return prom.read(self:admin({ target = "/metrics" }).body) end

function Server:signal(name)
  assert(os.execute(("kill -%s $(cat %s)"):format(name, quote(self.folder .. "/.pid"))))
end

--- The processes that it has started, of which one serves.
---@return integer[]
function Server:children()
  local pids = {}
  for pid in capture(("pgrep -P $(cat %s)"):format(quote(self.folder .. "/.pid"))):gmatch "%d+" do
    pids[#pids + 1] = tonumber(pid)
  end
  return pids
end

--- Ends the process that serves, as nothing can prevent, and waits until another one does.
function Server:kill_child()
  local before = #self:logged "child.ready"
  local children = self:children()
  assert(#children == 1, "one child")
  assert(os.execute("kill -KILL " .. children[1]))
  M.eventually("another child", function() return #self:logged "child.ready" > before end)
end

--- Puts the program in its own place, and waits until the new one serves, or does not.
---@param event? string what the log must tell; default "upgrade.done"
function Server:upgrade(event)
  event = event or "upgrade.done"
  local before = #self:logged(event)
  self:signal "USR2"
  M.eventually(event, function() return #self:logged(event) > before end)
end

--- Waits for the end of the process: its exit status; nil when it did not end.
function Server:wait()
  self.ended = true
  return tonumber(capture(("bash -c 'read -r -t 60 status <\"$1\"; printf %%s \"$status\"' bash %s")
    :format(quote(self.folder .. "/.done"))))
end

--- Ends the process and leaves its folder, for another.
function Server:halt()
  if self.connection then self.connection:close() end
  self.connection = nil
  self:signal "TERM"
  local status, log = self:wait(), self:log()
  assert(status == 0 and not log:find("Sanitizer", 1, true), log)
end

--- Ends the process and removes its folder. A failure of the process, such as a sanitizer's report, is
--- an error here.
function Server:stop()
  if self.connection then self.connection:close() end
  local status = 0
  if not self.ended then
    self:signal "TERM"
    status = self:wait()
  end
  local log = self:log()
  M.remove(self.folder)
  assert(status == 0 and not log:find("Sanitizer", 1, true), log)
end

-- Pushes ---------------------------------------------------------------------------------------------------

--- Sends a push and decodes what comes back.
---@param account spec.Account
---@param nodes spec.Node[]
---@param form? "xml"|"json"
---@param changes? table as for sign
function Server:push(account, nodes, form, changes)
  return M.decode(account, self:request(M.sign(account, nodes, form or "xml", changes)),
    changes and changes.aes_key)
end

--- The content that answers a text; nil: success.
function Server:says(account, text)
  local response = self:push(account, push.text(text))
  assert(response.status == 200, response.status)
  return response.reply and response.reply.Content
end

--- The request WeChat makes when the URL is saved.
function M.echo(account, echostr, changes)
  changes = changes or {}
  local timestamp = changes.timestamp or os.time()
  return { method = "GET", target = ("%s?signature=%s&timestamp=%d&nonce=15&echostr=%s"):format(account.path,
    codec.sign(changes.token or account.token, timestamp, "15"), timestamp, url.escape(echostr)) }
end

return M
