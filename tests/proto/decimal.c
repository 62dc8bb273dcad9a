#include "hbus/decimal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

static hbus_decimal s_decimal(const char *text) {
  hbus_decimal self;
  cr_assert_eq(hbus_decimal_parse(text, strlen(text), &self), HBUS_OK, "%s", text);
  return self;
}

static void s_expect(hbus_status status, const hbus_decimal *got, const char *expected, const char *what) {
  cr_assert_eq(status, HBUS_OK, "%s: %s", what, hbus_status_name(status));
  cr_assert_str_eq(got->text, expected, "%s is %s, not %s", what, got->text, expected);
  cr_assert_eq(got->size, strlen(expected));
}

/* ---- text ---- */

Test(decimal, legal_text_is_kept_digit_for_digit) {
  const char *legal[] = {"0",
                         "-0",
                         "00",
                         "007.50",
                         "36.00",
                         "-1.5",
                         "0.00110000",
                         "12345678901234567890",
                         "99999999999999999999999999999999999999",
                         "-0.00000000000000000000000000000000001"};
  for (size_t i = 0; i < sizeof legal / sizeof legal[0]; i++) {
    hbus_decimal decimal = s_decimal(legal[i]);
    cr_assert_str_eq(decimal.text, legal[i]);
    cr_assert_eq(decimal.size, strlen(legal[i]));
  }
}

Test(decimal, other_text_is_refused) {
  const char *bad[] = {"",     "-",    ".",   "-.", "1.",  ".5",  "+1",  "1e5", "1E5",  "0x1", " 1",      "1 ",
                       "1..2", "1.2.", "--1", "1-", "1,5", "NaN", "inf", "-.5", "1.-2", "1_0", "\xd9\xa1"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    hbus_decimal decimal = {.size = 9, .text = "untouched"};
    cr_assert_eq(hbus_decimal_parse(bad[i], strlen(bad[i]), &decimal), HBUS_MALFORMED, "\"%s\"", bad[i]);
    cr_assert_str_eq(decimal.text, "untouched");
  }
  hbus_decimal decimal;
  cr_assert_eq(hbus_decimal_parse("1\0002", 3, &decimal), HBUS_MALFORMED);
}

Test(decimal, its_length_has_a_limit) {
  char text[HBUS_DECIMAL_MAX + 2];
  memset(text, '7', sizeof text);
  hbus_decimal decimal = {0};
  cr_assert_eq(hbus_decimal_parse(text, HBUS_DECIMAL_MAX - 1, &decimal), HBUS_OK);
  cr_assert_eq(hbus_decimal_parse(text, HBUS_DECIMAL_MAX, &decimal), HBUS_OK);
  cr_assert_eq(decimal.text[HBUS_DECIMAL_MAX], '\0');
  cr_assert_eq(hbus_decimal_parse(text, HBUS_DECIMAL_MAX + 1, &decimal), HBUS_TOO_BIG);
}

Test(decimal, parsing_needs_no_end_and_reads_no_further) {
  guard page = guard_new(64);
  for (size_t size = 1; size <= 6; size++) {
    const char *placed = (const char *)guard_place(&page, (const uint8_t *)"-12.50", size);
    hbus_decimal decimal = {0};
    bool legal = size == 2 || size == 3 || size >= 5;
    cr_assert_eq(hbus_decimal_parse(placed, size, &decimal), legal ? HBUS_OK : HBUS_MALFORMED, "%zu", size);
    if (legal) cr_assert_eq(memcmp(decimal.text, "-12.50", size), 0);
  }
  guard_free(&page);
}

Test(decimal, every_three_bytes_are_judged_by_the_grammar) {
  static const char alphabet[] = "0123456789.-+eE \0x";
  for (size_t i = 0; i < sizeof alphabet; i++) {
    for (size_t j = 0; j < sizeof alphabet; j++) {
      for (size_t k = 0; k < sizeof alphabet; k++) {
        char text[3] = {alphabet[i], alphabet[j], alphabet[k]};
        bool a = i < 10, b = j < 10, c = k < 10;
        bool legal = (a && b && c) || (text[0] == '-' && b && c) || (a && text[1] == '.' && c);
        hbus_decimal decimal;
        cr_assert_eq(hbus_decimal_parse(text, 3, &decimal) == HBUS_OK, legal, "%.3s", text);
      }
    }
  }
}

