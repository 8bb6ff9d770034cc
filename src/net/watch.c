#include "net/watch.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/list.h"
#include "net/tick.h"

enum { PATH_BYTES = 4400, LOOK_MS = 3000, POLL_MS = 1000 };

typedef enum state {
  WATCHED, /* the handle is on the folder */
  WAITED,  /* on the nearest folder above it that is there, if any */
  POLLED,  /* the system refuses */
} state;

typedef struct folder {
  wy_list link;
  wy_watch *watch;
  uv_fs_event_t event;
  state state;
  uint64_t dev, ino; /* what the path led to */
  uint64_t digest;   /* of what is in it, while it is polled */
  bool has_digest;
  bool deaf; /* to what others change in it, see is_shared */
  bool wanted;
  size_t next;   /* while waited for: where in path the first name begins that is not there */
  size_t next_n; /* and its length */
  char path[];
} folder;

/* What a look finds; paths are copies, as the list may change meanwhile. */
typedef struct item {
  char *path;
  bool poll, there;
  uint64_t dev, ino, digest;
} item;

struct wy_watch {
  uv_loop_t *loop;
  wy_clock clock;
  wy_tick tick;
  wy_timer quiet, look;
  unsigned quiet_ms;
  uint64_t burst;   /* when it began */
  uint64_t changed; /* on uv_hrtime */
  const char *const *suffixes;
  wy_watch_fn fn;
  void *data;
  void (*closed)(void *data);
  wy_list folders;
  uv_work_t work;
  item *items; /* of the look under way */
  size_t n_items;
  const char *const *item_suffixes;
  unsigned serial, items_serial; /* of the set of folders */
  size_t n_open;                 /* handles, and the look */
  bool closing;
};

/* --- which names matter --- */

static bool ends_in(const char *name, size_t n, const char *end) {
  size_t end_n = strlen(end);
  return n >= end_n && memcmp(name + n - end_n, end, end_n) == 0;
}

/* Written by editors while they save: vim's backup, swap file and 4913, by which it sees whether it
 * may make files; emacs's locks and autosaves; others' copies. */
static bool is_temporary(const char *name) {
  static const char *const ends[] = {"~",    ".swp", ".swx",         ".tmp",
                                     ".bak", "#",    "___jb_tmp___", "___jb_old___"};
  size_t n = strlen(name);
  if (*name == '.' || *name == '#' || strcmp(name, "4913") == 0) return true;
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
    if (ends_in(name, n, ends[i])) return true;
  return false;
}

static bool has_suffix(const char *const *suffixes, const char *name) {
  size_t n = strlen(name);
  for (; suffixes && *suffixes; suffixes++)
    if (ends_in(name, n, *suffixes)) return true;
  return false;
}

/* What is there; links are not followed. */
static bool look_at(const char *in, const char *name, uv_stat_t *st) {
  char path[PATH_BYTES];
  uv_fs_t req;
  if (snprintf(path, sizeof path, "%s/%s", in, name) >= (int)sizeof path) return false;
  bool there = uv_fs_lstat(NULL, &req, path, NULL) == 0;
  *st = req.statbuf;
  uv_fs_req_cleanup(&req);
  return there;
}

static bool matters(const folder *f, const char *name) {
  const char *const *suffixes = f->watch->suffixes;
  uv_stat_t st;
  if (is_temporary(name)) return false;
  if (!suffixes || has_suffix(suffixes, name)) return true;
  if (look_at(f->path, name, &st)) return S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode);
  return !strchr(name, '.'); /* gone: by its name it was a folder */
}

/* --- telling --- */

static void on_quiet(wy_timer *timer) {
  wy_watch *w = wy_container_of(timer, wy_watch, quiet);
  w->fn(w->data); /* may close w */
}

static void changed(wy_watch *w) {
  uint64_t now = wy_clock_now_ms(&w->clock);
  w->changed = uv_hrtime();
  if (!wy_timer_armed(&w->quiet)) w->burst = now;
  uint64_t left = w->burst + WY_WATCH_BURST_MS;
  left = left > now ? left - now : 0;
  wy_timer_start(&w->clock, &w->quiet, w->quiet_ms < left ? w->quiet_ms : left);
}

/* --- where a folder's handle is --- */

