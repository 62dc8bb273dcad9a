/* Money: sums, products and shares of decimals to MONEY_SCALE digits after the point, half to even.
 *
 * Sums are exact, and so are products that need no more than MONEY_SCALE digits after the point. Others, and shares,
 * are off by a few units of the last digit at most. Results have no zeros at their end. HBUS_TOO_BIG, with *out left
 * alone, where a result does not fit a decimal: with MONEY_SCALE digits after the point there is room for 18 before it.
 */
#ifndef BROKER_MONEY_H
#define BROKER_MONEY_H

#include "hbus/decimal.h"

#define MONEY_SCALE 18

extern const hbus_decimal money_zero;

hbus_status money_add(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out);
hbus_status money_subtract(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out);
hbus_status money_multiply(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out);
/* whole * part / of, where 0 <= part <= of and of is not 0. */
hbus_status money_share(const hbus_decimal *whole, const hbus_decimal *part, const hbus_decimal *of, hbus_decimal *out);
/* a / b. HBUS_MALFORMED when b is zero. */
hbus_status money_divide(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out);

#endif
