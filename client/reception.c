#include "client/reception.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/repair.h"
#include "proto/topic.h"

#define EVENTS_PER_PASS 1024 /* read in one call without one to give */

/* Watching */

/* Heartbeats are listened to for as long as anything of a stream is watched. */
static void s_follow_pulse(hbus_client *self, hbus_stream stream) {
  bool is_wanted = self->watches[stream].count > 0, is_on = self->pulses[stream].is_on;
  if (is_wanted == is_on) return;
  sockets_subscribe(&self->sockets, is_wanted ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, 1u << stream, CLIENT_HEARTBEAT,
                    strlen(CLIENT_HEARTBEAT));
  if (is_wanted)
    pulse_start(&self->pulses[stream], client_monotonic_ms());
  else
    pulse_stop(&self->pulses[stream]);
}

static bool s_is_watched(void *arg, hbus_stream stream, const char *topic, size_t size) {
  const hbus_client *self = arg;
  return watches_match(&self->watches[stream], topic, size, NULL);
}

static bool s_unwatch_one(hbus_client *self, hbus_stream stream, const char *prefix, size_t size) {
  if (!watches_remove(&self->watches[stream], prefix, size)) return false;
  sockets_subscribe(&self->sockets, ZMQ_UNSUBSCRIBE, 1u << stream, prefix, size);
  s_follow_pulse(self, stream);
  return true;
}

bool reception_unwatch(hbus_client *self, unsigned streams, const char *prefix) {
  bool was_watched = false;
  for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++)
    if ((streams & (1u << i)) != 0) was_watched |= s_unwatch_one(self, (hbus_stream)i, prefix, strlen(prefix));
  if (was_watched) tracker_forget(self->tracker, s_is_watched, self);
  return was_watched;
}

hbus_status reception_watch(hbus_client *self, unsigned streams, const char *prefix, hbus_error *error) {
  size_t size = strlen(prefix);
  unsigned done = 0;
  for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++) {
    if ((streams & (1u << i)) == 0 || self->sockets.streams[i] == NULL) continue;
    hbus_status status = watches_add(&self->watches[i], prefix, size);
    if (status != HBUS_OK) {
      (void)reception_unwatch(self, done, prefix);
      return hbus_fail(error, status, "\"%s\" cannot be watched too: %s", prefix, hbus_status_text(status));
    }
    sockets_subscribe(&self->sockets, ZMQ_SUBSCRIBE, 1u << i, prefix, size);
    s_follow_pulse(self, (hbus_stream)i);
    done |= 1u << i;
  }
  wakeup_set(&self->wakeup, true);
  return HBUS_OK;
}

/* The outbox */

static void s_show_part(hbus_client *self, const delivery *item, hbus_message *out) {
  memcpy(&self->lent_part, item->body, sizeof(self->lent_part));
  hbus_bytes data = {.data = item->body + sizeof(self->lent_part), .size = item->size - sizeof(self->lent_part)};
  const delivery_part *part = &self->lent_part;
  out->kind = HBUS_MESSAGE_SNAPSHOT;
  out->command = HBUS_SNAPSHOT;
  out->exchange = part->exchange;
  out->market = part->market;
  out->part = part->part;
  out->is_last = part->is_last;
  out->snapshot = NULL;
  out->reply = (hbus_reply){
      .status = HBUS_REPLY_ERROR, .code = part->code, .message = {.data = (const char *)data.data, .size = data.size}};
  if (part->code != HBUS_OK) return;
  hbus_status status = snapshot_reply_unpack(self->repair_unpacker, data, &self->lent_snapshot, NULL);
  out->reply = (hbus_reply){.status = HBUS_REPLY_OK, .data = data};
  if (status == HBUS_OK)
    out->snapshot = &self->lent_snapshot;
  else /* it could be read when it came */
    out->reply = (hbus_reply){.status = HBUS_REPLY_ERROR, .code = status};
}

static bool s_show_event(hbus_client *self, const delivery *item, hbus_message *out) {
  if (event_unpack(self->unpacker, item->body, item->size, &out->event, NULL) != HBUS_OK) return false;
  out->kind = HBUS_MESSAGE_EVENT;
  out->body = (hbus_bytes){.data = item->body, .size = item->size};
  self->stats.events++;
  return true;
}

static bool s_show(hbus_client *self, const delivery *item, hbus_message *out) {
  if (item->kind == DELIVERY_SNAPSHOT) {
    s_show_part(self, item, out);
    return true;
  }
  out->stream = item->stream;
  if (item->topic != NULL)
    memcpy(self->topic, item->topic->text, item->topic->size + 1);
  else
    self->topic[0] = '\0';
  out->topic = self->topic;
  if (item->kind != DELIVERY_NOTICE) return s_show_event(self, item, out);
  out->kind = HBUS_MESSAGE_NOTICE;
  out->notice = item->notice;
  return true;
}

hbus_status reception_take_queued(hbus_client *self, hbus_message *out) {
  delivery *item = NULL;
  while ((item = tracker_pop(self->tracker)) != NULL) {
    free(self->lent_delivery);
    self->lent_delivery = item;
    if (s_show(self, item, out)) return HBUS_OK;
    self->stats.malformed++; /* for want of memory: it could be read when it came */
  }
  return HBUS_TIMEOUT;
}