/* ---- an independent judge: schoolbook arithmetic on 200 decimal digits, point in the middle ---- */

enum { DIGITS = 200, POINT = 100 };

typedef struct big {
  unsigned char digit[DIGITS]; /* least significant first; digit[POINT] are the ones */
  bool negative;
} big;

static big s_big(const hbus_decimal *decimal) {
  big self = {.negative = decimal->text[0] == '-'};
  const char *text = decimal->text + self.negative;
  const char *point = strchr(text, '.');
  size_t whole = point ? (size_t)(point - text) : strlen(text);
  for (size_t i = 0; i < whole; i++)
    self.digit[POINT + whole - 1 - i] = (unsigned char)(text[i] - '0');
  for (size_t i = 0; point && point[1 + i]; i++)
    self.digit[POINT - 1 - i] = (unsigned char)(point[1 + i] - '0');
  return self;
}

static int s_compare_size(const big *a, const big *b) {
  for (int i = DIGITS - 1; i >= 0; i--)
    if (a->digit[i] != b->digit[i]) return a->digit[i] < b->digit[i] ? -1 : 1;
  return 0;
}

static bool s_is_zero(const big *self) {
  return s_compare_size(self, &(big){0}) == 0;
}

static int s_compare(const big *a, const big *b) {
  bool x = a->negative && !s_is_zero(a), y = b->negative && !s_is_zero(b);
  if (x != y) return x ? -1 : 1;
  return x ? -s_compare_size(a, b) : s_compare_size(a, b);
}

static big s_add(const big *a, const big *b) {
  big sum = {.negative = a->negative};
  if (a->negative == b->negative) {
    for (int i = 0, carry = 0; i < DIGITS; i++, carry /= 10) {
      carry += a->digit[i] + b->digit[i];
      sum.digit[i] = (unsigned char)(carry % 10);
    }
    return sum;
  }
  const big *larger = s_compare_size(a, b) >= 0 ? a : b, *smaller = larger == a ? b : a;
  sum.negative = larger->negative;
  for (int i = 0, borrow = 0; i < DIGITS; i++) {
    int rest = larger->digit[i] - smaller->digit[i] - borrow;
    borrow = rest < 0;
    sum.digit[i] = (unsigned char)(rest + 10 * borrow);
  }
  return sum;
}

static big s_multiply(const big *a, const big *b) {
  unsigned long product[2 * DIGITS] = {0};
  for (int i = 0; i < DIGITS; i++)
    for (int j = 0; j < DIGITS; j++)
      product[i + j] += (unsigned long)a->digit[i] * b->digit[j];
  big self = {.negative = a->negative != b->negative};
  unsigned long carry = 0;
  for (int i = 0; i < POINT + DIGITS; i++) {
    carry += product[i];
    if (i >= POINT) self.digit[i - POINT] = (unsigned char)(carry % 10);
    carry /= 10;
  }
  return self;
}

static bool s_same(const big *a, const big *b) {
  return s_compare(a, b) == 0;
}

/* Characters that the value needs at least. */
static int s_width(const big *self) {
  int top = DIGITS - 1, bottom = 0;
  while (top > POINT && self->digit[top] == 0)
    top--;
  while (bottom < POINT && self->digit[bottom] == 0)
    bottom++;
  return (top - POINT + 1) + (bottom < POINT ? 1 + POINT - bottom : 0) + (self->negative && !s_is_zero(self));
}

/* ---- properties ---- */

static unsigned s_next(unsigned *seed) {
  return (*seed = *seed * 1664525u + 1013904223u) >> 8;
}

