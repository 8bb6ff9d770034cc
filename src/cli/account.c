#include "cli/account.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/lua.h"
#include "host/control.h"
#include "net/local.h"

/* (file, id, path, zh) → the account as one flat table; or false and the ids there are; or nil and
 * the problems, a line each. */
static const char chunk[] =
    "local file, id, path, zh = ...\n"
    "local conf, problems = require('weiyue.config').load(file)\n"
    "local list = {}\n"
    "if not conf then\n"
    "  for _, p in ipairs(problems) do\n"
    "    if p.level == 'error' then\n"
    "      if zh then p.en = p.zh end\n"
    "      list[#list + 1] = tostring(p)\n"
    "    end\n"
    "  end\n"
    "  return nil, table.concat(list, '\\n')\n"
    "end\n"
    "for _, a in ipairs(conf.accounts) do\n"
    "  if id and a.id == id or path and a.path == path then\n"
    "    local host, port = conf.listen.host, conf.listen.port\n"
    "    if host == '0.0.0.0' or host == '' then host = '127.0.0.1' elseif host == '::' then host "
    "= '::1' end\n"
    "    if host:find(':', 1, true) then host = '[' .. host .. ']' end\n"
    "    local served = conf.hosts.list and table.concat(conf.hosts.list, ' ') or host\n"
    "    local vhost = a.host or not (' ' .. served .. ' '):find(' ' .. host .. ' ', 1, true) and\n"
    "      conf.hosts.list[1] or nil\n"
    "    return { host = vhost, path = a.path, token = a.token, appid = a.appid, username = "
    "a.username,\n"
    "      aes_key = a.aes_key and a.aes_key[1], mode = a.mode,\n"
    "      address = port ~= 0 and ('http://%s:%d'):format(host, port) or nil }\n"
    "  end\n"
    "  list[#list + 1] = a.id\n"
    "end\n"
    "return false, table.concat(list, ', ')\n";

/* (file, id, state) → as the other one. */
static const char sandbox_chunk[] =
    "local file, id, state = ...\n"
    "local from, text = io.open(state .. '/setup.json', 'rb'), nil\n"
    "if from then\n"
    "  text = from:read('a')\n"
    "  from:close()\n"
    "end\n"
    "local setup = text and require('weiyue.json').decode(text)\n"
    "local accounts = setup and require('weiyue.sandbox.setup').accounts(file, setup)\n"
    "if not accounts then return nil, file .. (setup and\n"
    "  ': 有错，先运行 weiyue check（it has errors: weiyue check）' or ': 没有沙箱在运行（no "
    "sandbox runs）') end\n"
    "local list = {}\n"
    "for i, a in ipairs(accounts) do\n"
    "  if a.id == id then\n"
    "    return { path = a.path, token = a.token, appid = a.appid, username = a.username,\n"
    "      aes_key = type(a.aes_key) == 'table' and a.aes_key[1] or a.aes_key, mode = a.mode,\n"
    "      address = a.push:sub(1, -1 - #a.path) }\n"
    "  end\n"
    "  list[i] = a.id\n"
    "end\n"
    "return false, table.concat(list, ', ')\n";

static void take(lua_State *L, const char *key, char *out, size_t size) {
  lua_getfield(L, -1, key);
  const char *value = lua_tostring(L, -1);
  snprintf(out, size, "%s", value ? value : "");
  lua_pop(L, 1);
}

static void take_account(lua_State *L, wy_cli_account *a) {
  char mode[16];
  take(L, "host", a->host, sizeof a->host);
  take(L, "path", a->path, sizeof a->path);
  take(L, "token", a->token, sizeof a->token);
  take(L, "appid", a->appid, sizeof a->appid);
  take(L, "username", a->username, sizeof a->username);
  take(L, "aes_key", a->aes_key, sizeof a->aes_key);
  take(L, "address", a->address, sizeof a->address);
  take(L, "mode", mode, sizeof mode);
  a->mode = *mode == 's' ? WY_MODE_SAFE : *mode == 'c' ? WY_MODE_COMPATIBLE : WY_MODE_PLAIN;
}

typedef struct search {
  const char *config, *id;
  wy_cli_account *out;
  int found; /* as wy_cli_account_find says it */
} search;

static void take_found(lua_State *L, void *data) {
  search *s = data;
  if (lua_isnil(L, -2)) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
  } else if (lua_istable(L, -2)) {
    lua_pop(L, 1);
    take_account(L, s->out);
    s->found = 1;
  } else {
    s->found = 0;
    if (s->id)
      wy_cli_error(0, wy_tr("%s 里没有账号 %s；有的是：%s", "%s has no account %s; it has: %s"),
                   s->config, s->id, lua_tostring(L, -1));
  }
}

static int find(const wy_cli_chunk *c, const char *lua_path, search *s) {
  wy_cli_lua l;
  if (wy_cli_lua_open(&l, lua_path, false)) return -1;
  wy_cli_lua_run(&l, c);
  wy_cli_lua_close(&l);
  return s->found;
}

int wy_cli_account_find(const char *config, const char *lua_path, const char *id, const char *path,
                        wy_cli_account *out) {
  search s = {config, id, out, -1};
  const wy_cli_chunk c = {.text = chunk,
                          .name = "=account",
                          .args = {config, id, path, wy_cli_zh() ? "zh" : NULL},
                          .take = take_found,
                          .data = &s};
  return find(&c, lua_path, &s);
}

int wy_cli_account_in_sandbox(const char *config, const char *lua_path, const char *id,
                              wy_cli_account *out) {
  char state[WY_CLI_PATH];
  int fd;
  if (wy_cli_find_sandbox(config, NULL, lua_path, state)) return -1;
  if (wy_local_connect(state, WY_CONTROL_NAME, &fd)) {
    wy_cli_no_sandbox(state);
    return -1;
  }
  close(fd);
  search s = {config, id, out, -1};
  const wy_cli_chunk c = {.text = sandbox_chunk,
                          .name = "=account",
                          .args = {config, id, state},
                          .take = take_found,
                          .data = &s};
  return find(&c, lua_path, &s);
}
