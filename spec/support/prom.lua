-- A strict reader of Prometheus' text format 0.0.4, as far as a host writes it: raises at what a server
-- that scrapes would refuse or misread. Needs nothing of weiyue.

local M = {}

---@class spec.Metrics
---@field families table<string, { type: string, help: string }>
---@field samples table<string, number> by name and labels, as written: `weiyue_tasks{worker="0"}`
local Metrics = {}
Metrics.__index = Metrics

--- The value of a sample, written as in the text.
---@param sample string
function Metrics:value(sample) return self.samples[sample] end

--- The sum of all samples of this name whose labels have this text in them.
---@param name string
---@param label? string such as `way="reply"`
---@return number sum, integer count of samples
function Metrics:sum(name, label)
  local sum, count = 0, 0
  for sample, value in pairs(self.samples) do
    if sample:match "^[^{]+" == name and (not label or sample:find(label, 1, true)) then
      sum, count = sum + value, count + 1
    end
  end
  return sum, count
end

-- The labels between braces, in order: { { name, value }, … }.
local function read_labels(text)
  local labels, at = {}, 1
  while at <= #text do
    local name, after = text:match('^([%a_][%w_]*)="()', at)
    assert(name, "no label: " .. text:sub(at))
    local value = {}
    at = after
    while true do
      local char = text:sub(at, at)
      assert(char ~= "", "a label's value does not end")
      if char == '"' then break end
      if char == "\\" then
        at = at + 1
        char = assert(({ ["\\"] = "\\", ['"'] = '"', n = "\n" })[text:sub(at, at)], "no such escape")
      end
      value[#value + 1], at = char, at + 1
    end
    labels[#labels + 1] = { name, table.concat(value) }
    at = at + 1
    if at <= #text then at = assert(text:match("^,()", at), "labels are parted by commas") end
  end
  return labels
end

-- What a sample of a histogram belongs to: its labels but le.
local function series(labels)
  local rest, le = {}, nil
  for _, label in ipairs(labels) do
    if label[1] == "le" then le = label[2] else rest[#rest + 1] = ("%s=%q"):format(label[1], label[2]) end
  end
  return table.concat(rest, ","), le
end

-- Buckets count up to their bound, which grows, and +Inf is the last and counts all.
local function check_histogram(name, parts)
  for labels, h in pairs(parts) do
    local where = ("%s{%s}"):format(name, labels)
    local bound, count = -math.huge, 0
    assert(h.sum and h.count and #h.buckets > 0, where .. " is not whole")
    for _, bucket in ipairs(h.buckets) do
      local le = bucket.le == "+Inf" and math.huge or assert(tonumber(bucket.le), where)
      assert(le > bound and bucket.value >= count, where .. ": buckets are cumulative")
      bound, count = le, bucket.value
    end
    assert(bound == math.huge and count == h.count, where .. ": +Inf counts all")
  end
end

--- Reads a whole text.
---@param text string
---@return spec.Metrics
function M.read(text)
  local families, samples, histograms = {}, {}, {}
  local family -- whose samples come now
  assert(text:sub(-1) == "\n", "the last line ends")
  for line in text:gmatch "([^\n]*)\n" do
    local help, what = line:match "^# HELP ([%a_:][%w_:]*) (.+)$"
    local typed, type = line:match "^# TYPE ([%a_:][%w_:]*) (%a+)$"
    if help then
      assert(not families[help], "HELP twice: " .. help)
      family, families[help] = help, { help = what }
    elseif typed then
      assert(typed == family and not families[typed].type, "TYPE stands once, behind HELP: " .. line)
      assert(type == "counter" or type == "gauge" or type == "histogram", line)
      families[typed].type = type
    else
      local name, labels, value = line:match "^([%a_:][%w_:]*)(%b{}) (%S+)$"
      if not name then name, value = line:match "^([%a_:][%w_:]*) (%S+)$" end
      assert(name, "no line of this format: " .. line)
      local number = assert(tonumber(value), line)
      local read = read_labels(labels and labels:sub(2, -2) or "")
      local kind = assert(families[family] and families[family].type, "before its TYPE: " .. line)
      if kind == "histogram" then
        local part = name:sub(1, #family) == family and name:sub(#family + 1)
        local own, le = series(read)
        histograms[family] = histograms[family] or {}
        local h = histograms[family][own] or { buckets = {} }
        histograms[family][own] = h
        if part == "_bucket" then
          h.buckets[#h.buckets + 1] = { le = assert(le, line), value = number }
        else
          assert(part == "_sum" or part == "_count", "not of its family: " .. line)
          h[part:sub(2)] = number
        end
      else
        assert(name == family, "not of its family: " .. line)
        assert(kind ~= "counter" or name:find "_total$", "a counter's name ends in _total: " .. line)
        assert(number >= 0, line)
      end
      local key = name .. (labels or "")
      assert(not samples[key], "twice: " .. key)
      samples[key] = number
    end
  end
  for name, parts in pairs(histograms) do check_histogram(name, parts) end
  return setmetatable({ families = families, samples = samples }, Metrics)
end

return M
