/* ORDERS.md, rule 14: every fill is told once, and before the state that includes it. */
#include "broker/order/fill_book.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/order/order_events.h"
#include "tests/broker/event_stage.h"

static hbus_decimal s_of(const char *text) {
  hbus_decimal decimal = {0};
  if (text[0]) cr_assert_eq(hbus_decimal_parse(text, strlen(text), &decimal), HBUS_OK, "%s", text);
  return decimal;
}

/* alice's order to buy 1.0, which upstream calls X1. */
static order *s_place(event_stage *at) {
  hbus_command create = {.kind = HBUS_CREATE_ORDER,
                         .client_order_id = "mine",
                         .exchange = "binance",
                         .market = "ETH-USDT",
                         .side = HBUS_BUY,
                         .order_type = HBUS_MARKET,
                         .amount = s_of("1.0")};
  order *order = order_table_add_own(at->orders, "alice", &create);
  order_table_bind(at->orders, order, "X1");
  return order;
}

static void s_tell(event_stage *at, const char *order_id, const char *trade_id, const char *amount) {
  hbus_event event = event_stage_fill(order_id, trade_id);
  event.data.trade.amount = s_of(amount);
  fill_book_tell(at->fills, &event);
}

static void s_state(event_stage *at, order *order, hbus_order_status status, const char *filled) {
  hbus_order said = event_stage_order("X1", status);
  const order_cause cause = {.origin = HBUS_POLLED, .rx_ns = STAGE_EPOCH};
  said.filled = s_of(filled);
  order_table_merge(at->orders, order, &said);
  order_publish_update(at->fills, order, &cause, NULL);
}

static void s_expect_fill(event_stage *at, const char *trade_id, const char *amount, const char *replaces) {
  hbus_event event;
  event_stage_next(at, &event);
  cr_assert_eq(event.kind, HBUS_KIND_TRADE);
  cr_expect_str_eq(event.data.trade.trade_id, trade_id);
  cr_expect_str_eq(event.data.trade.amount.text, amount);
  cr_expect_str_eq(event.data.trade.replaces.text, replaces);
  bool inferred = trade_id[0] == 0;
  cr_expect_eq(event.origin, inferred ? HBUS_INFERRED : HBUS_PUSHED);
  cr_expect_str_eq(event.src, inferred ? "hbusd" : "hummingbot");
  cr_expect_str_eq(event.data.trade.price.text, inferred ? "" : "2000");
  cr_expect_eq(event.data.trade.side, HBUS_BUY);
}

static void s_expect_state(event_stage *at, hbus_order_status status, const char *filled) {
  hbus_event event;
  event_stage_next(at, &event);
  cr_assert_eq(event.kind, HBUS_KIND_ORDER_UPDATE);
  cr_expect_eq(event.data.order.status, status, "%s", hbus_order_status_name(event.data.order.status));
  cr_expect_str_eq(event.data.order.filled.text, filled);
}

static void s_expect_position(event_stage *at, const char *owner, const char *amount, const char *unpriced) {
  hbus_position *items = NULL;
  size_t count = 0;
  cr_assert_eq(position_book_list(at->positions, at->orders, owner, "binance", "ETH-USDT", &items, &count), HBUS_OK);
  cr_assert_eq(count, 1);
  cr_expect_str_eq(items[0].amount.text, amount);
  cr_expect_str_eq(items[0].unpriced.text, unpriced);
  free(items);
}

Test(fill_book, rule_14_a_trade_that_came_before_is_dropped) {
  event_stage *at = event_stage_new();
  order *order = s_place(at);
  s_tell(at, "X1", "a", "0.25");
  s_tell(at, "X1", "a", "0.25");
  s_tell(at, "X1", "b", "0.25");
  s_tell(at, "X1", "a", "0.25");
  s_state(at, order, HBUS_PARTIALLY_FILLED, "0.50");
  s_expect_fill(at, "a", "0.25", "");
  s_expect_fill(at, "b", "0.25", "");
  s_expect_state(at, HBUS_PARTIALLY_FILLED, "0.50");
  cr_expect_eq(at->counters.fills_repeated, 2);
  cr_expect_eq(at->counters.fills_inferred, 0);
  s_expect_position(at, "alice", "0.5", "");
  event_stage_destroy(&at);
}

Test(fill_book, rule_14_two_orders_that_trade_with_each_other_have_a_fill_each) {
  event_stage *at = event_stage_new();
  s_tell(at, "X1", "a", "0.25");
  s_tell(at, "X2", "a", "0.25");
  s_expect_fill(at, "a", "0.25", "");
  s_expect_fill(at, "a", "0.25", "");
  cr_expect_eq(at->counters.fills_repeated, 0);
  event_stage_destroy(&at);
}

