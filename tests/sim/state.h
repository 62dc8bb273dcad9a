/* What a simulator remembers when it is started again, also after kill -9: the trader's orders and their fills.
 *
 *   {"order":17,"exchange":"binance","market":"ETH-USDT","side":"buy","type":"limit","status":"open","triggered":false,
 *    "reducing":false,"price":180000,"stop_price":0,"amount":5000,"amount_asked":"0.5","created_at_ns":…,
 *    "filled_at_ns":0,"client_order_id":"a-1"}
 *   {"fill":3,"order":17,"exchange":…,"market":…,"price":179990,"amount":2000}
 *   {"forget":true}
 *
 * Lines are appended, in ticks and lots; the last one about an order counts, what is filled is the sum of its fills.
 * Balances and positions follow from the fills. Each line is handed to the kernel before the client is told.
 */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include "tests/sim/world.h"

typedef struct state state;

/* Brings the world, whose books must still be empty, to where the file left it, but for the books (see
 * exchange_restore_books), and appends to the file from then on; a file that is not there is made. A last line that was
 * not finished is dropped. HBUS_INVALID_REQUEST with file, line
 * and what is wrong. */
hbus_status state_open(const char *path, world *into, state **out, hbus_error *error);
void state_close(state **self);

/* What the last line that state_open has read tells: whoever else keeps a record, and writes it after the state's, may
 * have missed this one thing when the simulator was killed. `about` is valid until an order is placed. */
typedef enum state_news { STATE_NO_NEWS, STATE_PLACED, STATE_CANCELLED, STATE_FILLED } state_news;
typedef struct state_last {
  state_news news;
  const order *about;
  trade fill; /* STATE_FILLED: its id, market, price and amount */
} state_last;
const state_last *state_last_read(const state *self);

/* All do nothing when self is NULL. */
void state_order(state *self, const order *changed);
void state_fill(state *self, const trade *made, const order *filled);
void state_forget(state *self);

#endif
