#include "tests/sim/world.h"

#include <stdlib.h>
#include <string.h>

typedef struct default_market {
  const char *exchange;
  market_rules rules;
} default_market;

/* Prices are ticks: 180000 with two digits is 1800.00. */
static const default_market s_defaults[] = {
    {"binance", {"ETH-USDT", 2, 4, 10, 180000, 50, 10, 0, false, false}},
    {"binance", {"BTC-USDT", 2, 5, 10, 3000000, 50, 10, 0, false, false}},
    {"binance", {"ETH-USD", 2, 4, 10, 180000, 50, 10, 0, false, false}},
    {"binance", {"SOL-USDT", 3, 2, 10, 25000, 50, 10, 0, false, false}},
    {"coinbase", {"BTC-USD", 2, 8, 10000, 3000000, 50, 40, 0, false, false}},
    {"coinbase", {"ETH-USD", 2, 8, 100000, 180000, 50, 40, 0, false, false}},
    {"coinbase", {"ETH-BTC", 5, 8, 100000, 6000, 50, 40, 0, false, false}},
    {"coinbase", {"LUNA-USD", 4, 2, 10, 10000, 50, 40, 0, true, false}}, /* closed, and stays so */
    {"binance_perpetual", {"ETH-USDT", 2, 3, 1, 180000, 50, 4, 10, false, false}},
    {"binance_perpetual", {"BTC-USDT", 1, 3, 1, 300000, 50, 4, 10, false, false}},
};

void world_init(world *self, const exchange_listener *listener, uint64_t first_id) {
  *self = (world){.listener = *listener, .first_id = first_id};
}

void world_free(world *self) {
  for (size_t i = 0; i < self->exchange_count; i++)
    exchange_destroy(&self->exchanges[i]);
  free(self->exchanges);
  free(self->markets);
  *self = (world){0};
}

hbus_status world_add_defaults(world *self) {
  hbus_status status = HBUS_OK;
  for (size_t i = 0; i < sizeof s_defaults / sizeof s_defaults[0] && status == HBUS_OK; i++) {
    const exchange *there = world_find_exchange(self, s_defaults[i].exchange);
    if (!there || !exchange_find_market(there, s_defaults[i].rules.symbol))
      status = world_add_market(self, s_defaults[i].exchange, &s_defaults[i].rules);
  }
  return status;
}

static exchange *s_add_exchange(world *self, const char *name) {
  exchange **grown = realloc(self->exchanges, (self->exchange_count + 1) * sizeof(exchange *));
  if (!grown) return NULL;
  self->exchanges = grown;
  exchange *added = exchange_new(name, &self->listener, self->first_id, HISTORY_MAX);
  if (added) self->exchanges[self->exchange_count++] = added;
  return added;
}

hbus_status world_add_market(world *self, const char *name, const market_rules *rules) {
  exchange *where = world_find_exchange(self, name);
  if (!where) where = s_add_exchange(self, name);
  market **grown = realloc(self->markets, (self->market_count + 1) * sizeof(market *));
  if (grown) self->markets = grown;
  if (!where || !grown) return HBUS_NO_MEMORY;
  hbus_status status = exchange_add_market(where, rules, self->market_count);
  if (status == HBUS_OK) self->markets[self->market_count++] = exchange_find_market(where, rules->symbol);
  return status;
}

exchange *world_find_exchange(const world *self, const char *name) {
  for (size_t i = 0; i < self->exchange_count; i++) {
    if (strcmp(exchange_name(self->exchanges[i]), name) == 0) return self->exchanges[i];
  }
  return NULL;
}

void world_set_time(world *self, uint64_t now_ns) {
  for (size_t i = 0; i < self->exchange_count; i++)
    exchange_set_time(self->exchanges[i], now_ns);
}

void world_check(const world *self) {
  for (size_t i = 0; i < self->exchange_count; i++)
    exchange_check(self->exchanges[i]);
}
