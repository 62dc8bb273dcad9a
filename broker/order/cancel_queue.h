/* Cancels that the broker has to send on its own account, each of an order by its name: which one goes next, and when
 * one that had no effect is tried again. Pure: times are milliseconds of one clock.
 *
 *   add → ready → next → sent → remove
 *           ↑              ↓
 *           └─ pausing ← pause
 *
 * Each call costs the same however many there are.
 */
#ifndef BROKER_CANCEL_QUEUE_H
#define BROKER_CANCEL_QUEUE_H

#include "hbus/types.h"

/* The pause before another attempt: the shortest at first, twice as long each time. */
#define CANCEL_PAUSE_MIN_MS 250
#define CANCEL_PAUSE_MAX_MS 30000

typedef struct cancel_queue cancel_queue;

/* NULL: no memory. */
cancel_queue *cancel_queue_new(void);
void cancel_queue_destroy(cancel_queue **self);
/* All of them, whether ready, sent or pausing. */
size_t cancel_queue_size(const cancel_queue *self);
bool cancel_queue_has(const cancel_queue *self, const char *exchange, const char *order_id);

/* Puts it at the end of those that are ready; one that is here already stays where it is. Without memory it is not
 * here: who owes the cancel adds it again some time. */
void cancel_queue_add(cancel_queue *self, const char *exchange, const char *order_id);
/* It has had its effect, or is not wanted any more. */
void cancel_queue_remove(cancel_queue *self, const char *exchange, const char *order_id);

/* The next that is ready; it counts as sent. The texts are the queue's until that one is removed. False: none is ready.
 */
bool cancel_queue_next(cancel_queue *self, const char **exchange, const char **order_id);
/* It had no effect: it is ready again after a pause. One that is not here is added so. */
void cancel_queue_pause(cancel_queue *self, const char *exchange, const char *order_id, uint64_t now_ms);

/* Those whose pause is over are ready. */
void cancel_queue_wake(cancel_queue *self, uint64_t now_ms);
/* All that pause are ready, as if they had never failed. */
void cancel_queue_wake_all(cancel_queue *self);
/* When the next pause is over; false: none pauses. */
bool cancel_queue_due(const cancel_queue *self, uint64_t *due_ms);

#endif
