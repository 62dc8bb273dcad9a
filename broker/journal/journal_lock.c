#include "broker/journal/journal_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Who has it, as it wrote there. It may be about to. */
static hbus_status s_taken(int fd, const char *path, hbus_error *error) {
  char pid[24] = "";
  ssize_t size = pread(fd, pid, sizeof pid - 1, 0);
  pid[size > 0 ? (size_t)size : 0] = '\0';
  pid[strcspn(pid, "\n")] = '\0';
  return hbus_fail(error, HBUS_INVALID_REQUEST,
                   "journal %s is in use by another hbusd (process %s): stop it, or give this one a journal.path of "
                   "its own",
                   path, pid[0] ? pid : "unknown");
}

hbus_status journal_lock_take(const char *path, int *out, hbus_error *error) {
  char *name = NULL;
  if (asprintf(&name, "%s.lock", path) < 0) return hbus_fail(error, HBUS_NO_MEMORY, "journal %s: out of memory", path);
  hbus_status status = HBUS_OK;
  int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    status =
        hbus_fail(error, HBUS_INTERNAL, "journal %s: its lock %s cannot be opened: %s (journal.path says where it is)",
                  path, name, strerror(errno));
  } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    status = errno == EWOULDBLOCK ? s_taken(fd, path, error)
                                  : hbus_fail(error, HBUS_INTERNAL, "journal %s: its lock %s cannot be locked: %s",
                                              path, name, strerror(errno));
  } else if (ftruncate(fd, 0) == 0) {
    dprintf(fd, "%ld\n", (long)getpid()); /* for people; the lock holds without it, on a full disk too */
  }
  if (status == HBUS_OK)
    *out = fd;
  else if (fd >= 0)
    close(fd);
  free(name);
  return status;
}

void journal_lock_release(int fd) {
  if (fd >= 0) close(fd);
}