static bool find(const char *path, uint64_t *dev, uint64_t *ino) {
  uv_fs_t req;
  bool there = uv_fs_stat(NULL, &req, path, NULL) == 0 && S_ISDIR(req.statbuf.st_mode);
  if (there) {
    *dev = req.statbuf.st_dev;
    *ino = req.statbuf.st_ino;
  }
  uv_fs_req_cleanup(&req);
  return there;
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status);

/* Puts the handle above the folder, on what is there: false when that changed meanwhile. */
static bool wait_above(folder *f) {
  char above[PATH_BYTES];
  uint64_t dev, ino;
  size_t end = strlen(f->path), start;
  f->state = WAITED;
  for (;;) {
    start = end;
    while (start > 0 && f->path[start - 1] != '/') start--;
    size_t n = start;
    while (n > 1 && f->path[n - 1] == '/') n--;
    snprintf(above, sizeof above, "%.*s", n ? (int)n : 1, n ? f->path : ".");
    f->next = start;
    f->next_n = end - start;
    if (n == 0 || (n == 1 && *f->path == '/') || find(above, &dev, &ino)) break;
    end = n;
  }
  if (uv_fs_event_start(&f->event, on_event, above, 0)) return true; /* the looks will find it */
  snprintf(above, sizeof above, "%.*s", (int)(f->next + f->next_n), f->path);
  return !find(above, &dev, &ino);
}

/* Whether the system tells of a change there only if it was made by this machine: a folder of
 * Windows in WSL, one that is mounted into a container or shared over a network. */
static bool is_shared(const char *path) {
  bool shared = false;
#ifdef __linux__
  enum { NINE_P = 0x01021997, NFS = 0x6969, FUSE = 0x65735546, VBOX = 0x786F4256 };
  enum { SMB = 0x517B, CEPH = 0x00C36400 };
  const uint32_t cifs = 0xFF534D42, smb2 = 0xFE534D42, prl = 0x7C7C6673;
  uv_fs_t req;
  if (uv_fs_statfs(NULL, &req, path, NULL) == 0) {
    uint32_t type = (uint32_t)((const uv_statfs_t *)req.ptr)->f_type;
    shared = type == NINE_P || type == NFS || type == FUSE || type == VBOX || type == SMB ||
             type == CEPH || type == cifs || type == smb2 || type == prl;
  }
  uv_fs_req_cleanup(&req);
#else
  (void)path;
#endif
  return shared;
}

/* Whether its looks compare what is in it. */
static bool is_compared(const folder *f) {
  return f->state == POLLED || (f->state == WATCHED && f->deaf);
}

/* 0, or the error for which it is polled. */
static int place(folder *f) {
  uv_fs_event_stop(&f->event);
  f->has_digest = false;
  for (int tries = 0; tries < 8; tries++) {
    if (find(f->path, &f->dev, &f->ino)) {
      int err = uv_fs_event_start(&f->event, on_event, f->path, 0);
      if (err == UV_ENOENT || err == UV_ENOTDIR) continue;
      f->state = err ? POLLED : WATCHED;
      f->deaf = is_shared(f->path);
      return err;
    }
    if (wait_above(f)) break;
    uv_fs_event_stop(&f->event);
  }
  return 0;
}

static bool is_last_name(const char *path, const char *name) {
  const char *slash = strrchr(path, '/');
  return strcmp(slash ? slash + 1 : path, name) == 0;
}

static bool is_next(const folder *f, const char *name) {
  return strlen(name) == f->next_n && memcmp(f->path + f->next, name, f->next_n) == 0;
}

/* It is there, or one more folder above it is. */
static void move_on(folder *f) {
  place(f);
  if (f->state != WAITED) changed(f->watch);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status) {
  folder *f = wy_container_of(event, folder, event);
  uint64_t dev, ino;
  (void)events;
  if (status < 0) {
    uv_fs_event_stop(event);
    f->state = POLLED;
    f->has_digest = false;
    changed(f->watch);
  } else if (f->state == WAITED) {
    if (!name || is_next(f, name)) move_on(f);
  } else if (name && is_last_name(f->path, name) &&
             !(find(f->path, &dev, &ino) && dev == f->dev && ino == f->ino)) {
    place(f); /* events on itself have its own name */
    changed(f->watch);
  } else if (!name || matters(f, name)) {
    changed(f->watch);
  }
}

