/* How much of one order the bus has been told by fills (ORDERS.md, rule 14).
 *
 *   told = traded + inferred = the sum of (amount - replaces) over the order's fills
 *
 * Before a state with `filled` goes out, told is at least as much. What is told of an order before anybody knows whose
 * it is makes it an orphan: its owner's position gets it when there is one.
 */
#ifndef BROKER_FILL_SUM_H
#define BROKER_FILL_SUM_H

#include "hbus/types.h"

/* All zero: nothing was told. An absent decimal is nothing. */
typedef struct fill_sum {
  hbus_decimal traded;   /* by trades */
  hbus_decimal inferred; /* by fills that were inferred, and not replaced by trades yet */
  hbus_decimal restored; /* the `filled` of an order from the journal: at least that much was told */
  bool orphan;           /* none of it is in a position */
  hbus_decimal priced;   /* of an orphan: the part of `traded` whose price is known ... */
  hbus_decimal cost;     /* ... and amount by price of it, as money.h rounds it */
} fill_sum;

/* Each leaves *self as it is where a sum does not fit a decimal (HBUS_TOO_BIG). */

/* Another trade of `amount`, more than 0. `replaces`, how much of that was inferred before: absent where nothing was.
 */
hbus_status fill_sum_trade(fill_sum *self, const hbus_decimal *amount, hbus_decimal *replaces);
/* What must be told before a state with `filled` is; absent: nothing. */
hbus_status fill_sum_missing(const fill_sum *self, const hbus_decimal *filled, hbus_decimal *missing);
/* That was inferred, and told. */
hbus_status fill_sum_infer(fill_sum *self, const hbus_decimal *amount);
hbus_status fill_sum_told(const fill_sum *self, hbus_decimal *out);

/* A fill that was told by an earlier start, or to a sum that is now another's. */
hbus_status fill_sum_restore(fill_sum *self, const hbus_trade *fill);
/* The order was told with this `filled` by an earlier start. Its fills may be older than those that are remembered. */
void fill_sum_restore_filled(fill_sum *self, const hbus_decimal *filled);
/* All fills that are remembered have been restored: what else was told was told by older trades. */
hbus_status fill_sum_settle(fill_sum *self);

/* A trade of an order whose owner nobody knows. Without a price, nothing changes. */
hbus_status fill_sum_add_orphan(fill_sum *self, const hbus_decimal *amount, const hbus_decimal *price);
/* Takes over what was told of the same order elsewhere. */
hbus_status fill_sum_take(fill_sum *self, const fill_sum *other);

#endif