Test(fill_book, rule_14_what_no_trade_has_told_is_inferred_and_then_replaced) {
  event_stage *at = event_stage_new();
  order *order = s_place(at);
  s_tell(at, "X1", "a", "0.1");
  s_state(at, order, HBUS_PARTIALLY_FILLED, "0.6");
  s_expect_fill(at, "a", "0.1", "");
  s_expect_fill(at, "", "0.5", "");
  s_expect_state(at, HBUS_PARTIALLY_FILLED, "0.6");
  s_expect_position(at, "alice", "0.6", "0.5");
  cr_expect_eq(at->counters.fills_inferred, 1);

  s_state(at, order, HBUS_PARTIALLY_FILLED, "0.6");
  s_expect_state(at, HBUS_PARTIALLY_FILLED, "0.6");

  s_tell(at, "X1", "b", "0.2");
  s_expect_fill(at, "b", "0.2", "0.2");
  s_expect_position(at, "alice", "0.6", "0.3");
  s_tell(at, "X1", "c", "0.7");
  s_expect_fill(at, "c", "0.7", "0.3");
  s_expect_position(at, "alice", "1", "");
  s_state(at, order, HBUS_FILLED, "1.0");
  s_expect_state(at, HBUS_FILLED, "1.0");
  event_stage_destroy(&at);
}

Test(fill_book, rule_14_the_fill_that_is_inferred_is_its_owners) {
  event_stage *at = event_stage_new();
  order *order = s_place(at);
  hbus_event event;
  s_state(at, order, HBUS_FILLED, "1.0");
  event_stage_next(at, &event);
  cr_expect_eq(event.kind, HBUS_KIND_TRADE);
  cr_expect_eq(event.type, HBUS_EVENT_TRADE_UPDATE);
  cr_expect_str_eq(event.owner, "alice");
  cr_expect_str_eq(event.client_order_id, "mine");
  cr_expect_str_eq(event.data.trade.order_id, "X1");
  cr_expect_eq(event.rev, order->state.rev);
  cr_expect_eq(event.rx_ns, STAGE_EPOCH);
  event_stage_destroy(&at);
}

/* Trades come in every state, and none of them changes it: `filled` as upstream has it is the authority. */
Test(fill_book, rule_14_fills_apply_in_every_state) {
  static const hbus_order_status states[] = {HBUS_PENDING,   HBUS_OPEN,   HBUS_PARTIALLY_FILLED, HBUS_FILLED,
                                             HBUS_CANCELLED, HBUS_FAILED, HBUS_UNKNOWN};
  for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
    event_stage *at = event_stage_new();
    order *order = s_place(at);
    if (states[i] != HBUS_PENDING) order_table_merge(at->orders, order, &(hbus_order){.status = states[i]});
    s_tell(at, "X1", "a", "0.25");
    s_expect_fill(at, "a", "0.25", "");
    cr_expect_eq(order->state.status, states[i]);
    cr_expect(hbus_decimal_is_absent(&order->state.filled));
    s_expect_position(at, "alice", "0.25", "");
    s_state(at, order, states[i], "0.5");
    s_expect_fill(at, "", "0.25", "");
    s_expect_state(at, states[i], "0.5");
    s_expect_position(at, "alice", "0.5", "0.25");
    event_stage_destroy(&at);
  }
}

Test(fill_book, rule_14_filled_equal_to_the_amount_means_filled) {
  event_stage *at = event_stage_new();
  order *order = s_place(at);
  s_state(at, order, HBUS_CANCELLED, "1.000");
  s_expect_fill(at, "", "1.000", "");
  s_expect_state(at, HBUS_FILLED, "1.000");
  event_stage_destroy(&at);
}

Test(fill_book, rule_14_orders_of_others_have_fills_and_no_position) {
  event_stage *at = event_stage_new();
  hbus_order said = event_stage_order("X9", HBUS_PARTIALLY_FILLED);
  const order_cause cause = {.origin = HBUS_PUSHED};
  bool changed;
  s_tell(at, "X9", "a", "0.25"); /* before anything else is known of it */
  said.filled = s_of("0.75");
  order *order = order_table_apply(at->orders, &said, "", &changed);
  order_publish_update(at->fills, order, &cause, NULL);
  s_expect_fill(at, "a", "0.25", "");
  s_expect_fill(at, "", "0.50", "");
  s_expect_state(at, HBUS_PARTIALLY_FILLED, "0.75");
  s_tell(at, "X9", "b", "0.25");
  s_expect_fill(at, "b", "0.25", "0.25");
  cr_expect_eq(position_book_size(at->positions), 0);
  event_stage_destroy(&at);
}

Test(fill_book, rule_14_so_have_orders_that_there_was_no_room_for) {
  event_stage *at = event_stage_new();
  hbus_order said = event_stage_order("X9", HBUS_PARTIALLY_FILLED);
  said.filled = s_of("0.75");
  s_tell(at, "X9", "a", "0.25");
  fill_book_catch_up(at->fills, NULL, &said, 0, 0);
  fill_book_catch_up(at->fills, NULL, &said, 0, 0);
  s_tell(at, "X9", "b", "0.75");
  s_expect_fill(at, "a", "0.25", "");
  s_expect_fill(at, "", "0.50", "");
  s_expect_fill(at, "b", "0.75", "0.50");
  event_stage_destroy(&at);
}

