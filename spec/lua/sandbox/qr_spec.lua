-- QR codes of the fake WeChat: by the standard, read by zbar, and by the rules of scenes.

local qr = require "weiyue.sandbox.qr"
local sandbox = require "spec.support.sandbox_world"

local APPID <const>, OPENID <const> = sandbox.APPID, sandbox.OPENID

-- What zbarimg reads in a picture; nil where there is no zbarimg.
local function scanned(png)
  local probe = io.popen "command -v zbarimg"
  local found = probe:read "a" ~= ""
  probe:close()
  if not found then return nil end
  local name = os.tmpname()
  local file = assert(io.open(name, "wb"))
  file:write(png)
  file:close()
  local run = assert(io.popen(("zbarimg --quiet --nodbus --raw -Sdisable -Sqrcode.enable %s 2>/dev/null"):format(name)))
  local text = run:read "a":gsub("\n$", "")
  run:close()
  os.remove(name)
  return text
end

local function row(m, y)
  local out = {}
  for x = 0, m.size - 1 do out[x + 1] = m.dark[y][x] and "#" or "." end
  return table.concat(out)
end

describe("a QR code", function()
  it("has the finders, the timing and the dark module of the standard", function()
    local m = assert(qr.matrix "https://wx.example.cn/")
    assert.equal(25, m.size)
    assert.equal(2, m.version)
    for y, want in pairs { [0] = "#######.", "#.....#.", "#.###.#.", "#.###.#.", "#.###.#.", "#.....#.", "#######.", "........" } do
      assert.equal(want, row(m, y):sub(1, 8))
      assert.equal(want:reverse(), row(m, y):sub(-8))
      assert.equal(want, row(m, m.size - 1 - y):sub(1, 8))
    end
    assert.equal(".#.#.#.#.", row(m, 6):sub(8, 16))
    assert.equal("#", row(m, m.size - 8):sub(9, 9))
  end)

  it("is read by another program, at each version and fill", function()
    local text = ("http://127.0.0.1:9000/q/02AbCdEf-%s_微信"):format("x"):rep(10)
    local n, versions = 0, {}
    for _, length in ipairs { 1, 14, 15, 26, 42, 43, 62, 84, 85, 106, 122, 152, 153, 180, 213, 214, 230, 231, 271 } do
      local part = text:sub(1, length):gsub("[\x80-\xFF]", "u")
      local got = scanned(assert(qr.png(part)))
      if not got then return pending "zbarimg is not installed" end
      assert.equal(part, got, length)
      n, versions[qr.matrix(part).version] = n + 1, true
    end
    assert.equal(19, n)
    for version = 1, 10 do assert.is_true(versions[version], version) end
  end)

  it("is an SVG, too, and nothing where a text is too long", function()
    assert.matches('^<svg .-viewBox="0 0 33 33".*</svg>$', qr.svg "https://wx.example.cn/")
    assert.is_nil((qr.png(("x"):rep(272))))
    assert.matches("too long", select(2, qr.svg(("x"):rep(272))))
  end)
end)

describe("qrcode.create", function()
  local function create(s, args) return s:call("qrcode.create", args) end
  local function id(n) return { scene = { scene_id = n } } end
  local function str(text) return { scene = { scene_str = text } } end

  it("gives a picture that can be scanned and leads to the scene", function()
    local s = sandbox.new()
    local made = assert(create(s, { action_name = "QR_STR_SCENE", expire_seconds = 604800, action_info = str "door-1" }))
    assert.equal(604800, made.expire_seconds)
    assert.matches("^http://127%.0%.0%.1:9000/q/", made.url)
    local picture = assert(s:call("qrcode.show", { ticket = made.ticket }))
    assert.equal("image/png", picture.type)
    local url = scanned(picture.body)
    if url then assert.equal(made.url, url) end
    assert.equal("door-1", s.world:scan(APPID, OPENID, { url = url or made.url }).EventKey)
    assert.equal(404, s:send { method = "GET", path = "/cgi-bin/showqrcode", query = { ticket = "none" } }.status)
  end)

  it("takes scenes by the kind of code", function()
    for _, case in ipairs {
      { "QR_SCENE", id(1), 0 }, { "QR_SCENE", id(0xFFFFFFFF), 0 }, { "QR_SCENE", id(0), 40053 }, { "QR_SCENE", id(0x100000000), 40053 },
      { "QR_SCENE", str "a", 40053 }, { "QR_LIMIT_SCENE", id(100000), 0 }, { "QR_LIMIT_SCENE", id(100001), 40053 },
      { "QR_STR_SCENE", str(("x"):rep(64)), 0 }, { "QR_STR_SCENE", str(("x"):rep(65)), 40053 }, { "QR_STR_SCENE", str "", 40053 },
      { "QR_LIMIT_STR_SCENE", str "a", 0 }, { "QR_LIMIT_STR_SCENE", id(1), 40053 }, { "QR_OTHER", id(1), 40052 },
    } do
      local json = require "weiyue.json"
      assert.equal(case[3], sandbox.new():raw("qrcode.create", json.encode { action_name = case[1], action_info = case[2] }), case[1])
    end
    local long = '{"expire_seconds":2592001,"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":1}}}'
    assert.equal(40097, sandbox.new():raw("qrcode.create", long))
  end)

  it("gives codes that end, and codes that stay", function()
    local s = sandbox.new()
    local short = assert(create(s, { action_name = "QR_SCENE", action_info = id(1) }))
    assert.equal(60, short.expire_seconds)
    local kept = assert(create(s, { action_name = "QR_LIMIT_SCENE", action_info = id(1) }))
    assert.is_nil(kept.expire_seconds)
    assert.equal(kept.ticket, create(s, { action_name = "QR_LIMIT_SCENE", action_info = id(1) }).ticket)
    assert.not_equal(short.ticket, create(s, { action_name = "QR_SCENE", action_info = id(1) }).ticket)
    s:advance(40 * 86400)
    assert.is_nil((s.world:scan(APPID, OPENID, { ticket = short.ticket })))
    assert.equal("1", s.world:scan(APPID, OPENID, { ticket = kept.ticket }).EventKey)
  end)
end)
