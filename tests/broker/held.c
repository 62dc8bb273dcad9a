/* ORDERS.md, rule 12: what is held, and in which order it goes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "broker/event/held.h"

static hbus_event s_fill(const char *market, const char *order_id, const char *trade_id) {
  hbus_event event = {.kind = HBUS_KIND_TRADE};
  snprintf(event.data.trade.exchange, sizeof event.data.trade.exchange, "binance");
  snprintf(event.data.trade.market, sizeof event.data.trade.market, "%s", market);
  snprintf(event.data.trade.order_id, sizeof event.data.trade.order_id, "%s", order_id);
  snprintf(event.data.trade.trade_id, sizeof event.data.trade.trade_id, "%s", trade_id);
  return event;
}

static void s_note(void *arg, hbus_event *event) {
  char *text = arg;
  size_t used = strlen(text);
  snprintf(text + used, 64 - used, "%s ", event->data.trade.trade_id);
}

Test(held, rule_12_events_of_an_order_go_out_in_their_order) {
  held *held = held_new(10);
  hbus_event events[] = {s_fill("A", "1", "a"), s_fill("A", "2", "b"), s_fill("A", "1", "c"), s_fill("B", "1", "d")};
  for (size_t i = 0; i < 4; i++)
    cr_assert(held_add(held, &events[i], 10 + i));
  char taken[64] = "";
  held_take(held, "binance", "A", "1", s_note, taken);
  cr_expect_str_eq(taken, "a c ");
  cr_assert(held_add(held, &events[0], 20), "there is an end to add to");
  taken[0] = 0;
  held_take(held, "binance", "A", NULL, s_note, taken);
  cr_expect_str_eq(taken, "b a ");
  taken[0] = 0;
  held_take(held, "coinbase", "B", NULL, s_note, taken);
  cr_expect_str_eq(taken, "");
  cr_expect_eq(held_size(held), 1);
  held_destroy(&held);
}

Test(held, deadlines_and_bound) {
  held *held = held_new(2);
  hbus_event first = s_fill("A", "1", "a"), second = s_fill("A", "2", "b");
  uint64_t deadline = 0;
  cr_expect(!held_deadline(held, &deadline));
  cr_assert(held_add(held, &first, 10));
  cr_assert(held_add(held, &second, 20));
  cr_expect(!held_add(held, &first, 30));
  cr_assert(held_deadline(held, &deadline));
  cr_expect_eq(deadline, 10);
  char taken[64] = "";
  held_take_expired(held, 19, s_note, taken);
  cr_expect_str_eq(taken, "a ");
  cr_assert(held_deadline(held, &deadline));
  cr_expect_eq(deadline, 20);
  held_destroy(&held);
}

static void s_expect_extra(void *arg, hbus_event *event) {
  cr_expect_eq(event->data.trade.extra.pairs.size, 3);
  cr_expect_arr_eq(event->data.trade.extra.pairs.data, arg, 3);
}

Test(held, what_it_borrows_is_copied) {
  held *held = held_new(2);
  uint8_t pairs[3] = {1, 2, 3}, original[3] = {1, 2, 3};
  hbus_event event = s_fill("A", "1", "a");
  event.data.trade.extra = (hbus_extra){.pairs = {.data = pairs, .size = 3}, .count = 1};
  cr_assert(held_add(held, &event, 1));
  memset(pairs, 9, 3);
  held_take_expired(held, 1, s_expect_extra, original);
  cr_expect_eq(held_size(held), 0);
  held_destroy(&held);
}
