-- assert.reply(answer).is_text "…" and its like.

local answers = require "weiyue.testing.answers"
local nearest = require "weiyue.nearest"
local say = require "weiyue.testing.say"

local M = {}

local checks <const> = {}

local function expected(answer, zh, en, ...)
  say.fail(say.tr("应为%s，却是 %s", "expected %s, got %s"):format(say.tr(zh, en):format(...), answers.show(answer)))
end

local function of_type(answer, kind)
  if type(answer) ~= "table" or answer.type ~= kind then expected(answer, " %s", "%s", kind) end
end

function checks.is_text(answer, text)
  of_type(answer, "text")
  if text ~= nil and answer.text ~= text then expected(answer, " text %q", "text %q", text) end
end

local function media_of(answer)
  return answer.media_id or type(answer.media) == "table" and answer.media.media_id or nil
end

for _, kind in ipairs { "image", "voice", "video", "music" } do
  checks["is_" .. kind] = function(answer, media_id)
    of_type(answer, kind)
    local own = kind == "music" and (answer.url or answer.media and answer.media.musicurl) or media_of(answer)
    if media_id ~= nil and own ~= media_id then expected(answer, " %s %s", "%s %s", kind, tostring(media_id)) end
  end
end

--- articles: how many, or a list of what each has: { { title = "…" } }, { "title" }.
function checks.is_news(answer, articles)
  of_type(answer, "news")
  local own = answer.articles or {}
  local n = type(articles) == "table" and #articles or articles
  if n ~= nil and #own ~= n then expected(answer, " %d 条图文", "%d articles", n) end
  for i, want in ipairs(type(articles) == "table" and articles or {}) do
    if type(want) == "string" then want = { title = want } end
    for key, value in pairs(want) do
      if own[i][key] ~= value then
        say.fail(say.tr("第 %d 条图文的 %s 应为 %q，却是 %q", "the %s of article %d: expected %q, got %q"):format(
          table.unpack(say.is_zh() and { i, key, value, tostring(own[i][key]) }
            or { key, i, value, tostring(own[i][key]) })))
      end
    end
  end
end

function checks.is_transfer(answer) of_type(answer, "transfer") end

--- The user sees nothing.
function checks.is_empty(answer)
  if type(answer) ~= "table" or answer.type ~= "none" then expected(answer, "没有回复", "no reply") end
end

--- WeChat says that the account is out of order.
function checks.is_fault(answer, code)
  of_type(answer, "fault")
  if code ~= nil and (not answer.fault or answer.fault.code ~= code) then
    expected(answer, " %s 的故障", "the fault %s", tostring(code))
  end
end

function checks.matches(answer, pattern)
  local text = type(answer) == "table" and answer.text
  if not text or not text:find(pattern) then expected(answer, "符合 %q 的文字", "a text that matches %q", pattern) end
end

function checks.contains(answer, part)
  local text = type(answer) == "table" and answer.text
  if not text or not text:find(part, 1, true) then expected(answer, "含有 %q 的文字", "a text with %q", part) end
end

--- How it came: "reply", "late", "mailbox", "customer_service" …
function checks.came_by(answer, way)
  if type(answer) ~= "table" or answer.way ~= way then expected(answer, "经由 %s", "one by way of %s", way) end
end

local unused = {} -- places of assert.reply(…) behind which no check was called

--- The places of those since it was last asked: such an assertion asserts nothing.
---@return string[]
function M.take_unused()
  local list = {}
  for _, at in pairs(unused) do list[#list + 1] = at end
  table.sort(list)
  unused = {}
  return list
end

--- What assert.reply gives.
function M.reply(answer)
  local key = {}
  unused[key] = say.where()
  return setmetatable({}, { __index = function(self, name)
    unused[key] = nil
    local check = checks[name]
    if not check then
      local names = nearest.names(checks)
      table.sort(names)
      say.raise("assert.reply(…).%s 没有；有的是 %s", "there is no assert.reply(…).%s; there is %s", tostring(name),
        table.concat(names, ", "))
    end
    return function(...)
      local first = ...
      if rawequal(first, self) then
        say.raise("用点，不用冒号：assert.reply(x).%s(…)", "with a dot, not a colon: assert.reply(x).%s(…)", name)
      end
      check(answer, ...)
      return self
    end
  end })
end

--- Gives luassert's assert the member reply.
function M.install()
  local found, luassert = pcall(require, "luassert")
  if found and type(luassert) == "table" then rawset(luassert, "reply", M.reply) end
end

return M
