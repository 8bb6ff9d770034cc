-- The figures of spec/bench/testing, which says how to run it. os.clock is CPU time: other processes do not count.

local t = require "weiyue.testing"

local function median(list)
  table.sort(list)
  return list[(#list + 1) // 2]
end

local function tell(name, value, goal)
  print(("%s=%.3f goal=%s %s"):format(name, value, goal, value <= goal and "pass" or "fail"))
end

describe("weiyue.testing", function()
  it("starts quickly", function()
    local took = {}
    t.load { plugins = { "plugins/echo.lua" } }:stop() -- reads its own files
    for i = 1, 15 do
      local began = os.clock()
      local app = t.load { plugins = { "plugins/echo.lua" } }
      took[i] = (os.clock() - began) * 1000
      app:stop()
    end
    tell("app_start_ms", median(took), 20)
  end)

  for _, mode in ipairs { "plain", "safe" } do
    it("exchanges quickly, in mode " .. mode, function()
      local app = t.load { plugins = { "plugins/echo.lua" }, mode = mode }
      local u, took = app:user(), {}
      for round = 1, 3 do
        local began = os.clock()
        for i = 1, 1000 do assert(u:says("你好" .. i).text == "echo: 你好" .. i) end
        took[round] = os.clock() - began
      end
      tell(mode == "plain" and "exchanges_1000_s" or "exchanges_1000_safe_s", median(took), 1)
    end)
  end
end)
