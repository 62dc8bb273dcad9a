#include "broker/event/feed.h"

#include <criterion/criterion.h>

#define STALE_AFTER_MS 100

static void s_expect(feed *feed, uint64_t events, uint64_t now_ms, feed_change change, uint64_t quiet_ms) {
  uint64_t quiet_got_ms = UINT64_MAX;
  cr_expect_eq(feed_look(feed, events, now_ms, STALE_AFTER_MS, &quiet_got_ms), change, "at %llu",
               (unsigned long long)now_ms);
  cr_expect_eq(quiet_got_ms, change == FEED_AS_BEFORE ? UINT64_MAX : quiet_ms, "at %llu", (unsigned long long)now_ms);
}

Test(feed, is_stale_once_it_was_quiet_for_so_long_since_the_first_look) {
  feed feed = {0};
  s_expect(&feed, 0, 1000, FEED_AS_BEFORE, 0);
  s_expect(&feed, 0, 1099, FEED_AS_BEFORE, 0);
  s_expect(&feed, 0, 1100, FEED_STALE, 100);
  cr_expect(feed.stale);
  s_expect(&feed, 0, 5000, FEED_AS_BEFORE, 0); /* told once */
}

Test(feed, what_speaks_is_never_stale) {
  feed feed = {0};
  for (uint64_t events = 7; events < 50; events++)
    s_expect(&feed, events, events * 99, FEED_AS_BEFORE, 0);
}

Test(feed, an_event_before_the_time_is_up_starts_it_anew) {
  feed feed = {0};
  s_expect(&feed, 3, 0, FEED_AS_BEFORE, 0);
  s_expect(&feed, 4, 50, FEED_AS_BEFORE, 0);
  s_expect(&feed, 4, 149, FEED_AS_BEFORE, 0);
  s_expect(&feed, 4, 160, FEED_STALE, 110);
}

Test(feed, is_back_when_it_speaks_and_can_be_stale_again) {
  feed feed = {0};
  s_expect(&feed, 3, 0, FEED_AS_BEFORE, 0);
  s_expect(&feed, 3, 120, FEED_STALE, 120);
  s_expect(&feed, 3, 200, FEED_AS_BEFORE, 0);
  s_expect(&feed, 4, 250, FEED_BACK, 250);
  cr_expect(!feed.stale);
  s_expect(&feed, 5, 260, FEED_AS_BEFORE, 0);
  s_expect(&feed, 5, 360, FEED_STALE, 100);
}

Test(feed, the_time_starts_anew_with_the_link) {
  feed feed = {0};
  feed_restart(&feed, 10); /* before the first look it means nothing */
  s_expect(&feed, 3, 1000, FEED_AS_BEFORE, 0);
  feed_restart(&feed, 1090);
  s_expect(&feed, 3, 1189, FEED_AS_BEFORE, 0);
  s_expect(&feed, 3, 1190, FEED_STALE, 100);
}

Test(feed, one_that_is_stale_stays_so_though_the_link_comes_back) {
  feed feed = {0};
  s_expect(&feed, 3, 0, FEED_AS_BEFORE, 0);
  s_expect(&feed, 3, 100, FEED_STALE, 100);
  feed_restart(&feed, 150);
  cr_expect(feed.stale);
  s_expect(&feed, 3, 400, FEED_AS_BEFORE, 0);
  s_expect(&feed, 4, 500, FEED_BACK, 500);
}
