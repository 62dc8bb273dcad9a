/* What came last, by key. */
#include "broker/recent.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(recent, keeps_an_item_with_each_key) {
  recent *recent = recent_new(10, sizeof(int));
  int *first = recent_add(recent, "first");
  cr_assert_not_null(first);
  cr_expect_eq(*first, 0);
  *first = 7;
  int *second = recent_add(recent, "");
  cr_assert_not_null(second);
  cr_expect_eq(recent_find(recent, "first"), first);
  cr_expect_eq(*first, 7);
  cr_expect_eq(recent_find(recent, ""), second);
  cr_expect_null(recent_find(recent, "third"));
  cr_expect_eq(recent_size(recent), 2);
  recent_destroy(&recent);
  cr_expect_null(recent);
}

Test(recent, the_oldest_makes_room) {
  enum { CAPACITY = 1000, ADDED = 10 * CAPACITY };
  recent *recent = recent_new(CAPACITY, 0);
  char key[16];
  for (int i = 0; i < ADDED; i++) {
    snprintf(key, sizeof key, "%d", i);
    cr_assert_not_null(recent_add(recent, key));
  }
  cr_expect_eq(recent_size(recent), CAPACITY);
  for (int i = 0; i < ADDED; i++) {
    snprintf(key, sizeof key, "%d", i);
    cr_expect_eq(recent_find(recent, key) != NULL, i >= ADDED - CAPACITY, "%d", i);
  }
  recent_destroy(&recent);
}

Test(recent, what_is_removed_leaves_its_place_to_another) {
  recent *recent = recent_new(3, 0);
  recent_add(recent, "a");
  recent_add(recent, "b");
  recent_add(recent, "c");
  recent_remove(recent, "b");
  recent_remove(recent, "b");
  cr_expect_eq(recent_size(recent), 2);
  recent_add(recent, "d");
  cr_expect_not_null(recent_find(recent, "a"));
  recent_add(recent, "e");
  cr_expect_null(recent_find(recent, "a"), "it was the oldest");
  recent_remove(recent, "e");
  recent_remove(recent, "c");
  recent_remove(recent, "d");
  cr_expect_eq(recent_size(recent), 0);
  cr_expect_not_null(recent_add(recent, "a"));
  recent_destroy(&recent);
}
