/* The trader's orders on one exchange: found by id, listed newest first, bounded. The oldest finished ones go first. */
#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include "tests/sim/order.h"

#define HISTORY_MAX 10000

typedef struct history history;

/* Keeps at most `max` orders, and owns them. NULL: no memory. */
history *history_new(size_t max);
void history_destroy(history **self);
/* Makes room for one order by dropping the oldest finished one. HBUS_OVERLOADED when all that it holds are open. */
hbus_status history_make_room(history *self);
/* Takes the order over. Only after history_make_room. */
void history_add(history *self, order *added);
order *history_find(const history *self, uint64_t id);
/* Forgets and frees them all. None may be in a book any more. */
void history_clear(history *self);
/* The newest order, or NULL; the one before any is its past_previous. */
order *history_newest(const history *self);

#endif
