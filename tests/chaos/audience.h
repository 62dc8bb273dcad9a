/* Who listens: a subscriber of everything on both streams. It brings the tickets up to date, watches the numbers of
 * every topic, and knows the last ticker of every market. */
#ifndef CHAOS_AUDIENCE_H
#define CHAOS_AUDIENCE_H

#include <msgpack.h>

#include "proto/event_codec.h"
#include "tests/chaos/chronicle.h"

typedef struct audience {
  zsock_t *market;
  zsock_t *private_;
  event_unpacker *unpacker;
  ticket_table *tickets;
  chronicle *chronicle; /* hears what the private stream says; NULL: none */
  zhashx_t *numbers;    /* topic, with its stream before it → its last seq, as a number in place of a pointer */
  hbus_ticker tickers[TICKET_MARKETS];
  uint64_t events;
  uint64_t gaps;      /* numbers that did not follow the one before */
  uint64_t broken;    /* what could not be read */
  uint64_t connected; /* times that the link was told to be up */
} audience;

void audience_init(audience *self, const char *market_endpoint, const char *private_endpoint, ticket_table *tickets);
void audience_free(audience *self);
/* Reads all that is there. */
void audience_read(audience *self);

/* The last seq of a topic of the market stream; 0: none yet. */
uint64_t audience_number(const audience *self, const char *topic);

/* The `candidates` of an order, ",17,18,"; "" when it has none. `order` is its map. */
void audience_candidates(const msgpack_object *order, char out[TICKET_CANDIDATES_MAX]);

#endif
