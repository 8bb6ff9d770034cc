-- The quick start: examples/run starts the sandbox with the example account, which answers at once and has its menu.

local json = require "weiyue.json"
local program = require "spec.support.program"
local serve = require "spec.support.serve"
local socket = require "socket"

local quote <const> = program.quote

describe("examples/run", function()
  local folder, address, port

  setup(function()
    folder = program.folder()
    os.execute(("cp -r examples %s"):format(quote(folder)))
    os.execute(("(cd %s && mkfifo done && (env -u WX_TOKEN LC_ALL=C PORT=0 WEIYUE=%s examples/run >out 2>err </dev/null & "
      .. "echo $! >pid; wait $!; echo $? >done)) >/dev/null 2>&1 &"):format(quote(folder), quote(program.binary)))
    serve.eventually("the address of the chat page", function()
      local file = io.open(folder .. "/out")
      local text = file and file:read "a" or ""
      if file then file:close() end
      address, port = text:match "\nsandbox +http://([%d.]+):(%d+)/"
      return port
    end)
  end)

  teardown(function()
    os.execute(("kill -TERM $(cat %s)"):format(quote(folder .. "/pid")))
    local status = program.capture(("bash -c 'read -r -t 20 s <%s; echo $s'"):format(quote(folder .. "/done")))
    local err = program.read(folder .. "/err")
    program.remove(folder)
    assert(status == "0", err)
  end)

  local function ask(method, target, body)
    local tcp = assert(socket.tcp())
    tcp:settimeout(20)
    assert(tcp:connect(address, tonumber(port)))
    local text = body and json.encode(body) or ""
    tcp:send(("%s %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
      .. "Connection: close\r\n\r\n%s"):format(method, target, address, port, #text, text))
    local answer = tcp:receive "*a"
    tcp:close()
    local inside = answer:match "\r\n\r\n(.*)$"
    return json.decode(inside) or inside
  end

  local function state_of() return ask("GET", "/-/state") end

  local function account_of(state)
    for _, account in ipairs(state.accounts) do if account.id == "demo" then return account end end
  end

  -- What the account says next.
  local function after(path, body)
    local state = state_of()
    body.appid, body.openid = account_of(state).appid, state.users[1].openid
    local history = ("/-/history?appid=%s&openid=%s"):format(body.appid, body.openid)
    local before, last = #ask("GET", history), nil
    ask("POST", path, body)
    serve.eventually("an answer", function()
      local items = ask("GET", history)
      last = items[#items]
      return #items > before and last.from == "account"
    end)
    return last
  end

  it("answers what is typed in the chat page", function()
    assert.equal("你好，我是微月", after("/-/send", { type = "text", text = "你好" }).text)
    assert.equal("订单 20240229：已发货", after("/-/send", { type = "text", text = "订单 20240229" }).text)
  end)

  it("has the menu that its plugins declare, and answers its buttons", function()
    local account
    serve.eventually("the menu", function()
      account = account_of(state_of())
      return account.menu and account.menu ~= json.null
    end)
    local names = {}
    for i, button in ipairs(account.menu.button or account.menu) do names[i] = button.name end
    assert.same({ "关于", "价目", "我的" }, names)
    assert.equal("微月：用 Lua 写公众号", after("/-/click", { button = json.array { 1 } }).text)
  end)
end)
