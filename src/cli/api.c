/* weiyue api: the endpoints of WeChat's API, as the host knows them. What is printed is made by
 * lua/weiyue/api/explain.lua. */
#include <lauxlib.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/lua.h"
#include "cli/options.h"

typedef struct request {
  const char *word; /* what stands behind the subverb; NULL: nothing */
  bool json;
} request;

/* Prints what explain[name](word, zh, json) returns, or says why it returned none. */
static int explain(const char *name, const request *r) {
  static const char chunk[] =
      "local name, word, zh, json = ... "
      "return require('weiyue.api.explain')[name](word, zh, json)";
  wy_cli_lua l;
  if (wy_cli_lua_open(&l, NULL, false)) return WY_EXIT_FAILED;
  lua_State *L = wy_script_lua(l.script);
  int status = WY_EXIT_DONE;
  bool ok = luaL_loadbuffer(L, chunk, sizeof chunk - 1, "=api") == LUA_OK;
  if (ok) {
    lua_pushstring(L, name);
    lua_pushstring(L, r->word);
    lua_pushboolean(L, wy_cli_zh());
    lua_pushboolean(L, r->json);
    ok = lua_pcall(L, 4, 2, 0) == LUA_OK;
  }
  if (ok && lua_isstring(L, -2)) fputs(lua_tostring(L, -2), stdout);
  else status = wy_cli_error(WY_EXIT_FAILED, "%s", lua_tostring(L, -1));
  wy_cli_lua_close(&l);
  return status;
}

static int list(const request *r) { return explain("list", r); }

static int show(const request *r) {
  if (!r->word)
    return wy_cli_error(WY_EXIT_USAGE, "%s",
                        wy_tr("用法：weiyue api show FAMILY.NAME，例如 menu.create",
                              "usage: weiyue api show FAMILY.NAME, such as menu.create"));
  return explain("show", r);
}

static const struct {
  const char *name;
  int (*run)(const request *r);
} subverbs[] = {{"list", list}, {"show", show}};

enum { SUBVERBS = sizeof subverbs / sizeof *subverbs };

static int unknown(const char *word) {
  const char *names[SUBVERBS + 1] = {[SUBVERBS] = "call"};
  for (size_t i = 0; i < SUBVERBS; i++) names[i] = subverbs[i].name;
  const char *near = wy_cli_nearest(word, names, SUBVERBS + 1);
  if (near)
    return wy_cli_error(WY_EXIT_USAGE,
                        wy_tr("api 没有 %s；最接近的是 %s", "api has no %s; the nearest is %s"),
                        word, near);
  return wy_cli_error(WY_EXIT_USAGE,
                      wy_tr("api 没有 %s；weiyue api --help 列出全部",
                            "api has no %s; weiyue api --help lists all"),
                      word);
}

int wy_cli_api(int argc, char **argv) {
  static const wy_cli_usage usage = {
      "api list [PATTERN] | show FAMILY.NAME | call FAMILY.NAME [JSON] [--json]",
      "list 列出微信的接口：PATTERN 是族名（menu）、带 * 的名字（*.delete）或名字、路径的一部分；\n"
      "show 解释一个接口：字段、限制、返回码、哪种账号能用、每天的额度、例子；\n"
      "call 调一次：weiyue api call --help。",
      "list lists the endpoints of WeChat's API: PATTERN is a family (menu), a name with *\n"
      "(*.delete), or a part of name or path. show explains one: fields, limits, errors, which\n"
      "accounts have it, calls a day, an example. call makes one: weiyue api call --help.",
      2};
  const char *words[2];
  bool json = false;
  if (argc > 1 && strcmp(argv[1], "call") == 0) return wy_cli_api_call(argc - 1, argv + 1);
  const wy_cli_option options[] = {{"json", NULL, "输出 JSON", "print JSON", NULL, &json}, {0}};
  int status = wy_cli_options(&usage, options, argc, argv, words);
  if (status != WY_CLI_GO_ON) return status;
  if (!words[0]) {
    wy_cli_help(&usage, options);
    return WY_EXIT_USAGE;
  }
  const request r = {words[1], json};
  for (size_t i = 0; i < SUBVERBS; i++)
    if (strcmp(words[0], subverbs[i].name) == 0) return subverbs[i].run(&r);
  return unknown(words[0]);
}
