/* One descriptor that says when the client has work.
 *
 * An epoll set over the sockets' ZMQ_FDs, a timer for the earliest deadline, and an eventfd that is readable while work
 * may be left over. The last is needed because ZMQ_FD is edge-triggered: it speaks of what has come since a receive
 * last found nothing, so a program that takes ten messages of a hundred and goes back to its loop would not be woken
 * for the rest.
 */
#ifndef CLIENT_WAKEUP_H
#define CLIENT_WAKEUP_H

#include <stdbool.h>
#include <stdint.h>

#include "hbus/status.h"

typedef struct wakeup {
  int epoll;
  int timer;
  int left_over;
  bool is_set;       /* left_over is readable */
  uint64_t armed_ms; /* monotonic; UINT64_MAX: the timer is off */
} wakeup;

/* HBUS_NO_MEMORY: the system gave no descriptor. */
hbus_status wakeup_open(wakeup *self, const int *fds, unsigned count);
void wakeup_close(wakeup *self);
/* Whether there may be work that no other descriptor speaks of. */
void wakeup_set(wakeup *self, bool left_over);
/* Wakes at deadline_ms (monotonic; UINT64_MAX: never), or somewhat earlier: a later deadline does not move the timer,
 * so a row of commands with the same time-out costs one system call, not one each. */
void wakeup_at(wakeup *self, uint64_t deadline_ms, uint64_t now_ms);

#endif
