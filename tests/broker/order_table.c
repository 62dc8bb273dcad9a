/* Orders by each of their names; what is forgotten to make room. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tests/broker/order_stage.h"

Test(order_table, rule_5_an_id_belongs_to_its_owner) {
  counters counters = {0};
  order_table *table = order_table_new(1, 10, &counters);
  hbus_command create = order_stage_create("a");
  order *mine = order_table_add_own(table, "alice", &create);
  order *hers = order_table_add_own(table, "beatrice", &create);
  cr_assert(mine && hers && mine != hers);
  cr_expect_eq(order_table_find_own(table, "alice", "a"), mine);
  cr_expect_eq(order_table_find_own(table, "beatrice", "a"), hers);
  cr_expect_null(order_table_find_own(table, "alice", "b"));
  cr_expect_eq(mine->state.status, HBUS_PENDING);
  cr_expect_str_eq(mine->state.price.text, "2000");
  order_table_destroy(&table);
  cr_expect_null(table);
}

Test(order_table, rule_6_upstream_ids_are_short_plain_and_never_the_same) {
  counters counters = {0};
  order_table *first = order_table_new(1800000000000000, 100, &counters);
  order_table *second = order_table_new(1800000000000001, 100, &counters);
  char last[LIMIT_UPSTREAM_ID + 1] = "";
  for (int i = 0; i < 50; i++) {
    char id[16];
    snprintf(id, sizeof id, "%d", i);
    hbus_command create = order_stage_create(id);
    order *order = order_table_add_own(first, "a", &create);
    cr_expect_str_neq(order->upstream_id, last);
    cr_expect_str_neq(order->upstream_id, order_table_add_own(second, "a", &create)->upstream_id);
    for (const char *c = order->upstream_id; *c; c++)
      cr_expect(isalnum((unsigned char)*c) || *c == '-');
    cr_expect_eq(order_table_find_upstream(first, order->upstream_id), order);
    snprintf(last, sizeof last, "%s", order->upstream_id);
  }
  order_table_destroy(&first);
  order_table_destroy(&second);
}

Test(order_table, rule_6_an_event_finds_its_order_by_the_id_it_carries_then_by_its_own) {
  counters counters = {0};
  order_table *table = order_table_new(1, 10, &counters);
  hbus_command create = order_stage_create("a");
  order *mine = order_table_add_own(table, "alice", &create);
  bool changed = false;
  hbus_order said = order_stage_said("X1", HBUS_OPEN);
  cr_expect_eq(order_table_apply(table, &said, mine->upstream_id, &changed), mine);
  cr_expect(changed);
  cr_expect_eq(mine->state.rev, 1);
  said = order_stage_said("X1", HBUS_CANCELLED);
  cr_expect_eq(order_table_apply(table, &said, "", &changed), mine);
  cr_expect(changed);
  cr_expect_eq(mine->state.rev, 2);
  cr_expect_eq(order_table_apply(table, &said, "", &changed), mine);
  cr_expect(!changed);
  cr_expect_eq(mine->state.rev, 2, "rev goes up by changes alone");
  cr_expect_str_eq(mine->state.owner, "alice");
  order_table_destroy(&table);
}

Test(order_table, rule_12_an_order_seen_before_its_create_was_answered_becomes_its_owners) {
  counters counters = {0};
  order_table *table = order_table_new(1, 10, &counters);
  hbus_command create = order_stage_create("a");
  order *mine = order_table_add_own(table, "alice", &create);
  bool changed = false;
  hbus_order said = order_stage_said("X1", HBUS_FILLED);
  hbus_decimal_parse("1.0", 3, &said.filled);
  order *stranger = order_table_apply(table, &said, "", &changed);
  cr_assert(stranger && stranger != mine);
  cr_expect_eq(order_table_size(table), 2);
  hbus_order answer = order_stage_said("X1", HBUS_OPEN);
  order_table_merge(table, mine, &answer);
  cr_expect_eq(order_table_size(table), 1);
  cr_expect_eq(order_table_find(table, "binance", "X1"), mine);
  cr_expect_eq(mine->state.status, HBUS_FILLED, "what the event said is not lost");
  cr_expect_eq(mine->state.rev, 1);
  order_table_destroy(&table);
}

Test(order_table, the_oldest_finished_order_makes_room_and_no_other) {
  counters counters = {0};
  order_table *table = order_table_new(1, 3, &counters);
  bool changed;
  for (int i = 0; i < 3; i++) {
    char id[8];
    snprintf(id, sizeof id, "X%d", i);
    hbus_order said = order_stage_said(id, i == 0 ? HBUS_OPEN : HBUS_CANCELLED);
    cr_assert_not_null(order_table_apply(table, &said, "", &changed));
  }
  hbus_command create = order_stage_create("a");
  cr_assert_not_null(order_table_add_own(table, "alice", &create));
  cr_expect_eq(order_table_size(table), 3);
  cr_expect_eq(counters.orders_evicted, 1);
  cr_expect_not_null(order_table_find(table, "binance", "X0"), "it is open");
  cr_expect_null(order_table_find(table, "binance", "X1"), "it was the oldest finished one");
  cr_expect_not_null(order_table_find(table, "binance", "X2"));
  create = order_stage_create("b");
  cr_assert_not_null(order_table_add_own(table, "alice", &create));
  create = order_stage_create("c");
  cr_expect_null(order_table_add_own(table, "alice", &create), "nothing is finished any more");
  hbus_order said = order_stage_said("X9", HBUS_OPEN);
  cr_expect_null(order_table_apply(table, &said, "", &changed));
  cr_expect_eq(counters.orders_untracked, 1);
  order_table_destroy(&table);
}

Test(order_table, rule_1_a_create_under_way_is_kept_though_events_finished_it) {
  counters counters = {0};
  order_table *table = order_table_new(1, 1, &counters);
  hbus_command create = order_stage_create("a");
  order *mine = order_table_add_own(table, "alice", &create);
  hbus_order said = order_stage_said("X1", HBUS_CANCELLED);
  order_table_merge(table, mine, &said);
  create = order_stage_create("b");
  cr_expect_null(order_table_add_own(table, "alice", &create));
  order_table_set_outcome(table, mine, HBUS_REPLY_OK, HBUS_OK, (hbus_text){0});
  cr_expect_not_null(order_table_add_own(table, "alice", &create));
  order_table_destroy(&table);
}

Test(order_table, who_was_finished_first_goes_first_and_who_came_back_stays) {
  counters counters = {0};
  order_table *table = order_table_new(1, 3, &counters);
  bool changed;
  for (int i = 0; i < 3; i++) {
    char id[8];
    snprintf(id, sizeof id, "X%d", i);
    hbus_order said = order_stage_said(id, HBUS_OPEN);
    cr_assert_not_null(order_table_apply(table, &said, "", &changed));
  }
  const struct {
    const char *id;
    hbus_order_status status;
  } changes[] = {{"X2", HBUS_FAILED}, {"X1", HBUS_CANCELLED}, {"X0", HBUS_CANCELLED}, {"X2", HBUS_OPEN}};
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    hbus_order said = order_stage_said(changes[i].id, changes[i].status);
    order_table_apply(table, &said, "", &changed);
    cr_expect(changed);
  }
  hbus_order said = order_stage_said("X3", HBUS_OPEN);
  cr_assert_not_null(order_table_apply(table, &said, "", &changed));
  cr_expect_null(order_table_find(table, "binance", "X1"), "it has been finished for longest");
  said = order_stage_said("X4", HBUS_OPEN);
  cr_assert_not_null(order_table_apply(table, &said, "", &changed));
  cr_expect_null(order_table_find(table, "binance", "X0"));
  cr_expect_not_null(order_table_find(table, "binance", "X2"), "it is open again");
  said = order_stage_said("X5", HBUS_OPEN);
  cr_expect_null(order_table_apply(table, &said, "", &changed));
  order_table_destroy(&table);
}

Test(order_table, rule_5_what_a_create_was_answered_with_is_kept_in_whole_characters) {
  counters counters = {0};
  order_table *table = order_table_new(1, 1, &counters);
  hbus_command create = order_stage_create("a");
  order *mine = order_table_add_own(table, "alice", &create);
  char message[HBUS_MESSAGE_MAX + 2];
  for (size_t i = 0; i < sizeof message; i += 2)
    memcpy(message + i, "\xc3\xa9", 2);
  const hbus_text text = {.data = message + 1, .size = sizeof message - 1};
  order_table_set_outcome(table, mine, HBUS_REPLY_ERROR, HBUS_UPSTREAM_ERROR, hbus_text_of("no"));
  cr_expect_str_eq(mine->outcome_message, "no");
  message[1] = 'x'; /* from here on the pairs straddle the limit */
  order_table_set_outcome(table, mine, HBUS_REPLY_ERROR, HBUS_UPSTREAM_ERROR, text);
  cr_expect_eq(strlen(mine->outcome_message), HBUS_MESSAGE_MAX - 1);
  cr_expect_eq(mine->outcome_code, HBUS_UPSTREAM_ERROR);
  order_table_destroy(&table);
}

