/* An order as the journal keeps it, and back. */
#ifndef BROKER_ORDER_ROW_H
#define BROKER_ORDER_ROW_H

#include "broker/journal/journal_record.h"
#include "broker/order/order_table.h"

/* The order as it is now. What *out borrows is the order's. */
void order_row(const order *order, journal_order *out);

/* A new order, in no table, with all that the row has; it borrows nothing. The caller's, for order_free. NULL: no
 * memory. */
order *order_of_row(const journal_order *row);

/* For an order that is in no table. May be NULL. */
void order_free(order *order);

#endif
