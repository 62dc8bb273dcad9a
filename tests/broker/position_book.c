/* Positions by owner and market, and what orders that are not finished may make of them (ORDERS.md, rule 17). */
#include "broker/order/position_book.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/broker/order_stage.h"

typedef struct stage {
  counters counters;
  order_table *orders;
  position_book *book;
} stage;

static stage s_open(size_t capacity) {
  stage stage = {.book = position_book_new(capacity, NULL)};
  stage.orders = order_table_new(1, 100, &stage.counters);
  return stage;
}

static void s_close(stage *self) {
  position_book_destroy(&self->book);
  order_table_destroy(&self->orders);
}

static hbus_decimal s_of(const char *text) {
  return text[0] ? order_stage_decimal(text) : (hbus_decimal){0};
}

static hbus_status s_fill(stage *self, const char *owner, const char *market, hbus_side side, const char *amount,
                          const char *price) {
  hbus_trade trade = {.exchange = "binance", .side = side, .amount = s_of(amount), .price = s_of(price)};
  snprintf(trade.market, sizeof trade.market, "%s", market);
  return position_book_fill(self->book, owner, &trade);
}

/* An order to buy 1.0 ETH-USDT, in a state. */
static order *s_order(stage *self, const char *owner, const char *client_order_id, hbus_order_status status) {
  hbus_command create = order_stage_create(client_order_id);
  order *order = order_table_add_own(self->orders, owner, &create);
  if (status != HBUS_PENDING) {
    const hbus_order said = order_stage_said(status == HBUS_UNKNOWN ? "" : client_order_id, status);
    order_table_merge(self->orders, order, &said);
  }
  cr_assert_eq(order->state.status, status);
  return order;
}

/* "alice ETH-USDT buy 1 at 2000 made 0, may buy 1.5 sell -", a line for each; as `owner` is told. */
static void s_expect(stage *self, const char *owner, const char *exchange, const char *market, const char *expected) {
  hbus_position *items = NULL;
  size_t count = 0, used = 0;
  char text[1024] = "";
  cr_assert_eq(position_book_list(self->book, self->orders, owner, exchange, market, &items, &count), HBUS_OK);
  for (size_t i = 0; i < count; i++) {
    const hbus_position *item = &items[i];
    used += (size_t)snprintf(text + used, sizeof text - used, "%s %s %s %s at %s made %s, may buy %s sell %s\n",
                             item->owner, item->market, hbus_side_name(item->side), item->amount.text,
                             item->entry_price.text, item->realized_pnl.text, item->working_buy.text,
                             item->working_sell.text);
  }
  free(items);
  cr_expect_str_eq(text, expected);
}

Test(position_book, each_owner_has_its_own_in_each_market) {
  stage stage = s_open(10);
  s_fill(&stage, "alice", "ETH-USDT", HBUS_BUY, "1", "2000");
  s_fill(&stage, "alice", "BTC-USDT", HBUS_SELL, "0.1", "50000");
  s_fill(&stage, "bob", "ETH-USDT", HBUS_SELL, "3", "2100");
  s_fill(&stage, "alice", "ETH-USDT", HBUS_SELL, "1", "2100");
  s_expect(&stage, "alice", "", "",
           "alice ETH-USDT  0 at  made 100, may buy  sell \n"
           "alice BTC-USDT sell 0.1 at 50000 made 0, may buy  sell \n");
  s_expect(&stage, "bob", "binance", "ETH-USDT", "bob ETH-USDT sell 3 at 2100 made 0, may buy  sell \n");
  s_expect(&stage, NULL, "", "BTC-USDT", "alice BTC-USDT sell 0.1 at 50000 made 0, may buy  sell \n");
  s_expect(&stage, "bob", "kraken", "", "");
  s_expect(&stage, "carol", "", "", "");
  s_close(&stage);
}

Test(position_book, rule_17_pending_and_unknown_orders_count_in_full) {
  stage stage = s_open(10);
  s_order(&stage, "alice", "1", HBUS_PENDING);
  s_order(&stage, "alice", "2", HBUS_UNKNOWN);
  s_expect(&stage, "alice", "", "", "alice ETH-USDT  0 at  made 0, may buy 2 sell \n");
  s_order(&stage, "alice", "3", HBUS_OPEN);
  s_order(&stage, "alice", "4", HBUS_CANCELLED);
  s_order(&stage, "alice", "5", HBUS_FAILED);
  s_order(&stage, "bob", "1", HBUS_OPEN);
  hbus_order strange = order_stage_said("of others", HBUS_OPEN);
  bool changed;
  order_table_apply(stage.orders, &strange, "", &changed);
  s_expect(&stage, "alice", "", "", "alice ETH-USDT  0 at  made 0, may buy 3 sell \n");
  s_expect(&stage, NULL, "", "",
           "alice ETH-USDT  0 at  made 0, may buy 3 sell \n"
           "bob ETH-USDT  0 at  made 0, may buy 1 sell \n");
  s_close(&stage);
}

