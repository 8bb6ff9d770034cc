--- weiyue.form: application/x-www-form-urlencoded and multipart/form-data, strict.
--- All of it is C; types and docs: lua/meta/form.lua.
return require("weiyue_core").form
