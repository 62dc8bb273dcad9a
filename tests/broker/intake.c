/* ORDERS.md, rule 12: events that come before the answer which says whose they are. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "broker/event/intake.h"
#include "tests/broker/event_stage.h"

#define HOLD_MS 60000

static order *s_create(event_stage *at, intake *intake) {
  hbus_command create = {.kind = HBUS_CREATE_ORDER,
                         .client_order_id = "mine",
                         .exchange = "binance",
                         .market = "ETH-USDT",
                         .side = HBUS_BUY,
                         .order_type = HBUS_MARKET};
  hbus_decimal_parse("1.0", 3, &create.amount);
  order *order = order_table_add_own(at->orders, "alice", &create);
  intake_create_begins(intake, order);
  return order;
}

static void s_fill(intake *intake, const char *order_id, const char *trade_id) {
  hbus_event event = event_stage_fill(order_id, trade_id);
  intake_event(intake, &event);
}

static void s_expect_fill(event_stage *at, const char *trade_id, const char *owner) {
  hbus_event event;
  event_stage_next(at, &event);
  cr_assert_eq(event.kind, HBUS_KIND_TRADE);
  cr_expect_str_eq(event.data.trade.trade_id, trade_id);
  cr_expect_str_eq(event.owner, owner);
}

Test(intake, rule_12_a_fill_waits_for_its_owner) {
  event_stage *at = event_stage_new();
  intake *intake = intake_new(&at->loop, at->orders, at->publisher, at->fills, HOLD_MS, &at->counters);
  s_fill(intake, "X0", "before");
  s_expect_fill(at, "before", "");
  order *order = s_create(at, intake);
  s_fill(intake, "X1", "mine");
  s_fill(intake, "X2", "theirs");
  cr_expect_eq(intake_held(intake), 2);
  intake_bind(intake, order, "X1");
  s_expect_fill(at, "mine", "alice");
  cr_expect_eq(intake_held(intake), 1);
  intake_create_ends(intake, order);
  s_expect_fill(at, "theirs", "");
  s_fill(intake, "X2", "after");
  s_expect_fill(at, "after", "");
  intake_destroy(&intake);
  event_stage_destroy(&at);
}

Test(intake, rule_12_what_waits_too_long_goes_out_by_itself) {
  event_stage *at = event_stage_new();
  intake *intake = intake_new(&at->loop, at->orders, at->publisher, at->fills, 5, &at->counters);
  s_create(at, intake);
  s_fill(intake, "X1", "a");
  s_expect_fill(at, "a", "");
  cr_expect_eq(intake_held(intake), 0);
  intake_destroy(&intake);
  event_stage_destroy(&at);
}

Test(intake, rule_12_where_there_is_no_room_the_oldest_goes_on_and_order_is_kept) {
  event_stage *at = event_stage_new();
  intake *intake = intake_new(&at->loop, at->orders, at->publisher, at->fills, HOLD_MS, &at->counters);
  s_create(at, intake);
  char trade_id[16];
  for (int i = 0; i < LIMIT_HELD_EVENTS + 2; i++) {
    snprintf(trade_id, sizeof trade_id, "%d", i);
    s_fill(intake, "X1", trade_id);
  }
  cr_expect_eq(intake_held(intake), LIMIT_HELD_EVENTS);
  cr_expect_eq(at->counters.events_unheld, 2);
  intake_destroy(&intake); /* publishes the rest */
  for (int i = 0; i < LIMIT_HELD_EVENTS + 2; i++) {
    snprintf(trade_id, sizeof trade_id, "%d", i);
    s_expect_fill(at, trade_id, "");
  }
  event_stage_destroy(&at);
}
