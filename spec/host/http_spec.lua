-- The HTTP client against a server that does what servers should not: rows W004 to W009 and S001 to S014 of
-- hostile-inputs.tsv, and what plugins are promised besides.
local app_of = require "spec.support.app"
local facts = require "spec.support.facts"
local hostile = require "spec.support.hostile_http"
local rig = require "spec.support.rig"
local task = require "weiyue.task"
local transport = require "weiyue.transport"

local rows = {}
for _, row in ipairs(facts.rows "hostile-inputs.tsv") do rows[row.id] = row end

local server
setup(function() server = hostile.start { tls = true } end)
teardown(function() hostile.stop(server) end)

-- One call as the API engine makes it: to a configured address.
local function send(path, more)
  local request = { url = path:find "^%a+://" and path or server.url .. path, guard = false, quiet = true }
  for key, value in pairs(more or {}) do request[key] = value end
  return transport.send(request)
end

local function code_of(path, more)
  local response, err = send(path, more)
  return response and response.status or err.code
end

local function counts() return send "/counts":json() end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

local function rss_kib() return tonumber(read "/proc/self/status":match "VmRSS:%s*(%d+)") end

describe("weiyue.transport", function()
  it("gets, with a query and headers", function()
    local r = send("/echo", { query = { b = "茶 &", a = { 1, 2 } }, headers = { ["X-Name"] = "v" } })
    local told = r:json()
    assert.equal("GET", told.method)
    assert.equal("/echo?a=1&a=2&b=%E8%8C%B6+%26", told.target)
    assert.equal("v", told.headers["x-name"])
    assert.equal("application/json", r.headers["content-type"])
    assert.equal(server.url .. "/echo?a=1&a=2&b=%E8%8C%B6+%26", r.url)
    assert.is_true(r.seconds >= 0)
  end)

  it("adds a query to one that is there, before a fragment", function()
    assert.equal("/echo?x=1&y=2", send("/echo?x=1#here", { query = "y=2" }):json().target)
  end)

  for _, method in ipairs { "POST", "PUT", "PATCH", "DELETE", "OPTIONS" } do
    it(("sends %s with a body"):format(method), function()
      local told = send("/echo", { method = method, body = "hello" }):json()
      assert.same({ method, "hello", 5 }, { told.method, told.text, told.length })
      assert.is_nil(told.headers["content-type"])
      assert.is_nil(told.headers.expect)
    end)
  end

  it("sends one method after another on one connection", function()
    local before = counts().connections
    assert.equal("POST", send("/echo", { method = "POST", body = "x" }):json().method)
    assert.equal("GET", send "/echo":json().method)
    assert.equal("", send("/echo", { method = "HEAD", timeout = 1, headers = { A = "b" } }) and "")
    local told = send "/echo":json()
    assert.same({ "GET", 0 }, { told.method, told.length })
    assert.is_nil(told.headers.a)
    assert.is_true(counts().connections <= before + 1) -- our HEAD is answered with a body, which ends it
  end)

  it("sends a POST without a body with its length", function()
    assert.equal("0", send("/echo", { method = "POST" }):json().headers["content-length"])
  end)

  it("joins headers that stand twice", function()
    assert.equal("1, 2", send "/text?hex=6f6b".headers["x-one"])
  end)

  it("keeps no cookies", function()
    send "/cookie"
    assert.is_nil(send "/echo":json().headers.cookie)
  end)

  it("keeps a connection for the next call, and makes another when the server has closed it", function()
    send "/echo"
    local before = counts().connections
    for _ = 1, 5 do send "/echo" end
    assert.equal(before, counts().connections)
    for _ = 1, 3 do assert.equal(200, code_of "/closing") end
  end)

  it("sends a POST once, though the server closes the kept connection that has it", function()
    send "/echo"
    local before = counts().requests
    local response, err = send("/nothing", { method = "POST" })
    assert.is_nil(response)
    assert.equal("http.aborted", err.code)
    assert.is_true(err.sent)
    assert.equal(before + 1, counts().requests)
  end)

  it("decodes gzip", function() assert.is_true(send "/zipped":json().zipped) end)

  for _, name in ipairs { "zstd", "br", "gzip, br" } do
    it("refuses a coding that was not asked for: " .. name, function()
      assert.equal("http.protocol", code_of("/coding", { query = { name = name } }))
    end)
  end

  it("gives any status as an answer", function()
    for _, status in ipairs { 204, 404, 500, 503 } do
      assert.equal(status, code_of("/text", { query = { hex = "", status = status } }))
    end
  end)

  it("waits no longer than its timeout, and tells that the request was sent", function()
    local r, err = send("/slow", { timeout = 0.3 })
    assert.is_nil(r)
    assert.same({ "http.timeout", true }, { err.code, err.sent })
    assert.is_string(err.hint)
    assert.is_string(err.hint_en)
    assert.equal("http.timeout: 127.0.0.1: no answer in time", tostring(err))
  end)

  it("tells a port that nobody listens on, and that nothing was sent", function()
    local r, err = send "http://127.0.0.1:1/"
    assert.is_nil(r)
    assert.same({ "http.connect", false }, { err.code, err.sent })
  end)

  it("tells a host that there is none of", function()
    assert.equal("http.resolve", code_of("http://nowhere.invalid/", { timeout = 8 }))
  end)

  for _, url in ipairs {
    "", "nothing", "www.example.com/hook", "/hook", "?x=1", "//127.0.0.1/", "http:/x", "http:///x", "http://?x", "htp:/x",
    "http://", "http://a b/", "http://host:99999/", "http://[::1", "http://[::1/", "http://a\nb/", " http://a/", "http://a\0b/",
    "ftp://a/b", "mailto:a@b.example", "http://" .. ("a"):rep(65536),
  } do
    it(("refuses %q as a URL, whatever was called before, and names it"):format(url:sub(1, 60)), function()
      send "/echo"
      local before = counts().requests
      local r, err = transport.send { url = url, guard = false, quiet = true, method = "POST", body = "private" }
      assert.is_nil(r)
      assert.same({ "http.url", false }, { err.code, err.sent })
      local shown = #url > 200 and url:sub(1, 200) .. "…" or url:gsub("[^/]*@", "***@"):gsub("%c", "?")
      local want = ('"%s": this is not an http or https URL'):format(shown)
      assert.equal(want, err.message:sub(1, #want))
      assert.matches("http%(s%)://", err.hint)
      assert.equal(before, counts().requests)
    end)
  end

  it("shows no password of a URL that is none", function()
    for _, url in ipairs { "http://u:wxtestpass/1@host/x", "u:wxtestpass@host/x", "htp:/u:wxtestpass@host", "host/?secret=wxtestpass" } do
      local _, err = transport.send { url = url, guard = false, quiet = true }
      assert.equal("http.url", err.code)
      assert.is_nil(err.message:find("wxtestpass", 1, true), err.message)
    end
  end)

  it("tells a header that is wrong as such, and no host of another call", function()
    send "/echo"
    local _, err = send("/echo", { headers = { ["A B"] = "c" } })
    assert.equal("http.url: a header has a name of letters and digits, and a value of one line", tostring(err))
    assert.matches("headers", err.hint)
  end)

  for name, headers in pairs {
    ["a line break in a value"] = { A = "b\r\nC: d" }, ["a NUL in a value"] = { A = "b\0" },
    ["a line break in a name"] = { ["A\nB"] = "c" }, ["a blank in a name"] = { ["A B"] = "c" },
    ["an empty name"] = { [""] = "c" },
  } do
    it("refuses a header with " .. name, function() assert.equal("http.url", code_of("/echo", { headers = headers })) end)
  end

  for _, method in ipairs { "get", "GE T", "", "CONNECT", "TRACE", "GET / HTTP/1.1\r\nX:" } do
    it(("refuses %q as a method"):format(method), function()
      assert.equal("http.url", code_of("/echo", { method = method }))
    end)
  end

  it("frames the message itself, whatever headers say", function()
    local told = send("/echo", { method = "POST", body = "hello",
      headers = { ["Content-Length"] = "500", ["Transfer-Encoding"] = "chunked" } }):json()
    assert.same({ "hello", "5" }, { told.text, told.headers["content-length"] })
    assert.is_nil(told.headers["transfer-encoding"])
  end)

  it("sends many calls at a time, each with its own answer", function()
    local done = 0
    for i = 1, 100 do
      task.spawn(function()
        if send("/echo", { query = { i = i } }):json().target == "/echo?i=" .. i then done = done + 1 end
      end)
    end
    for _ = 1, 1000 do
      if done == 100 then break end
      task.sleep(0.01)
    end
    assert.equal(100, done)
    assert.is_true(counts().connections < 150)
  end)
end)

describe("a redirect", function()
  it(rows.W005.id .. " is not followed unless that is asked for: " .. rows.W005.input, function()
    for _, to in ipairs { "http://127.0.0.1/", "file:///etc/passwd" } do
      local r = send("/redirect", { query = { to = to } })
      assert.same({ 302, to, "moved" }, { r.status, r.headers.location, r.body })
    end
  end)

  it("is followed as often as that is asked for", function()
    local r = send("/redirect", { query = { to = "/redirect?to=/echo" }, redirects = 2 })
    assert.same({ 200, server.url .. "/echo", "GET" }, { r.status, r.url, r:json().method })
    assert.equal("http.redirects", code_of("/redirect", { query = { to = "/redirect?to=/echo" }, redirects = 1 }))
  end)

  it("that leads nowhere is the answer", function()
    local r = send("/redirect", { redirects = 5 })
    assert.same({ 302, "moved" }, { r.status, r.body })
  end)

  it("to a file is refused", function()
    local _, err = send("/redirect", { query = { to = "file:///etc/passwd" }, redirects = 5 })
    assert.equal("http.denied", err.code)
    assert.matches("http、https 以外", err.hint)
  end)

  it("to what is no URL is refused as the server's doing", function()
    local _, err = send("/redirect", { query = { to = "http://host:99999/" }, redirects = 5 })
    assert.equal("http.url", err.code)
    assert.matches("^where a redirect leads: ", err.message)
  end)

  it("makes a GET of a POST after 302 and 303, and repeats it after 307", function()
    for status, want in pairs { [302] = { "GET", "" }, [303] = { "GET", "" }, [307] = { "POST", "body" }, [308] = { "POST", "body" } } do
      local told = send("/redirect", { method = "POST", body = "body", query = { to = "/echo", status = status },
        redirects = 1 }):json()
      assert.same(want, { told.method, told.text })
    end
  end)

  it("takes secret headers along to the same host only, and has the guard look at another one", function()
    local secret = { Authorization = "wxtest", Cookie = "wxtest", ["X-Other"] = "y" }
    local same = send("/redirect", { query = { to = "/echo" }, redirects = 1, headers = secret }):json()
    assert.equal("wxtest", same.headers.authorization)
    local other = "http://localhost:" .. server.port .. "/echo"
    assert.equal("http.denied", code_of("/redirect", { query = { to = other }, redirects = 1, headers = secret }))
  end)

  it("takes no header that may be a key to another port of the host", function()
    local other <close> = setmetatable(hostile.start(), { __close = hostile.stop })
    local headers = { Authorization = "wxtest", ["X-Api-Key"] = "wxtest", Accept = "text/x" }
    local got = send("/redirect", { query = { to = other.url .. "/echo" }, redirects = 1, headers = headers }):json()
    assert.is_nil(got.headers.authorization)
    assert.is_nil(got.headers["x-api-key"])
    assert.equal("text/x", got.headers.accept)
  end)
end)

describe("a body that is sent", function()
  local path
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function write(text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
  end

  it("is a file", function()
    write(("0123456789"):rep(100000))
    local told = send("/upload", { method = "POST", file = path }):json()
    assert.equal(1000000, told.length)
    write ""
    assert.equal(0, send("/upload", { method = "POST", file = path }):json().length)
  end)

  it("is a file that there is none of, a folder, or one nobody may read", function()
    for _, wrong in ipairs { path .. ".none", "/tmp", "/dev/zero" } do
      local r, err = send("/upload", { method = "POST", file = wrong })
      assert.is_nil(r)
      assert.equal("http.file", err.code)
      assert.is_false(err.sent)
    end
  end)

  it("is multipart as WeChat reads it: names in UTF-8, a length, a boundary without quotes", function()
    write "file\r\n--x"
    local told = send("/echo", { method = "POST", multipart = {
      { name = "media", file = path, filename = '图 "1".jpg' }, { name = "n", value = 5 },
      { name = "b", data = "bytes", filename = "a\r\nb.amr", type = "audio/amr" },
    } }):json()
    local boundary = told.headers["content-type"]:match "^multipart/form%-data; boundary=(%w+)$"
    assert.is_string(boundary)
    assert.equal(tostring(told.length), told.headers["content-length"])
    assert.equal(("--B\r\nContent-Disposition: form-data; name=\"media\"; filename=\"图 %221%22.jpg\"\r\n"
      .. "Content-Type: image/jpeg\r\n\r\nfile\r\n--x\r\n"
      .. "--B\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n5\r\n"
      .. "--B\r\nContent-Disposition: form-data; name=\"b\"; filename=\"a%0D%0Ab.amr\"\r\n"
      .. "Content-Type: audio/amr\r\n\r\nbytes\r\n--B--\r\n"):gsub("%-%-B", function() return "--" .. boundary end),
      told.text)
  end)
end)

describe("a download", function()
  local folder, to
  before_each(function()
    local pipe = io.popen "mktemp -d"
    folder = pipe:read "l"
    pipe:close()
    to = folder .. "/file"
  end)
  after_each(function() os.execute(("rm -rf '%s'"):format(folder)) end)

  local function files()
    local pipe = io.popen(("ls -A '%s'"):format(folder))
    local list = pipe:read "a"
    pipe:close()
    return list
  end

  it("is a file when it is complete, which its owner alone may read", function()
    local r = send("/zeros?mb=3&known=1", { to = to, max = 4 << 20 })
    assert.same({ 200, to, 3 << 20 }, { r.status, r.path, r.size })
    assert.is_nil(r.body)
    assert.equal(3 << 20, #read(to))
    assert.equal("file\n", files())
    local pipe = io.popen(("stat -c %%a '%s'"):format(to))
    assert.equal("600", pipe:read "l")
    pipe:close()
  end)

  it("leaves nothing behind when it fails, and an older file as it was", function()
    local file = io.open(to, "w")
    file:write "older"
    file:close()
    assert.equal("http.aborted", code_of("/cut", { to = to }))
    assert.equal("http.large", code_of("/zeros?mb=3", { to = to, max = 1 << 20 }))
    assert.equal("http.timeout", code_of("/slow", { to = to, timeout = 0.2 }))
    assert.equal("file\n", files())
    assert.equal("older", read(to))
  end)

  it("gives an answer that is no success in memory", function()
    local r = send("/text", { query = { hex = "6e6f", status = 404 }, to = to })
    assert.same({ 404, "no" }, { r.status, r.body })
    assert.equal("", files())
  end)

  it("keeps no more of an answer that is no success than of any other", function()
    assert.equal("http.large", code_of("/zeros?mb=3&status=500", { to = to, max = 1 << 30 }))
    assert.equal("", files())
  end)

  it("tells a folder that there is none of", function()
    assert.equal("http.file", code_of("/echo", { to = folder .. "/none/file" }))
  end)
end)

describe("an answer that is hostile", function()
  it(rows.W004.id .. " ends with an error after the cap: " .. rows.W004.input, function()
    send "/echo"
    collectgarbage()
    local before = rss_kib()
    assert.equal("http.large", code_of "/zeros?mb=100")
    assert.equal("http.large", code_of "/zeros?mb=100&known=1")
    assert.equal("http.large", code_of "/bomb?mb=10240")
    assert.equal("http.large", code_of "/headers?kb=200")
    assert.equal("http.large", code_of("/zeros?mb=1&known=1", { max = (1 << 20) - 1 }))
    assert.equal(200, code_of("/zeros?mb=1&known=1", { max = 1 << 20 }))
    collectgarbage()
    local sanitized = read "/proc/self/maps":find("libasan", 1, true) or read "/proc/self/maps":find("libtsan", 1, true)
    if not sanitized then assert.is_true(rss_kib() - before < 8 * 1024, rss_kib() - before) end
  end)

  for name, hex in pairs {
    ["an empty body"] = "", ["a page"] = "3c68746d6c3e", ["half an object"] = "7b2261223a",
  } do
    it(rows.W004.id .. (" gives an error where JSON is wanted and there is %s"):format(name), function()
      local value, err = send("/text", { query = { hex = hex } }):json()
      assert.is_nil(value)
      assert.equal("http.json", err.code)
    end)
  end

  it(rows.W004.id .. " may nest JSON 5,000 deep in vain", function()
    local value, err = send "/deep":json()
    assert.is_nil(value)
    assert.equal("http.json", err.code)
  end)

  it("has its JSON read leniently, with exact integers", function()
    local r = send("/text", { query = { hex = ("\xEF\xBB\xBF" .. '{"nick":"a\x14\bb\xFFc","id":9007199254740993}'):gsub(".",
      function(c) return ("%02x"):format(c:byte()) end) } })
    assert.same({ nick = "a\x14\bb\u{FFFD}c", id = 9007199254740993 }, r:json())
  end)

  for _, path in ipairs { "/reset", "/cut", "/cut?how=reset", "/chunk", "/nothing" } do
    it(("%s is an error, and nothing of it is used: %s"):format(rows.W007.id, path), function()
      local r, err = send(path)
      assert.is_nil(r)
      assert.equal("http.aborted", err.code)
      assert.is_true(err.sent)
    end)
  end

  it(rows.W007.id .. " is no JSON when it is longer than it says", function()
    assert.is_nil((send "/length":json()))
  end)

  it("is refused when it is not HTTP", function() assert.equal("http.protocol", code_of "/garbage") end)

  it("does no harm to the calls that follow", function()
    for _ = 1, 20 do
      code_of "/cut"
      code_of "/chunk"
      assert.equal(200, code_of "/echo")
    end
  end)
end)

describe("a TLS server", function()
  local trusting

  setup(function()
    trusting = rig.new { plugin = [[
      wx.text(function(msg)
        local r, err = wx.http.get(msg.content)
        return r and tostring(r.status) or err.code .. " " .. err.message
      end)]], config = ('http = { allow = { "localhost" }, ca = "%s" }'):format(server.ca) }
  end)
  teardown(function() trusting:free() end)

  local function ask(url)
    local push = trusting:user():says(url)
    trusting:advance(0)
    return push:content()
  end

  it("of the authority that the configuration names is trusted", function()
    assert.equal("200", ask(server.tls.good .. "/echo"))
  end)

  for _, name in ipairs { "expired", "other", "alone" } do
    it(("%s is refused when its certificate is %s"):format(rows.W009.id, name), function()
      assert.matches("^http%.tls ", ask(server.tls[name] .. "/echo"))
    end)
  end

  it(rows.W009.id .. " is refused when nobody knows its authority", function()
    assert.equal("http.tls", code_of(server.tls.good .. "/echo"))
  end)

  it(rows.W009.id .. " has no key in the configuration that turns checking off", function()
    for _, node in ipairs(require("weiyue.config.schema").fields) do
      for _, field in ipairs(node.key == "http" and node.fields or {}) do
        assert.is_nil(field.key:match "verify" or field.key:match "insecure")
      end
    end
  end)
end)

describe("the guard", function()
  local app
  after_each(function()
    if app then app:free() end
    app = nil
  end)

  local FETCH <const> = [[
    wx.text(function(msg)
      local r, err = wx.http.get(msg.content, { redirects = 3, timeout = 3 })
      return r and "got " .. r.status or err.code
    end)]]

  local function host(config)
    app = rig.new { plugin = FETCH, config = config }
    return app:user()
  end

  local function fetch(user, url)
    local push = user:says(url)
    app:advance(0)
    return push:content()
  end

  -- The URL of a row; those of this machine get the server's port, so that a connection would be seen.
  local function url_of(row)
    if row.id == "S012" then return "http://localhost:" .. server.port .. "/" end
    if row.id == "S014" then return "http://" .. "0x" .. ("0"):rep(246) .. "7f000001" .. ":" .. server.port .. "/" end
    local url = row.input:match "%a+://%S+"
    return (url:gsub(":6379", ":" .. server.port):gsub("^(http://[^/]-)/$", function(before)
      return before:find ":%d+$" and before .. "/" or before .. ":" .. server.port .. "/"
    end))
  end

  local n = 0
  for id, row in pairs(rows) do
    if row.layer == "ssrf" then
      n = n + 1
      if id ~= "S013" then
        it(("%s %s"):format(id, row.input:sub(1, 80)), function()
          local user, before, url = host(), counts().connections, url_of(row)
          assert.equal(url:find "^https?:" and "http.denied" or "http.url", fetch(user, url))
          assert.equal(before, counts().connections)
          local lines = app:logged "fetch.denied"
          assert.equal(1, #lines)
          assert.matches(" class=%S+ at=one%.lua:%d", (lines[1]:gsub("at=%S*/", "at=")))
        end)
      end
    end
  end
  it("has all rows", function() assert.equal(14, n) end)

  it("S013 " .. rows.S013.input, function()
    local user = host 'http = { allow = { "localhost" } }'
    local before = counts().connections
    assert.equal("got 200", fetch(user, "http://localhost:" .. server.port .. "/echo"))
    assert.equal("http.denied", fetch(user,
      ("http://localhost:%d/redirect?to=http://127.0.0.1:%d/echo"):format(server.port, server.port)))
    assert.equal(1, #app:logged "fetch.denied")
    assert.is_true(counts().connections <= before + 1)
  end)

  it("refuses a connection that was made for somebody else", function()
    send "/echo" -- one is kept, by the same client
    local before = counts().requests
    assert.equal("http.denied", code_of("/echo", { guard = true }))
    assert.equal(before, counts().requests)
  end)

  for _, allowed in ipairs { '"127.0.0.1"', '"127.0.0.0/8"', '"0.0.0.0/0"' } do
    it("opens what the operator has opened: " .. allowed, function()
      local user = host(("http = { allow = { %s } }"):format(allowed))
      assert.equal("got 200", fetch(user, server.url .. "/echo"))
    end)
  end

  it("opens a host by its name alone", function()
    local user = host 'http = { allow = { "LOCALHOST" } }'
    assert.equal("got 200", fetch(user, "http://localhost:" .. server.port .. "/echo"))
    assert.equal("http.denied", fetch(user, server.url .. "/echo"))
  end)

  it("is on for plugins, whatever they ask for", function()
    app = rig.new { plugin = [[wx.text(function(msg) wx.http.get(msg.content, { guard = false }) end)]] }
    app:user():says(server.url)
    app:advance(0)
    assert.matches("no field guard", table.concat(app:logged()))
  end)
end)

describe("wx.http", function()
  local app
  after_each(function()
    if app then app:free() end
    app = nil
  end)

  local CONFIG <const> = 'http = { allow = { "127.0.0.1" }%s }, limits = { calls = 3 }'

  local function run(plugin, config)
    app = rig.new { plugin = ('local BASE = "%s"\n'):format(server.url) .. plugin, config = CONFIG:format(config or "") }
    local push = app:user():says "go"
    app:advance(2)
    return push:content()
  end

  it("is what require gives, too", function()
    assert.equal("true", run [[local http = require "weiyue.http"
      wx.text("go", function() return tostring(http == wx.http and http.get(BASE .. "/echo"):ok()) end)]])
  end)

  it("sends JSON and forms, and lets the type be said", function()
    assert.equal('POST application/json; charset=utf-8 {"a":1}', run [[wx.text("go", function()
      local t = wx.http.post(BASE .. "/echo", { json = { a = 1 } }):json()
      return t.method .. " " .. t.headers["content-type"] .. " " .. t.text end)]])
    app:free()
    assert.equal("PUT application/x-www-form-urlencoded a=1&b=%E8%8C%B6", run [[wx.text("go", function()
      local t = wx.http.put(BASE .. "/echo", { form = { a = 1, b = "茶" } }):json()
      return t.method .. " " .. t.headers["content-type"] .. " " .. t.text end)]])
    app:free()
    assert.equal("text/csv x", run [[wx.text("go", function()
      local t = wx.http.request { url = BASE .. "/echo", body = "x", headers = { ["content-type"] = "text/csv" } }:json()
      return t.headers["content-type"] .. " " .. t.text end)]])
  end)

  it("downloads, and tells a status that is no success", function()
    assert.equal("1048576 true http.status", run [[wx.text("go", function()
      local r = wx.http.download(BASE .. "/zeros?mb=1&known=1", "down/zeros")
      local _, err = wx.http.download(BASE .. "/text?hex=61&status=404", "down/none")
      return r.size .. " " .. tostring(r.path:find "/down/zeros$" ~= nil) .. " " .. err.code end)]])
    assert.equal(1 << 20, #read(app.folder .. "/down/zeros"))
    assert.is_nil(read(app.folder .. "/down/none"))
  end)

  -- What each call says of a file, by the lines of its message.
  local FILES <const> = [[
    local way = {}
    function way.file(name) return wx.http.post(BASE .. "/upload", { file = name }) end
    function way.part(name) return wx.http.post(BASE .. "/upload", { multipart = { { name = "m", file = name } } }) end
    function way.to(name) return wx.http.get(BASE .. "/echo", { to = name }) end
    function way.download(name) return wx.http.download(BASE .. "/echo", name) end
    wx.text(function(msg)
      local list = {}
      for kind, name in msg.content:gmatch "(%S+) ([^\n]+)" do
        local r, err = way[kind](name:gsub("\\0", "\0"))
        list[#list + 1] = r and "fine" or tostring(err.code) .. " " .. err.message
      end
      return table.concat(list, "\n")
    end)]]

  local function files(config)
    app = rig.new { plugin = ('local BASE = "%s"\n'):format(server.url) .. FILES, keep = true,
      config = (CONFIG:format "") .. (config or "") }
    local texts = {
      ["a.txt"] = "text", ["d/b.txt"] = "text", ["weiyue.lua"] = "return {}", ["lib/x.lua"] = "",
      [".weiyue/admin.key"] = "wxtest", [".env"] = "wxtest", ["host.log"] = "", ["m.so"] = "",
    }
    for name, text in pairs(texts) do
      os.execute(("mkdir -p '%s/%s'"):format(app.folder, name:match "^(.*)/" or "."))
      local file = assert(io.open(app.folder .. "/" .. name, "w"))
      file:write(text)
      file:close()
    end
    os.execute(("cd '%s' && ln -s .weiyue kept && ln -s shop.db alias && ln -s /tmp out && mkfifo fifo"):format(app.folder))
    return app
  end

  local function says(text)
    local push = app:user():says(text)
    app:advance(2)
    return push:content()
  end

  it("sends and writes files below the configuration's folder", function()
    files()
    for _, name in ipairs { "file a.txt", "part d/b.txt", "file ./a.txt", "to a.txt", "to new/er/c.txt", "download d/e" } do
      assert.equal("fine", says(name))
    end
    assert.equal("fine", says("file " .. app.folder .. "/a.txt")) -- as an answer's path
    assert.matches('"method"', read(app.folder .. "/new/er/c.txt"))
  end)

  for name, why in pairs {
    ["/etc/passwd"] = "leaves its folder", ["../x"] = "leaves its folder", ["d/../../x"] = "leaves its folder",
    ["out/x"] = "leaves its folder", ["fifo"] = "no regular file", [".weiyue/admin.key"] = "the state folder is closed",
    ["kept/admin.key"] = "the state folder is closed", ["kept/new/x"] = "the state folder is closed",
    ["weiyue.lua"] = "code is closed", ["plugins/one.lua"] = "code is closed", ["lib/x.LUA"] = "code is closed",
    ["m.so"] = "code is closed", ["plugins/one.lua\\0.txt"] = "a path has no NUL", [".env"] = "hidden files are closed",
    ["d/.git/config"] = "hidden files are closed", ["shop.db"] = "this file is weiyue's own",
    ["SHOP.DB"] = "this file is weiyue's own", ["alias"] = "this file is weiyue's own",
    ["shop.db-wal"] = "this file is weiyue's own", ["shop.db-journal"] = "this file is weiyue's own",
    ["host.log"] = "this file is weiyue's own", ["d/../shop.db-shm"] = "leaves its folder",
  } do
    it("neither sends nor writes " .. name, function()
      files ', store = "sqlite:shop.db", log = { file = "host.log" }'
      local before = counts().requests
      local gone = { ["no regular file"] = true, ["leaves its folder"] = true, ["a path has no NUL"] = true }
      local real = name:gsub("\\0.*", "")
      local was = name ~= "fifo" and read(app.folder .. "/" .. real)
      for _, way in ipairs { "file", "part", "to", "download" } do
        local told, writes = says(way .. " " .. name), way == "to" or way == "download"
        assert.matches("^http%.file ", told)
        if name == "alias" and writes then why = "no regular file" end -- a link is not written through
        if was or writes or gone[why] and real ~= "out/x" then assert.truthy(told:find(why, 1, true), way .. " " .. told) end
      end
      local is = name ~= "fifo" and read(app.folder .. "/" .. real)
      if was then assert.is_string(is) end
      assert.is_nil((is or ""):find('"method"', 1, true))
      assert.equal(before, counts().requests)
    end)
  end

  it("refuses a body where the call's name says that there is none", function()
    for _, name in ipairs { "get", "head", "download" } do
      for _, body in ipairs { "json = {}", 'body = ""', "form = {}", 'file = "a"', "multipart = {}" } do
        local path = name == "download" and '"x", ' or ""
        local text = run(([[wx.text("go", function()
          return select(2, pcall(wx.http.%s, BASE .. "/echo", %s{ %s }))
        end)]]):format(name, path, body))
        assert.matches(("http%%.%s has no %s: a request with a body is http%%.post"):format(name, body:match "^%w+"), text)
        app:free()
        app = nil
      end
    end
  end)

  it("refuses to wait while a plugin loads", function()
    local ok, err = pcall(run, 'wx.http.get("http://a")')
    assert.is_false(ok)
    assert.matches("one%.lua:3: cannot wait here", err)
  end)

  it("lets a plugin have so many calls at a time", function()
    assert.equal("http.busy 3", run [[wx.text("go", function()
      local n, busy = 0, nil
      for _ = 1, 4 do
        wx.spawn(function()
          local r, err = wx.http.get(BASE .. "/echo")
          if r then n = n + 1 else busy = err.code end
        end)
      end
      wx.sleep(1)
      return busy .. " " .. n end)]])
  end)

  it("lets a worker have so many calls at a time", function()
    assert.equal("http.busy 2", run([[wx.text("go", function()
      local n, busy = 0, nil
      for _ = 1, 3 do
        wx.spawn(function()
          local r, err = wx.http.get(BASE .. "/echo")
          if r then n = n + 1 else busy = err.code end
        end)
      end
      wx.sleep(1)
      return busy .. " " .. n end)]], ", calls = 2"))
  end)

  it("lets calls to one host wait for a connection", function()
    local before = counts().connections
    assert.equal("3", run([[wx.text("go", function()
      local n = 0
      for _ = 1, 3 do wx.spawn(function() if wx.http.get(BASE .. "/echo") then n = n + 1 end end) end
      wx.sleep(1)
      return tostring(n) end)]], ", per_host = 1"))
    assert.is_true(counts().connections <= before + 1)
  end)

  it("logs a failure once for each place and code, without secrets", function()
    run [[wx.text("go", function()
      for _ = 1, 3 do
        for _, path in ipairs { "/nothing", "/cut" } do
          wx.http.get(BASE .. path .. "?access_token=wxtestA&x=1&secret=wxtestB&code=wxtestC&ticket=wxtestD")
        end
      end
      wx.http.get(BASE .. "/cut")
    end)]]
    local lines = app:logged "fetch.failed"
    assert.equal(2, #lines)
    assert.matches("code=http%.aborted url=%S+/nothing%?access_token=%*%*%*&x=1&secret=%*%*%*&code=%*%*%*&ticket=%*%*%*", lines[1])
    assert.is_nil(table.concat(lines):find "wxtest[A-D]")
  end)

  it("counts calls, connections and failures", function()
    run [[wx.text("go", function()
      for _ = 1, 5 do wx.http.get(BASE .. "/echo") end
      wx.http.get(BASE .. "/nothing")
    end)]]
    assert.equal(6, app:metric "weiyue_http_calls_total")
    assert.equal(0, app:metric "weiyue_http_active")
    assert.equal(1, app:metric 'weiyue_http_failed_total{code="http.aborted"}')
    assert.is_true(app:metric "weiyue_http_connections_total" <= 2)
  end)

  it("ends a call whose task is over, and one whose state goes away", function()
    app = rig.new { plugin = ('local BASE = "%s"\n'):format(server.url) .. [[
      wx.text("go", function()
        wx.spawn(function() wx.http.get(BASE .. "/hole", { timeout = 30 }) end)
        wx.spawn(function() wx.http.get(BASE .. "/slow", { timeout = 30 }) end)
        return "gone"
      end)]], config = CONFIG:format "" }
    assert.equal("gone", app:user():says "go":content())
    app:reload() -- spawned tasks of the old version end
    app:advance(1)
    assert.equal(0, app:metric "weiyue_http_active")
    assert.equal("gone", app:user():says "go":content())
    app:free()
    app = nil
  end)

  it("waits in real time while the host's clock stands still", function()
    local began = os.time()
    assert.equal("0.0", run [[wx.text("go", function()
      local before = os.time()
      wx.http.get(BASE .. "/slow", { timeout = 0.4 })
      return tostring((os.time() - before) * 0.0) end)]])
    assert.is_true(os.time() - began < 60)
  end)
end)

describe("masked", function()
  for url, want in pairs {
    ["https://a/b?access_token=wxtest&x=1"] = "https://a/b?access_token=***&x=1",
    ["https://a/b?x=1&SECRET=wxtest#c"] = "https://a/b?x=1&SECRET=***#c",
    ["https://user:wxtest@a/b"] = "https://***@a/b",
    ["https://a/b?js_code=wxtest&component_access_token=wxtest"] = "https://a/b?js_code=***&component_access_token=***",
    ["https://a/b?type=jsapi&jsapi_ticket=wxtest"] = "https://a/b?type=jsapi&jsapi_ticket=***",
  } do
    it("shows " .. want, function() assert.equal(want, transport.masked(url)) end)
  end
end)

describe("http in the configuration", function()
  for text, good in pairs {
    ['{ "10.0.0.5" }'] = true, ['{ "10.1.0.0/16", "fd00::/8", "intranet.example" }'] = true, ['{ "10.1.0.0/33" }'] = false,
    ['{ "host/8" }'] = false, ['{ "http://a" }'] = false, ['{ "" }'] = false,
  } do
    it(("%s allow = %s"):format(good and "takes" or "refuses", text), function()
      local boot = app_of.boot { text = ('return { accounts = { { token = "wxtest" } }, http = { allow = %s } }'):format(text),
        folder = "." }
      assert.equal(good, boot.conf ~= nil)
    end)
  end
end)
