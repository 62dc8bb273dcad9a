/* The heartbeat of each event stream: every events.heartbeat_ms it names the last number of every topic of its stream
 * that has moved since the one before, so that a reader learns also of the loss of a topic's last event (DESIGN section
 * 3).
 *
 * Where nothing has moved it is sent all the same, and names nothing. Where more has moved than one event may name, it
 * comes in numbered parts. Its own topic is left out: a heartbeat's number is its event's. On the private stream it
 * waits for the journal as every event does, so that it never names a number that could be given again, and leaves
 * behind the events that it names.
 */
#ifndef BROKER_HEARTBEAT_H
#define BROKER_HEARTBEAT_H

#include <uv.h>

#include "broker/event/publisher.h"

typedef struct heartbeat heartbeat;

/* Begins to beat when the loop runs. To be made before the publisher has other topics, and destroyed before it. NULL:
 * no memory. */
heartbeat *heartbeat_new(uv_loop_t *loop, publisher *publisher, uint64_t interval_ms, counters *counters);
/* Takes its timer off the loop, which must run once more. */
void heartbeat_destroy(heartbeat **self);

/* Sends one on each stream now. The timer goes on as it was. */
void heartbeat_beat(heartbeat *self);

/* For `status`: what the last one named. */
uint64_t heartbeat_topics(const heartbeat *self, hbus_stream stream);

#endif