/* A legal decimal of any length and scale, rich in zeros and nines. */
static hbus_decimal s_random(unsigned *seed, unsigned size_max) {
  char text[HBUS_DECIMAL_MAX + 1];
  unsigned size = 1 + s_next(seed) % size_max, at = 0;
  if (size > 1 && s_next(seed) % 3 == 0) text[at++] = '-';
  unsigned point = size - at >= 3 && s_next(seed) % 4 ? at + 1 + s_next(seed) % (size - at - 2) : size;
  for (; at < size; at++) {
    unsigned pick = s_next(seed) % 4;
    text[at] = at == point ? '.' : pick == 0 ? '0' : pick == 1 ? '9' : (char)('0' + s_next(seed) % 10);
  }
  text[size] = '\0';
  return s_decimal(text);
}

typedef hbus_status operation(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out);

/* An exact result, or TOO_BIG exactly when its value does not fit (or would not, aligned: see `slack`). */
static void s_check(operation *apply, const hbus_decimal *a, const hbus_decimal *b, const big *expected,
                    unsigned scale) {
  hbus_decimal got = {.size = 9, .text = "untouched"};
  hbus_status status = apply(a, b, &got);
  if (status == HBUS_OK) {
    big value = s_big(&got);
    cr_assert(s_same(&value, expected), "%s and %s give %s", a->text, b->text, got.text);
    hbus_decimal again = s_decimal(got.text);
    cr_assert_eq(memcmp(&again, &got, sizeof got), 0);
    cr_assert_leq(hbus_decimal_scale(&got), scale);
    cr_assert_not(s_is_zero(&value) && got.text[0] == '-', "zero has no sign");
  } else {
    cr_assert_eq(status, HBUS_TOO_BIG);
    cr_assert_str_eq(got.text, "untouched");
    cr_assert_gt(s_width(expected), HBUS_DECIMAL_MAX, "%s and %s would fit", a->text, b->text);
  }
}

static unsigned s_max(unsigned a, unsigned b) {
  return a > b ? a : b;
}

Test(decimal, sums_products_and_order_agree_with_schoolbook, .timeout = 250) {
  unsigned seed = 20210417, fitted = 0;
  for (unsigned i = 0; i < 20000; i++) {
    unsigned size_max = i % 2 ? HBUS_DECIMAL_MAX : 16;
    hbus_decimal a = s_random(&seed, size_max), b = s_random(&seed, size_max), out;
    big x = s_big(&a), y = s_big(&b), negated = y;
    negated.negative = !y.negative;
    big sum = s_add(&x, &y), difference = s_add(&x, &negated), product = s_multiply(&x, &y);
    unsigned scale = s_max(hbus_decimal_scale(&a), hbus_decimal_scale(&b));
    s_check(hbus_decimal_add, &a, &b, &sum, scale);
    s_check(hbus_decimal_subtract, &a, &b, &difference, scale);
    s_check(hbus_decimal_multiply, &a, &b, &product, hbus_decimal_scale(&a) + hbus_decimal_scale(&b));
    fitted += hbus_decimal_multiply(&a, &b, &out) == HBUS_OK;
    cr_assert_eq(hbus_decimal_compare(&a, &b), s_compare(&x, &y), "%s and %s", a.text, b.text);
    cr_assert_eq(hbus_decimal_compare(&b, &a), -s_compare(&x, &y));
    cr_assert_eq(hbus_decimal_sign(&a), s_compare(&x, &(big){0}), "%s", a.text);
  }
  cr_assert_gt(fitted, 5000, "the property was tried on results, not only on failures");
}

Test(decimal, order_is_right_where_scales_differ_most) {
  static const char *rising[] = {"-99999999999999999999999999999999999999",
                                 "-1.0000000000000000000000000000000001",
                                 "-1",
                                 "-0.000000000000000000000000000000000001",
                                 "0",
                                 "0.000000000000000000000000000000000001",
                                 "0.1",
                                 "0.10000000000000000000000000000000001",
                                 "1",
                                 "1.000000000000000000000000000000000001",
                                 "10",
                                 "9999999999999999999999999999999999999.9",
                                 "99999999999999999999999999999999999999"};
  size_t count = sizeof rising / sizeof rising[0];
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < count; j++) {
      if (strlen(rising[i]) > HBUS_DECIMAL_MAX || strlen(rising[j]) > HBUS_DECIMAL_MAX) continue;
      hbus_decimal a = s_decimal(rising[i]), b = s_decimal(rising[j]);
      cr_assert_eq(hbus_decimal_compare(&a, &b), i < j ? -1 : i > j, "%s and %s", a.text, b.text);
    }
  }
}

