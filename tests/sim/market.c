#include "tests/sim/market.h"

#include <assert.h>
#include <stdio.h>

static const char *s_fixed_text(int64_t value, unsigned digits, char out[MARKET_TEXT_SIZE]) {
  assert(value >= 0 && digits <= QUANTITY_DIGITS_MAX);
  int64_t unit = 1;
  for (unsigned i = 0; i < digits; i++)
    unit *= 10;
  if (digits == 0)
    snprintf(out, MARKET_TEXT_SIZE, "%lld", (long long)value);
  else
    snprintf(out, MARKET_TEXT_SIZE, "%lld.%0*lld", (long long)(value / unit), (int)digits, (long long)(value % unit));
  return out;
}

const char *market_price_text(const market *self, int64_t price, char out[MARKET_TEXT_SIZE]) {
  return s_fixed_text(price, self->rules.price_digits, out);
}

const char *market_amount_text(const market *self, int64_t amount, char out[MARKET_TEXT_SIZE]) {
  return s_fixed_text(amount, self->rules.amount_digits, out);
}

quantity market_notional(const market *self, int64_t price, int64_t amount) {
  return quantity_notional(price, amount, self->rules.price_digits + self->rules.amount_digits);
}

/* A positive multiple of 10^-digits, up to max. */
static hbus_status s_read_decimal(const char *field, const hbus_decimal *decimal, unsigned digits, int64_t max,
                                  int64_t *out, hbus_error *error) {
  if (hbus_decimal_is_absent(decimal))
    return hbus_fail(error, HBUS_INVALID_ORDER, "Invalid order: %s is missing", field);
  if (hbus_decimal_sign(decimal) <= 0)
    return hbus_fail(error, HBUS_INVALID_ORDER, "Invalid order: %s must be positive", field);
  int64_t value;
  hbus_status status = hbus_decimal_to_integer(decimal, digits, &value);
  if (status == HBUS_TOO_BIG || (status == HBUS_OK && value > max))
    return hbus_fail(error, HBUS_INVALID_ORDER, "Invalid order: %s is too large", field);
  if (status != HBUS_OK)
    return hbus_fail(error, HBUS_INVALID_ORDER, "Invalid order: %s has more than %u digits after the point", field,
                     digits);
  *out = value;
  return HBUS_OK;
}

static hbus_status s_refuse_decimal(const char *field, const hbus_decimal *decimal, hbus_order_type type,
                                    hbus_error *error) {
  if (hbus_decimal_is_absent(decimal)) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_ORDER, "Invalid order: a %s order has no %s", hbus_order_type_name(type), field);
}

static hbus_status s_check_band(const market *self, int64_t price, hbus_error *error) {
  int64_t last = matching_last(self->book);
  if (self->rules.band_percent == 0 || last == 0 || price == 0) return HBUS_OK;
  int64_t away = last / 100 * self->rules.band_percent + last % 100 * self->rules.band_percent / 100;
  int64_t low = away < last ? last - away : 1, high = last + away;
  if (price >= low && price <= high) return HBUS_OK;
  char low_text[MARKET_TEXT_SIZE], high_text[MARKET_TEXT_SIZE];
  return hbus_fail(error, HBUS_PRICE_OUT_OF_RANGE, "Price outside the allowed range of %s to %s",
                   market_price_text(self, low, low_text), market_price_text(self, high, high_text));
}

static hbus_status s_check_stop(const market *self, const order *checked, hbus_error *error) {
  int64_t last = matching_last(self->book);
  if (!order_is_stop(checked) || last == 0) return HBUS_OK;
  if (checked->side == HBUS_BUY ? checked->stop_price > last : checked->stop_price < last) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_ORDER, "Invalid order: stop_price would trigger immediately");
}

/* Against the book as it is. */
static hbus_status s_check_book(const market *self, const order *checked, hbus_error *error) {
  if (checked->type == HBUS_LIMIT_MAKER && matching_crosses(self->book, checked->side, checked->price))
    return hbus_fail(error, HBUS_INVALID_ORDER, "Invalid order: a limit_maker order would trade immediately");
  if (checked->type == HBUS_MARKET && matching_best(self->book, side_opposite(checked->side)) == 0)
    return hbus_fail(error, HBUS_INVALID_ORDER, "Invalid order: no liquidity in %s", self->rules.symbol);
  return s_check_stop(self, checked, error);
}

hbus_status market_read_order(const market *self, const order_request *request, order *out, hbus_error *error) {
  const market_rules *rules = &self->rules;
  if (rules->closed) return hbus_fail(error, HBUS_MARKET_CLOSED, "Market is closed: %s", rules->symbol);

  order read = {.side = request->side, .type = request->type};
  hbus_status status =
      s_read_decimal("amount", &request->amount, rules->amount_digits, MATCHING_AMOUNT_MAX, &read.amount, error);
  if (status != HBUS_OK) return status;
  if (read.amount < rules->amount_min) {
    char minimum[MARKET_TEXT_SIZE];
    return hbus_fail(error, HBUS_MIN_ORDER_SIZE, "Order size below the minimum of %s",
                     market_amount_text(self, rules->amount_min, minimum));
  }

  bool has_price = read.type != HBUS_MARKET && read.type != HBUS_STOP;
  status = has_price
               ? s_read_decimal("price", &request->price, rules->price_digits, MATCHING_PRICE_MAX, &read.price, error)
               : s_refuse_decimal("price", &request->price, read.type, error);
  if (status != HBUS_OK) return status;
  status = order_is_stop(&read) ? s_read_decimal("stop_price", &request->stop_price, rules->price_digits,
                                                 MATCHING_PRICE_MAX, &read.stop_price, error)
                                : s_refuse_decimal("stop_price", &request->stop_price, read.type, error);
  if (status == HBUS_OK) status = s_check_band(self, read.price, error);
  if (status == HBUS_OK) status = s_check_book(self, &read, error);
  if (status != HBUS_OK) return status;
  out->side = read.side;
  out->type = read.type;
  out->price = read.price;
  out->stop_price = read.stop_price;
  out->amount = read.amount;
  return HBUS_OK;
}

void open_orders_add(open_orders *self, order *added) {
  added->open_previous = self->last;
  added->open_next = NULL;
  if (self->last)
    self->last->open_next = added;
  else
    self->first = added;
  self->last = added;
  self->count++;
}

void open_orders_remove(open_orders *self, order *removed) {
  if (removed->open_previous)
    removed->open_previous->open_next = removed->open_next;
  else
    self->first = removed->open_next;
  if (removed->open_next)
    removed->open_next->open_previous = removed->open_previous;
  else
    self->last = removed->open_previous;
  removed->open_previous = removed->open_next = NULL;
  self->count--;
}
