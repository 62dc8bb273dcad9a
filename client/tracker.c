#include "client/tracker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/tracker_parts.h"

/* Life */

tracker *tracker_new(const tracker_limits *limits) {
  tracker *self = calloc(1, sizeof(*self));
  if (self != NULL) self->limits = *limits;
  return self;
}

void tracker_destroy(tracker **self) {
  if (*self == NULL) return;
  delivery_queue_drop(&(*self)->outbox, NULL);
  topic_map_free(&(*self)->topics);
  free(*self);
  *self = NULL;
}

void tracker_set_policy(tracker *self, tracker_policy_fn *policy, void *arg) {
  self->policy = policy;
  self->policy_arg = arg;
}

void tracker_queue_all(tracker *self, bool queues_all) {
  self->queues_all = queues_all;
}

uint64_t tracker_epoch(const tracker *self, hbus_stream stream) {
  return self->epochs[stream];
}

void tracker_add_stats(const tracker *self, hbus_client_stats *out) {
  out->gaps += self->stats.gaps;
  out->repaired += self->stats.repaired;
  out->lost += self->stats.lost;
  out->duplicates += self->stats.duplicates;
  out->superseded += self->stats.superseded;
  out->untracked += self->stats.untracked;
}

/* Topics */

/* The list of those that have moved since the broker was told. */
static void s_append_moved(tracker *self, tracked_topic *topic) {
  if (topic->has_moved) return;
  topic->has_moved = true;
  topic->moved = NULL;
  topic->moved_back = self->moved_last;
  *(self->moved_last != NULL ? &self->moved_last->moved : &self->moved_first) = topic;
  self->moved_last = topic;
}

static void s_unlink_moved(tracker *self, tracked_topic *topic) {
  if (!topic->has_moved) return;
  topic->has_moved = false;
  *(topic->moved_back != NULL ? &topic->moved_back->moved : &self->moved_first) = topic->moved;
  *(topic->moved != NULL ? &topic->moved->moved_back : &self->moved_last) = topic->moved_back;
}

/* The topic, met now if it was not before. NULL: it cannot be kept track of. */
static tracked_topic *s_meet(tracker *self, hbus_stream stream, hbus_text text) {
  tracked_topic *topic = topic_map_find(&self->topics, stream, text.data, text.size);
  if (topic != NULL) return topic;
  if (self->topics.count < self->limits.topics) topic = topic_map_add(&self->topics, stream, text.data, text.size);
  if (topic == NULL) return NULL;
  tracker_policy policy = {.is_asked_for = true};
  if (self->policy != NULL) policy = self->policy(self->policy_arg, stream, text.data, text.size);
  topic->has_base = policy.is_based;
  topic->is_newest_only = policy.is_newest_only;
  topic->is_asked_for = policy.is_asked_for;
  topic->holds = policy.holds;
  topic->epoch = self->epochs[stream];
  return topic;
}

void tracker_forget(tracker *self, tracker_match_fn *is_watched, void *arg) {
  tracked_topic *next = topic_map_next(&self->topics, NULL);
  while (next != NULL) {
    tracked_topic *topic = next;
    next = topic_map_next(&self->topics, topic);
    if (is_watched(arg, topic->stream, topic->text, topic->size)) continue;
    tracker_stop_repair(self, topic);
    tracker_drop_held(self, topic);
    delivery_queue_drop(&self->outbox, topic);
    s_unlink_moved(self, topic);
    topic_map_remove(&self->topics, topic);
  }
}

/* Held events */

delivery *tracker_pop_held(tracker *self, tracked_topic *topic) {
  delivery *item = delivery_queue_pop(&topic->held);
  if (item == NULL) return NULL;
  self->held_count--;
  self->held_bytes -= item->size;
  return item;
}

void tracker_drop_held(tracker *self, tracked_topic *topic) {
  for (delivery *item = NULL; (item = tracker_pop_held(self, topic)) != NULL;)
    free(item);
}

