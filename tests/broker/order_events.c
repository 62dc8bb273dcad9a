/* What the bus hears of an order, and what a reply says that it heard. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "broker/order/order_events.h"
#include "tests/broker/event_stage.h"

static order *s_place(event_stage *at) {
  const hbus_order said = event_stage_order("X1", HBUS_OPEN);
  hbus_command create = {.kind = HBUS_CREATE_ORDER,
                         .client_order_id = "mine",
                         .exchange = "binance",
                         .market = "ETH-USDT",
                         .side = HBUS_BUY,
                         .order_type = HBUS_MARKET,
                         .amount = said.amount};
  order *order = order_table_add_own(at->orders, "alice", &create);
  order_table_merge(at->orders, order, &said);
  return order;
}

Test(order_events, what_a_question_brings_to_light_is_told_and_named) {
  event_stage *at = event_stage_new();
  order *order = s_place(at);
  hbus_order said = event_stage_order("X1", HBUS_CANCELLED);
  hbus_seen seen = {0}, last;
  hbus_event event;
  order_learn(at->orders, at->fills, &said, STAGE_EPOCH, &seen);
  cr_expect_eq(seen.stream, HBUS_STREAM_PRIVATE);
  cr_expect_str_eq(seen.topic, "order_update/binance/ETH-USDT/");
  cr_expect_eq(seen.seq, 1);
  cr_expect_str_eq(said.owner, "alice");
  cr_expect_str_eq(said.client_order_id, "mine");
  event_stage_next(at, &event);
  cr_expect_eq(event.kind, HBUS_KIND_ORDER_UPDATE);
  cr_expect_eq(event.data.order.status, HBUS_CANCELLED);
  cr_expect_eq(event.origin, HBUS_POLLED);
  cr_expect_eq(event.seq, seen.seq);
  cr_expect_eq(event.rev, order->state.rev);
  order_last_seen(at->publisher, order, &last);
  cr_expect_eq(last.seq, seen.seq);

  seen = (hbus_seen){0};
  order_learn(at->orders, at->fills, &said, STAGE_EPOCH, &seen);
  cr_expect_eq(seen.stream, HBUS_STREAM_NONE, "what is known is no news");
  event_stage_destroy(&at);
}

Test(order_events, an_order_of_others_is_left_as_it_is) {
  event_stage *at = event_stage_new();
  hbus_order said = event_stage_order("X9", HBUS_OPEN);
  snprintf(said.client_order_id, sizeof said.client_order_id, "another-broker-1");
  hbus_seen seen = {0};
  order_learn(at->orders, at->fills, &said, STAGE_EPOCH, &seen);
  cr_expect_eq(seen.stream, HBUS_STREAM_NONE);
  cr_expect_str_eq(said.client_order_id, "", "what it carries upstream is not a peer's");
  cr_expect_eq(order_table_size(at->orders), 0);
  event_stage_destroy(&at);
}
