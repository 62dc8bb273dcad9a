/* The truth, for tests: one JSON line for every create and cancel, accepted or rejected, and for every fill.
 *
 *   {"t":1618677817.5,"event":"create","outcome":"accepted","exchange":"binance","market":"ETH-USDT",
 *    "order_id":"17","client_order_id":"a-1","side":"buy","order_type":"limit","price":"1800.00","stop_price":null,
 *    "amount":"0.5000"}
 *   {"t":…,"event":"fill","exchange":…,"market":…,"order_id":"17","client_order_id":"a-1","trade_id":"3","side":"buy",
 *    "price":"1799.90","amount":"0.2000","filled":"0.2000"}
 *   {"t":…,"event":"cancel","outcome":"rejected","exchange":…,"market":…,"order_id":"18","message":"Unknown order 18"}
 *
 * Each line is handed to the kernel before the client is told. client_order_id is there whatever the client is told.
 */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "tests/sim/exchange.h"

typedef struct ledger ledger;

/* Appends to the file. HBUS_INVALID_REQUEST with a sentence. */
hbus_status ledger_open(const char *path, ledger **out, hbus_error *error);
void ledger_close(ledger **self);

/* All of these do nothing when self is NULL. `event` is "create" or "cancel". */
void ledger_accept(ledger *self, uint64_t now_ns, const char *event, const order *accepted);
void ledger_fill(ledger *self, const trade *made, const order *filled);

/* What was refused, as the client wrote it; "" where it said nothing. */
typedef struct ledger_refusal {
  const char *event;
  const char *exchange;
  const char *market;
  const char *order_id;
  const char *client_order_id;
  const char *message;
} ledger_refusal;
void ledger_reject(ledger *self, uint64_t now_ns, const ledger_refusal *refused);

#endif
