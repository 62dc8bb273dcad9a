#include "client/subscriptions.h"

#include <criterion/criterion.h>
#include <stdio.h>

static hbus_command s_command(hbus_channel channel, unsigned market) {
  hbus_command command = {.channel = channel, .exchange = "binance"};
  (void)snprintf(command.market, sizeof(command.market), "M%u", market);
  return command;
}

Test(subscriptions, holds_each_once) {
  subscriptions held = {0};
  hbus_command ticker = s_command(HBUS_CHANNEL_TICKER, 1), trades = s_command(HBUS_CHANNEL_TRADES, 1);
  cr_assert_eq(subscriptions_add(&held, &ticker), HBUS_OK);
  cr_assert_eq(subscriptions_add(&held, &ticker), HBUS_OK);
  cr_assert_eq(held.count, 1u);
  cr_assert_eq(subscriptions_add(&held, &trades), HBUS_OK);
  cr_assert_eq(held.count, 2u);
  subscriptions_remove(&held, &ticker);
  subscriptions_remove(&held, &ticker);
  cr_assert_eq(held.count, 1u);
  cr_assert_eq(held.items[0].channel, HBUS_CHANNEL_TRADES);
  subscriptions_free(&held);
}

Test(subscriptions, are_bounded) {
  subscriptions held = {0};
  hbus_command command;
  for (unsigned i = 0; i < HBUS_SUBSCRIPTIONS_MAX; i++) {
    command = s_command(HBUS_CHANNEL_TICKER, i);
    cr_assert_eq(subscriptions_add(&held, &command), HBUS_OK);
  }
  command = s_command(HBUS_CHANNEL_TICKER, HBUS_SUBSCRIPTIONS_MAX);
  cr_assert_eq(subscriptions_add(&held, &command), HBUS_OVERLOADED);
  command = s_command(HBUS_CHANNEL_TICKER, 7);
  cr_assert_eq(subscriptions_add(&held, &command), HBUS_OK); /* there already */
  subscriptions_free(&held);
}
