/* Who is there, by name, and cancel on disconnect (ORDERS.md, rule 16).
 *
 * A peer that asks for it in hello has its orders cancelled when the last connection under its name has ended and none
 * has come back within the grace period. The wish is journaled: after a restart of the broker, when nobody is
 * connected, its grace begins.
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

/* A connection has said hello: `joins` if for the first time. What it says of cancel on disconnect holds for its name
 * from now on, in place of what was said before; grace_ms 0 is the configuration's. HBUS_OVERLOADED: more than
 * LIMIT_ATTENDANCE names wish so, or no memory; nothing was done. */
hbus_status attendance_hello(attendance *self, const char *name, bool joins, bool cancel_on_disconnect,
                             uint64_t grace_ms);
/* A connection that had joined has ended. */
void attendance_leave(attendance *self, const char *name);

/* Names that are connected, or whose grace has not ended. */
size_t attendance_size(const attendance *self);

#endif
