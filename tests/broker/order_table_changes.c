/* Who has changed, and when that is told; what a change does to rev; the wish to cancel. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/broker/order_stage.h"

#define TAKEN_MAX 16

typedef struct stage {
  counters counters;
  order_table *table;
  unsigned woken;
  const order *taken[TAKEN_MAX];
  size_t count;
  order *touch; /* changed again by whoever is told of a change */
  order *remove;
} stage;

static void s_wake(void *arg) {
  stage *stage = arg;
  stage->woken++;
}

static void s_take_one(void *arg, order *order) {
  stage *stage = arg;
  cr_assert_lt(stage->count, TAKEN_MAX);
  stage->taken[stage->count++] = order;
  if (stage->touch) order_table_touch(stage->table, stage->touch);
  if (stage->remove) order_table_remove(stage->table, stage->remove);
  stage->remove = NULL;
}

/* How many there were. */
static size_t s_take(stage *stage) {
  stage->count = 0;
  order_table_take_changed(stage->table, s_take_one, stage);
  return stage->count;
}

static stage *s_start(stage *stage) {
  *stage = (struct stage){0};
  stage->table = order_table_new(1, 10, &stage->counters);
  order_table_on_change(stage->table, s_wake, stage);
  return stage;
}

static order *s_add(stage *stage, const char *client_order_id) {
  hbus_command create = order_stage_create(client_order_id);
  return order_table_add_own(stage->table, "alice", &create);
}

Test(order_table_changes, each_is_given_once_in_the_order_of_first_changes) {
  stage stage;
  order_table *table = s_start(&stage)->table;
  order *a = s_add(&stage, "a"), *b = s_add(&stage, "b"), *c = s_add(&stage, "c");
  cr_expect_eq(stage.woken, 1, "the first change wakes, and no other");
  cr_expect_eq(s_take(&stage), 3);
  cr_expect(stage.taken[0] == a && stage.taken[1] == b && stage.taken[2] == c);
  cr_expect_eq(s_take(&stage), 0);
  order_table_touch(table, c);
  order_table_touch(table, a);
  order_table_touch(table, c);
  cr_expect_eq(stage.woken, 2);
  cr_expect_eq(s_take(&stage), 2);
  cr_expect(stage.taken[0] == c && stage.taken[1] == a);
  order_table_destroy(&stage.table);
}

Test(order_table_changes, what_changes_while_they_are_given_comes_the_next_time) {
  stage stage;
  s_start(&stage);
  order *a = s_add(&stage, "a"), *b = s_add(&stage, "b");
  stage.touch = a;
  cr_expect_eq(s_take(&stage), 2, "not for ever");
  cr_expect_eq(stage.woken, 2, "there is more");
  stage.touch = NULL;
  cr_expect_eq(s_take(&stage), 1);
  cr_expect_eq(stage.taken[0], a);
  stage.touch = b; /* which waits to be given still, and is given as it is then */
  order_table_touch(stage.table, a);
  order_table_touch(stage.table, b);
  cr_expect_eq(s_take(&stage), 2);
  cr_expect_eq(s_take(&stage), 1);
  order_table_destroy(&stage.table);
}

Test(order_table_changes, what_goes_while_they_are_given_is_not) {
  stage stage;
  s_start(&stage);
  order *a = s_add(&stage, "a");
  stage.remove = s_add(&stage, "b");
  order *c = s_add(&stage, "c");
  cr_expect_eq(s_take(&stage), 2);
  cr_expect(stage.taken[0] == a && stage.taken[1] == c);
  order_table_touch(stage.table, c);
  order_table_remove(stage.table, c);
  cr_expect_eq(s_take(&stage), 0);
  order_table_touch(stage.table, a);
  cr_expect_eq(s_take(&stage), 1);
  order_table_destroy(&stage.table);
}

Test(order_table_changes, nobody_asks_nothing_is_marked) {
  stage stage = {0};
  stage.table = order_table_new(1, 10, &stage.counters);
  s_add(&stage, "a");
  cr_expect_eq(s_take(&stage), 0);
  order_table_destroy(&stage.table);
}

