return {
  listen = "0.0.0.0:8080", workers = "auto", store = "sqlite:shop.db",
  plugins = { "plugins/*.lua", shop = { path = "plugins/shop", config = { erp = env "SHOP_ERP" } } },
  accounts = { {
    id = "shop", url = "https://shop.example.cn", path = "/push", kind = "service", verified = true,
    appid = env "WX_APPID", secret = env "WX_SECRET", token = env "WX_TOKEN", aes_key = env "WX_AES_KEY",
  } },
}
