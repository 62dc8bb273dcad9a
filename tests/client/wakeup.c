#include "client/wakeup.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <unistd.h>

#include "client/broker_clock.h"

static bool s_is_readable(const wakeup *wakeup, int timeout_ms) {
  struct pollfd fd = {.fd = wakeup->epoll, .events = POLLIN};
  return poll(&fd, 1, timeout_ms) == 1;
}

Test(wakeup, shows_the_descriptors_given) {
  int ends[2];
  wakeup wakeup;
  cr_assert_eq(pipe(ends), 0);
  cr_assert_eq(wakeup_open(&wakeup, ends, 1), HBUS_OK);
  cr_assert_not(s_is_readable(&wakeup, 0));
  cr_assert_eq(write(ends[1], "x", 1), 1);
  cr_assert(s_is_readable(&wakeup, 0));
  wakeup_close(&wakeup);
  wakeup_close(&wakeup);
}

Test(wakeup, shows_what_is_left_over_until_told_otherwise) {
  wakeup wakeup;
  cr_assert_eq(wakeup_open(&wakeup, NULL, 0), HBUS_OK);
  wakeup_set(&wakeup, true);
  wakeup_set(&wakeup, true);
  cr_assert(s_is_readable(&wakeup, 0));
  cr_assert(s_is_readable(&wakeup, 0));
  wakeup_set(&wakeup, false);
  cr_assert_not(s_is_readable(&wakeup, 0));
  wakeup_set(&wakeup, false);
  wakeup_close(&wakeup);
}

Test(wakeup, wakes_at_the_deadline_and_is_quiet_when_it_is_gone) {
  wakeup wakeup;
  uint64_t now_ms = client_monotonic_ms();
  cr_assert_eq(wakeup_open(&wakeup, NULL, 0), HBUS_OK);
  wakeup_at(&wakeup, now_ms + 1000000, now_ms);
  cr_assert_not(s_is_readable(&wakeup, 0));
  wakeup_at(&wakeup, now_ms + 5, now_ms);
  cr_assert(s_is_readable(&wakeup, 20000));
  cr_assert_geq(client_monotonic_ms(), now_ms + 5);
  wakeup_at(&wakeup, UINT64_MAX, client_monotonic_ms());
  cr_assert_not(s_is_readable(&wakeup, 0));
  wakeup_close(&wakeup);
}

Test(wakeup, does_not_move_the_timer_for_a_later_deadline) {
  wakeup wakeup;
  cr_assert_eq(wakeup_open(&wakeup, NULL, 0), HBUS_OK);
  wakeup_at(&wakeup, 2000000000, 1);
  wakeup_at(&wakeup, 2000000100, 2);
  cr_assert_eq(wakeup.armed_ms, 2000000000u);
  wakeup_at(&wakeup, 1999999999, 3);
  cr_assert_eq(wakeup.armed_ms, 1999999999u);
  wakeup_close(&wakeup);
}

Test(wakeup, needs_descriptors_that_can_be_polled) {
  wakeup wakeup;
  int closed = -1;
  cr_assert_eq(wakeup_open(&wakeup, &closed, 1), HBUS_NO_MEMORY);
}
