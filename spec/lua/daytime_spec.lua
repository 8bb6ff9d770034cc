-- When the next 09:00 is: days, lists, summer time.
local daytime = require "weiyue.daytime"

-- Unix seconds of UTC.
local function utc(year, month, day, hour, min, sec)
  local a = (14 - month) // 12 -- January and February count to the year before
  local y, m = year - a, month + 12 * a - 3
  local days = y * 365 + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 719469
  return days * 86400 + hour * 3600 + (min or 0) * 60 + (sec or 0)
end

local function show(t) return os.date("!%Y-%m-%d %H:%M:%S", t) end

-- A zone that stands still.
local function fixed(seconds) return function() return seconds end end

-- New York in 2024: EST, set forward on 10 March at 2:00, set back on 3 November at 2:00.
local function new_york(t)
  local summer = t >= utc(2024, 3, 10, 7) and t < utc(2024, 11, 3, 6)
  return (summer and -4 or -5) * 3600
end

local BEIJING <const> = fixed(8 * 3600)

-- The next n moments after t, as texts in UTC.
local function moments(times, t, offset, n)
  local list, texts = assert(daytime.read(times)), {}
  for i = 1, n do
    t = daytime.next(list, t, offset)
    texts[i] = show(t)
  end
  return texts
end

describe("daytime.read", function()
  it("takes hours and minutes, with or without seconds", function()
    assert.same({ 0 }, daytime.read "00:00")
    assert.same({ 9 * 3600 }, daytime.read "09:00")
    assert.same({ 86399 }, daytime.read "23:59:59")
  end)

  it("takes a list, in any order, each time once", function()
    assert.same({ 0, 32400, 64805 }, daytime.read { "18:00:05", "09:00", "00:00", "09:00:00" })
  end)

  for _, bad in ipairs { "", "9:00", "09:0", "09:00:", "09:000", "24:00", "09:60", "09:00:60", "09：00", "0x:00", " 09:00", "09:00 ",
    "-1:00", "09.00", "9", "morning" } do
    it(("refuses %q and shows a good one"):format(bad), function()
      local list, err = daytime.read(bad)
      assert.is_nil(list)
      assert.equal(("%q is no time of day such as \"09:00\" or \"23:59:30\""):format(bad), err)
    end)
  end

  it("refuses what is no text", function()
    assert.same({ nil, "a number is no time of day such as \"09:00\" or \"23:59:30\"" }, { daytime.read(9) })
    assert.same({ nil, "a table is no time of day such as \"09:00\" or \"23:59:30\"" }, { daytime.read { {} } })
  end)

  it("refuses nothing, an empty list, and one with names", function()
    assert.same({ nil, "a time of day such as \"09:00\" is wanted" }, { daytime.read() })
    assert.same({ nil, "a time of day such as \"09:00\" is wanted" }, { daytime.read {} })
    assert.same({ nil, "a list of times has no field days" }, { daytime.read { days = "mon-fri" } })
    assert.is_nil((daytime.read { "09:00", days = "mon-fri" }))
  end)
end)