/* Events */

static bool s_is_heartbeat(const hbus_event *event, hbus_text topic) {
  return event->kind == HBUS_KIND_HEARTBEAT && topic.size == strlen(CLIENT_HEARTBEAT) &&
         memcmp(topic.data, CLIENT_HEARTBEAT, topic.size) == 0;
}

static void s_take_heartbeat(hbus_client *self, hbus_stream stream, const hbus_event *event) {
  const hbus_heartbeat *beat = &event->data.heartbeat;
  bool is_back = false, is_first = self->pulses[stream].seq == 0; /* of what came before it, none has told */
  tracker_enter_epoch(self->tracker, stream, event->epoch);
  uint64_t missed =
      pulse_beat(&self->pulses[stream], event->epoch, event->seq, beat->interval_ms, client_monotonic_ms(), &is_back);
  self->stats.heartbeats_missed += missed;
  if (is_back) tracker_notice(self->tracker, stream, HBUS_NOTICE_BACK);
  if (is_back || is_first || missed > 0) repair_doubt(self, stream);
  for (size_t i = 0; i < beat->topic_count; i++) {
    const hbus_sequence *moved = &beat->topics[i];
    if (watches_match(&self->watches[stream], moved->topic.data, moved->topic.size, NULL))
      tracker_known(self->tracker, stream, moved->topic, event->epoch, moved->seq);
  }
}

/* The stream goes on with another epoch. */
static void s_follow_epoch(hbus_client *self, hbus_stream stream, uint64_t before) {
  uint64_t epoch = tracker_epoch(self->tracker, stream);
  if (epoch == before || before == 0) return;
  repair_doubt(self, stream);
  if (stream == HBUS_STREAM_MARKET) joins_begin_markets(&self->joins, self->tracker, epoch, client_monotonic_ms());
}

/* Gives what is in the frames to the tracker. True: it is to be given now, and *out is filled. */
static bool s_take_frames(hbus_client *self, hbus_stream stream, hbus_message *out) {
  hbus_text topic = {.data = zmq_msg_data(&self->topic_frame), .size = zmq_msg_size(&self->topic_frame)};
  hbus_bytes body = {.data = zmq_msg_data(&self->body_frame), .size = zmq_msg_size(&self->body_frame)};
  hbus_event *event = &out->event;
  if (topic.size > HBUS_TOPIC_MAX || event_unpack(self->unpacker, body.data, body.size, event, NULL) != HBUS_OK) {
    self->stats.malformed++;
    return false;
  }
  uint64_t epoch = tracker_epoch(self->tracker, stream);
  bool is_given = false, is_heartbeat = s_is_heartbeat(event, topic);
  if (is_heartbeat) s_take_heartbeat(self, stream, event);
  if (!is_heartbeat || watches_match(&self->watches[stream], topic.data, topic.size, NULL))
    is_given = tracker_event(self->tracker, stream, topic, event->epoch, event->seq, body);
  s_follow_epoch(self, stream, epoch);
  if (!is_given) return false;
  memcpy(self->topic, topic.data, topic.size);
  self->topic[topic.size] = '\0';
  out->kind = HBUS_MESSAGE_EVENT;
  out->stream = stream;
  out->topic = self->topic;
  out->body = body;
  self->stats.events++;
  return true;
}

hbus_status reception_take_event(hbus_client *self, hbus_stream stream, hbus_message *out) {
  for (unsigned i = 0; i < EVENTS_PER_PASS; i++) {
    hbus_status status = sockets_receive_event(&self->sockets, stream, &self->topic_frame, &self->body_frame);
    if (status == HBUS_TIMEOUT) return reception_take_queued(self, out);
    if (status != HBUS_OK)
      self->stats.malformed++;
    else if (s_take_frames(self, stream, out))
      return HBUS_OK;
    if (tracker_waiting(self->tracker) > 0 && !self->settings.newest_only) return reception_take_queued(self, out);
  }
  self->work_left = true;
  return reception_take_queued(self, out);
}

void reception_drain(hbus_client *self, hbus_stream stream) {
  for (unsigned i = 0; i < EVENTS_PER_PASS && tracker_waiting(self->tracker) < self->settings.high_water_mark; i++) {
    hbus_message ignored;
    hbus_status status = sockets_receive_event(&self->sockets, stream, &self->topic_frame, &self->body_frame);
    if (status == HBUS_TIMEOUT) return;
    if (status == HBUS_OK)
      (void)s_take_frames(self, stream, &ignored); /* an event of a topic that is not kept track of is lost here */
    else
      self->stats.malformed++;
  }
}

/* Silence */

bool reception_look(hbus_client *self) {
  bool is_silent = false;
  uint64_t now_ms = client_monotonic_ms();
  for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++) {
    if (!pulse_look(&self->pulses[i], now_ms)) continue;
    tracker_notice(self->tracker, (hbus_stream)i, HBUS_NOTICE_SILENT);
    is_silent = true;
  }
  return is_silent;
}

uint64_t reception_deadline(const hbus_client *self) {
  uint64_t due_ms = UINT64_MAX;
  for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++) {
    uint64_t look_ms = pulse_deadline(&self->pulses[i]);
    if (look_ms < due_ms) due_ms = look_ms;
  }
  return due_ms;
}