static void s_keep(tracker *self, tracked_topic *topic, uint64_t epoch, uint64_t seq, hbus_bytes body) {
  if (seq > topic->known) topic->known = seq;
  delivery *item = delivery_new(DELIVERY_EVENT, (hbus_bytes){0}, body);
  if (item == NULL) return; /* it counts as missing, and may be had again */
  item->stream = topic->stream;
  item->topic = topic;
  item->epoch = epoch;
  item->seq = seq;
  if (!delivery_queue_insert(&topic->held, item)) {
    self->stats.duplicates++;
    free(item);
    return;
  }
  self->held_count++;
  self->held_bytes += item->size;
}

/* Giving */

static void s_push(tracker *self, delivery *item) {
  if (item->topic != NULL) item->topic->queued++;
  delivery_queue_push(&self->outbox, item);
}

void tracker_push_notice(tracker *self, tracked_topic *topic, hbus_stream_notice notice) {
  delivery *item = delivery_new(DELIVERY_NOTICE, (hbus_bytes){0}, (hbus_bytes){0});
  if (item == NULL) return; /* the numbers are in the stats */
  item->stream = topic->stream;
  item->topic = topic;
  item->epoch = notice.epoch;
  item->seq = notice.to;
  item->notice = notice;
  s_push(self, item);
}

void tracker_notice(tracker *self, hbus_stream stream, hbus_stream_notice_kind kind) {
  delivery *item = delivery_new(DELIVERY_NOTICE, (hbus_bytes){0}, (hbus_bytes){0});
  if (item == NULL) return;
  item->stream = stream;
  item->notice = (hbus_stream_notice){.kind = kind, .epoch = self->epochs[stream]};
  s_push(self, item);
}

void tracker_end_run(tracker *self, tracked_topic *topic) {
  if (topic->run_from == 0) return;
  tracker_push_notice(
      self, topic,
      (hbus_stream_notice){
          .kind = HBUS_NOTICE_REPAIRED, .epoch = topic->epoch, .from = topic->run_from, .to = topic->run_to});
  topic->run_from = topic->run_to = 0;
}

/* The number has its turn: from here on it is the last. */
static void s_advance(tracker *self, tracked_topic *topic, uint64_t epoch, uint64_t seq) {
  if (epoch > topic->epoch) topic->epoch = epoch;
  topic->last = seq;
  topic->has_base = true;
  topic->has_begun = true;
  if (topic->queued == 0) topic->shown = seq;
  s_append_moved(self, topic);
}

static void s_give_newest(tracker *self, tracked_topic *topic, delivery *item) {
  if (topic->newest != NULL) {
    self->stats.superseded++;
    free(topic->newest);
    topic->newest = item;
    return;
  }
  delivery *place = delivery_new(DELIVERY_NEWEST, (hbus_bytes){0}, (hbus_bytes){0});
  if (place == NULL) {
    self->stats.superseded++;
    free(item);
    return;
  }
  place->stream = topic->stream;
  place->topic = topic;
  topic->newest = item;
  s_push(self, place);
}

void tracker_give(tracker *self, tracked_topic *topic, delivery *item) {
  if (item->is_replayed) {
    self->stats.repaired++;
    if (topic->run_from == 0) topic->run_from = item->seq;
    topic->run_to = item->seq;
  } else {
    tracker_end_run(self, topic);
  }
  uint64_t epoch = item->epoch, seq = item->seq;
  if (topic->is_newest_only)
    s_give_newest(self, topic, item);
  else
    s_push(self, item);
  s_advance(self, topic, epoch, seq);
}

void tracker_give_held(tracker *self, tracked_topic *topic) {
  while (topic->held.first != NULL && topic->held.first->seq <= topic->last + 1) {
    delivery *item = tracker_pop_held(self, topic);
    if (item->seq == topic->last + 1) {
      tracker_give(self, topic, item);
    } else {
      self->stats.duplicates++;
      free(item);
    }
  }
}

