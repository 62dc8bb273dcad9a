#include "broker/event/slow.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/limits.h"

#define LOOK_MS  1000 /* between two looks at all */
#define AGAIN_MS 10   /* where one turn was not enough */

/* What was shown of a topic, which outlives it. */
typedef struct ack {
  const numbered_topic *topic;
  uint64_t seq;
  hbus_stream stream;
} ack;

struct slow_reader {
  hbus_name name;
  uint64_t reported_ms; /* monotonic clock */
  bool is_slow;
  uint64_t since_ns; /* real-time clock, when it fell behind */
  ack told;          /* what it was furthest behind on then */
  ack *acks;
  size_t count;
  size_t capacity;
  slow_reader *next;
  slow_reader *previous;
};

struct slow_readers {
  slow_parts parts;
  slow_reader *first;
  slow_reader *last;
  slow_reader *next_look; /* NULL: a look begins with the first */
  size_t acks;            /* that there is memory for, of all */
  size_t slow_count;
  uv_timer_t timer;
};

/* How far behind --------------------------------------------------------------------------------------------------- */

/* A number that is higher than the last one was given in another epoch. */
static uint64_t s_lag_of(const ack *ack) {
  return ack->topic->last > ack->seq ? ack->topic->last - ack->seq : 0;
}

/* What the reader is furthest behind on. NULL: it is behind on nothing. */
static const ack *s_furthest(const slow_reader *reader, uint64_t *lag) {
  const ack *furthest = NULL;
  *lag = 0;
  for (size_t i = 0; i < reader->count; i++) {
    uint64_t one = s_lag_of(&reader->acks[i]);
    if (one <= *lag) continue;
    furthest = &reader->acks[i];
    *lag = one;
  }
  return furthest;
}

static hbus_slow s_describe(const slow_reader *reader, const ack *ack, uint64_t lag) {
  hbus_slow slow = {.stream = ack->stream,
                    .topic = {.data = ack->topic->text, .size = ack->topic->size},
                    .lag = lag,
                    .since_ns = reader->since_ns};
  memcpy(slow.name, reader->name, sizeof slow.name);
  return slow;
}

/* Telling ---------------------------------------------------------------------------------------------------------- */

static void s_log(const slow_readers *self, const hbus_slow *slow) {
  const char *name = slow->name[0] ? slow->name : "a peer without a name";
  int size = (int)slow->topic.size;
  if (slow->lag) {
    log_write(self->parts.log, LOG_EVENT, LOG_LEVEL_WARN, "%s is %" PRIu64 " events behind on %.*s (%s)", name,
              slow->lag, size, slow->topic.data, hbus_stream_name(slow->stream));
  } else {
    log_write(self->parts.log, LOG_EVENT, LOG_LEVEL_INFO, "%s has caught up on %.*s (%s)", name, size, slow->topic.data,
              hbus_stream_name(slow->stream));
  }
}

/* Who may read market alone learns of nobody's name. */
static void s_tell(const slow_readers *self, const hbus_slow *slow) {
  s_log(self, slow);
  hbus_event event = {.type = HBUS_EVENT_SYSTEM, .kind = HBUS_KIND_SLOW, .src = "hbusd", .data = {.slow = *slow}};
  publisher_publish_on(self->parts.publisher, HBUS_STREAM_PRIVATE, &event);
  event = (hbus_event){.type = HBUS_EVENT_SYSTEM, .kind = HBUS_KIND_SLOW, .src = "hbusd", .data = {.slow = *slow}};
  memset(event.data.slow.name, 0, sizeof event.data.slow.name);
  publisher_publish_on(self->parts.publisher, HBUS_STREAM_MARKET, &event);
}

static void s_fall_behind(slow_readers *self, slow_reader *reader, const ack *furthest, uint64_t lag) {
  reader->is_slow = true;
  reader->since_ns = clock_real_ns();
  reader->told = *furthest;
  self->slow_count++;
  self->parts.counters->readers_slow++;
  const hbus_slow slow = s_describe(reader, furthest, lag);
  s_tell(self, &slow);
}

static void s_catch_up(slow_readers *self, slow_reader *reader) {
  reader->is_slow = false;
  self->slow_count--;
  const hbus_slow slow = s_describe(reader, &reader->told, 0);
  s_tell(self, &slow);
}

/* Whether there was something to tell. */
static bool s_compare(slow_readers *self, slow_reader *reader) {
  uint64_t lag;
  const ack *furthest = s_furthest(reader, &lag);
  bool was_slow = reader->is_slow;
  if (!was_slow && lag > self->parts.slow_events) s_fall_behind(self, reader, furthest, lag);
  if (was_slow && lag <= self->parts.slow_events / 2) s_catch_up(self, reader);
  return reader->is_slow != was_slow;
}

