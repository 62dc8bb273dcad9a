/* The truth, for tests: one JSON line for everything that happens to an order or to a connection.
 *
 *   {"n":1,"t":1618677817.5,"event":"create","outcome":"accepted","connection":1,"exchange":"binance",
 *    "market":"ETH-USDT","order_id":"17","client_order_id":"a-1","side":"buy","order_type":"limit","price":"1800.00",
 *    "stop_price":null,"amount":"0.5000","amount_asked":"0.5"}
 *   {"n":2,"t":…,"event":"fill","exchange":…,"market":…,"order_id":"17","client_order_id":"a-1","side":"buy",
 *    "trade_id":"3","price":"1799.90","amount":"0.2000","filled":"0.2000"}
 *   {"n":3,"t":…,"event":"cancel","outcome":"rejected","connection":1,"exchange":…,"market":…,"order_id":"18",…,
 *    "message":"Unknown order 18"}
 *   {"n":4,"t":…,"event":"connection","outcome":"cut","connection":1,"detail":"before the answer"}
 *
 * `outcome` of a create or cancel is accepted, rejected (with the message that the client was told, if it was told), or
 * dropped: received, and nothing was done. What was not accepted stands as the client wrote it, with null for what it
 * did not say; of what was accepted, amount_asked does. client_order_id is there whatever the client is told. `n`
 * counts from 1 without a gap.
 *
 * Each line is handed to the kernel before the client is told: it survives the end of this process, however it ends. A
 * ledger that is there already is gone on with, a last line that was not finished is dropped. With a state (state.h) it
 * never says less than that, nor more.
 */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "proto/json.h"
#include "tests/sim/exchange.h"

typedef enum ledger_event {
  LEDGER_CREATE,
  LEDGER_CANCEL,
  LEDGER_FILL,
  LEDGER_CONNECTION, /* opened, cut, muted, closed */
  LEDGER_FAULT,      /* set, cleared */
  LEDGER_RESTART,    /* orders kept, orders lost; back */
  LEDGER_LOST,       /* an open order that a restart forgot */
  LEDGER_EVENT_COUNT
} ledger_event;

typedef enum ledger_outcome {
  LEDGER_DONE, /* of the events that have no verdict */
  LEDGER_ACCEPTED,
  LEDGER_REJECTED,
  LEDGER_DROPPED,
  LEDGER_OUTCOME_COUNT
} ledger_outcome;

typedef struct ledger ledger;

/* Appends to the file; without one (NULL) it only counts. HBUS_INVALID_REQUEST with a sentence, HBUS_NO_MEMORY. */
hbus_status ledger_open(const char *path, ledger **out, hbus_error *error);
void ledger_close(ledger **self);
/* Whether that is in the file as it was found: a create or a cancel that was accepted (trade_id 0), or a fill. True
 * also when the file was empty, or there is none. Looks at the last megabytes only. */
bool ledger_was_told(const ledger *self, ledger_event event, uint64_t order_id, uint64_t trade_id);

/* Unix time of what is told from now on. */
void ledger_set_time(ledger *self, uint64_t now_ns);
/* The connection whose request is being done; 0 is none. */
void ledger_set_connection(ledger *self, uint64_t number);

/* A create or cancel that was accepted, or an order that is lost. */
void ledger_order(ledger *self, ledger_event event, ledger_outcome outcome, const order *about);
/* A create or cancel that was not accepted: `asked` is the client's request. */
void ledger_request(ledger *self, ledger_event event, ledger_outcome outcome, const json_node *asked,
                    const char *message);
void ledger_fill(ledger *self, const trade *made, const order *filled);
/* `outcome` is one word. */
void ledger_connection(ledger *self, const char *outcome, uint64_t number, const char *detail);
/* A fault or a restart: `outcome` is one word. */
void ledger_note(ledger *self, ledger_event event, const char *outcome, const char *detail);

/* How many lines of that kind there have been. */
uint64_t ledger_count(const ledger *self, ledger_event event, ledger_outcome outcome);
uint64_t ledger_lines(const ledger *self); /* of this start */

#endif
