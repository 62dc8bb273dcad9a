/* What each peer's fills have made of each market (position.h): for an owner, an exchange and a market.
 *
 * Every change is put into the journal, in the commit that has the fill. What the orders that are not finished may
 * still buy or sell is summed up when somebody asks (ORDERS.md, rule 17: pending and unknown ones in full).
 */
#ifndef BROKER_POSITION_BOOK_H
#define BROKER_POSITION_BOOK_H

#include "broker/journal/journal.h"
#include "broker/order/fill_sum.h"
#include "broker/order/order_table.h"

typedef struct position_book position_book;

/* `capacity`: positions. The journal may be NULL: nothing outlives the book then. NULL: no memory. */
position_book *position_book_new(size_t capacity, journal *journal);
void position_book_destroy(position_book **self);
size_t position_book_size(const position_book *self);

/* A position that an earlier start left in the journal. HBUS_OVERLOADED: there are as many as may be; HBUS_NO_MEMORY.
 */
hbus_status position_book_restore(position_book *self, const journal_position *record);

/* A fill of an owner's order: `trade` without a price is one that was inferred. HBUS_TOO_BIG: a sum does not fit a
 * decimal; HBUS_OVERLOADED, HBUS_NO_MEMORY: there is no room for another position. On failure nothing has changed. */
hbus_status position_book_fill(position_book *self, const char *owner, const hbus_trade *trade);
/* What was told of an order before it was known to be its owner's: `order` names owner, exchange, market and side.
 * Fails likewise. */
hbus_status position_book_adopt(position_book *self, const hbus_order *order, const fill_sum *told);

/* The positions of `owner` (NULL: of all), there (each may be "": everywhere), in the order in which they were first
 * heard of: those that have had a fill, flat ones too, and those that an order may yet make. *out is the caller's, to
 * be freed. HBUS_OVERLOADED: an order may make one for which there is no room; HBUS_TOO_BIG; HBUS_NO_MEMORY. */
hbus_status position_book_list(position_book *self, const order_table *orders, const char *owner, const char *exchange,
                               const char *market, hbus_position **out, size_t *count);

/* A page of the same: at most `max` of them, from a place on, which is 0 for the first page and *place afterwards; a
 * place stays what it is whatever changes in between. *more: there is another page. Fails likewise. */
hbus_status position_book_page(position_book *self, const order_table *orders, const char *exchange, const char *market,
                               size_t max, size_t *place, hbus_position *out, size_t *count, bool *more);

#endif
