/* Events about orders that nobody knows yet, kept for a moment (ORDERS.md, rule 12).
 *
 * Upstream may tell of a fill before it has answered the create that says whose order that is. Such an event waits here
 * until the answer, or its deadline. Bounded.
 */
#ifndef BROKER_HELD_H
#define BROKER_HELD_H

#include "hbus/event.h"

typedef struct held held;
typedef void held_fn(void *arg, hbus_event *event);

/* `capacity`: events. NULL: no memory. */
held *held_new(size_t capacity);
void held_destroy(held **self);
size_t held_size(const held *self);

/* Keeps a copy of an ORDER_UPDATE or of a fill. Deadlines must never go down. False: there is no room. */
bool held_add(held *self, const hbus_event *event, uint64_t deadline_ms);

/* Takes out, in the order in which they came, the events of this exchange's order (order_id), or of its whole market
 * (order_id NULL), and gives each to `take`. */
void held_take(held *self, const char *exchange, const char *market, const char *order_id, held_fn *take, void *arg);

/* Takes out the one that came first, if there is one. */
void held_take_first(held *self, held_fn *take, void *arg);

/* Takes out those whose deadline is at or before `now_ms`. */
void held_take_expired(held *self, uint64_t now_ms, held_fn *take, void *arg);

/* The earliest deadline; false: nothing is held. */
bool held_deadline(const held *self, uint64_t *deadline_ms);

#endif
