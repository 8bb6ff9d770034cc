-- A WeChat of its own for the host beside this one: WeChat's API, its OAuth pages, a phone in the browser that pushes
-- what is typed, and an inspector. `weiyue sandbox` runs it. All of it is lua/weiyue/sandbox.
local wx = require "weiyue"

wx.plugin {
  name = "sandbox",
  schema = {
    setup = { type = "string", required = true },
    path = { type = "string", required = true },
    state = { type = "string", required = true },
  },
}

require("weiyue.sandbox.server").start(wx)
