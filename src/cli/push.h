/* push: what the files of `weiyue push` share. The verb is a WeChat-shaped client in its own right:
 * of the host it uses nothing but the codec, so it also checks other people's servers. */
#ifndef WY_CLI_PUSH_H
#define WY_CLI_PUSH_H

#include "codec/gate.h"
#include "codec/reply.h"

enum { WY_CLI_BODY = 4 << 20, WY_CLI_ERROR = 512 };

/* The arguments as given; NULL where absent. */
typedef struct wy_cli_args {
  const char *target, *file;
  const char *text, *event, *key, *type, *media;
  const char *config, *token, *appid, *aes_key, *mode, *format, *openid, *to, *timeout, *attempts,
      *lua_path;
  bool raw, json, sandbox;
} wy_cli_args;

/* What is sent. Strings are borrowed. */
typedef struct wy_cli_job {
  const char *url, *token, *appid, *aes_key; /* aes_key NULL: none */
  const char *host;                          /* for the Host field; NULL: the URL's */
  const char *openid, *to;
  const char *text, *event, *key, *type, *media; /* NULL where not asked for */
  wy_mode mode;
  wy_form form;
  double timeout; /* seconds */
  int attempts;   /* how often it is sent while no answer comes */
  wy_crypt *crypt;
  wy_aes_key *aes;    /* NULL in plain mode */
  wy_buf message;     /* the message itself */
  wy_buf query, body; /* as they leave */
} wy_cli_job;

/* What came back. */
typedef struct wy_cli_answer {
  long status; /* of HTTP; 0: there was none */
  int64_t ms;
  wy_buf body;               /* as it came */
  wy_buf plain;              /* the decrypted frame, when it was sealed */
  wy_msg msg;                /* of the reply itself */
  const wy_reply_type *type; /* NULL: no reply */
  bool good;
  bool silent;              /* no answer came in time, or the connection was closed without one */
  char error[WY_CLI_ERROR]; /* what is wrong, when it is not good; the user's language */
} wy_cli_answer;

/* push_args.c: WY_CLI_GO_ON, or the status to exit with. */
int wy_cli_push_args(int argc, char **argv, wy_cli_args *a);
bool wy_cli_is_url(const char *target);

/* push_build.c: the message as WeChat writes it, into p->message: 0 or a WY_E_ code. */
int wy_cli_push_message(wy_cli_job *p, int64_t now_ms);
/* The signed, where the mode says so encrypted, request around it: 0 or a WY_E_ code. */
int wy_cli_push_wrap(wy_cli_job *p, int64_t now);
/* What --type takes. */
const char *const *wy_cli_push_types(size_t *n);

/* push_send.c: fills status, ms and body, or error. */
void wy_cli_push_send(const wy_cli_job *p, wy_cli_answer *a);

/* push_check.c: judges what came, as WeChat would. */
void wy_cli_push_check(const wy_cli_job *p, wy_cli_answer *a);
/* The articles of a news reply: their places in the doc; at most max of them. */
size_t wy_cli_articles(const wy_doc *doc, uint16_t *places, size_t max);
/* The text of a field of the reply; p NULL: absent. */
wy_str wy_cli_field(const wy_cli_answer *a, const wy_reply_field *field);

/* push_print.c */
void wy_cli_push_print(const wy_cli_answer *a);
int wy_cli_push_print_json(const wy_cli_answer *a);

/* Marks the answer as wrong; the first fault stays. */
void wy_cli_wrong(wy_cli_answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
