#include "tests/chaos/canon.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chaos/diary.h"

#define CAPACITY_MIN 1024

void canon_free(canon *self) {
  for (size_t i = 0; i < self->topic_count; i++) {
    canon_topic *topic = self->topics[i];
    for (size_t j = 0; j < topic->epoch_count; j++)
      free(topic->epochs[j].digests);
    free(topic->epochs);
    free(topic);
  }
  free(self->topics);
  *self = (canon){0};
}

canon_topic *canon_topic_of(canon *self, hbus_stream stream, const char *text) {
  for (size_t i = 0; i < self->topic_count; i++) {
    canon_topic *topic = self->topics[i];
    if (topic->stream == stream && strcmp(topic->text, text) == 0) return topic;
  }
  self->topics = realloc(self->topics, (self->topic_count + 1) * sizeof *self->topics);
  canon_topic *added = calloc(1, sizeof *added);
  assert(self->topics && added && strlen(text) <= HBUS_TOPIC_MAX);
  added->stream = stream;
  memcpy(added->text, text, strlen(text) + 1);
  self->topics[self->topic_count++] = added;
  return added;
}

canon_numbers *canon_numbers_of(canon_topic *topic, uint64_t epoch) {
  if (topic->stream == HBUS_STREAM_PRIVATE) epoch = 0;
  for (size_t i = topic->epoch_count; i-- > 0;)
    if (topic->epochs[i].epoch == epoch) return &topic->epochs[i];
  topic->epochs = realloc(topic->epochs, (topic->epoch_count + 1) * sizeof *topic->epochs);
  assert(topic->epochs);
  canon_numbers *added = &topic->epochs[topic->epoch_count++];
  *added = (canon_numbers){.epoch = epoch};
  return added;
}

static void s_make_room(canon_numbers *self, uint64_t seq) {
  if (seq < self->capacity) return;
  uint64_t capacity = self->capacity ? self->capacity : CAPACITY_MIN;
  while (capacity <= seq)
    capacity *= 2;
  self->digests = realloc(self->digests, capacity * sizeof *self->digests);
  assert(self->digests);
  memset(self->digests + self->capacity, 0, (capacity - self->capacity) * sizeof *self->digests);
  self->capacity = capacity;
}

bool canon_take(canon_numbers *self, uint64_t seq, uint32_t digest) {
  s_make_room(self, seq);
  if (seq > self->last) self->last = seq;
  if (self->digests[seq]) return self->digests[seq] == digest;
  self->digests[seq] = digest;
  return true;
}

bool canon_has(const canon_numbers *self, uint64_t seq) {
  return seq < self->capacity && self->digests[seq];
}

void canon_set_final(canon *self, hbus_stream stream, const char *text, uint64_t epoch, uint64_t final) {
  canon_topic *topic = canon_topic_of(self, stream, text);
  canon_numbers *numbers = canon_numbers_of(topic, epoch);
  if (final > numbers->last) numbers->last = final;
  topic->final = final;
  if (epoch > self->epoch) self->epoch = epoch;
}

bool canon_read_journal(canon *self, const char *path, const char **why) {
  sqlite3 *journal = NULL;
  sqlite3_stmt *row = NULL;
  int rc = sqlite3_open_v2(path, &journal, SQLITE_OPEN_READWRITE, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_prepare_v2(journal, "SELECT topic, seq, body FROM readable_events ORDER BY n", -1, &row, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_step(row);
  for (; rc == SQLITE_ROW; rc = sqlite3_step(row)) {
    canon_topic *topic = canon_topic_of(self, HBUS_STREAM_PRIVATE, (const char *)sqlite3_column_text(row, 0));
    canon_numbers *numbers = canon_numbers_of(topic, 0);
    uint32_t digest = diary_digest(sqlite3_column_blob(row, 2), (size_t)sqlite3_column_bytes(row, 2));
    self->journal_broken += !canon_take(numbers, (uint64_t)sqlite3_column_int64(row, 1), digest);
    numbers->journaled++;
  }
  *why = sqlite3_errstr(rc);
  sqlite3_finalize(row);
  sqlite3_close(journal);
  return rc == SQLITE_DONE;
}

uint64_t canon_published(const canon *self) {
  uint64_t count = 0;
  for (size_t i = 0; i < self->topic_count; i++) {
    const canon_topic *topic = self->topics[i];
    if (strncmp(topic->text, "system/", 7) == 0) continue;
    for (size_t j = 0; j < topic->epoch_count; j++)
      count += topic->epochs[j].last;
  }
  return count;
}
