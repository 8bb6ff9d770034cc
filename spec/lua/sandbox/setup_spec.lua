-- A configuration as `weiyue sandbox` reads it.
local config = require "weiyue.config"
local setup = require "weiyue.sandbox.setup"

local SETUP <const> = { base = "http://127.0.0.1:9000", url = "http://127.0.0.1:8080", listen = "127.0.0.1:8080" }

local function load(text, options)
  local conf, problems = config.load_string(text, "weiyue.lua", { sandbox = options or SETUP, env = function() end })
  local found = {}
  for i, p in ipairs(problems) do found[i] = tostring(p) end
  return conf, table.concat(found, "\n")
end

describe("the sandbox's configuration", function()
  it("makes up what variables that are not set would give, the same each time", function()
    local text = [[return { accounts = { { id = "a", mode = "safe", appid = env "A", secret = env "S", token = env "T",
      aes_key = env "K" } } }]]
    local one, problems = load(text)
    assert(one, problems)
    local account = one.accounts[1]
    assert.same(load(text).accounts, one.accounts)
    assert.truthy(account.appid:find "^wxsandbox" and account.secret:find "^sandbox" and account.token:find "^sandbox")
    assert.equal(43, #account.aes_key[1])
    local other = load((text:gsub('id = "a"', 'id = "b"')))
    assert.are_not.equal(account.token, other.accounts[1].token)
  end)

  it("makes up secrets of the seed, which nobody else knows", function()
    local function with(seed)
      local own = { seed = seed }
      for key, value in pairs(SETUP) do own[key] = value end
      return assert(load([[return { accounts = { { id = "a", mode = "safe" } } }]], own)).accounts[1]
    end
    local one, other = with "one", with "other"
    assert.same(one, with "one")
    assert.equal(one.appid, other.appid)
    for _, key in ipairs { "secret", "token" } do assert.are_not.equal(one[key], other[key]) end
    assert.are_not.equal(one.aes_key[1], other.aes_key[1])
  end)

  it("keeps what is set, and the mode", function()
    local conf = load [[return { accounts = { { appid = "wxtest1", token = "wxtesttoken", mode = "plain" } } }]]
    assert.equal("wxtest1", conf.accounts[1].appid)
    assert.equal("wxtesttoken", conf.accounts[1].token)
    assert.equal("plain", conf.accounts[1].mode)
    assert.is_nil(conf.accounts[1].aes_key)
  end)

  it("keeps the keys of a rotation that are set", function()
    local key = ("wxtest"):rep(7) .. "A"
    local conf = load(('return { accounts = { { token = "wxtest", aes_key = { env "NEW", %q } } } }'):format(key))
    assert.same({ key }, conf.accounts[1].aes_key)
  end)

  it("leads to the fake WeChat, and to no other", function()
    local conf, problems = load [[return { admin = "127.0.0.1:1", hosts = { "x" }, store = "redis://h/0", proxies = { env "P" },
      log = { file = "x.log", format = "json" }, listen = "0.0.0.0:80", accounts = { { token = "wxtest", access_token = {
      url = "http://h/token" }, api = "https://api.weixin.qq.com", url = "https://a.example" } } }]]
    assert(conf, problems)
    local account = conf.accounts[1]
    for _, key in ipairs { "api", "open", "mp" } do assert.equal(SETUP.base, account[key]) end
    assert.equal(SETUP.base .. "/jweixin.js", account.jweixin)
    assert.equal(SETUP.url, account.url)
    assert.equal("stable", account.access_token)
    assert.is_false(conf.admin)
    assert.equal("sqlite:.weiyue/sandbox/sandbox.db", conf.store.url)
    assert.equal(".weiyue/sandbox", conf.state)
    assert.equal("127.0.0.1", conf.listen.host)
    assert.is_nil(conf.log.file)
    assert.equal("text", conf.log.format)
    assert.equal("memory", load("return {}", { base = SETUP.base, url = SETUP.url, listen = SETUP.listen, store = "memory" }).store.url)
  end)

  it("tells accounts apart that were told apart by their hosts", function()
    local conf = assert(load [[local a = { token = "wxtest" } return { accounts = { { id = "a", token = "wxtest", url = "https://a.example" },
      { id = "b", token = "wxtest", url = "https://b.example" } } }]])
    assert.equal("/wx", conf.accounts[1].path)
    assert.equal("/b/wx", conf.accounts[2].path)
    assert.equal(SETUP.url .. "/b", conf.accounts[2].url)
  end)

  it("has an account where the file has none", function()
    local conf = load "return {}"
    assert.equal("demo", conf.accounts[1].id)
    assert.is_true(conf.accounts[1].can.customer_service)
  end)

  it("gives plugins a text for a variable that is not set, and says so", function()
    local conf, problems = load [[return { plugins = { shop = { path = "p.lua", config = { erp = env "ERP" } } } }]]
    assert.equal("sandbox-ERP", conf.plugins[1].config.erp)
    assert.truthy(problems:find "ERP is not set")
  end)

  it("says what is wrong as ever", function()
    local conf, problems = load [[return { acounts = {} }]]
    assert.is_nil(conf)
    assert.truthy(problems:find "acounts")
  end)

  it("of the sandbox itself is one that can be read", function()
    local text = setup.own("127.0.0.1:9000", "state", '{"base":"http://127.0.0.1:9000"}', "weiyue.lua")
    local conf, problems = config.load_string(text, "sandbox")
    assert(conf, table.concat(problems, "\n"))
    assert.equal("weiyue:sandbox", conf.plugins[1].path)
    assert.is_nil(conf.hosts.any)
  end)
end)
