-- What can hardly be meant: names that WeChat never sends, rules that another one hides, calls that WeChat does not
-- have, templates that are not there.

local declared = require "weiyue.declared"
local events = require "weiyue.events"
local mentions = require "weiyue.mentions"
local nearest = require "weiyue.nearest"

local M = {}

local function unknown(rule, add)
  local known = rule.trigger == "message" and events.messages or rule.trigger == "event" and events.events
  if not known or known[rule.name] then return end
  local near = nearest.slip(rule.name, nearest.names(known))
  add(rule.where,
    ("没有已知的%s叫 %s%s"):format(rule.trigger == "event" and "事件" or "消息类型", rule.name,
      near and "；是不是 " .. near .. "？" or ""),
    ("no known %s is named %s%s"):format(rule.trigger == "event" and "event" or "type of message", rule.name,
      near and "; did you mean " .. near .. "?" or ""))
end

-- A constant answers always: an equal rule behind it never does.
local function hidden(rule, first, add)
  if rule.kind ~= "exact" then return end
  local key = (rule.name or "") .. "\0" .. rule.value
  local before = first[key]
  if before and not before.call then
    add(rule.where, ("这条规则永远轮不到：%s 已有同样的规则"):format(before.where),
      ("this rule never has its turn: %s has the same one"):format(before.where))
  end
  first[key] = before or rule
end

-- A file that a reply wants, and that is not there now: it may come later.
local function missing(one, add)
  local path, why = require("weiyue.asset").find(one.folder, one.name)
  if path then return end
  local chinese = require "weiyue.chinese"
  add(one.where, ("wx.file：%s 用不了（%s）"):format(one.name, chinese.system(why)),
    ("wx.file: %s: %s"):format(one.name, why))
end

-- Templates that are shown or included, and are not there.
local function unseen(plugin, add)
  local templates, folder = plugin.templates, require("weiyue.file").folder_of(plugin)
  if not (templates and folder) then return end
  local told = {}
  local function look(name, where, what)
    if templates[name] or told[where .. name] then return end
    told[where .. name] = true
    add(where, ("%s：没有模板 %s/%s.html"):format(what, folder, name),
      ("%s: there is no template %s/%s.html"):format(what, folder, name))
  end
  for _, one in ipairs(plugin.shows or {}) do look(one.name, one.where, "wx.render") end
  for _, name in ipairs(nearest.names(templates)) do
    local template = templates[name]
    for _, one in ipairs(template.includes or {}) do
      look(one.name, ("%s:%d"):format(template.path, one.line), "include")
    end
  end
end

--- Notes on the rules of one plugin, each with its place.
---@param plugin { rules: table[], files?: table[], pages?: table[], api?: string[], api_where?: string,
---  calls?: table[] }
---@return { zh: string, en: string }[]
function M.check(plugin)
  local notes, first = {}, {}
  local function add(where, zh, en)
    notes[#notes + 1] = { zh = where .. ": " .. zh, en = where .. ": " .. en }
  end
  for _, rule in ipairs(plugin.rules) do
    unknown(rule, add)
    hidden(rule, first, add)
  end
  for _, one in ipairs(plugin.files or {}) do missing(one, add) end
  unseen(plugin, add)
  for _, page in ipairs(plugin.pages or {}) do
    if page.is_own then
      add(page.where, "wx.static 给的是插件自己的文件夹：其中的代码和模板不给；把文件放进单独的文件夹",
        "wx.static serves the plugin's own folder: its code and templates are not given; use a folder for the files")
    end
  end
  for _, one in ipairs(declared.unknown(plugin.api or {})) do
    local zh, en = "没有接口 " .. one.pattern, "has no " .. one.pattern
    if one.family then
      zh = ("没有 %s 这一组接口（%s）"):format(one.family, one.pattern)
      en = ("has no family %s (%s)"):format(one.family, one.pattern)
    end
    add(plugin.api_where,
      ("wx.plugin 的 api：微信%s%s"):format(zh, one.near and "；是不是 " .. one.near .. "？" or ""),
      ("wx.plugin's api: WeChat %s%s"):format(en, one.near and "; did you mean " .. one.near .. "?" or ""))
  end
  for _, one in ipairs(mentions.unknown(plugin.calls or {})) do
    add(one.where, ("微信没有接口 %s%s"):format(one.key, one.near and "；是不是 account.api." .. one.near .. "？" or ""),
      ("WeChat has no %s%s"):format(one.key, one.near and "; did you mean account.api." .. one.near .. "?" or ""))
  end
  return notes
end

return M
