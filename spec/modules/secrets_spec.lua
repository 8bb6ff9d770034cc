-- weiyue_core.secrets: texts that lines from Lua do not show.
local core = require "weiyue_core"

local mask = core.secrets.mask

describe("secrets", function()
  it("are replaced wherever they stand, the longer one first, again and again", function()
    core.secrets.add "wxtest-secret"
    core.secrets.add "wxtest-secret-longer"
    core.secrets.add "another-one"
    core.secrets.add "wxtest-secret" -- twice does no harm
    for text, masked in pairs {
      [""] = "", ["wxtest"] = "wxtest", ["wxtest-secre"] = "wxtest-secre", ["wxtest-secret"] = "***",
      ["a wxtest-secret b"] = "a *** b", ["wxtest-secret-longer"] = "***", ["wxtest-secret-longe"] = "***-longe",
      ["wxtest-secretwxtest-secretanother-one"] = "*********", ["wxwxtest-secret\0another-one"] = "wx***\0***",
      ["别的another-one别的"] = "别的***别的",
    } do
      assert.equal(masked, mask(text))
    end
  end)

  it("of less than eight bytes are let through", function()
    core.secrets.add "wechat"
    core.secrets.add ""
    core.secrets.add "1234567"
    core.secrets.add "abcd5678"
    assert.equal("wechat 1234567 ***", mask "wechat 1234567 abcd5678")
  end)

  it("may be many, and of any bytes", function()
    local n <const> = 500
    local function secret(i) return ("%c%c\xFF%05d secret"):format(i % 256, i * 7 % 256, i) end
    for i = n, 1, -1 do core.secrets.add(secret(i)) end
    collectgarbage()
    local text, stars = {}, {}
    for i = 1, n do text[i], stars[i] = secret(i), "***" end
    assert.equal(table.concat(stars, " | "), mask(table.concat(text, " | ")))
  end)

  it("may be shown again once they are removed, and only those", function()
    for i = 1, 40 do core.secrets.add(("gone-%03d-secret"):format(i)) end
    for i = 1, 40, 2 do core.secrets.remove(("gone-%03d-secret"):format(i)) end
    core.secrets.remove "never-was-one"
    core.secrets.remove "gone-001-secret" -- twice does no harm
    collectgarbage()
    assert.equal("gone-039-secret ***", mask "gone-039-secret gone-040-secret")
    assert.equal("gone-001-secret ***", mask "gone-001-secret gone-002-secret")
    core.secrets.add "gone-001-secret"
    assert.equal("***", mask "gone-001-secret")
  end)

  it("are texts", function()
    assert.has_error(function() core.secrets.add {} end)
    assert.has_error(function() core.secrets.mask() end)
  end)
end)
