#include "tests/sim/liquidity.h"

#include <assert.h>

/* What a typical order is worth, in whole units of the quote asset: books of cheap and dear assets are equally deep. */
#define S_TYPICAL_NOTIONAL 20000
#define S_TYPICAL_UNITS    10

static const unsigned s_trade_percent = 30;
static const unsigned s_replace_percent = 50;

/* A price below one unit means that the quote asset is dear (ETH-BTC): there an order is ten units of the base asset.
 */
static int64_t s_typical_lots(const market *where) {
  int64_t tick_unit = 1, lot_unit = 1;
  for (unsigned i = 0; i < where->rules.price_digits; i++)
    tick_unit *= 10;
  for (unsigned i = 0; i < where->rules.amount_digits; i++)
    lot_unit *= 10;
  int64_t units = where->rules.start_price / tick_unit;
  int64_t lots = units > 0 ? S_TYPICAL_NOTIONAL * lot_unit / units : S_TYPICAL_UNITS * lot_unit;
  return lots > where->rules.amount_min ? lots : where->rules.amount_min;
}

void liquidity_init(liquidity *self, market *where, uint64_t seed, uint64_t stream) {
  assert(where->rules.start_price > 0);
  *self = (liquidity){.where = where, .middle = where->rules.start_price};
  random_init(&self->random, seed, stream);
  self->spacing = where->rules.start_price / 10000;
  if (self->spacing == 0) self->spacing = 1;
}

static hbus_decimal s_decimal(int64_t value, unsigned digits) {
  hbus_decimal result;
  hbus_status status = hbus_decimal_from_integer(value, digits, &result);
  assert(status == HBUS_OK);
  return result;
}

/* The crowd places orders by the same rules as the trader; one that is refused is simply not there. */
static void s_place(liquidity *self, hbus_side side, hbus_order_type type, int64_t price, int64_t amount) {
  const market_rules *rules = &self->where->rules;
  order_request request = {.side = side, .type = type, .amount = s_decimal(amount, rules->amount_digits)};
  if (type != HBUS_MARKET) request.price = s_decimal(price, rules->price_digits);
  hbus_error error;
  (void)exchange_create(self->where->exchange, self->where, OWNER_CROWD, &request, NULL, &error);
}

static int64_t s_random_amount(liquidity *self) {
  int64_t typical = s_typical_lots(self->where);
  int64_t amount = random_between(&self->random, typical / 10 + 1, typical * 2);
  return amount > self->where->rules.amount_min ? amount : self->where->rules.amount_min;
}

static size_t s_count(const liquidity *self, hbus_side side) {
  size_t count = 0;
  for (const order *open = self->where->open[OWNER_CROWD].first; open; open = open->open_next)
    count += open->side == side;
  return count;
}

/* At a random distance from the middle, more likely near it than far. */
static void s_place_resting(liquidity *self, hbus_side side) {
  int64_t farthest = self->spacing * random_between(&self->random, 1, LIQUIDITY_LEVELS);
  int64_t distance = random_between(&self->random, 1, farthest);
  int64_t price = side == HBUS_BUY ? self->middle - distance : self->middle + distance;
  if (price > 0) s_place(self, side, HBUS_LIMIT, price, s_random_amount(self));
}

static void s_fill_side(liquidity *self, hbus_side side) {
  for (size_t missing = LIQUIDITY_LEVELS - s_count(self, side); missing > 0; missing--)
    s_place_resting(self, side);
}

void liquidity_fill(liquidity *self) {
  s_fill_side(self, HBUS_BUY);
  s_fill_side(self, HBUS_SELL);
}

/* Withdraws the orders that the price has walked past. */
static void s_withdraw_passed(liquidity *self) {
  for (order *open = self->where->open[OWNER_CROWD].first; open;) {
    order *next = open->open_next;
    if (open->side == HBUS_BUY ? open->price >= self->middle : open->price <= self->middle)
      exchange_cancel(self->where->exchange, open);
    open = next;
  }
}

static void s_withdraw_random(liquidity *self) {
  const open_orders *open = &self->where->open[OWNER_CROWD];
  if (open->count == 0) return;
  order *chosen = open->first;
  for (uint64_t skip = random_below(&self->random, open->count); skip > 0; skip--)
    chosen = chosen->open_next;
  exchange_cancel(self->where->exchange, chosen);
}

void liquidity_step(liquidity *self) {
  int64_t moved = self->middle + random_between(&self->random, -self->spacing, self->spacing);
  /* Between half and twice where it started, so that a long run stays within what prices and balances can hold. */
  if (moved > self->where->rules.start_price / 2 && moved < self->where->rules.start_price * 2) self->middle = moved;
  s_withdraw_passed(self);
  if (random_chance(&self->random, s_replace_percent)) s_withdraw_random(self);
  if (random_chance(&self->random, s_trade_percent)) {
    hbus_side side = random_chance(&self->random, 50) ? HBUS_BUY : HBUS_SELL;
    s_place(self, side, HBUS_MARKET, 0, s_random_amount(self));
  }
  liquidity_fill(self);
}