static bool s_is_about_orders(const tracked_topic *topic) {
  static const char orders[] = "order_update/", fills[] = "trade_update/";
  return topic->stream == HBUS_STREAM_PRIVATE &&
         (strncmp(topic->text, orders, sizeof(orders) - 1) == 0 || strncmp(topic->text, fills, sizeof(fills) - 1) == 0);
}

/* Numbers that nobody can have. Of a topic of which only the newest counts they are none that anybody misses, unless
 * nothing newer is there. */
static void s_lose(tracker *self, tracked_topic *topic, uint64_t to) {
  tracker_end_run(self, topic);
  uint64_t from = topic->last + 1;
  if (topic->is_newest_only && topic->held.first != NULL) {
    self->stats.superseded += to - topic->last;
  } else {
    self->stats.lost += to - topic->last;
    if (s_is_about_orders(topic)) self->lost_private = true;
    tracker_push_notice(self, topic,
                        (hbus_stream_notice){.kind = HBUS_NOTICE_LOST, .epoch = topic->epoch, .from = from, .to = to});
  }
  s_advance(self, topic, topic->epoch, to);
}

void tracker_give_up_before(tracker *self, tracked_topic *topic, uint64_t seq) {
  tracker_give_held(self, topic);
  while (topic->last + 1 < seq) {
    const delivery *held = topic->held.first;
    s_lose(self, topic, held != NULL && held->seq < seq ? held->seq - 1 : seq - 1);
    tracker_give_held(self, topic);
  }
}

/* Epochs */

/* The topic ends with its epoch: what is missing of it cannot be had, and its numbers start anew. */
static void s_end_epoch(tracker *self, tracked_topic *topic, uint64_t epoch) {
  tracker_stop_repair(self, topic);
  if (topic->holds > 0) tracker_drop_held(self, topic); /* a snapshot of the new epoch comes first */
  if (topic->holds == 0 && topic->has_base && topic->known > topic->last)
    tracker_give_up_before(self, topic, topic->known + 1);
  tracker_end_run(self, topic);
  topic->epoch = epoch;
  topic->last = topic->known = topic->shown = topic->acked = 0;
  topic->has_base = true;
}

void tracker_enter_epoch(tracker *self, hbus_stream stream, uint64_t epoch) {
  if (epoch <= self->epochs[stream]) return;
  bool is_first = self->epochs[stream] == 0;
  self->epochs[stream] = epoch;
  for (tracked_topic *topic = NULL;
       stream == HBUS_STREAM_MARKET && (topic = topic_map_next(&self->topics, topic)) != NULL;)
    if (topic->stream == stream && topic->epoch < epoch) {
      if (topic->epoch == 0)
        topic->epoch = epoch;
      else
        s_end_epoch(self, topic, epoch);
    }
  if (!is_first) tracker_notice(self, stream, HBUS_NOTICE_RESTARTED);
}

/* Whether a number that is not above the last is one that the broker gave a second time, to another event: it lost its
 * journal. Where it kept it, no later epoch has a lower number. */
static bool s_is_renumbered(const tracked_topic *topic, uint64_t epoch, uint64_t seq) {
  return topic->stream == HBUS_STREAM_PRIVATE && topic->has_base && epoch > topic->epoch && topic->epoch != 0 &&
         seq <= topic->last;
}

static void s_start_anew(tracker *self, tracked_topic *topic, uint64_t epoch, uint64_t last) {
  tracker_stop_repair(self, topic);
  tracker_end_run(self, topic);
  tracker_drop_held(self, topic);
  topic->epoch = epoch;
  topic->last = topic->known = topic->shown = last;
  topic->acked = 0;
  topic->has_begun = false;
}

static void s_renumber(tracker *self, tracked_topic *topic, uint64_t epoch, uint64_t last) {
  s_start_anew(self, topic, epoch, last);
  if (s_is_about_orders(topic)) self->lost_private = true;
  tracker_push_notice(self, topic, (hbus_stream_notice){.kind = HBUS_NOTICE_LOST, .epoch = epoch});
}

