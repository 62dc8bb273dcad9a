#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/exchange.h"
#include "tests/sim/random.h"

/* What the listener heard, in order: a letter each, and the last of everything. */
typedef struct heard {
  char events[256];
  size_t count;
  order last_order;
  trade last_trade;
} heard;

static void s_note(heard *self, char event) {
  if (self->count < sizeof self->events - 1) self->events[self->count++] = event;
}

static void s_on_accept(void *arg, const order *accepted) {
  (void)accepted;
  s_note(arg, 'a');
}

static void s_on_trade(void *arg, const trade *made) {
  ((heard *)arg)->last_trade = *made;
  s_note(arg, 't');
}

static void s_on_fill(void *arg, const trade *made, const order *filled) {
  (void)made, (void)filled;
  s_note(arg, 'f');
}

static void s_on_order(void *arg, const order *changed) {
  ((heard *)arg)->last_order = *changed;
  s_note(arg, 'o');
}

static void s_on_forget(void *arg, const order *forgotten) {
  (void)forgotten;
  s_note(arg, 'x');
}

static void s_on_book(void *arg, const market *changed) {
  (void)changed;
  s_note(arg, 'b');
}

static exchange *s_new(heard *ear, const market_rules *rules, size_t history_max) {
  exchange_listener listener = {.arg = ear,
                                .on_accept = s_on_accept,
                                .on_trade = s_on_trade,
                                .on_fill = s_on_fill,
                                .on_order = s_on_order,
                                .on_forget = s_on_forget,
                                .on_book = s_on_book};
  *ear = (heard){.count = 0};
  exchange *made = exchange_new("binance", &listener, 1, history_max);
  cr_assert_eq(exchange_add_market(made, rules, 0), HBUS_OK);
  return made;
}

static const market_rules s_spot = {
    .symbol = "ETH-USDT", .price_digits = 2, .amount_digits = 4, .amount_min = 10, .fee_basis_points = 10};
static const market_rules s_futures = {.symbol = "ETH-USDT",
                                       .price_digits = 2,
                                       .amount_digits = 3,
                                       .amount_min = 1,
                                       .fee_basis_points = 4,
                                       .leverage = 10};

static hbus_decimal s_decimal(const char *text) {
  hbus_decimal decimal = {0};
  if (text) cr_assert_eq(hbus_decimal_parse(text, strlen(text), &decimal), HBUS_OK);
  return decimal;
}

static hbus_status s_create(exchange *self, order_owner owner, hbus_side side, hbus_order_type type, const char *amount,
                            const char *price, const char *stop_price, hbus_error *error) {
  order_request request = {.side = side,
                           .type = type,
                           .amount = s_decimal(amount),
                           .price = s_decimal(price),
                           .stop_price = s_decimal(stop_price)};
  hbus_status status = exchange_create(self, exchange_market(self, 0), owner, &request, NULL, error);
  exchange_check(self);
  return status;
}

static void s_available(const exchange *self, size_t asset_at, const char *expected) {
  char text[QUANTITY_TEXT_SIZE];
  cr_assert_str_eq(quantity_text(account_available(exchange_account(self, OWNER_TRADER), asset_at), text), expected);
}

Test(exchange, reserves_price_and_fee_and_gives_them_back) {
  heard ear;
  exchange *venue = s_new(&ear, &s_spot, 10);
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_LIMIT, "2", "1000", NULL, NULL), HBUS_OK);
  s_available(venue, 1, "997998.00");
  cr_assert_str_eq(ear.events, "aob");
  exchange_cancel(venue, exchange_find_order(venue, exchange_market(venue, 0), 1));
  s_available(venue, 1, "1000000.00");
  cr_assert_eq(ear.last_order.status, HBUS_CANCELLED);
  exchange_check(venue);
  exchange_destroy(&venue);
}

