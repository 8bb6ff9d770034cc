-- cd examples/hello && weiyue test
local prices = require "plugins.menu.prices"

describe("prices", function()
  it("names the price of one drink", function()
    assert.equal("红茶 15 元", prices.line "红茶")
  end)

  it("does not know every drink", function()
    assert.is_nil(prices.line "豆汁")
  end)

  it("lists one drink a line", function()
    assert.equal("绿茶 12 元\n红茶 15 元\n咖啡 20 元", prices.list())
  end)
end)
