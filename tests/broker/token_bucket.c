/* A budget of requests: bursts, the exact millisecond of the next token, debts, and what "too many" does to it. */
#include <criterion/criterion.h>

#include "broker/link/token_bucket.h"

static token_bucket s_bucket(uint32_t rate, uint32_t burst, uint64_t now_ms) {
  token_bucket bucket;
  token_bucket_init(&bucket, rate, burst, now_ms);
  return bucket;
}

static void s_empty(token_bucket *bucket, uint64_t now_ms) {
  while (token_bucket_take(bucket, now_ms))
    ;
}

/* Takes all that there is, a ms at a time, and returns how many that were. */
static uint64_t s_drain(token_bucket *bucket, uint64_t from_ms, uint64_t to_ms) {
  uint64_t taken = 0;
  for (uint64_t now_ms = from_ms; now_ms <= to_ms; now_ms++) {
    while (token_bucket_take(bucket, now_ms))
      taken++;
  }
  return taken;
}

Test(token_bucket, gives_a_burst_and_then_the_rate) {
  token_bucket bucket = s_bucket(10, 5, 1000);
  cr_expect_eq(token_bucket_available(&bucket, 1000), 5);
  for (int i = 0; i < 5; i++)
    cr_expect(token_bucket_take(&bucket, 1000));
  cr_expect(!token_bucket_take(&bucket, 1000));
  cr_expect_eq(token_bucket_available(&bucket, 1000), 0);
  cr_expect_eq(token_bucket_ready_in_ms(&bucket, 1000), 100);
  cr_expect(!token_bucket_take(&bucket, 1099));
  cr_expect_eq(token_bucket_ready_in_ms(&bucket, 1099), 1);
  cr_expect(token_bucket_take(&bucket, 1100));
  cr_expect(!token_bucket_take(&bucket, 1100));
}

Test(token_bucket, holds_no_more_than_its_burst) {
  token_bucket bucket = s_bucket(10, 5, 0);
  s_empty(&bucket, 0);
  cr_expect_eq(token_bucket_available(&bucket, 499), 4);
  cr_expect_eq(token_bucket_available(&bucket, 500), 5);
  cr_expect_eq(token_bucket_available(&bucket, 100000), 5);
  cr_expect(token_bucket_take(&bucket, 100000));
  cr_expect_eq(token_bucket_available(&bucket, 100000), 4);
}

Test(token_bucket, without_a_limit) {
  token_bucket bucket = s_bucket(0, 0, 7);
  for (int i = 0; i < 1000; i++) {
    token_bucket_overdraw(&bucket, 7);
    token_bucket_slow_down(&bucket, 7);
    cr_assert(token_bucket_take(&bucket, 7));
  }
  cr_expect_eq(token_bucket_available(&bucket, 7), TOKEN_BUCKET_UNLIMITED);
  cr_expect_eq(token_bucket_ready_in_ms(&bucket, 7), 0);
  cr_expect_eq(token_bucket_rate_milli(&bucket, 7), 0);
}

Test(token_bucket, nothing_is_lost_by_asking_often) {
  static const uint32_t rates[] = {1, 3, 7, 999, 1001, 77777};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    token_bucket bucket = s_bucket(rates[i], 100, 0);
    s_empty(&bucket, 0);
    cr_expect_eq(s_drain(&bucket, 1, 10000), rates[i] * 10, "%u a second", rates[i]);
  }
}

Test(token_bucket, overdraws_down_to_its_bound) {
  token_bucket bucket = s_bucket(10, 2, 0);
  for (int64_t i = 1; i <= 18; i++) {
    token_bucket_overdraw(&bucket, 0);
    cr_expect_eq(token_bucket_available(&bucket, 0), 2 - i);
  }
  token_bucket_overdraw(&bucket, 0);
  cr_expect_eq(token_bucket_available(&bucket, 0), -16);
  cr_expect(!token_bucket_take(&bucket, 0));
  cr_expect_eq(token_bucket_ready_in_ms(&bucket, 0), 1700);
  cr_expect_eq(token_bucket_available(&bucket, 1), -16, "rounded down, also below zero");
  cr_expect(!token_bucket_take(&bucket, 1699));
  cr_expect(token_bucket_take(&bucket, 1700));
}

Test(token_bucket, is_halved_and_emptied_when_upstream_says_so) {
  token_bucket bucket = s_bucket(100, 50, 0);
  token_bucket_slow_down(&bucket, 1000);
  cr_expect_eq(token_bucket_available(&bucket, 1000), 0);
  cr_expect_eq(token_bucket_rate_milli(&bucket, 1000), 50000);
  cr_expect_eq(token_bucket_ready_in_ms(&bucket, 1000), 20);
  token_bucket_slow_down(&bucket, 1000);
  cr_expect_eq(token_bucket_rate_milli(&bucket, 1000), 25000);
}

Test(token_bucket, is_never_slower_than_the_slowest) {
  static const uint32_t rates[] = {1, 10, 64, 1000000};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    token_bucket bucket = s_bucket(rates[i], 1, 0);
    for (int times = 0; times < 100; times++)
      token_bucket_slow_down(&bucket, 0);
    uint64_t slow_milli = token_bucket_rate_milli(&bucket, 0);
    cr_expect_geq(slow_milli * TOKEN_BUCKET_SLOWEST_PART, rates[i] * UINT64_C(1000));
    cr_expect_lt((slow_milli - 1) * TOKEN_BUCKET_SLOWEST_PART, rates[i] * UINT64_C(1000));
  }
}