Test(exchange, settles_a_fill_at_the_makers_price_less_the_fee) {
  heard ear;
  exchange *venue = s_new(&ear, &s_spot, 10);
  cr_assert_eq(s_create(venue, OWNER_CROWD, HBUS_SELL, HBUS_LIMIT, "0.5", "1000", NULL, NULL), HBUS_OK);
  ear.count = 0;
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_LIMIT, "2", "1100", NULL, NULL), HBUS_OK);
  cr_assert_str_eq(ear.events, "atfob", "the fill comes before the order, the order before the book");
  cr_assert_eq(ear.last_order.status, HBUS_PARTIALLY_FILLED);
  s_available(venue, 0, "1000.50");
  s_available(venue, 1, "997847.85"); /* 500 + 0.5 paid, 1.5 * 1100 + 1.65 reserved */
  cr_assert_eq(s_create(venue, OWNER_CROWD, HBUS_SELL, HBUS_MARKET, "1.5", NULL, NULL, NULL), HBUS_OK);
  cr_assert_eq(ear.last_order.status, HBUS_FILLED);
  s_available(venue, 0, "1002.00");
  s_available(venue, 1, "997847.85");
  exchange_destroy(&venue);
}

Test(exchange, refuses_in_the_words_of_the_field) {
  heard ear;
  exchange *venue = s_new(&ear, &s_spot, 10);
  static const struct {
    hbus_order_type type;
    const char *amount, *price, *stop_price;
    hbus_status status;
    const char *text;
  } rows[] = {
      {HBUS_LIMIT, NULL, "1", NULL, HBUS_INVALID_ORDER, "Invalid order: amount is missing"},
      {HBUS_LIMIT, "-1", "1", NULL, HBUS_INVALID_ORDER, "Invalid order: amount must be positive"},
      {HBUS_LIMIT, "0", "1", NULL, HBUS_INVALID_ORDER, "Invalid order: amount must be positive"},
      {HBUS_LIMIT, "0.00001", "1", NULL, HBUS_INVALID_ORDER,
       "Invalid order: amount has more than 4 digits after the point"},
      {HBUS_LIMIT, "99999999999999999999", "1", NULL, HBUS_INVALID_ORDER, "Invalid order: amount is too large"},
      {HBUS_LIMIT, "0.0009", "1", NULL, HBUS_MIN_ORDER_SIZE, "Order size below the minimum of 0.0010"},
      {HBUS_LIMIT, "1", NULL, NULL, HBUS_INVALID_ORDER, "Invalid order: price is missing"},
      {HBUS_LIMIT, "1", "1", "2", HBUS_INVALID_ORDER, "Invalid order: a limit order has no stop_price"},
      {HBUS_MARKET, "1", "1", NULL, HBUS_INVALID_ORDER, "Invalid order: a market order has no price"},
      {HBUS_MARKET, "1", NULL, NULL, HBUS_INVALID_ORDER, "Invalid order: no liquidity in ETH-USDT"},
      {HBUS_STOP, "1", NULL, NULL, HBUS_INVALID_ORDER, "Invalid order: stop_price is missing"},
      {HBUS_LIMIT, "1000", "1000", NULL, HBUS_INSUFFICIENT_FUNDS, "Insufficient funds: 1000000.00 USDT available"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    hbus_error error = {0};
    cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, rows[i].type, rows[i].amount, rows[i].price,
                          rows[i].stop_price, &error),
                 rows[i].status, "row %zu", i);
    cr_assert_str_eq(error.text, rows[i].text);
  }
  cr_assert_eq(ear.count, 0, "nothing happened");
  cr_assert_null(exchange_newest_order(venue));
  exchange_destroy(&venue);
}

Test(exchange, refuses_prices_far_from_the_last_and_everything_when_closed) {
  heard ear;
  hbus_error error;
  market_rules rules = s_spot;
  rules.start_price = 100000;
  rules.band_percent = 50;
  exchange *venue = s_new(&ear, &rules, 10);
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_LIMIT, "1", "499.99", NULL, &error),
               HBUS_PRICE_OUT_OF_RANGE);
  cr_assert_str_eq(error.text, "Price outside the allowed range of 500.00 to 1500.00");
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_SELL, HBUS_LIMIT, "1", "1500.01", NULL, &error),
               HBUS_PRICE_OUT_OF_RANGE);
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_LIMIT, "1", "500", NULL, &error), HBUS_OK);
  exchange_market(venue, 0)->rules.closed = true;
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_LIMIT, "1", "1000", NULL, &error), HBUS_MARKET_CLOSED);
  cr_assert_str_eq(error.text, "Market is closed: ETH-USDT");
  exchange_destroy(&venue);
}

