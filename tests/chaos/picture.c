#include "tests/chaos/picture.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 64

void picture_free(picture *self) {
  free(self->orders);
  *self = (picture){0};
}

void picture_clear(picture *self) {
  if (self->orders) memset(self->orders, 0, self->capacity * sizeof *self->orders);
  self->count = 0;
}

/* FNV-1a, over texts and their ends. */
static uint64_t s_mix(uint64_t key, const char *text) {
  do {
    key = (key ^ (uint8_t)*text) * UINT64_C(1099511628211);
  } while (*text++);
  return key;
}

/* By its owner's id, or by upstream's where it has none. */
static uint64_t s_key(const hbus_order *order) {
  uint64_t key = UINT64_C(14695981039346656037);
  bool named = order->client_order_id[0];
  key = s_mix(key, named ? order->owner : order->exchange);
  key = s_mix(key, named ? order->client_order_id : order->order_id);
  return key ? key : 1;
}

static picture_order *s_find(const picture *self, uint64_t key) {
  size_t at = key & (self->capacity - 1);
  while (self->orders[at].key && self->orders[at].key != key)
    at = (at + 1) & (self->capacity - 1);
  return &self->orders[at];
}

static void s_grow(picture *self) {
  picture larger = {.capacity = self->capacity ? 2 * self->capacity : CAPACITY_MIN, .count = self->count};
  larger.orders = calloc(larger.capacity, sizeof *larger.orders);
  assert(larger.orders);
  for (size_t i = 0; i < self->capacity; i++)
    if (self->orders[i].key) *s_find(&larger, self->orders[i].key) = self->orders[i];
  free(self->orders);
  *self = larger;
}

void picture_take(picture *self, const hbus_order *order) {
  if (2 * self->count >= self->capacity) s_grow(self);
  uint64_t key = s_key(order);
  picture_order *known = s_find(self, key);
  if (known->key && order->rev <= known->rev) return;
  self->count += !known->key;
  *known = (picture_order){.key = key, .rev = order->rev};
  if (hbus_order_is_live(order)) hbus_orders_hash_add(&known->part, order);
}

void picture_hash(const picture *self, hbus_orders_hash out) {
  uint64_t sum = 0;
  for (size_t i = 0; i < self->capacity; i++)
    sum += self->orders[i].part;
  hbus_orders_hash_text(sum, out);
}
