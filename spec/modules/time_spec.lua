-- weiyue.time: clocks, durations, HTTP dates, RFC 3339.
local time = require "weiyue.time"

local function refused(pattern, value, err)
  assert.is_nil(value)
  assert.is_string(err)
  assert.truthy(err:find(pattern), err)
end

describe("weiyue.time", function()
  describe("clocks", function()
    it("now is unix time as a float", function()
      local t = time.now()
      assert.equal("float", math.type(t))
      assert.truthy(t > 1577836800, "before 2020")
      assert.truthy(t < 253402300800, "milliseconds?")
    end)

    it("monotonic never goes back", function()
      local last = time.monotonic()
      assert.equal("float", math.type(last))
      for _ = 1, 1000 do
        local t = time.monotonic()
        assert.truthy(t >= last)
        last = t
      end
    end)
  end)

  describe("duration", function()
    local good = {
      ["5m"] = 300, ["10s"] = 10, ["1h30m"] = 5400, ["48h"] = 172800, ["500ms"] = 0.5, ["2d"] = 172800,
      ["0s"] = 0, ["1d2h3m4s5ms"] = 93784.005, ["1.5h"] = 5400, ["0.25s"] = 0.25, ["1m500ms"] = 60.5, ["007s"] = 7,
      ["36525d"] = 3155760000,
    }
    for text, seconds in pairs(good) do
      it(("reads %q"):format(text), function() assert.equal(seconds, time.duration(text)) end)
    end

    it("passes a number through", function()
      assert.equal(90, time.duration(90))
      assert.equal(0.5, time.duration(0.5))
      assert.equal(0, time.duration(0))
    end)

    it("gives an integer where it can", function()
      assert.equal("integer", math.type(time.duration "5m"))
      assert.equal("integer", math.type(time.duration(2.0)))
      assert.equal("float", math.type(time.duration "1ms"))
    end)

    for _, text in ipairs {
      "", "5", "m", "5 m", " 5m", "5m ", "-5m", "+5m", "5min", "5M", "5w", "1m1h", "1s1s", "5ms1s",
      ".5s", "5.s", "1e3s",
      "5m\0", "٣s", ("9"):rep(16) .. "s", "0x10s",
    } do
      it(("refuses %q"):format(text), function()
        refused("not a duration: .*1h30m", time.duration(text))
      end)
    end

    it("refuses what is negative, endless or over a century", function()
      for _, d in ipairs { -1, -0.001, 0 / 0, math.huge, -math.huge, 3155760001, "36525d1s", "9999999999d" } do
        refused("0 to 100 years", time.duration(d))
      end
    end)

    it("raises on misuse", function()
      assert.has_error(function() time.duration() end)
      assert.has_error(function() time.duration {} end)
      assert.has_error(function() time.duration(true) end)
    end)
  end)

  local dates = { -- unix seconds, IMF-fixdate, RFC 3339 (checked with date -u)
    { 0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z" },
    { -1, "Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59Z" },
    { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z" },
    { 951782400, "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29T00:00:00Z" },
    { 1709251199, "Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59Z" },
    { 1709251200, "Fri, 01 Mar 2024 00:00:00 GMT", "2024-03-01T00:00:00Z" },
    { 2147483648, "Tue, 19 Jan 2038 03:14:08 GMT", "2038-01-19T03:14:08Z" },
    { 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01T00:00:00Z" },
    { -2203891200, "Thu, 01 Mar 1900 00:00:00 GMT", "1900-03-01T00:00:00Z" },
    { 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z" },
    { -62167219200, "Sat, 01 Jan 0000 00:00:00 GMT", "0000-01-01T00:00:00Z" },
  }

  for _, case in ipairs(dates) do
    it("writes and reads " .. case[3], function()
      assert.equal(case[2], time.http(case[1]))
      assert.equal(case[1], time.parse_http(case[2]))
      assert.equal(case[3], time.iso(case[1]))
      assert.equal(case[1], time.parse_iso(case[3]))
    end)
  end

  it("reads back every day of a leap cycle's ends", function()
    for _, from in ipairs { 946684800 - 400 * 86400, 4102444800 - 400 * 86400 } do
      for day = 0, 800 do
        local t = from + day * 86400 + 3661
        assert.equal(t, time.parse_http(time.http(t)))
        assert.equal(t, time.parse_iso(time.iso(t)))
        assert.equal(os.date("!%Y-%m-%dT%H:%M:%SZ", t), time.iso(t))
      end
    end
  end)

  describe("http", function()
    it("drops the fraction", function()
      assert.equal("Thu, 01 Jan 1970 00:00:00 GMT", time.http(0.999))
      assert.equal("Wed, 31 Dec 1969 23:59:59 GMT", time.http(-0.001))
    end)

    it("reads the two obsolete forms", function()
      assert.equal(784111777, time.parse_http "Sunday, 06-Nov-94 08:49:37 GMT")
      assert.equal(784111777, time.parse_http "Sun Nov  6 08:49:37 1994")
      assert.equal(1700000000, time.parse_http "Tue Nov 14 22:13:20 2023")
    end)

    for _, text in ipairs {
      "", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 GMT ",
      "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT",
      "Sun, 06 nov 1994 08:49:37 GMT", "Thu, 30 Feb 2023 00:00:00 GMT", "Wed, 29 Feb 2023 00:00:00 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\0",
      "Sunday, 06 Nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "784111777", "Sun, -6 Nov 1994 08:49:37 GMT",
    } do
      it(("refuses %q"):format(text), function()
        refused("not an HTTP date", time.parse_http(text))
      end)
    end

    it("refuses a time beyond four digits of year", function()
      for _, t in ipairs { 253402300800, -62167219201, 0 / 0, math.huge, -math.huge, 1e300 } do
        refused("years 0000 to 9999", time.http(t))
        refused("years 0000 to 9999", time.iso(t))
      end
    end)

    it("raises on misuse", function()
      assert.has_error(function() time.http() end)
      assert.has_error(function() time.http "now" end)
      assert.has_error(function() time.parse_http() end)
    end)
  end)

  describe("iso", function()
    it("writes milliseconds where there are some", function()
      assert.equal("2023-11-14T22:13:20.123Z", time.iso(1700000000.123))
      assert.equal("2023-11-14T22:13:20.005Z", time.iso(1700000000.005))
      assert.equal("2023-11-14T22:13:20Z", time.iso(1700000000.0))
      assert.equal("2023-11-14T22:13:21Z", time.iso(1700000000.9999))
      assert.equal("1969-12-31T23:59:59.500Z", time.iso(-0.5))
    end)

    it("writes an offset", function()
      assert.equal("2023-11-15T06:13:20+08:00", time.iso(1700000000, 8 * 3600))
      assert.equal("2023-11-14T18:43:20-03:30", time.iso(1700000000, -12600))
      assert.equal("2023-11-14T22:13:20Z", time.iso(1700000000, 0))
      assert.equal("1970-01-01T23:59:00+23:59", time.iso(0, 86340))
      refused("years 0000 to 9999", time.iso(253402300799, 60))
      refused("years 0000 to 9999", time.iso(253402300799.9996))
    end)

    it("reads offsets, fractions, lower case and a leap second", function()
      assert.equal(1700000000, time.parse_iso "2023-11-15T06:13:20+08:00")
      assert.equal(1700000000, time.parse_iso "2023-11-14t18:43:20-03:30")
      assert.equal(1700000000, time.parse_iso "2023-11-14T22:13:20-00:00")
      assert.equal(1700000000.5, time.parse_iso "2023-11-14T22:13:20.5z")
      assert.equal(1700000000.125, time.parse_iso("2023-11-14T22:13:20.125" .. ("0"):rep(40) .. "Z"))
      assert.equal(1483228800, time.parse_iso "2016-12-31T23:59:60Z")
      assert.equal("integer", math.type(time.parse_iso "2023-11-14T22:13:20.000Z"))
    end)

    for _, text in ipairs {
      "", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14 22:13:20Z", "2023-11-14T22:13Z", "2023-02-29T00:00:00Z",
      "1900-02-29T00:00:00Z", "2023-00-01T00:00:00Z", "2023-13-01T00:00:00Z", "2023-04-31T00:00:00Z",
      "2023-11-14T24:00:00Z", "2023-11-14T22:60:20Z", "2023-11-14T22:13:61Z", "2023-11-14T22:13:20.Z",
      "2023-11-14T22:13:20+8:00", "2023-11-14T22:13:20+0800", "2023-11-14T22:13:20+24:00", "2023-11-14T22:13:20+08:60",
      "2023-11-14T22:13:20Zx", "2023-11-14T22:13:20Z\0", "-023-11-14T22:13:20Z", "23-11-14T22:13:20Z",
      "2023-11-14T22:13:20,5Z", "20231114T221320Z",
    } do
      it(("refuses %q"):format(text), function()
        refused("not an RFC 3339 time", time.parse_iso(text))
      end)
    end

    it("raises on misuse", function()
      assert.has_error(function() time.iso() end)
      assert.has_error(function() time.iso(0, 30) end)
      assert.has_error(function() time.iso(0, 86400) end)
      assert.has_error(function() time.iso(0, "east") end)
      assert.has_error(function() time.parse_iso(nil) end)
    end)
  end)
end)