/* Reports ---------------------------------------------------------------------------------------------------------- */

static slow_reader *s_new(slow_readers *self) {
  slow_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  reader->previous = self->last;
  *(self->last ? &self->last->next : &self->first) = reader;
  self->last = reader;
  return reader;
}

static bool s_make_room(slow_readers *self, slow_reader *reader, size_t count) {
  if (count <= reader->capacity) return true;
  size_t more = count - reader->capacity;
  if (more > LIMIT_ACKS - self->acks) return false;
  ack *acks = realloc(reader->acks, count * sizeof *acks);
  if (!acks) return false;
  reader->acks = acks;
  reader->capacity = count;
  self->acks += more;
  return true;
}

void slow_readers_report(slow_readers *self, slow_reader **reader_p, const char *name, const hbus_stamp *acks,
                         size_t count, uint64_t now_ms) {
  if (!*reader_p && count) *reader_p = s_new(self);
  slow_reader *reader = *reader_p;
  if (!reader || !s_make_room(self, reader, count)) {
    self->parts.counters->acks_unkept += count > 0;
    return;
  }
  snprintf(reader->name, sizeof reader->name, "%s", name);
  reader->reported_ms = now_ms;
  reader->count = 0;
  for (size_t i = 0; i < count; i++) {
    char text[HBUS_TOPIC_MAX + 1];
    snprintf(text, sizeof text, "%.*s", (int)acks[i].topic.size, acks[i].topic.data);
    const numbered_topic *topic = sequence_find(publisher_topics(self->parts.publisher, acks[i].stream), text);
    if (topic) reader->acks[reader->count++] = (ack){.topic = topic, .seq = acks[i].seq, .stream = acks[i].stream};
  }
  s_compare(self, reader);
}

void slow_readers_forget(slow_readers *self, slow_reader **reader_p) {
  slow_reader *reader = *reader_p;
  if (!reader) return;
  *reader_p = NULL;
  *(reader->previous ? &reader->previous->next : &self->first) = reader->next;
  *(reader->next ? &reader->next->previous : &self->last) = reader->previous;
  if (self->next_look == reader) self->next_look = reader->next;
  self->acks -= reader->capacity;
  self->slow_count -= reader->is_slow;
  free(reader->acks);
  free(reader);
}

/* Looking ---------------------------------------------------------------------------------------------------------- */

bool slow_readers_look(slow_readers *self, uint64_t now_ms) {
  size_t looked = 0;
  unsigned told = 0;
  slow_reader *reader = self->next_look ? self->next_look : self->first;
  for (; reader && looked < LIMIT_ACKS_LOOKED && told < LIMIT_SLOW_TOLD; reader = reader->next) {
    looked += 1 + reader->count;
    if (now_ms >= reader->reported_ms + SLOW_SILENCE_MS) told += s_compare(self, reader);
  }
  self->next_look = reader;
  return reader != NULL;
}

static void s_on_timer(uv_timer_t *timer) {
  slow_readers *self = timer->data;
  bool left_out = slow_readers_look(self, clock_monotonic_ms());
  uv_timer_start(timer, s_on_timer, left_out ? AGAIN_MS : LOOK_MS, 0);
}

size_t slow_readers_count(const slow_readers *self) {
  return self->slow_count;
}

void slow_readers_each(const slow_readers *self, size_t max, slow_readers_fn *each, void *arg) {
  for (const slow_reader *reader = self->first; reader && max; reader = reader->next) {
    if (!reader->is_slow) continue;
    uint64_t lag;
    const ack *furthest = s_furthest(reader, &lag);
    const hbus_slow slow = s_describe(reader, furthest ? furthest : &reader->told, lag);
    each(arg, &slow);
    max--;
  }
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

slow_readers *slow_readers_new(uv_loop_t *loop, const slow_parts *parts) {
  slow_readers *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->parts = *parts;
  uv_timer_init(loop, &self->timer);
  self->timer.data = self;
  uv_timer_start(&self->timer, s_on_timer, LOOK_MS, 0);
  return self;
}

static void s_on_closed(uv_handle_t *timer) {
  free(timer->data);
}

void slow_readers_destroy(slow_readers **self_p) {
  slow_readers *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  while (self->first) {
    slow_reader *reader = self->first;
    slow_readers_forget(self, &reader);
  }
  uv_close((uv_handle_t *)&self->timer, s_on_closed);
}
