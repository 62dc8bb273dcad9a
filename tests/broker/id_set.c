/* Ids that were used: none is forgotten, few are taken for others. */
#include "broker/order/id_set.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define MANY 100000

static void s_name(char name[32], const char *prefix, unsigned i) {
  snprintf(name, 32, "%s-%u", prefix, i);
}

Test(id_set, rule_5_every_id_is_remembered_with_its_owner) {
  id_set *set = id_set_new(MANY);
  char name[32];
  for (unsigned i = 0; i < MANY; i++) {
    s_name(name, "order", i);
    cr_assert_eq(id_set_add(set, "alice", name), HBUS_OK, "%u", i);
  }
  cr_expect_eq(id_set_size(set), MANY);
  unsigned missed = 0, mistaken = 0;
  for (unsigned i = 0; i < MANY; i++) {
    s_name(name, "order", i);
    missed += !id_set_has(set, "alice", name);
    mistaken += id_set_has(set, "beatrice", name);
    s_name(name, "other", i);
    mistaken += id_set_has(set, "alice", name);
  }
  cr_expect_eq(missed, 0);
  cr_expect_eq(mistaken, 0, "a chance of 1 in 10^9 for the whole of this test");
  id_set_destroy(&set);
  cr_expect_null(set);
}

Test(id_set, an_id_is_added_once) {
  id_set *set = id_set_new(10);
  cr_expect(!id_set_has(set, "alice", "a"), "it is empty");
  cr_expect_eq(id_set_add(set, "alice", "a"), HBUS_OK);
  cr_expect_eq(id_set_add(set, "alice", "a"), HBUS_OK);
  cr_expect_eq(id_set_size(set), 1);
  cr_expect_eq(id_set_add(set, "alic", "ea"), HBUS_OK);
  cr_expect_eq(id_set_size(set), 2, "where one name ends and the other begins counts");
  id_set_destroy(&set);
}

Test(id_set, as_many_as_may_be) {
  id_set *set = id_set_new(3);
  cr_expect_eq(id_set_add(set, "alice", "a"), HBUS_OK);
  cr_expect_eq(id_set_add(set, "alice", "b"), HBUS_OK);
  cr_expect_eq(id_set_add(set, "alice", "c"), HBUS_OK);
  cr_expect_eq(id_set_add(set, "alice", "d"), HBUS_OVERLOADED);
  cr_expect(!id_set_has(set, "alice", "d"));
  cr_expect_eq(id_set_add(set, "alice", "b"), HBUS_OK, "it is there already");
  cr_expect_eq(id_set_size(set), 3);
  id_set_destroy(&set);
}

Test(id_set, an_id_takes_sixteen_bytes_at_the_most) {
  id_set *set = id_set_new(MANY);
  char name[32];
  for (unsigned i = 0; i < MANY; i++) {
    s_name(name, "order", i);
    id_set_add(set, "alice", name);
    if (i >= MANY / 10)
      cr_assert_leq(id_set_bytes(set), 16 * id_set_size(set) + 16384, "%zu for %u", id_set_bytes(set), i + 1);
  }
  id_set_destroy(&set);
}
