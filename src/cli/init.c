/* weiyue init: the files of a new project, all of them or none. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "cli/cli.h"
#include "cli/errors.h"
#include "cli/lua.h"
#include "cli/options.h"

enum { MADE = 16 };

/* What was made so far, to be taken back. */
typedef struct project {
  const char *folder;
  char *made[MADE];
  bool is_folder[MADE];
  int n;
  char failed[PATH_MAX]; /* what could not be made; "": all was */
  int why;               /* errno */
} project;

static void take_back(project *p) {
  while (p->n) {
    p->n--;
    if (p->is_folder[p->n]) rmdir(p->made[p->n]);
    else unlink(p->made[p->n]);
    free(p->made[p->n]);
  }
}

static void forget(project *p) {
  while (p->n) free(p->made[--p->n]);
}

static void remember(project *p, const char *path, bool is_folder) {
  p->is_folder[p->n] = is_folder;
  p->made[p->n] = strdup(path);
  if (p->made[p->n]) p->n++;
}

static int fail(project *p, const char *path) {
  p->why = errno;
  snprintf(p->failed, sizeof p->failed, "%s", path);
  return -1;
}

static int make_folder(project *p, const char *path) {
  if (mkdir(path, 0777) == 0) {
    remember(p, path, true);
    return 0;
  }
  return errno == EEXIST ? 0 : fail(p, path);
}

static int write_file(project *p, const char *path, wy_str text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return fail(p, path);
  remember(p, path, false);
  for (size_t done = 0; done < text.n;) {
    ssize_t n = write(fd, text.p + done, text.n - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      fail(p, path);
      close(fd);
      return -1;
    }
    done += (size_t)n;
  }
  return close(fd) ? fail(p, path) : 0; /* a full disk may be told only now */
}

/* One { path, text } on top of the stack. */
static int make_one(lua_State *L, project *p) {
  char path[PATH_MAX];
  wy_str text;
  lua_getfield(L, -1, "path");
  lua_getfield(L, -2, "text");
  text.p = lua_tolstring(L, -1, &text.n);
  int n = snprintf(path, sizeof path, "%s/%s", p->folder, lua_tostring(L, -2));
  lua_pop(L, 2);
  if (n < 0 || (size_t)n >= sizeof path) {
    errno = ENAMETOOLONG;
    return fail(p, p->folder);
  }
  char *slash = strrchr(path, '/');
  *slash = '\0';
  int err = make_folder(p, path);
  *slash = '/';
  return err ? err : write_file(p, path, text);
}

static void make_all(lua_State *L, void *data) {
  project *p = data;
  lua_settop(L, -2); /* the second result */
  for (lua_Integer i = 1, n = luaL_len(L, -1); i <= n; i++) {
    lua_rawgeti(L, -1, i);
    int err = make_one(L, p);
    lua_pop(L, 1);
    if (err) return;
  }
}

/* --- where the types are --- */

static bool has_meta(const char *folder) {
  char file[PATH_MAX];
  return snprintf(file, sizeof file, "%s/weiyue.lua", folder) < (int)sizeof file &&
         access(file, R_OK) == 0;
}

/* Beside the program: installed, or built in a folder of the sources. */
static void find_meta(char *out, size_t size) {
  static const char *const places[] = {"../share/weiyue/meta", "../lua/meta", "../../lua/meta"};
  char exe[PATH_MAX], path[2 * PATH_MAX], whole[PATH_MAX];
  size_t n = sizeof exe;
  out[0] = '\0';
  if (uv_exepath(exe, &n)) return;
  char *slash = strrchr(exe, '/');
  if (!slash) return;
  *slash = '\0';
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    snprintf(path, sizeof path, "%s/%s", exe, places[i]);
    if (!realpath(path, whole) || !has_meta(whole)) continue;
    snprintf(out, size, "%s", whole);
    return;
  }
}

/* --- the folder --- */

/* 0: it is not there, or empty; else an exit status, after saying why. */
static int check_folder(const char *folder) {
  DIR *dir = opendir(folder);
  if (!dir && errno == ENOENT) return 0;
  if (!dir)
    return wy_cli_error(WY_EXIT_FAILED, wy_tr("%s：%s", "%s: %s"), folder, wy_cli_why(errno));
  const struct dirent *entry;
  bool is_empty = true;
  while (is_empty && (entry = readdir(dir)) != NULL)
    is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
  closedir(dir);
  if (is_empty) return 0;
  return wy_cli_error(WY_EXIT_FAILED,
                      wy_tr("%s 不是空文件夹，什么也没有改；换一个名字",
                            "%s is not empty, and nothing was changed; name another folder"),
                      folder);
}

static bool is_plain(const char *word) {
  for (; *word; word++)
    if ((unsigned char)*word < 0x80 && !isalnum((unsigned char)*word) &&
        !strchr("_./,:@%+-", *word))
      return false;
  return true;
}

