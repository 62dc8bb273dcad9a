#include <criterion/criterion.h>

#include "tests/sim/account.h"

Test(account, reserves_only_what_is_available) {
  account owned;
  account_init(&owned);
  cr_assert_eq(account_add_asset(&owned, 100), HBUS_OK);
  cr_assert_eq(account_reserve(&owned, 0, 60), HBUS_OK);
  cr_assert_eq(account_reserve(&owned, 0, 41), HBUS_INSUFFICIENT_FUNDS);
  cr_assert(account_available(&owned, 0) == 40);
  cr_assert_eq(account_reserve(&owned, 0, 40), HBUS_OK);
  account_release(&owned, 0, 60);
  account_add(&owned, 0, -30);
  cr_assert(account_available(&owned, 0) == 30);
  account_move_margin(&owned, 0, 0, 25);
  cr_assert(account_available(&owned, 0) == 5);
  account_free(&owned);
}

Test(account, keeps_assets_apart) {
  account owned;
  account_init(&owned);
  cr_assert_eq(account_add_asset(&owned, 1), HBUS_OK);
  cr_assert_eq(account_add_asset(&owned, 2), HBUS_OK);
  account_add(&owned, 1, 5);
  cr_assert(owned.assets[0].total == 1 && owned.assets[1].total == 7);
  account_free(&owned);
}

Test(position, earns_on_a_long_that_rises) {
  position held = {0};
  cr_assert(position_trade(&held, HBUS_BUY, 10, 1000) == 0);
  cr_assert(position_trade(&held, HBUS_SELL, 4, 480) == 80);
  cr_assert(held.amount == 6 && held.cost == 600);
}

Test(position, earns_on_a_short_that_falls) {
  position held = {0};
  cr_assert(position_trade(&held, HBUS_SELL, 10, 1000) == 0);
  cr_assert(held.amount == -10 && held.cost == -1000);
  cr_assert(position_trade(&held, HBUS_BUY, 10, 900) == 100);
  cr_assert(held.amount == 0 && held.cost == 0);
}

Test(position, turns_from_long_to_short) {
  position held = {0};
  position_trade(&held, HBUS_BUY, 10, 1000);
  cr_assert(position_trade(&held, HBUS_SELL, 15, 1650) == 100);
  cr_assert(held.amount == -5 && held.cost == -550);
}

Test(position, loses_nothing_to_division) {
  position long_side = {0}, short_side = {0};
  quantity realized = 0;
  const struct {
    hbus_side side;
    int64_t amount;
    quantity notional;
  } trades[] = {{HBUS_BUY, 7, 7 * 101}, {HBUS_SELL, 3, 3 * 97}, {HBUS_BUY, 5, 5 * 89}, {HBUS_SELL, 6, 6 * 103}};
  for (size_t i = 0; i < sizeof trades / sizeof trades[0]; i++) {
    hbus_side other = trades[i].side == HBUS_BUY ? HBUS_SELL : HBUS_BUY;
    realized += position_trade(&long_side, trades[i].side, trades[i].amount, trades[i].notional);
    realized += position_trade(&short_side, other, trades[i].amount, trades[i].notional);
    cr_assert(realized == long_side.cost + short_side.cost);
  }
}
