/* Everybody else in one market: resting orders around a price that walks at random, and a trade now and then.
 *
 * What it does depends only on the seed, the number of steps and what the trader does in between.
 */
#ifndef SIM_LIQUIDITY_H
#define SIM_LIQUIDITY_H

#include "tests/sim/exchange.h"
#include "tests/sim/random.h"

#define LIQUIDITY_LEVELS 20 /* orders a side */

typedef struct liquidity {
  market *where;
  random_source random;
  int64_t middle;  /* ticks */
  int64_t spacing; /* ticks from one level to the next, on average */
} liquidity;

/* `stream` tells the markets of one seed apart. The market has a start price. */
void liquidity_init(liquidity *self, market *where, uint64_t seed, uint64_t stream);
/* Fills the book on both sides, without moving the price. */
void liquidity_fill(liquidity *self);
/* Moves the price by a little, follows it with the orders, and sometimes trades. */
void liquidity_step(liquidity *self);

#endif
