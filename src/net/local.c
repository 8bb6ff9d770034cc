#include "net/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

static int failure(void) { return uv_translate_sys_error(errno); }

static int open_folder(const char *path) { return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

/* fd: the folder, open. */
static int find(const char *folder, int fd, const char *name, struct sockaddr_un *a) {
  *a = (struct sockaddr_un){.sun_family = AF_UNIX};
  int n = snprintf(a->sun_path, sizeof a->sun_path, "%s/%s", folder, name);
#ifdef __linux__
  if (n >= (int)sizeof a->sun_path)
    n = snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/%s", fd, name);
#else
  (void)fd;
#endif
  return n < (int)sizeof a->sun_path ? 0 : UV_ENAMETOOLONG;
}

static int new_socket(void) {
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) return fd;
  int err = failure();
  if (fd >= 0) close(fd);
  return err;
}

/* non_blocking: what is listened to but does not accept is not waited for. */
static int connect_to(const struct sockaddr_un *a, bool non_blocking) {
  int fd = new_socket();
  if (fd < 0) return fd;
  if ((!non_blocking || fcntl(fd, F_SETFL, O_NONBLOCK) == 0) &&
      connect(fd, (const struct sockaddr *)a, sizeof *a) == 0)
    return fd;
  int err = failure();
  close(fd);
  return err;
}

/* 0: nobody listens at the name, and it is free. */
static int make_free(int folder, const char *name, const struct sockaddr_un *a) {
  struct stat st;
  if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW)) return errno == ENOENT ? 0 : failure();
  if (!S_ISSOCK(st.st_mode)) return UV_EEXIST;
  int other = connect_to(a, true);
  if (other >= 0) close(other);
  if (other >= 0 || other == UV_EAGAIN) return UV_EADDRINUSE; /* EAGAIN: its queue is full */
  if (other != UV_ECONNREFUSED) return other;
  return unlinkat(folder, name, 0) && errno != ENOENT ? failure() : 0;
}

/* The mode is set before anybody can connect: that needs the listen. */
static int bind_to(int folder, const char *name, const struct sockaddr_un *a, wy_local_id *id) {
  struct stat st;
  int fd = new_socket();
  if (fd < 0) return fd;
  if (bind(fd, (const struct sockaddr *)a, sizeof *a) == 0) {
    if (fchmodat(folder, name, S_IRUSR | S_IWUSR, 0) == 0 &&
        fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && listen(fd, SOMAXCONN) == 0) {
      *id = (wy_local_id){st.st_dev, st.st_ino};
      return fd;
    }
    int err = failure();
    unlinkat(folder, name, 0);
    close(fd);
    return err;
  }
  int err = failure();
  close(fd);
  return err;
}

int wy_local_listen(const char *folder, const char *name, int *fd, wy_local_id *id) {
  struct sockaddr_un a;
  *fd = -1;
  if (mkdir(folder, S_IRWXU) && errno != EEXIST) return failure();
  int at = open_folder(folder);
  if (at < 0) return failure();
  int err = find(folder, at, name, &a);
  /* Two who find the same dead name would remove each other's new one. A file system without locks
   * is no reason to fail. */
  while (!err && flock(at, LOCK_EX) && errno == EINTR) continue;
  if (!err) err = make_free(at, name, &a);
  if (!err) {
    *fd = bind_to(at, name, &a, id);
    if (*fd < 0) err = *fd;
  }
  close(at); /* unlocks */
  return err;
}

void wy_local_remove(const char *folder, const char *name, const wy_local_id *id) {
  struct stat st;
  int at = open_folder(folder);
  if (at < 0) return;
  while (flock(at, LOCK_EX) && errno == EINTR) continue;
  if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == id->dev &&
      st.st_ino == id->ino)
    unlinkat(at, name, 0);
  close(at);
}

int wy_local_connect(const char *folder, const char *name, int *fd) {
  struct sockaddr_un a;
  int at = open_folder(folder);
  *fd = -1;
  if (at < 0) return failure();
  int err = find(folder, at, name, &a);
  if (!err) {
    *fd = connect_to(&a, false);
    if (*fd < 0) err = *fd;
  }
  close(at);
  return err;
}
