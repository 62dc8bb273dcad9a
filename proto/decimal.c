/* Exact decimals. Text is checked and compared as text; arithmetic goes through a 128-bit magnitude, which holds all 38
 * digits that a decimal can have, and every step of it is checked. */
#include "hbus/decimal.h"

#include <assert.h>
#include <string.h>

__extension__ typedef unsigned __int128 magnitude;

#define SCALE_MAX 36 /* "0." and as many digits fill a decimal */

/* value * 10^-scale, negated where said. The scale is below zero only where s_reduce has made it so. */
typedef struct number {
  magnitude value;
  int scale;
  bool negative;
} number;

/* ---- text ---- */

static bool s_is_digit(char c) {
  return (unsigned)(c - '0') < 10;
}

static const char *s_skip_digits(const char *at, const char *end) {
  while (at < end && s_is_digit(*at))
    at++;
  return at;
}

hbus_status hbus_decimal_parse(const char *text, size_t size, hbus_decimal *out) {
  if (size == 0) return HBUS_MALFORMED; /* text may be NULL then */
  if (size > HBUS_DECIMAL_MAX) return HBUS_TOO_BIG;
  const char *at = text, *end = text + size;
  if (at < end && *at == '-') at++;
  const char *digits = at;
  at = s_skip_digits(at, end);
  if (at == digits) return HBUS_MALFORMED;
  if (at < end) {
    if (*at != '.') return HBUS_MALFORMED;
    digits = ++at;
    at = s_skip_digits(at, end);
    if (at == digits || at < end) return HBUS_MALFORMED;
  }
  *out = (hbus_decimal){.size = (uint8_t)size};
  memcpy(out->text, text, size);
  return HBUS_OK;
}

/* A decimal's digits: the whole part without leading zeros, the fraction without trailing ones. */
typedef struct digits {
  const char *whole;
  const char *fraction;
  size_t whole_size;
  size_t fraction_size;
  bool negative;
} digits;

static digits s_digits(const hbus_decimal *decimal) {
  assert(decimal->size > 0 && decimal->size <= HBUS_DECIMAL_MAX);
  const char *at = decimal->text, *end = at + decimal->size;
  digits self = {.negative = *at == '-'};
  if (self.negative) at++;
  while (at < end && *at == '0')
    at++;
  self.whole = at;
  at = s_skip_digits(at, end);
  self.whole_size = (size_t)(at - self.whole);
  self.fraction = at < end ? at + 1 : end;
  while (end > self.fraction && end[-1] == '0')
    end--;
  self.fraction_size = (size_t)(end - self.fraction);
  return self;
}

static bool s_is_zero(const digits *self) {
  return self->whole_size == 0 && self->fraction_size == 0;
}

/* By absolute value. */
static int s_compare_digits(const digits *a, const digits *b) {
  if (a->whole_size != b->whole_size) return a->whole_size < b->whole_size ? -1 : 1;
  int order = memcmp(a->whole, b->whole, a->whole_size);
  if (order != 0) return order < 0 ? -1 : 1;
  size_t common = a->fraction_size < b->fraction_size ? a->fraction_size : b->fraction_size;
  order = memcmp(a->fraction, b->fraction, common);
  if (order != 0) return order < 0 ? -1 : 1;
  return a->fraction_size == b->fraction_size ? 0 : a->fraction_size < b->fraction_size ? -1 : 1;
}

int hbus_decimal_compare(const hbus_decimal *a, const hbus_decimal *b) {
  digits x = s_digits(a), y = s_digits(b);
  if (s_is_zero(&x)) x.negative = false; /* "-0" is 0 */
  if (s_is_zero(&y)) y.negative = false;
  if (x.negative != y.negative) return x.negative ? -1 : 1;
  return x.negative ? -s_compare_digits(&x, &y) : s_compare_digits(&x, &y);
}

int hbus_decimal_sign(const hbus_decimal *decimal) {
  digits self = s_digits(decimal);
  return s_is_zero(&self) ? 0 : self.negative ? -1 : 1;
}

unsigned hbus_decimal_scale(const hbus_decimal *decimal) {
  const char *point = memchr(decimal->text, '.', decimal->size);
  return point ? (unsigned)(decimal->text + decimal->size - point - 1) : 0;
}

/* ---- text to number and back ---- */

static number s_read(const hbus_decimal *decimal) {
  assert(decimal->size > 0 && decimal->size <= HBUS_DECIMAL_MAX);
  number self = {.negative = decimal->text[0] == '-'};
  for (size_t i = self.negative; i < decimal->size; i++)
    if (decimal->text[i] != '.') self.value = self.value * 10 + (unsigned)(decimal->text[i] - '0');
  self.scale = (int)hbus_decimal_scale(decimal);
  return self;
}