describe("daytime.next", function()
  it("is today's, if it is yet to come, else tomorrow's", function()
    local nine = utc(2024, 6, 1, 1)
    assert.same({ "2024-06-01 01:00:00", "2024-06-02 01:00:00" }, moments("09:00", nine - 1, BEIJING, 2))
    assert.same({ "2024-06-02 01:00:00" }, moments("09:00", nine, BEIJING, 1))
    assert.same({ "2024-06-01 01:00:00" }, moments("09:00", nine - 0.001, BEIJING, 1))
    assert.same({ "2024-06-02 01:00:00" }, moments("09:00", nine + 0.001, BEIJING, 1))
  end)

  it("counts days where the clocks are, not in Greenwich", function()
    assert.same({ "2024-05-31 16:00:00" }, moments("00:00", utc(2024, 5, 31, 12), BEIJING, 1)) -- 1 June in Beijing
    assert.same({ "2024-06-01 09:00:00" }, moments("23:00", utc(2024, 6, 1, 8), fixed(14 * 3600), 1))
    assert.same({ "2024-06-01 11:00:00" }, moments("23:00", utc(2024, 6, 1, 8), fixed(-12 * 3600), 1))
  end)

  it("goes through a list in the order of the day, over years and leap days", function()
    assert.same({ "2023-12-31 18:00:00", "2024-01-01 09:00:00", "2024-01-01 18:00:00" },
      moments({ "18:00", "09:00" }, utc(2023, 12, 31, 12), fixed(0), 3))
    assert.same({ "2024-02-28 12:00:00", "2024-02-29 12:00:00", "2024-03-01 12:00:00" },
      moments("12:00", utc(2024, 2, 28, 0), fixed(0), 3))
  end)

  describe("on the day that clocks are set forward", function()
    local day <const> = utc(2024, 3, 10, 5) -- midnight

    it("keeps the times before and behind", function()
      assert.same({ "2024-03-10 06:59:59", "2024-03-10 07:00:00" }, moments({ "01:59:59", "03:00" }, day, new_york, 2))
      assert.same({ "2024-03-09 14:00:00", "2024-03-10 13:00:00" }, moments("09:00", day - 86400, new_york, 2))
    end)

    it("takes the first valid moment for a time that is left out, and the time itself the day after", function()
      assert.same({ "2024-03-10 07:00:00", "2024-03-11 06:30:00" }, moments("02:30", day, new_york, 2))
      assert.same({ "2024-03-10 07:00:00" }, moments("02:00", day, new_york, 1))
      assert.same({ "2024-03-10 07:00:00" }, moments("02:59:59", day, new_york, 1))
    end)

    it("takes that moment once, though several times come to it", function()
      assert.same({ "2024-03-10 07:00:00", "2024-03-11 06:10:00" },
        moments({ "02:10", "02:20", "03:00" }, day, new_york, 2))
    end)
  end)

  describe("on the day that clocks are set back", function()
    local day <const> = utc(2024, 11, 3, 4) -- midnight

    it("takes the first of a time that comes twice, from wherever one looks", function()
      local first, second = "2024-11-03 05:30:00", utc(2024, 11, 3, 6, 30)
      assert.same({ first, "2024-11-04 06:30:00" }, moments("01:30", day, new_york, 2))
      for t = second - 3599, second + 1, 120 do
        assert.same({ "2024-11-04 06:30:00" }, moments("01:30", t, new_york, 1))
      end
    end)

    it("keeps the times before and behind", function()
      assert.same({ "2024-11-03 04:59:59", "2024-11-03 05:00:00", "2024-11-03 07:00:00" },
        moments({ "00:59:59", "01:00", "02:00" }, day, new_york, 3))
    end)
  end)

  it("gives each day of a year one 02:30 and one 01:30", function()
    local t, times = utc(2023, 12, 31, 12), daytime.read { "01:30", "02:30" }
    for _ = 1, 366 do
      local first = daytime.next(times, t, new_york)
      t = daytime.next(times, first, new_york)
      assert.equal("01:30", os.date("!%H:%M", first + new_york(first)))
      local shown = os.date("!%m-%d %H:%M", t + new_york(t))
      assert.is_true(shown:find " 02:30$" ~= nil or shown == "03-10 03:00", shown)
    end
    assert.equal("2024-12-31 07:30:00", show(t))
  end)

  it("comes out of a day that a zone left out", function() -- Samoa went over the date line
    local function samoa(t) return (t < utc(2011, 12, 30, 10) and -10 or 14) * 3600 end
    assert.same({ "2011-12-29 19:00:00", "2011-12-30 10:00:00", "2011-12-30 19:00:00" },
      moments("09:00", utc(2011, 12, 29, 12), samoa, 3))
  end)
end)

describe("daytime.offset", function()
  -- What a Lua whose process stands in this zone says.
  local function in_zone(zone, code)
    local pipe = assert(io.popen(("TZ='%s' lua5.4 -e 'local d = dofile \"lua/weiyue/daytime.lua\" %s'"):format(zone, code)))
    local out = pipe:read "a"
    assert.is_true(pipe:close())
    return out
  end

  -- rules by POSIX: no zone files are needed
  for zone, offsets in pairs {
    ["UTC0"] = "0 0", ["CST-8"] = "28800 28800", ["EST5EDT,M3.2.0,M11.1.0"] = "-18000 -14400", ["IST-5:30"] = "19800 19800",
    ["NST3:30"] = "-12600 -12600",
  } do
    it("is that of the zone " .. zone, function()
      assert.equal(offsets, in_zone(zone, ("io.write(d.offset(%d), \" \", d.offset(%d))"):format(
        utc(2024, 1, 1, 0), utc(2024, 7, 1, 0))))
    end)
  end

  it("lets times follow summer time", function()
    assert.equal("2024-03-10 07:00:00 2024-11-03 05:30:00", in_zone("EST5EDT,M3.2.0,M11.1.0", ([[
      io.write(os.date("!%%F %%T ", d.next({ 9000 }, %d, d.offset)), os.date("!%%F %%T", d.next({ 5400 }, %d, d.offset)))
    ]]):format(utc(2024, 3, 10, 5), utc(2024, 11, 3, 4))))
  end)
end)
