-- weiyue.form: multipart/form-data, by the rows of hostile-inputs.tsv and what is promised besides. M006 and M007
-- (pieces) are in spec/c/multipart_test.c; M008 and M010 (serving what was uploaded, a full disk) are about pages.
-- So are status and connection of a row: here it counts that the form is refused, and under which name.
local form = require "weiyue.form"
local facts = require "spec.support.facts"

local TYPE <const> = "multipart/form-data; boundary=XyX"

local rows <const> = {}
for _, row in ipairs(facts.rows "hostile-inputs.tsv") do
  if row.layer == "multipart" then rows[row.id] = row end
end

-- The name by which a row wants its input refused.
local function code_of(id) return (assert(rows[id].expected:match "log=([%w_.]+)", id)) end

local function refused(code, value, err)
  assert.is_nil(value)
  assert.is_table(err)
  assert.equal(code, err.code)
  assert.equal(code .. ": " .. err.message, tostring(err))
end

local function part(params, data, more)
  return ("--XyX\r\nContent-Disposition: form-data; %s\r\n%s\r\n%s\r\n"):format(params, more or "", data)
end

local function body(...) return table.concat { ... } .. "--XyX--\r\n" end

local function field(name, data) return part(('name="%s"'):format(name), data or "") end

local function fields(n)
  local parts = {}
  for i = 1, n do parts[i] = field("f" .. i) end
  return body(table.unpack(parts))
end

-- What remains of a file name.
local function filename(written)
  local read = assert(form.multipart(body(part('name="f"; filename="' .. written .. '"', "x")), TYPE))
  return read.files[1].filename
end

describe("weiyue.form.multipart", function()
  it("gives fields by name and files in their order", function()
    assert.same({
      fields = { title = "猫", note = "a\0\r\nb", none = "" },
      files = {
        { name = "pic", filename = "cat.png", type = "image/png", data = "\x89PNG\r\n\r\n" },
        { name = "pic", filename = "", data = "" },
      },
    }, form.multipart(body(
      field("title", "猫"), part('name="pic"; filename="cat.png"', "\x89PNG\r\n\r\n", "Content-Type: image/png\r\n"),
      field("note", "a\0\r\nb"), part('name="pic"; filename=""', ""), field "none"
    ), TYPE))
    assert.same({ fields = {}, files = {} }, form.multipart(body(), TYPE))
  end)

  it("gives arrays in order when names may repeat", function()
    assert.same({ fields = { a = { "1", "2" }, b = { "3" } }, files = {} },
      form.multipart(body(field("a", "1"), field("b", "3"), field("a", "2")), TYPE, { repeated = true }))
  end)

  it("takes 64 parts, or as many as max says", function()
    assert.equal("", form.multipart(fields(64), TYPE).fields.f64)
    refused("multipart.parts", form.multipart(fields(65), TYPE))
    assert.equal("", form.multipart(fields(65), TYPE, { max = 65 }).fields.f65)
    refused("multipart.parts", form.multipart(fields(3), TYPE, { max = 2 }))
  end)

  it("says what to do in both languages where the caller can do something", function()
    local _, err = form.multipart(fields(65), TYPE)
    assert.matches("max = n", err.hint)
    assert.matches("max = n", err.hint_en)
    _, err = form.multipart("", TYPE)
    assert.equal("refuse the form", err.hint_en)
  end)

  it("raises on misuse", function()
    assert.has_error(function() form.multipart(body()) end)
    assert.has_error(function() form.multipart(nil, TYPE) end)
    assert.has_error(function() form.multipart(body(), TYPE, 5) end)
    for _, max in ipairs { 0, 10001, 1.5, "many" } do
      assert.has_error(function() form.multipart(body(), TYPE, { max = max }) end)
    end
  end)

  describe("refuses", function()
    it("M001: a boundary that is missing, empty, too long or has a CR", function()
      local code = code_of "M001"
      for _, boundary in ipairs { "", "; boundary=", "; boundary=''", "; boundary=\"\"", "; boundary=" .. ("b"):rep(71),
        "; boundary=a\rb", "; boundary=\"a\rb\"", "; boundary=XyX\r" } do
        refused(code, form.multipart(body(field "a"), "multipart/form-data" .. boundary))
      end
      refused(code, form.multipart(body(field "a"), "application/x-www-form-urlencoded"))
      refused(code, form.multipart("x" .. body(field "a"), TYPE))
    end)

    it("M002: 10,001 empty parts", function()
      refused(code_of "M002", form.multipart(fields(10001), TYPE))
      refused(code_of "M002", form.multipart(fields(10001), TYPE, { max = 10000 }))
    end)

    it("M003: a part header of 1 MiB, or of 10,000 lines", function()
      refused(code_of "M003", form.multipart(body(part('name="a"', "", "X: " .. ("x"):rep(1 << 20) .. "\r\n")), TYPE))
      refused(code_of "M003", form.multipart(body(part('name="a"', "", ("X:\r\n"):rep(10000))), TYPE))
      refused(code_of "M003", form.multipart(body(part('name="a"', "", ("X:\r\n"):rep(16))), TYPE))
    end)

    it("M005: a body without its last boundary, wherever it ends", function()
      local whole = body(field("a", "1"), part('name="f"; filename="f"', "data"))
      for n = 0, #whole - 3 do refused(code_of "M005", form.multipart(whole:sub(1, n), TYPE)) end
      assert.is_table(form.multipart(whole:sub(1, -3), TYPE))
    end)

    it("M009: two fields of one name", function()
      local code = code_of "M009"
      refused(code, form.multipart(body(field("id", "1"), field("id", "2")), TYPE))
      refused(code, form.multipart(body(field("id", "1"), part('name="id"; filename="f"', "2")), TYPE))
      refused(code, form.multipart(body(field('i%22d', "1"), field('i\\"d', "2")), TYPE))
      refused(code, form.multipart(body(field("id", "1"), part('name="id"; filename="f"', "2")), TYPE,
        { repeated = true }))
    end)
  end)

  it("M004: takes a file name as what it is called, never as where it is", function()
    assert.equal("name only as metadata", rows.M004.expected:match "name only as metadata")
    assert.equal("x", filename "../../etc/cron.d/x")
    assert.equal("x", filename [[C:\\x]])
    assert.equal("x", filename [[C:\dir\x]])
    assert.equal("ab.png", filename "a\0b.png")
    assert.equal("a%00b.png", filename "a%00b.png") -- as it came: nobody may decode it later
    assert.equal(("x"):rep(255), filename(("x"):rep(4096)))
    assert.equal(("图"):rep(85), filename(("图"):rep(1365)))
    assert.equal("invoicegpj.exe", filename "invoice\u{202E}gpj.exe")
    assert.equal("", filename "..")
  end)
end)