/* As a word of a shell's command. */
static void print_word(const char *word) {
  if (is_plain(word)) {
    fputs(word, stdout);
    return;
  }
  putchar('\'');
  for (; *word; word++)
    if (*word == '\'') fputs("'\\''", stdout);
    else putchar(*word);
  putchar('\'');
}

/* How this program is called from the new folder: by its name where PATH has it, else by its path.
 */
static void find_command(char *out, size_t size) {
  char exe[PATH_MAX], one[PATH_MAX], whole[PATH_MAX];
  size_t n = sizeof exe;
  const char *path = getenv("PATH");
  snprintf(out, size, "weiyue");
  if (uv_exepath(exe, &n)) return;
  for (const char *at = path ? path : ""; *at; at += strspn(at, ":")) {
    int length = (int)strcspn(at, ":");
    snprintf(one, sizeof one, "%.*s/weiyue", length, at);
    at += length;
    if (access(one, X_OK) == 0) { /* the first one counts, this or another */
      if (realpath(one, whole) && strcmp(whole, exe) == 0) return;
      break;
    }
  }
  snprintf(out, size, "%s", exe);
}

static void print_next(const char *folder, const char *meta) {
  char command[PATH_MAX];
  find_command(command, sizeof command);
  printf(wy_tr("新项目：%s\n\n  cd ", "A new project: %s\n\n  cd "), folder);
  print_word(folder);
  printf("\n  ");
  print_word(command);
  printf("%s", wy_tr(" sandbox    在浏览器里和它聊天，不用手机、公网地址和密钥\n  ",
                     " sandbox    chat with it in the browser: no phone, public address or "
                     "secrets\n  "));
  print_word(command);
  printf(
      "%s",
      wy_tr(" test       跑 plugins/hello_spec.lua\n\n"
            "先看 plugins/hello.lua。上线时在环境变量里给出 "
            "WX_APPID、WX_SECRET、WX_TOKEN、WX_AES_KEY，\n"
            "然后 weiyue check、weiyue serve；再在公众平台填服务器地址 https://你的域名/wx。\n",
            " test       runs plugins/hello_spec.lua\n\n"
            "Begin with plugins/hello.lua. To go live put WX_APPID, WX_SECRET, WX_TOKEN and "
            "WX_AES_KEY into\n"
            "the environment, run weiyue check and weiyue serve, and enter https://YOUR.HOST/wx as "
            "the\n"
            "server address at WeChat.\n"));
  if (!*meta)
    printf("%s", wy_tr("没有找到编辑器用的类型（lua/meta）：把它的路径写进 .luarc.json 的 "
                       "workspace.library。\n",
                       "The types for editors (lua/meta) were not found: put their path into "
                       "workspace.library of .luarc.json.\n"));
}

static int run(const char *folder) {
  char meta[PATH_MAX];
  wy_cli_lua l;
  project p = {.folder = folder};
  find_meta(meta, sizeof meta);
  if (wy_cli_lua_open(&l, NULL, false)) return WY_EXIT_FAILED;
  const wy_cli_chunk chunk = {.text = "return require('weiyue.project').files(...)",
                              .name = "=init",
                              .args = {meta},
                              .take = make_all,
                              .data = &p};
  int err = make_folder(&p, folder);
  if (!err) err = wy_cli_lua_run(&l, &chunk);
  wy_cli_lua_close(&l);
  if (!err && !p.failed[0]) {
    forget(&p);
    print_next(folder, meta);
    return WY_EXIT_DONE;
  }
  take_back(&p);
  if (!p.failed[0]) return WY_EXIT_FAILED; /* it was told */
  return wy_cli_error(
      WY_EXIT_FAILED,
      wy_tr("写不了 %s：%s；什么也没有留下", "cannot make %s: %s; nothing was left behind"),
      p.failed, wy_cli_why(p.why));
}

int wy_cli_init(int argc, char **argv) {
  static const wy_cli_usage usage = {
      "init DIR",
      "在 DIR 里新建一个项目：配置 weiyue.lua、插件、它的测试、编辑器设置。\n"
      "DIR 不存在或是空的；否则什么也不做。",
      "Makes a new project in DIR: weiyue.lua, a plugin, its spec, settings for editors.\n"
      "DIR does not exist or is empty; else nothing is done.",
      1};
  const char *folder;
  static const wy_cli_option options[] = {{0}};
  int status = wy_cli_options(&usage, options, argc, argv, &folder);
  if (status != WY_CLI_GO_ON) return status;
  if (!folder || !*folder)
    return wy_cli_error(
        WY_EXIT_USAGE, "%s",
        wy_tr("新项目放在哪个文件夹？weiyue init DIR", "which folder? weiyue init DIR"));
  status = check_folder(folder);
  return status ? status : run(folder);
}
