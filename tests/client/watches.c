#include "client/watches.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void s_add(watches *self, const char *prefix) {
  cr_assert_eq(watches_add(self, prefix, strlen(prefix)), HBUS_OK);
}

static bool s_matches(const watches *self, const char *topic) {
  return watches_match(self, topic, strlen(topic), NULL);
}

Test(watches, a_prefix_matches_what_begins_with_it) {
  watches self = {0};
  cr_assert_not(s_matches(&self, "a/"));
  s_add(&self, "market_data/ticker/");
  s_add(&self, "market_data/order_book/binance/ETH-USDT/");
  s_add(&self, "order_update/");
  s_add(&self, "market_data/order_book/binance/ETH");
  cr_assert(s_matches(&self, "market_data/ticker/binance/ETH-USDT/"));
  cr_assert(s_matches(&self, "order_update/"));
  cr_assert(s_matches(&self, "market_data/order_book/binance/ETH-USDT/"));
  cr_assert(s_matches(&self, "market_data/order_book/binance/ETHX/"));
  cr_assert_not(s_matches(&self, "market_data/order_book/binance/BTC-USDT/"));
  cr_assert_not(s_matches(&self, "market_data/"));
  cr_assert_not(s_matches(&self, "zzz/"));
  cr_assert_not(s_matches(&self, ""));
  s_add(&self, "");
  cr_assert(s_matches(&self, "zzz/"));
  cr_assert(s_matches(&self, ""));
  watches_free(&self);
}

/* Against the plain way of doing it, over all sets of short prefixes. */
Test(watches, matches_as_a_search_through_all_would) {
  static const char *const words[] = {"", "a", "aa", "ab", "b", "ba", "bb", "aab", "aba", "abb"};
  enum { WORDS = 10 };
  for (unsigned set = 0; set < 1u << WORDS; set++) {
    watches self = {0};
    for (unsigned i = 0; i < WORDS; i++)
      if (set & 1u << i) s_add(&self, words[i]);
    for (unsigned based = 0; based < self.count; based++)
      self.items[based].is_based = based % 2 == 0;
    for (unsigned t = 0; t < WORDS; t++) {
      bool expected = false, has_base = false, is_based = true;
      for (size_t i = 0; i < self.count; i++) {
        if (strncmp(self.items[i].prefix, words[t], self.items[i].size) != 0) continue;
        expected = true;
        has_base = has_base || self.items[i].is_based;
      }
      cr_assert_eq(watches_match(&self, words[t], strlen(words[t]), &is_based), expected);
      cr_assert_eq(is_based, has_base, "set %x, %s", set, words[t]);
      cr_assert_eq(s_matches(&self, words[t]), expected);
    }
    watches_free(&self);
  }
}

Test(watches, what_is_watched_twice_is_unwatched_twice) {
  watches self = {0};
  s_add(&self, "a/");
  s_add(&self, "a/");
  cr_assert_eq(self.count, 1u);
  cr_assert(watches_remove(&self, "a/", 2));
  cr_assert(s_matches(&self, "a/b/"));
  cr_assert(watches_remove(&self, "a/", 2));
  cr_assert_not(s_matches(&self, "a/b/"));
  cr_assert_not(watches_remove(&self, "a/", 2));
  cr_assert_eq(self.due_count, 0u);
  watches_free(&self);
}

Test(watches, are_bounded) {
  watches self = {0};
  char prefix[16];
  for (unsigned i = 0; i < HBUS_WATCHES_MAX; i++) {
    (void)snprintf(prefix, sizeof(prefix), "%u/", i);
    s_add(&self, prefix);
  }
  cr_assert_eq(watches_add(&self, "x/", 2), HBUS_OVERLOADED);
  cr_assert_eq(watches_add(&self, "0/", 2), HBUS_OK, "one that is there");
  watches_free(&self);
}

Test(watches, each_is_asked_about_once_and_again_when_in_doubt) {
  watches self = {0};
  hbus_text asked[HBUS_PREFIXES_MAX];
  char prefix[16];
  for (unsigned i = 0; i < HBUS_PREFIXES_MAX + 1; i++) {
    (void)snprintf(prefix, sizeof(prefix), "%03u/", i);
    s_add(&self, prefix);
  }
  bool is_based = true;
  cr_assert_eq(watches_begin_round(&self, 1, asked), (size_t)HBUS_PREFIXES_MAX);
  cr_assert_eq(strncmp(asked[0].data, "000/", asked[0].size), 0);
  cr_assert_eq(self.due_count, 1u);
  s_add(&self, "000"); /* in the middle of a round, before all others */
  watches_end_round(&self, 1, true);
  cr_assert(watches_match(&self, "063/x/", 6, &is_based) && is_based);
  cr_assert(watches_match(&self, "064/x/", 6, &is_based) && !is_based);
  cr_assert_eq(watches_begin_round(&self, 2, asked), 2u);
  watches_end_round(&self, 2, false);
  cr_assert_eq(self.due_count, 2u, "without an answer they are due still");
  cr_assert_eq(watches_begin_round(&self, 3, asked), 2u);
  watches_set_due(&self);
  watches_end_round(&self, 3, true);
  cr_assert_eq(self.due_count, self.count, "that answer is older than the doubt");
  cr_assert(watches_match(&self, "063/x/", 6, &is_based) && is_based, "which takes no base away");
  watches_free(&self);
}
