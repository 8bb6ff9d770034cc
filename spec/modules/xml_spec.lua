-- weiyue.xml from plain lua5.4 and from the host alike.
local xml = require "weiyue.xml"
local json = require "weiyue.json"

describe("weiyue.xml", function()
  describe("parse", function()
    it("reads a push", function()
      local t = assert(xml.parse [==[
<xml><ToUserName><![CDATA[gh_test]]></ToUserName>
<CreateTime>1348831860</CreateTime>
<Content><![CDATA[ 你好 <b> ]]></Content>
<MsgId>271781022721654784</MsgId></xml>]==])
      assert.same({
        ToUserName = "gh_test",
        CreateTime = "1348831860",
        Content = " 你好 <b> ",
        MsgId = "271781022721654784",
      }, t)
    end)

    it("reads nested and repeated elements", function()
      local t = assert(xml.parse [[
<xml a="dropped"><!-- dropped --><Count>2</Count>
  <PicList><item><Sum>a</Sum></item><item><Sum>b</Sum></item></PicList>
  <Id>1</Id><Id>2</Id><Id>3</Id><Empty/><Info><K>&lt;&#20320;</K></Info>
  <L><A>1</A></L><L/><Last>z</Last></xml>]])
      assert.same({ item = { { Sum = "a" }, { Sum = "b" } } }, t.PicList)
      assert.same({ "1", "2", "3" }, t.Id)
      assert.equal("", t.Empty)
      assert.equal("<你", t.Info.K)
      assert.same({ { A = "1" }, "" }, t.L)
      assert.equal("z", t.Last)
      assert.is_true(json.is_array(t.Id))
      assert.is_false(json.is_array(t.Info))
    end)

    it("reads a root without children as an empty table", function()
      assert.same({}, xml.parse "<xml></xml>")
      assert.same({}, xml.parse "<any/>")
    end)

    it("reads thousands of elements", function()
      local t = assert(xml.parse("<xml>" .. ("<a><b>1</b></a>"):rep(2000) .. "</xml>"))
      assert.equal(2000, #t.a)
      assert.equal("1", t.a[2000].b)
    end)

    it("lets a user set nothing but Content", function()
      local typed = "]]></Content><MsgId>1</MsgId><Content><![CDATA["
      local text = "<xml><Content><![CDATA[" .. typed .. "]]></Content><MsgId>7</MsgId></xml>"
      local t = assert(xml.parse(text))
      assert.same({ Content = typed, MsgId = "7" }, t)
    end)

    it("says what is wrong", function()
      for _, row in ipairs {
        { "", "malformed" },
        { "<xml>", "malformed" },
        { "<xml>\0</xml>", "malformed" },
        { "<!DOCTYPE x><xml/>", "document type" },
        { "<?xml version='1.0' encoding='GBK'?><xml/>", "UTF%-8" },
        { ("<a>"):rep(20000), "deep" },
        { "<xml>" .. ("<a/>"):rep(5000) .. "</xml>", "more elements" },
        { "<xml><MsgId>1</MsgId><MsgId>2</MsgId></xml>", "twice" },
      } do
        local t, err = xml.parse(row[1])
        assert.is_nil(t)
        assert.matches(row[2], err)
      end
      assert.has_error(function() xml.parse() end)
    end)
  end)

  describe("build", function()
    it("writes strings as CDATA, numbers bare, keys sorted, lists repeated", function()
      local text = xml.build {
        To = "你", Count = 2, Rate = 0.5, Flag = true,
        Articles = { item = { { Title = "a" }, { Title = "b" } } },
      }
      assert.equal("<xml><Articles><item><Title><![CDATA[a]]></Title></item>"
        .. "<item><Title><![CDATA[b]]></Title></item></Articles><Count>2</Count>"
        .. "<Flag>true</Flag><Rate>0.5</Rate><To><![CDATA[你]]></To></xml>", text)
    end)

    it("repeats the name for a list", function()
      assert.equal("<xml><Id>1</Id><Id>2</Id></xml>", xml.build { Id = { 1, 2 } })
      assert.equal("<xml></xml>", xml.build { Id = json.array() })
      assert.equal("<xml><Id></Id></xml>", xml.build { Id = {} })
      assert.equal("<xml><Id></Id></xml>", xml.build { Id = json.null })
      assert.equal("<L><N><item>1</item><item>2</item></N><N>3</N></L>", xml.build({ N = { { 1, 2 }, 3 } }, "L"))
    end)

    it("splits what would end a CDATA section", function()
      local typed = "]]><ToUserName>evil</ToUserName><![CDATA["
      local text = assert(xml.build { C = typed })
      assert.equal("<xml><C><![CDATA[]]]]><![CDATA[>" .. typed:sub(4) .. "]]></C></xml>", text)
      assert.same({ C = typed }, xml.parse(text))
    end)

    it("is read back as it was", function()
      local t = { A = "x & <y>", B = { C = { "1", "2" }, D = "" }, E = { { F = "]]>" }, { F = "\n" } } }
      assert.same(t, xml.parse(assert(xml.build(t))))
    end)

    it("replaces what XML forbids", function()
      assert.equal("<xml><C><![CDATA[a\u{FFFD}\u{FFFD}]]></C></xml>", xml.build { C = "a\1\xff" })
    end)

    it("refuses what has no form", function()
      local cycle = {}
      cycle.again = cycle
      for _, row in ipairs {
        { { F = print }, "^F: " },
        { { F = 0 / 0 }, "^F: number is not finite" },
        { { ["1a"] = 1 }, "name" },
        { { ["a b"] = 1 }, "name" },
        { { ["a><b"] = 1 }, "name" },
        { { [""] = 1 }, "name" },
        { { A = { [1.5] = 1 } }, "key that is not a string" },
        { cycle, "cycle" },
      } do
        local text, err = xml.build(row[1])
        assert.is_nil(text)
        assert.matches(row[2], err)
      end
      assert.has_error(function() xml.build "x" end)
      assert.has_error(function() xml.build({}, "a b") end)
    end)
  end)

  it("escapes text", function()
    assert.equal("&lt;a b=&quot;&#39;&quot;&gt; &amp;amp; 你 \u{FFFD}",
      xml.escape "<a b=\"'\"> &amp; 你 \0")
    assert.equal("", xml.escape "")
  end)

  it("writes a CDATA section", function()
    assert.equal("<![CDATA[a]]]]><![CDATA[>b]]>", xml.cdata "a]]>b")
    assert.equal("<![CDATA[]]>", xml.cdata "")
  end)

  it("makes a list of one, of many and of nothing", function()
    local one, many = { Id = "1" }, { { Id = "1" }, { Id = "2" } }
    assert.same({ one }, xml.as_list(one))
    assert.equal(many, xml.as_list(many))
    assert.same({ "x" }, xml.as_list "x")
    for _, nothing in ipairs { "\n\n\n", "", json.null, {} } do
      assert.same({}, xml.as_list(nothing))
    end
    assert.same({}, xml.as_list(nil))
    local empty = json.array()
    assert.equal(empty, xml.as_list(empty))
  end)
end)
