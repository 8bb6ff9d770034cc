-- `weiyue push ACCOUNT` against a host that serves by name: the account's own host is asked for.
local serve = require "spec.support.serve"

-- Says whose push it was.
local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text(function(msg) return msg.account.id .. ": " .. msg.content end)
]]

-- An account whose token is its own: another one would refuse its pushes.
local function account(id, path, url)
  return ("{ id = %q, path = %q, token = %q, %s }"):format(id, path, "wxtest" .. id,
    url and ("url = %q"):format(url) or "")
end

describe("weiyue push ACCOUNT", function()
  -- Serves these accounts, then writes the port into the configuration, where push looks for it.
  local function start(more, ...)
    local accounts = table.concat({ ... }, ", ")
    local function config(listen)
      return ('return { listen = "%s", plugins = { "plugins/*" }, %s accounts = { %s } }\n'):format(listen, more, accounts)
    end
    local server = serve.start { ["weiyue.lua"] = config "127.0.0.1:0", ["plugins/say.lua"] = PLUGIN }
    finally(function() server:stop() end)
    serve.write(server.folder, "weiyue.lua", config("127.0.0.1:" .. server.port))
    return server
  end

  local function says(server, id)
    local r = serve.run(server.folder, ("push %s --text hi"):format(id))
    assert.same({ "type: text\ncontent: " .. id .. ": hi\n", "", 0 }, { r.out, r.err, r.status })
  end

  it("reaches each of two accounts on one path", function()
    local server = start("", account("one", "/wx", "https://one.wx.test"), account("two", "/wx", "https://two.wx.test/shop"))
    says(server, "one")
    says(server, "two")
  end)

  it("reaches an account among others with and without a url", function()
    local server = start("", account("one", "/wx", "https://one.wx.test"), account("two", "/two"))
    says(server, "one")
    says(server, "two")
  end)

  it("reaches an account where hosts leaves out the address it listens on", function()
    local server = start('hosts = { "wx.test", "other.test" },', account("one", "/wx"))
    assert.equal(421, server:request({ method = "GET", target = "/wx", host = "127.0.0.1" }).status)
    says(server, "one")
  end)

  it("reaches an account by its own host where hosts lists that one", function()
    local server = start('hosts = { "other.test", "one.wx.test" },', account("one", "/wx", "https://one.wx.test"),
      account("two", "/wx", "https://other.test"))
    says(server, "one")
    says(server, "two")
  end)

  it("reaches every account where any host is served", function()
    local server = start('hosts = "any",', account("one", "/wx", "https://one.wx.test"),
      account("two", "/wx", "https://two.wx.test"), account("three", "/three"))
    for _, id in ipairs { "one", "two", "three" } do says(server, id) end
  end)
end)
