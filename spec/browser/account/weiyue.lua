-- An account for the browser's specs: all that it needs of WeChat is made up by `weiyue sandbox`.
return {
  listen = "127.0.0.1:0",
  plugins = { "plugins/*.lua" },
  accounts = { { id = "demo", path = "/wx", kind = "service", verified = true, mode = "safe", can = { cards = true } } },
}
