std = "lua54"
max_line_length = 120
exclude_files = { "build*", "node_modules" }

-- Types for editors: functions without bodies, and a first line that raises.
files["lua/meta"] = { ignore = { "211", "212", "241", "511" } }
files["lua/meta/api.lua"] = { max_line_length = false } -- written by spec/api_rows

files["spec"] = { std = "+busted", max_line_length = 150 }
files["examples/*/spec"] = { std = "+busted" }

files["spec/support/testing/weiyue.lua"] = { read_globals = { "env" } }

-- A configuration may ask for variables of the environment.
files["examples/*/weiyue.lua"] = { read_globals = { "env" } }
