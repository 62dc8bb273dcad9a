#include "client/broker_clock.h"

#include <criterion/criterion.h>
#include <time.h>

Test(broker_clock, counts_on_from_what_was_heard) {
  broker_clock clock = {0};
  broker_clock_set(&clock, 1700000000000, 5000);
  cr_assert_eq(broker_clock_now_ms(&clock, 5000), 1700000000000u);
  cr_assert_eq(broker_clock_now_ms(&clock, 5250), 1700000000250u);
}

/* Not time(): the kernel keeps that second up to a tick too long. */
static uint64_t s_real_ms(void) {
  struct timespec now;
  cr_assert_eq(clock_gettime(CLOCK_REALTIME, &now), 0);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

Test(broker_clock, is_ours_before_anything_was_heard) {
  broker_clock clock = {0};
  uint64_t before_ms = s_real_ms();
  uint64_t now_ms = broker_clock_now_ms(&clock, 1);
  cr_assert_geq(now_ms, before_ms);
  cr_assert_leq(now_ms, s_real_ms());
}

Test(broker_clock, grows_old) {
  broker_clock clock = {0};
  cr_assert(broker_clock_is_stale(&clock, 1));
  broker_clock_set(&clock, 1700000000000, 5000);
  cr_assert_not(broker_clock_is_stale(&clock, 15000));
  cr_assert(broker_clock_is_stale(&clock, 15001));
}

Test(broker_clock, own_clocks_do_not_go_back) {
  uint64_t boot_ms = client_boot_ms(), monotonic_ms = client_monotonic_ms();
  cr_assert_geq(client_boot_ms(), boot_ms);
  cr_assert_geq(client_monotonic_ms(), monotonic_ms);
  cr_assert_geq(boot_ms, monotonic_ms); /* it counts sleep too */
}
