#include "broker/order/position.h"

#include <assert.h>

#include "broker/order/money.h"

void position_init(position *self) {
  *self = (position){.amount = money_zero, .cost = money_zero, .realized_pnl = money_zero, .unpriced = money_zero};
}

/* Bought is more, sold is less. */
static hbus_status s_signed(hbus_side side, const hbus_decimal *amount, hbus_decimal *out) {
  assert(side == HBUS_BUY || side == HBUS_SELL);
  return side == HBUS_BUY ? money_add(&money_zero, amount, out) : money_subtract(&money_zero, amount, out);
}

static hbus_status s_absolute(const hbus_decimal *value, hbus_decimal *out) {
  return s_signed(hbus_decimal_sign(value) < 0 ? HBUS_SELL : HBUS_BUY, value, out);
}

/* The priced part grows by `change` in the direction that it has, or begins. */
static hbus_status s_open(position *self, const hbus_decimal *change, const hbus_decimal *price) {
  hbus_decimal notional;
  hbus_status status = money_multiply(change, price, &notional);
  return status ? status : money_add(&self->cost, &notional, &self->cost);
}

/* `change` of what is held is given back, or all of it: what it was bought for leaves the cost, and the difference to
 * what it was sold for is profit. Of a short position all signs are the other way round, which comes to the same. */
static hbus_status s_close(position *self, const hbus_decimal *held, const hbus_decimal *change,
                           const hbus_decimal *price) {
  hbus_decimal part, whole, released = self->cost, notional;
  hbus_status status = s_absolute(change, &part);
  if (!status) status = s_absolute(held, &whole);
  /* The last part takes whatever rounding has left of the cost. */
  if (!status && hbus_decimal_compare(&part, &whole) < 0) status = money_share(&self->cost, &part, &whole, &released);
  if (!status) status = money_subtract(&self->cost, &released, &self->cost);
  if (!status) status = money_multiply(change, price, &notional);
  if (!status) status = money_add(&notional, &released, &notional); /* change is against what is held */
  return status ? status : money_subtract(&self->realized_pnl, &notional, &self->realized_pnl);
}

/* A fill against what is held closes that first; what is left of it opens the other way. */
static hbus_status s_trade(position *self, const hbus_decimal *held, const hbus_decimal *change,
                           const hbus_decimal *price) {
  int direction = hbus_decimal_sign(held);
  if (direction == 0 || direction == hbus_decimal_sign(change)) return s_open(self, change, price);
  hbus_decimal left, closing = *change, opening = money_zero;
  hbus_status status = money_add(held, change, &left);
  if (!status && hbus_decimal_sign(&left) == -direction) {
    opening = left;
    status = money_subtract(&money_zero, held, &closing);
  }
  if (!status) status = s_close(self, held, &closing, price);
  return status ? status : s_open(self, &opening, price);
}

hbus_status position_apply(position *self, hbus_side side, const hbus_decimal *amount, const hbus_decimal *price,
                           const hbus_decimal *replaces) {
  position next = *self;
  hbus_decimal change, told, news, held;
  hbus_status status = s_signed(side, amount, &change);
  if (!status) status = s_signed(side, hbus_decimal_is_absent(replaces) ? &money_zero : replaces, &told);
  if (!status) status = money_subtract(&change, &told, &news);
  if (!status) status = money_add(&next.amount, &news, &next.amount);
  if (!status && hbus_decimal_is_absent(price)) {
    status = money_add(&next.unpriced, &news, &next.unpriced);
  } else {
    if (!status) status = money_subtract(&self->amount, &self->unpriced, &held);
    if (!status) status = money_subtract(&next.unpriced, &told, &next.unpriced);
    if (!status) status = s_trade(&next, &held, &change, price);
  }
  if (!status) *self = next;
  return status;
}

/* The mean price of the priced part, where that is what the position is: not where unpriced fills have turned it. */
static hbus_status s_entry_price(const position *self, hbus_decimal *out) {
  hbus_decimal held;
  hbus_status status = money_subtract(&self->amount, &self->unpriced, &held);
  if (status) return status;
  int direction = hbus_decimal_sign(&held);
  if (direction == 0 || direction != hbus_decimal_sign(&self->amount)) return HBUS_OK;
  return money_divide(&self->cost, &held, out);
}

hbus_status position_tell(const position *self, hbus_position *out) {
  hbus_decimal amount, entry_price = {0};
  hbus_status status = s_absolute(&self->amount, &amount);
  if (!status) status = s_entry_price(self, &entry_price);
  if (status) return status;
  int direction = hbus_decimal_sign(&amount) == 0 ? 0 : hbus_decimal_sign(&self->amount);
  out->side = direction > 0 ? HBUS_BUY : direction < 0 ? HBUS_SELL : HBUS_SIDE_NONE;
  out->amount = amount;
  out->entry_price = entry_price;
  out->realized_pnl = self->realized_pnl;
  out->unpriced = hbus_decimal_sign(&self->unpriced) == 0 ? (hbus_decimal){0} : self->unpriced;
  return HBUS_OK;
}
