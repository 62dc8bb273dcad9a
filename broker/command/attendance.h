/* Cancel on disconnect (ORDERS.md, rule 16).
 *
 * A peer that asks for it in hello has its orders cancelled when the last connection under its name that asked so has
 * ended, and none that asks so has come back within the grace period. Connections under the name that do not ask, such
 * as an operator's look at a strategy's orders, neither keep it off nor end the wish. It is journaled: after a restart
 * of the broker, when nobody is connected, its grace begins.
 */
#ifndef BROKER_ATTENDANCE_H
#define BROKER_ATTENDANCE_H

#include <uv.h>

#include "broker/config.h"
#include "broker/event/publisher.h"
#include "broker/journal/journal.h"
#include "broker/log.h"
#include "broker/order/canceller.h"

typedef struct attendance attendance;

typedef struct attendance_parts {
  const config *config;
  logger *log;
  publisher *publisher;
  journal *journal;
  canceller *canceller;
} attendance_parts;

/* NULL: no memory. */
attendance *attendance_new(uv_loop_t *loop, const attendance_parts *parts);
/* After canceller_stop. Takes its timer off the loop, which must run once more. */
void attendance_destroy(attendance **self);

/* A wish of an earlier start: its grace begins now. HBUS_OVERLOADED: one of more than LIMIT_ATTENDANCE; HBUS_NO_MEMORY.
 */
hbus_status attendance_restore(attendance *self, const journal_session *session);

/* A connection has asked for it in its hello; `again`: it had before. grace_ms, 0 the configuration's, holds for the
 * name from now on. HBUS_OVERLOADED: more than LIMIT_ATTENDANCE names wish so, or no memory; nothing was done. */
hbus_status attendance_join(attendance *self, const char *name, bool again, uint64_t grace_ms);
/* A connection that had asked does not wish so any more: if it was the last, nothing is cancelled. */
void attendance_withdraw(attendance *self, const char *name);
/* A connection that had asked has ended. */
void attendance_leave(attendance *self, const char *name);

/* Names with that wish, connected or not. */
size_t attendance_size(const attendance *self);

#endif