Test(position_book, rule_17_what_an_order_has_traded_is_not_counted_twice) {
  stage stage = s_open(10);
  order *order = s_order(&stage, "alice", "1", HBUS_OPEN);
  hbus_decimal amount = s_of("0.4"), replaces;
  cr_assert_eq(fill_sum_trade(&order->fills, &amount, &replaces), HBUS_OK);
  s_fill(&stage, "alice", "ETH-USDT", HBUS_BUY, "0.4", "2000");
  s_expect(&stage, "alice", "", "", "alice ETH-USDT buy 0.4 at 2000 made 0, may buy 0.6 sell \n");
  amount = s_of("0.7");
  cr_assert_eq(fill_sum_trade(&order->fills, &amount, &replaces), HBUS_OK);
  s_expect(&stage, "alice", "", "", "alice ETH-USDT buy 0.4 at 2000 made 0, may buy 0 sell \n");
  const hbus_order gone = {.status = HBUS_CANCELLED};
  order_table_merge(stage.orders, order, &gone);
  s_expect(&stage, "alice", "", "", "alice ETH-USDT buy 0.4 at 2000 made 0, may buy  sell \n");
  s_close(&stage);
}

Test(position_book, rule_12_fills_told_before_their_owner_was_known_enter_its_position) {
  stage stage = s_open(10);
  fill_sum told = {
      .traded = s_of("0.5"), .inferred = s_of("0.25"), .orphan = true, .priced = s_of("0.5"), .cost = s_of("1000")};
  hbus_order order = order_stage_said("1", HBUS_PARTIALLY_FILLED);
  snprintf(order.owner, sizeof order.owner, "alice");
  cr_assert_eq(position_book_adopt(stage.book, &order, &told), HBUS_OK);
  s_expect(&stage, "alice", "", "", "alice ETH-USDT buy 0.75 at 2000 made 0, may buy  sell \n");
  s_fill(&stage, "alice", "ETH-USDT", HBUS_SELL, "0.5", "2100");
  s_expect(&stage, "alice", "", "", "alice ETH-USDT buy 0.25 at  made 50, may buy  sell \n");
  s_close(&stage);
}

Test(position_book, an_earlier_start_left_it) {
  stage stage = s_open(10);
  const journal_position record = {.owner = "alice",
                                   .exchange = "binance",
                                   .market = "ETH-USDT",
                                   .amount = s_of("-2"),
                                   .cost = s_of("-3000"),
                                   .realized_pnl = s_of("12.5"),
                                   .unpriced = s_of("-0.5")};
  cr_assert_eq(position_book_restore(stage.book, &record), HBUS_OK);
  s_expect(&stage, "alice", "", "", "alice ETH-USDT sell 2 at 2000 made 12.5, may buy  sell \n");
  s_close(&stage);
}

Test(position_book, is_bounded_and_says_so) {
  stage stage = s_open(2);
  hbus_position *items = NULL;
  size_t count = 0;
  cr_expect_eq(s_fill(&stage, "alice", "A-B", HBUS_BUY, "1", "1"), HBUS_OK);
  cr_expect_eq(s_fill(&stage, "alice", "C-D", HBUS_BUY, "1", "1"), HBUS_OK);
  cr_expect_eq(s_fill(&stage, "alice", "E-F", HBUS_BUY, "1", "1"), HBUS_OVERLOADED);
  cr_expect_eq(s_fill(&stage, "alice", "A-B", HBUS_BUY, "1", "1"), HBUS_OK);
  cr_expect_eq(position_book_size(stage.book), 2);
  s_order(&stage, "alice", "1", HBUS_OPEN);
  cr_expect_eq(position_book_list(stage.book, stage.orders, "alice", "", "", &items, &count), HBUS_OVERLOADED,
               "an order of which nothing is told");
  cr_expect_null(items);
  s_close(&stage);
}
