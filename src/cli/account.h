/* account: one account as weiyue.lua has it, for those who push to it. */
#ifndef WY_CLI_ACCOUNT_H
#define WY_CLI_ACCOUNT_H

#include "codec/gate.h"

/* The sizes are the schema's maxima, and a NUL. "" where the configuration says nothing. */
typedef struct wy_cli_account {
  char host[256]; /* the Host to ask for; "" : the address itself is served */
  char path[257], token[33], appid[65], username[65], aes_key[WY_AES_KEY_CHARS + 1];
  char address[300]; /* "http://127.0.0.1:8080"; "" when the port is any */
  wy_mode mode;
} wy_cli_account;

/* The account with this id or, id NULL, the first with this path. 1: found; 0: there is none (with
 * an id: after saying which there are); -1: the file has errors, which were printed. */
int wy_cli_account_find(const char *config, const char *lua_path, const char *id, const char *path,
                        wy_cli_account *out);

/* The same of the sandbox that runs with this configuration, with the keys that it has made up. 1:
 * found; else it was said why not. */
int wy_cli_account_in_sandbox(const char *config, const char *lua_path, const char *id,
                              wy_cli_account *out);

#endif
