/* The last events of a stream, so that who missed one can have it again: their bodies in one block of memory of fixed
 * size, where the oldest of all makes room for the newest.
 *
 * Putting one in costs a copy. Each topic keeps a track of where its events lie, which the caller holds.
 */
#ifndef BROKER_RING_H
#define BROKER_RING_H

#include "hbus/types.h"

typedef struct ring ring;

/* Where the events of one topic lie: those numbered `first` to `last`; none if last < first, or if all is zero, as it
 * is to begin with. */
typedef struct ring_track {
  uint64_t first;
  uint64_t last;
  size_t *places; /* the ring's: of each event, at its number modulo place_count, a power of two */
  size_t place_count;
} ring_track;

/* `capacity`: bytes, in all. NULL: no memory. */
ring *ring_new(size_t capacity);
/* Before the tracks are freed (ring_track_free). */
void ring_destroy(ring **self);
void ring_track_free(ring_track *self);

/* Copies the body of event `seq` of a topic, which is higher than the one before; `at_ns` is when it was published, by
 * the real-time clock. A track must not move while it has events. One that is larger than the whole ring, or for which
 * there is no memory, is not kept, and nor is what the topic had before: what is kept of a topic has no holes. */
void ring_put(ring *self, ring_track *track, uint64_t seq, uint64_t at_ns, hbus_bytes body);

/* The body of event `seq`, good until the next ring_put. False: the ring does not have it (any more). */
bool ring_get(const ring *self, const ring_track *track, uint64_t seq, hbus_bytes *out);

/* Bytes in use. */
size_t ring_used(const ring *self);
/* When the oldest of all was published; 0: there is none. */
uint64_t ring_oldest_ns(const ring *self);

#endif
