/* Exact decimals: the one type for every price and amount.
 *
 * A decimal is its text. What upstream wrote comes out digit for digit ("36.00" stays "36.00"), it prints with "%s",
 * it is copied by assignment, and nobody frees it. Arithmetic is exact or fails; nothing here ever rounds unless the
 * caller asks for it by name.
 *
 * Grammar: ['-'] digits ['.' digits], at most HBUS_DECIMAL_MAX characters: no '+', no exponent, no leading or trailing
 * point. Leading zeros are kept ("007.50" is legal: it is what somebody sent).
 */
#ifndef HBUS_DECIMAL_H
#define HBUS_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hbus/limits.h"
#include "hbus/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All zero is "absent" (a market order's price); every other value is a valid decimal with its NUL. */
typedef struct hbus_decimal {
  uint8_t size;
  char text[HBUS_DECIMAL_MAX + 1];
} hbus_decimal;

static inline bool hbus_decimal_is_absent(const hbus_decimal *decimal) {
  return decimal->size == 0;
}

/* From text of `size` bytes (no NUL needed). HBUS_MALFORMED, HBUS_TOO_BIG. */
hbus_status hbus_decimal_parse(const char *text, size_t size, hbus_decimal *out);

/* From coefficient * 10^-scale, 0 <= scale <= 36. */
hbus_status hbus_decimal_from_integer(int64_t coefficient, unsigned scale, hbus_decimal *out);

/* To coefficient * 10^-scale; HBUS_MALFORMED where that would lose digits, HBUS_TOO_BIG where it does not fit. */
hbus_status hbus_decimal_to_integer(const hbus_decimal *decimal, unsigned scale, int64_t *out);

/* -1, 0, 1 by value: "1.0" equals "1". Neither may be absent. */
int hbus_decimal_compare(const hbus_decimal *a, const hbus_decimal *b);
/* -1, 0, 1. Not for an absent one. */
int hbus_decimal_sign(const hbus_decimal *decimal);

/* Exact; the result has as many digits after the point as the operands ask for, or where those do not fit, no zeros at
 * its end. HBUS_TOO_BIG past 38 characters. */
hbus_status hbus_decimal_add(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out);
hbus_status hbus_decimal_subtract(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out);
hbus_status hbus_decimal_multiply(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out);

typedef enum hbus_rounding { HBUS_ROUND_DOWN, HBUS_ROUND_UP, HBUS_ROUND_HALF_EVEN } hbus_rounding;

/* To `scale` digits after the point. DOWN is towards zero, UP away from it. */
hbus_status hbus_decimal_round(const hbus_decimal *decimal, unsigned scale, hbus_rounding rounding, hbus_decimal *out);

/* a / b to `scale` digits. HBUS_MALFORMED when b is zero. */
hbus_status hbus_decimal_divide(const hbus_decimal *a, const hbus_decimal *b, unsigned scale, hbus_rounding rounding,
                                hbus_decimal *out);

/* Digits after the point. */
unsigned hbus_decimal_scale(const hbus_decimal *decimal);

#ifdef __cplusplus
}
#endif
#endif
