/* How much of an asset: an integer count of 10^-22 of it, in 128 bits.
 *
 * Prices are ticks and amounts are lots, each a decimal digit count fixed by the market. With at most 18 digits in both
 * together, a notional has at least four zero digits left at this scale: a fee in basis points is exact, and so is a
 * margin at the leverages in use. Nothing in the exchange ever rounds.
 */
#ifndef SIM_QUANTITY_H
#define SIM_QUANTITY_H

#include "hbus/types.h"

__extension__ typedef __int128 quantity;

#define QUANTITY_SCALE       22
#define QUANTITY_DIGITS_MAX  18 /* price digits + amount digits of a market */
#define QUANTITY_TEXT_SIZE   48
#define QUANTITY_BASIS_POINT 10000

/* The largest quantity that anything is asked about; sums and differences of a few of them stay within 128 bits. */
quantity quantity_max(void);

/* coefficient * 10^-scale. Saturates at quantity_max. coefficient >= 0, scale <= QUANTITY_SCALE. */
quantity quantity_from(int64_t coefficient, unsigned scale);
/* (price * amount) * 10^-scale. Saturates at quantity_max. Neither negative. */
quantity quantity_notional(int64_t price, int64_t amount, unsigned scale);
/* Digits after the point without trailing zeros, but at least two: "1000000.00". Returns out. */
const char *quantity_text(quantity value, char out[QUANTITY_TEXT_SIZE]);
/* The same with exactly `scale` digits after the point, cut. */
const char *quantity_text_fixed(quantity value, unsigned scale, char out[QUANTITY_TEXT_SIZE]);

#endif
