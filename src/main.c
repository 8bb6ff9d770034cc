/* weiyue: the program. Finds the verb; and, for the verb that serves, waits for signals. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>
#if defined(__GLIBC__) || defined(__APPLE__)
#include <execinfo.h>
#define WY_BACKTRACE 1
#endif

#include "cli/cli.h"
#include "cli/logfile.h"
#include "cli/watch.h"
#include "host/supervised.h"
#include "weiyue.h"

typedef struct verb {
  const char *name;
  int (*run)(int argc, char **argv);
  bool network; /* a peer that leaves is an error of that write, no reason to die */
  const char *zh, *en;
} verb;

static int help(int argc, char **argv);

static const verb verbs[] = {
    {"init", wy_cli_init, false, "新建一个项目", "make a new project"},
    {"serve", wy_cli_serve, true, "运行 weiyue.lua 里的账号", "run the accounts of weiyue.lua"},
    {"sandbox", wy_cli_sandbox, true, "对着假的微信运行，在浏览器里聊天",
     "run them against a fake WeChat, with a chat page"},
    {"check", wy_cli_check, false, "检查配置和插件，列出每个问题的位置",
     "load everything, say where each problem is"},
    {"push", wy_cli_push, true, "像微信那样发一次推送，显示解出的回复",
     "send one push as WeChat would, show the decoded reply"},
    {"api", wy_cli_api, true, "列出、解释微信的接口", "list and explain WeChat's API"},
    {"reload", wy_cli_reload, true, "让正在运行的宿主重新加载", "have the running host reload"},
    {"promote", wy_cli_promote, true, "试行的一代转正", "promote the generation on trial"},
    {"rollback", wy_cli_rollback, true, "回到上一代", "go back to the generation before"},
    {"token", wy_cli_token, true, "输出账号的 access_token", "print an account's access_token"},
    {"store", wy_cli_store, true, "备份、恢复、检查存储", "back up, restore, check the store"},
    {"test", wy_cli_test, true, "在宿主里跑 busted 测试", "run busted specs inside the host"},
    {"replay", wy_cli_replay, false, "用现在的插件重放记录，列出变了的答复",
     "replay a journal, list the answers that have changed"},
    {"version", wy_cli_version, false, "显示版本", "show the versions"},
    {"help", help, false, "显示某个命令的用法：weiyue help VERB",
     "explain a verb: weiyue help VERB"},
};

static const char *const not_built[] = {"plan", "apply", "user", "doctor"};

enum { VERBS = sizeof verbs / sizeof *verbs, NOT_BUILT = sizeof not_built / sizeof *not_built };

static void print_help(FILE *out) {
  fprintf(out, "%s\n\n", wy_tr("用法：weiyue VERB …", "Usage: weiyue VERB …"));
  for (size_t i = 0; i < VERBS; i++)
    fprintf(out, "  %-9s%s\n", verbs[i].name, wy_tr(verbs[i].zh, verbs[i].en));
  fprintf(out, "\n%s\n",
          wy_tr("weiyue VERB --help 显示它的选项。\n退出码：0 完成，1 没有成功，2 用法不对。",
                "weiyue VERB --help shows its options.\n"
                "Exit status: 0 done, 1 the work failed, 2 usage."));
}

/* The verb of this name; NULL after saying what is wrong with it. */
static const verb *find(const char *name) {
  const char *names[VERBS];
  for (size_t i = 0; i < VERBS; i++) {
    names[i] = verbs[i].name;
    if (strcmp(name, names[i]) == 0) return &verbs[i];
  }
  for (size_t i = 0; i < NOT_BUILT; i++) {
    if (strcmp(name, not_built[i]) != 0) continue;
    wy_cli_error(WY_EXIT_USAGE, wy_tr("%s：本版本尚未实现", "%s: not in this build"), name);
    return NULL;
  }
  const char *near = wy_cli_nearest(name, names, VERBS);
  if (near)
    wy_cli_error(WY_EXIT_USAGE,
                 wy_tr("没有命令 %s；最接近的是 %s", "no verb %s; the nearest is %s"), name, near);
  else
    wy_cli_error(
        WY_EXIT_USAGE,
        wy_tr("没有命令 %s；weiyue help 列出全部", "no verb %s; weiyue help lists them all"), name);
  return NULL;
}

static int help(int argc, char **argv) {
  if (argc > 2)
    return wy_cli_error(WY_EXIT_USAGE, "%s",
                        wy_tr("用法：weiyue help [VERB]", "usage: weiyue help [VERB]"));
  if (argc < 2 || argv[1][0] == '-') {
    print_help(stdout);
    return WY_EXIT_DONE;
  }
  const verb *v = find(argv[1]);
  if (!v) return WY_EXIT_USAGE;
  char option[] = "--help", *args[] = {argv[1], option, NULL};
  return v->run(2, args);
}

