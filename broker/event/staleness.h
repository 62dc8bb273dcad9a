/* Watches over what is subscribed (demand.h): a market's channel that is quiet for too long while the link is up is
 * told once, by a line in the log and an `error` event, and once more, as an `info`, when it speaks again.
 *
 * All feeds are looked at together, four times in that long a while. Whether one has spoken is told by the number of
 * its last event.
 */
#ifndef BROKER_STALENESS_H
#define BROKER_STALENESS_H

#include <uv.h>

#include "broker/demand.h"
#include "broker/event/publisher.h"
#include "broker/log.h"

typedef struct staleness staleness;

/* `stale_after_ms` 0: nothing is ever stale. The other parts must outlive it. NULL: no memory. */
staleness *staleness_new(uv_loop_t *loop, demand *demand, publisher *publisher, logger *log, uint64_t stale_after_ms);
/* Takes its timer off the loop, which must run once more. */
void staleness_destroy(staleness **self);

/* Whether the link is up: only then quiet means anything. Each time it comes up, the time starts anew. */
void staleness_on_link(staleness *self, bool is_up);

/* Looks at every feed; `now_ms` is the monotonic clock's. Returns whether some were left out, because a turn of the
 * reactor tells of no more than LIMIT_STALE_REPORTS. */
bool staleness_look(staleness *self, uint64_t now_ms);

/* The feeds that are stale. */
size_t staleness_count(const staleness *self);
typedef void staleness_fn(void *arg, const hbus_command *what, uint64_t quiet_ms);
/* Calls `each` for at most `max` of them. */
void staleness_each(const staleness *self, uint64_t now_ms, size_t max, staleness_fn *each, void *arg);

#endif
