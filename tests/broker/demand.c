#include <criterion/criterion.h>
#include <string.h>

#include "broker/demand.h"

static hbus_command s_what(hbus_channel channel, const char *market) {
  hbus_command what = {.channel = channel};
  snprintf(what.exchange, sizeof what.exchange, "binance");
  snprintf(what.market, sizeof what.market, "%s", market);
  return what;
}

Test(demand, the_last_holder_ends_it) {
  demand *demand = demand_new(10);
  hbus_command what = s_what(HBUS_CHANNEL_TICKER, "ETH-USDT");
  hbus_command other = s_what(HBUS_CHANNEL_TRADES, "ETH-USDT");
  cr_expect_eq(demand_hold(demand, &what, "a"), HBUS_OK);
  cr_expect_eq(demand_hold(demand, &what, "a"), HBUS_OK);
  cr_expect_eq(demand_hold(demand, &what, "b"), HBUS_OK);
  cr_expect_eq(demand_size(demand), 1);
  cr_expect(!demand_release(demand, &other, "a"), "that is another channel");
  cr_expect(!demand_release(demand, &what, "c"), "c holds nothing");
  cr_expect(!demand_release(demand, &what, "a"), "b still holds it");
  cr_expect(demand_release(demand, &what, "b"));
  cr_expect(!demand_release(demand, &what, "b"));
  cr_expect_eq(demand_size(demand), 0);
  demand_destroy(&demand);
}

static void s_count(void *arg, const hbus_command *what) {
  size_t *count = arg;
  ++*count;
  cr_expect_str_eq(what->exchange, "binance");
}

Test(demand, who_leaves_releases_everything) {
  demand *demand = demand_new(10);
  for (hbus_channel channel = HBUS_CHANNEL_ORDER_BOOK; channel < HBUS_CHANNEL_COUNT; channel++) {
    hbus_command what = s_what(channel, "ETH-USDT");
    demand_hold(demand, &what, "a");
    if (channel == HBUS_CHANNEL_TICKER) demand_hold(demand, &what, DEMAND_CONFIG);
  }
  size_t ended = 0, left = 0;
  demand_release_all(demand, "a", s_count, &ended);
  cr_expect_eq(ended, 2);
  demand_each(demand, s_count, &left);
  cr_expect_eq(left, 1, "the configuration never leaves");
  demand_destroy(&demand);
}

Test(demand, bounded) {
  demand *demand = demand_new(2);
  hbus_command a = s_what(HBUS_CHANNEL_TICKER, "A"), b = s_what(HBUS_CHANNEL_TICKER, "B"),
               c = s_what(HBUS_CHANNEL_TICKER, "C");
  cr_expect_eq(demand_hold(demand, &a, "x"), HBUS_OK);
  cr_expect_eq(demand_hold(demand, &b, "x"), HBUS_OK);
  cr_expect_eq(demand_hold(demand, &c, "x"), HBUS_OVERLOADED);
  cr_expect_eq(demand_hold(demand, &a, "y"), HBUS_OK, "what is held already needs no more room");
  demand_destroy(&demand);
}