/* --- looks --- */

static uint64_t digest_of(const char *path, const char *const *suffixes) {
  static const wy_hash_key key = {0, 0};
  uint64_t digest = 1; /* a sum: names come in any order */
  DIR *dir = opendir(path);
  if (!dir) return 0;
  for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
    uv_stat_t st;
    if (is_temporary(e->d_name) || !look_at(path, e->d_name, &st)) continue;
    bool leads = S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode);
    if (suffixes && !leads && !has_suffix(suffixes, e->d_name)) continue;
    uint64_t says[] = {wy_hash64(&key, wy_str_of(e->d_name)), st.st_ino, st.st_mode, 0, 0, 0};
    if (!S_ISDIR(st.st_mode)) { /* what happens in there is not told */
      says[3] = st.st_size;
      says[4] = (uint64_t)st.st_mtim.tv_sec;
      says[5] = (uint64_t)st.st_mtim.tv_nsec;
    }
    digest += wy_hash64(&key, (wy_str){(const char *)says, sizeof says});
  }
  closedir(dir);
  return digest;
}

static void do_look(uv_work_t *work) {
  wy_watch *w = wy_container_of(work, wy_watch, work);
  for (size_t i = 0; i < w->n_items; i++) {
    item *it = &w->items[i];
    it->there = find(it->path, &it->dev, &it->ino);
    if (it->there && it->poll) it->digest = digest_of(it->path, w->item_suffixes);
  }
}

static void drop_items(wy_watch *w) {
  for (size_t i = 0; i < w->n_items; i++) free(w->items[i].path);
  free(w->items);
  w->items = NULL;
  w->n_items = 0;
}

static void compare(folder *f, const item *it) {
  bool same = it->there && it->dev == f->dev && it->ino == f->ino;
  if (f->state == WAITED) {
    move_on(f);
  } else if (!same) {
    place(f);
    changed(f->watch);
  } else if (is_compared(f)) {
    if (f->has_digest && f->digest != it->digest) changed(f->watch);
    f->digest = it->digest;
    f->has_digest = true;
  }
}

static void arm_look(wy_watch *w) {
  uint64_t ms = LOOK_MS;
  for (wy_list *l = w->folders.next; l != &w->folders; l = l->next) {
    const folder *f = wy_container_of(l, folder, link);
    if (is_compared(f)) ms = f->has_digest && ms ? POLL_MS : 0;
  }
  if (wy_list_empty(&w->folders)) wy_timer_stop(&w->clock, &w->look);
  else wy_timer_start(&w->clock, &w->look, ms);
}

static void watch_free(wy_watch *w) {
  if (--w->n_open > 0) return;
  wy_clock_deinit(&w->clock);
  if (w->closed) w->closed(w->data);
  free(w);
}

static void on_looked(uv_work_t *work, int status) {
  wy_watch *w = wy_container_of(work, wy_watch, work);
  if (!status && !w->closing && w->serial == w->items_serial) {
    const item *it = w->items;
    for (wy_list *l = w->folders.next; l != &w->folders; l = l->next)
      compare(wy_container_of(l, folder, link), it++);
  }
  drop_items(w);
  if (!w->closing) arm_look(w);
  watch_free(w);
}

static void on_look(wy_timer *timer) {
  wy_watch *w = wy_container_of(timer, wy_watch, look);
  size_t n = 0;
  if (w->items) return; /* its end arms the next */
  for (wy_list *l = w->folders.next; l != &w->folders; l = l->next) n++;
  w->items = calloc(n, sizeof *w->items);
  for (wy_list *l = w->folders.next; w->items && l != &w->folders; l = l->next) {
    const folder *f = wy_container_of(l, folder, link);
    item *it = &w->items[w->n_items];
    it->path = strdup(f->path);
    it->poll = is_compared(f);
    if (!it->path) break;
    w->n_items++;
  }
  w->items_serial = w->serial;
  w->item_suffixes = w->suffixes;
  if (w->n_items < n || uv_queue_work(w->loop, &w->work, do_look, on_looked)) {
    drop_items(w);
    wy_timer_start(&w->clock, &w->look, LOOK_MS); /* no memory: later */
    return;
  }
  w->n_open++;
}

