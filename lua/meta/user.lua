---@meta
error("lua/meta is for editors, not for require")

--- Who has logged in on a page (登录的用户): req.user of wx.page and wx.route with `login`. It is kept with the user's
--- data for a week, and forgotten with it.
---@class weiyue.User
---@field openid string
---@field unionid? string where the account belongs to an open platform
---@field scope "base"|"userinfo" what was asked for when he logged in
---@field nickname? string of userinfo; he may have none
---@field headimgurl? string of userinfo: the address of his picture
local user = {}

--- Ends this login (退出登录), in this browser alone; what its cookie still says opens nothing.
---@async
---@return boolean? ended false: it had ended
---@return weiyue.Error? err
function user:logout() end
