--- weiyue.url: absolute URLs by RFC 3986, strict.
--- All of it is C; types and docs: lua/meta/url.lua.
return require("weiyue_core").url
