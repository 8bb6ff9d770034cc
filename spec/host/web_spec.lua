-- What pages are made of: templates, sealed texts, cookies; and what is said of pages that are declared wrongly.

local cookies = require "weiyue.web.cookies"
local core = require "weiyue_core"
local layout = require "weiyue.web.layout"
local plugins = require "weiyue.plugin"
local renders = require "weiyue.web.render"
local response = require "weiyue.web.response"
local seal = require "weiyue.web.seal"
local template = require "weiyue.web.template"
local files = require "weiyue.files"

local function render(text, vars, others)
  local writer = core.html.writer()
  local function include(name, its, env)
    template.compile(assert((others or {})[name], name), name .. ".html")(its, include, env)
  end
  local env = setmetatable(vars or {}, { __index = _G })
  template.compile(text, "page.html")(writer, include, env)
  return core.html.written(writer)
end

describe("a template", function()
  it("shows values, escaped unless they are to stand as they are", function()
    assert.equal("a &lt;b&gt; &amp; &#34;c&#34; &#39;", render("a {{ v }}", { v = "<b> & \"c\" '" }))
    assert.equal("a <b>", render("a {{{ v }}}", { v = "<b>" }))
    assert.equal("|3|true||", render("|{{ 1 + 2 }}|{{ true }}|{{ nothing }}|"))
    assert.equal("{ }} %} {", render("{ }} %} {"))
    assert.equal("3.5-9007199254740993", render("{{ 3.5 }}{{ v }}", { v = -9007199254740993 }))
    local made = setmetatable({}, { __tostring = function() return "<made>" end })
    assert.equal("&lt;made&gt;<made>&lt;made&gt;", render("{{ v }}{{{ v }}}{{ v }}", { v = made }))
    assert.equal("<p>&lt;made&gt;", "<p>" .. core.html.escape(made))
  end)

  it("may have any number of values without a statement between them", function()
    local n = 300
    assert.equal(("a1"):rep(n), render(("a{{ 1 }}"):rep(n)))
    assert.equal(("1"):rep(n), render(("{{{ 1 }}}"):rep(n)))
    assert.equal(("&lt;"):rep(n), render(("{{ v }}"):rep(n), { v = "<" }))
  end)

  it("whose value raises leaves nothing to the next page", function()
    local plugin = { loaded = true, env = _G, templates = {
      bad = { text = "left over {{ v }}", path = "bad.html" }, good = { text = "good {{ v }}", path = "good.html" },
    } }
    local function shown(name, v) return renders.html(renders.of(plugin)(name, { v = v }), {}) end
    local bad = setmetatable({}, { __tostring = function() error("no text", 0) end })
    assert.matches("<main>good 1</main>", shown("good", 1))
    for _ = 1, 2 do
      local ok, err = pcall(shown, "bad", bad)
      assert.same({ false, "no text" }, { ok, err })
      assert.matches("<main>good 2</main>", shown("good", 2))
    end
  end)

  it("shows a value as it is where it stands, whatever calls behind it change", function()
    local c = setmetatable({ n = 0 }, { __tostring = function(c) return "<" .. c.n .. ">" end })
    function c:next() self.n = self.n + 1 return self end
    assert.equal("&lt;0&gt; &lt;1&gt; &lt;2&gt; <3> &lt;3&gt;",
      render("{{ c }} {{ c:next() }} {{ c:next() }} {{{ c:next() }}} {{ c }}", { c = c }))
  end)

  it("tells the line of what raises, also in a value's __tostring", function()
    local bad = setmetatable({}, { __tostring = function() return nil end })
    for text, line in pairs {
      ["l1\nl2 {{ 1 }}\nl3\nl4 {{ bad }}"] = 4, ["l1 {{ 1 }}{{ bad }}\n"] = 1, ["\n\n{{{ none.a }}} x\n{{ 1 }}"] = 3,
      ["\n{{ 1 }}\n{{ none.a }}"] = 3, ["{# a\nb #}\n{{ 1 }} {{ none.a }}"] = 3, ["{{ 1 }}\\\n{{ bad }}"] = 2,
      ["{% for i = 1, 2 do %}\n<li>{{ i }} {{{ none.a }}}\n{% end %}"] = 2, ["a\n\n{% local x = none.a %}"] = 3,
    } do
      local lines = {}
      local ok = xpcall(render, function(err)
        lines = { tostring(err):match "page.html:(%d+)" or debug.traceback():match "page.html:(%d+)" }
      end, text, { bad = bad })
      assert.is_false(ok)
      assert.equal(tostring(line), lines[1], text)
    end
  end)

  it("is refused where a statement is not whole, or runs into what follows", function()
    for _, text in ipairs { "{% x = %}hello {{ x }}", "{% local a = q or %}<b>text</b>", "a{% return %}b", "{{ ... }}", "{% if x %}" } do
      local ok, err = pcall(render, text)
      assert.is_false(ok, text)
      assert.matches("^page.html:1: ", err)
    end
  end)

  it("belongs to one page: what it leaves behind writes into no other", function()
    local kept
    local plugin = { loaded = true, env = setmetatable({ keep = function(f) kept = f end }, { __index = _G }), templates = {
      first = { text = "A{% keep(function() %}late{% end) %}B", path = "first.html" },
      second = { text = "C", path = "second.html" },
    } }
    assert.matches("<main>AB</main>", renders.html(renders.of(plugin)("first"), {}))
    assert.matches("<main>C</main>", renders.html(renders.of(plugin)("second"), {}))
    assert.has_error(kept)
  end)

  it("has a title: a value's, its own, or the plugin's", function()
    local plugin = { loaded = true, env = setmetatable({ title = "<the plugin's>" }, { __index = _G }), templates = {
      plain = { text = "x", path = "plain.html" }, own = { text = "{% title = 'its own' %}", path = "own.html" },
    } }
    local function title(name, vars) return renders.html(renders.of(plugin)(name, vars), {}):match "<title>(.-)</title>" end
    assert.equal("&lt;the plugin&#39;s&gt;", title "plain")
    assert.equal("a value", title("plain", { title = "a value" }))
    assert.equal("its own", title("own", { title = "a value" }))
  end)

  it("is written with what makes texts, and with nothing else", function()
    for _, what in ipairs { io.stdout, {}, "text", 1 } do
      local ok, err = pcall(core.html.write, what, "x")
      assert.is_false(ok)
      assert.matches("writer expected", err)
    end
    assert.has_error(function() core.html.write(core.html.writer(), {}) end)
  end)

  it("branches and loops, with then and do left out or not", function()
    local text = "{% if n > 1 %}many{% elseif n == 1 then %}one{% else %}none{% end %}"
    assert.equal("many", render(text, { n = 2 }))
    assert.equal("one", render(text, { n = 1 }))
    assert.equal("none", render(text, { n = 0 }))
    assert.equal("1a2b", render("{% for i, x in ipairs(list) %}{{ i }}{{ x }}{% end %}", { list = { "a", "b" } }))
    assert.equal("012", render("{% local i = 0 %}{% while i < 3 do %}{{ i }}{% i = i + 1 %}{% end %}"))
  end)

  it("may have a comment in a tag, which ends with it", function()
    assert.equal("[1]b", render("{% -- one %}[{{ n -- of them }}]{% if n then -- %}b{% end -- of it %}", { n = 1 }))
    assert.equal("--a]]--", render([==[{% local s, t = "--", [[a]] .. ']]' --[[ then ]] .. "--" %}{{ s }}{{ t }}]==]))
    assert.equal("\"--'", render("{% local s = '\"--\\'' -- told %}{{{ s }}}"))
    local _, err = pcall(render, "{% -- one\n-- two %}\n{{ a.b }}")
    assert.matches("^page.html:3: attempt to index a nil value", err)
  end)

  it("leaves no empty line for a tag that stands alone", function()
    assert.equal("<ul>\n<li>1\n<li>2\n</ul>\n",
      render("<ul>\n  {% for i = 1, 2 %}\n<li>{{ i }}\n  {% end %}\n{# a note #}\n</ul>\n"))
  end)

  it("takes in others with values of their own", function()
    local others = { row = "{{ v }}{{ w }}{% title = v %}", outer = '{% include("row", { v = 3 }) %}' }
    assert.equal("1w2w", render('{% for _, v in ipairs { 1, 2 } do %}{% include "row", { v = v } %}{% end %}', { w = "w" }, others))
    assert.equal("3w3", render("{% include 'outer' %}{{ title }}", { w = "w" }, others))
    local ok, err = pcall(render, '\n{% include "row", 5 %}', {}, others)
    assert.is_false(ok)
    assert.matches("^page.html:2: include: ", err)
  end)

  it("tells who includes what is not there", function()
    local plugin = { loaded = true, env = _G, templates = { a = { text = '\n\n{% include "none" %}', path = "a.html" } } }
    local ok, err = pcall(function() return renders.html(renders.of(plugin)("a"), {}) end)
    assert.is_false(ok)
    assert.matches("^a.html:3: there is no template .*none.html ", err)
  end)

  it("may have what closes a tag in a text of it", function()
    assert.equal("}}|}}}|%}|", render([=[{{ "}}" }}|{{{ '}}}' }}}|{% local a = [[%}]] %}{{ a }}|]=]))
    assert.equal("1 it's 2 don't", render([[{{ 1 }} it's {{ 2 -- isn't }} don't]]))
    assert.equal("a\"}}1", render([[{{{ "a\"}}" }}}{% -- "
      local x = "%}" --]].."[[ %} ]] "..[[%}{{ t[1] }}]], { t = { 1 } }))
    for _, text in ipairs { "{{ it's }}\n<p>it's", "{% local s = 'a %}\n'%}", "{{ 'a }}" } do
      local ok, err = pcall(render, text)
      assert.is_false(ok)
      assert.matches("^page.html:1: ", err)
    end
  end)

  it("may end in the middle", function()
    assert.equal("a", render("a{% if n then return end %}b", { n = 1 }))
    assert.equal("ab", render("a{% if n then return end %}b"))
    assert.equal("yes", render("{% if pick(function(x) if x then return true end end) %}yes{% end %}",
      { pick = function(f) return f(1) end }))
    assert.equal("012", render("{% local i = 0 %}{% while i < 2 do i = i + 1 end %}01{{ i }}"))
  end)

  it("takes in others, with the same values", function()
    assert.equal("[a hi z]", render('[{% include "inner" %} z]', { v = "hi" }, { inner = "a {{ v }}" }))
  end)

  it("tells the line of an error", function()
    local function fault(text) return select(2, pcall(render, text)) end
    assert.matches("^page.html:3: attempt to index a nil value", fault "one\ntwo\n{{ a.b }}")
    assert.matches("^page.html:4: attempt to index a nil value", fault "{% if true %}\n\"quoted\"\n{% end %}\n{{ a.b }}")
    assert.matches("^page.html:2: {{ without }}", fault "one\n{{ a")
    assert.matches("page.html:2:", fault "one\n{{ a b }}")
    assert.matches("page.html:1:", fault "{% if x %}")
  end)

  it("shows any bytes as they are", function()
    local all = {}
    for i = 0, 255 do all[#all + 1] = string.char(i) end
    local text = table.concat(all):gsub("{", "")
    assert.equal(text, render(text))
  end)
end)

describe("the layout", function()
  it("stands around what is no document", function()
    for _, whole in ipairs { "<!doctype html><p>", "  <!DOCTYPE html>", "<html>", "<HTML lang=en>" } do
      assert.is_true(layout.is_whole(whole), whole)
    end
    for _, part in ipairs { "", "text", "<p>", "<header>", "<!-- a -->" } do assert.is_false(layout.is_whole(part), part) end
  end)

  it("takes more into its head", function()
    assert.matches("<head><x><meta", layout.into_head(layout.wrap "a", "<x>"), 1, true)
    assert.equal('<html><HEAD a="b"><x></HEAD><header>', layout.into_head('<html><HEAD a="b"></HEAD><header>', "<x>"))
    assert.equal("<x><p>", layout.into_head("<p>", "<x>"))
    for before, behind in pairs {
      ["<!doctype html>"] = "<title>t</title><p>", ["\xEF\xBB\xBF\n<!DOCTYPE html>\n<html lang=en>"] = "\n<body>",
      ["<!doctype html><html><!-- <head> goes here --><head>"] = "<title>t</title></head>",
      ["<!-- <html> --> <html>"] = "<header><head></header>", [""] = "（你好）",
    } do
      assert.equal(before .. "<x>" .. behind, layout.into_head(before .. behind, "<x>"))
    end
  end)
end)

describe("a sealed text", function()
  local folder
  setup(function()
    local pipe = assert(io.popen "mktemp -d")
    folder = pipe:read "l"
    pipe:close()
    seal.at(folder)
  end)
  teardown(function() os.execute("rm -rf " .. folder) end)

  it("comes back for its purpose alone", function()
    for _, text in ipairs { "", "abc", ("x"):rep(1000), "\0\255;\r\n" } do
      local token = seal.sign("one", text, 60)
      assert.matches("^[%w%-_.]+$", token)
      assert.equal(text, seal.open("one", token))
      assert.same({ nil, "forged" }, { seal.open("two", token) })
      assert.equal(text, seal.open("one", token)) -- from memory
    end
  end)

  it("is not what anybody has changed", function()
    local token = seal.sign("one", "user=1", 60)
    for i = 1, #token do
      local other = token:sub(i, i) == "A" and "B" or "A"
      local changed = token:sub(1, i - 1) .. other .. token:sub(i + 1)
      assert.is_nil(seal.open("one", changed), changed)
    end
    for _, junk in ipairs { "", ".", "1.", "1...", "1.7fffffff..", token .. "A", "x" .. token, ("1"):rep(9000) } do
      assert.same({ nil, "forged" }, { seal.open("one", junk) }, junk)
    end
    assert.same({ nil, "forged" }, { seal.open("one", nil) })
  end)

  it("is good for a while", function()
    local token = seal.sign("one", "text", 0.001)
    local now = core.time.now
    core.time.now = function() return now() + 10 end
    local text, why = seal.open("one", token)
    core.time.now = now
    assert.same({ nil, "expired" }, { text, why })
  end)

  it("has its key in the state folder, for its owner alone, which others read", function()
    local token = seal.sign("one", "text", 60)
    local pipe = assert(io.popen(("stat -c %%a %s/cookie.key"):format(folder)))
    assert.equal("600", pipe:read "l")
    pipe:close()
    seal.at(folder) -- as another state does
    assert.equal("text", seal.open("one", token))
    assert(files.write(folder .. "/cookie.key", ("0"):rep(64)))
    seal.at(folder)
    assert.is_nil(seal.open("one", token))
  end)
end)

describe("cookies", function()
  it("are read from a field", function()
    assert.same({ a = "1", b = "x y", c = "" }, cookies.read 'a=1; b="x%20y"; c=; a=2')
    assert.same({}, cookies.read(nil))
    assert.equal("2", cookies.one("xa=1; a=2; b=3", "a"))
    assert.equal("", cookies.one("a=", "a"))
    assert.is_nil(cookies.one("aa=1; b=a=1", "a"))
  end)

  it("are refused where a browser would take them for others", function()
    local function fault(...) return cookies.fault(...) end
    assert.is_nil(fault("a", "1"))
    assert.is_nil(fault("a", false))
    assert.is_nil(fault("a", { "1", max_age = 5, same_site = "Strict" }))
    for _, name in ipairs { "", "a b", "a;b", "a=b", "a\r\nX", 5 } do assert.is_string(fault(name, "1")) end
    for _, wrong in ipairs { 5, {}, { "1", maxage = 5 }, { "1", path = "/;x" }, { "1", domain = "a\r\n" },
      { "1", same_site = "lax" }, { "1", max_age = "1h" } } do
      assert.is_string(fault("a", wrong))
    end
  end)

  it("are written so", function()
    local site = { id = "demo" }
    assert.equal("Set-Cookie: a=x%20%3By; Path=/; HttpOnly; SameSite=Lax\r\n",
      cookies.field("a", { "x ;y", signed = false }, site, false))
    assert.equal("Set-Cookie: a=x; Path=/b; Max-Age=5; Secure; SameSite=None\r\n",
      cookies.field("a", { "x", signed = false, path = "/b", max_age = 5, http_only = false, same_site = "None" }, site, true))
    assert.equal("Set-Cookie: a=; Path=/; Max-Age=0\r\n", cookies.field("a", false, site, false))
    assert.has_error(function() cookies.field("a", ("x"):rep(5000), site, false) end)
  end)
end)

describe("a redirect", function()
  it("leads to ourselves", function()
    for _, path in ipairs { "/", "/me", "/a?b=//c", "/a/../b" } do assert.is_true(response.is_own(path), path) end
    for _, path in ipairs { "", "me", "//evil", "/\\evil", "/a\\b", "http://evil", "/\tevil", "/\r\n", 5, false } do
      assert.is_false(response.is_own(path), tostring(path))
    end
  end)
end)

describe("pages", function()
  local folder

  before_each(function()
    local pipe = assert(io.popen "mktemp -d")
    folder = pipe:read "l"
    pipe:close()
  end)
  after_each(function() os.execute("rm -rf " .. folder) end)

  local function problems_of(text)
    local file = assert(io.open(folder .. "/one.lua", "w"))
    file:write('local wx = require "weiyue"\n', text)
    file:close()
    local _, problems = plugins.load({ { path = folder .. "/one.lua" } },
      { file = "weiyue.lua", folder = folder, lua_path = {} }, { account = function() end, current = function() end })
    return problems[1] and problems[1].en:gsub("^.*/one%.lua", "one.lua") or ""
  end

  it("that are declared wrongly are told with their line", function()
    for text, want in pairs {
      ['wx.page("me", function() end)'] = 'wx.page: a path begins with "/"',
      ['wx.page("/a//b", function() end)'] = "wx.page: /a//b has what no path has",
      ['wx.page("/a/../b", function() end)'] = "leads elsewhere",
      ['wx.page("/:1", function() end)'] = "a part is :name",
      ['wx.page("/*rest/b", function() end)'] = "*rest takes the rest, so it comes last",
      ['wx.page("/:a/:a", function() end)'] = "a stands twice",
      ['wx.page("/a")'] = "wx.page wants a path and a function(req)",
      ['wx.page("/a", { methos = {} }, function() end)'] = "has no option methos; the nearest is methods",
      ['wx.page("/a", { methods = { "FETCH" } }, function() end)'] = "no method FETCH",
      ['wx.page("/a", { methods = {} }, function() end)'] = "methods is a list",
      ['wx.page("/a", { body = "much" }, function() end)'] = "body is a number of bytes",
      ['wx.page("/a", { login = "all" }, function() end)'] = 'login is "base" or "userinfo"',
      ['wx.page("/a", { jssdk = { "scanQRCode" } }, function() end)'] = 'jssdk is a table: { api = { "scanQRCode" } }',
      ['wx.route("FETCH", "/a", function() end)'] = "wx.route wants a method",
      ['wx.static("/a", "../b")'] = "wx.static wants a prefix and a folder of the plugin's",
      ['wx.static("/a", "none")'] = "wx.static: there is no folder",
      ['wx.response { statsu = 200 }'] = "wx.response: has no field statsu; the nearest is status",
      ['wx.response { status = 99 }'] = "status is an integer from 200 to 599",
      ['wx.response { body = "a", file = "b" }'] = "an answer has one of body, file and stream",
      ['wx.response { headers = { ["content-length"] = "5" } }'] = "the header content-length is not a handler's",
      ['wx.response { headers = { ["set-cookie"] = "a=b" } }'] = "use cookies = { NAME = … }",
      ['wx.response { headers = { ["x y"] = "5" } }'] = "x y is no name of a header",
      ['wx.redirect "//evil.example"'] = "wx.redirect: only to pages of one's own",
    } do
      local told = problems_of(text)
      assert.matches("one.lua:2: ", told, 1, true)
      assert.matches(want, told, 1, true)
    end
  end)

  local function write(name, text)
    os.execute(("mkdir -p '%s'"):format((folder .. "/" .. name):match "^(.*)/"))
    assert(files.write(folder .. "/" .. name, text))
  end

  it("have templates whose faults are told with file and line", function()
    write("bad.html", "fine\n{% if x %}\n")
    write("other/init.lua", "")
    write("other/its.html", "{{ a ? b : c }}") -- another plugin's
    write("static/vue.html", "{{ a ? b : c }}") -- given as it is
    local told = problems_of 'wx.page("/a", function() return wx.render "bad" end) wx.static("/s", "static")'
    assert.matches("^" .. folder:gsub("%p", "%%%0") .. "/bad%.html:%d: .*%(a template is wrong%)$", told)
    write("bad.html", "fine")
    assert.equal("", problems_of 'wx.page("/a", function() return wx.render "bad" end) wx.static("/s", "static")')
  end)

  it("may stand beside HTML of another kind, which nobody shows", function()
    local text = 'local wx = require "weiyue"\nwx.page("/a", function() return wx.render("good") end)\n'
    write("two.lua", text)
    write("good.html", '{% include "inner" %}')
    write("inner.html", "fine")
    write("mail/app.html", "{{ a ? b : c }}")
    local function load()
      local _, problems, failed = plugins.load({ { path = folder .. "/two.lua" } },
        { file = "weiyue.lua", folder = folder, lua_path = {} }, { account = function() end, current = function() end })
      return problems, failed
    end
    local problems, failed = load()
    assert.same({ 0, 1, "note" }, { failed, #problems, problems[1].level })
    assert.matches("mail/app.html:1: ", problems[1].en, 1, true)
    write("inner.html", "{{ a ? b : c }}")
    problems, failed = load()
    assert.equal(1, failed)
    local levels = {}
    for _, p in ipairs(problems) do levels[p.en:match "([^/]+%.html)"] = p.level end
    assert.same({ ["app.html"] = "note", ["inner.html"] = "error" }, levels)
  end)

  it("that show or include a template which is not there are noted", function()
    write("me.html", 'a\n{% include "inner" %}')
    local text = 'local wx = require "weiyue"\nwx.page("/a", function() return wx.render("me") end)\n'
      .. 'wx.page("/b", function() return wx.render "you" end) -- wx.render "nobody"\n'
    write("one.lua", text)
    local loaded = plugins.load({ { path = folder .. "/one.lua" } },
      { file = "weiyue.lua", folder = folder, lua_path = {} }, { account = function() end, current = function() end })
    local notes = {}
    for i, note in ipairs(require("weiyue.lint").check(loaded[1])) do notes[i] = note.en:gsub(folder:gsub("%p", "%%%0"), "F") end
    assert.same({
      "F/one.lua:3: wx.render: there is no template F/you.html",
      "F/me.html:2: include: there is no template F/inner.html",
    }, notes)
    local ok, err = pcall(renders.of(loaded[1]), "you")
    assert.is_false(ok)
    assert.matches(folder .. "/you.html: save it there", err, 1, true)
  end)

  it("that are declared well are not", function()
    assert.equal("", problems_of [[
      wx.page("/", function() end)
      wx.page("/a/:b/*rest", { methods = { "GET" }, body = "2MiB", repeated = true, csrf = false }, function() end)
      wx.route("PUT", "/x", { csrf = true }, function() end)
    ]])
  end)
end)
