#include "tests/sim/history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct history {
  order *oldest, *newest;
  size_t count;
  size_t max;
  order **buckets; /* by id, one for each order that may be held */
};

history *history_new(size_t max) {
  assert(max > 0);
  history *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->max = max;
  self->buckets = calloc(max, sizeof *self->buckets);
  if (!self->buckets) history_destroy(&self);
  return self;
}

void history_destroy(history **self) {
  if (!*self) return;
  if ((*self)->buckets) history_clear(*self);
  free((*self)->buckets);
  free(*self);
  *self = NULL;
}

void history_clear(history *self) {
  for (order *held = self->oldest; held;) {
    order *next = held->past_next;
    free(held);
    held = next;
  }
  memset(self->buckets, 0, self->max * sizeof *self->buckets);
  self->oldest = self->newest = NULL;
  self->count = 0;
}

static order **s_bucket(const history *self, uint64_t id) {
  return &self->buckets[id % self->max];
}

static void s_remove(history *self, order *removed) {
  order **link = s_bucket(self, removed->id);
  while (*link != removed)
    link = &(*link)->bucket_next;
  *link = removed->bucket_next;
  if (removed->past_previous)
    removed->past_previous->past_next = removed->past_next;
  else
    self->oldest = removed->past_next;
  if (removed->past_next)
    removed->past_next->past_previous = removed->past_previous;
  else
    self->newest = removed->past_previous;
  self->count--;
}

hbus_status history_make_room(history *self) {
  if (self->count < self->max) return HBUS_OK;
  for (order *held = self->oldest; held; held = held->past_next) {
    if (!order_is_open(held)) {
      s_remove(self, held);
      free(held);
      return HBUS_OK;
    }
  }
  return HBUS_OVERLOADED;
}

void history_add(history *self, order *added) {
  assert(self->count < self->max);
  order **bucket = s_bucket(self, added->id);
  added->bucket_next = *bucket;
  *bucket = added;
  added->past_previous = self->newest;
  added->past_next = NULL;
  if (self->newest)
    self->newest->past_next = added;
  else
    self->oldest = added;
  self->newest = added;
  self->count++;
}

order *history_find(const history *self, uint64_t id) {
  order *held = *s_bucket(self, id);
  while (held && held->id != id)
    held = held->bucket_next;
  return held;
}

order *history_newest(const history *self) {
  return self->newest;
}