Test(order_table, an_order_that_was_not_sent_leaves_its_id_free) {
  counters counters = {0};
  order_table *table = order_table_new(1, 10, &counters);
  hbus_command create = order_stage_create("a");
  order_table_remove(table, order_table_add_own(table, "alice", &create));
  cr_expect_null(order_table_find_own(table, "alice", "a"));
  cr_expect_eq(order_table_size(table), 0);
  cr_expect_not_null(order_table_add_own(table, "alice", &create));
  order_table_destroy(&table);
}

Test(order_table, rule_8_an_order_like_one_that_cannot_be_told_apart_is_found) {
  static const char *const candidates[] = {"X1", "X2"};
  counters counters = {0};
  order_table *table = order_table_new(1, 10, &counters);
  hbus_command create = order_stage_create("a"), twin = order_stage_create("b");
  twin.amount = order_stage_decimal("1.000");
  order *mine = order_table_add_own(table, "alice", &create);
  order_table_merge(table, mine, &(hbus_order){.status = HBUS_UNKNOWN});
  cr_expect_null(order_table_find_unresolved(table, "alice", &twin), "it may be found yet");
  order_table_set_candidates(table, mine, candidates, 2);
  cr_expect_eq(order_table_find_unresolved(table, "alice", &twin), mine, "by value");
  cr_expect_null(order_table_find_unresolved(table, "beatrice", &twin), "hers is another");
  hbus_command others[] = {twin, twin, twin, twin, twin};
  others[0].side = HBUS_SELL;
  others[1].amount = order_stage_decimal("1.1");
  others[2].price = order_stage_decimal("2001");
  snprintf(others[3].market, sizeof others[3].market, "BTC-USDT");
  snprintf(others[4].exchange, sizeof others[4].exchange, "kucoin");
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    cr_expect_null(order_table_find_unresolved(table, "alice", &others[i]), "%zu", i);
  hbus_order said = order_stage_said("X1", HBUS_OPEN);
  order_table_merge(table, mine, &said);
  cr_expect_null(order_table_find_unresolved(table, "alice", &twin), "it is resolved");
  order_table_destroy(&table);
}

