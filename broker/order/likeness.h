/* Whether an order that upstream lists may be one that was asked for, by what the two are: market, side, type, amount
 * and prices (ORDERS.md, rule 8). Pure.
 *
 * Upstream may have changed what it was asked: cut or rounded it to its digits, listed a stop as the order that it has
 * become. Where it cannot be told whether it did, the likeness is possible: too little to say that the order is the one
 * asked for, enough to doubt that it is another's.
 */
#ifndef BROKER_LIKENESS_H
#define BROKER_LIKENESS_H

#include "hbus/types.h"

typedef enum likeness {
  LIKENESS_NONE,
  LIKENESS_POSSIBLE,
  LIKENESS_SURE /* of that market, side and type, with amount and prices equal at the precision of upstream */
} likeness;

/* The most digits after the point that upstream has shown in a market; all zero before it has shown anything. */
typedef struct likeness_digits {
  unsigned price;
  unsigned amount;
} likeness_digits;

/* Takes notice of the digits of an order of that market, ours or not. */
void likeness_learn_digits(likeness_digits *digits, const hbus_order *listed);

/* Whether `asked` may have become `listed`. The price of market and stop orders does not count. */
likeness likeness_of(const hbus_order *asked, const hbus_order *listed, const likeness_digits *digits);

/* Whether two orders that were asked for are the same to their owner: one owner, all parameters equal by value. */
bool likeness_is_alike(const hbus_order *a, const hbus_order *b);

#endif