/* Every call that changes something. */
Test(order_table_changes, rule_13_every_change_raises_rev_and_is_told) {
  static const char *const candidates[] = {"X1", "X2"};
  stage stage;
  order_table *table = s_start(&stage)->table;
  order *mine = s_add(&stage, "a");
  cr_expect_eq(s_take(&stage), 1, "added");
  order_table_merge(table, mine, &(hbus_order){.status = HBUS_UNKNOWN});
  cr_expect_eq(mine->state.rev, 1);
  cr_expect_eq(s_take(&stage), 1, "merged");
  order_table_set_outcome(table, mine, HBUS_REPLY_UNKNOWN, HBUS_TIMEOUT, hbus_text_of("late"));
  cr_expect_eq(mine->state.rev, 1, "peers see nothing of that");
  cr_expect_eq(s_take(&stage), 1, "answered");
  cr_expect(order_table_set_candidates(table, mine, candidates, 2));
  cr_expect_eq(mine->state.rev, 2);
  cr_expect_eq(s_take(&stage), 1, "candidates");
  cr_expect(!order_table_set_candidates(table, mine, candidates, 2), "the same again");
  cr_expect(order_table_request_cancel(table, mine, true));
  cr_expect_eq(mine->state.rev, 3);
  cr_expect_eq(s_take(&stage), 1, "a cancel is asked for");
  cr_expect(!order_table_request_cancel(table, mine, true), "the same again");
  hbus_order said = order_stage_said("X1", HBUS_OPEN);
  cr_expect(order_table_merge(table, mine, &said));
  cr_expect_eq(mine->state.rev, 4, "one change, though its candidates went with it");
  cr_expect_eq(s_take(&stage), 1);
  bool changed;
  cr_expect_eq(order_table_apply(table, &said, "", &changed), mine);
  cr_expect(!changed);
  cr_expect_eq(mine->state.rev, 4);
  cr_expect_eq(s_take(&stage), 0, "nothing new");
  order *stranger = order_table_apply(table, &(hbus_order){.exchange = "binance", .order_id = "Y"}, "", &changed);
  cr_expect_eq(stranger->state.rev, 1);
  cr_expect_eq(s_take(&stage), 1, "an order of others");
  order_table_destroy(&stage.table);
}

Test(order_table_changes, rule_13_rev_does_not_go_down_when_two_prove_one) {
  stage stage;
  order_table *table = s_start(&stage)->table;
  order *mine = s_add(&stage, "a");
  bool changed;
  for (int status = HBUS_OPEN; status <= HBUS_FILLED; status++) {
    hbus_order said = order_stage_said("X1", (hbus_order_status)status);
    order *stranger = order_table_apply(table, &said, "", &changed);
    order_table_request_cancel(table, stranger, true);
    if (status == HBUS_PARTIALLY_FILLED) break;
  }
  order *stranger = order_table_find(table, "binance", "X1");
  uint64_t rev = stranger->state.rev;
  cr_assert_gt(rev, 1);
  stranger->cancels_under_way = 1;
  order_table_bind(table, mine, "X1");
  cr_expect_geq(mine->state.rev, rev);
  cr_expect(mine->state.cancel_requested, "what was asked of it is not lost");
  cr_expect_eq(mine->cancels_under_way, 1);
  cr_expect_eq(s_take(&stage), 1);
  cr_expect_eq(stage.taken[0], mine);
  order_table_destroy(&stage.table);
}

/* It would be looked for in the journal, where it is not yet. */
Test(order_table_changes, rule_5_what_waits_to_be_written_down_is_not_forgotten) {
  stage stage = {0};
  stage.table = order_table_new(1, 2, &stage.counters);
  order_table_on_change(stage.table, s_wake, &stage);
  bool changed;
  hbus_order first = order_stage_said("X1", HBUS_CANCELLED), second = order_stage_said("X2", HBUS_CANCELLED);
  order_table_apply(stage.table, &first, "", &changed);
  order_table_apply(stage.table, &second, "", &changed);
  cr_expect_null(s_add(&stage, "a"), "both wait");
  s_take(&stage);
  order_table_touch(stage.table, order_table_find(stage.table, "binance", "X1"));
  cr_expect_not_null(s_add(&stage, "a"));
  cr_expect_not_null(order_table_find(stage.table, "binance", "X1"), "it waits");
  cr_expect_null(order_table_find(stage.table, "binance", "X2"), "the next one makes room");
  order_table_destroy(&stage.table);
}

Test(order_table_changes, rule_15_a_cancel_under_way_shows_as_open_with_cancel_requested) {
  stage stage;
  order_table *table = s_start(&stage)->table;
  order *mine = s_add(&stage, "a");
  hbus_order said = order_stage_said("X1", HBUS_OPEN);
  order_table_merge(table, mine, &said);
  order_table_request_cancel(table, mine, true);
  cr_expect_eq(mine->state.status, HBUS_OPEN);
  said.status = HBUS_PARTIALLY_FILLED;
  said.filled = order_stage_decimal("0.5");
  order_table_merge(table, mine, &said);
  cr_expect(mine->state.cancel_requested, "upstream knows nothing of that");
  said.status = HBUS_CANCELLED;
  order_table_merge(table, mine, &said);
  cr_expect(!mine->state.cancel_requested, "it has had its effect");
  cr_expect(!order_table_request_cancel(table, mine, true), "it is finished");
  order_table_destroy(&stage.table);
}

Test(order_table_changes, rule_16_a_cancel_outlives_a_failure_that_was_only_inferred) {
  stage stage;
  order_table *table = s_start(&stage)->table;
  order *mine = s_add(&stage, "a");
  order_table_merge(table, mine, &(hbus_order){.status = HBUS_UNKNOWN});
  order_table_request_cancel(table, mine, true);
  order_table_merge(table, mine, &(hbus_order){.status = HBUS_FAILED});
  cr_expect(!mine->state.cancel_requested);
  cr_expect(order_table_request_cancel(table, mine, true), "by who knows that it may appear");
  hbus_order said = order_stage_said("X1", HBUS_OPEN);
  order_table_merge(table, mine, &said);
  cr_expect_eq(mine->state.status, HBUS_OPEN);
  cr_expect(mine->state.cancel_requested, "and goes out now");
  order_table_destroy(&stage.table);
}
