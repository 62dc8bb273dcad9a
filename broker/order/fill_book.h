/* Every fill, told once (ORDERS.md, rule 14).
 *
 *   trade → came before? → what of it was inferred? → owner → journal, position, bus
 *   order state → is more filled than fills have told? → inferred fill → journal, position, bus → the state
 *
 * A trade is known again by exchange, market, order and trade id: where two orders of one account trade with each
 * other, both have a fill of the same trade. LIMIT_FILLS of them are remembered.
 */
#ifndef BROKER_FILL_BOOK_H
#define BROKER_FILL_BOOK_H

#include "broker/counters.h"
#include "broker/event/publisher.h"
#include "broker/journal/journal.h"
#include "broker/log.h"
#include "broker/order/order_table.h"
#include "broker/order/position_book.h"

typedef struct fill_book fill_book;

/* The other parts must outlive it. Without a journal (NULL) nothing is written down. */
typedef struct fill_book_parts {
  order_table *orders;
  position_book *positions;
  publisher *publisher;
  journal *journal;
  logger *log;
  counters *counters;
} fill_book_parts;

/* NULL: no memory. */
fill_book *fill_book_new(const fill_book_parts *parts);
void fill_book_destroy(fill_book **self);
/* The one that fills are told through, for what comes after them. */
publisher *fill_book_publisher(const fill_book *self);

/* A fill that an earlier start told, oldest first, once the orders have been restored. HBUS_NO_MEMORY. */
hbus_status fill_book_restore(fill_book *self, const journal_fill *record);

/* A fill that upstream tells of: publishes it, unless it came before, with its order's owner, client_order_id and rev,
 * and with `replaces`. */
void fill_book_tell(fill_book *self, hbus_event *event);

/* Before an order's state goes out: publishes an inferred fill of what its `filled` is more than was told. `order`
 * NULL: the state is that of an order for which there was no room in the table. Times as order_cause has them. */
void fill_book_catch_up(fill_book *self, order *order, const hbus_order *state, uint64_t ts_ns, uint64_t rx_ns);

#endif
