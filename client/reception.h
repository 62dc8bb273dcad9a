/* What comes over the event streams, and its way to the program: watching, heartbeats, and what stands in the outbox.
 */
#ifndef CLIENT_RECEPTION_H
#define CLIENT_RECEPTION_H

#include "client/client.h"

/* Watches a prefix on these streams (bits 1 << HBUS_STREAM_...) as far as they are read. All or none. */
hbus_status reception_watch(hbus_client *self, unsigned streams, const char *prefix, hbus_error *error);
/* False: it is watched on none of them. */
bool reception_unwatch(hbus_client *self, unsigned streams, const char *prefix);

/* The next thing in the outbox. HBUS_TIMEOUT: it is empty. */
hbus_status reception_take_queued(hbus_client *self, hbus_message *out);
/* The next event of a stream, or what it has brought into the outbox. HBUS_TIMEOUT: there is none. */
hbus_status reception_take_event(hbus_client *self, hbus_stream stream, hbus_message *out);
/* Queues what has come over a stream, as far as there is room: of what counts only as the newest, the older goes. */
void reception_drain(hbus_client *self, hbus_stream stream);
/* All was read: a stream that has been silent for too long is told of, in the outbox. Whether one is. */
bool reception_look(hbus_client *self);
/* When to look again. */
uint64_t reception_deadline(const hbus_client *self);

#endif