Test(exchange, triggers_a_stop_and_pays_what_the_book_asks) {
  heard ear;
  hbus_error error;
  market_rules rules = s_spot;
  rules.start_price = 100000;
  exchange *venue = s_new(&ear, &rules, 10);
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_STOP, "1", NULL, "900", &error), HBUS_INVALID_ORDER);
  cr_assert_str_eq(error.text, "Invalid order: stop_price would trigger immediately");
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_STOP, "1", NULL, "1100", NULL), HBUS_OK);
  s_available(venue, 1, "998898.90");
  s_create(venue, OWNER_CROWD, HBUS_SELL, HBUS_LIMIT, "1", "1100", NULL, NULL);
  s_create(venue, OWNER_CROWD, HBUS_SELL, HBUS_LIMIT, "1", "1200", NULL, NULL);
  cr_assert_eq(ear.last_order.status, HBUS_OPEN);
  s_create(venue, OWNER_CROWD, HBUS_BUY, HBUS_MARKET, "1", NULL, NULL, NULL);
  cr_assert_eq(ear.last_order.status, HBUS_FILLED);
  cr_assert_eq(ear.last_trade.price, 120000);
  s_available(venue, 1, "998798.80");
  exchange_destroy(&venue);
}

Test(exchange, fails_a_triggered_stop_that_cannot_be_paid) {
  heard ear;
  market_rules rules = s_spot;
  rules.start_price = 100000;
  exchange *venue = s_new(&ear, &rules, 10);
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_STOP, "900", NULL, "1100", NULL), HBUS_OK);
  s_create(venue, OWNER_CROWD, HBUS_SELL, HBUS_LIMIT, "1", "1100", NULL, NULL);
  s_create(venue, OWNER_CROWD, HBUS_SELL, HBUS_LIMIT, "900", "1200", NULL, NULL);
  s_create(venue, OWNER_CROWD, HBUS_BUY, HBUS_MARKET, "1", NULL, NULL, NULL);
  cr_assert_eq(ear.last_order.status, HBUS_FAILED);
  s_available(venue, 1, "1000000.00");
  exchange_destroy(&venue);
}

Test(exchange, forgets_the_oldest_finished_orders_first) {
  heard ear;
  hbus_error error;
  exchange *venue = s_new(&ear, &s_spot, 3);
  market *where = exchange_market(venue, 0);
  for (int i = 0; i < 3; i++)
    cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_LIMIT, "1", "1", NULL, NULL), HBUS_OK);
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_LIMIT, "1", "1", NULL, &error), HBUS_OVERLOADED);
  cr_assert_str_eq(error.text, "Invalid order: too many open orders");
  exchange_cancel(venue, exchange_find_order(venue, where, 3));
  exchange_cancel(venue, exchange_find_order(venue, where, 2));
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_LIMIT, "1", "1", NULL, NULL), HBUS_OK);
  cr_assert_null(exchange_find_order(venue, where, 2));
  cr_assert_not_null(exchange_find_order(venue, where, 1));
  cr_assert_eq(exchange_newest_order(venue)->id, 4);
  cr_assert_eq(exchange_newest_order(venue)->past_previous->id, 3);
  exchange_destroy(&venue);
}

Test(exchange, holds_margin_for_futures_and_realizes_profit) {
  heard ear;
  exchange *venue = s_new(&ear, &s_futures, 10);
  s_create(venue, OWNER_CROWD, HBUS_SELL, HBUS_LIMIT, "10", "1000", NULL, NULL);
  s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_MARKET, "10", NULL, NULL, NULL);
  s_available(venue, 1, "998996.00"); /* 10000 / 10 margin, 4 fee */
  s_create(venue, OWNER_CROWD, HBUS_BUY, HBUS_LIMIT, "10", "1100", NULL, NULL);
  s_create(venue, OWNER_TRADER, HBUS_SELL, HBUS_MARKET, "10", NULL, NULL, NULL);
  s_available(venue, 1, "1000991.60"); /* 1000 won, 4 + 4.4 fees */
  cr_assert_eq(exchange_market(venue, 0)->positions[OWNER_TRADER].amount, 0);
  exchange_destroy(&venue);
}

