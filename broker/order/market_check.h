/* What became of the orders of one market: they are compared with what upstream has (ORDERS.md, rules 8 to 10).
 *
 *   open orders → each that should be there and is not, by its id → history, if an order without an id is unknown →
 *   resolution.h → the bus is told
 */
#ifndef BROKER_MARKET_CHECK_H
#define BROKER_MARKET_CHECK_H

#include "broker/config.h"
#include "broker/event/intake.h"
#include "broker/event/publisher.h"
#include "broker/link/question.h"
#include "broker/log.h"
#include "broker/order/fill_book.h"
#include "broker/order/order_table.h"
#include "broker/order/resolution.h"

typedef struct market_check_parts {
  const config *config;
  logger *log;
  questions *questions;
  publisher *publisher;
  fill_book *fills;
  intake *intake;
  order_table *orders;
  resolution_ids *ids;  /* what has been seen of how upstream treats our ids */
  bool losses_expected; /* the journal may lack its last records: warns of orders that it may have had */
} market_check_parts;

typedef enum market_check_result {
  MARKET_SETTLED, /* every order of the market is known */
  MARKET_UNKNOWN, /* one at least is unknown still */
  MARKET_REFUSED, /* upstream does not list its orders: it answered with an error */
  MARKET_FAILED   /* it did not answer */
} market_check_result;

typedef void market_check_fn(void *arg, market_check_result result);

/* Begins the check; `done` is called once, from the loop. HBUS_LINK_DOWN and others: it could not begin, and `done` is
 * not called. */
hbus_status market_check_start(const market_check_parts *parts, const char *exchange, const char *market,
                               market_check_fn *done, void *arg);

#endif