/* What comes */

static bool s_give_now(tracker *self, tracked_topic *topic, uint64_t epoch, uint64_t seq, hbus_bytes body) {
  if (seq > topic->known) topic->known = seq;
  tracker_end_run(self, topic);
  if (self->outbox.count == 0 && !self->queues_all && !topic->is_newest_only) {
    s_advance(self, topic, epoch, seq);
    return true;
  }
  delivery *item = delivery_new(DELIVERY_EVENT, (hbus_bytes){0}, body);
  if (item == NULL) return false; /* as if it had been lost on the way */
  item->stream = topic->stream;
  item->topic = topic;
  item->epoch = epoch;
  item->seq = seq;
  tracker_give(self, topic, item);
  return false;
}

bool tracker_event(tracker *self, hbus_stream stream, hbus_text text, uint64_t epoch, uint64_t seq, hbus_bytes body) {
  tracker_enter_epoch(self, stream, epoch);
  tracked_topic *topic = s_meet(self, stream, text);
  if (topic == NULL) {
    self->stats.untracked++;
    return true;
  }
  if (s_is_renumbered(topic, epoch, seq)) s_renumber(self, topic, epoch, seq - 1);
  bool is_old = epoch < topic->epoch || (topic->has_begun && topic->holds == 0 && seq <= topic->last);
  if (is_old) {
    self->stats.duplicates++;
    return false;
  }
  if (topic->holds > 0) {
    s_keep(self, topic, epoch, seq, body);
    tracker_bound_held(self);
    return false;
  }
  if (!topic->has_base || seq <= topic->last) topic->last = topic->known = seq - 1; /* it is where one came in */
  if (seq == topic->last + 1) {
    bool is_callers = s_give_now(self, topic, epoch, seq, body);
    if (topic->held.first != NULL || topic->repair != REPAIR_NONE) tracker_settle(self, topic);
    return is_callers;
  }
  s_keep(self, topic, epoch, seq, body);
  tracker_settle(self, topic);
  tracker_bound_held(self);
  return false;
}

void tracker_known(tracker *self, hbus_stream stream, hbus_text text, uint64_t epoch, uint64_t seq) {
  if (self->epochs[stream] == 0) tracker_enter_epoch(self, stream, epoch);
  if (epoch != self->epochs[stream]) return;
  tracked_topic *topic = s_meet(self, stream, text);
  if (topic == NULL) return;
  if (epoch > topic->epoch && topic->has_base && seq < topic->last && stream == HBUS_STREAM_PRIVATE)
    s_renumber(self, topic, epoch, 0);
  if (epoch > topic->epoch && seq >= topic->last) topic->epoch = epoch;
  if (!topic->has_base) { /* whether it came before the subscription nobody can say; what comes after it counts */
    topic->has_base = true;
    topic->last = seq;
    if (topic->held.first != NULL && topic->held.first->seq <= seq) topic->last = topic->held.first->seq - 1;
  }
  if (seq <= topic->known) return;
  topic->known = seq;
  if (topic->holds == 0) tracker_settle(self, topic);
}

/* Snapshots */

void tracker_hold(tracker *self, tracker_match_fn *covers, void *arg) {
  for (tracked_topic *topic = NULL; (topic = topic_map_next(&self->topics, topic)) != NULL;) {
    if (!covers(arg, topic->stream, topic->text, topic->size)) continue;
    topic->holds++;
    tracker_stop_repair(self, topic);
  }
}

