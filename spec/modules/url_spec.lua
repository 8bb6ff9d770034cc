-- weiyue.url: RFC 3986, and what is refused because readers disagree about it.
local url = require "weiyue.url"

local function refused(pattern, value, err)
  assert.is_nil(value)
  assert.is_string(err)
  assert.truthy(err:find(pattern), err)
end

describe("weiyue.url", function()
  describe("parse", function()
    it("splits a full URL", function()
      assert.same({
        scheme = "https", userinfo = "u:p%40", host = "wx.example.cn", port = 8443,
        path = "/a/b;c", query = "x=1&y=?/", fragment = "top",
      }, url.parse "HTTPS://u:p%40@WX.Example.CN:8443/a/b;c?x=1&y=?/#top")
    end)

    it("fills in the path and the scheme's port", function()
      assert.same({ scheme = "http", host = "a", port = 80, path = "/" }, url.parse "http://a")
      assert.same({ scheme = "https", host = "a", port = 443, path = "/", query = "q" },
        url.parse "https://a?q")
      assert.equal(6379, url.parse("redis://127.0.0.1/0").port)
      assert.equal(80, url.parse("ws://a/").port)
      assert.equal(443, url.parse("wss://a/").port)
      assert.is_nil(url.parse("weixin://dl/business").port)
    end)

    it("tells an empty part from none", function()
      local u = url.parse "http://@a/?#"
      assert.equal("", u.userinfo)
      assert.equal("", u.query)
      assert.equal("", u.fragment)
      u = url.parse "http://a/"
      assert.is_nil(u.userinfo)
      assert.is_nil(u.query)
      assert.is_nil(u.fragment)
    end)

    it("begins the fragment at the first # (hash routes of #wechat_redirect have two)", function()
      local text = "http://a/?q#/route#wechat_redirect"
      assert.equal("/route#wechat_redirect", url.parse(text).fragment)
      assert.equal(text, url.build(url.parse(text)))
    end)

    it("leaves escapes in the path and the query", function()
      local u = url.parse "http://a/%2e%2E/%00?a=%26"
      assert.equal("/%2e%2E/%00", u.path)
      assert.equal("a=%26", u.query)
    end)

    it("strips the brackets of an IPv6 address", function()
      local u = url.parse "http://[2001:DB8::1]:8080/x"
      assert.equal("2001:db8::1", u.host)
      assert.equal(8080, u.port)
      assert.equal("::ffff:192.0.2.1", url.parse("http://[::ffff:192.0.2.1]").host)
    end)

    it("takes the ports 1 to 65535", function()
      assert.equal(1, url.parse("http://a:1/").port)
      assert.equal(65535, url.parse("http://a:65535/").port)
    end)

    it("takes hosts with the longest labels", function()
      local label = ("a"):rep(63)
      assert.equal(label .. ".cn", url.parse("http://" .. label .. ".cn/").host)
      assert.equal("x_y-z.1a", url.parse("http://x_y-z.1a/").host)
    end)

    local long = ("a."):rep(126) .. "aa" -- 254
    local bad = {
      ["absolute URL"] = { "", "/path", "//host/path", "host/path", "mailto:a@b", "http:/a", "http" },
      ["scheme:"] = { "1http://a", "ht_tp://a", "://a", ("x"):rep(33) .. "://a" },
      ["byte 0x%x%x at "] = {
        "http://a/ b", "http://a/\r\nX:1", "http://a\0.b/", "http://a\\b/", "http:\\\\a", "http://a/\t",
        "http://a/\x7f", " http://a", "http://a ", "http://微信.cn/", "http://a/搜索", 'http://a/"', "http://a/<",
        "http://a/?\\", "http://a/#\n",
      },
      ["escape at "] = { "http://a/%", "http://a/%4", "http://a/%zz", "http://a/?%u1234" },
      ["host: empty"] = {
        "http://", "http:///a", "http://:80/", "http://u@/", "http://[]/", "http://?a", "http://::1/",
      },
      ["host: percent"] = { "http://a%2eb/", "http://%61/" },
      ["host: only letters"] = { "http://a!b/", "http://a,b/", "http://a[b/", "http://a*/" },
      ["host: the parts"] = { "http://a..b/", "http://.a/", "http://a./", "http://" .. ("a"):rep(64) .. "/" },
      ["host: longer"] = { "http://" .. long .. "/" },
      ["host: an IPv4"] = {
        "http://127.1/", "http://2130706433/", "http://0x7f.0.0.1/", "http://0x7f000001/", "http://1.2.3.256/",
        "http://0177.0.0.1/", "http://1.2.3.4.5/", "http://a.1/", "http://a.0x/",
      },
      ["host: not an IPv6"] = {
        "http://[::g]/", "http://[1:2]/", "http://[fe80::1%25eth0]/", "http://[v1.a]/", "http://[1.2.3.4]/",
        "http://[" .. ("0"):rep(60) .. "::1]/",
      },
      ["host: the closing"] = { "http://[::1", "http://[::1/" },
      ["only a port may follow"] = { "http://[::1]a/", "http://[::1].b:80/" },
      ["port:"] = {
        "http://a:/", "http://a:0/", "http://a:65536/", "http://a:-1/", "http://a:+1/", "http://a:8o/",
        "http://a:000080/", "http://a:80:80/",
        "http://a:99999999999999999999/", "http://a::1/", "http://[::1]:/",
      },
      ["userinfo:"] = { "http://u@b@a/", "http://u[@a/" },
    }
    for reason, texts in pairs(bad) do
      for _, text in ipairs(texts) do
        it(("refuses %q: %s"):format(text, reason), function()
          refused(reason, url.parse(text))
        end)
      end
    end

    it("says where a refused byte stands", function()
      refused("0x0A at 10 ", url.parse "http://a/\nb")
      refused("escape at 11:", url.parse "http://a/b%4")
    end)

    it("never quotes the URL, which may hold a password", function()
      for _, text in ipairs { "http://u:wxtest@a b/", "http://u:wxtest@/", "http://u:wxtest@b@a/", "wxtest" } do
        local u, err = url.parse(text)
        assert.is_nil(u)
        assert.is_nil(err:find("wxtest", 1, true))
      end
    end)

    it("raises on misuse", function()
      assert.has_error(function() url.parse() end)
      assert.has_error(function() url.parse {} end)
    end)
  end)

  describe("build", function()
    it("puts the parts together", function()
      assert.equal("https://u:p@wx.example.cn:8443/a?x=1#top", url.build {
        scheme = "https", userinfo = "u:p", host = "wx.example.cn", port = 8443,
        path = "/a", query = "x=1", fragment = "top",
      })
    end)

    it("leaves out what is absent or the default", function()
      assert.equal("http://a/", url.build { scheme = "http", host = "a" })
      assert.equal("http://a/", url.build { scheme = "http", host = "a", port = 80, path = "" })
      assert.equal("https://a:80/", url.build { scheme = "https", host = "a", port = 80 })
      assert.equal("http://a/?#", url.build { scheme = "http", host = "a", query = "", fragment = "" })
      assert.equal("http://@a/", url.build { scheme = "http", host = "a", userinfo = "" })
    end)

    it("puts an IPv6 address into brackets", function()
      assert.equal("http://[::1]:8080/", url.build { scheme = "http", host = "::1", port = 8080 })
    end)

    it("is parsed into the same parts", function()
      for _, text in ipairs {
        "https://u@wx.example.cn:8443/a//b?x=1#top", "http://[2001:db8::1]/", "weixin://dl/x?", "http://a:443/#",
      } do
        assert.equal(text, url.build(url.parse(text)))
      end
    end)

    it("refuses a part that would slip into another", function()
      local cases = {
        { "host", "a/b", "host" }, { "host", "a:80", "host" }, { "host", "u@a", "host" }, { "host", "", "host" },
        { "host", "a?b", "host" }, { "host", "[::1]", "host" }, { "host", "a\r\nb", "host" }, { "host", "a\0", "host" },
        { "userinfo", "u@b", "userinfo" }, { "userinfo", "u/b", "userinfo" }, { "userinfo", "u\n", "userinfo" },
        { "path", "a", "path" }, { "path", "/a?b", "path" }, { "path", "/a#b", "path" }, { "path", "/ ", "path" },
        { "query", "a#b", "query" }, { "query", "值", "query" }, { "fragment", "a b", "fragment" },
        { "scheme", "ht/tp", "scheme" }, { "scheme", "", "scheme" }, { "port", 0, "port" }, { "port", 65536, "port" },
        { "port", -1, "port" }, { "path", "/%4", "percent escape" },
      }
      for _, case in ipairs(cases) do
        local parts = { scheme = "http", host = "a" }
        parts[case[1]] = case[2]
        refused(case[3], url.build(parts))
      end
    end)

    it("raises on misuse", function()
      assert.has_error(function() url.build "http://a" end)
      assert.has_error(function() url.build { scheme = "http" } end)
      assert.has_error(function() url.build { host = "a" } end)
      assert.has_error(function() url.build { scheme = "http", host = "a", port = "x" } end)
      assert.has_error(function() url.build { scheme = "http", host = "a", query = { a = 1 } } end)
    end)
  end)

  describe("join", function()
    local answers = { -- RFC 3986 section 5.4.1 and 5.4.2
      ["g:h"] = "g:h", ["g"] = "http://a/b/c/g", ["./g"] = "http://a/b/c/g", ["g/"] = "http://a/b/c/g/",
      ["/g"] = "http://a/g", ["//g"] = "http://g", ["?y"] = "http://a/b/c/d;p?y", ["g?y"] = "http://a/b/c/g?y",
      ["#s"] = "http://a/b/c/d;p?q#s", ["g#s"] = "http://a/b/c/g#s", ["g?y#s"] = "http://a/b/c/g?y#s",
      [";x"] = "http://a/b/c/;x", ["g;x"] = "http://a/b/c/g;x", ["g;x?y#s"] = "http://a/b/c/g;x?y#s",
      [""] = "http://a/b/c/d;p?q", ["."] = "http://a/b/c/", ["./"] = "http://a/b/c/", [".."] = "http://a/b/",
      ["../"] = "http://a/b/", ["../g"] = "http://a/b/g", ["../.."] = "http://a/", ["../../"] = "http://a/",
      ["../../g"] = "http://a/g", ["../../../g"] = "http://a/g", ["../../../../g"] = "http://a/g",
      ["/./g"] = "http://a/g", ["/../g"] = "http://a/g", ["g."] = "http://a/b/c/g.", [".g"] = "http://a/b/c/.g",
      ["g.."] = "http://a/b/c/g..", ["..g"] = "http://a/b/c/..g", ["./../g"] = "http://a/b/g",
      ["./g/."] = "http://a/b/c/g/", ["g/./h"] = "http://a/b/c/g/h", ["g/../h"] = "http://a/b/c/h",
      ["g;x=1/./y"] = "http://a/b/c/g;x=1/y", ["g;x=1/../y"] = "http://a/b/c/y",
      ["g?y/./x"] = "http://a/b/c/g?y/./x", ["g?y/../x"] = "http://a/b/c/g?y/../x",
      ["g#s/./x"] = "http://a/b/c/g#s/./x", ["g#s/../x"] = "http://a/b/c/g#s/../x", ["http:g"] = "http:g",
    }
    for reference, target in pairs(answers) do
      it(("resolves %q as RFC 3986 does"):format(reference), function()
        assert.equal(target, url.join("http://a/b/c/d;p?q", reference))
      end)
    end

    it("joins with a base without a path", function()
      assert.equal("http://a/g", url.join("http://a", "g"))
      assert.equal("http://a/g", url.join("http://a?q", "../g"))
      assert.equal("http://a?y", url.join("http://a", "?y"))
    end)

    it("drops the base's fragment and keeps its userinfo and port", function()
      assert.equal("http://u@a:81/c", url.join("http://u@a:81/b#top", "c"))
    end)

    it("keeps empty segments", function()
      assert.equal("http://a//b//d", url.join("http://a//b//c", "d"))
      assert.equal("http://a//d", url.join("http://a//b/c", "../d"))
    end)

    it("refuses a bad base or reference", function()
      refused("absolute", url.join("/a", "b"))
      refused("host", url.join("http:///a", "b"))
      refused("reference: byte 0x20 at 2 ", url.join("http://a/", "b c"))
      refused("reference: byte 0x5C", url.join("http://a/", "\\\\evil"))
      refused("reference: bad percent", url.join("http://a/", "%"))
      refused("scheme", url.join("http://a/", "1x:b"))
      refused("userinfo", url.join("http://a/", "//u@b@c"))
      refused("host: empty", url.join("http://a/", "///b"))
      refused("read as a host", url.join("http://a/", "x:/..//evil"))
    end)

    it("raises on misuse", function()
      assert.has_error(function() url.join "http://a" end)
    end)
  end)

  describe("escape and unescape", function()
    it("escape all but unreserved characters", function()
      assert.equal("AZaz09-._~", url.escape "AZaz09-._~")
      assert.equal("a%20b%2B%2F%3F%23%26%25%00%E5%80%BC", url.escape "a b+/?#&%\0值")
      assert.equal("", url.escape "")
    end)

    it("are each other's inverse", function()
      for i = 0, 255 do
        local c = string.char(i)
        assert.equal(c, url.unescape(url.escape(c)))
      end
      assert.equal("a+b", url.unescape "a+%62")
    end)

    it("refuse a bad escape", function()
      refused("at 1:", url.unescape "%")
      refused("at 5:", url.unescape "%41a%4")
      refused("at 1:", url.unescape "%%41")
    end)
  end)
end)
