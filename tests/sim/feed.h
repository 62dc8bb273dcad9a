/* What the clients hear without asking: books, tickers and prints to whom subscribed, own orders and fills to all. */
#ifndef SIM_FEED_H
#define SIM_FEED_H

#include "proto/json_writer.h"
#include "tests/sim/hub.h"
#include "tests/sim/state.h"
#include "tests/sim/wire.h"

/* What the subscribers of a market know. */
typedef struct feed_state {
  matching_level levels[HBUS_SIDE_COUNT][WIRE_BOOK_DEPTH];
  size_t level_count[HBUS_SIDE_COUNT];
  int64_t bid, ask, last, volume;
} feed_state;

typedef struct feed {
  hub *sessions;
  ledger *truth;
  state *kept;     /* NULL: none */
  bool client_ids; /* orders carry the client's id */
  uint64_t now_ns; /* unix time */
  buffer text;
  json_writer out;
  feed_state *states; /* by market index */
} feed;

void feed_init(feed *self, hub *sessions, bool client_ids);
void feed_free(feed *self);
/* Once all markets are there. HBUS_NO_MEMORY. */
hbus_status feed_open(feed *self, size_t market_count);
/* What makes an exchange speak to this feed. */
exchange_listener feed_listener(feed *self);
/* Tells one session, which has just subscribed, how things stand. */
void feed_snapshot(feed *self, session *to, const market *where, hbus_channel channel);

#endif