/* --- signals: a process of one thread is a faster one, so no thread waits for them --- */

static wy_host *volatile watched;
static volatile sig_atomic_t stopping, interrupts;

static void on_signal(int number) {
  int saved = errno;
  if (number == SIGUSR1) {
    wy_logfile_reopen();
  } else if (number == SIGHUP) {
    if (watched) wy_host_reload(watched);
  } else if (number == SIGINT && ++interrupts == 2) {
    _exit(WY_EXIT_FAILED); /* also when a handler keeps the loop busy */
  } else if (!stopping && watched) {
    stopping = 1;
    wy_host_stop(watched);
  }
  errno = saved;
}

static int handle(const int *numbers, void (*handler)(int)) {
  struct sigaction action = {.sa_flags = SA_RESTART};
  action.sa_handler = handler;
  sigfillset(&action.sa_mask);
  for (; *numbers; numbers++)
    if (sigaction(*numbers, &action, NULL)) return -1;
  return 0;
}

/* The supervisor has seen that a worker of this process is stuck: on that worker's thread. */
static void on_stuck(int number) {
  int saved = errno;
  (void)number;
  wy_worker_interrupt();
  errno = saved;
}

/* It is stuck for good: where it stands, to the log, and the end. */
static void on_abort(int number) {
  static const char line[] =
      "weiyue: aborted; the stack of the thread / 已中止，该线程的调用栈：\n";
  wy_logfile_last_words();
  ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
  (void)written;
#ifdef WY_BACKTRACE
  void *frames[64];
  backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
#endif
  signal(number, SIG_DFL);
  raise(number);
}

/* What backtrace needs is loaded at its first call: not in a handler. */
static void prepare_backtrace(void) {
#ifdef WY_BACKTRACE
  void *frame;
  backtrace(&frame, 1);
#endif
}

static const int ends[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, 0};

int wy_cli_signals_watch(wy_host *host, bool supervised) {
  static const int stuck[] = {WY_WATCH_SIGNAL, 0}, aborts[] = {SIGABRT, 0},
                   interrupt[] = {SIGINT, 0};
  watched = host;
  if (handle(ends, on_signal)) return -1;
  if (!supervised) {
    signal(SIGUSR2, SIG_IGN); /* an upgrade needs the supervisor */
    return 0;
  }
  prepare_backtrace();
  return handle(interrupt, SIG_IGN) || handle(stuck, on_stuck) || handle(aborts, on_abort) ? -1 : 0;
}

void wy_cli_signals_unwatch(void) {
  handle(ends, SIG_IGN); /* on the way out: the status is decided */
  watched = NULL;
}

/* --- of the supervisor, which waits for them --- */

static int collector = -1;

static void on_collected(int number) {
  int saved = errno;
  unsigned char byte = (unsigned char)number;
  ssize_t written = write(collector, &byte, 1); /* full: it has enough to do */
  (void)written;
  errno = saved;
}

int wy_cli_signals_collect(int *fd) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, 0};
  int ends_of_pipe[2];
  if (pipe(ends_of_pipe)) return -1;
  for (int i = 0; i < 2; i++) {
    fcntl(ends_of_pipe[i], F_SETFD, FD_CLOEXEC);
    fcntl(ends_of_pipe[i], F_SETFL, O_NONBLOCK);
  }
  *fd = ends_of_pipe[0];
  collector = ends_of_pipe[1];
  return handle(numbers, on_collected);
}

static const char *program = "weiyue";

const char *wy_cli_program(void) { return program; }

static bool nobody_reads(void) {
  struct pollfd out = {.fd = STDOUT_FILENO};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    print_help(stderr);
    return WY_EXIT_USAGE;
  }
  int status = WY_EXIT_DONE;
  program = argv[0];
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    print_help(stdout);
  } else if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0 ||
             strcmp(argv[1], "-V") == 0) {
    status = wy_cli_version(1, argv + 1);
  } else {
    const verb *v = find(argv[1]);
    if (v && v->network) signal(SIGPIPE, SIG_IGN);
    if (v && v->network) signal(SIGUSR1, SIG_IGN); /* until a log can be opened anew */
    status = v ? v->run(argc - 1, argv + 1) : WY_EXIT_USAGE;
  }
  bool unwritten = fflush(stdout) || ferror(stdout);
  if (unwritten && nobody_reads()) return status; /* `weiyue … | head` has what it wanted */
  if (unwritten && status == WY_EXIT_DONE)
    status = wy_cli_error(WY_EXIT_FAILED, "%s", wy_tr("写不了标准输出", "cannot write to stdout"));
  return status;
}
