#include "client/topic_map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64

static void s_free(tracked_topic *topic) {
  delivery_queue_drop(&topic->held, NULL);
  free(topic->newest);
  free(topic);
}

void topic_map_free(topic_map *self) {
  for (size_t i = 0; i < self->bucket_count; i++) {
    tracked_topic *topic = self->buckets[i];
    while (topic != NULL) {
      tracked_topic *next = topic->next_in_bucket;
      s_free(topic);
      topic = next;
    }
  }
  free(self->buckets);
  *self = (topic_map){0};
}

/* Eight bytes at a time, each mixed in by a multiplication: every event looks its topic up. */
static uint64_t s_hash(hbus_stream stream, const char *text, size_t size) {
  const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
  uint64_t hash = (uint64_t)stream + size * factor;
  while (size > 0) {
    uint64_t word = 0;
    size_t part = size < sizeof(word) ? size : sizeof(word);
    memcpy(&word, text, part);
    hash = (hash ^ word) * factor;
    hash ^= hash >> 29;
    text += part;
    size -= part;
  }
  return hash;
}

static tracked_topic **s_bucket(const topic_map *self, uint64_t hash) {
  return &self->buckets[hash & (self->bucket_count - 1)];
}

tracked_topic *topic_map_find(const topic_map *self, hbus_stream stream, const char *text, size_t size) {
  if (self->bucket_count == 0) return NULL;
  uint64_t hash = s_hash(stream, text, size);
  tracked_topic *topic = *s_bucket(self, hash);
  while (topic != NULL && (topic->hash != hash || topic->stream != stream || topic->size != size ||
                           memcmp(topic->text, text, size) != 0))
    topic = topic->next_in_bucket;
  return topic;
}

static bool s_grow(topic_map *self) {
  topic_map larger = {.bucket_count = self->bucket_count == 0 ? BUCKETS_MIN : self->bucket_count * 2,
                      .count = self->count};
  larger.buckets = calloc(larger.bucket_count, sizeof(*larger.buckets));
  if (larger.buckets == NULL) return false;
  for (size_t i = 0; i < self->bucket_count; i++)
    for (tracked_topic *topic = self->buckets[i], *next = NULL; topic != NULL; topic = next) {
      next = topic->next_in_bucket;
      tracked_topic **bucket = s_bucket(&larger, topic->hash);
      topic->next_in_bucket = *bucket;
      *bucket = topic;
    }
  free(self->buckets);
  *self = larger;
  return true;
}

tracked_topic *topic_map_add(topic_map *self, hbus_stream stream, const char *text, size_t size) {
  if (self->count >= self->bucket_count && !s_grow(self)) return NULL;
  tracked_topic *topic = calloc(1, sizeof(*topic) + size + 1);
  if (topic == NULL) return NULL;
  topic->hash = s_hash(stream, text, size);
  topic->stream = stream;
  topic->size = size;
  memcpy(topic->text, text, size);
  tracked_topic **bucket = s_bucket(self, topic->hash);
  topic->next_in_bucket = *bucket;
  *bucket = topic;
  self->count++;
  return topic;
}

void topic_map_remove(topic_map *self, tracked_topic *topic) {
  tracked_topic **place = s_bucket(self, topic->hash);
  while (*place != topic) {
    assert(*place != NULL);
    place = &(*place)->next_in_bucket;
  }
  *place = topic->next_in_bucket;
  self->count--;
  s_free(topic);
}

tracked_topic *topic_map_next(const topic_map *self, const tracked_topic *before) {
  if (before != NULL && before->next_in_bucket != NULL) return before->next_in_bucket;
  size_t i = before == NULL ? 0 : (before->hash & (self->bucket_count - 1)) + 1;
  for (; i < self->bucket_count; i++)
    if (self->buckets[i] != NULL) return self->buckets[i];
  return NULL;
}
