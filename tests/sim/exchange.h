/* One exchange: its markets, its participants' accounts, and what becomes of an order.
 *
 * It has no clock: the time is told to it. What happens comes out through the listener while the call that causes it
 * runs: fills first, then the orders that changed, then the books.
 */
#ifndef SIM_EXCHANGE_H
#define SIM_EXCHANGE_H

#include "tests/sim/history.h"
#include "tests/sim/market.h"

/* A trade between two orders. */
typedef struct trade {
  uint64_t id;
  const market *market;
  hbus_side side; /* the taker's */
  int64_t price;
  int64_t amount;
  uint64_t at_ns;
} trade;

/* What follows from a call; none of these may call the exchange. */
typedef struct exchange_listener {
  void *arg;
  /* An order of the trader's was taken, and is about to be matched. */
  void (*on_accept)(void *arg, const order *accepted);
  void (*on_trade)(void *arg, const trade *made);
  /* The trader's side of a trade; twice for a trade with oneself. After on_trade. */
  void (*on_fill)(void *arg, const trade *made, const order *filled);
  /* An order of the trader's changed; once a call, after all fills. */
  void (*on_order)(void *arg, const order *changed);
  /* An open order of the trader's is about to be forgotten. */
  void (*on_forget)(void *arg, const order *forgotten);
  /* The book of a market may have changed; last. */
  void (*on_book)(void *arg, const market *changed);
} exchange_listener;

typedef struct asset {
  char name[HBUS_NAME_MAX + 1];
  quantity issued; /* all that the participants were given at the start */
  quantity fees;   /* what the exchange has taken */
} asset;

typedef struct exchange exchange;

/* Orders and trades are numbered from first_id. The trader's history holds `history_max` orders. NULL: no memory. */
exchange *exchange_new(const char *name, const exchange_listener *listener, uint64_t first_id, size_t history_max);
void exchange_destroy(exchange **self);

/* Adds a market; `index` becomes its index. An asset that is new comes with its starting balances.
 * HBUS_INVALID_REQUEST: a symbol that is no BASE-QUOTE or is there already; HBUS_NO_MEMORY. */
hbus_status exchange_add_market(exchange *self, const market_rules *rules, size_t index);

const char *exchange_name(const exchange *self);
market *exchange_find_market(const exchange *self, const char *symbol);
market *exchange_market(const exchange *self, size_t at); /* 0 to exchange_market_count - 1 */
size_t exchange_market_count(const exchange *self);
const asset *exchange_asset(const exchange *self, size_t at);
size_t exchange_asset_count(const exchange *self);
const account *exchange_account(const exchange *self, order_owner owner);
/* It trades futures: it knows positions. */
bool exchange_has_positions(const exchange *self);

/* Unix time of what happens from now on. */
void exchange_set_time(exchange *self, uint64_t now_ns);

/* Places an order and matches it. *out (may be NULL) is the trader's order in its state after that, valid until the
 * next call; it is not set for the crowd. Fails in the field's words: see market_read_order, and
 * HBUS_INSUFFICIENT_FUNDS, HBUS_OVERLOADED (too many open orders), HBUS_NO_MEMORY. */
hbus_status exchange_create(exchange *self, market *where, order_owner owner, const order_request *request,
                            const order **out, hbus_error *error);
/* The trader's order of that id in that market, whatever its state; NULL. */
order *exchange_find_order(const exchange *self, const market *where, uint64_t id);
/* The trader's newest order; go on with past_previous. */
const order *exchange_newest_order(const exchange *self);
/* Cancels an open order of anybody's. */
void exchange_cancel(exchange *self, order *cancelled);
/* Cancels all orders of the crowd in a market. */
void exchange_clear_crowd(exchange *self, market *where);

/* Forgets all orders of the trader's: the open ones leave the books, and give back what they had reserved. Balances and
 * positions stay. */
void exchange_forget_orders(exchange *self);

/* Bringing back the trader's orders, before anybody trades: each order, as it was last known and with nothing filled
 * (one that is there already is changed), and each fill of it, of which the listener hears nothing; in the end the open
 * ones go into the books. HBUS_OVERLOADED: too many open orders; HBUS_INVALID_ORDER: more is filled than there is;
 * HBUS_NO_MEMORY. */
hbus_status exchange_restore_order(exchange *self, const order *known);
hbus_status exchange_restore_fill(exchange *self, order *filled, int64_t price, int64_t amount);
void exchange_restore_books(exchange *self);

/* Asserts that every asset is conserved, that what is reserved is what the open orders need, and that every book is
 * sound. For tests. */
void exchange_check(const exchange *self);

#endif