Test(decimal, equal_values_are_equal_however_they_are_written) {
  static const char *same[][2] = {{"1", "1.0"},     {"-0", "0"},        {"-0.00", "0"},  {"007.50", "7.5"},
                                  {"000", "0.000"}, {"-1.50", "-01.5"}, {"0.10", "00.1"}};
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
    hbus_decimal a = s_decimal(same[i][0]), b = s_decimal(same[i][1]);
    cr_assert_eq(hbus_decimal_compare(&a, &b), 0, "%s and %s", a.text, b.text);
  }
}

/* ---- arithmetic by example ---- */

Test(decimal, results_have_the_digits_that_the_operands_ask_for) {
  static const struct {
    operation *apply;
    const char *a, *b, *expected;
  } rows[] = {
      {hbus_decimal_add, "1.50", "1.5", "3.00"},
      {hbus_decimal_add, "007", "0.10", "7.10"},
      {hbus_decimal_add, "-1", "1.0", "0.0"},
      {hbus_decimal_add, "0.1", "0.2", "0.3"},
      {hbus_decimal_add, "99999999999999999999999999999999999998", "1", "99999999999999999999999999999999999999"},
      {hbus_decimal_add, "99999999999999999999999999999999999998", "1.000", "99999999999999999999999999999999999999"},
      {hbus_decimal_subtract, "1", "1.01", "-0.01"},
      {hbus_decimal_subtract, "62345.12", "62345.12", "0.00"},
      {hbus_decimal_multiply, "-0.5", "0.5", "-0.25"},
      {hbus_decimal_multiply, "-5", "0.0", "0.0"},
      {hbus_decimal_multiply, "62345.12", "0.01234500", "769.6505064000"},
      {hbus_decimal_multiply, "0.100000000000000000", "30000.000000000000000000", "3000"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    hbus_decimal a = s_decimal(rows[i].a), b = s_decimal(rows[i].b), out;
    s_expect(rows[i].apply(&a, &b, &out), &out, rows[i].expected, rows[i].a);
  }
}

Test(decimal, results_that_do_not_fit_are_refused) {
  hbus_decimal nines = s_decimal("99999999999999999999999999999999999999"), one = s_decimal("1"), two = s_decimal("2");
  hbus_decimal tiny = s_decimal("0.000000000000000000000000000000000001"), out;
  cr_assert_eq(hbus_decimal_add(&nines, &one, &out), HBUS_TOO_BIG);
  cr_assert_eq(hbus_decimal_add(&nines, &nines, &out), HBUS_TOO_BIG);
  cr_assert_eq(hbus_decimal_add(&nines, &tiny, &out), HBUS_TOO_BIG);
  cr_assert_eq(hbus_decimal_multiply(&nines, &two, &out), HBUS_TOO_BIG);
  cr_assert_eq(hbus_decimal_multiply(&nines, &nines, &out), HBUS_TOO_BIG);
  cr_assert_eq(hbus_decimal_multiply(&tiny, &tiny, &out), HBUS_TOO_BIG);
  hbus_decimal zero = s_decimal("0");
  cr_assert_eq(hbus_decimal_subtract(&zero, &nines, &out), HBUS_TOO_BIG, "the sign has no room");
}

Test(decimal, rounding_by_example) {
  static const struct {
    const char *text;
    unsigned scale;
    const char *down, *up, *half_even;
  } rows[] = {
      {"1.25", 1, "1.2", "1.3", "1.2"},
      {"1.35", 1, "1.3", "1.4", "1.4"},
      {"-1.25", 1, "-1.2", "-1.3", "-1.2"},
      {"1.251", 1, "1.2", "1.3", "1.3"},
      {"0.5", 0, "0", "1", "0"},
      {"1.5", 0, "1", "2", "2"},
      {"2.5", 0, "2", "3", "2"},
      {"-0.4", 0, "0", "-1", "0"},
      {"7", 2, "7.00", "7.00", "7.00"},
      {"007.10", 2, "7.10", "7.10", "7.10"},
      {"9.99", 1, "9.9", "10.0", "10.0"},
      {"0", 3, "0.000", "0.000", "0.000"},
      {"0.0000000000000000000000000000000000001", 0, "0", "1", "0"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (strlen(rows[i].text) > HBUS_DECIMAL_MAX) continue;
    hbus_decimal decimal = s_decimal(rows[i].text), out;
    unsigned scale = rows[i].scale;
    s_expect(hbus_decimal_round(&decimal, scale, HBUS_ROUND_DOWN, &out), &out, rows[i].down, "down");
    s_expect(hbus_decimal_round(&decimal, scale, HBUS_ROUND_UP, &out), &out, rows[i].up, "up");
    s_expect(hbus_decimal_round(&decimal, scale, HBUS_ROUND_HALF_EVEN, &out), &out, rows[i].half_even, "half even");
  }
  hbus_decimal nines = s_decimal("99999999999999999999999999999999999999"), out;
  cr_assert_eq(hbus_decimal_round(&nines, 1, HBUS_ROUND_DOWN, &out), HBUS_TOO_BIG);
  cr_assert_eq(hbus_decimal_round(&nines, 37, HBUS_ROUND_DOWN, &out), HBUS_TOO_BIG);
}

Test(decimal, quotients_by_example) {
  static const struct {
    const char *a, *b;
    unsigned scale;
    hbus_rounding rounding;
    const char *expected;
  } rows[] = {
      {"1", "3", 4, HBUS_ROUND_DOWN, "0.3333"},
      {"1", "3", 4, HBUS_ROUND_UP, "0.3334"},
      {"2", "3", 4, HBUS_ROUND_HALF_EVEN, "0.6667"},
      {"-2", "3", 0, HBUS_ROUND_UP, "-1"},
      {"1", "8", 2, HBUS_ROUND_HALF_EVEN, "0.12"},
      {"3", "8", 2, HBUS_ROUND_HALF_EVEN, "0.38"},
      {"10", "0.0004", 0, HBUS_ROUND_DOWN, "25000"},
      {"0.0000001", "1000", 2, HBUS_ROUND_UP, "0.01"},
      {"0", "5", 2, HBUS_ROUND_UP, "0.00"},
      {"6.000", "2", 0, HBUS_ROUND_UP, "3"},
      {"1", "99999999999999999999999999999999999999", 36, HBUS_ROUND_UP, "0.000000000000000000000000000000000001"},
      {"0.00000000000000000000000000000000001", "99999999999999999999999999999999999999", 0, HBUS_ROUND_UP, "1"},
      {"0.00000000000000000000000000000000001", "99999999999999999999999999999999999999", 0, HBUS_ROUND_HALF_EVEN, "0"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    hbus_decimal a = s_decimal(rows[i].a), b = s_decimal(rows[i].b), out;
    s_expect(hbus_decimal_divide(&a, &b, rows[i].scale, rows[i].rounding, &out), &out, rows[i].expected, rows[i].a);
  }
  hbus_decimal one = s_decimal("1"), zero = s_decimal("-0.00"), tiny = s_decimal("0.0000000000000000000000000001"), out;
  cr_assert_eq(hbus_decimal_divide(&one, &zero, 2, HBUS_ROUND_UP, &out), HBUS_MALFORMED);
  cr_assert_eq(hbus_decimal_divide(&one, &tiny, 20, HBUS_ROUND_UP, &out), HBUS_TOO_BIG);
}

/* |a - q * b| is below one unit of the last place times |b| (half of it, half even), on the side that was asked for. */
Test(decimal, quotients_agree_with_schoolbook, .timeout = 250) {
  unsigned seed = 7, done = 0;
  for (unsigned i = 0; i < 8000; i++) {
    hbus_decimal a = s_random(&seed, 20), b = s_random(&seed, 20), q;
    unsigned scale = s_next(&seed) % 12;
    hbus_rounding rounding = (hbus_rounding)(s_next(&seed) % 3);
    hbus_status status = hbus_decimal_divide(&a, &b, scale, rounding, &q);
    if (hbus_decimal_sign(&b) == 0) {
      cr_assert_eq(status, HBUS_MALFORMED);
      continue;
    }
    if (status == HBUS_TOO_BIG) continue;
    cr_assert_eq(hbus_decimal_scale(&q), scale);
    big x = s_big(&a), y = s_big(&b), z = s_big(&q), product = s_multiply(&y, &z);
    x.negative = y.negative = product.negative = false;
    int side = s_compare_size(&product, &x); /* where |q * b| lies to |a| */
    if (rounding == HBUS_ROUND_DOWN) cr_assert_leq(side, 0);
    if (rounding == HBUS_ROUND_UP) cr_assert_geq(side, 0);
    big negated = product;
    negated.negative = true;
    big rest = s_add(&x, &negated), unit = {0};
    rest.negative = false;
    unit.digit[POINT - scale] = 1;
    big bound = s_multiply(&y, &unit);
    big twice = s_add(&rest, &rest);
    if (rounding == HBUS_ROUND_HALF_EVEN) cr_assert_leq(s_compare_size(&twice, &bound), 0);
    cr_assert_lt(s_compare_size(&rest, &bound), 1 - (rounding != HBUS_ROUND_HALF_EVEN), "%s / %s = %s", a.text, b.text,
                 q.text);
    done++;
  }
  cr_assert_gt(done, 5000);
}

/* ---- integers ---- */

Test(decimal, integers_go_there_and_back) {
  static const struct {
    int64_t coefficient;
    unsigned scale;
    const char *text;
  } rows[] = {
      {0, 0, "0"},
      {0, 2, "0.00"},
      {5, 0, "5"},
      {-5, 1, "-0.5"},
      {12345, 2, "123.45"},
      {1, 36, "0.000000000000000000000000000000000001"},
      {INT64_MAX, 0, "9223372036854775807"},
      {INT64_MIN, 0, "-9223372036854775808"},
      {INT64_MIN, 19, "-0.9223372036854775808"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    hbus_decimal decimal;
    s_expect(hbus_decimal_from_integer(rows[i].coefficient, rows[i].scale, &decimal), &decimal, rows[i].text,
             "integer");
    int64_t back = 77;
    cr_assert_eq(hbus_decimal_to_integer(&decimal, rows[i].scale, &back), HBUS_OK);
    cr_assert_eq(back, rows[i].coefficient);
  }
  hbus_decimal out;
  cr_assert_eq(hbus_decimal_from_integer(1, 37, &out), HBUS_TOO_BIG);
  cr_assert_eq(hbus_decimal_from_integer(-1, 36, &out), HBUS_TOO_BIG);
}

Test(decimal, integers_lose_nothing) {
  static const struct {
    const char *text;
    unsigned scale;
    hbus_status status;
    int64_t value;
  } rows[] = {
      {"1.50", 1, HBUS_OK, 15},
      {"1.50", 0, HBUS_MALFORMED, 0},
      {"-0", 5, HBUS_OK, 0},
      {"0.000", 0, HBUS_OK, 0},
      {"9223372036854775807", 0, HBUS_OK, INT64_MAX},
      {"9223372036854775808", 0, HBUS_TOO_BIG, 0},
      {"-9223372036854775808.0", 0, HBUS_OK, INT64_MIN},
      {"-9223372036854775809", 0, HBUS_TOO_BIG, 0},
      {"1", 19, HBUS_TOO_BIG, 0},
      {"99999999999999999999999999999999999999", 36, HBUS_TOO_BIG, 0},
      {"0", 1000, HBUS_OK, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    hbus_decimal decimal = s_decimal(rows[i].text);
    int64_t value = 0;
    cr_assert_eq(hbus_decimal_to_integer(&decimal, rows[i].scale, &value), rows[i].status, "%s", rows[i].text);
    cr_assert_eq(value, rows[i].value);
  }
}

Test(decimal, scale_is_the_digits_behind_the_point) {
  hbus_decimal none = s_decimal("-12"), two = s_decimal("1.50");
  cr_assert_eq(hbus_decimal_scale(&none), 0);
  cr_assert_eq(hbus_decimal_scale(&two), 2);
}
