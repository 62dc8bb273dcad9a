#include "broker/order/likeness.h"

#include <string.h>

static unsigned s_more_digits(unsigned digits, const hbus_decimal *decimal) {
  unsigned more = hbus_decimal_is_absent(decimal) ? 0 : hbus_decimal_scale(decimal);
  return more > digits ? more : digits;
}

void likeness_learn_digits(likeness_digits *digits, const hbus_order *listed) {
  digits->amount = s_more_digits(digits->amount, &listed->amount);
  digits->price = s_more_digits(digits->price, &listed->price);
  digits->price = s_more_digits(digits->price, &listed->stop_price);
}

static likeness s_weaker(likeness a, likeness b) {
  return a < b ? a : b;
}

/* Digits after the point without the zeros at their end. */
static unsigned s_significant_digits(const hbus_decimal *decimal) {
  unsigned digits = hbus_decimal_scale(decimal);
  for (const char *at = decimal->text + decimal->size - 1; digits > 0 && *at == '0'; at--)
    digits--;
  return digits;
}

/* Whether `asked` is `listed` once it is brought to that many digits. */
static bool s_rounds_to(const hbus_decimal *asked, unsigned digits, hbus_rounding rounding,
                        const hbus_decimal *listed) {
  hbus_decimal rounded;
  return hbus_decimal_scale(asked) > digits && hbus_decimal_round(asked, digits, rounding, &rounded) == HBUS_OK &&
         hbus_decimal_compare(&rounded, listed) == 0;
}

/* Surely the same: equal, or cut down to the digits that upstream has, with something left. Possibly: rounded in any
 * direction to the digits that this one has, which are fewer than upstream's where it leaves out the zeros at the end
 * ("36" for 36.00). */
static likeness s_compare_decimals(const hbus_decimal *asked, const hbus_decimal *listed, unsigned upstream_digits) {
  if (hbus_decimal_is_absent(asked) || hbus_decimal_is_absent(listed))
    return hbus_decimal_is_absent(asked) && hbus_decimal_is_absent(listed) ? LIKENESS_SURE : LIKENESS_POSSIBLE;
  if (hbus_decimal_compare(asked, listed) == 0) return LIKENESS_SURE;
  unsigned digits = hbus_decimal_scale(listed);
  if (s_rounds_to(asked, digits, HBUS_ROUND_DOWN, listed))
    return digits >= upstream_digits && hbus_decimal_sign(listed) != 0 ? LIKENESS_SURE : LIKENESS_POSSIBLE;
  digits = s_significant_digits(listed);
  return s_rounds_to(asked, digits, HBUS_ROUND_DOWN, listed) || s_rounds_to(asked, digits, HBUS_ROUND_UP, listed)
             ? LIKENESS_POSSIBLE
             : LIKENESS_NONE;
}

static bool s_has_price(hbus_order_type type) {
  return type == HBUS_LIMIT || type == HBUS_STOP_LIMIT || type == HBUS_LIMIT_MAKER;
}

static bool s_has_stop_price(hbus_order_type type) {
  return type == HBUS_STOP || type == HBUS_STOP_LIMIT;
}

/* Upstream may list an order as what it has become, or as the nearest type that it knows. */
static likeness s_compare_types(hbus_order_type asked, hbus_order_type listed) {
  static const hbus_order_type becomes[HBUS_ORDER_TYPE_COUNT] = {
      [HBUS_STOP] = HBUS_MARKET, [HBUS_STOP_LIMIT] = HBUS_LIMIT, [HBUS_LIMIT_MAKER] = HBUS_LIMIT};
  if (asked == listed) return LIKENESS_SURE;
  return becomes[asked] == listed ? LIKENESS_POSSIBLE : LIKENESS_NONE;
}

/* What only some upstreams tell: a contradiction where both tell it. */
static bool s_may_be_same_number(int asked, int listed) {
  return asked == 0 || listed == 0 || asked == listed;
}

static bool s_may_be_same_text(const char *asked, const char *listed) {
  return !asked[0] || !listed[0] || strcmp(asked, listed) == 0;
}

likeness likeness_of(const hbus_order *asked, const hbus_order *listed, const likeness_digits *digits) {
  if (asked->side != listed->side) return LIKENESS_NONE;
  likeness result = s_compare_types(asked->order_type, listed->order_type);
  if (result == LIKENESS_NONE) return LIKENESS_NONE;
  if (!s_may_be_same_number((int)asked->position_action, (int)listed->position_action) ||
      !s_may_be_same_number((int)asked->market_type, (int)listed->market_type) ||
      !s_may_be_same_text(asked->account, listed->account) || !s_may_be_same_text(asked->market, listed->market))
    return LIKENESS_NONE;
  result = s_weaker(result, s_compare_decimals(&asked->amount, &listed->amount, digits->amount));
  if (s_has_price(asked->order_type))
    result = s_weaker(result, s_compare_decimals(&asked->price, &listed->price, digits->price));
  if (s_has_stop_price(asked->order_type))
    result = s_weaker(result, s_compare_decimals(&asked->stop_price, &listed->stop_price, digits->price));
  return result;
}

bool likeness_is_alike(const hbus_order *a, const hbus_order *b) {
  return a->side == b->side && a->order_type == b->order_type && a->position_action == b->position_action &&
         a->market_type == b->market_type && strcmp(a->owner, b->owner) == 0 && strcmp(a->account, b->account) == 0 &&
         hbus_decimal_compare(&a->amount, &b->amount) == 0 &&
         (!s_has_price(a->order_type) || hbus_decimal_compare(&a->price, &b->price) == 0) &&
         (!s_has_stop_price(a->order_type) || hbus_decimal_compare(&a->stop_price, &b->stop_price) == 0);
}
