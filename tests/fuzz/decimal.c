/* Two decimals, divided by a newline, and a byte for a scale: what arithmetic promises whatever the numbers are. */
#include <assert.h>
#include <string.h>

#include "hbus/decimal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void s_assert_legal(const hbus_decimal *decimal) {
  hbus_decimal again;
  assert(hbus_decimal_parse(decimal->text, decimal->size, &again) == HBUS_OK);
  assert(memcmp(&again, decimal, sizeof again) == 0);
}

static void s_check_pair(const hbus_decimal *a, const hbus_decimal *b) {
  hbus_decimal sum, swapped, back;
  int order = hbus_decimal_compare(a, b);
  assert(order == -hbus_decimal_compare(b, a));
  if (hbus_decimal_add(a, b, &sum) == HBUS_OK) {
    s_assert_legal(&sum);
    assert(hbus_decimal_add(b, a, &swapped) == HBUS_OK && memcmp(&sum, &swapped, sizeof sum) == 0);
    if (hbus_decimal_subtract(&sum, b, &back) == HBUS_OK) assert(hbus_decimal_compare(&back, a) == 0);
  }
  if (hbus_decimal_subtract(a, b, &sum) == HBUS_OK) {
    s_assert_legal(&sum);
    assert(hbus_decimal_sign(&sum) == order);
  }
  if (hbus_decimal_multiply(a, b, &sum) == HBUS_OK) {
    s_assert_legal(&sum);
    assert(hbus_decimal_sign(&sum) == hbus_decimal_sign(a) * hbus_decimal_sign(b));
    assert(hbus_decimal_multiply(b, a, &swapped) == HBUS_OK && hbus_decimal_compare(&sum, &swapped) == 0);
  }
}

static void s_check_rounding(const hbus_decimal *a, const hbus_decimal *b, unsigned scale) {
  hbus_decimal down, up, even;
  if (hbus_decimal_round(a, scale, HBUS_ROUND_DOWN, &down) == HBUS_OK &&
      hbus_decimal_round(a, scale, HBUS_ROUND_UP, &up) == HBUS_OK) {
    int side = hbus_decimal_sign(a) < 0 ? -1 : 1;
    assert(hbus_decimal_compare(&down, a) * side <= 0 && hbus_decimal_compare(&up, a) * side >= 0);
    assert(hbus_decimal_scale(&down) == scale);
    assert(hbus_decimal_round(a, scale, HBUS_ROUND_HALF_EVEN, &even) == HBUS_OK);
    assert(memcmp(&even, &down, sizeof even) == 0 || memcmp(&even, &up, sizeof even) == 0);
  }
  hbus_status divided = hbus_decimal_divide(a, b, scale, HBUS_ROUND_HALF_EVEN, &even);
  assert((divided == HBUS_MALFORMED) == (hbus_decimal_sign(b) == 0));
  if (divided == HBUS_OK) s_assert_legal(&even);
  int64_t integer;
  if (hbus_decimal_to_integer(a, scale, &integer) == HBUS_OK &&
      hbus_decimal_from_integer(integer, scale, &up) == HBUS_OK)
    assert(hbus_decimal_compare(a, &up) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  unsigned scale = data[0] % 40;
  const char *text = (const char *)data + 1;
  size--;
  const char *line = memchr(text, '\n', size);
  size_t first = line ? (size_t)(line - text) : size, second = line ? size - first - 1 : 0;
  hbus_decimal a, b;
  hbus_status status = hbus_decimal_parse(text, first, &a);
  assert(status == HBUS_OK || status == HBUS_MALFORMED || status == HBUS_TOO_BIG);
  if (status != HBUS_OK) return 0;
  assert(a.size == first && memcmp(a.text, text, first) == 0);
  if (!line || hbus_decimal_parse(line + 1, second, &b) != HBUS_OK) return 0;
  s_check_pair(&a, &b);
  s_check_rounding(&a, &b, scale);
  return 0;
}
