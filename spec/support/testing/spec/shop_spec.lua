local t = require "weiyue.testing"
describe("shop", function()
  it("takes an order", function()
    local app = t.load { plugins = { "plugins/shop" }, config = { shop = { erp = "http://erp" } } }    -- or t.load "weiyue.lua"
    app.http:on("GET", "http://erp/*", { json = { title = "茶" }, after = "8s" })    -- a call without a stub fails the spec
    local u = app:user()
    assert.equal("怎么称呼你？", u:says("报名").text)
    assert.reply(u:clicks "about").is_text "关于我们"
    assert.equal(1, app.wechat:count "template.send")
    app:advance "48h"; app.wechat:fail("token.stable", { errcode = -1, times = 2 }); app:reload()
  end)
end)
