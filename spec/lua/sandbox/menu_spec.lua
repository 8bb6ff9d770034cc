-- Menus of the fake WeChat: every limit, conditional menus, who sees what.

local json = require "weiyue.json"
local rows = require "spec.support.sandbox_rows"
local sandbox = require "spec.support.sandbox_world"

local APPID <const>, OPENID <const> = sandbox.APPID, sandbox.OPENID

local function click(more)
  local button = { type = "click", name = "关于", key = "about" }
  for key, value in pairs(more or {}) do button[key] = value end
  return button
end

local function view(url) return { type = "view", name = "网站", url = url or "https://wx.example.cn/" } end

-- What WeChat says to buttons, whatever the program would say.
local function create(s, buttons) return s:raw("menu.create", json.encode { button = buttons }) end

local function below(...) return { { name = "更多", sub_button = { ... } } } end

local function add(s, rule, button)
  return s:call("menu.add_conditional", { button = { button or click() }, matchrule = rule })
end

describe("menu.create", function()
  it("takes three buttons with five below each", function()
    local s = sandbox.new()
    local bar = {}
    for i = 1, 3 do
      local list = {}
      for k = 1, 5 do list[k] = click { key = i .. "." .. k, name = ("名"):rep(20) } end
      bar[i] = { name = "五个汉字啊", sub_button = list }
    end
    assert.equal(0, create(s, bar))
    assert.equal(3, #s:call("menu.get").menu.button)
    assert.equal("2.5", s:call("menu.get").menu.button[2].sub_button[5].key)
  end)

  it("refuses what is over a limit, with the code for it", function()
    local long_url = "https://wx.example.cn/" .. ("x"):rep(1010)
    for what, case in pairs {
      ["no button"] = { json.array {}, 40016 }, ["four buttons"] = { { click(), click(), click(), click() }, 40016 },
      ["no list"] = { { a = click() }, 40016 }, ["six below"] = { below(click(), click(), click(), click(), click(), click()), 40023 },
      ["no type"] = { { { name = "a", key = "k" } }, 40017 }, ["a type that is none"] = { { click { type = "song" } }, 40017 },
      ["none below either"] = { { { name = "a", sub_button = json.array {} } }, 40017 },
      ["a type below that is none"] = { below(click { type = "song" }), 40024 },
      ["no name"] = { { { type = "click", key = "k" } }, 40018 }, ["a name of 17 bytes"] = { { click { name = ("x"):rep(17) } }, 40018 },
      ["six characters"] = { { click { name = "六个汉字名啊" } }, 40018 },
      ["a name below of 61 bytes"] = { below(click { name = ("x"):rep(61) }), 40025 },
      ["an empty name below"] = { below(click { name = "" }), 40025 },
      ["no key"] = { { { type = "click", name = "a" } }, 40019 }, ["a key of 129 bytes"] = { { click { key = ("k"):rep(129) } }, 40019 },
      ["no key below"] = { below { type = "scancode_push", name = "a" }, 40026 },
      ["no url"] = { { { type = "view", name = "a" } }, 40020 }, ["a long url"] = { { view(long_url) }, 40020 },
      ["a long url below"] = { below(view(long_url)), 40027 },
      ["a url of another scheme"] = { { view "ftp://wx.example.cn/" }, 40055 },
      ["a path"] = { below(view "/me"), 40054 },
      ["three levels"] = { below { name = "a", sub_button = { click() } }, 40022 },
      ["a media_id that is none"] = { { { type = "media_id", name = "a", media_id = "NONE" } }, 40007 },
      ["a view_limited without one"] = { { { type = "view_limited", name = "a" } }, 40007 },
      ["no article_id"] = { { { type = "article_id", name = "a" } }, 40007 },
      ["an article_id that is none"] = { { { type = "article_id", name = "a", article_id = "nope" } }, 53600 },
      ["an article_id below that is none"] = { below { type = "article_view_limited", name = "a", article_id = "nope" }, 53600 },
      ["a mini program without appid"] = { { { type = "miniprogram", name = "a", url = "https://x.cn", pagepath = "p" } }, 40166 },
      ["a mini program without a page"] = { { { type = "miniprogram", name = "a", url = "https://x.cn", appid = "wxtest" } }, 40165 },
      ["a mini program without a url"] = { { { type = "miniprogram", name = "a", appid = "wxtest", pagepath = "p" } }, 40020 },
    } do
      local s = sandbox.new()
      assert.equal(case[2], create(s, case[1]), what)
      assert.same({}, (s:call "menu.get"), what)
    end
  end)

  it("takes what is just within", function()
    for _, button in ipairs {
      click { name = ("x"):rep(16), key = ("k"):rep(128) }, view("https://x.cn/" .. ("y"):rep(1011)),
      { type = "miniprogram", name = "a", url = "https://x.cn", appid = "wxtest", pagepath = "p" },
      { type = "location_select", name = "a", key = "k" },
    } do assert.equal(0, create(sandbox.new(), { button })) end
    assert.equal(0, create(sandbox.new(), below(click { name = ("x"):rep(60) })))
  end)

  it("takes articles that are published, and no drafts", function()
    local s = sandbox.new()
    local article = rows.article(s)
    assert.equal(0, create(s, { { type = "article_id", name = "文", article_id = article },
      { type = "article_view_limited", name = "文", article_id = article } }))
    local cover = assert(s:call("material.add", { type = "image", media = { data = "\xFF\xD8\xFFwxtest", filename = "a.jpg" } })).media_id
    local draft = assert(s:call("draft.add", { articles = { { title = "标题", content = "正文", thumb_media_id = cover } } })).media_id
    for _, kind in ipairs { "media_id", "view_limited" } do
      assert.equal(40007, create(s, { { type = kind, name = "文", media_id = draft } }))
    end
  end)

  it("takes material that stays, and none that does not", function()
    local s = sandbox.new()
    local file = { data = "\xFF\xD8\xFFwxtest", filename = "a.jpg" }
    local kept = assert(s:call("material.add", { type = "image", media = file })).media_id
    local passing = assert(s:call("media.upload", { type = "image", media = file })).media_id
    assert.equal(0, create(s, { { type = "media_id", name = "图", media_id = kept } }))
    assert.equal(40007, create(s, { { type = "media_id", name = "图", media_id = passing } }))
    assert.equal(48005, s:code("material.del", { media_id = kept }))
    s:call "menu.delete"
    assert.is_table(s:call("material.del", { media_id = kept }))
  end)

  it("refuses a body with \\u escapes", function()
    local s = sandbox.new()
    assert.equal(40033, s:raw("menu.create", [[{"button":[{"type":"click","name":"\u5173","key":"k"}]}]]))
    assert.equal(47001, s:raw("menu.create", "{button:[]}"))
    assert.equal(40016, s:raw("menu.create", "{}"))
    assert.equal(44002, s:raw("menu.create", ""))
  end)
end)

describe("the menu", function()
  it("is told in two shapes", function()
    local s = sandbox.new()
    create(s, { click(), below(view())[1] })
    assert.same({ button = {
      { type = "click", name = "关于", key = "about", sub_button = {} },
      { name = "更多", sub_button = { { type = "view", name = "网站", url = "https://wx.example.cn/", sub_button = {} } } },
    } }, s:call("menu.get").menu)
    local own = s:call("menu.get_self")
    assert.equal(1, own.is_menu_open)
    assert.same({ button = {
      { type = "click", name = "关于", key = "about" },
      { name = "更多", sub_button = { list = { { type = "view", name = "网站", url = "https://wx.example.cn/" } } } },
    } }, own.selfmenu_info)
  end)

  it("is empty before it is made and after it is deleted", function()
    local s = sandbox.new()
    assert.same({}, s:call("menu.get"))
    assert.same({ is_menu_open = 0, selfmenu_info = { button = {} } }, s:call("menu.get_self"))
    create(s, { click() })
    add(s, { language = "en" })
    s:call "menu.delete"
    assert.same({}, s:call("menu.get"))
    assert.is_nil(s.world:menu(APPID, OPENID))
    create(s, { click() })
    assert.is_nil(s:call("menu.get").conditionalmenu)
  end)

  it("tells those who watch that it has changed", function()
    local s, n = sandbox.new(), 0
    s.world:on("menu", function(event)
      assert.equal(APPID, event.appid)
      n = n + 1
    end)
    create(s, { click() })
    create(s, {})
    local id = add(s, { language = "en" }).menuid
    s:call("menu.del_conditional", { menuid = id })
    s:call "menu.delete"
    assert.equal(4, n)
  end)
end)

describe("a conditional menu", function()
  it("needs a default one and a rule", function()
    local s = sandbox.new()
    assert.equal(65303, select(2, add(s, { language = "zh_CN" })).code)
    create(s, { click() })
    assert.equal(65304, s:raw("menu.add_conditional", json.encode { button = { click() } }))
    assert.equal(65304, s:raw("menu.add_conditional", json.encode { button = { click() }, matchrule = { sex = "1" } }))
    for _, case in ipairs {
      { { client_platform_type = 9 }, 40035 }, { { language = "xx_YY" }, 40035 }, { { tag_id = "999" }, 45159 },
      { { tag_id = "vip" }, 45159 }, { { tag_id = {} }, 47001 }, { { language = true }, 47001 },
    } do
      assert.equal(case[2], s:raw("menu.add_conditional", json.encode { button = { click() }, matchrule = case[1] }))
    end
    assert.is_nil(s:call "menu.get".conditionalmenu)
    assert.equal(40016, s:raw("menu.add_conditional", json.encode { matchrule = { language = "en" } }))
    assert.equal("integer", math.type(add(s, { language = "zh_CN" }).menuid))
  end)

  it("is seen by those it matches, the newest first", function()
    local s = sandbox.new()
    create(s, { click { key = "default" } })
    local tag = assert(s:call("tag.create", { tag = { name = "会员" } })).tag.id
    add(s, { language = "zh_CN" }, click { key = "chinese" })
    add(s, { client_platform_type = "1" }, click { key = "ios" })
    local member = add(s, { tag_id = tag, language = "zh_CN" }, click { key = "member" }).menuid
    local user = s.world:user(APPID, OPENID)
    local function sees()
      assert.same(s.world:menu(APPID, OPENID), s:call("menu.try_match", { user_id = OPENID }).button)
      return s.world:menu(APPID, OPENID)[1].key
    end
    assert.equal("chinese", sees())
    s:call("tag.batch_tagging", { openid_list = { OPENID }, tagid = tag })
    assert.equal("member", sees())
    user.language = "en"
    assert.equal("default", sees())
    user.platform = 1
    assert.equal("ios", sees())
    user.language = "zh_CN"
    s:call("menu.del_conditional", { menuid = member })
    assert.equal("ios", sees())
    assert.equal(65301, s:code("menu.del_conditional", { menuid = member }))
  end)

  it("is listed with its rule", function()
    local s = sandbox.new()
    create(s, { click() })
    local id = add(s, { tag_id = 2 }).menuid
    local got = s:call("menu.get")
    assert.same({ { button = got.menu.button, matchrule = { tag_id = "2" }, menuid = id } }, got.conditionalmenu)
    assert.equal("integer", math.type(got.menu.menuid))
  end)

  it("leads with all others to three domains", function()
    local s = sandbox.new()
    create(s, { click() })
    for i = 1, 3 do assert.is_table(add(s, { language = "en" }, view(("https://w%d.example.cn/x"):format(i)))) end
    assert.is_table(add(s, { language = "en" }, view "https://W1.example.cn:443/y"))
    assert.equal(65316, select(2, add(s, { language = "en" }, view "https://w4.example.cn/")).code)
  end)

  it("is tried for followers alone, by openid or WeChat id", function()
    local s = sandbox.new()
    create(s, { click() })
    s.world:user(APPID, OPENID).wxid = "weiyue"
    assert.is_table(s:call("menu.try_match", { user_id = "weiyue" }).button)
    assert.equal(65302, s:code("menu.try_match", { user_id = "nobody" }))
    s.world:unfollow(APPID, OPENID)
    assert.equal(65302, s:code("menu.try_match", { user_id = OPENID }))
  end)
end)
