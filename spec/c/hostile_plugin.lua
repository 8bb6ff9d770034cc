-- The plugin of hostile_server: echoes texts, and tells the log that it ran.
local wx = require "weiyue"

wx.use(function(msg, next)
  wx.log.info("run", { handler = "run", type = msg.type })
  return next()
end)

wx.text(function(msg) return "echo: " .. msg.content end)
