-- weiyue.pattern against Lua's own matching.
local pattern = require "weiyue.pattern"

describe("weiyue.pattern", function()
  it("finds nothing wrong with well-formed patterns", function()
    for _, p in ipairs { "", "^", "$", "^订单(%d+)$", "[^]]", "[]]", "[^%]a-z]", "()", "(a(b)c)%2%1", "%b()", "%f[%w]%a+",
      "a.-b*?", "%%", ("()"):rep(32) } do
      assert.is_nil(pattern.fault(p), p)
    end
  end)

  it("agrees with Lua on every pattern of up to four characters: what Lua refuses at some text is refused", function()
    local alphabet <const> = { "(", ")", "[", "]", "%", "^", "a", "b", "f", "1", "-" }
    local subjects <const> = { "", "a", "aa", "ab", "b", "1", "]", "-a", "f", "(b)a", "^a", "aab1-" }
    local refused, passed = 0, 0
    local function try(p)
      local fault = pattern.fault(p)
      for _, subject in ipairs(subjects) do
        local ok, err = pcall(string.match, subject, p)
        if not ok and not fault then error(("%s passes, but on %q Lua says: %s"):format(p, subject, err)) end
      end
      if fault then refused = refused + 1 else passed = passed + 1 end
    end
    local function grow(p, left)
      try(p)
      if left == 0 then return end
      for _, char in ipairs(alphabet) do grow(p .. char, left - 1) end
    end
    grow("", 4)
    assert.is_true(refused > 1000 and passed > 1000)
  end)

  it("refuses nothing that Lua never refuses", function()
    -- a subject that makes each fault show: what stands before it must match, so texts of one character
    local alphabet <const> = { "(", ")", "[", "]", "%", "a", "b" }
    local function always_fine(p)
      for _, subject in ipairs { "", "a", "aa", "aaa", "b", "bb", "ab", "ba", "(", ")", "]", "%", "aab", "(a", "a)", "]a", "a]",
        "]]", "))", "((", "%%", "(b", "b)", "b]", "]b", "%a", "a%", "(]", "[", "[a", "()" } do
        if not pcall(string.match, subject, p) then return false end
      end
      return true
    end
    local function grow(p, left)
      if pattern.fault(p) then assert.is_false(always_fine(p), p) end
      if left == 0 then return end
      for _, char in ipairs(alphabet) do grow(p .. char, left - 1) end
    end
    grow("", 3)
  end)
end)
