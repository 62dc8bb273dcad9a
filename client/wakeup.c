#include "client/wakeup.h"

#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static bool s_add(wakeup *self, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  return epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

hbus_status wakeup_open(wakeup *self, const int *fds, unsigned count) {
  *self = (wakeup){.epoll = epoll_create1(EPOLL_CLOEXEC),
                   .timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
                   .left_over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                   .armed_ms = UINT64_MAX};
  bool ok = self->epoll >= 0 && self->timer >= 0 && self->left_over >= 0;
  ok = ok && s_add(self, self->timer) && s_add(self, self->left_over);
  for (unsigned i = 0; ok && i < count; i++)
    ok = s_add(self, fds[i]);
  if (!ok) wakeup_close(self);
  return ok ? HBUS_OK : HBUS_NO_MEMORY;
}

void wakeup_close(wakeup *self) {
  if (self->epoll >= 0) close(self->epoll);
  if (self->timer >= 0) close(self->timer);
  if (self->left_over >= 0) close(self->left_over);
  *self = (wakeup){.epoll = -1, .timer = -1, .left_over = -1, .armed_ms = UINT64_MAX};
}

void wakeup_set(wakeup *self, bool left_over) {
  if (left_over == self->is_set) return;
  eventfd_t value = 1;
  int rc = left_over ? eventfd_write(self->left_over, value) : eventfd_read(self->left_over, &value);
  assert(rc == 0);
  self->is_set = left_over;
}

void wakeup_at(wakeup *self, uint64_t deadline_ms, uint64_t now_ms) {
  bool is_armed_in_time = self->armed_ms > now_ms && self->armed_ms <= deadline_ms;
  if (is_armed_in_time || (deadline_ms == UINT64_MAX && self->armed_ms == UINT64_MAX)) return;
  struct itimerspec when = {0}; /* all zero: off */
  if (deadline_ms != UINT64_MAX) {
    when.it_value.tv_sec = (time_t)(deadline_ms / 1000);
    when.it_value.tv_nsec = (long)(deadline_ms % 1000) * 1000000;
  }
  int rc = timerfd_settime(self->timer, TFD_TIMER_ABSTIME, &when, NULL); /* also makes an expired timer quiet */
  assert(rc == 0);
  self->armed_ms = deadline_ms;
}
