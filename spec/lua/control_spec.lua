-- weiyue reload, promote, rollback: which host they find, what they say of its answer.

local program = require "spec.support.program"

local capture <const>, quote <const>, here <const> = program.capture, program.quote, program.here
local ZH <const> = "LC_ALL=zh_CN.UTF-8"

local folder, servers

local function write(name, text) program.write(folder, name, text) end
local function read(name) return program.read(folder .. "/" .. name) end
local function weiyue(arguments, env) return program.run(folder, arguments, env) end

-- Stands in for a host with this state folder.
local function answering(state, answer, delay)
  local script = [[
    cd "$1" && mkfifo ready || exit 1
    python3 "$2" "$3" "$4" "$5" >ready 2>server.log </dev/null &
    read -r -t 30 line <ready
    rm ready
    echo $! $line
  ]]
  local pid = capture(("bash -c %s bash %s %s %s %s %s"):format(quote(script), quote(folder),
    quote(here .. "/spec/support/control.py"), quote(state), quote(answer), delay or 0)):match "^(%d+) ready$"
  assert(pid, "no server")
  servers[#servers + 1] = pid
end

local GOOD <const> = '{"ok":true,"generation":7,"ms":12}\n'
local BAD <const> = '{"ok":false,"problems":[{"zh":"plugins/a.lua:3: 语法不对","en":"plugins/a.lua:3: syntax"},'
  .. '{"zh":"二","en":"two"}]}\n'

describe("weiyue", function()
  before_each(function()
    folder, servers = program.folder(), {}
    write("weiyue.lua", 'return { accounts = { { token = "wxtest", appid = "wxtestappid" } } }')
  end)

  after_each(function()
    for _, pid in ipairs(servers) do os.execute("kill " .. pid) end
    program.remove(folder)
  end)

  for _, verb in ipairs { "reload", "promote", "rollback" } do
    describe(verb, function()
      it("asks the running host, and prints its generation", function()
        answering(".weiyue", GOOD)
        assert.same({ status = 0, out = "generation 7, 12 ms\n", err = "" }, weiyue(verb))
        assert.equal(('{"do":"%s"}\n'):format(verb), read ".weiyue/asked")
        assert.equal("第 7 代，12 毫秒\n", weiyue(verb, ZH).out)
      end)

      it("prints the problems, and fails", function()
        answering(".weiyue", BAD)
        local r = weiyue(verb)
        assert.equal(1, r.status)
        assert.equal("", r.out)
        assert.matches("^plugins/a.lua:3: syntax\ntwo\nweiyue: not ", r.err)
        assert.matches("^plugins/a.lua:3: 语法不对\n二\nweiyue: 没有", weiyue(verb, ZH).err)
      end)

      it("gives the answer as it is with --json", function()
        answering(".weiyue", BAD)
        assert.same({ status = 1, out = BAD, err = "" }, weiyue(verb .. " --json"))
      end)

      it("says that no host runs", function()
        local r = weiyue(verb)
        assert.same({ status = 1, out = "", err = "weiyue: no host runs with the state folder .weiyue\n" }, r)
        assert.matches("没有宿主以 .weiyue 为状态文件夹在运行", weiyue(verb, ZH).err)
      end)
    end)
  end

  describe("finds the host's state folder", function()
    local function is_found(arguments)
      assert.same({ status = 0, out = "generation 7, 12 ms\n", err = "" }, weiyue("reload " .. arguments))
    end

    it("beside the configuration", function()
      assert(os.execute(("mkdir %s && mv %s %s"):format(quote(folder .. "/app"), quote(folder .. "/weiyue.lua"), quote(folder .. "/app/my.lua"))))
      answering("app/.weiyue", GOOD)
      is_found "app/my.lua"
    end)

    it("where the configuration says", function()
      write("weiyue.lua", 'return { state = "run/state", accounts = { { token = "wxtest" } } }')
      assert(os.execute("mkdir " .. quote(folder .. "/run")))
      answering("run/state", GOOD)
      is_found ""
    end)

    it("where a refused configuration says", function()
      write("weiyue.lua", 'return { state = "other", token = env "WY_SPEC_NOT_SET", accounts = 1 }')
      answering("other", GOOD)
      is_found ""
    end)

    it("in its usual place when the file is broken, or gone", function()
      answering(".weiyue", GOOD)
      write("weiyue.lua", "return {")
      is_found ""
      os.remove(folder .. "/weiyue.lua")
      is_found ""
    end)

    it("by --state", function()
      answering("elsewhere", GOOD)
      is_found "--state elsewhere"
    end)

    it("or says that it guessed", function()
      write("weiyue.lua", "return {")
      assert.equal("weiyue: no host runs with the state folder .weiyue\n"
        .. "weiyue: the configuration has errors, so that folder is a guess; --state DIR names another\n",
        weiyue("reload").err)
    end)

    it("however long its path is", function()
      local long = ("d"):rep(100) .. "/" .. ("e"):rep(100)
      answering(long, GOOD)
      is_found("--state " .. long)
    end)
  end)

  describe("copes with a host", function()
    it("that left a socket and is dead", function()
      answering(".weiyue", GOOD)
      os.execute("kill -9 " .. table.remove(servers))
      repeat until not os.execute(("cd %s && python3 -c 'import socket; socket.socket(1).connect(\".weiyue/control.sock\")' 2>err")
        :format(quote(folder)))
      assert.equal("weiyue: no host runs with the state folder .weiyue\n", weiyue("reload").err)
    end)

    it("that hangs up", function()
      answering(".weiyue", "")
      local r = weiyue("reload")
      assert.equal(1, r.status)
      assert.matches("hung up without an answer", r.err)
    end)

    it("that answers something else", function()
      for _, answer in ipairs { "HTTP/1.1 400\n", "[]\n", "{\n" } do
        answering(".weiyue", answer)
        local r = weiyue("reload")
        assert.equal(1, r.status)
        assert.matches("no answer of a host: " .. answer:gsub("%p", "%%%0"), r.err)
        os.execute("kill " .. table.remove(servers))
      end
    end)

    it("that takes its time", function()
      answering(".weiyue", GOOD, 2.2)
      local r = weiyue("reload")
      assert.equal(0, r.status)
      assert.equal("generation 7, 12 ms\n", r.out)
      assert.equal("weiyue: the host is at it; waiting ...\n", r.err)
    end)
  end)

  it("reload names the nearest option, and takes one configuration", function()
    assert.equal(2, weiyue("reload --stat x").status)
    assert.equal(2, weiyue("reload a b").status)
    assert.equal(2, weiyue("reload --state").status)
  end)
end)