/* value * 10^places. HBUS_TOO_BIG where 128 bits do not hold it. */
static hbus_status s_shift(magnitude value, int places, magnitude *out) {
  for (; places > 0 && value > 0; places--)
    if (__builtin_mul_overflow(value, (magnitude)10, &value)) return HBUS_TOO_BIG;
  *out = value;
  return HBUS_OK;
}

/* HBUS_TOO_BIG past HBUS_DECIMAL_MAX characters. Zero has no sign. */
static hbus_status s_write(const number *self, hbus_decimal *out) {
  char reversed[HBUS_DECIMAL_MAX];
  size_t size = 0;
  magnitude rest = self->value;
  int scale = self->scale > 0 ? self->scale : 0;
  if (s_shift(rest, scale - self->scale, &rest) != HBUS_OK) return HBUS_TOO_BIG;
  for (int place = 0; rest > 0 || place <= scale; place++) {
    if (place == scale && place > 0) {
      if (size == sizeof reversed) return HBUS_TOO_BIG;
      reversed[size++] = '.';
    }
    if (size == sizeof reversed) return HBUS_TOO_BIG;
    reversed[size++] = (char)('0' + (int)(rest % 10));
    rest /= 10;
  }
  if (self->negative && self->value > 0) {
    if (size == sizeof reversed) return HBUS_TOO_BIG;
    reversed[size++] = '-';
  }
  *out = (hbus_decimal){.size = (uint8_t)size};
  for (size_t i = 0; i < size; i++)
    out->text[i] = reversed[size - 1 - i];
  return HBUS_OK;
}

/* Zeros at the end of the digits that say nothing about the value go. */
static void s_reduce(number *self) {
  while (self->value > 0 && self->value % 10 == 0) {
    self->value /= 10;
    self->scale--;
  }
  if (self->value == 0) self->scale = 0;
}

hbus_status hbus_decimal_from_integer(int64_t coefficient, unsigned scale, hbus_decimal *out) {
  if (scale > SCALE_MAX) return HBUS_TOO_BIG;
  bool negative = coefficient < 0;
  uint64_t value = negative ? 0 - (uint64_t)coefficient : (uint64_t)coefficient;
  return s_write(&(number){.value = value, .scale = (int)scale, .negative = negative}, out);
}

hbus_status hbus_decimal_to_integer(const hbus_decimal *decimal, unsigned scale, int64_t *out) {
  number self = s_read(decimal);
  s_reduce(&self);
  if (self.scale > (int)scale) return HBUS_MALFORMED;
  magnitude value;
  if (s_shift(self.value, (int)scale - self.scale, &value) != HBUS_OK) return HBUS_TOO_BIG;
  if (value > (magnitude)INT64_MAX + self.negative) return HBUS_TOO_BIG;
  *out = self.negative ? (int64_t)(0 - (uint64_t)value) : (int64_t)value;
  return HBUS_OK;
}

/* ---- arithmetic ---- */

typedef hbus_status operation(const number *a, const number *b, number *out);

static hbus_status s_add(const number *a, const number *b, number *out) {
  number self = {.scale = a->scale > b->scale ? a->scale : b->scale};
  magnitude x, y;
  if (s_shift(a->value, self.scale - a->scale, &x) != HBUS_OK) return HBUS_TOO_BIG;
  if (s_shift(b->value, self.scale - b->scale, &y) != HBUS_OK) return HBUS_TOO_BIG;
  if (a->negative == b->negative) {
    if (__builtin_add_overflow(x, y, &self.value)) return HBUS_TOO_BIG;
    self.negative = a->negative;
  } else {
    self.value = x > y ? x - y : y - x;
    self.negative = x > y ? a->negative : b->negative;
  }
  *out = self;
  return HBUS_OK;
}

/* Takes the tens out of a product of which one side has a two, the other a five. How many there were. */
static int s_cancel_tens(magnitude *twos, magnitude *fives) {
  int tens = 0;
  for (; *twos > 0 && *fives > 0 && *twos % 2 == 0 && *fives % 5 == 0; tens++) {
    *twos /= 2;
    *fives /= 5;
  }
  return tens;
}

static hbus_status s_multiply(const number *a, const number *b, number *out) {
  number self = {.scale = a->scale + b->scale, .negative = a->negative != b->negative};
  if (__builtin_mul_overflow(a->value, b->value, &self.value)) {
    magnitude x = a->value, y = b->value; /* 0.5 * 0.2 is 0.1: zeros that come out of the product need no room */
    self.scale -= s_cancel_tens(&x, &y) + s_cancel_tens(&y, &x);
    if (__builtin_mul_overflow(x, y, &self.value)) return HBUS_TOO_BIG;
    s_reduce(&self);
  }
  *out = self;
  return HBUS_OK;
}

/* The result with all digits that the operands ask for; where that does not fit, without the zeros at its end, since
 * "0.100000000000000000 * 30000.000000000000000000" must not fail for zeros that mean nothing. */
