/* The two event streams: numbers an event, packs it, and sends it to who listens.
 *
 * An event of the private stream leaves once it is in the journal, so that its number is never given again and what was
 * told can be told again. Those events leave in their order. If the journal cannot be written they leave all the same.
 */
#ifndef BROKER_PUBLISHER_H
#define BROKER_PUBLISHER_H

#include "broker/config.h"
#include "broker/counters.h"
#include "broker/event/sequence.h"
#include "broker/journal/journal.h"
#include "broker/socket.h"
#include "hbus/command.h"
#include "hbus/event.h"
#include "proto/topic.h"

typedef struct publisher publisher;

/* The first subscriber of a prefix has come, or the last one has gone. `prefix` is not NUL-terminated, and can be
 * anything that a peer may send. */
typedef void publisher_subscription_fn(void *arg, hbus_stream stream, bool begins, hbus_text prefix);

/* Binds both XPUB sockets. The journal's epoch goes into every event. The journal must be closed before the publisher
 * is destroyed. HBUS_INVALID_REQUEST as socket_group_bind. */
hbus_status publisher_new(publisher **out, socket_group *sockets, const config *config, journal *journal,
                          counters *counters, hbus_error *error);
void publisher_destroy(publisher **self);

/* Publishes an event on the streams that it belongs to. Fills in its epoch, seq and tx_ns; the rest is the caller's.
 * *seen (unless NULL) becomes the event's number on the private stream, or on the market stream where it went to that
 * alone. An event that cannot be packed or numbered is counted, and *seen is left alone. */
void publisher_publish(publisher *self, hbus_event *event, hbus_seen *seen);

/* The same on one of the streams that it belongs to: what differs from stream to stream. */
void publisher_publish_on(publisher *self, hbus_stream stream, hbus_event *event);

/* Who hears of subscriptions. NULL: nobody. */
void publisher_on_subscription(publisher *self, publisher_subscription_fn *heard, void *arg);

/* The topics of a stream, with their last numbers. */
sequence *publisher_topics(const publisher *self, hbus_stream stream);
/* The body of an event of the market stream, or, with journal.sync off, of the private one; good until the next event.
 * False: it cannot be had here (any more), as no heartbeat can. */
bool publisher_recall(const publisher *self, hbus_stream stream, const numbered_topic *topic, uint64_t seq,
                      hbus_bytes *body);
/* What of a stream can be had so. */
typedef struct publisher_kept {
  uint64_t bytes;
  uint64_t oldest_ns; /* when the oldest event was published, real-time clock; 0: there is none */
} publisher_kept;
publisher_kept publisher_keeps(const publisher *self, hbus_stream stream);

/* The private stream goes on from this number. HBUS_OVERLOADED: more topics than bounds.topics; HBUS_NO_MEMORY. */
hbus_status publisher_restore(publisher *self, const char *topic, uint64_t last_seq);

/* The last number given to a topic of the market stream; 0 for none. */
uint64_t publisher_market_last(const publisher *self, const topic *topic);

/* The number `seq` of an event of this kind and data on the private stream, as a reply names it. */
void publisher_number(const publisher *self, const hbus_event *event, uint64_t seq, hbus_seen *out);

const char *publisher_market_addresses(const publisher *self);
const char *publisher_private_addresses(const publisher *self);

/* The streams that an event belongs to: bits 1 << HBUS_STREAM_... (DESIGN: private is what is about an order, a peer or
 * an account). */
unsigned publisher_streams(const hbus_event *event);

#endif
