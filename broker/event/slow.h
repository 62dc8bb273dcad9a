/* Readers that are behind: a peer tells in its pings which numbers it has been shown (`acks`), and they are compared
 * with the numbers that the streams have come to.
 *
 * One that is more than events.slow_events behind on a topic is told of once, by a warning in the log and the event
 * system/slow/ on both streams (its name on the private one alone), and once more when it has caught up to half of
 * that. What a reader says is compared when it says it; what it said last counts as said again when nothing newer has
 * come for SLOW_SILENCE_MS, so that one that has stopped is found too. A reader that reports nothing is not known here.
 */
#ifndef BROKER_SLOW_H
#define BROKER_SLOW_H

#include <uv.h>

#include "broker/event/publisher.h"
#include "broker/log.h"

#define SLOW_SILENCE_MS 3000

typedef struct slow_readers slow_readers;
/* What one connection has reported. */
typedef struct slow_reader slow_reader;

typedef struct slow_parts {
  publisher *publisher;
  logger *log;
  counters *counters;
  uint64_t slow_events;
} slow_parts;

/* The parts must outlive it. NULL: no memory. */
slow_readers *slow_readers_new(uv_loop_t *loop, const slow_parts *parts);
/* Forgets all. Takes its timer off the loop, which must run once more. */
void slow_readers_destroy(slow_readers **self);

/* A connection's report, in place of its last one. *reader is its own: NULL before its first. `name` is the peer's, ""
 * without one; `now_ms` the monotonic clock's. Topics that have no number are passed over. Past LIMIT_ACKS in all, or
 * without memory, the report is counted and not kept. */
void slow_readers_report(slow_readers *self, slow_reader **reader, const char *name, const hbus_stamp *acks,
                         size_t count, uint64_t now_ms);
/* The connection has ended. *reader becomes NULL. */
void slow_readers_forget(slow_readers *self, slow_reader **reader);

/* Looks at those that are silent. Returns whether some were left out, because a turn looks at no more than
 * LIMIT_ACKS_LOOKED acks and tells of LIMIT_SLOW_TOLD readers: the next call goes on with them. The timer does it by
 * itself. */
bool slow_readers_look(slow_readers *self, uint64_t now_ms);

/* Those that are behind. */
size_t slow_readers_count(const slow_readers *self);
/* Calls `each` for at most `max` of them. */
typedef void slow_readers_fn(void *arg, const hbus_slow *slow);
void slow_readers_each(const slow_readers *self, size_t max, slow_readers_fn *each, void *arg);

#endif
