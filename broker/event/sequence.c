#include "broker/event/sequence.h"

#include <czmq.h>
#include <stdlib.h>

struct sequence {
  zhashx_t *topics; /* text → counter */
  uint64_t capacity;
};

typedef struct counter {
  uint64_t last;
} counter;

static void s_counter_free(void **item_p) {
  free(*item_p);
  *item_p = NULL;
}

sequence *sequence_new(uint64_t capacity) {
  sequence *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->topics = zhashx_new();
  self->capacity = capacity;
  if (!self->topics) {
    free(self);
    return NULL;
  }
  zhashx_set_destructor(self->topics, s_counter_free);
  return self;
}

void sequence_destroy(sequence **self_p) {
  if (!*self_p) return;
  zhashx_destroy(&(*self_p)->topics);
  free(*self_p);
  *self_p = NULL;
}

hbus_status sequence_next(sequence *self, const topic *topic, uint64_t *out) {
  counter *counter = zhashx_lookup(self->topics, topic->text);
  if (!counter) {
    if (zhashx_size(self->topics) >= self->capacity) return HBUS_OVERLOADED;
    counter = calloc(1, sizeof *counter);
    if (!counter) return HBUS_NO_MEMORY;
    zhashx_insert(self->topics, topic->text, counter);
  }
  *out = ++counter->last;
  return HBUS_OK;
}

uint64_t sequence_last(const sequence *self, const char *topic) {
  const counter *counter = zhashx_lookup(self->topics, topic);
  return counter ? counter->last : 0;
}
