/* The examples that strategies start from, as programs of their own against the broker. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "tests/integration/rig.h"

#define EXCHANGE "binance"
#define MARKET   "ETH-USDT"

static void s_start(rig *rig) {
  static const char *const quiet[] = {"--rate", "0", NULL};
  rig_start(rig, quiet, "access: {reach_all: [hbus, test, risk-manager]}\n");
}

static void s_list(hbus_client *client, hbus_order_list *out) {
  hbus_error error;
  hbus_order_list_free(out);
  cr_assert_eq(hbus_get_open_orders(client, EXCHANGE, MARKET, 0, out, &error), HBUS_OK, "%s", error.text);
}

/* Lists the open orders until there are `count`, none of them the order `gone` (NULL: none need be). */
static void s_await_orders(hbus_client *client, size_t count, const char *gone, hbus_order_list *out) {
  hbus_message message;
  for (int polls = 0; polls < PROCESS_PATIENCE_MS / 100; polls++) {
    s_list(client, out);
    bool is_there = false;
    for (size_t i = 0; i < out->count && gone; i++)
      is_there = is_there || strcmp(out->items[i].order_id, gone) == 0;
    if (out->count == count && !is_there) return;
    hbus_client_next(client, 100, &message); /* an order's event, most likely */
  }
  cr_assert_fail("%zu open orders, expected %zu", out->count, count);
}

static const hbus_order *s_of_side(const hbus_order_list *orders, hbus_side side) {
  for (size_t i = 0; i < orders->count; i++)
    if (orders->items[i].side == side) return &orders->items[i];
  cr_assert_fail("no %s order", hbus_side_name(side));
  return NULL;
}

static void s_place(hbus_client *client, hbus_command order) {
  hbus_order placed;
  hbus_error error;
  cr_assert_eq(hbus_create_order(client, &order, 0, &placed, &error), HBUS_OK, "%s", error.text);
}

static void s_buy(hbus_client *client, const char *amount) {
  s_place(client, rig_order(EXCHANGE, MARKET, HBUS_BUY, HBUS_MARKET, amount, NULL));
}

/* While the risk manager cancels all, an order may be cancelled before it is so much as sent. */
static void s_place_past_the_limit(hbus_client *client, hbus_command order) {
  hbus_order placed;
  hbus_error error;
  hbus_status status = hbus_create_order(client, &order, 0, &placed, &error);
  cr_assert(status == HBUS_OK || (status == HBUS_EXPIRED && strstr(error.text, "it was cancelled before")), "%s",
            error.text);
}

/* Both sides of `orders` are the market maker's, and around the mid price. */
static void s_expect_quotes(const hbus_order_list *orders) {
  const hbus_order *bid = s_of_side(orders, HBUS_BUY), *ask = s_of_side(orders, HBUS_SELL);
  cr_expect_str_eq(bid->owner, "market-maker");
  cr_expect_str_eq(ask->owner, "market-maker");
  cr_expect_lt(hbus_decimal_compare(&bid->price, &ask->price), 0, "%s and %s", bid->price.text, ask->price.text);
}