/* --- the set --- */

static void on_folder_closed(uv_handle_t *handle) {
  folder *f = wy_container_of((uv_fs_event_t *)handle, folder, event);
  wy_watch *w = f->watch;
  free(f);
  watch_free(w);
}

static void folder_close(folder *f) {
  wy_list_remove(&f->link);
  uv_close((uv_handle_t *)&f->event, on_folder_closed);
}

static folder *folder_find(wy_watch *w, const char *path, size_t n) {
  for (wy_list *l = w->folders.next; l != &w->folders; l = l->next) {
    folder *f = wy_container_of(l, folder, link);
    if (strlen(f->path) == n && memcmp(f->path, path, n) == 0) return f;
  }
  return NULL;
}

static folder *folder_new(wy_watch *w, const char *path, size_t n) {
  folder *f = calloc(1, sizeof *f + n + 1);
  if (!f || uv_fs_event_init(w->loop, &f->event)) {
    free(f);
    return NULL;
  }
  f->watch = w;
  memcpy(f->path, path, n);
  wy_list_init(&f->link);
  wy_list_push(&w->folders, &f->link);
  w->n_open++;
  return f;
}

int wy_watch_set(wy_watch *w, const char *const *folders, size_t n) {
  int err = 0, fresh = 0;
  for (size_t i = 0; i < n; i++) {
    size_t length = strlen(folders[i]);
    while (length > 1 && folders[i][length - 1] == '/') length--;
    folder *f = folder_find(w, folders[i], length);
    bool is_new = !f;
    if (length == 0 || length >= PATH_BYTES - 256) f = NULL;
    else if (is_new) f = folder_new(w, folders[i], length);
    if (!f) {
      err = length ? UV_ENOMEM : UV_EINVAL;
      continue;
    }
    f->wanted = true;
    fresh += is_new;
    uint64_t dev, ino;
    bool moved = f->state == WATCHED && /* its path leads elsewhere by now */
                 !(find(f->path, &dev, &ino) && dev == f->dev && ino == f->ino);
    fresh += moved && !is_new;
    int refused = is_new || moved || f->state == POLLED ? place(f) : 0;
    if (!err) err = refused;
  }
  for (wy_list *next, *l = w->folders.next; l != &w->folders; l = next) {
    folder *f = wy_container_of(l, folder, link);
    next = l->next;
    if (f->wanted) f->wanted = false;
    else folder_close(f);
  }
  w->serial++;
  if (!w->items) arm_look(w);
  return err ? err : fresh;
}

void wy_watch_names(wy_watch *w, const char *const *suffixes) { w->suffixes = suffixes; }

/* --- life --- */

int wy_watch_new(wy_watch **out, uv_loop_t *loop, unsigned quiet_ms, wy_watch_fn fn, void *data) {
  *out = NULL;
  wy_watch *w = calloc(1, sizeof *w);
  if (!w) return UV_ENOMEM;
  w->loop = loop;
  w->quiet_ms = quiet_ms ? quiet_ms : WY_WATCH_QUIET_MS;
  w->fn = fn;
  w->data = data;
  wy_list_init(&w->folders);
  wy_clock_init(&w->clock);
  wy_timer_init(&w->quiet, on_quiet);
  wy_timer_init(&w->look, on_look);
  int err = wy_tick_start(&w->tick, loop, &w->clock);
  if (err) {
    wy_clock_deinit(&w->clock);
    free(w);
    return err;
  }
  w->n_open = 1;
  *out = w;
  return 0;
}

static void on_tick_closed(uv_handle_t *handle) {
  watch_free(wy_container_of(wy_tick_of(handle), wy_watch, tick));
}

uint64_t wy_watch_changed(const wy_watch *w) { return w->changed; }

void wy_watch_close(wy_watch *w, void (*closed)(void *data)) {
  if (!w || w->closing) return;
  w->closing = true;
  w->closed = closed;
  wy_timer_stop(&w->clock, &w->quiet);
  wy_timer_stop(&w->clock, &w->look);
  while (!wy_list_empty(&w->folders)) folder_close(wy_container_of(w->folders.next, folder, link));
  if (w->items) uv_cancel((uv_req_t *)&w->work); /* if it has not begun */
  wy_tick_close(&w->tick, on_tick_closed);
}
