/* What one participant owns on one exchange, asset by asset. Assets are numbered by the exchange.
 *
 * total = available + reserved + margin. An order reserves what it may cost when it is entered; a futures position
 * holds margin. Totals of a futures account may shrink by losses, so only the spot rules promise that available is
 * never negative.
 */
#ifndef SIM_ACCOUNT_H
#define SIM_ACCOUNT_H

#include "tests/sim/quantity.h"

typedef struct balance {
  quantity total;
  quantity reserved; /* by open orders */
  quantity margin;   /* by positions */
} balance;

typedef struct account {
  balance *assets;
  size_t count;
} account;

void account_init(account *self);
void account_free(account *self);
/* Adds the next asset with a starting balance. HBUS_NO_MEMORY. */
hbus_status account_add_asset(account *self, quantity total);

quantity account_available(const account *self, size_t asset);
/* HBUS_INSUFFICIENT_FUNDS when less than that is available; then nothing has changed. */
hbus_status account_reserve(account *self, size_t asset, quantity amount);
/* amount is at most what is reserved. */
void account_release(account *self, size_t asset, quantity amount);
/* Changes the total, by a negative amount too. */
void account_add(account *self, size_t asset, quantity amount);
/* Replaces one position's margin by another. */
void account_move_margin(account *self, size_t asset, quantity before, quantity after);

/* A futures position: positive is long. */
typedef struct position {
  int64_t amount;  /* lots, signed */
  quantity cost;   /* what was paid for it, signed as the amount */
  quantity margin; /* held in the account */
} position;

/* Applies a trade of `amount` lots worth `notional`, and returns the profit (or loss) that it realizes. What is closed
 * takes its share of the cost, cut to whole units: the rest stays in the position, nothing is lost. */
quantity position_trade(position *self, hbus_side side, int64_t amount, quantity notional);

#endif
