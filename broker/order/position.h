/* A position as its fills make it: what is held, what it cost, and what was made by what was held before (mean cost).
 *
 * A fill whose price is not known (yet) counts in the amount at once. It enters cost and profit when the trade comes
 * that replaces it, as if it had happened then. Amounts are exact; money is as money.h rounds it. Fees are not in it:
 * upstream does not tell them.
 */
#ifndef BROKER_POSITION_H
#define BROKER_POSITION_H

#include "hbus/types.h"

typedef struct position {
  hbus_decimal amount;       /* negative: short */
  hbus_decimal cost;         /* what the priced part was bought for; negative: sold for */
  hbus_decimal realized_pnl; /* in the quote currency, as cost */
  hbus_decimal unpriced;     /* the part of the amount whose price is not known */
} position;

/* Nothing held, nothing made. */
void position_init(position *self);

/* A fill of a buy or a sell. Without a price it is one that was inferred; otherwise `replaces` (absent: nothing) of it
 * were told by such ones before. HBUS_TOO_BIG: a sum does not fit a decimal, and the position is as it was. */
hbus_status position_apply(position *self, hbus_side side, const hbus_decimal *amount, const hbus_decimal *price,
                           const hbus_decimal *replaces);

/* What peers are told of it: side, amount, entry_price, realized_pnl and unpriced of *out. HBUS_TOO_BIG. */
hbus_status position_tell(const position *self, hbus_position *out);

#endif