Test(fill_book, rule_12_fills_told_before_their_owner_was_known_are_in_its_position) {
  event_stage *at = event_stage_new();
  hbus_order said = event_stage_order("X1", HBUS_PARTIALLY_FILLED);
  const order_cause cause = {.origin = HBUS_PUSHED};
  bool changed;
  s_tell(at, "X1", "a", "0.25");
  said.filled = s_of("0.5");
  order *stranger = order_table_apply(at->orders, &said, "", &changed);
  order_publish_update(at->fills, stranger, &cause, NULL);
  order *order = s_place(at); /* its create is answered: X1 is alice's */
  order_publish_update(at->fills, order, &cause, NULL);
  s_expect_position(at, "alice", "0.5", "0.25");
  s_tell(at, "X1", "b", "0.5");
  s_expect_position(at, "alice", "0.75", "");
  s_expect_fill(at, "a", "0.25", "");
  s_expect_fill(at, "", "0.25", "");
  s_expect_state(at, HBUS_PARTIALLY_FILLED, "0.5");
  s_expect_state(at, HBUS_PARTIALLY_FILLED, "0.5");
  s_expect_fill(at, "b", "0.5", "0.25");
  event_stage_destroy(&at);
}

/* What the journal has ------------------------------------------------------------------------------------------- */

static void s_restore(event_stage *at, const char *owner, const char *trade_id, const char *amount,
                      const char *replaces) {
  const hbus_event event = event_stage_fill("X1", trade_id);
  journal_fill record = {.trade = event.data.trade, .origin = trade_id[0] ? HBUS_PUSHED : HBUS_INFERRED};
  record.trade.amount = s_of(amount);
  record.trade.replaces = s_of(replaces);
  if (!trade_id[0]) record.trade.price = (hbus_decimal){0};
  snprintf(record.owner, sizeof record.owner, "%s", owner);
  cr_assert_eq(fill_book_restore(at->fills, &record), HBUS_OK);
}

Test(fill_book, rule_14_what_an_earlier_start_has_told_is_not_told_again) {
  event_stage *at = event_stage_new();
  order *order = s_place(at);
  order->state.filled = s_of("0.6");
  fill_sum_restore_filled(&order->fills, &order->state.filled);
  s_restore(at, "alice", "a", "0.1", "");
  s_restore(at, "alice", "", "0.4", ""); /* 0.1 is older than what is remembered */
  s_restore(at, "alice", "b", "0.2", "0.2");
  cr_expect_eq(position_book_size(at->positions), 0, "positions come from the journal by themselves");
  s_tell(at, "X1", "a", "0.1");
  s_state(at, order, HBUS_PARTIALLY_FILLED, "0.6");
  s_expect_state(at, HBUS_PARTIALLY_FILLED, "0.6");
  s_tell(at, "X1", "c", "0.3");
  s_expect_fill(at, "c", "0.3", "0.2");
  s_state(at, order, HBUS_FILLED, "1.0");
  s_expect_fill(at, "", "0.3", "");
  s_expect_state(at, HBUS_FILLED, "1.0");
  cr_expect_eq(at->counters.fills_repeated, 1);
  event_stage_destroy(&at);
}

Test(fill_book, rule_12_fills_without_an_owner_find_theirs_after_a_restart) {
  event_stage *at = event_stage_new();
  const order_cause cause = {.origin = HBUS_PUSHED};
  s_restore(at, "", "a", "0.25", "");
  s_restore(at, "", "", "0.5", "");
  order *order = s_place(at);
  order_publish_update(at->fills, order, &cause, NULL);
  s_expect_position(at, "alice", "0.75", "0.5");
  event_stage_destroy(&at);
}

/* What cannot be summed up --------------------------------------------------------------------------------------- */

Test(fill_book, a_fill_that_no_sum_can_hold_is_told_and_counted) {
  event_stage *at = event_stage_new();
  const char *huge = "99999999999999999999999999999999999999";
  s_place(at);
  s_tell(at, "X1", "a", huge);
  s_tell(at, "X1", "b", huge);
  s_expect_fill(at, "a", huge, "");
  s_expect_fill(at, "b", huge, "");
  cr_expect_geq(at->counters.fills_unsummed, 1);
  event_stage_destroy(&at);
}

Test(fill_book, what_is_no_amount_of_anything_is_told_and_not_summed) {
  event_stage *at = event_stage_new();
  order *order = s_place(at);
  s_tell(at, "X1", "a", "0");
  s_tell(at, "X1", "b", "-0.5");
  s_state(at, order, HBUS_PARTIALLY_FILLED, "0.5");
  s_expect_fill(at, "a", "0", "");
  s_expect_fill(at, "b", "-0.5", "");
  s_expect_fill(at, "", "0.5", "");
  s_expect_state(at, HBUS_PARTIALLY_FILLED, "0.5");
  s_expect_position(at, "alice", "0.5", "0.5");
  cr_expect_eq(at->counters.fills_unsummed, 0);
  event_stage_destroy(&at);
}
