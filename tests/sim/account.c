#include "tests/sim/account.h"

#include <assert.h>
#include <stdlib.h>

void account_init(account *self) {
  *self = (account){0};
}

void account_free(account *self) {
  free(self->assets);
  *self = (account){0};
}

hbus_status account_add_asset(account *self, quantity total) {
  balance *grown = realloc(self->assets, (self->count + 1) * sizeof *grown);
  if (!grown) return HBUS_NO_MEMORY;
  self->assets = grown;
  self->assets[self->count++] = (balance){.total = total};
  return HBUS_OK;
}

static balance *s_balance(const account *self, size_t asset) {
  assert(asset < self->count);
  return &self->assets[asset];
}

quantity account_available(const account *self, size_t asset) {
  const balance *held = s_balance(self, asset);
  return held->total - held->reserved - held->margin;
}

hbus_status account_reserve(account *self, size_t asset, quantity amount) {
  assert(amount >= 0);
  if (account_available(self, asset) < amount) return HBUS_INSUFFICIENT_FUNDS;
  s_balance(self, asset)->reserved += amount;
  return HBUS_OK;
}

void account_release(account *self, size_t asset, quantity amount) {
  balance *held = s_balance(self, asset);
  assert(amount >= 0 && amount <= held->reserved);
  held->reserved -= amount;
}

void account_add(account *self, size_t asset, quantity amount) {
  s_balance(self, asset)->total += amount;
}

void account_move_margin(account *self, size_t asset, quantity before, quantity after) {
  balance *held = s_balance(self, asset);
  held->margin += after - before;
  assert(held->margin >= 0);
}

quantity position_trade(position *self, hbus_side side, int64_t amount, quantity notional) {
  assert(amount > 0 && notional >= 0);
  int sign = side == HBUS_BUY ? 1 : -1;
  int64_t held = self->amount < 0 ? -self->amount : self->amount;
  bool closes = self->amount != 0 && (self->amount > 0) != (sign > 0);
  quantity realized = 0;
  if (closes) {
    int64_t closed = amount < held ? amount : held;
    quantity closed_notional = closed == amount ? notional : notional / amount * closed;
    quantity closed_cost = closed == held ? self->cost : self->cost / held * closed;
    /* A long that is sold earns notional - cost; a short that is bought back has a negative cost: -notional - cost. */
    realized = -sign * closed_notional - closed_cost;
    self->cost -= closed_cost;
    notional -= closed_notional;
  }
  self->amount += sign * amount;
  self->cost += sign * notional;
  return realized;
}