Test(exchange, closes_a_position_without_new_margin) {
  heard ear;
  hbus_error error = {0};
  exchange *venue = s_new(&ear, &s_futures, 10);
  s_create(venue, OWNER_CROWD, HBUS_SELL, HBUS_LIMIT, "9900", "1000", NULL, NULL);
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_MARKET, "9900", NULL, NULL, NULL), HBUS_OK);
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_BUY, HBUS_LIMIT, "100", "1000", NULL, &error),
               HBUS_INSUFFICIENT_FUNDS);
  cr_assert_eq(s_create(venue, OWNER_TRADER, HBUS_SELL, HBUS_LIMIT, "9900", "1000", NULL, &error), HBUS_OK);
  exchange_destroy(&venue);
}

/* --- everything, at random --- */

static void s_random_text(random_source *random, int64_t low, int64_t high, unsigned digits, hbus_decimal *out) {
  cr_assert_eq(hbus_decimal_from_integer(random_between(random, low, high), digits, out), HBUS_OK);
}

static void s_random_create(exchange *venue, random_source *random) {
  static const hbus_order_type types[] = {HBUS_LIMIT, HBUS_LIMIT,      HBUS_LIMIT,       HBUS_LIMIT,
                                          HBUS_STOP,  HBUS_STOP_LIMIT, HBUS_LIMIT_MAKER, HBUS_MARKET};
  market *where = exchange_market(venue, random_below(random, exchange_market_count(venue)));
  order_request request = {.side = random_chance(random, 50) ? HBUS_BUY : HBUS_SELL,
                           .type = types[random_below(random, sizeof types / sizeof types[0])]};
  /* Bids mostly below asks, so that the books grow deep. */
  int64_t low = request.side == HBUS_BUY ? 99000 : 99800;
  s_random_text(random, 1, 100000, where->rules.amount_digits, &request.amount);
  if (request.type != HBUS_MARKET && request.type != HBUS_STOP)
    s_random_text(random, low, low + 1200, where->rules.price_digits, &request.price);
  if (request.type == HBUS_STOP || request.type == HBUS_STOP_LIMIT)
    s_random_text(random, 99000, 101000, where->rules.price_digits, &request.stop_price);
  hbus_error error;
  (void)exchange_create(venue, where, random_chance(random, 50) ? OWNER_TRADER : OWNER_CROWD, &request, NULL, &error);
}

static void s_random_cancel(exchange *venue, random_source *random) {
  const market *where = exchange_market(venue, random_below(random, exchange_market_count(venue)));
  const open_orders *open = &where->open[random_below(random, OWNER_COUNT)];
  order *chosen = open->first;
  for (uint64_t skip = open->count ? random_below(random, open->count) : 0; skip > 0; skip--)
    chosen = chosen->open_next;
  if (chosen) exchange_cancel(venue, chosen);
}

static void s_run_random(const market_rules *rules, const char *second_symbol, uint64_t seed, unsigned operations) {
  heard ear;
  random_source random;
  random_init(&random, seed, 0);
  exchange *venue = s_new(&ear, rules, 300);
  market_rules second = *rules;
  snprintf(second.symbol, sizeof second.symbol, "%s", second_symbol);
  cr_assert_eq(exchange_add_market(venue, &second, 1), HBUS_OK);
  unsigned trades = 0;
  for (unsigned i = 0; i < operations; i++) {
    uint64_t before = ear.last_trade.id;
    exchange_set_time(venue, 1000 + i);
    if (random_chance(&random, 70))
      s_random_create(venue, &random);
    else
      s_random_cancel(venue, &random);
    trades += ear.last_trade.id != before;
    if (i % 100 == 0) exchange_check(venue);
  }
  exchange_check(venue);
  cr_assert_gt(trades, operations / 20, "only %u trades: the test does not test much", trades);
  exchange_destroy(&venue);
}

Test(exchange, conserves_everything_on_the_spot_whatever_happens) {
  /* Both markets share ETH, one as base and one as base against another quote. */
  s_run_random(&s_spot, "ETH-BTC", 7, 100000);
}

Test(exchange, conserves_everything_in_futures_whatever_happens) {
  s_run_random(&s_futures, "BTC-USDT", 11, 100000);
}
