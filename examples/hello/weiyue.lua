-- The accounts of the quick start. 快速上手用的两个账号。
--
-- The values below are made up, so that everything runs offline. Real ones never stand in a file:
--   appid = "wx…", token = env "WX_TOKEN", aes_key = env "WX_AES_KEY"
-- 下面的值都是编造的，离线就能运行。真实的值不要写进文件，用 env "…" 从环境变量里取。
return {
  listen = "127.0.0.1:8080",
  plugins = { "plugins/*.lua", "plugins/menu" },
  accounts = {
    { -- safe mode: pushes and replies are encrypted. 安全模式：推送和回复都加密
      id = "demo", url = "https://wx.example.cn", path = "/wx", kind = "service", verified = true,
      mode = "safe", appid = "wxtest0123456789ab", token = "wxtesttoken",
      aes_key = "wxtestwxtestwxtestwxtestwxtestwxtestwxtest0",
    },
    { -- plain mode: pushes are signed only. 明文模式：推送只有签名
      id = "plain", path = "/plain", mode = "plain", appid = "wxtest9876543210ba", token = "wxtesttoken",
      plugins = { "hello", "order", "report" },
    },
  },
}