Test(order_table, rule_6_the_form_of_our_ids) {
  counters counters = {0};
  order_table *table = order_table_new(1800000000000000, 10, &counters);
  hbus_command create = order_stage_create("a");
  cr_expect(order_table_may_have_made(order_table_add_own(table, "alice", &create)->upstream_id));
  cr_expect(order_table_may_have_made("hq1x8c2zk0-4711"));
  static const char *const others[] = {"",
                                       "web_7",
                                       "hq1x8c2zk-1",
                                       "hq1x8c2zk00-1",
                                       "hq1x8c2zk0",
                                       "hq1x8c2zk0-",
                                       "hq1x8c2zk0-01",
                                       "hq1x8c2zk0-1x",
                                       "hq1X8c2zk0-1",
                                       "x-MG43PCSN0123456789"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    cr_expect(!order_table_may_have_made(others[i]), "%s", others[i]);
  order_table_destroy(&table);
}

static void s_count(void *arg, order *order) {
  (void)order;
  ++*(size_t *)arg;
}

Test(order_table, all_orders_and_the_live_ones) {
  counters counters = {0};
  order_table *table = order_table_new(1, 10, &counters);
  bool changed;
  hbus_order open = order_stage_said("X1", HBUS_OPEN), cancelled = order_stage_said("X2", HBUS_CANCELLED);
  order_table_apply(table, &open, "", &changed);
  order_table_apply(table, &cancelled, "", &changed);
  size_t live = 0, all = 0;
  order_table_each_live(table, s_count, &live);
  order_table_each(table, s_count, &all);
  cr_expect_eq(live, 1);
  cr_expect_eq(all, 2);
  order_table_destroy(&table);
}
