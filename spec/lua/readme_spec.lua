-- The READMEs against the program: the configuration table, the events, the verbs, the examples; and
-- against each other. The program is the one named by the environment variable WEIYUE (default
-- build/weiyue).

local doc = require "weiyue.config.doc"

local LANGUAGES <const> = { en = "README.md", zh = "README.zh-CN.md" }

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local out = pipe:read("a")
  local ok = pipe:close()
  return ok, out
end

-- Fenced blocks in order: { lang, text }.
local function blocks(text)
  local list = {}
  for lang, inner in text:gmatch("\n```(%w*)\n(.-)\n```") do
    list[#list + 1] = { lang = lang, text = inner .. "\n" }
  end
  return list
end

-- Depths of the headings outside code, as "122…".
local function outline(text)
  local depths = {}
  text = ("\n" .. text):gsub("\n```.-\n```", "")
  for marks in text:gmatch("\n(#+) ") do depths[#depths + 1] = #marks end
  return table.concat(depths)
end

-- First cells of the rows of the table whose head begins with this word.
local function first_column(text, head)
  local rows = text:match("\n| " .. head .. " |[^\n]*\n|[-|]+\n(.-)\n\n")
  local cells = {}
  for cell in ("\n" .. rows):gmatch("\n| (.-) |") do cells[#cells + 1] = cell end
  return cells
end

local english <const>, chinese <const> = read(LANGUAGES.en), read(LANGUAGES.zh)
local binary <const> = os.getenv("WEIYUE") or "build/weiyue"

local absolute <const> = select(2, run("realpath -e " .. binary)):gsub("\n$", "")

describe("the READMEs", function()
  it("have the same sections", function()
    assert.is_true(#outline(english) > 10)
    assert.equal(outline(english), outline(chinese))
  end)

  it("name every setting that a reload does not take over", function()
    local keys = read "lua/weiyue/boot.lua":match "local FIXED <const> = (%b{})"
    for _, text in pairs { english, chinese } do
      local listed = text:match "\n%- `weiyue%.lua`([^\n]*\n[^\n]*)"
      for key in keys:gmatch '"([%w_]+)"' do assert.matches("`" .. key .. "`", listed, 1, true) end
    end
  end)

  it("have the same code, comments apart", function()
    local function code(text)
      local list = blocks(text)
      for _, block in ipairs(list) do
        if block.lang == "sh" then block.text = block.text:gsub(" +# [^\n]*", "") end
        if block.lang == "lua" then block.text = block.text:gsub(" +%-%- [^\n]*", "") end
      end
      return list
    end
    assert.is_true(#blocks(english) > 5)
    assert.same(code(english), code(chinese))
  end)

  it("name the same rules, modes and events in their tables", function()
    for en, zh in pairs { rule = "规则", ["`mode`"] = "`mode`", event = "event", module = "模块", command = "命令",
      ["CMake option"] = "CMake 选项" } do
      local plain = {}
      for _, cell in ipairs(first_column(chinese, zh)) do
        plain[#plain + 1] = cell:gsub("、", ", "):gsub("……", "…")
      end
      if en == "`mode`" then -- the Chinese names of the modes stand beside them
        for i, cell in ipairs(plain) do plain[i] = cell:match("^`%l+`") end
      end
      assert.same(first_column(english, en), plain)
    end
  end)

  for lang, path in pairs(LANGUAGES) do
    it(path .. " has the table of configuration keys that the schema gives", function()
      local table_text = read(path):match("<!%-%- config:begin %-%->\n(.-)<!%-%- config:end %-%->")
      assert.equal(doc.markdown(lang), table_text)
    end)
  end

  for lang, path in pairs(LANGUAGES) do
    it(path .. " has what it leads to, and leads to all of its sections", function()
      local text, anchors, n = ("\n" .. read(path)):gsub("\n```.-\n```", ""), {}, 0
      for title in text:gmatch "\n##+ ([^\n]+)" do -- as GitHub does
        local anchor = title:lower():gsub("[,.`']", ""):gsub("、", ""):gsub("，", ""):gsub(" ", "-")
        anchors[anchor] = true
      end
      local contents = text:match(lang == "zh" and "\n%*%*目录%*%*\n(.-)\n## " or "\n%*%*Contents%*%*\n(.-)\n## ")
      for anchor in text:gmatch "%]%(#([^)]+)%)" do assert.is_true(anchors[anchor], anchor) end
      for title in text:gmatch "\n## ([^\n]+)" do
        n = n + 1
        assert.truthy(contents:find("[" .. title .. "](#", 1, true), title)
      end
      assert.is_true(n > 20)
    end)
  end

  it("name only events that the program has", function()
    local sources = read("src/base/err.h")
    for _, pattern in ipairs { "src/base/*.c", "src/cli/*.c", "src/host/*.c", "src/net/*.c", "src/script/*.c",
      "src/store/*.c", "lua/weiyue/*.lua", "lua/weiyue/*/*.lua" } do
      sources = sources .. select(2, run("cat " .. pattern))
    end
    for _, cell in ipairs(first_column(english, "event")) do
      for event in cell:gmatch("`([%w_.]+)`") do
        assert.is_truthy(sources:find('"' .. event .. '"', 1, true), event)
      end
    end
  end)

  it("name the events that a spec may ask for", function()
    local known = {}
    for _, name in ipairs(require("weiyue.testing.events").names) do known[name] = true end
    for _, cell in ipairs(first_column(english, "event")) do
      for event in cell:gmatch("`([%w_.]+)`") do assert.is_true(known[event] == true, event) end
    end
  end)

  it("name every event about who sent a push", function()
    local cells = table.concat(first_column(english, "event"), " ")
    local n = 0
    for event in read("src/base/err.h"):gmatch('X%(%u[%u_%d]*, "([%w_.]+)"') do
      if event:find("^sig%.") or event:find("^config%.") then
        n = n + 1
        assert.is_truthy(cells:find("`" .. event .. "`", 1, true), event)
      end
    end
    assert.is_true(n > 5)
  end)

  it("name every verb", function()
    local verbs = table.concat(first_column(english, "command"), " ")
    local _, help = run("LC_ALL=C " .. binary .. " help")
    local n = 0
    for verb in help:gmatch("\n  (%l+) ") do
      n = n + 1
      assert.is_truthy(verbs:find("`weiyue " .. verb .. "[ `]"), verb)
    end
    assert.is_true(n > 3)
  end)

  it("name every CMake option", function()
    local options = table.concat(first_column(english, "CMake option"), " ")
    for option in read("CMakeLists.txt"):gmatch("\noption%((WY_%w+)") do
      assert.is_truthy(options:find(option, 1, true), option)
    end
  end)
end)

describe("the code in the READMEs", function()
  local folder

  before_each(function()
    folder = select(2, run("mktemp -d")):gsub("\n$", "")
  end)
  after_each(function() run("rm -r " .. folder) end)

  local function write(name, text)
    local file = assert(io.open(folder .. "/" .. name, "wb"))
    file:write(text)
    file:close()
  end

  -- What stands at the top works as it stands there.
  it("open with an account that does what it says", function()
    local first = blocks(english)[1]
    assert.equal("lua", first.lang)
    local _, lines = first.text:gsub("\nwx%.", "")
    assert.equal(5, lines)
    os.execute(("mkdir -p %s/plugins"):format(folder))
    write("plugins/hello.lua", first.text)
    write("first_spec.lua", [[
      local t = require "weiyue.testing"
      it("does", function()
        local app = t.load { plugins = { "plugins/hello.lua" } }
        local user = app:user()
        assert.equal("你好，我是微月", user:says("你好").text)
        assert.equal("echo: 在吗", user:says("在吗").text)
        assert.equal("关于我们", user:clicks("about").text)
        assert.matches("openid: " .. user.openid, user:opens("/me").body, 1, true)
      end)]])
    local ok, out = run(("cd %s && LC_ALL=C '%s' test -o TAP first_spec.lua"):format(folder, absolute))
    assert.is_true(ok, out)
    assert.matches("ok 1", out)
  end)

  -- The files of the READMEs by their names: what is a file says so in its first line.
  local function write_named(pattern)
    local n = 0
    for _, block in ipairs(blocks(english)) do
      local name = block.text:match "^%-%- (plugins/%S+)\n" or block.text:match "^{# (plugins/%S+) #}\n"
      if name and name:find(pattern) then
        n = n + 1
        os.execute(("mkdir -p '%s/%s'"):format(folder, name:match "^(.*)/"))
        write(name, block.text)
      end
    end
    return n
  end

  it("has the templates of its pages", function()
    assert.is_true(write_named "%.html$" >= 3)
    assert.is_true(write_named "^plugins/pages%.lua$" == 1 and write_named "^plugins/member%.lua$" == 1)
    write("weiyue.lua", 'return { accounts = { { token = "wxtest", secret = "wxtest", appid = "wxtest" } } }')
    local ok, out = run(("LC_ALL=C %s check %s/weiyue.lua"):format(binary, folder))
    assert.is_true(ok, out)
    assert.falsy(out:find("no template", 1, true), out)
    os.execute(("rm %s/plugins/me.html"):format(folder))
    ok, out = run(("LC_ALL=C %s check %s/weiyue.lua"):format(binary, folder))
    assert.is_true(ok, out)
    assert.matches("wx.render: there is no template .*/plugins/me.html", out)
    os.execute(("printf '{%%%% if %%%%}' >%s/plugins/me.html"):format(folder))
    ok, out = run(("LC_ALL=C %s check %s/weiyue.lua"):format(binary, folder))
    assert.is_falsy(ok)
    assert.matches("/plugins/me.html:1: ", out)
  end)

  it("has a configuration that nothing is to be said of", function()
    write_named "^plugins/hello%.lua$"
    for _, block in ipairs(blocks(english)) do
      if block.text:find('-- weiyue.lua\nreturn {\n  listen', 1, true) then write("weiyue.lua", block.text) end
    end
    local keys = ("WX_APPID=wx0123456789abcdef WX_SECRET=%s WX_TOKEN=mytoken123 WX_AES_KEY=%s")
      :format(("0"):rep(32), ("k"):rep(43))
    local ok, out = run(("LC_ALL=C %s %s check %s/weiyue.lua"):format(keys, binary, folder))
    assert.is_true(ok, out)
    assert.matches("^ok: accounts: 1 %(demo /wx safe%), plugins: 1\n$", out)
  end)

  for i, block in ipairs(blocks(english)) do
    if block.lang == "lua" then
      it(("is Lua in block %d"):format(i), function()
        assert(load(block.text, "block", "t"))
      end)
    end

    if block.lang == "lua" and block.text:find('require "weiyue"', 1, true) then
      it(("is a plugin that loads in block %d"):format(i), function()
        write("plugin.lua", block.text)
        write("weiyue.lua", 'return { plugins = { "plugin.lua" }, accounts = { { token = "wxtest" } } }')
        local ok, out = run(("LC_ALL=C %s check %s/weiyue.lua"):format(binary, folder))
        assert.is_true(ok, out)
      end)
    elseif block.lang == "lua" and block.text:find("accounts =", 1, true) then
      it(("is a configuration without faults in block %d"):format(i), function()
        local conf, problems = require("weiyue.config").load_string(block.text, "weiyue.lua", {
          env = function(name) return name == "WX_TOKEN" and "wxtest" or ("wxtestK"):rep(7):sub(1, 43) end,
        })
        assert.is_table(conf, tostring(problems[1]))
        assert.same({}, problems)
      end)
    elseif block.lang == "lua" and block.text:find("describe(", 1, true) then
      it(("is a spec that passes in block %d"):format(i), function()
        local place = block.text:match "^%-%- (examples/%w+)/"
        write_named "%.lua$"
        write("block_spec.lua", block.text)
        local ok, out = run(("cd %s && LC_ALL=C '%s' test -o TAP %s/block_spec.lua"):format(place or folder, absolute, folder))
        assert.is_true(ok, out)
        assert.matches("ok 1", out)
      end)
    elseif block.lang == "lua" then
      it(("runs in block %d"):format(i), function()
        local printed = {}
        local env = setmetatable({ print = function(...) printed[#printed + 1] = table.concat({ ... }, " ") end },
          { __index = _G })
        assert(load(block.text, "block", "t", env))()
        assert.same({ "hi xml" }, printed)
      end)
    end

    if block.lang == "c" then
      it(("is C that fits weiyue.h in block %d"):format(i), function()
        write("app.c", block.text)
        local ok, out = run(("cc -fsyntax-only -Wall -Wextra -Werror -Isrc %s/app.c"):format(folder))
        assert.is_true(ok, out)
      end)
    end
  end
end)
