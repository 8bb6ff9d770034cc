-- What becomes of what a rule answers: nil, false, errors, middleware, answers that WeChat does not take,
-- and the kinds of replies.
local app = require "spec.support.app"
local codec = require "weiyue.codec"
local events = require "weiyue.events"

describe("an answer", function()
  it("nil leaves the message to the next rule", function()
    local answer = app.with(function(wx)
      wx.text("a", function() end)
      wx.text("a", function() return nil end)
      wx.text("a", "third")
    end)
    assert.equal("third", (answer "a"))
  end)

  local SILENT <const> = { { "false", function() return false end }, { "an empty string", "" },
    { "a function's empty string", function() return "" end },
    { "an empty wx.reply.text", { type = "text", content = "" } } }
  for _, case in ipairs(SILENT) do
    it(case[1] .. " ends the search, and nothing is said", function()
      local answer = app.with(function(wx)
        wx.text("a", case[2])
        wx.text "any"
      end)
      assert.is_false((answer "a"))
    end)
  end

  it("nil and an error is logged with the rule's place, and the next rule is asked", function()
    local err = setmetatable({ code = 40001 }, { __tostring = function() return "invalid credential" end })
    local answer, reply = app.with(function(wx)
      wx.text("a", function() return nil, err end)
      wx.text "any"
    end)
    local lines = app.logged(function() reply = answer "a" end)
    assert.equal("any", reply)
    assert.equal(1, #lines)
    assert.same({ "warn", "handler.error", "invalid credential", "spec" },
      { lines[1].level, lines[1].event, lines[1].text, lines[1].fields.account })
    assert.matches("spec/host/answers_spec%.lua:%d+$", lines[1].fields.where)
  end)

  it("comes with file and line of its rule", function()
    local line
    local answer = app.with(function(wx)
      line = debug.getinfo(1, "l").currentline + 1
      wx.text("a", "b")
    end)
    local _, where = answer "a"
    assert.matches("spec/host/answers_spec%.lua:" .. line .. "$", where)
  end)

  it("a raised error passes through to the host", function()
    local answer = app.with(function(wx) wx.text("a", function() error "boom" end) end)
    assert.matches("answers_spec%.lua:%d+: boom", app.raised(answer, "a"))
  end)
end)

describe("a line of wx.log", function()
  it("names its plugin, whatever its fields say", function()
    local answer = app.with(function(wx)
      wx.text(function() wx.log.info("x", { plugin = "other", a = 1 }) end)
    end)
    local fields = app.logged(function() answer "hi" end)[1].fields
    assert.same({ plugin = "plugin1", a = 1 }, fields)
  end)
end)

describe("wx.use", function()
  it("stands around everything, in order of priority, then of writing", function()
    local steps = {}
    local function around(wx, name)
      wx.use(function(_, next)
        steps[#steps + 1] = name
        local reply = next()
        steps[#steps + 1] = "/" .. name
        return reply
      end)
    end
    local answer = app.new {
      { priority = 0, function(wx)
        wx.text("a", function() steps[#steps + 1] = "rule"; return "reply" end)
        around(wx, "low 1")
        around(wx, "low 2")
      end },
      { priority = 1, function(wx) around(wx, "high") end },
    }
    assert.equal("reply", (answer "a"))
    assert.same({ "high", "low 1", "low 2", "rule", "/low 2", "/low 1", "/high" }, steps)
  end)

  it("sees events, what nobody answers, and what was dropped", function()
    local seen = {}
    local answer = app.with(function(wx)
      wx.use(function(msg, next)
        seen[#seen + 1] = msg.event or msg.type
        return next()
      end)
    end)
    answer "hi"
    answer(app.event("view", "http://example.com/"))
    answer { type = "hologram" }
    assert.same({ "text", "view", "hologram" }, seen)
  end)

  it("may answer itself, change the message and change the answer", function()
    local answer = app.with(function(wx)
      wx.use(function(msg, next)
        if msg.content == "closed" then return "we are closed" end
        msg.content = msg.content .. "!"
        return "<" .. next() .. ">"
      end)
      wx.text(function(msg) return msg.content end)
    end)
    assert.equal("we are closed", (answer "closed"))
    assert.equal("<hi!>", (answer "hi"))
  end)

  it("names the rule that answered, or itself", function()
    local lines = {}
    local answer = app.with(function(wx)
      lines.use = debug.getinfo(1, "l").currentline + 1
      wx.use(function(msg, next) if msg.content == "mine" then return "mine" end return next() end)
      wx.text("his", "his")
      lines.rule = debug.getinfo(1, "l").currentline - 1
    end)
    assert.matches(":" .. lines.use .. "$", (select(2, answer "mine")))
    assert.matches(":" .. lines.rule .. "$", (select(2, answer "his")))
  end)

  it("may call next again, or not at all", function()
    local runs = 0
    local answer = app.with(function(wx)
      wx.use(function(msg, next)
        if msg.content == "twice" then next() end
        if msg.content ~= "none" then return next() end
      end)
      wx.text(function() runs = runs + 1; return tostring(runs) end)
    end)
    assert.equal("2", (answer "twice"))
    assert.is_false((answer "none"))
    assert.equal(2, runs)
  end)

  it("that fails is logged with its place and passed over, before next or behind it", function()
    local runs = 0
    local answer = app.with(function(wx)
      wx.use(function(_, next) return next() end)
      wx.use(function(msg, next)
        if msg.content == "behind" then next() end
        if msg.content ~= "fine" then return nil, "why" end
        return next()
      end)
      wx.text(function(msg)
        runs = runs + 1
        return msg.content
      end)
    end)
    for _, text in ipairs { "before", "behind" } do
      local reply, where
      local lines = app.logged(function() reply, where = answer(text) end)
      assert.equal(text, reply)
      assert.equal(1, #lines)
      assert.same({ "warn", "handler.error", "why" }, { lines[1].level, lines[1].event, lines[1].text })
      assert.matches("answers_spec%.lua:%d+$", lines[1].fields.where)
      assert.not_equal(where, lines[1].fields.where)
    end
    assert.equal(2, runs)
    assert.equal(0, #app.logged(function() answer "fine" end))
  end)

  it("says nothing of what nobody answers", function()
    local answer = app.with(function(wx)
      wx.use(function(_, next) return next() end)
      wx.use(function(_, next) return next() end)
    end)
    assert.equal(0, #app.logged(function() answer "hi" end))
  end)
end)

describe("an answer to an event that nobody may answer", function()
  it("is dropped with one warning that names file and line", function()
    local line
    local answer = app.with(function(wx)
      line = debug.getinfo(1, "l").currentline + 1
      wx.event("masssendjobfinish", "thanks")
    end)
    local lines = app.logged(function()
      for _ = 1, 3 do assert.is_false((answer(app.event "masssendjobfinish"))) end
    end)
    assert.equal(1, #lines)
    assert.same({ "warn", "reply.not_allowed" }, { lines[1].level, lines[1].event })
    assert.matches("spec/host/answers_spec%.lua:" .. line .. "$", lines[1].fields.where)
  end)

  it("is told once for each rule", function()
    local answer = app.with(function(wx)
      wx.event("view", function(msg) if msg.key == "a" then return "first" end end)
      wx.event("view", "second")
    end)
    local lines = app.logged(function()
      for _, key in ipairs { "a", "b", "a", "b" } do answer(app.event("view", key)) end
    end)
    assert.equal(2, #lines)
    assert.not_equal(lines[1].fields.where, lines[2].fields.where)
  end)

  it("is not told when there is none", function()
    local answer = app.with(function(wx)
      wx.event("templatesendjobfinish", function() end)
      wx.event("templatesendjobfinish", function() return false end)
    end)
    assert.same({}, app.logged(function() answer(app.event "templatesendjobfinish") end))
  end)

  it("is what it is for a platform's notices too", function()
    local answer = app.with(function(wx) wx.event("authorized", "thanks") end)
    app.logged(function() assert.is_false((answer { type = "component", event = "authorized" })) end)
    assert.is_false(events.may_reply("component", "authorized"))
  end)
end)

describe("wx.reply", function()
  local reply = require "weiyue".reply

  -- For each kind: the fields it needs, and how it is written in short.
  local SHORT <const> = { text = "content", image = "media_id", voice = "media_id", video = "media_id" }

  for _, kind in ipairs(codec.reply_types()) do
    if kind.name ~= "news" then
      local full, needs = { type = kind.name }, {}
      for _, field in ipairs(kind.fields) do
        full[field.key] = field.key == "status" and 1 or "v"
        if field.required then needs[#needs + 1] = field.key end
      end

      it(kind.name .. " keeps its fields", function()
        local given = {}
        for key, value in pairs(full) do given[key] = value end
        assert.same(full, reply[kind.name](given))
        assert.is_string(codec.build(reply[kind.name](given), { to = "oTest", from = "gh_test" }))
      end)

      it(kind.name .. " raises for what is missing, unknown or no text", function()
        for _, key in ipairs(needs) do
          local part = {}
          for k, v in pairs(full) do part[k] = v end
          part[key] = nil
          assert.matches("answers_spec%.lua:%d+: wx%.reply%." .. kind.name .. " needs " .. key, app.raised(function() reply[kind.name](part) end))
          part[key] = {}
          assert.error_matches(function() reply[kind.name](part) end, key .. " must be a string, not table")
        end
        full.oops = "v"
        assert.matches("answers_spec%.lua:%d+: wx%.reply%." .. kind.name .. " has no field oops", app.raised(function() reply[kind.name](full) end))
        full.oops = nil
      end)

      if SHORT[kind.name] then
        it(kind.name .. " takes its main field alone", function()
          assert.same({ type = kind.name, [SHORT[kind.name]] = "v" }, reply[kind.name] "v")
        end)
      end
    end
  end

  it("transfer takes nothing or an agent's name", function()
    assert.same({ type = "transfer" }, reply.transfer())
    assert.same({ type = "transfer", account = "kf@test" }, reply.transfer "kf@test")
  end)

  it("video takes title and description behind the media_id", function()
    assert.same({ type = "video", media_id = "M", title = "T", description = "D" }, reply.video("M", "T", "D"))
  end)

  it("news takes one article or a list", function()
    local one = { title = "T", url = "/a" }
    assert.same({ type = "news", articles = { one } }, reply.news(one))
    assert.same({ type = "news", articles = { one, one } }, reply.news { one, one })
  end)

  it("news raises for articles that are none", function()
    local WRONG <const> = {
      { {}, "wants a list of articles" }, { "a", "wants a list of articles" }, { { "a" }, "article 1 is not a table" },
      { { { title = "a" }, { url = "b" } }, "article 2 needs a title" },
      { { { title = "a", link = "b" } }, "article 1 has no field link" },
      { { { title = {} } }, "title of article 1 must be a string" },
    }
    for _, case in ipairs(WRONG) do
      assert.matches("answers_spec%.lua:%d+: wx%.reply%.news.*" .. case[2], app.raised(function() reply.news(case[1]) end))
    end
  end)

  it("raw takes a string", function()
    assert.same({ type = "raw", raw = "<x/>" }, reply.raw "<x/>")
    assert.matches("answers_spec%.lua:%d+: wx%.reply%.raw wants a string", app.raised(function() reply.raw {} end))
  end)

  it("links are completed with the account's url, and the rule's own table stays as it was", function()
    local article = { title = "T", url = "/a?b=c", pic_url = "/p.png" }
    local news = reply.news { article, { title = "U", url = "http://example.com/", pic_url = "p.png" },
      { title = "V", url = "//cdn.test/x", pic_url = "/" } }
    local answer = app.with(function(wx) wx.text("news", news) end, { id = "spec", url = "https://wx.test/shop" })
    for _ = 1, 2 do
      local articles = answer "news".articles
      assert.equal("https://wx.test/shop/a?b=c", articles[1].url)
      assert.equal("https://wx.test/shop/p.png", articles[1].pic_url)
      assert.equal("T", rawget(articles[1], "title"))
      assert.equal("http://example.com/", articles[2].url)
      assert.equal("p.png", articles[2].pic_url)
      assert.equal("//cdn.test/x", articles[3].url) -- another host
      assert.equal("https://wx.test/shop/", articles[3].pic_url)
    end
    assert.equal("/a?b=c", article.url)
  end)

  it("links that nothing completes are told once for each rule, and sent as they are", function()
    local answer = app.with(function(wx)
      wx.text("news", reply.news { { title = "T" }, { title = "U", pic_url = "/p.png" } })
      wx.text("music", reply.music { thumb_media_id = "M", url = "/m.mp3" })
      wx.text("whole", reply.news { title = "T", url = "http://example.com/", pic_url = "//cdn.test/p.png" })
    end)
    local lines = app.logged(function()
      for _ = 1, 2 do
        assert.equal("/p.png", answer "news".articles[2].pic_url)
        assert.equal("/m.mp3", answer "music".url)
        answer "whole"
      end
    end)
    assert.equal(2, #lines)
    for _, line in ipairs(lines) do
      assert.equal("reply.link", line.event)
      assert.matches("accounts%[%]%.url", line.text)
      assert.matches("answers_spec%.lua:%d+$", line.fields.where)
    end
  end)
end)
