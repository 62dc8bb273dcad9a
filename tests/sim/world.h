/* All exchanges of the simulation. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "tests/sim/exchange.h"

typedef struct world {
  exchange **exchanges;
  size_t exchange_count;
  market **markets; /* of all exchanges, by market.index */
  size_t market_count;
  exchange_listener listener;
  uint64_t first_id;
} world;

/* An empty world. Orders and trades of every exchange are numbered from first_id. */
void world_init(world *self, const exchange_listener *listener, uint64_t first_id);
void world_free(world *self);
/* Adds the exchanges and markets that are there by default; those that exist already stay as they are. */
hbus_status world_add_defaults(world *self);
/* Adds a market, and its exchange if that is new. HBUS_INVALID_REQUEST: see exchange_add_market; HBUS_NO_MEMORY. */
hbus_status world_add_market(world *self, const char *exchange, const market_rules *rules);

exchange *world_find_exchange(const world *self, const char *name);
void world_set_time(world *self, uint64_t now_ns);
/* exchange_check of all. For tests. */
void world_check(const world *self);

#endif