Test(token_bucket, a_debt_outlives_a_slow_down) {
  token_bucket bucket = s_bucket(10, 1, 0);
  for (int i = 0; i < 4; i++)
    token_bucket_overdraw(&bucket, 0);
  token_bucket_slow_down(&bucket, 0);
  cr_expect_eq(token_bucket_available(&bucket, 0), -3);
}

Test(token_bucket, grows_back_in_a_straight_line) {
  token_bucket bucket = s_bucket(60, 10, 0);
  token_bucket_slow_down(&bucket, 5000);
  cr_expect_eq(token_bucket_rate_milli(&bucket, 5000), 30000);
  cr_expect_eq(token_bucket_rate_milli(&bucket, 25000), 40000);
  cr_expect_eq(token_bucket_rate_milli(&bucket, 64998), 59999);
  cr_expect_eq(token_bucket_rate_milli(&bucket, 65000), 60000);
  cr_expect_eq(token_bucket_rate_milli(&bucket, 1000000), 60000);
  /* 30 a second and 60 a second are 45 in the middle, for a minute; then 60. */
  cr_expect_eq(s_drain(&bucket, 5000, 65000), 45 * 60);
  cr_expect_eq(s_drain(&bucket, 65001, 75000), 60 * 10);
}

Test(token_bucket, a_second_slow_down_begins_where_the_first_had_come_to) {
  token_bucket bucket = s_bucket(60, 10, 0);
  token_bucket_slow_down(&bucket, 0);
  token_bucket_slow_down(&bucket, 20000); /* at 40 a second */
  cr_expect_eq(token_bucket_rate_milli(&bucket, 20000), 20000);
  cr_expect_eq(token_bucket_rate_milli(&bucket, 50000), 40000);
  cr_expect_eq(token_bucket_rate_milli(&bucket, 80000), 60000);
}

Test(token_bucket, an_earlier_time_is_the_one_before) {
  token_bucket bucket = s_bucket(10, 1, 1000);
  token_bucket_slow_down(&bucket, 2000);
  cr_expect_eq(token_bucket_available(&bucket, 0), 0);
  cr_expect_eq(token_bucket_rate_milli(&bucket, 0), 5000);
  uint64_t wait_ms = token_bucket_ready_in_ms(&bucket, 2000);
  cr_expect_eq(token_bucket_ready_in_ms(&bucket, 500), 1500 + wait_ms);
  cr_expect(!token_bucket_take(&bucket, 500));
  cr_expect(!token_bucket_take(&bucket, 2000 + wait_ms - 1), "going back gave nothing");
  cr_expect(token_bucket_take(&bucket, 2000 + wait_ms));
}

Test(token_bucket, the_largest_numbers_do_not_overflow) {
  token_bucket bucket = s_bucket(TOKEN_BUCKET_RATE_MAX, TOKEN_BUCKET_BURST_MAX, 0);
  for (int i = 0; i < 10; i++)
    token_bucket_slow_down(&bucket, 0);
  cr_expect_eq(token_bucket_available(&bucket, 60000), TOKEN_BUCKET_BURST_MAX);
  cr_expect_eq(token_bucket_available(&bucket, UINT64_MAX), TOKEN_BUCKET_BURST_MAX);
  bucket = s_bucket(1, TOKEN_BUCKET_BURST_MAX, 0);
  bucket.level_micro = -INT64_C(1000000) * TOKEN_BUCKET_BURST_MAX * TOKEN_BUCKET_DEBT_BURSTS;
  token_bucket_overdraw(&bucket, 0);
  cr_expect_eq(token_bucket_available(&bucket, 0), -(int64_t)TOKEN_BUCKET_BURST_MAX * TOKEN_BUCKET_DEBT_BURSTS);
  cr_expect_eq(token_bucket_ready_in_ms(&bucket, 0), (8ull * TOKEN_BUCKET_BURST_MAX + 1) * 1000);
  cr_expect_eq(token_bucket_available(&bucket, UINT64_MAX), TOKEN_BUCKET_BURST_MAX);
}

/* Buckets of every kind in every state: what ready_in_ms says is the first ms at which take does, and how often the
 * bucket was touched on the way changes nothing. */
Test(token_bucket, ready_is_exact_whatever_happened_before) {
  uint64_t seed = 20201112;
  for (int round = 0; round < 2000; round++) {
    uint32_t draws[8];
    for (int i = 0; i < 8; i++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      draws[i] = (uint32_t)(seed >> 33);
    }
    uint64_t now_ms = draws[0] % 100000;
    token_bucket bucket = s_bucket(1 + draws[1] % 200, 1 + draws[2] % 20, now_ms);
    for (uint32_t i = 0; i < draws[3] % 4; i++)
      token_bucket_slow_down(&bucket, now_ms += draws[4] % 30000);
    for (uint32_t i = 0; i < draws[5] % 40; i++)
      token_bucket_overdraw(&bucket, now_ms += draws[6] % 10);
    uint64_t wait_ms = token_bucket_ready_in_ms(&bucket, now_ms);
    token_bucket often = bucket;
    for (uint64_t ms = 0; ms < wait_ms; ms += 1 + draws[7] % 50)
      cr_assert(!token_bucket_take(&often, now_ms + ms));
    cr_expect(wait_ms == 0 || !token_bucket_take(&often, now_ms + wait_ms - 1));
    cr_expect(token_bucket_take(&often, now_ms + wait_ms), "round %d: %llu ms", round, (unsigned long long)wait_ms);
    cr_expect(token_bucket_take(&bucket, now_ms + wait_ms));
    cr_expect_eq(bucket.level_micro, often.level_micro);
  }
}
