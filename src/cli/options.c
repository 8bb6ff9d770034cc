#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

enum { OPTIONS_MAX = 32, HELP_COLUMN = 26 };

void wy_cli_help(const wy_cli_usage *usage, const wy_cli_option *options) {
  printf(wy_tr("用法：weiyue %s\n\n%s\n\n选项：\n", "Usage: weiyue %s\n\n%s\n\nOptions:\n"),
         usage->synopsis, wy_tr(usage->zh, usage->en));
  for (const wy_cli_option *o = options; o->name; o++) {
    int n = printf("  --%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    printf("%*s%s\n", n < HELP_COLUMN ? HELP_COLUMN - n : 1, "", wy_tr(o->zh, o->en));
  }
  printf("  %-*s%s\n", HELP_COLUMN - 2, "--help", wy_tr("显示这些", "show this"));
}

/* arg: as it was written, with its dashes; a value behind "=" is not shown: it may be a secret. */
static int unknown(const char *verb, const char *arg, const wy_cli_option *options) {
  const char *names[OPTIONS_MAX + 1] = {"help"};
  char word[OPTIONS_MAX + 1];
  size_t n = 1;
  for (; options->name && n <= OPTIONS_MAX; options++) names[n++] = options->name;
  int shown = (int)strcspn(arg, "=");
  snprintf(word, sizeof word, "%.*s", shown, arg);
  const char *near = wy_cli_nearest(word + strspn(word, "-"), names, n);
  if (near)
    return wy_cli_error(
        WY_EXIT_USAGE,
        wy_tr("%s 没有选项 %.*s；最接近的是 --%s", "%s has no option %.*s; the nearest is --%s"),
        verb, shown, arg, near);
  return wy_cli_error(WY_EXIT_USAGE,
                      wy_tr("%s 没有选项 %.*s；weiyue %s --help 列出全部",
                            "%s has no option %.*s; weiyue %s --help lists them all"),
                      verb, shown, arg, verb);
}

/* Whether word is one of the alternatives of "[a|b]". */
static bool is_one_of(const char *word, const char *arg) {
  size_t n = strlen(word);
  for (const char *p = arg + 1; n && *p; p += strcspn(p, "|]") + 1)
    if (strcspn(p, "|]") == n && strncmp(p, word, n) == 0) return true;
  return false;
}

/* Takes one option; *i is its place and becomes that of its value, when that is the next word. */
static int take(const wy_cli_option *options, int argc, char **argv, int *i) {
  const char *name = argv[*i] + 2, *value = strchr(name, '=');
  size_t n = value ? (size_t)(value++ - name) : strlen(name);
  const wy_cli_option *o = options;
  while (o->name && (strlen(o->name) != n || strncmp(o->name, name, n) != 0)) o++;
  if (!o->name) return unknown(argv[0], argv[*i], options);
  if (!o->arg) {
    if (value)
      return wy_cli_error(WY_EXIT_USAGE, wy_tr("--%s 不带值", "--%s takes no value"), o->name);
    *o->flag = true;
    return WY_CLI_GO_ON;
  }
  const char *next = *i + 1 < argc ? argv[*i + 1] : NULL;
  if (*o->arg == '[') {
    if (!value && next && is_one_of(next, o->arg)) value = argv[++*i];
    *o->value = value ? value : "";
    if (!value || is_one_of(value, o->arg)) return WY_CLI_GO_ON;
    return wy_cli_error(WY_EXIT_USAGE, wy_tr("--%s 的值应为 %s", "the value of --%s must be %s"),
                        o->name, o->arg);
  }
  if (!value && !next)
    return wy_cli_error(WY_EXIT_USAGE, wy_tr("--%s 后面要有 %s", "--%s needs %s"), o->name, o->arg);
  *o->value = value ? value : argv[++*i];
  return WY_CLI_GO_ON;
}

int wy_cli_options(const wy_cli_usage *usage, const wy_cli_option *options, int argc, char **argv,
                   const char **words) {
  int n = 0;
  bool only_words = false;
  for (int i = 0; i < usage->words; i++) words[i] = NULL;
  for (int i = 1; i < argc; i++) {
    const char *arg = argv[i];
    if (only_words || arg[0] != '-' || arg[1] == '\0') {
      if (n == usage->words)
        return wy_cli_error(WY_EXIT_USAGE,
                            wy_tr("多出的参数：%s（用法：weiyue %s）",
                                  "one argument too many: %s (usage: weiyue %s)"),
                            arg, usage->synopsis);
      words[n++] = arg;
    } else if (strcmp(arg, "--") == 0) {
      only_words = true;
    } else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
      wy_cli_help(usage, options);
      return WY_EXIT_DONE;
    } else if (arg[1] != '-') {
      return unknown(argv[0], arg, options);
    } else {
      int status = take(options, argc, argv, &i);
      if (status != WY_CLI_GO_ON) return status;
    }
  }
  return WY_CLI_GO_ON;
}
