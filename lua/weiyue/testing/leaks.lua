-- What a spec leaves behind, found when its `it` ends: tasks that still run, HTTP calls and requests without an answer,
-- bytes that plugins keep, errors that nobody has looked at.

local replies = require "weiyue.testing.replies"
local say = require "weiyue.testing.say"

local M = {}

local MOST <const> = 256 * 1024 -- bytes that a plugin may keep, beyond those that it had when it was loaded

local live = {} -- apps that run, in order
local current -- the element of busted whose body runs

--- What an app's plugins keep now is not the spec's.
function M.begin(app)
  app.weights = app.leaks ~= false and app.host:weigh() or {}
end

-- What a line of the log says: its text, without a traceback, with the place where that has none.
local function text_of(line)
  local text = tostring(line.text or line.line)
  text = text:match "^(.-)\\n" or text
  if line.where and not text:find "^[^%s:]+:%d+: " then text = line.where .. ": " .. text end
  return text
end

--- What is left, as text; nil: nothing.
---@param app weiyue.testing.App
---@return string?
function M.find(app)
  if not app.host or app.leaks == false then return nil end
  local tasks, calls, requests = app.host:left()
  local list, counts = {}, {}
  local function add(zh, en, ...) list[#list + 1] = "  " .. say.tr(zh, en):format(...) end
  for _, at in ipairs(tasks) do counts[at] = (counts[at] or 0) + 1 end
  for _, at in ipairs(tasks) do
    local n = counts[at]
    if n then add("%d 个任务还在等：%s", "%d task(s) still waiting at %s", n, at) end
    counts[at] = nil
  end
  for _, call in ipairs(calls) do
    add("没有答完的调用：%s %s（%s）", "a call without an answer: %s %s (%s)", call.method, call.url,
      call.at ~= "" and call.at or "weiyue")
  end
  if requests > 0 then add("%d 个请求没有答复", "%d request(s) without an answer", requests) end
  for _, flight in ipairs(app.flights) do
    add("没有答完的推送：%s", "a push without an answer: %s", flight.message.Event or flight.message.MsgType)
  end
  local waits = #list > 0
  for _, fault in ipairs(app.faults) do list[#list + 1] = "  " .. fault end
  for _, line in ipairs(app:_raised()) do
    add("有代码出错，app:logs \"%s\" 没有看过：%s", "something was raised, and app:logs \"%s\" did not look: %s",
      line.event, text_of(line))
  end
  local before, now, grown = app.weights, app.host:weigh(), false
  for name, bytes in pairs(now) do
    local more = bytes - (before[name] or 0)
    if more > MOST then
      grown = true
      add("插件 %s 多占了 %d KiB 内存", "the plugin %s keeps %d KiB more than when it was loaded", name, more // 1024)
    end
  end
  if #list == 0 then return nil end
  local remedy = waits and say.tr("\n  （让它做完，例如 app:advance \"1m\"；有意留下的，app:stop { leaks = true }）",
    "\n  (let it finish, by app:advance \"1m\" for example; what is meant to stay: app:stop { leaks = true })")
    or grown and say.tr("\n  （有意留下的，app:stop { leaks = true }）",
      "\n  (what is meant to stay: app:stop { leaks = true })")
    or ""
  return say.tr("%s: 这里装入的 app 留下了：", "%s: the app that was loaded here leaves behind:"):format(app.at) .. "\n"
    .. table.concat(list, "\n") .. remedy
end

function M.forget(app)
  for i, one in ipairs(live) do
    if one == app then
      table.remove(live, i)
      return
    end
  end
end

local BLOCKS <const> = {
  before_each = true, after_each = true, strict_setup = true, strict_teardown = true, lazy_setup = true,
  lazy_teardown = true,
}

-- Which block of busted runs: "before_each", "strict_setup" …; nil: the body of an `it`, or none.
local function block()
  for level = 3, 200 do
    local info = debug.getinfo(level, "S")
    if not info then return nil end
    if info.source:find "busted[/\\]block%.lua$" then
      local name, value = debug.getlocal(level, 1)
      if name == "descriptor" then return BLOCKS[value] and value or nil end
    end
  end
end

-- The name of an element of busted, with those of what is around it.
local function name_of(element)
  local found, busted = pcall(require, "busted")
  local names = {}
  while element and found do
    if element.name and element.descriptor ~= "file" then table.insert(names, 1, element.name) end
    element = busted.parent(element)
  end
  return table.concat(names, " ")
end

--- The name of the `it` that runs; "".
function M.name() return name_of(current) end

--- Notes an app, and whose it is.
function M.watch(app)
  local of = block()
  app.own = current ~= nil and (of == nil or of == "before_each") or of == "before_each"
  live[#live + 1] = app
end

local function own_apps()
  local list = {}
  for _, app in ipairs(live) do
    if app.own then list[#list + 1] = app end
  end
  return list
end

-- What the log of an app has of errors: why a spec failed stands there oftener than in what it expected.
local function show_errors(app, name)
  if not app.host then return end
  local lines = {}
  for _, line in ipairs(app:logs()) do
    if line.level == "error" then lines[#lines + 1] = ("  %s %s\n"):format(line.event, text_of(line)) end
  end
  if #lines == 0 then return end
  io.stderr:write(say.tr("%s: %s: 日志里的错误：", "%s: %s: errors in the log:"):format(name, app.at), "\n",
    table.concat(lines))
end

-- At the end of an `it`: nothing is checked where it has failed already.
local function finish(failed, name)
  local found = {}
  for _, at in ipairs(replies.take_unused()) do
    if not failed then
      found[#found + 1] = say.tr("%s: assert.reply(…) 后面没有检查，例如 .is_text \"…\"",
        "%s: assert.reply(…) checks nothing: .is_text \"…\", for example, is missing"):format(at)
    end
  end
  for _, app in ipairs(failed and own_apps() or {}) do pcall(show_errors, app, name) end
  for _, app in ipairs(own_apps()) do
    if not failed and not app.checked then
      local ok, text = pcall(M.find, app)
      if text then found[#found + 1] = ok and text or tostring(text) end
    end
    app.checked = true
  end
  if #found > 0 then error(table.concat(found, "\n"), 0) end
end

-- Those of the test before; this one's came by before_each and were not checked yet.
local function sweep()
  for _, app in ipairs(own_apps()) do
    if app.checked then app:_free() end
  end
end

-- A before_each has failed, and there will be no `it`: the next one has nothing to do with its apps.
local function give_up(element)
  for _, app in ipairs(own_apps()) do
    if not app.checked then pcall(show_errors, app, name_of(element)) end
    app.checked = true
  end
end

-- busted's message handler hands no error on: `done` says that there was none.
local guard = { __close = function(self)
  local name = M.name()
  current = nil
  finish(not self.done, name)
end }

local function wrap(element)
  if element.weiyue then return end
  element.weiyue = true
  local run = element.run
  element.run = function(...)
    current = element
    local own <close> = setmetatable({}, guard)
    run(...)
    own.done = true
  end
end

--- Looks after the specs of the file that is being read.
function M.hook()
  local found, busted = pcall(require, "busted")
  if not found or type(busted) ~= "table" or not busted.subscribe then return end
  local subscribed = {}
  local function on(channel, fn)
    subscribed[#subscribed + 1] = { busted.subscribe(channel, fn).id, channel }
  end
  on({ "test", "start" }, function(element)
    sweep()
    wrap(element)
    return nil, true
  end)
  for _, how in ipairs { "error", "failure" } do
    on({ how, "before_each" }, function(element)
      give_up(element)
      return nil, true
    end)
  end
  on({ "file", "end" }, function(element)
    for _, app in ipairs(table.move(live, 1, #live, 1, {})) do
      local ok, text = true, nil
      if not app.own then ok, text = pcall(M.find, app) end -- of a setup, and nobody has stopped it
      app:_free()
      if text then
        local why = ok and text or tostring(text)
        local file, line = app.at:match "^(.*):(%d+)$"
        busted.publish({ "error", "file" }, element, busted.parent(element), why,
          { message = why, traceback = "", short_src = file or app.at, currentline = math.tointeger(line) or 0 })
      end
    end
    for _, one in ipairs(subscribed) do busted.unsubscribe(one[1], one[2]) end
    return nil, true
  end)
end

return M
