/* An upstream event's way onto the bus: from the link, past the orders, to the publisher.
 *
 * Orders and fills get the names that only the broker knows: owner, client_order_id and rev. Those of an order that
 * nobody knows, in a market with a create under way, wait for its answer (held.h). Fills are told once, and before the
 * state that includes them (fill_book.h).
 */
#ifndef BROKER_INTAKE_H
#define BROKER_INTAKE_H

#include <uv.h>

#include "broker/event/publisher.h"
#include "broker/order/fill_book.h"
#include "broker/order/order_table.h"

typedef struct intake intake;

/* `hold_ms`: how long an event waits at most. NULL: no memory. */
intake *intake_new(uv_loop_t *loop, order_table *orders, publisher *publisher, fill_book *fills, uint64_t hold_ms,
                   counters *counters);
/* Publishes what is still held, and takes its timer off the loop, which must run once more. */
void intake_destroy(intake **self);

/* Publishes, or holds, what the link has received. */
void intake_event(intake *self, hbus_event *event);

/* A create of this order has been sent; it has had its outcome. What was held for its market goes out with the last
 * one's end. */
void intake_create_begins(intake *self, const order *order);
void intake_create_ends(intake *self, const order *order);

/* Upstream's id of an order is known now: what was held for it goes out, so that a fill comes before the state that
 * includes it. Does nothing for an order that has its id. */
void intake_bind(intake *self, order *order, const char *order_id);

/* Events that wait. */
size_t intake_held(const intake *self);

#endif
