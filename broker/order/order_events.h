/* What the bus hears of an order. */
#ifndef BROKER_ORDER_EVENTS_H
#define BROKER_ORDER_EVENTS_H

#include "broker/event/publisher.h"
#include "broker/order/fill_book.h"
#include "broker/order/order_table.h"

/* Where a change of an order came from. */
typedef struct order_cause {
  hbus_origin origin;
  uint64_t ts_ns; /* upstream's time; 0: it gave none */
  uint64_t rx_ns; /* broker's real-time clock */
  hbus_extra extra;
} order_cause;

/* Whether the bus has not heard of the order's present state. */
bool order_is_news(const order *order);

/* Publishes the order's present state as an ORDER_UPDATE, behind the fills that it includes (ORDERS.md, rule 14). */
void order_publish_update(fill_book *fills, order *order, const order_cause *cause, hbus_seen *seen);

/* An order that upstream listed when it was asked: if it is one that we know, in a state that we do not, the bus is
 * told. *said is completed with the names that only the broker knows. An order of others keeps none: the
 * client_order_id that it carries upstream is not a peer's. *seen (unless NULL) becomes the number of the event, if
 * there was one. */
void order_learn(order_table *orders, fill_book *fills, hbus_order *said, uint64_t rx_ns, hbus_seen *seen);

/* Publishes that something asked of an order failed. `about` names it: exchange, market, and what is known of order_id,
 * owner and client_order_id. */
void order_publish_error(publisher *publisher, const hbus_order *about, hbus_status code, hbus_text message,
                         uint64_t rx_ns, hbus_seen *seen);

/* The number of the order's last ORDER_UPDATE; stream HBUS_STREAM_NONE when there was none. */
void order_last_seen(const publisher *publisher, const order *order, hbus_seen *seen);

#endif
