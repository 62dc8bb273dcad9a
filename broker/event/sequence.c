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

static hbus_status s_counter(sequence *self, const char *topic, counter **out) {
  *out = zhashx_lookup(self->topics, topic);
  if (*out) return HBUS_OK;
  if (zhashx_size(self->topics) >= self->capacity) return HBUS_OVERLOADED;
  *out = calloc(1, sizeof **out);
  if (!*out) return HBUS_NO_MEMORY;
  zhashx_insert(self->topics, topic, *out);
  return HBUS_OK;
}

hbus_status sequence_next(sequence *self, const topic *topic, uint64_t *out) {
  counter *counter;
  hbus_status status = s_counter(self, topic->text, &counter);
  if (!status) *out = ++counter->last;
  return status;
}

hbus_status sequence_restore(sequence *self, const char *topic, uint64_t last) {
  counter *counter;
  hbus_status status = s_counter(self, topic, &counter);
  if (!status) counter->last = last;
  return status;
}

uint64_t sequence_last(const sequence *self, const char *topic) {
  const counter *counter = zhashx_lookup(self->topics, topic);
  return counter ? counter->last : 0;
}
