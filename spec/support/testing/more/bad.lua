local wx = require "weiyue"
wx.text("hi", function( return "hi" end)
