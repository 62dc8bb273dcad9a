#include "broker/order/money.h"

#include <assert.h>
#include <string.h>

#define GROUP     9  /* digits after the point that are taken together where a product does not fit */
#define GROUPS    4  /* as many as a decimal has */
#define SCALE_MAX 36 /* of a decimal */

const hbus_decimal money_zero = {.size = 1, .text = "0"};

/* "1.500" → "1.5", "-0.0" → "0". */
static void s_trim(hbus_decimal *decimal) {
  if (hbus_decimal_sign(decimal) == 0) {
    *decimal = money_zero;
    return;
  }
  if (!memchr(decimal->text, '.', decimal->size)) return;
  while (decimal->text[decimal->size - 1] == '0')
    decimal->size--;
  if (decimal->text[decimal->size - 1] == '.') decimal->size--;
  memset(decimal->text + decimal->size, 0, sizeof decimal->text - decimal->size);
}

static hbus_status s_settle(hbus_status status, hbus_decimal *result, hbus_decimal *out) {
  if (!status && hbus_decimal_scale(result) > MONEY_SCALE) {
    status = hbus_decimal_round(result, MONEY_SCALE, HBUS_ROUND_HALF_EVEN, result);
  }
  if (status) return status;
  s_trim(result);
  *out = *result;
  return HBUS_OK;
}

hbus_status money_add(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out) {
  hbus_status status = hbus_decimal_add(a, b, out);
  if (!status) s_trim(out);
  return status;
}

hbus_status money_subtract(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out) {
  hbus_status status = hbus_decimal_subtract(a, b, out);
  if (!status) s_trim(out);
  return status;
}

/* Takes a decimal apart: what stands before the point, then each GROUP of digits after it. Without its sign, which
 * takes room. */
static hbus_status s_split(const hbus_decimal *value, hbus_decimal parts[GROUPS + 1]) {
  hbus_decimal whole = *value, before = money_zero;
  hbus_status status = HBUS_OK;
  if (hbus_decimal_sign(value) < 0) status = hbus_decimal_subtract(&money_zero, value, &whole);
  for (unsigned i = 0; i <= GROUPS && !status; i++) {
    hbus_decimal upto = whole;
    if (hbus_decimal_scale(&whole) > i * GROUP) {
      status = hbus_decimal_round(&whole, i * GROUP, HBUS_ROUND_DOWN, &upto);
    }
    if (!status) status = hbus_decimal_subtract(&upto, &before, &parts[i]);
    before = upto;
  }
  return status;
}

/* Part by part, as on paper. What stands further back than a decimal reaches is less than can be told. */
static hbus_status s_multiply_parts(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out) {
  hbus_decimal x[GROUPS + 1], y[GROUPS + 1], sum = money_zero;
  hbus_status status = s_split(a, x);
  if (!status) status = s_split(b, y);
  for (unsigned i = 0; i <= GROUPS; i++) {
    for (unsigned j = 0; i + j <= GROUPS && !status; j++) {
      hbus_decimal product;
      status = s_settle(hbus_decimal_multiply(&x[i], &y[j], &product), &product, &product);
      if (!status) status = hbus_decimal_add(&sum, &product, &sum);
    }
  }
  bool negative = hbus_decimal_sign(a) * hbus_decimal_sign(b) < 0;
  if (!status && negative) status = hbus_decimal_subtract(&money_zero, &sum, &sum);
  return s_settle(status, &sum, out);
}

hbus_status money_multiply(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out) {
  hbus_decimal product;
  if (hbus_decimal_multiply(a, b, &product)) return s_multiply_parts(a, b, out);
  return s_settle(HBUS_OK, &product, out);
}

hbus_status money_share(const hbus_decimal *whole, const hbus_decimal *part, const hbus_decimal *of,
                        hbus_decimal *out) {
  assert(hbus_decimal_sign(part) >= 0 && hbus_decimal_compare(part, of) <= 0);
  hbus_decimal ratio;
  hbus_status status = hbus_decimal_divide(part, of, SCALE_MAX, HBUS_ROUND_HALF_EVEN, &ratio);
  return status ? status : money_multiply(whole, &ratio, out);
}

hbus_status money_divide(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out) {
  hbus_decimal quotient;
  return s_settle(hbus_decimal_divide(a, b, MONEY_SCALE, HBUS_ROUND_HALF_EVEN, &quotient), &quotient, out);
}
