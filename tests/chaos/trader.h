/* A peer of the broker that trades without rest, on a bare DEALER: it sees every reply, also one too many. What it does
 * next is drawn by lot. */
#ifndef CHAOS_TRADER_H
#define CHAOS_TRADER_H

#include "proto/buffer.h"
#include "tests/chaos/audience.h"
#include "tests/chaos/call.h"
#include "tests/sim/random.h"

typedef struct trader {
  unsigned number;
  zsock_t *dealer;
  buffer frame;
  random_source random;
  audience *audience;
  ticket_table *tickets;
  call_log *calls;
  ticket **own; /* its tickets, oldest first */
  size_t own_count;
  size_t first_open; /* of them: those before are finished, or unknown */
  uint64_t due_ms;   /* of its next command; monotonic */
} trader;

/* Connects, says hello, and subscribes to all channels of all markets; the replies come to trader_read. */
void trader_init(trader *self, unsigned number, const char *endpoint, uint64_t seed, audience *audience,
                 ticket_table *tickets, call_log *calls);
void trader_free(trader *self);

/* Sends one command. */
void trader_act(trader *self);
/* Reads the replies that are there. */
void trader_read(trader *self);
/* Asks what became of an order of its own. */
void trader_ask(trader *self, ticket *about);
/* Sends its create once more, which has expired long ago: what comes is its outcome. */
void trader_ask_create(trader *self, ticket *about);

#endif
