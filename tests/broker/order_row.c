/* An order as the journal keeps it, and what becomes of it in the next start (ORDERS.md, rules 1, 8 and 10). */
#include "broker/order/order_row.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/broker/order_stage.h"

static counters s_counters;

static order_table *s_table(uint64_t epoch) {
  return order_table_new(epoch, 10, &s_counters);
}

static order *s_add(order_table *table, const char *client_order_id) {
  hbus_command create = order_stage_create(client_order_id);
  order *order = order_table_add_own(table, "alice", &create);
  order->intent_ns = 7;
  return order;
}

/* The order as the next start has it. *next becomes that start's table. */
static order *s_restart(const order *order, order_table **next) {
  journal_order row;
  order_row(order, &row);
  *next = s_table(1800000000000001);
  return order_table_restore(*next, &row);
}

Test(order_row, rule_10_all_that_is_known_of_an_order_comes_back) {
  static const char *const candidates[] = {"X1", "X2"};
  order_table *first = s_table(1800000000000000), *next;
  order *mine = s_add(first, "a");
  order_table_merge(first, mine, &(hbus_order){.status = HBUS_UNKNOWN});
  order_table_set_candidates(first, mine, candidates, 2);
  order_table_set_outcome(first, mine, HBUS_REPLY_UNKNOWN, HBUS_LINK_DOWN, hbus_text_of("the link was lost"));
  order_table_request_cancel(first, mine, true);
  mine->absent_ns = 8;
  mine->absences = 1;
  mine->published_seq = 9;
  mine->published_rev = 2;
  order *back = s_restart(mine, &next);
  cr_assert_not_null(back);
  cr_expect_eq(back->state.status, HBUS_UNKNOWN);
  cr_expect_eq(back->state.rev, mine->state.rev);
  cr_expect(back->state.cancel_requested);
  cr_expect(back->written);
  cr_expect(back->create_answered);
  cr_expect_eq(back->outcome, HBUS_REPLY_UNKNOWN);
  cr_expect_eq(back->outcome_code, HBUS_LINK_DOWN);
  cr_expect_str_eq(back->outcome_message, "the link was lost");
  cr_expect_str_eq(back->create->price.text, "2000");
  cr_expect(back->intent_ns == 7 && back->absent_ns == 8 && back->absences == 1);
  cr_expect(back->published_seq == 9 && back->published_rev == 2);
  cr_expect_eq(back->state.extra.count, 1);
  cr_expect_neq(back->state.extra.pairs.data, mine->state.extra.pairs.data, "it is a copy");
  cr_expect_eq(back->state.extra.pairs.size, mine->state.extra.pairs.size);
  hbus_command twin = order_stage_create("b");
  cr_expect_eq(order_table_find_unresolved(next, "alice", &twin), back, "rule 8: no order like it");
  cr_expect_eq(order_table_find_own(next, "alice", "a"), back);
  cr_expect_eq(order_table_find_upstream(next, mine->upstream_id), back);
  order_table_destroy(&next);
  order_table_destroy(&first);
}

Test(order_row, rule_6_ids_of_the_next_start_are_others) {
  order_table *first = s_table(1800000000000000), *next;
  order *back = s_restart(s_add(first, "a"), &next);
  order *new = s_add(next, "b");
  cr_expect_str_neq(new->upstream_id, back->upstream_id);
  order_table_destroy(&next);
  order_table_destroy(&first);
}

Test(order_row, rule_10_an_intent_without_an_outcome_is_unknown) {
  order_table *first = s_table(1800000000000000), *next;
  order *mine = s_add(first, "a");
  order *back = s_restart(mine, &next);
  cr_expect_eq(back->state.status, HBUS_UNKNOWN);
  cr_expect_gt(back->state.rev, mine->state.rev);
  cr_expect(back->create_answered, "a repeat hears that, and does not wait for ever");
  cr_expect_eq(back->outcome, HBUS_REPLY_UNKNOWN);
  cr_expect_eq(back->outcome_code, HBUS_TIMEOUT);
  cr_expect_not_null(strstr(back->outcome_message, "may be live"));
  order_table_destroy(&next);
  order_table_destroy(&first);
}

static void s_note(void *arg, order *order) {
  *(struct order **)arg = order;
}

static void s_wake(void *arg) {
  ++*(unsigned *)arg;
}

Test(order_row, rule_10_what_the_restart_changes_is_written_down) {
  order_table *first = s_table(1800000000000000), *next = s_table(1800000000000001);
  unsigned woken = 0;
  order *changed = NULL;
  journal_order row;
  order_table_on_change(next, s_wake, &woken);
  order *settled = s_add(first, "a");
  hbus_order said = order_stage_said("X1", HBUS_OPEN);
  order_table_merge(first, settled, &said);
  order_table_set_outcome(first, settled, HBUS_REPLY_OK, HBUS_OK, (hbus_text){0});
  order_row(settled, &row);
  order_table_restore(next, &row);
  cr_expect_eq(woken, 0, "it is as the journal has it");
  order_row(s_add(first, "b"), &row);
  order *pending = order_table_restore(next, &row);
  cr_expect_eq(woken, 1);
  order_table_take_changed(next, s_note, &changed);
  cr_expect_eq(changed, pending);
  order_table_destroy(&next);
  order_table_destroy(&first);
}

