#include "broker/event/heartbeat.h"

#include <stdlib.h>

#define TOPICS_MIN 64

struct heartbeat {
  publisher *publisher;
  counters *counters;
  uint64_t interval_ms;
  hbus_sequence *moved; /* reused from beat to beat */
  size_t capacity;
  const numbered_topic *own[HBUS_STREAM_COUNT];
  uint64_t named[HBUS_STREAM_COUNT]; /* by the last one */
  uv_timer_t timer;
};

/* What has moved ----------------------------------------------------------------------------------------------------
 */

static bool s_make_room(heartbeat *self, size_t wanted) {
  if (wanted <= self->capacity) return true;
  size_t capacity = self->capacity ? 2 * self->capacity : TOPICS_MIN;
  if (capacity < wanted) capacity = wanted;
  hbus_sequence *moved = realloc(self->moved, capacity * sizeof *moved);
  if (!moved) return false;
  self->moved = moved;
  self->capacity = capacity;
  return true;
}

/* Into self->moved; how many. Without memory they stay moved, and the next beat names them. */
static size_t s_take_moved(heartbeat *self, hbus_stream stream) {
  sequence *topics = publisher_topics(self->publisher, stream);
  if (!s_make_room(self, sequence_moved(topics))) return 0;
  size_t count = 0;
  for (numbered_topic *topic; (topic = sequence_take_moved(topics));) {
    if (topic == self->own[stream]) continue;
    self->moved[count++] = (hbus_sequence){.topic = {.data = topic->text, .size = topic->size}, .seq = topic->last};
  }
  return count;
}

/* Beats -------------------------------------------------------------------------------------------------------------
 */

static void s_beat(heartbeat *self, hbus_stream stream) {
  size_t count = s_take_moved(self, stream);
  size_t parts = count ? (count + HBUS_HEARTBEAT_TOPICS_MAX - 1) / HBUS_HEARTBEAT_TOPICS_MAX : 1;
  for (size_t i = 0; i < parts; i++) {
    size_t first = i * HBUS_HEARTBEAT_TOPICS_MAX;
    size_t left = count - first;
    hbus_event event = {.type = HBUS_EVENT_SYSTEM, .kind = HBUS_KIND_HEARTBEAT, .src = "hbusd"};
    event.data.heartbeat =
        (hbus_heartbeat){.part = i + 1,
                         .parts = parts,
                         .interval_ms = self->interval_ms,
                         .topics = self->moved + first,
                         .topic_count = left < HBUS_HEARTBEAT_TOPICS_MAX ? left : HBUS_HEARTBEAT_TOPICS_MAX};
    publisher_publish_on(self->publisher, stream, &event);
  }
  self->named[stream] = count;
  self->counters->heartbeats += parts;
}

void heartbeat_beat(heartbeat *self) {
  s_beat(self, HBUS_STREAM_MARKET);
  s_beat(self, HBUS_STREAM_PRIVATE);
}

static void s_on_timer(uv_timer_t *timer) {
  heartbeat_beat(timer->data);
}

uint64_t heartbeat_topics(const heartbeat *self, hbus_stream stream) {
  return self->named[stream];
}

/* Life cycle --------------------------------------------------------------------------------------------------------
 */

/* Before any other topic can take the last place (bounds.topics). */
static bool s_take_place(heartbeat *self, hbus_stream stream) {
  hbus_event event = {.kind = HBUS_KIND_HEARTBEAT};
  sequence *topics = publisher_topics(self->publisher, stream);
  topic own;
  if (topic_of_event(&event, &own) || sequence_restore(topics, own.text, 0)) return false;
  self->own[stream] = sequence_find(topics, own.text);
  return true;
}

heartbeat *heartbeat_new(uv_loop_t *loop, publisher *publisher, uint64_t interval_ms, counters *counters) {
  heartbeat *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->publisher = publisher;
  self->counters = counters;
  self->interval_ms = interval_ms;
  bool made = s_make_room(self, TOPICS_MIN) && s_take_place(self, HBUS_STREAM_MARKET) &&
              s_take_place(self, HBUS_STREAM_PRIVATE);
  if (!made) {
    free(self->moved);
    free(self);
    return NULL;
  }
  uv_timer_init(loop, &self->timer);
  self->timer.data = self;
  uv_timer_start(&self->timer, s_on_timer, interval_ms, interval_ms);
  return self;
}

static void s_on_closed(uv_handle_t *timer) {
  heartbeat *self = timer->data;
  free(self->moved);
  free(self);
}

void heartbeat_destroy(heartbeat **self_p) {
  heartbeat *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  uv_close((uv_handle_t *)&self->timer, s_on_closed);
}
