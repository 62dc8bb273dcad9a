/* The order book of one market: price-time priority, integers only, no clock, no money, no names.
 *
 * Prices are ticks, amounts are lots. Orders are the caller's; while one rests here it must not be freed or changed.
 */
#ifndef SIM_MATCHING_H
#define SIM_MATCHING_H

#include "tests/sim/order.h"

/* The largest price and amount that the book takes: ten thousand such orders at one price still fit its sum. */
#define MATCHING_PRICE_MAX  INT64_C(1000000000000000)
#define MATCHING_AMOUNT_MAX INT64_C(100000000000000)

typedef struct matching matching;

/* One trade, at the maker's price. Both orders' `filled` and `status` are already those after it. Must not call back
 * into the book. */
typedef void matching_trade_fn(void *arg, order *maker, order *taker, int64_t price, int64_t amount);

/* `last` is the price of the last trade before the first, 0 for none. NULL: no memory. */
matching *matching_new(int64_t last, matching_trade_fn *on_trade, void *arg);
void matching_destroy(matching **self);

/* Enters an order: a stop waits, anything else is matched; what remains of a limit order rests, what remains of a
 * market order is cancelled. Sets its status. HBUS_INVALID_ORDER: a limit_maker that would trade at once;
 * HBUS_NO_MEMORY. On failure nothing has happened. */
hbus_status matching_submit(matching *self, order *entering);
/* Takes out an order that rests or waits here, and makes it cancelled. */
void matching_cancel(matching *self, order *resting);
/* The next stop whose price the last trade reached, oldest first, taken out and marked triggered; NULL when there is
 * none. The caller submits it again (and then asks again: it may trade, and trigger more). */
order *matching_take_triggered(matching *self);

/* What a market order would trade against, best first, until it returns false or nothing is left. */
typedef bool matching_visit_fn(void *arg, int64_t price, int64_t amount);
/* Visits the levels that an order of `side` would meet: asks for a buy. */
void matching_visit(const matching *self, hbus_side side, matching_visit_fn *visit, void *arg);

typedef struct matching_level {
  int64_t price;
  int64_t amount;
} matching_level;

/* The best `max` levels of a side, best first. Returns how many. */
size_t matching_depth(const matching *self, hbus_side side, matching_level *out, size_t max);
/* The best price of a side, 0 when it is empty. */
int64_t matching_best(const matching *self, hbus_side side);
int64_t matching_last(const matching *self);
/* The market traded at this price elsewhere: a recording says so. */
void matching_set_last(matching *self, int64_t price);
/* An order of this side and price would trade at once. */
bool matching_crosses(const matching *self, hbus_side side, int64_t price);

/* Asserts all that must be true of a book: sorted, not crossed, sums right, no finished order in it. For tests. */
void matching_check(const matching *self);

#endif
