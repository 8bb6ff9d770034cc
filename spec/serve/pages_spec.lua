-- Pages over sockets: what plugins serve, and what strangers try.

local json = require "weiyue.json"
local program = require "spec.support.program"
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local socket = require "socket"

local account <const> = serve.account("demo", "plain")

local PLUGIN <const> = [==[
local wx = require "weiyue"
wx.text("hi", "yo")
wx.page("/me", function(req)
  local s = wx.session(req)
  s.n = (s.n or 0) + 1
  return wx.render("me", { n = s.n, name = req.query.name })
end)
wx.page("/order/:id/:part", function(req) return "<p>" .. req.params.id .. "|" .. req.params.part .. "</p>" end)
wx.page("/order/new/:part", function(req) return "<p>new " .. req.params.part .. "</p>" end)
wx.page("/whole", function() return "<!doctype html><html><head></head><body>whole</body></html>" end)
wx.page("/bad", function() local x = nil; return x.y end)
wx.page("/wrong", function() return wx.render "wrong" end) wx.page("/loop", function() return wx.render "loop" end)
wx.page("/nothing", function() return nil end)
wx.page("/number", function() return 5 end)
wx.page("/form", { repeated = false }, function(req)
  if req.method == "POST" then return "<p>got " .. req.form.a .. "</p>" end
  return wx.render "form"
end)
wx.page("/go", function() return wx.redirect "/me" end)
wx.route("GET", "/jump", function(req)
  local ok, err = pcall(wx.redirect, req.query.to)
  return ok and err or { refused = err }
end)
wx.route("GET", "/inject", function(req)
  local ok, err = pcall(function()
    local response = wx.response { headers = { ["x-a"] = req.query.v }, body = "" }
    return response
  end)
  return ok and err or { refused = err }
end)
wx.route("GET", "/cookie", function(req)
  return wx.response { body = { signed = req.cookies.who, raw = req.raw_cookies.plain },
    cookies = { who = { req.query.v or "", max_age = 60 }, plain = { req.query.v or "", signed = false } } }
end)
wx.route("GET", "/where", function(req)
  return { url = req.url, ip = req.ip, method = req.method, base = req.base, account = req.account.id }
end)
wx.route("POST", "/api", function(req)
  local f = req.files and req.files.f
  return { json = req.json, form = req.form, n = req.files and #req.files, name = f and f.filename, type = f and f.type,
    text = f and f.size < 100 and f:read() or nil, declared = f and f.declared }
end)
wx.route("POST", "/keep", function(req)
  local ok, err = req.files.f:save(req.query.to)
  return { ok = ok, code = err and err.code }
end)
wx.page("/many", { repeated = true }, function(req) return req.method == "POST" and table.concat(req.form.a, "+") or req.csrf end)
wx.route("POST", "/shown", function(req) return wx.response { file = req.files.f } end)
wx.route("GET", "/picture", function()
  return wx.response { status = 404, file = "data/p.png", headers = { ["X-Own"] = "1", ["Cache-Control"] = "max-age=60",
    ["content-type"] = "image/x" }, cookies = { a = "1" } }
end)
wx.page("/told", function(req)
  wx.session(req).a = 1
  return wx.response { stream = function(out) out:write "told" wx.session(req).b = 2 end }
end)
wx.page("/heard", function(req) return { a = wx.session(req).a, b = wx.session(req).b } end)
wx.route("GET", "/kept", function(req) return wx.response { file = req.query.name } end)
wx.route("DELETE", "/thing/:id", function() return nil end)
wx.static("/static", "static")
wx.page("/events", function()
  return wx.response { headers = { ["content-type"] = "text/event-stream" }, stream = function(out)
    local _ <close> = setmetatable({}, { __close = function() wx.shared:incr("closed", 1) end })
    out:event { event = "hello", id = 1, data = { n = 1 } }
    out:event { data = "two\nlines" }
    while true do
      wx.sleep(0.05)
      if not out:event { data = "tick" } then break end
    end
    wx.shared:incr("ended", 1)
  end }
end)
wx.page("/sleepy", function()
  return wx.response { headers = { ["content-type"] = "text/event-stream" }, stream = function(out)
    local _ <close> = setmetatable({}, { __close = function() wx.shared:incr("closed", 1) end })
    out:write ": begun\n\n"
    wx.sleep(3600)
  end }
end)
wx.page("/big", function()
  return wx.response { stream = function(out)
    local block = ("x"):rep(50000)
    for _ = 1, 200 do assert(out:write(block)) end
  end }
end)
wx.page("/breaks", function()
  return wx.response { stream = function(out) out:write "begun"; error "in the middle" end }
end)
wx.page("/leaves", function(req)
  return wx.response { stream = function(out)
    if req.query.how == "assert" then
      while assert(out:write("x")) do wx.sleep(0.02) end
    elseif req.query.how == "sleep" then
      out:write "x"
      wx.sleep(3600)
    end
    local block = ("x"):rep(50000)
    while out:write(block) do end
    local none = nil
    return none.left
  end }
end)
wx.route("GET", "/count", function(req) return { n = wx.shared:get(req.query.of) or 0 } end)
wx.page("/slow", function() wx.sleep(0.2) return "<p>slow</p>" end)
wx.page("/forever", function() while true do end end)
wx.page("/changed", function(req)
  if req.query.to then req.base = req.query.to else req.base = nil end
  return wx.redirect "/me"
end)
wx.route("GET", "/put/:name", function(req)
  wx.session(req)[req.params.name] = req.query.odd and print or 1
  return { ok = true }
end)
wx.route("GET", "/changed-header", function(req)
  local response = wx.redirect "/me"
  response.headers[req.query.name] = req.query.v
  return response
end)
wx.route("GET", "/changed-cookie", function(req)
  local cookie = { "v" }
  req:set_cookie("c", cookie)
  cookie.path = req.query.v
  return { ok = true }
end)
wx.route("GET", "/aged", function(req) req:set_cookie("t", { "v", max_age = tonumber(req.query.v) }) end)
wx.route("GET", "/text", function(req) return wx.response { body = req.query.q } end)
wx.page("/fragment", function() return wx.response { status = 402, body = "<p>x</p>" } end)
wx.static("/all", ".")
wx.static("/both", "static")
wx.page("/both", function() return "a page" end)
wx.static("/named/x", "static")
wx.page("/named/:name", function(req) return "named " .. req.params.name end)
wx.page("/tail/:what", function(req)
  if req.params.what == "render" then return wx.render "none" end
  if req.params.what == "redirect" then return wx.redirect "me" end
  if req.params.what == "cookie" then return req:set_cookie("a b", "c") end
  return wx.response { status = "200" }
end)
wx.text("news", wx.reply.news { { title = "t", url = "/where" } })
wx.route("GET", "/all-put", function(req) return wx.session(req) end)
]==]