void tracker_stamp(tracker *self, uint64_t round, const hbus_stamp *stamp, uint64_t epoch, hbus_bytes body) {
  tracked_topic *topic = s_meet(self, stamp->stream, stamp->topic);
  if (topic == NULL || epoch < topic->epoch || topic->stamped == round) return;
  uint64_t seq = stamp->seq;
  topic->stamped = round;
  bool starts_anew = epoch > topic->epoch && (stamp->stream == HBUS_STREAM_MARKET || seq < topic->last);
  if (starts_anew) s_start_anew(self, topic, epoch, 0);
  bool is_given = topic->has_begun && topic->last >= seq;
  if (epoch > topic->epoch) topic->epoch = epoch;
  if (is_given) return;
  s_advance(self, topic, epoch, body.size > 0 ? seq - 1 : seq);
  if (seq > topic->known) topic->known = seq;
  if (body.size > 0) s_keep(self, topic, epoch, seq, body);
}

void tracker_release(tracker *self, tracker_match_fn *covers, void *arg) {
  for (tracked_topic *topic = NULL; (topic = topic_map_next(&self->topics, topic)) != NULL;) {
    if (!covers(arg, topic->stream, topic->text, topic->size) || topic->holds == 0 || --topic->holds > 0) continue;
    const delivery *first = topic->held.first;
    if (first != NULL && (!topic->has_base || (!topic->has_begun && first->seq <= topic->last)))
      topic->last = first->seq - 1;
    tracker_settle(self, topic);
  }
}

hbus_status tracker_push_part(tracker *self, const delivery_part *part, hbus_bytes data) {
  hbus_bytes head = {.data = (const uint8_t *)part, .size = sizeof(*part)};
  delivery *item = delivery_new(DELIVERY_SNAPSHOT, head, data);
  if (item == NULL) return HBUS_NO_MEMORY;
  s_push(self, item);
  return HBUS_OK;
}

void tracker_drop_parts(tracker *self, const char *exchange, const char *market) {
  delivery_queue_drop_parts(&self->outbox, exchange, market);
}

bool tracker_take_lost_private(tracker *self) {
  bool lost = self->lost_private;
  self->lost_private = false;
  return lost;
}

/* What the program has had */

delivery *tracker_pop(tracker *self) {
  delivery *item = delivery_queue_pop(&self->outbox);
  if (item == NULL) return NULL;
  tracked_topic *topic = item->topic;
  if (item->kind == DELIVERY_NEWEST) {
    free(item);
    item = topic->newest;
    topic->newest = NULL;
  }
  if (topic == NULL) return item;
  topic->queued--;
  bool is_told = item->kind == DELIVERY_EVENT || item->notice.kind == HBUS_NOTICE_LOST;
  bool is_of_epoch = item->epoch == topic->epoch || topic->stream == HBUS_STREAM_PRIVATE;
  if (is_told && is_of_epoch && item->seq > topic->shown) topic->shown = item->seq;
  if (topic->queued == 0) topic->shown = topic->last;
  return item;
}

size_t tracker_waiting(const tracker *self) {
  return self->outbox.count;
}

bool tracker_has_shown(const tracker *self, const hbus_seen *seen) {
  const tracked_topic *topic = topic_map_find(&self->topics, seen->stream, seen->topic, strlen(seen->topic));
  if (topic == NULL) return false;
  if (seen->stream == HBUS_STREAM_MARKET && seen->epoch != topic->epoch) return seen->epoch < topic->epoch;
  return topic->shown >= seen->seq;
}

size_t tracker_take_acks(tracker *self, hbus_stamp *out, size_t max) {
  size_t count = 0;
  const tracked_topic *end = self->moved_last;
  for (bool is_end = end == NULL; !is_end && count < max;) {
    tracked_topic *topic = self->moved_first;
    is_end = topic == end;
    s_unlink_moved(self, topic);
    if (topic->shown != topic->last) s_append_moved(self, topic); /* there is more to tell soon */
    if (topic->shown == topic->acked || topic->shown == 0) continue;
    topic->acked = topic->shown;
    out[count++] =
        (hbus_stamp){.stream = topic->stream, .topic = {.data = topic->text, .size = topic->size}, .seq = topic->shown};
  }
  return count;
}

bool tracker_has_acks(const tracker *self) {
  return self->moved_first != NULL;
}
