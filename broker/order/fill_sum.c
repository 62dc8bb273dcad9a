#include "broker/order/fill_sum.h"

#include "broker/order/money.h"

static const hbus_decimal *s_or_zero(const hbus_decimal *value) {
  return hbus_decimal_is_absent(value) ? &money_zero : value;
}

/* *to += value. */
static hbus_status s_add(hbus_decimal *to, const hbus_decimal *value) {
  return hbus_decimal_is_absent(value) ? HBUS_OK : hbus_decimal_add(s_or_zero(to), value, to);
}

hbus_status fill_sum_trade(fill_sum *self, const hbus_decimal *amount, hbus_decimal *replaces) {
  fill_sum next = *self;
  const hbus_decimal *inferred = s_or_zero(&self->inferred);
  hbus_decimal replaced = hbus_decimal_compare(amount, inferred) < 0 ? *amount : *inferred;
  hbus_status status = s_add(&next.traded, amount);
  if (!status) status = hbus_decimal_subtract(inferred, &replaced, &next.inferred);
  if (status) return status;
  *self = next;
  *replaces = hbus_decimal_sign(&replaced) > 0 ? replaced : (hbus_decimal){0};
  return HBUS_OK;
}

hbus_status fill_sum_told(const fill_sum *self, hbus_decimal *out) {
  hbus_decimal told;
  hbus_status status = hbus_decimal_add(s_or_zero(&self->traded), s_or_zero(&self->inferred), &told);
  if (status) return status;
  const hbus_decimal *restored = s_or_zero(&self->restored);
  *out = hbus_decimal_compare(&told, restored) < 0 ? *restored : told;
  return HBUS_OK;
}

hbus_status fill_sum_missing(const fill_sum *self, const hbus_decimal *filled, hbus_decimal *missing) {
  hbus_decimal told;
  hbus_status status = fill_sum_told(self, &told);
  if (status) return status;
  if (hbus_decimal_compare(s_or_zero(filled), &told) > 0) return hbus_decimal_subtract(filled, &told, missing);
  *missing = (hbus_decimal){0};
  return HBUS_OK;
}

hbus_status fill_sum_infer(fill_sum *self, const hbus_decimal *amount) {
  return s_add(&self->inferred, amount);
}

hbus_status fill_sum_restore(fill_sum *self, const hbus_trade *fill) {
  if (!fill->trade_id[0] && hbus_decimal_is_absent(&fill->price)) return fill_sum_infer(self, &fill->amount);
  fill_sum next = *self;
  hbus_decimal replaced;
  hbus_status status = s_add(&next.traded, &fill->amount);
  /* What it replaced may be older than what is remembered. */
  if (!status) status = hbus_decimal_subtract(s_or_zero(&self->inferred), s_or_zero(&fill->replaces), &replaced);
  if (status) return status;
  if (!hbus_decimal_is_absent(&self->inferred)) {
    next.inferred = hbus_decimal_sign(&replaced) > 0 ? replaced : (hbus_decimal){0};
  }
  *self = next;
  return HBUS_OK;
}

void fill_sum_restore_filled(fill_sum *self, const hbus_decimal *filled) {
  self->restored = *filled;
}

hbus_status fill_sum_settle(fill_sum *self) {
  fill_sum next = *self;
  hbus_decimal known, older;
  next.restored = (hbus_decimal){0};
  hbus_status status = fill_sum_told(&next, &known);
  if (!status) status = fill_sum_missing(&next, &self->restored, &older);
  if (!status) status = s_add(&next.traded, &older);
  if (!status) *self = next;
  return status;
}

hbus_status fill_sum_add_orphan(fill_sum *self, const hbus_decimal *amount, const hbus_decimal *price) {
  fill_sum next = *self;
  hbus_decimal notional;
  next.orphan = true;
  hbus_status status = HBUS_OK;
  if (!hbus_decimal_is_absent(price)) {
    status = money_multiply(amount, price, &notional);
    if (!status) status = s_add(&next.cost, &notional);
    if (!status) status = s_add(&next.priced, amount);
  }
  if (!status) *self = next;
  return status;
}

hbus_status fill_sum_take(fill_sum *self, const fill_sum *other) {
  fill_sum next = *self;
  hbus_status status = s_add(&next.traded, &other->traded);
  if (!status) status = s_add(&next.inferred, &other->inferred);
  if (!status) status = s_add(&next.priced, &other->priced);
  if (!status) status = s_add(&next.cost, &other->cost);
  next.orphan |= other->orphan;
  if (!status) *self = next;
  return status;
}
