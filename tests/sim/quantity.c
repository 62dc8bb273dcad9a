#include "tests/sim/quantity.h"

#include <assert.h>
#include <string.h>

static quantity s_power_of_ten(unsigned exponent) {
  quantity result = 1;
  while (exponent-- > 0)
    result *= 10;
  return result;
}

quantity quantity_max(void) {
  return s_power_of_ten(37);
}

static quantity s_scaled(quantity coefficient, unsigned scale) {
  assert(coefficient >= 0 && scale <= QUANTITY_SCALE);
  quantity unit = s_power_of_ten(QUANTITY_SCALE - scale);
  return coefficient > quantity_max() / unit ? quantity_max() : coefficient * unit;
}

quantity quantity_from(int64_t coefficient, unsigned scale) {
  return s_scaled(coefficient, scale);
}

quantity quantity_notional(int64_t price, int64_t amount, unsigned scale) {
  assert(price >= 0 && amount >= 0);
  return s_scaled((quantity)price * amount, scale);
}

const char *quantity_text_fixed(quantity value, unsigned scale, char out[QUANTITY_TEXT_SIZE]) {
  assert(scale <= QUANTITY_SCALE);
  bool negative = value < 0;
  quantity rest = (negative ? -value : value) / s_power_of_ten(QUANTITY_SCALE - scale);
  char text[QUANTITY_TEXT_SIZE];
  size_t at = sizeof text;
  text[--at] = '\0';
  /* From the last digit; one digit before the point at least. */
  for (unsigned digit = 0; digit <= scale || rest > 0; digit++) {
    if (digit == scale && scale > 0) text[--at] = '.';
    text[--at] = (char)('0' + (int)(rest % 10));
    rest /= 10;
  }
  if (negative) text[--at] = '-';
  memcpy(out, text + at, sizeof text - at);
  return out;
}

const char *quantity_text(quantity value, char out[QUANTITY_TEXT_SIZE]) {
  quantity_text_fixed(value, QUANTITY_SCALE, out);
  size_t size = strlen(out);
  size_t shortest = (size_t)(strchr(out, '.') - out) + 3;
  while (size > shortest && out[size - 1] == '0')
    size--;
  out[size] = '\0';
  return out;
}
