-- The rows of lua/weiyue/api against the table of facts, and what is built from each.

local access = require "weiyue.api.access"
local api_rows = require "spec.support.api_rows"
local api_table = require "spec.support.api_table"
local api_written = require "spec.support.api_written"
local catalogue = require "weiyue.api.catalogue"
local request = require "weiyue.api.request"

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a"
  if file then file:close() end
  return text
end

describe("the rows of WeChat's API", function()
  local rows = api_table.rows()

  it("are all of the table, and all of them can be read", function()
    assert.equal(659, #rows)
    local n = 0
    catalogue.each(function(row)
      n = n + 1
      assert.equal(rows[n].key, row.key)
    end)
    assert.equal(659, n)
    assert.equal(83, #catalogue.families())
    local unread = {}
    for _, one in ipairs(api_table.unread(rows)) do unread[#unread + 1] = one.key .. ": " .. one.err end
    assert.same({}, unread)
  end)

  it("are what spec/api_rows writes from the table", function()
    local files, n = api_written.files(), 0
    for path, text in pairs(files) do
      n = n + 1
      assert.equal(text, read(path), path .. " differs: run spec/api_rows")
    end
    assert.equal(83 + 2, n)
  end)

  it("have no reading for a row that is not there", function()
    local known = {}
    for _, row in ipairs(rows) do known[row.key] = true end
    for key in pairs(dofile "spec/facts/api_reading.lua") do assert.is_true(known[key], key) end
  end)

  it("tell nothing of how the table came about", function()
    catalogue.each(function(row)
      for _, word in ipairs { "[Ss]eed", "peer", "WxJava", "Senparc", "SDK" } do
        local note = (row.note or ""):gsub("JS%-SDK", "")
        assert.is_nil(note:find(word), row.key .. ": " .. (row.note or ""))
      end
    end)
  end)

  it("build what the table says, with each alternative of their fields", function()
    local built, bad = 0, {}
    api_rows.each(function(call)
      local made, err = request.build(call.row, call.args, api_rows.ctx)
      built = built + 1
      if not made then
        bad[#bad + 1] = tostring(err)
      else
        table.move(api_rows.differences(call, api_rows.of_request(made)), 1, 99, #bad + 1, bad)
      end
    end)
    assert.same({}, bad)
    assert.is_true(built > 2 * 659 - 60, built)
  end)

  it("are told apart when they are not as the table says", function()
    api_rows.each(function(call)
      if call.key ~= "user.info" then return end
      local got = api_rows.of_request(request.build(call.row, call.args, api_rows.ctx))
      got.method, got.path, got.query = "POST", got.path .. "x", got.query:gsub("openid=", "open=")
      assert.equal(4, #api_rows.differences(call, got))
    end, true)
  end)

  it("send their token under the name that the table has", function()
    local function url(key, args) return request.build(catalogue.find(key), args, api_rows.ctx).url end
    assert.matches("%?access_token=wxtest%-token$", url("menu.get"))
    assert.matches("%?component_access_token=wxtest%-token$", url("component.create_preauthcode"))
    assert.matches("%?access_token=wxtest%-token$", url("component.get_template_draft_list"))
    assert.matches("%?access_token=user&", url("oauth.userinfo", { access_token = "user", openid = "o" }))
    assert.not_matches("wxtest%-token", url "token.get")
  end)

  it("are loaded family by family", function()
    package.loaded["weiyue.api.catalogue"], package.loaded["weiyue.api.shakearound"] = nil, nil
    local fresh = require "weiyue.api.catalogue"
    assert.is_nil(package.loaded["weiyue.api.shakearound"])
    assert.equal("/shakearound/page/add", fresh.find("shakearound.page_add").path)
    assert.is_table(package.loaded["weiyue.api.shakearound"])
    package.loaded["weiyue.api.catalogue"] = catalogue
  end)
end)

describe("the catalogue", function()
  it("finds no row that is not there", function()
    for _, key in ipairs { "menu.made", "men.create", "menu", "", "menu.create.x", "catalogue.find", "..", "menu." } do
      assert.is_nil(catalogue.find(key), key)
    end
    assert.is_nil(catalogue.family "request")
  end)

  it("names the nearest row", function()
    assert.equal("menu.create", catalogue.near "menu.creat")
    assert.equal("message_custom.send", catalogue.near "mesage_custom.sned")
    assert.equal("user.info", catalogue.near "user.get_info")
    assert.equal("menu.delete", catalogue.near "menu.del")
    assert.is_nil(catalogue.near "frobnicate.everything")
  end)

  it("takes rows of others, but not in place of its own", function()
    local row = assert(catalogue.add("wxtest_shop", { "ship", "POST", "/shop/ship", body = "order_id, items[<=2]{id:int}" }))
    assert.equal(row, catalogue.find "wxtest_shop.ship")
    assert.same({ "ship" }, catalogue.names "wxtest_shop")
    local made = assert(request.build(row, { order_id = "1", items = { { id = 2 } } }, { token = "t" }))
    assert.equal('{"order_id":"1","items":[{"id":2}]}', made.body)
    assert.is_nil((catalogue.add("menu", { "create", "POST", "/x" })))
    for _, own in ipairs { { "x", "PUT", "/x" }, { "x", "GET", "x" }, { "x", "POST", "/x", body = "a{" }, { "X y", "GET", "/x" } } do
      local none, err = catalogue.add("wxtest_shop", own)
      assert.is_nil(none)
      assert.is_string(err)
    end
  end)

  it("says which accounts have what one lacks", function()
    local row = catalogue.find "message_custom.send"
    assert.is_true(access.check(row, { customer_service = true }))
    assert.is_true(access.check(catalogue.find "oauth.userinfo", { oauth = true }))
    assert.is_true(access.check(catalogue.find "shakearound.page_add", {}))
    local ok, err = access.check(row, { customer_service = false })
    assert.is_nil(ok)
    assert.equal("api.capability", err.code)
    assert.equal("message_custom.send: api.capability: the account cannot: customer_service; "
      .. "verified subscription account, verified service account, mini program can", tostring(err))
    assert.equal("账号没有这个能力：已认证订阅号、已认证服务号、小程序有。若微信已给了权限，在账号里写 can = { customer_service = true }", err.hint)
    assert.matches("can = { customer_service = true }", err.hint_en, 1, true)
    assert.matches("已认证服务号（须申请）", select(2, access.check(catalogue.find "card.get", {})).hint)
  end)

  it("knows how often a day some calls may be made", function()
    local n = 0
    catalogue.each(function(row) n = n + (access.daily(row) and 1 or 0) end)
    assert.equal(20, n)
    assert.equal(500, access.daily(catalogue.find "user.list"))
    assert.is_nil(access.daily(catalogue.find "tag.create"))
  end)

  it("knows which kinds of account have a row's capability", function()
    local facts, capabilities = require "spec.support.facts", {}
    for _, own in ipairs(facts.rows "capabilities.tsv") do
      for family in own.families:gmatch "[%w_*]+" do capabilities[family] = own end
    end
    catalogue.each(function(row)
      local own = capabilities[row.family] or (row.family:find "^card" and capabilities["card*"]) or nil
      assert.equal(own and own.capability, catalogue.capability(row), row.key)
      if own then
        assert.equal(own.daily_quota ~= "-" and own.daily_quota or nil, access.quota(row), row.key)
        local daily = access.daily(row)
        if daily then assert.truthy(own.daily_quota:find("%f[%d]" .. daily .. "%f[%D]"), row.key) end
        local has = {}
        for _, kind in ipairs(access.kinds(own.capability)) do has[kind.kind] = kind.apply and "apply" or "yes" end
        for _, kind in ipairs { "subscription", "subscription_verified", "service", "service_verified" } do
          assert.equal(own[kind] ~= "no" and own[kind] or nil, has[kind], row.key)
        end
      end
    end)
  end)
end)