static hbus_status s_apply(operation *apply, number a, number b, hbus_decimal *out) {
  number result;
  if (apply(&a, &b, &result) == HBUS_OK && s_write(&result, out) == HBUS_OK) return HBUS_OK;
  s_reduce(&a);
  s_reduce(&b);
  if (apply(&a, &b, &result) != HBUS_OK) return HBUS_TOO_BIG;
  s_reduce(&result);
  return s_write(&result, out);
}

hbus_status hbus_decimal_add(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out) {
  return s_apply(s_add, s_read(a), s_read(b), out);
}

hbus_status hbus_decimal_subtract(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out) {
  number negated = s_read(b);
  negated.negative = !negated.negative;
  return s_apply(s_add, s_read(a), negated, out);
}

hbus_status hbus_decimal_multiply(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out) {
  return s_apply(s_multiply, s_read(a), s_read(b), out);
}

/* ---- rounding ---- */

/* What a division left over, against half of the divisor. */
typedef enum remainder_class {
  REMAINDER_NONE,
  REMAINDER_BELOW_HALF,
  REMAINDER_HALF,
  REMAINDER_ABOVE_HALF
} remainder_class;

static remainder_class s_classify(magnitude rest, magnitude divisor) {
  if (rest == 0) return REMAINDER_NONE;
  magnitude other = divisor - rest; /* rest < divisor: compares 2 * rest with divisor without overflow */
  return rest < other ? REMAINDER_BELOW_HALF : rest == other ? REMAINDER_HALF : REMAINDER_ABOVE_HALF;
}

static bool s_goes_up(magnitude quotient, remainder_class rest, hbus_rounding rounding) {
  switch (rounding) {
  case HBUS_ROUND_DOWN: return false;
  case HBUS_ROUND_UP: return rest != REMAINDER_NONE;
  case HBUS_ROUND_HALF_EVEN: return rest == REMAINDER_ABOVE_HALF || (rest == REMAINDER_HALF && quotient % 2 == 1);
  }
  assert(!"a rounding that does not exist");
  return false;
}

/* a * 10^places / b by long division, a digit a time. HBUS_TOO_BIG where the quotient does not fit. */
static hbus_status s_divide_up(magnitude a, magnitude b, int places, magnitude *quotient, magnitude *rest) {
  magnitude q = a / b, r = a % b;
  for (; places > 0; places--) {
    /* 10 * r may not fit, so the next digit is counted: r is added ten times, modulo b. Both stay below 10^38. */
    magnitude sum = 0;
    unsigned digit = 0;
    for (int i = 0; i < 10; i++) {
      sum += r;
      if (sum >= b) {
        sum -= b;
        digit++;
      }
    }
    r = sum;
    if (__builtin_mul_overflow(q, (magnitude)10, &q) || __builtin_add_overflow(q, (magnitude)digit, &q))
      return HBUS_TOO_BIG;
  }
  *quotient = q;
  *rest = r;
  return HBUS_OK;
}

/* a / b to `scale` digits; b is not zero. */
static hbus_status s_divide(const number *a, const number *b, int scale, hbus_rounding rounding, hbus_decimal *out) {
  number self = {.scale = scale, .negative = a->negative != b->negative};
  remainder_class left;
  magnitude rest, divisor = b->value;
  int up = scale + b->scale;
  if (up >= a->scale) {
    if (s_divide_up(a->value, divisor, up - a->scale, &self.value, &rest) != HBUS_OK) return HBUS_TOO_BIG;
    left = s_classify(rest, divisor);
  } else if (s_shift(divisor, a->scale - up, &divisor) == HBUS_OK) {
    self.value = a->value / divisor;
    left = s_classify(a->value % divisor, divisor);
  } else { /* a has at most 38 digits: less than half of a divisor that 128 bits do not hold */
    left = a->value == 0 ? REMAINDER_NONE : REMAINDER_BELOW_HALF;
  }
  bool up_one = s_goes_up(self.value, left, rounding);
  if (__builtin_add_overflow(self.value, (magnitude)up_one, &self.value)) return HBUS_TOO_BIG;
  return s_write(&self, out);
}

hbus_status hbus_decimal_round(const hbus_decimal *decimal, unsigned scale, hbus_rounding rounding, hbus_decimal *out) {
  if (scale > SCALE_MAX) return HBUS_TOO_BIG;
  number self = s_read(decimal);
  return s_divide(&self, &(number){.value = 1}, (int)scale, rounding, out);
}

hbus_status hbus_decimal_divide(const hbus_decimal *a, const hbus_decimal *b, unsigned scale, hbus_rounding rounding,
                                hbus_decimal *out) {
  number x = s_read(a), y = s_read(b);
  if (y.value == 0) return HBUS_MALFORMED;
  if (scale > SCALE_MAX) return HBUS_TOO_BIG;
  return s_divide(&x, &y, (int)scale, rounding, out);
}