/* Its events came, the answer to its create did not: nobody waits for that any more. */
Test(order_row, rule_5_a_create_that_nobody_waits_for_is_answered) {
  static const struct {
    hbus_order_status status;
    hbus_reply_status outcome;
    bool finished;
  } cases[] = {{HBUS_OPEN, HBUS_REPLY_UNKNOWN, false},
               {HBUS_FILLED, HBUS_REPLY_UNKNOWN, true},
               {HBUS_FAILED, HBUS_REPLY_ERROR, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    order_table *first = s_table(1800000000000000), *next;
    order *mine = s_add(first, "a");
    hbus_order said = order_stage_said("X1", cases[i].status);
    order_table_merge(first, mine, &said);
    cr_expect(!mine->finished);
    order *back = s_restart(mine, &next);
    cr_expect_eq(back->state.status, cases[i].status);
    cr_expect(back->create_answered);
    cr_expect_eq(back->outcome, cases[i].outcome, "%zu", i);
    cr_expect_eq(back->finished, cases[i].finished, "%zu", i);
    order_table_destroy(&next);
    order_table_destroy(&first);
  }
}

Test(order_row, a_row_says_what_may_be_forgotten) {
  order_table *table = s_table(1800000000000000);
  journal_order row;
  order *mine = s_add(table, "a");
  hbus_order said = order_stage_said("X1", HBUS_CANCELLED);
  order_table_merge(table, mine, &said);
  order_row(mine, &row);
  cr_expect(!row.finished, "its create is under way");
  cr_expect_eq(row.asked.kind, HBUS_CREATE_ORDER);
  order_table_set_outcome(table, mine, HBUS_REPLY_OK, HBUS_OK, (hbus_text){0});
  order_row(mine, &row);
  cr_expect(row.finished && row.answered);
  cr_expect_gt(row.updated_ns, 0);
  order_table_destroy(&table);
}

Test(order_row, rule_10_an_order_of_others_comes_back_without_an_owner) {
  order_table *first = s_table(1800000000000000), *next;
  bool changed;
  hbus_order said = order_stage_said("X1", HBUS_OPEN);
  order *back = s_restart(order_table_apply(first, &said, "", &changed), &next);
  cr_assert_not_null(back);
  cr_expect_eq(order_table_find(next, "binance", "X1"), back);
  cr_expect(!back->create && !back->written && !back->create_answered);
  cr_expect_gt(back->first_seen_ns, 0);
  order_table_destroy(&next);
  order_table_destroy(&first);
}

/* The journal has both: what was said of an order before it was known whose it is, and whose it is. */
Test(order_row, rule_12_an_order_that_was_others_once_is_its_owners_whichever_comes_first) {
  for (int own_first = 0; own_first < 2; own_first++) {
    order_table *first = s_table(1800000000000000), *next = s_table(1800000000000001);
    journal_order own, others;
    bool changed;
    hbus_order said = order_stage_said("X1", HBUS_PARTIALLY_FILLED);
    order *stranger = order_table_apply(first, &said, "", &changed);
    order_row(stranger, &others);
    order *mine = s_add(first, "a");
    order_table_bind(first, mine, "X1");
    order_table_set_outcome(first, mine, HBUS_REPLY_OK, HBUS_OK, (hbus_text){0});
    order_row(mine, &own);
    cr_assert_not_null(order_table_restore(next, own_first ? &own : &others));
    cr_assert_not_null(order_table_restore(next, own_first ? &others : &own));
    cr_expect_eq(order_table_size(next), 1);
    order *back = order_table_find(next, "binance", "X1");
    cr_assert_not_null(back);
    cr_expect_str_eq(back->state.owner, "alice");
    cr_expect_eq(back->state.status, HBUS_PARTIALLY_FILLED);
    order_table_destroy(&next);
    order_table_destroy(&first);
  }
}

Test(order_row, rule_10_what_is_live_comes_back_whatever_the_bound_is_now) {
  order_table *first = s_table(1800000000000000);
  order_table *next = order_table_new(1800000000000001, 1, &s_counters);
  journal_order row;
  order_row(s_add(first, "a"), &row);
  cr_expect_not_null(order_table_restore(next, &row));
  order_row(s_add(first, "b"), &row);
  cr_expect_not_null(order_table_restore(next, &row));
  order *done = s_add(first, "c");
  hbus_order said = order_stage_said("X1", HBUS_CANCELLED);
  order_table_merge(first, done, &said);
  order_row(done, &row);
  cr_expect_null(order_table_restore(next, &row), "it can be looked up again");
  hbus_command create = order_stage_create("d");
  cr_expect_null(order_table_add_own(next, "alice", &create), "but nothing new");
  order_table_destroy(&next);
  order_table_destroy(&first);
}

Test(order_row, rule_5_a_name_is_given_once) {
  order_table *first = s_table(1800000000000000), *next;
  journal_order row;
  order *mine = s_add(first, "a");
  order_row(mine, &row);
  cr_assert_not_null(s_restart(mine, &next));
  cr_expect_null(order_table_restore(next, &row));
  snprintf(row.upstream_id, sizeof row.upstream_id, "other-1");
  cr_expect_null(order_table_restore(next, &row));
  cr_expect_eq(order_table_size(next), 1);
  order_table_destroy(&next);
  order_table_destroy(&first);
}