Test(examples, market_maker_quotes_and_quotes_anew_and_leaves_nothing) {
  /* Nearer to the mid than the market's own best, so that whoever trades trades with it. */
  static const char *const arguments[] = {EXCHANGE, MARKET, "--spread", "0.00001", NULL};
  rig rig;
  hbus_order_list orders = {0};
  s_start(&rig);
  hbus_client *client = rig_connect(&rig, "test");
  cr_assert_eq(hbus_client_watch(client, "order_update/", NULL), HBUS_OK);
  process maker = rig_start_peer(&rig, "examples/market_maker", arguments);
  s_await_orders(client, 2, NULL, &orders);
  s_expect_quotes(&orders);

  hbus_order ask = *s_of_side(&orders, HBUS_SELL), bid = *s_of_side(&orders, HBUS_BUY);
  s_buy(client, "0.01");
  s_await_orders(client, 2, bid.order_id, &orders); /* the other side goes too */
  s_expect_quotes(&orders);
  cr_expect_str_neq(s_of_side(&orders, HBUS_SELL)->order_id, ask.order_id);
  hbus_error error;
  hbus_order old;
  cr_assert_eq(hbus_get_order(client, EXCHANGE, MARKET, ask.order_id, NULL, 0, &old, &error), HBUS_OK, "%s",
               error.text);
  cr_expect_eq(old.status, HBUS_FILLED);

  cr_expect_eq(process_stop(&maker, SIGINT), 0);
  s_list(client, &orders);
  cr_expect_eq(orders.count, 0u);
  hbus_order_list_free(&orders);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

Test(examples, rule_20_market_maker_goes_on_with_the_orders_that_it_left) {
  static const char *const arguments[] = {EXCHANGE, MARKET, NULL};
  rig rig;
  char line[256] = "";
  hbus_order_list orders = {0};
  s_start(&rig);
  hbus_client *client = rig_connect(&rig, "test");
  cr_assert_eq(hbus_client_watch(client, "order_update/", NULL), HBUS_OK);
  process maker = rig_start_peer(&rig, "examples/market_maker", arguments);
  s_await_orders(client, 2, NULL, &orders);
  hbus_order bid = *s_of_side(&orders, HBUS_BUY), ask = *s_of_side(&orders, HBUS_SELL);
  process_stop(&maker, SIGKILL);

  maker = rig_start_peer(&rig, "examples/market_maker", arguments);
  for (int told = 0; told < 2; told++) { /* both before anything else */
    cr_assert(process_read_line(&maker, line, sizeof line));
    bool is_left = strstr(line, bid.client_order_id) || strstr(line, ask.client_order_id);
    cr_assert(is_left && strstr(line, ": open"), "%s", line);
  }
  s_list(client, &orders);
  cr_assert_eq(orders.count, 2u);
  cr_expect_str_eq(s_of_side(&orders, HBUS_BUY)->order_id, bid.order_id);
  cr_expect_str_eq(s_of_side(&orders, HBUS_SELL)->order_id, ask.order_id);
  cr_expect_eq(process_stop(&maker, SIGTERM), 0);
  s_list(client, &orders);
  cr_expect_eq(orders.count, 0u);
  hbus_order_list_free(&orders);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

Test(examples, market_maker_quotes_anew_when_half_of_an_order_traded) {
  static const char *const arguments[] = {EXCHANGE, MARKET, "--spread", "0.00001", "--amount", "0.5", NULL};
  rig rig;
  hbus_order_list orders = {0};
  s_start(&rig);
  hbus_client *client = rig_connect(&rig, "test");
  cr_assert_eq(hbus_client_watch(client, "order_update/", NULL), HBUS_OK);
  process maker = rig_start_peer(&rig, "examples/market_maker", arguments);
  s_await_orders(client, 2, NULL, &orders);
  hbus_order ask = *s_of_side(&orders, HBUS_SELL);
  s_buy(client, "0.2");
  s_await_orders(client, 2, ask.order_id, &orders);
  s_expect_quotes(&orders);
  cr_expect_str_eq(s_of_side(&orders, HBUS_SELL)->filled.text, s_of_side(&orders, HBUS_BUY)->filled.text);
  cr_expect_eq(process_stop(&maker, SIGTERM), 0);
  s_list(client, &orders);
  cr_expect_eq(orders.count, 0u);
  hbus_order_list_free(&orders);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

Test(examples, risk_manager_cancels_everything_past_the_limit) {
  static const char *const arguments[] = {EXCHANGE, "--limit", "0.025", NULL};
  rig rig;
  hbus_order_list orders = {0};
  char line[256] = "";
  s_start(&rig);
  hbus_client *client = rig_connect(&rig, "test");
  s_place(client, rig_resting_order(HBUS_BUY, "0.5"));
  s_place(client, rig_resting_order(HBUS_SELL, "0.5"));
  process manager = rig_start_peer(&rig, "examples/risk_manager", arguments);
  cr_assert(process_read_line(&manager, line, sizeof line));
  cr_expect_not_null(strstr(line, "starting from zero"), "%s", line);
  while (!strstr(line, "PAST the limit of 0.025")) {
    struct pollfd told = {.fd = manager.out, .events = POLLIN};
    do
      s_place_past_the_limit(client, rig_order(EXCHANGE, MARKET, HBUS_BUY, HBUS_MARKET, "0.01", NULL));
    while (poll(&told, 1, 100) == 0); /* a subscription is not acknowledged: it may have missed the first of these */
    cr_assert(process_read_line(&manager, line, sizeof line));
    cr_assert_null(strstr(line, "cancelled"), "within the limit: %s", line);
  }
  s_await_orders(client, 0, NULL, &orders);
  s_place_past_the_limit(client, rig_resting_order(HBUS_BUY, "0.5"));
  s_await_orders(client, 0, NULL, &orders); /* as long as it is past the limit */
  cr_expect_eq(process_stop(&manager, SIGINT), 0);
  hbus_order_list_free(&orders);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}
