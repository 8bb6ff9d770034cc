-- Messages of mini programs.

local notices = require "weiyue.sandbox.notices"

local M = {}

M.subscribe_send = notices.send

-- Switched off in 2020.
function M.template_send() return nil, 46101 end

return M
