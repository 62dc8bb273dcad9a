#include "broker/event/sequence.h"

#include <czmq.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_MIN 64

struct sequence {
  zhashx_t *topics; /* text → numbered_topic, which is in `places` too */
  numbered_topic **places;
  size_t size;
  size_t place_count;
  uint64_t capacity;
  numbered_topic *first_moved;
  numbered_topic *last_moved;
  size_t moved;
};

sequence *sequence_new(uint64_t capacity) {
  sequence *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->topics = zhashx_new();
  self->capacity = capacity;
  if (!self->topics) {
    free(self);
    return NULL;
  }
  return self;
}

static void s_free(numbered_topic *topic) {
  ring_track_free(&topic->track);
  free(topic->text);
  free(topic);
}

void sequence_destroy(sequence **self_p) {
  sequence *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  zhashx_destroy(&self->topics);
  for (size_t i = 0; i < self->size; i++)
    s_free(self->places[i]);
  free(self->places);
  free(self);
}

static bool s_make_place(sequence *self) {
  if (self->size < self->place_count) return true;
  size_t wanted = self->place_count ? 2 * self->place_count : PLACES_MIN;
  numbered_topic **places = realloc(self->places, wanted * sizeof *places);
  if (!places) return false;
  self->places = places;
  self->place_count = wanted;
  return true;
}

static numbered_topic *s_new(const char *text) {
  numbered_topic *topic = calloc(1, sizeof *topic);
  if (!topic) return NULL;
  topic->text = strdup(text);
  topic->size = strlen(text);
  if (topic->text) return topic;
  free(topic);
  return NULL;
}

static hbus_status s_get(sequence *self, const char *text, numbered_topic **out) {
  *out = zhashx_lookup(self->topics, text);
  if (*out) return HBUS_OK;
  if (self->size >= self->capacity) return HBUS_OVERLOADED;
  *out = s_make_place(self) ? s_new(text) : NULL;
  if (!*out) return HBUS_NO_MEMORY;
  self->places[self->size++] = *out;
  zhashx_insert(self->topics, text, *out);
  return HBUS_OK;
}

static void s_move(sequence *self, numbered_topic *topic) {
  topic->moved = true;
  topic->next_moved = NULL;
  *(self->last_moved ? &self->last_moved->next_moved : &self->first_moved) = topic;
  self->last_moved = topic;
  self->moved++;
}

hbus_status sequence_next(sequence *self, const topic *topic, numbered_topic **out) {
  numbered_topic *found;
  hbus_status status = s_get(self, topic->text, &found);
  if (status) return status;
  found->last++;
  if (!found->moved) s_move(self, found);
  *out = found;
  return HBUS_OK;
}

hbus_status sequence_restore(sequence *self, const char *topic, uint64_t last) {
  numbered_topic *found;
  hbus_status status = s_get(self, topic, &found);
  if (!status) found->last = last;
  return status;
}

numbered_topic *sequence_find(const sequence *self, const char *topic) {
  return zhashx_lookup(self->topics, topic);
}

numbered_topic *sequence_take_moved(sequence *self) {
  numbered_topic *topic = self->first_moved;
  if (!topic) return NULL;
  self->first_moved = topic->next_moved;
  if (!self->first_moved) self->last_moved = NULL;
  topic->moved = false;
  self->moved--;
  return topic;
}

size_t sequence_moved(const sequence *self) {
  return self->moved;
}

size_t sequence_size(const sequence *self) {
  return self->size;
}

numbered_topic *sequence_at(const sequence *self, size_t place) {
  return self->places[place];
}
