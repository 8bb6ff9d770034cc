-- weiyue.json from plain lua5.4 and from the host alike.
local json = require "weiyue.json"

local BAD = "\u{FFFD}"

describe("weiyue.json", function()
  describe("decode", function()
    it("reads every kind of value", function()
      local v = assert(json.decode [=[{"s":"你好\n\u4f60","i":1,"f":1.5,"t":true,"n":null,"a":[1,[2]],"o":{"k":{}}}]=])
      assert.equal("你好\n你", v.s)
      assert.equal("integer", math.type(v.i))
      assert.equal(1.5, v.f)
      assert.equal(true, v.t)
      assert.equal(json.null, v.n)
      assert.equal(2, v.a[2][1])
      assert.same({}, v.o.k)
      assert.equal("x", json.decode '"x"')
      assert.equal(false, (json.decode "false"))
    end)

    it("keeps every digit of an id", function()
      local v = assert(json.decode("[9007199254740993, 9223372036854775807, -9223372036854775808,"
        .. " 9223372036854775808, 1700827132819554304]"))
      assert.equal("9007199254740993", tostring(v[1]))
      assert.equal(math.maxinteger, v[2])
      assert.equal(math.mininteger, v[3])
      assert.equal("9223372036854775808", v[4])
      assert.equal("integer", math.type(v[5]))
    end)

    it("reads numbers with a point or an exponent as floats", function()
      local v = assert(json.decode "[1.0, 1e3, -2.5E-1, 12345678901234567890.0]")
      for i = 1, 4 do assert.equal("float", math.type(v[i])) end
      assert.equal(1000.0, v[2])
      assert.equal(-0.25, v[3])
    end)

    it("reads numbers that are longer than any buffer", function()
      local digits = ("1"):rep(300)
      local v = assert(json.decode("[" .. digits .. ",0." .. digits .. ",7]"))
      assert.equal(digits, v[1])
      assert.is_true(math.abs(v[2] - 1 / 9) < 1e-15)
      assert.equal(7, v[3])
    end)

    it("keeps nulls in arrays", function()
      local v = assert(json.decode "[null,1,null]")
      assert.equal(3, #v)
      assert.equal(json.null, v[3])
    end)

    it("names the fault and its byte", function()
      for _, row in ipairs {
        { "", "empty", 1 },
        { "{} x", "after the end", 4 },
        { "{}\0", "after the end", 3 },
        { '{"a":1,"a":2}', "twice", 13 },
        { '{"a":1,"\\u0061":2}', "twice", 18 },
        { '["\\u0000"]', "NUL", 3 },
        { "[1.]", "number", 4 },
        { "[1e999]", "number", 2 },
        { '["\t"]', "control", 3 },
        { '["\xff"]', "UTF%-8", 3 },
        { '["\\ud800"]', "UTF%-8", 3 },
        { "\xEF\xBB\xBF{}", "byte order mark", 1 },
        { "[NaN]", "malformed", 2 },
        { ("["):rep(33) .. ("]"):rep(33), "deep", 33 },
      } do
        local v, err = json.decode(row[1])
        assert.is_nil(v)
        assert.matches(row[2], err)
        assert.equal(row[3], tonumber(err:match "at byte (%d+)$"))
      end
    end)

    it("takes what WeChat's API sends when told to be lenient", function()
      local v = assert(json.decode('{"nickname":"a\x14\b\xFF\\ud83d","b":1}', { lenient = true }))
      assert.equal("a\x14\b" .. BAD .. BAD, v.nickname)
      assert.equal(1, v.b)
      assert.is_nil((json.decode('{"nickname":"a\x14"}', { lenient = false })))
    end)

    it("nests as deep as it is told", function()
      assert.is_nil((json.decode("[[1]]", { depth = 1 })))
      local v = assert(json.decode(("["):rep(512) .. ("]"):rep(512), { depth = 512 }))
      for _ = 1, 511 do v = v[1] end
      assert.same({}, v)
    end)

    it("raises for misuse", function()
      assert.has_error(function() json.decode() end)
      assert.has_error(function() json.decode {} end)
      assert.has_error(function() json.decode("1", 1) end)
      for _, depth in ipairs { 0, 513, 1.5, "x" } do
        assert.error_matches(function() json.decode("1", { depth = depth }) end, "depth must be")
      end
    end)
  end)

  describe("encode", function()
    it("writes raw UTF-8 and only the escapes that JSON needs", function()
      assert.equal([["你好 & </a> / ' \"\\\n\t\u0001]] .. '\u{2028}"',
        json.encode "你好 & </a> / ' \"\\\n\t\1\u{2028}")
      assert.equal('"\\u0000"', json.encode "\0")
    end)

    it("sorts keys unless told not to", function()
      local t = {}
      for i = 1, 50 do t["k" .. i] = i end
      t.nested = { z = 1, a = 2 }
      local text = assert(json.encode(t))
      assert.equal('{"k1":1,"k10":10,"k11":11', text:sub(1, 25))
      assert.matches('"nested":{"a":2,"z":1}}$', text)
      assert.same(t, json.decode(assert(json.encode(t, { sort = false }))))
    end)

    it("sorts any number of keys", function()
      for n = 0, 40 do
        local t, pairs_ = {}, {}
        for i = 1, n do
          t[("k%02d"):format(i)] = { a = i, b = {} }
          pairs_[i] = ('"k%02d":{"a":%d,"b":{}}'):format(i, i)
        end
        assert.equal("{" .. table.concat(pairs_, ",") .. "}", json.encode(t))
      end
    end)

    it("has forgotten what it refused, or wrote before", function()
      for _ = 1, 3 do
        assert.is_nil((json.encode { a = 1, f = print }))
        assert.equal('{"a":1}', json.encode { a = 1 })
        assert.equal(100002, #json.encode(("x"):rep(100000)))
        assert.is_nil((json.decode '{"a":'))
        assert.same({ 1 }, json.decode "[1]")
      end
    end)

    it("writes integers whole and floats so that they read back equal", function()
      assert.equal("[9223372036854775807,-9223372036854775808,0]",
        json.encode { math.maxinteger, math.mininteger, 0 })
      assert.equal("[0.1,100,1e+100,-0.5,0.30000000000000004]",
        json.encode { 0.1, 100.0, 1e100, -0.5, 0.1 + 0.2 })
      for _, v in ipairs { math.pi, 1 / 3, 2 ^ 53, 5e-324, 1.7976931348623157e308 } do
        assert.equal(v, tonumber((json.encode(v))))
      end
    end)

    it("writes floats so that they are floats again, where it is asked to", function()
      assert.equal("[1.0,-3.0,1e+300,0.5,1]", json.encode({ 1.0, -3.0, 1e300, 0.5, 1 }, { floats = true }))
    end)

    it("tells arrays from objects", function()
      assert.equal("{}", json.encode {})
      assert.equal("[]", json.encode(json.array()))
      assert.equal("[]", json.encode(json.array {}))
      assert.equal("[1,2]", json.encode { 1, 2 })
      assert.equal('{"list":[],"o":{}}', json.encode(json.decode '{"list":[],"o":{}}'))
      assert.equal("[null]", json.encode { json.null })
      assert.equal("null", json.encode(nil))
    end)

    it("indents when told to", function()
      assert.equal('{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}',
        json.encode({ a = { 1, {} }, b = json.array() }, { pretty = true }))
    end)

    it("refuses what has no JSON form, with its path", function()
      local cycle = {}
      cycle.again = cycle
      for _, row in ipairs {
        { { a = { b = { 1, 2, 0 / 0 } } }, "finite at a%.b%[3%]$" },
        { { a = math.huge }, "finite at a$" },
        { { { name = "\xff" } }, "UTF%-8 at %[1%]%.name$" },
        { { ["\xff"] = 1 }, "UTF%-8" },
        { { f = print }, "function has no JSON form at f$" },
        { { [1] = 1, [3] = 3 }, "holes" },
        { { [2] = 1 }, "holes" },
        { { 1, x = 2 }, "both" },
        { { [1.5] = 2 }, "key" },
        { { [0] = 2 }, "key" },
        { { [true] = 2 }, "key" },
        { json.array { x = 1 }, "string keys" },
        { cycle, "cycle" },
        { io.stdout, "no JSON form" },
      } do
        local text, err = json.encode(row[1])
        assert.is_nil(text)
        assert.matches(row[2], err)
      end
    end)

    it("calls no metamethod", function()
      local function fail() error "called" end
      local meta = { __index = fail, __pairs = fail, __len = fail, __tostring = fail }
      local t = setmetatable({ a = 1 }, meta)
      assert.equal('{"a":1}', json.encode(t))
    end)

    it("writes large tables", function()
      local t = {}
      for i = 1, 100000 do t[i] = { id = i, name = "n" .. i } end
      local back = assert(json.decode(assert(json.encode(t))))
      assert.equal(100000, #back)
      assert.equal("n100000", back[100000].name)
    end)

    it("reads back what it wrote", function()
      local text = '{"a":[1,2.5,"x",true,false,null,[],{}],"b":{"c":"\\u0001你"}}'
      assert.equal(text, json.encode(json.decode(text)))
    end)
  end)

  describe("null and arrays", function()
    it("is one value that prints as null", function()
      assert.equal("null", tostring(json.null))
      assert.equal(json.null, (json.decode "null"))
      assert.equal(false, getmetatable(json.null))
    end)

    it("marks tables", function()
      local t = { 1 }
      assert.equal(t, json.array(t))
      assert.is_true(json.is_array(t))
      assert.equal(t, json.array(t))
      assert.is_true(json.is_array(json.decode "[]"))
      assert.is_false(json.is_array {})
      assert.is_false(json.is_array "x")
      assert.is_false(json.is_array(setmetatable({}, {})))
    end)

    it("shares no metatable that a plugin could change", function()
      assert.equal("weiyue.array", getmetatable(json.array()))
      assert.has_error(function() setmetatable(json.array(), {}) end)
    end)

    it("raises for what cannot be marked", function()
      assert.has_error(function() json.array(1) end)
      assert.has_error(function() json.array(setmetatable({}, {})) end)
      assert.has_error(function() json.is_array() end)
    end)
  end)
end)
