-- A line of the log, as the inspector shows it.
local log_line = require "weiyue.sandbox.log_line"

describe("a line of the log", function()
  it("is read with what is quoted in it", function()
    local line = log_line.read([[2026-01-02T03:04:05.678Z error event=handler.error account=demo where=plugins/a.lua:3 ]]
      .. [[text="plugins/a.lua:7: say \"no\"\nstack \\ \u0001" trace=ab]])
    assert.equal("handler.error", line.event)
    assert.equal("plugins/a.lua:7: say \"no\"\nstack \\ \1", line.text)
    assert.equal("plugins/a.lua:7", line.where)
    assert.same({ account = "demo", where = "plugins/a.lua:3", trace = "ab" }, line.fields)
  end)

  it("without a text has the place of its rule", function()
    assert.equal("a.lua:3", log_line.read("T warn event=x where=a.lua:3").where)
  end)

  it("that is cut off or no such line is read as far as it goes", function()
    assert.equal("abc", log_line.read('T info event=x text="abc').text)
    assert.equal("", log_line.read("nothing of the kind at all").event)
    assert.equal("", log_line.read("").event)
  end)
end)
