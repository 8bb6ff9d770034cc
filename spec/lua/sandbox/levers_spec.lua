-- What others than the user do to an account of the fake WeChat.

local levers = require "weiyue.sandbox.levers"
local platforms = require "spec.support.platform"

local APPID <const> = platforms.APPID

describe("the levers", function()
  local wechat, account, user
  before_each(function()
    wechat = platforms.new()
    account = wechat.world:account(APPID)
    user = account.users[wechat:user "小明"]
  end)

  local function pull(lever, body) return levers[lever](wechat.world, account, body, user) end
  local function view() return levers.view(wechat.world, account, user) end

  local function publish()
    local draft = wechat:ok("draft.add", { articles = { { title = "新茶", content = "<p>正文</p>", thumb_media_id = wechat:picture(),
      need_open_comment = 1 } } }).media_id
    return wechat:ok("publish.submit", { media_id = draft })
  end

  it("have readers comment on what is open to comments", function()
    assert.are.same({}, { table.unpack(view().articles) })
    local id = publish().msg_data_id
    assert.are.same({ msg_data_id = id, index = 0, title = "新茶" }, view().articles[1])
    assert.is_true(pull("comment", { msg_data_id = id, index = 0, content = "好茶" }))
    assert.are.equal("好茶", wechat:ok("comment.list",
      { msg_data_id = id, index = 0, begin = 0, count = 10, type = 0 }).comment[1].content)
    local ok, fault = pull("comment", { msg_data_id = "1", index = 0, content = "好茶" })
    assert.is_nil(ok)
    assert.are.equal("errcode", fault.code)
    assert.matches("^88001 ", fault.en)
  end)

  for kind, case in pairs {
    publish = { function() publish() end, "PUBLISHJOBFINISH", function(event) return event.PublishEventInfo.publish_status == 4 end },
    poi = { function()
      wechat:ok("poi.add", { business = { base_info = { sid = "1", business_name = "茶馆", branch_name = "一店", province = "广东省",
        city = "广州市", district = "海珠区", address = "路", telephone = "020", categories = { "美食" }, offset_type = 1,
        longitude = 113.3, latitude = 23.1 } } })
    end, "poi_check_notify", function(event) return event.Result == "fail" end },
    card = { function()
      wechat:ok("card.create", { card = { card_type = "GIFT", gift = { gift = "茶", base_info = {
        logo_url = "https://wx.example.cn/logo.png", brand_name = "小店", code_type = "CODE_TYPE_TEXT", title = "九折",
        color = "Color010", notice = "出示", description = "说明", sku = { quantity = 10 },
        date_info = { type = "DATE_TYPE_FIX_TERM", fixed_term = 30, fixed_begin_term = 0 } } } } })
    end, "card_not_pass_check", function(event) return event.RefuseReason ~= "" end },
  } do
    it("refuse the next review: " .. kind, function()
      local make, name, is_refused = table.unpack(case)
      local function told()
        local events = {}
        make()
        for _, event in ipairs(wechat:pushed(5)) do events[event.Event] = event end
        return events[name] ~= nil and is_refused(events[name])
      end
      assert.is_true(pull("review", { kind = kind, refuse = true }))
      assert.is_true(told())
      assert.is_false(told())
      pull("review", { kind = kind, refuse = true })
      pull("review", { kind = kind, refuse = false })
      assert.is_false(told())
    end)
  end
end)
