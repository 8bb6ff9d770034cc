-- The functions of Lua's library that weiyue replaces (string.find and gsub, table.move, pcall …) against a stock
-- lua5.4: the same results and the same errors for thousands of arguments that no one would write.
local cases = require "spec.support.library_cases"

describe("the library", function()
  for _, group in ipairs(cases.groups) do
    it("does what Lua's does: " .. group, function()
      local pipe = assert(io.popen("lua5.4 spec/support/library_cases.lua " .. group))
      local ours, n = cases.lines(group), 0
      for line in pipe:lines() do
        n = n + 1
        if line ~= ours[n] then error(("line %d\nLua's: %s\nours:  %s"):format(n, line, tostring(ours[n])), 0) end
      end
      pipe:close()
      assert.is_true(n > 0)
      assert.equal(n, #ours)
    end)
  end

  it("repeats nothing at once, however often", function() assert.equal("", (""):rep(math.maxinteger)) end)
  it("has no string.dump", function() assert.is_nil(string.dump) end)
end)
