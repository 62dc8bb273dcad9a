#include <criterion/criterion.h>

#include "broker/link/backoff.h"

Test(backoff, doubles_up_to_the_cap) {
  static const uint64_t whole[] = {100, 200, 400, 800, 1000, 1000};
  for (unsigned attempt = 0; attempt < 6; attempt++) {
    uint64_t shortest = backoff_delay_ms(100, 1000, attempt, 0);
    uint64_t longest = backoff_delay_ms(100, 1000, attempt, UINT32_MAX);
    cr_expect_eq(shortest, whole[attempt] - whole[attempt] / 2);
    cr_expect_geq(longest, whole[attempt] - 1);
    cr_expect_leq(longest, whole[attempt]);
  }
}

Test(backoff, the_largest_numbers_do_not_overflow) {
  cr_expect_leq(backoff_delay_ms(1ull << 32, 1ull << 32, 1000, UINT32_MAX), 1ull << 32);
  cr_expect_leq(backoff_delay_ms(1, 3600000, UINT32_MAX, UINT32_MAX), 3600000);
}

Test(backoff, jitter_spreads) {
  cr_expect_lt(backoff_delay_ms(1000, 1000, 0, 1u << 30), backoff_delay_ms(1000, 1000, 0, 3u << 30));
}
