/* weiyue version: the program's own and those of the libraries it runs with. */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <expat.h>
#include <hiredis.h>
#include <llhttp.h>
#include <lua.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <uv.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "weiyue.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

typedef struct library {
  const char *name, *version;
} library;

static void print_lines(const library *list, size_t n) {
  printf("weiyue %s\n", wy_version());
  for (size_t i = 0; i < n; i++) printf("%s %s\n", list[i].name, list[i].version);
}

static int print_json(const library *list, size_t n) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "weiyue", wy_version());
  cJSON *libraries = cJSON_AddObjectToObject(root, "libraries");
  for (size_t i = 0; i < n; i++) cJSON_AddStringToObject(libraries, list[i].name, list[i].version);
  char *text = cJSON_PrintUnformatted(root);
  cJSON_Delete(root);
  if (!text) return wy_cli_error(WY_EXIT_FAILED, "%s", wy_tr("内存不足", "out of memory"));
  puts(text);
  cJSON_free(text);
  return WY_EXIT_DONE;
}

int wy_cli_version(int argc, char **argv) {
  static const wy_cli_usage usage = {"version [--json]", "显示本程序和所用各库的版本。",
                                     "Shows the version of the program and of its libraries.", 0};
  bool json = false;
  const wy_cli_option options[] = {
      {"json", NULL, "输出一个 JSON 对象", "print one JSON object", NULL, &json}, {0}};
  int status = wy_cli_options(&usage, options, argc, argv, NULL);
  if (status != WY_CLI_GO_ON) return status;
  const char *expat = XML_ExpatVersion(); /* "expat_2.5.0" */
  const library list[] = {
      {"Lua", LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE},
      {"libuv", uv_version_string()},
      {"llhttp",
       TEXT(LLHTTP_VERSION_MAJOR) "." TEXT(LLHTTP_VERSION_MINOR) "." TEXT(LLHTTP_VERSION_PATCH)},
      {"expat", strncmp(expat, "expat_", 6) == 0 ? expat + 6 : expat},
      {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)},
      {"cJSON", cJSON_Version()},
      {"SQLite", sqlite3_libversion()},
      {"hiredis", TEXT(HIREDIS_MAJOR) "." TEXT(HIREDIS_MINOR) "." TEXT(HIREDIS_PATCH)},
      {"libcurl", curl_version_info(CURLVERSION_NOW)->version},
  };
  size_t n = sizeof list / sizeof *list;
  if (json) return print_json(list, n);
  print_lines(list, n);
  return WY_EXIT_DONE;
}
