-- The handler of the ceiling; the host under test answers the same through wx.text.
return function(msg)
  if msg.MsgType == "text" then return "echo: " .. msg.Content end
end