local FILES <const> = {
  ["plugins/site/init.lua"] = PLUGIN,
  ["plugins/site/me.html"] = [[
<h1>Hi {{ name or "nobody" }}</h1>
{% if n > 1 %}
<p>again {{ n }}</p>
{% else %}
<p>first</p>
{% end %}
{% title = "me & you" %}
]],
  ["plugins/site/form.html"] = "<form method=post>{{{ csrf_field }}}<input name=a></form>",
  ["plugins/site/wrong.html"] = "<p>\n{{ nothing.here }}</p>",
  ["plugins/site/loop.html"] = "<ul>\n\n{% for _, one in ipairs(nothing) do %}{{ one }}{% end %}</ul>",
  ["plugins/site/static/a.txt"] = "0123456789",
  ["plugins/site/static/index.html"] = "<!doctype html><p>index",
  ["plugins/site/static/.env"] = "SECRET",
  ["plugins/site/secret.txt"] = "SECRET",
}

local function files(accounts, more)
  local all = { ["weiyue.lua"] = serve.config(accounts, more) }
  for name, text in pairs(FILES) do all[name] = text end
  return all
end

-- A whole answer: { status, headers, cookies, body }, read to the end of the connection.
local function fetch(server, r)
  local connection = assert(server:open())
  local headers = "Connection: close\r\n" .. (r.headers or "")
  connection:send(serve.request { method = r.method or "GET", target = r.target, host = r.host, headers = headers, body = r.body })
  local text = {}
  repeat
    local bytes, _, part = connection.socket:receive(65536)
    text[#text + 1] = bytes or part
  until not bytes
  connection:close()
  text = table.concat(text)
  local head, body = text:match "^(.-\r\n)\r\n(.*)$"
  assert(head, text)
  local answer = { status = tonumber(head:match "^HTTP/1%.1 (%d+)"), headers = {}, cookies = {}, body = body, head = head }
  for name, value in head:gmatch "\n([^:\r\n]+): ([^\r\n]*)" do
    if name == "Set-Cookie" then
      local key, v = value:match "^([^=]+)=([^;]*)"
      answer.cookies[key] = v
    end
    answer.headers[name:lower()] = value
  end
  if answer.headers["transfer-encoding"] == "chunked" then
    local whole, at = {}, 1
    while true do
      local n, after = body:match("^(%x+)\r\n()", at)
      if not n then break end
      n = tonumber(n, 16)
      if n == 0 then answer.whole = true break end
      whole[#whole + 1] = body:sub(after, after + n - 1)
      at = after + n + 2
    end
    answer.body = table.concat(whole)
  end
  return answer
end

local function cookie_of(answer)
  local list = {}
  for name, value in pairs(answer.cookies) do list[#list + 1] = name .. "=" .. value end
  return "Cookie: " .. table.concat(list, "; ") .. "\r\n"
end

local function multipart(boundary, parts)
  local body = ""
  for _, p in ipairs(parts) do
    body = body .. ("--%s\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n%s\r\n%s\r\n"):format(boundary, p.name,
      p.filename and ('; filename="%s"'):format(p.filename) or "", p.type and "Content-Type: " .. p.type .. "\r\n" or "", p.data)
  end
  return body .. "--" .. boundary .. "--\r\n"
end

local FORM <const> = "Content-Type: multipart/form-data; boundary=b\r\n"

describe("pages of one account", function()
  local server

  setup(function()
    server = serve.start(files({ account }, [[limits = { wall = 3, cpu = 0.2, upload = 100000, json = 2000, streams = 3 }]]))
    os.execute(("cd %s/plugins/site/static && ln -s ../secret.txt out.txt && ln -s a.txt in.txt && ln -s .. up")
      :format(program.quote(server.folder)))
  end)
  teardown(function() server:stop() end)

  local function get(target, headers) return fetch(server, { target = target, headers = headers }) end
  local function post(target, body, headers)
    return fetch(server, { method = "POST", target = target, body = body, headers = headers })
  end
  local function count(of) return json.decode(get("/count?of=" .. of).body).n end
  local function uploads()
    return tonumber(program.capture(("ls %s/.weiyue/uploads 2>/dev/null | wc -l"):format(program.quote(server.folder))))
  end

  it("shows a template, what it is given escaped, in a layout for phones", function()
    local answer = get "/me?name=%3Cscript%3E&from=timeline&from=singlemessage"
    assert.equal(200, answer.status)
    assert.equal("text/html; charset=utf-8", answer.headers["content-type"])
    assert.truthy(answer.body:find("<h1>Hi &lt;script&gt;</h1>", 1, true))
    assert.truthy(answer.body:find("<title>me &amp; you</title>", 1, true))
    assert.truthy(answer.body:find('name="viewport"', 1, true))
    assert.truthy(answer.body:find('name="color-scheme" content="light dark"', 1, true))
  end)

  it("keeps a session for a browser", function()
    local first = get "/me"
    assert.truthy(first.body:find("<p>first</p>", 1, true))
    assert.truthy(first.head:find("wy%-demo=[^\r]*; HttpOnly; SameSite=Lax\r"))
    local second = get("/me", cookie_of(first))
    assert.truthy(second.body:find("<p>again 2</p>", 1, true))
    assert.truthy(get("/me", "Cookie: wy-demo=1.7fffffff.eA.eA\r\n").body:find("<p>first</p>", 1, true))
  end)

  it("loses nothing of what one browser puts into its session at a time", function()
    local cookies = cookie_of(get "/put/first")
    local open, want = {}, { first = 1 }
    for i = 1, 8 do
      open[i], want["k" .. i] = assert(server:open()), 1
      open[i]:send(serve.request { method = "GET", target = "/put/k" .. i, headers = cookies })
    end
    for _, connection in ipairs(open) do
      assert.equal(200, connection:read().status)
      connection:close()
    end
    assert.same(want, json.decode(get("/all-put", cookies).body))
  end)

  it("says so where what a handler has put into the session cannot be kept", function()
    assert.equal(503, get("/put/f?odd=1").status)
  end)

  it("tells browsers what may run, and who may show it", function()
    local answer = get "/me"
    assert.equal("nosniff", answer.headers["x-content-type-options"])
    assert.equal("strict-origin-when-cross-origin", answer.headers["referrer-policy"])
    local policy = answer.headers["content-security-policy"]
    assert.truthy(policy:find("script-src 'self' https://res.wx.qq.com;", 1, true), policy)
    assert.truthy(policy:find "frame%-ancestors 'self'$")
    assert.is_nil(answer.headers["strict-transport-security"])
    assert.equal("no-store", answer.headers["cache-control"])
  end)

  it("finds the pages that are written out before those with names", function()
    assert.truthy(get("/order/7/a%20b").body:find("<p>7|a b</p>", 1, true))
    assert.truthy(get("/order/new/x").body:find("<p>new x</p>", 1, true))
    assert.equal(404, get("/order/7").status)
    assert.equal(404, get("/order/7/8/9").status)
    assert.equal("<!doctype html><html><head></head><body>whole</body></html>", get("/whole").body)
  end)

  it("says which methods there are before a body is read", function()
    local connection = server:open()
    connection:send "DELETE /me HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n"
    local answer = connection:read()
    assert.equal(405, answer.status)
    assert.equal("GET, HEAD, POST", answer.headers.allow)
    connection:close()
    assert.equal(204, fetch(server, { method = "DELETE", target = "/thing/5" }).status)
    assert.equal(404, fetch(server, { method = "DELETE", target = "/none" }).status)
  end)

  it("tells a person that there is no such page, and a program with the status alone", function()
    local html = "Accept: text/html,*/*;q=0.8\r\n"
    local answer = get("/none?secret=1", html)
    assert.same({ 404, "text/html; charset=utf-8" }, { answer.status, answer.headers["content-type"] })
    assert.matches("没有这个页面.*There is no such page", answer.body)
    serve.eventually("it is told", function()
      for _, line in ipairs(server:logged "http.not_found") do
        if line:find("path=/none ", 1, true) and line:find("method=GET", 1, true) then return not line:find "secret" end
      end
    end)
    assert.equal("", get("/none", "Accept: */*\r\n").body)
    assert.equal("", post("/none", "x=1", html).body)
    assert.equal("", get("/none", html .. "Content-Length: 0\r\n").body)
    assert.equal(405, fetch(server, { method = "PUT", target = "/me", headers = html }).status)
  end)

  it("answers HEAD without a body", function()
    local answer = fetch(server, { method = "HEAD", target = "/me" })
    assert.equal(200, answer.status)
    assert.equal("", answer.body)
    assert.is_true(tonumber(answer.headers["content-length"]) > 1000)
    answer = fetch(server, { method = "HEAD", target = "/big" })
    assert.equal("", answer.body)
  end)

  it("tells an error to the log with its line, and to the user with a trace alone", function()
    local answer = get "/bad"
    assert.equal(500, answer.status)
    local trace = answer.body:match "<small>(%x+)</small>"
    assert.falsy(answer.body:find("init.lua", 1, true))
    local found
    for _, line in ipairs(server:logged "lua.error") do
      if line:find("trace=" .. trace, 1, true) then found = line end
    end
    assert.truthy(found:find('text="plugins/site/init.lua:11: ', 1, true), found)
    assert.truthy(found:find("page=/bad", 1, true))
    assert.equal(500, get("/wrong").status)
    assert.truthy(server:log():find("plugins/site/wrong.html:2: attempt to index a nil value", 1, true))
    assert.equal(500, get("/loop").status)
    serve.eventually("the template's line is told", function()
      return server:log():find('text="plugins/site/loop.html:3: attempt to index a nil value', 1, true)
    end)
    assert.equal(500, get("/number").status)
    assert.truthy(server:log():find("a number cannot be an answer", 1, true))
    assert.equal(404, get("/nothing").status)
  end)

  it("tells where a call is wrong, also one that a handler ends with", function()
    local line
    local n = 0
    for text in (PLUGIN .. "\n"):gmatch "([^\n]*)\n" do
      n = n + 1
      if text:find("/tail/", 1, true) then line = n end
    end
    for what, told in pairs { response = "wx.response: status must", render = "wx.render: there is no plugins/site/none.html",
      redirect = "wx.redirect: only to", cookie = "req:set_cookie: a b is no name" } do
      assert.equal(500, get("/tail/" .. what).status)
      local want = ('text="plugins/site/init.lua:%d: %s'):format(line, told)
      serve.eventually(want, function() return server:log():find(want, 1, true) end)
    end
  end)

  it("stops a handler that goes on and on", function()
    assert.equal(500, get("/forever").status)
    serve.eventually("it is told", function() return #server:logged "lua.timeout" > 0 end)
    assert.equal("yo", server:says(account, "hi"))
  end)

  it("answers pipelined requests in their order", function()
    local connection = server:open()
    connection:send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /where HTTP/1.1\r\nHost: a\r\n\r\n")
    assert.truthy(connection:read().body:find("slow", 1, true))
    assert.truthy(connection:read().body:find("/where", 1, true))
    connection:close()
  end)

  it("lead where they say, whatever a handler writes into req", function()
    for _, target in ipairs { "/changed", "/changed?to=http://evil.example" } do
      assert.same({ 302, "/me" }, { get(target).status, get(target).headers.location })
    end
  end)

  it("are counted by the class of their answers, and timed by their handler", function()
    local _, above = PLUGIN:match '^(.-)wx%.page%("/whole"':gsub("\n", "")
    local handler = ('init.lua:%d"'):format(above + 1)
    local function seen()
      local metrics = server:metrics()
      local answers = {}
      for _, class in ipairs { "2xx", "3xx", "4xx", "5xx" } do
        answers[class] = metrics:value(('weiyue_page_answers_total{account="demo",class="%s"}'):format(class))
      end
      return answers, (metrics:sum("weiyue_handler_seconds_count", handler))
    end
    local before, timed = seen()
    get "/whole"
    get "/whole"
    get "/go"
    get "/nothing"
    get "/bad"
    local after, then_timed = seen()
    assert.equal(2, then_timed - timed)
    for class, n in pairs { ["2xx"] = 2, ["3xx"] = 1, ["4xx"] = 1, ["5xx"] = 1 } do
      assert.equal(n, after[class] - before[class], class)
    end
  end)

  describe("forms", function()
    local function form()
      local page = get "/form"
      return cookie_of(page), page.body:match 'name="csrf" value="([^"]+)"'
    end

    it("are taken with the token of their session alone", function()
      local cookie, token = form()
      local urlencoded = cookie .. "Content-Type: application/x-www-form-urlencoded\r\n"
      assert.truthy(post("/form", "a=1&csrf=" .. token, urlencoded).body:find("<p>got 1</p>", 1, true))
      assert.equal(200, post("/form", "a=1", urlencoded .. "X-CSRF-Token: " .. token .. "\r\n").status)
      assert.equal(403, post("/form", "a=1", urlencoded).status)
      serve.eventually("what is missing is told", function()
        return server:log():find('text="no csrf token: write {{{ csrf_field }}} inside the form', 1, true)
      end)
      assert.equal(403, post("/form", "a=1&csrf=x" .. token, urlencoded).status)
      local other = form()
      assert.equal(403, post("/form", "a=1&csrf=" .. token, other .. "Content-Type: application/x-www-form-urlencoded\r\n").status)
      assert.equal(403, post("/form", "a=1&csrf=" .. token, urlencoded .. "Sec-Fetch-Site: cross-site\r\n").status)
      assert.equal(200, post("/form", multipart("b", { { name = "a", data = "2" }, { name = "csrf", data = token } }),
        cookie .. FORM).status)
    end)

    it("are taken where a field may stand several times", function()
      local page = get "/many"
      local token = page.body:match "<main>(.-)</main>"
      local body, headers = "a=1&a=2&csrf=" .. token, "Content-Type: application/x-www-form-urlencoded\r\n" .. cookie_of(page)
      assert.matches("1+2", post("/many", body, headers).body, 1, true)
      assert.equal(403, post("/many", "a=1&csrf=x&csrf=" .. token, headers).status)
    end)

    it("that are malformed are refused", function()
      local cookie = form() .. "Content-Type: application/x-www-form-urlencoded\r\n"
      assert.equal(400, post("/form", "a=%zz", cookie).status)
      assert.equal(400, post("/form", "a=1&a=2", cookie).status)
      assert.equal(400, get("/me?a=%zz").status)
      assert.equal(400, post("/api", "{", "Content-Type: application/json\r\n").status)
      assert.equal(413, post("/api", ("x"):rep(2001)).status)
    end)

    it("of other sites do not reach routes", function()
      local kind = "Content-Type: application/json\r\n"
      assert.equal(200, post("/api", "{}", kind).status)
      assert.equal(200, post("/api", "{}", kind .. "Origin: http://127.0.0.1\r\n").status)
      assert.equal(403, post("/api", "{}", kind .. "Origin: http://evil.example\r\n").status)
      assert.equal(403, post("/api", "{}", kind .. "Origin: null\r\n").status)
      assert.equal(403, post("/api", "{}", kind .. "Sec-Fetch-Site: cross-site\r\n").status)
    end)
  end)

  it("takes JSON and gives it", function()
    local answer = post("/api", '{"a":[1,{}]}', "Content-Type: application/json; charset=utf-8\r\n")
    assert.equal("application/json; charset=utf-8", answer.headers["content-type"])
    assert.same({ json = { a = { 1, {} } } }, json.decode(answer.body))
  end)

  it("redirects to itself alone", function()
    assert.equal("/me", get("/go").headers.location)
    assert.equal(302, get("/go").status)
    for _, to in ipairs { "//evil.example", "/%5Cevil.example", "http://evil.example", "%2F%09/evil", "me", "/a%0D%0AX:1" } do
      local answer = get("/jump?to=" .. to)
      assert.equal(200, answer.status, to)
      assert.truthy(json.decode(answer.body).refused, to)
      assert.is_nil(answer.headers.location)
    end
  end)

  it("lets no line end into a header or a cookie", function()
    local answer = get "/inject?v=1%0D%0ASet-Cookie:%20a=b"
    assert.truthy(json.decode(answer.body).refused:find("plugins/site/init.lua:26: ", 1, true), answer.body)
    assert.is_nil(answer.headers["set-cookie"])
    answer = get "/cookie?v=1%0D%0AX-Evil:%201;%20Path=/"
    assert.is_nil(answer.headers["x-evil"])
    assert.equal("1%0D%0AX-Evil:%201%3B%20Path%3D/", (answer.cookies.plain:gsub("=", "%%3D")))
  end)

  it("lets none in that is put into an answer after it was made", function()
    for _, name in ipairs { "x-to", "content-type", "location" } do
      assert.equal(302, get("/changed-header?v=a&name=" .. name).status)
      local answer = get("/changed-header?v=a%0D%0AX-Evil:%201&name=" .. name)
      assert.same({ 500, nil }, { answer.status, answer.headers["x-evil"] })
    end
    assert.equal(200, get("/changed-cookie?v=/").status)
    local answer = get "/changed-cookie?v=/%0D%0AX-Evil:%201"
    assert.same({ 500, nil }, { answer.status, answer.headers["x-evil"] })
  end)

  it("says what is wrong with a cookie that would last too long", function()
    assert.equal(204, get("/aged?v=316224000").status)
    assert.equal(500, get("/aged?v=400000000").status)
    assert.matches("the cookie t: max_age is at most 316224000 seconds", server:log())
  end)

  it("takes a text of a route for text, and of a page for HTML, whatever it begins with", function()
    local html = "%3Chtml%3E%3Cscript%3E"
    assert.equal("text/plain; charset=utf-8", get("/text?q=" .. html).headers["content-type"])
    local answer = get "/fragment"
    assert.same({ 402, "text/html; charset=utf-8" }, { answer.status, answer.headers["content-type"] })
    assert.matches("^<!doctype html>.*<main><p>x</p></main>", answer.body)
  end)

  it("believes cookies that it has signed", function()
    local answer = get "/cookie?v=admin"
    assert.same({ signed = "admin", raw = "admin" }, json.decode(get("/cookie", cookie_of(answer)).body))
    assert.same({ raw = "x" }, json.decode(get("/cookie", "Cookie: who=admin; plain=x\r\n").body))
    local forged = answer.cookies.who:gsub("%.[^.]*%.", ".YWRtaW4x.", 1)
    assert.is_nil(json.decode(get("/cookie", "Cookie: who=" .. forged .. "\r\n").body).signed)
    assert.is_nil(json.decode(get("/cookie", "Cookie: plain=x; who=" .. answer.cookies.plain .. "\r\n").body).signed)
    assert.equal("600", program.capture(("stat -c %%a %s/.weiyue/cookie.key"):format(program.quote(server.folder))))
  end)

  it("knows the address that the browser has", function()
    local function where(headers, target) return json.decode(get(target or "/where", headers).body) end
    assert.equal("http://127.0.0.1/where?a=%7E", where("", "/where?a=%7E").url)
    local behind = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: wx.example.cn\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n"
    local told = where(behind)
    assert.equal("https://wx.example.cn/where", told.url)
    assert.equal("203.0.113.9", told.ip)
    assert.equal("http://127.0.0.1/where", where("X-Forwarded-Host: a/b\r\n").url)
    for _, headers in ipairs { "X-Forwarded-Proto: http, https\r\n", "X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n" } do
      assert.equal("https://127.0.0.1/where", where(headers).url) -- the newest is the last
    end
    local secure = get("/me", behind)
    assert.equal("max-age=31536000", secure.headers["strict-transport-security"])
    assert.truthy(secure.head:find "__Host%-wy%-demo=[^\r]*; HttpOnly; Secure; SameSite=Lax\r")
  end)

  describe("static files", function()
    it("come with what browsers keep them by", function()
      local answer = get "/static/a.txt"
      assert.equal("0123456789", answer.body)
      assert.equal("text/plain; charset=utf-8", answer.headers["content-type"])
      assert.equal("bytes", answer.headers["accept-ranges"])
      local tag, date = answer.headers.etag, answer.headers["last-modified"]
      assert.equal(304, get("/static/a.txt", "If-None-Match: " .. tag .. "\r\n").status)
      assert.equal(304, get("/static/a.txt", "If-None-Match: W/" .. tag .. ', "x"\r\n').status)
      assert.equal(200, get("/static/a.txt", 'If-None-Match: "x"\r\n').status)
      assert.equal(304, get("/static/a.txt", "If-Modified-Since: " .. date .. "\r\n").status)
      assert.equal(200, get("/static/a.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n").status)
      assert.equal(200, get("/static/a.txt", 'If-None-Match: "x"\r\nIf-Modified-Since: ' .. date .. "\r\n").status)
      assert.equal(412, get("/static/a.txt", 'If-Match: "x"\r\n').status)
      local before = "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
      assert.equal(412, get("/static/a.txt", before).status)
      assert.equal(200, get("/static/a.txt", before .. "If-Match: " .. tag .. "\r\n").status)
      assert.equal(200, get("/static/a.txt", "If-Unmodified-Since: " .. date .. "\r\n").status)
      answer = fetch(server, { method = "HEAD", target = "/static/a.txt" })
      assert.equal("10", answer.headers["content-length"])
      assert.equal("", answer.body)
    end)

    it("of a folder that is asked for without its slash are found behind it", function()
      for target, to in pairs {
        ["/static"] = "/static/", ["/static?a=1"] = "/static/?a=1", ["/all/%73tatic"] = "/all/%73tatic/",
      } do
        local answer = get(target)
        assert.same({ 302, to }, { answer.status, answer.headers.location })
        assert.matches("index", get(to).body)
      end
      assert.same({ 404, 404, 404 }, { get("/all").status, get("/all/x").status, get("/static/a.txt/").status })
      assert.matches("<main>a page", get("/both").body)
      assert.matches("<main>named x", get("/named/x").body)
    end)

    it("are no code, and no templates beside it", function()
      for _, name in ipairs { "init.lua", "INIT.LUA", "me.html", "Me.HTML" } do
        assert.equal(404, get("/all/" .. name).status, name)
      end
      assert.equal("SECRET", get("/all/secret.txt").body)
      assert.equal("0123456789", get("/all/static/a.txt").body)
      assert.equal(200, get("/all/static/index.html").status)
    end)

    it("come in ranges", function()
      local answer = get("/static/a.txt", "Range: bytes=2-4\r\n")
      assert.equal(206, answer.status)
      assert.equal("234", answer.body)
      assert.equal("bytes 2-4/10", answer.headers["content-range"])
      assert.equal("789", get("/static/a.txt", "Range: bytes=-3\r\n").body)
      local tag = answer.headers.etag
      assert.equal(206, get("/static/a.txt", "Range: bytes=2-4\r\nIf-Range: " .. tag .. "\r\n").status)
      for _, other in ipairs { '"x"', "*", "W/" .. tag } do
        assert.equal(200, get("/static/a.txt", "Range: bytes=2-4\r\nIf-Range: " .. other .. "\r\n").status)
      end
      answer = get("/static/a.txt", "Range: bytes=10-\r\n")
      assert.equal(416, answer.status)
      assert.equal("bytes */10", answer.headers["content-range"])
    end)

    it("stay in their folder", function()
      assert.equal("0123456789", get("/static/in.txt").body)
      assert.equal(200, get("/static/").status)
      for _, name in ipairs { "../init.lua", "%2e%2e/init.lua", "..%2finit.lua", "..%5cinit.lua", ".env", "out.txt",
        "up/secret.txt", "up/init.lua", "%2fetc/passwd", "none", "a.txt/", "a.txt/x", "a.txt%00" } do
        local answer = get("/static/" .. name)
        assert.is_true(answer.status == 400 or answer.status == 404, name .. ": " .. answer.status)
        assert.falsy(answer.body:find("SECRET", 1, true))
        assert.falsy(answer.body:find("weiyue", 1, true))
      end
    end)
  end)

  describe("uploads", function()
    it("lie on the disk for their request alone, under a name of ours (M004)", function()
      for _, name in ipairs { "../../etc/cron.d/x", "C:\\\\x", "a\\0.png", ("n"):rep(200) .. ".png" } do
        local answer = post("/api", multipart("b", { { name = "f", filename = name, data = "text" } }), FORM)
        assert.equal(200, answer.status)
        local told = json.decode(answer.body)
        assert.equal("text", told.text)
        assert.falsy((told.name or ""):find("[/\\]"))
      end
      assert.equal(0, uploads())
    end)

    it("are kept where a handler says, below the folder of weiyue.lua", function()
      local body = multipart("b", { { name = "f", filename = "x.png", type = "image/png", data = "<script>alert(1)</script>" } })
      assert.is_true(json.decode(post("/keep?to=data/x.png", body, FORM).body).ok)
      assert.is_true(json.decode(post("/keep?to=data/x.html", body, FORM).body).ok)
      for _, to in ipairs { "../x", "/tmp/x", "plugins/evil.lua", "plugins/site/layout.html",
        "plugins/site/new/x.HTML", ".weiyue/cookie.key", "weiyue.lua", ".env" } do
        local told = json.decode(post("/keep?to=" .. to, body, FORM).body)
        assert.same({ code = "file.path" }, told, to)
      end
      assert.equal(0, uploads())
    end)

    it("are shown with the status and the fields that a handler gives", function()
      post("/keep?to=data/p.png", multipart("b", { { name = "f", filename = "x.png", type = "image/png", data = "0123" } }), FORM)
      local answer = fetch(server, { target = "/picture", headers = "Range: bytes=0-1\r\n" })
      assert.same({ 404, "0123", "1", "max-age=60", "image/x", "nosniff" }, { answer.status, answer.body,
        answer.headers["x-own"], answer.headers["cache-control"], answer.headers["content-type"],
        answer.headers["x-content-type-options"] })
      assert.truthy(answer.cookies.a)
      assert.equal(1, select(2, answer.head:lower():gsub("\ncache%-control:", "")))
    end)

    it("M008 are no pages of ours, whatever their senders call them", function()
      for _, kind in ipairs { "text/xsl", "Application/MathML", "text/rdf", "multipart/x-mixed-replace", "message/rfc822" } do
        local answer = post("/shown", multipart("b", { { name = "f", filename = "x", type = kind, data = "<script/>" } }), FORM)
        assert.same({ 200, "application/octet-stream" }, { answer.status, answer.headers["content-type"] }, kind)
      end
    end)

    it("M008 are no pages of ours when they are shown", function()
      local answer = get "/kept?name=data/x.png"
      assert.equal("image/png", answer.headers["content-type"])
      assert.equal("nosniff", answer.headers["x-content-type-options"])
      answer = get "/kept?name=data/x.html"
      assert.truthy(answer.headers["content-disposition"]:find "^attachment")
      assert.equal("nosniff", answer.headers["x-content-type-options"])
      assert.equal(404, get("/kept?name=weiyue.lua").status)
      assert.equal(404, get("/kept?name=../x").status)
      local told = json.decode(post("/api", multipart("b", { { name = "f", filename = "x.png", type = "image/png",
        data = "<svg/onload=x>" } }), FORM).body)
      assert.equal("application/octet-stream", told.type)
      assert.equal("image/png", told.declared)
    end)

    local function refused(row, event, body, headers, status)
      local before = #server:logged(event)
      local connection = server:open()
      connection:send(("POST /api HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n"):format(headers or FORM, #body))
      connection.socket:send(body)
      local answer = assert(connection:read(), row)
      assert.equal(status or 400, answer.status, row)
      assert.equal("close", answer.headers.connection, row)
      connection:close()
      serve.eventually(row .. " is told", function() return #server:logged(event) == before + 1 end)
      serve.eventually(row .. " leaves nothing", function() return uploads() == 0 end)
    end

    it("M001 M002 M003 M005 M009 that are malformed are refused while they come", function()
      local form = multipart("b", { { name = "f", filename = "a", data = ("z"):rep(1000) } })
      refused("M001", "multipart.boundary", form, "Content-Type: multipart/form-data\r\n")
      refused("M001", "multipart.boundary", form, "Content-Type: multipart/form-data; boundary=\"\"\r\n")
      refused("M001", "multipart.boundary", form, ("Content-Type: multipart/form-data; boundary=%s\r\n"):format(("b"):rep(71)))
      local many = {}
      for i = 1, 200 do many[i] = { name = "p" .. i, data = "" } end
      refused("M002", "multipart.parts", multipart("b", many))
      refused("M003", "multipart.header", "--b\r\nX: " .. ("h"):rep(50000))
      refused("M005", "multipart.truncated", form:sub(1, -9))
      refused("M009", "multipart.dup", multipart("b", { { name = "id", data = "1" }, { name = "id", data = "2" } }))
      refused("large", "http.body_too_large", ("x"):rep(100001), nil, 413)
      refused("fields", "http.body_too_large", multipart("b", { { name = "a", data = ("x"):rep(3000) } }), nil, 413)
    end)

    it("M005 of clients that leave in the middle leave nothing", function()
      local connection = server:open()
      local form = multipart("b", { { name = "f", filename = "a", data = ("z"):rep(5000) } })
      connection:send(("POST /api HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n%s"):format(FORM, #form, form:sub(1, 3000)))
      serve.eventually("it is on the disk", function() return uploads() == 1 end)
      connection:close()
      serve.eventually("it is gone", function() return uploads() == 0 end)
    end)

    it("M006 are the same in whatever pieces they come", function()
      local form = multipart("b", { { name = "f", filename = "a", data = "\r\n--c\r\n-- b" }, { name = "x", data = "1" } })
      for _, size in ipairs { 1, 7, 31 } do
        local connection = server:open()
        connection:send(("POST /api HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n"):format(FORM, #form))
        for i = 1, #form, size do connection:send(form:sub(i, i + size - 1)) end
        local told = json.decode(connection:read().body)
        assert.equal("\r\n--c\r\n-- b", told.text)
        assert.equal("1", told.form.x)
        connection:close()
      end
    end)

    it("M010 that find no room are refused with 507", function()
      local folder = program.quote(server.folder)
      os.execute(("rm -rf %s/.weiyue/uploads && touch %s/.weiyue/uploads"):format(folder, folder))
      local answer = post("/api", multipart("b", { { name = "f", filename = "a", data = "text" } }), FORM)
      os.execute(("rm -f %s/.weiyue/uploads"):format(folder))
      assert.equal(507, answer.status)
      assert.is_true(#server:logged "http.storage" > 0)
      assert.equal(200, post("/api", multipart("b", { { name = "f", filename = "a", data = "text" } }), FORM).status)
    end)
  end)

  describe("streams", function()
    it("send what a slow client takes, whole", function()
      local answer = get "/big"
      assert.equal(10000000, #answer.body)
      assert.is_true(answer.whole)
    end)

    it("keep what they have put into the session", function()
      local page = get "/told"
      assert.equal("told", page.body)
      assert.same({ a = 1, b = 2 }, json.decode(get("/heard", cookie_of(page)).body))
    end)

    it("are seen to be cut where their function raises", function()
      local answer = get "/breaks"
      assert.equal(200, answer.status)
      assert.equal("begun", answer.body)
      assert.is_nil(answer.whole)
      assert.truthy(server:log():find("in the middle", 1, true))
    end)

    it("send events", function()
      local connection = server:open()
      connection:send(serve.request { method = "GET", target = "/events" })
      local answer = connection:read()
      assert.equal("text/event-stream", answer.headers["content-type"])
      local text = ""
      repeat text = text .. connection.socket:receive(1) until text:find("tick", 1, true)
      assert.truthy(text:find('event: hello\nid: 1\ndata: {"n":1}\n\n', 1, true), text)
      assert.truthy(text:find("data: two\ndata: lines\n\n", 1, true))
      local before = count "closed"
      connection:close()
      serve.eventually("its task has ended", function() return count "closed" == before + 1 end)
    end)

    it("end when their client leaves, whatever they wait for", function()
      local connection = server:open()
      local before = count "closed"
      connection:send(serve.request { method = "GET", target = "/sleepy" })
      connection:read()
      connection:close()
      serve.eventually("its task was woken", function() return count "closed" == before + 1 end)
    end)

    it("tell what is wrong with what they do once their client has left, and not that he has", function()
      local before = #server:logged "lua.error"
      local function leave(how)
        local connection = server:open()
        connection:send(serve.request { method = "GET", target = "/leaves?how=" .. how })
        assert(connection:read "HEAD")
        socket.sleep(0.1)
        connection:close()
      end
      leave "assert"
      leave "sleep"
      leave "write"
      serve.eventually("the error is told", function() return #server:logged "lua.error" > before end)
      assert.equal(before + 1, #server:logged "lua.error")
      assert.matches("index a nil value", server:logged("lua.error")[before + 1], 1, true)
    end)

    it("are so many and no more", function()
      local open = {}
      for i = 1, 3 do
        open[i] = server:open()
        open[i]:send(serve.request { method = "GET", target = "/events" })
        assert.equal(200, open[i]:read().status)
      end
      assert.equal(503, get("/events").status)
      for _, connection in ipairs(open) do connection:close() end
      local events = serve.request { method = "GET", target = "/events" }
      serve.eventually("there is room again, for one of each connection", function()
        local both = server:open()
        both:send(events .. events)
        local first = both:read().status
        local second = server:open()
        second:send(events)
        local third = server:open()
        third:send(events)
        local more = { second:read().status, third:read().status }
        for _, connection in ipairs { both, second, third } do connection:close() end
        return first == 200 and more[1] == 200 and more[2] == 200
      end)
      serve.eventually("there is room again", function()
        local connection = server:open()
        connection:send(serve.request { method = "GET", target = "/events" })
        local status = connection:read().status
        connection:close()
        return status == 200
      end)
    end)

    it("end politely at a reload", function()
      local connection = server:open()
      connection:send(serve.request { method = "GET", target = "/events" })
      connection:read()
      serve.write(server.folder, "plugins/site/me.html", "<p>new {{ n }}</p>")
      server:signal "HUP"
      local text = ""
      repeat
        local byte, err = connection.socket:receive(1)
        assert(byte, err)
        text = text .. byte
      until text:find("\r\n0\r\n\r\n", 1, true)
      assert.truthy(get("/me").body:find("<p>new 1</p>", 1, true))
      connection:close()
    end)
  end)

  it("gives nothing of the host's own where a plugin serves the folder that has it", function()
    local other = serve.start {
      ["weiyue.lua"] = ([[return { store = "sqlite:shop.db", state = "kept",
        plugins = { "bot.lua" }, accounts = { %s } }]]):format(account.lua),
      ["bot.lua"] = [[local wx = require "weiyue"
        wx.static("/", ".")
        wx.route("GET", "/-/put", function(req) wx.session(req).a = 1 end)]],
      ["a.txt"] = "mine",
    }
    assert.equal(204, fetch(other, { target = "/-/put" }).status)
    assert.equal("mine", fetch(other, { target = "/a.txt" }).body)
    for _, name in ipairs { "bot.lua", "weiyue.lua", "shop.db", "kept/cookie.key" } do
      assert.truthy(io.open(other.folder .. "/" .. name), name):close()
      assert.equal(404, fetch(other, { target = "/" .. name }).status, name)
    end
    other:stop()
  end)

  it("holds nobody up who stops", function()
    local other = serve.start(files({ account }))
    local connection = other:open()
    connection:send(serve.request { method = "GET", target = "/sleepy" })
    connection:read()
    other:stop()
    connection:close()
  end)
end)

describe("pages of two accounts", function()
  local server
  local function start(one, two)
    server = serve.start(files { serve.account("one", "plain", one), serve.account("two", "plain", two) })
  end
  after_each(function() server:stop() end)

  local function where(target, host)
    local answer = fetch(server, { target = target, host = host })
    return answer.status == 200 and json.decode(answer.body) or answer.status
  end

  it("stand under the names of the accounts", function()
    start()
    assert.equal("one", where("/one/where").account)
    assert.equal("/two", where("/two/where").base)
    assert.equal("http://127.0.0.1/two/where", where("/two/where").url)
    assert.equal(404, where "/where")
    assert.equal("/two/me", fetch(server, { target = "/two/go" }).headers.location)
  end)

  it("believe a proxy about hosts that are served, and no others", function()
    start('url = "https://one.example.cn"')
    local function told(host)
      local headers = ("X-Forwarded-Proto: https\r\nX-Forwarded-Host: %s\r\n"):format(host)
      return json.decode(fetch(server, { target = "/where", host = "one.example.cn", headers = headers }).body).url
    end
    assert.equal("https://one.example.cn/where", told "evil.example")
    assert.equal("https://one.example.cn/where", told "one.example.cn.evil.example")
    assert.equal("https://One.example.cn:8443/where", told "One.example.cn:8443")
    assert.equal("https://[::1]:81/where", told "[::1]:81")
  end)

  it("of several on one host stand below the path of its url, and below /ID as well", function()
    start('url = "https://wx.example.cn/shop"', 'url = "https://wx.example.cn/club"')
    for _, base in ipairs { "/shop", "/one" } do
      local found = where(base .. "/where", "wx.example.cn")
      assert.same({ "one", base }, { found.account, found.base })
    end
    assert.equal("two", where("/two/where", "wx.example.cn").account)
    assert.equal(404, where("/where", "wx.example.cn"))
  end)

  it("go by the target's host where that is a whole URL, whatever Host says", function()
    start('url = "https://one.example.cn"')
    local function told(target) return json.decode(fetch(server, { target = target, host = "evil.example" }).body).url end
    assert.equal("https://one.example.cn/where?a=1", told "http://one.example.cn/where?a=1")
    assert.equal("https://One.example.cn:8443/where", told "http://One.example.cn:8443/where")
    assert.equal(421, fetch(server, { target = "http://evil.example/where", host = "one.example.cn" }).status)
    assert.equal(400, fetch(server, { target = "http://evil.example@one.example.cn/where", host = "one.example.cn" }).status)
  end)

  it("are told by the hosts of the accounts", function()
    start('url = "https://one.example.cn"', 'url = "https://two.example.cn/sub"')
    assert.equal("one", where("/where", "one.example.cn").account)
    assert.equal("https://one.example.cn/where", where("/where", "one.example.cn").url)
    assert.equal("two", where("/where", "two.example.cn").account)
    assert.equal("https://two.example.cn/sub/where", where("/where", "two.example.cn").url)
    assert.equal("https://two.example.cn/sub/where", where("/sub/where", "two.example.cn").url)
    assert.equal("two", where("/two/where", "127.0.0.1").account)
    assert.equal(404, where("/where", "127.0.0.1"))
  end)

  it("of one host are where links to them lead", function()
    local function new(id, url) return serve.account(id, "plain", ('url = "https://shop.example.cn%s"'):format(url)) end
    local one, two = new("one", ""), new("two", "/app")
    server = serve.start(files { one, two })
    for _, row in ipairs { { one, "/one" }, { two, "/app" } } do
      local r = serve.sign(row[1], push.text "news", "xml")
      local connection = assert(server:open())
      connection:send(serve.request { target = r.target, body = r.body })
      local link = serve.decode(row[1], assert(connection:read())).reply.Articles.item.Url
      connection:close()
      assert.equal(("https://shop.example.cn%s/where"):format(row[2]), link)
      local answer = where(link:match "example.cn(.*)", "shop.example.cn")
      assert.same({ row[1].id, row[2], link }, { answer.account, answer.base, answer.url })
    end
  end)
end)
