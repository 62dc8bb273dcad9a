/* What a trader asks for, drawn by lot. */
#ifndef CHAOS_DRAW_H
#define CHAOS_DRAW_H

#include "tests/chaos/ticket.h"
#include "tests/sim/random.h"

/* Gives a new ticket its side, type and price: a market order, or a limit order that rests far from the market, trades
 * at once, or stands at the best price, where it trades soon. `ticker` may be empty. */
void draw_order(random_source *random, const hbus_ticker *ticker, ticket *new_one);

#endif
