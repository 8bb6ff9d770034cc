-- weiyue.form: reading and writing application/x-www-form-urlencoded.
local form = require "weiyue.form"

local function refused(pattern, value, err)
  assert.is_nil(value)
  assert.is_string(err)
  assert.truthy(err:find(pattern), err)
end

describe("weiyue.form", function()
  describe("parse", function()
    it("reads names and values", function()
      assert.same({ a = "1", b = "2 3", ["名"] = "值", c = "x=y" },
        form.parse "a=1&b=2+3&%E5%90%8D=%e5%80%BC&c=x=y")
    end)

    it("gives a field without a value the empty string", function()
      assert.same({ a = "", b = "" }, form.parse "a&b=")
      assert.same({ [""] = "x" }, form.parse "=x")
    end)

    it("ignores empty pieces", function()
      assert.same({}, form.parse "")
      assert.same({}, form.parse "&&")
      assert.same({ a = "1", b = "2" }, form.parse "&a=1&&b=2&")
    end)

    it("keeps NUL, a semicolon and bytes beyond ASCII", function()
      assert.same({ a = "x\0y", b = "1;2", c = "\xff" }, form.parse "a=x%00y&b=1;2&c=\xff")
      assert.same({ ["a\0"] = "\0" }, form.parse "a\0=\0")
    end)

    it("refuses a bad escape and says where it stands", function()
      for text, at in pairs {
        ["%"] = 1, ["a=%"] = 3, ["a=%4"] = 3, ["a=%g0"] = 3, ["a=%0g"] = 3, ["b=1&%zz=1"] = 5,
        ["a=%41&b=%41%4"] = 12, ["a=%\0\0"] = 3, ["a=%2&b=0"] = 3, ["a=% 1"] = 3, ["a=%+1"] = 3,
      } do
        refused("percent escape at " .. at .. ":", form.parse(text))
      end
    end)

    it("refuses a repeated name, also when it is written in two ways", function()
      refused("field 2 repeats a name", form.parse "a=1&a=2")
      refused("field 3 repeats a name", form.parse "ab=1&c=&%61b=1")
    end)

    it("gives arrays in order when names may repeat", function()
      assert.same({ a = { "1", "", "3" }, b = { "2" } },
        form.parse("a=1&b=2&a&a=3", { repeated = true }))
      assert.same({}, form.parse("", { repeated = true }))
    end)

    it("takes 100 fields, or as many as max says", function()
      local pieces = {}
      for i = 1, 100 do pieces[i] = "k" .. i .. "=v" end
      local text = table.concat(pieces, "&")
      assert.equal("v", form.parse(text).k100)
      refused("more than 100 fields", form.parse(text .. "&x=1"))
      assert.equal("1", form.parse(text .. "&x=1", { max = 101 }).x)
      refused("more than 2 fields", form.parse("a=1&b=2&a=3", { max = 2, repeated = true }))
    end)

    it("raises on misuse", function()
      assert.has_error(function() form.parse() end)
      assert.has_error(function() form.parse("a=1", 5) end)
      for _, max in ipairs { 0, 10001, 1.5, "many" } do
        assert.has_error(function() form.parse("a=1", { max = max }) end)
      end
    end)
  end)

  describe("encode", function()
    it("sorts names by their bytes", function()
      assert.equal("A=4&a=1&a.b=3&ab=2", form.encode { ab = "2", a = "1", A = "4", ["a.b"] = "3" })
      assert.equal("", form.encode {})
    end)

    it("escapes all but RFC 3986's unreserved characters", function()
      assert.equal("k=AZaz09-._~", form.encode { k = "AZaz09-._~" })
      assert.equal("k+%26=%2B+%3D%25%2F%00%E5%80%BC%2A", form.encode { ["k &"] = "+ =%/\0值*" })
    end)

    it("writes numbers, and arrays as a repeated name", function()
      assert.equal("a=1&b=1.5&c=x&c=2&d=", form.encode { a = 1, b = 1.5, c = { "x", 2 }, d = "", e = {} })
    end)

    it("is read back as it was", function()
      local all = {}
      for i = 0, 255 do all[i + 1] = string.char(i) end
      local fields = { [""] = "empty", [table.concat(all)] = table.concat(all), long = ("&"):rep(5000) }
      assert.same(fields, form.parse(form.encode(fields)))
      local lists = { a = { "1", "2" }, ["b c"] = { "" } }
      assert.same(lists, form.parse(form.encode(lists), { repeated = true }))
    end)

    it("raises on what is no field", function()
      for _, bad in ipairs { { "list" }, { a = true }, { a = print }, { a = { {} } }, { [1.5] = "x" } } do
        assert.has_error(function() form.encode(bad) end)
      end
      assert.has_error(function() form.encode "a=1" end)
    end)
  end)

  describe("escape and unescape", function()
    it("are each other's inverse", function()
      for i = 0, 255 do
        local c = string.char(i)
        assert.equal(c, form.unescape(form.escape(c)))
      end
      assert.equal("a+b%2Bc", form.escape "a b+c")
      assert.equal("a b+c", form.unescape "a+b%2bc")
      assert.equal("", form.escape "")
      assert.equal("", form.unescape "")
    end)

    it("refuses a bad escape", function()
      refused("at 3:", form.unescape "ab%")
      refused("at 4:", form.unescape "%41%4")
    end)

    it("raises on misuse", function()
      assert.has_error(function() form.escape(nil) end)
      assert.has_error(function() form.unescape {} end)
    end)
  end)
end)
