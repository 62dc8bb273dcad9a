/* What is missing: asked for, given as it comes, or given up. */
#include <assert.h>
#include <stdlib.h>

#include "client/tracker_parts.h"

#define ATTEMPTS_MAX 5
/* Gaps that lie close together are asked for at once: as far as one answer may reach. */
#define REACH HBUS_REPLAY_EVENTS_MAX

/* The list of those due */

static void s_unlink_due(tracker *self, tracked_topic *topic) {
  *(topic->due_back != NULL ? &topic->due_back->due : &self->due_first) = topic->due;
  *(topic->due != NULL ? &topic->due->due_back : &self->due_last) = topic->due_back;
  topic->due = topic->due_back = NULL;
}

static void s_append_due(tracker *self, tracked_topic *topic) {
  topic->repair = REPAIR_DUE;
  topic->due = NULL;
  topic->due_back = self->due_last;
  *(self->due_last != NULL ? &self->due_last->due : &self->due_first) = topic;
  self->due_last = topic;
}

static tracker_ask_slot *s_find_slot(tracker *self, const tracked_topic *topic, uint64_t ticket) {
  for (unsigned i = 0; i < TRACKER_REPLAYS_MAX; i++) {
    tracker_ask_slot *slot = &self->asked[i];
    if (ticket != 0 ? slot->topic != NULL && slot->ticket == ticket : slot->topic == topic) return slot;
  }
  return NULL;
}

void tracker_stop_repair(tracker *self, tracked_topic *topic) {
  if (topic->repair == REPAIR_DUE) s_unlink_due(self, topic);
  if (topic->repair == REPAIR_ASKED) *s_find_slot(self, topic, 0) = (tracker_ask_slot){0};
  topic->repair = REPAIR_NONE;
  topic->attempts = 0;
}

void tracker_settle(tracker *self, tracked_topic *topic) {
  if (topic->is_newest_only && topic->held.last != NULL) { /* what is older than the newest is not missed */
    tracker_give_up_before(self, topic, topic->held.last->seq);
  }
  tracker_give_held(self, topic);
  if (topic->known <= topic->last) {
    tracker_end_run(self, topic);
    tracker_stop_repair(self, topic);
  } else if (topic->repair == REPAIR_NONE) {
    self->stats.gaps++;
    if (self->limits.repairs && topic->is_asked_for)
      s_append_due(self, topic);
    else
      tracker_give_up_before(self, topic, topic->known + 1);
  }
}

/* Asking */

static uint64_t s_end_of_question(const tracked_topic *topic) {
  const delivery *held = topic->held.first;
  if (held == NULL) return topic->known;
  uint64_t end = held->seq - 1, reach = topic->last + REACH;
  for (; held->next != NULL && held->next->seq <= reach; held = held->next)
    if (held->next->seq > held->seq + 1) end = held->next->seq - 1;
  if (held->next == NULL && topic->known > held->seq && topic->known <= reach) end = topic->known;
  return end;
}

bool tracker_wants_to_ask(const tracker *self) {
  if (self->due_first == NULL) return false;
  for (unsigned i = 0; i < TRACKER_REPLAYS_MAX; i++)
    if (self->asked[i].topic == NULL) return true;
  return false;
}

bool tracker_ask(tracker *self, tracker_question *out) {
  if (!tracker_wants_to_ask(self)) return false;
  tracked_topic *topic = self->due_first;
  s_unlink_due(self, topic);
  topic->repair = REPAIR_ASKED;
  tracker_ask_slot *slot = s_find_slot(self, NULL, 0);
  *slot = (tracker_ask_slot){.topic = topic, .ticket = ++self->last_ticket, .from = topic->last + 1};
  slot->to = s_end_of_question(topic);
  if (topic->is_newest_only) slot->from = slot->to;
  *out = (tracker_question){.ticket = slot->ticket,
                            .stream = topic->stream,
                            .topic = topic,
                            .epoch = topic->stream == HBUS_STREAM_MARKET ? topic->epoch : 0,
                            .from = slot->from,
                            .to = slot->to};
  return true;
}

/* Answers */

void tracker_replayed(tracker *self, uint64_t ticket, uint64_t epoch, uint64_t seq, hbus_bytes body) {
  tracker_ask_slot *slot = s_find_slot(self, NULL, ticket);
  if (slot == NULL || seq < slot->from || seq > slot->to) return;
  tracked_topic *topic = slot->topic;
  bool is_of_another_epoch = topic->stream == HBUS_STREAM_MARKET && epoch != topic->epoch;
  if (is_of_another_epoch || seq <= topic->last) return; /* it came by itself meanwhile */
  delivery *item = delivery_new(DELIVERY_EVENT, (hbus_bytes){0}, body);
  if (item == NULL) return; /* it is lost, then */
  if (topic->is_newest_only) {
    self->stats.superseded += seq - 1 - topic->last;
    topic->last = seq - 1;
  } else {
    tracker_give_up_before(self, topic, seq);
  }
  if (seq <= topic->last) { /* it was held, behind what was just given up */
    free(item);
    return;
  }
  item->is_replayed = true;
  item->stream = topic->stream;
  item->topic = topic;
  item->epoch = epoch;
  item->seq = seq;
  tracker_give(self, topic, item);
  tracker_give_held(self, topic);
}

/* The topic is asked about no more, for now. */
static tracked_topic *s_close(tracker_ask_slot *slot) {
  tracked_topic *topic = slot->topic;
  *slot = (tracker_ask_slot){0};
  topic->repair = REPAIR_NONE;
  return topic;
}

/* What is missing still was counted as a gap before. */
static void s_go_on(tracker *self, tracked_topic *topic) {
  uint64_t gaps = self->stats.gaps;
  unsigned attempts = topic->attempts;
  tracker_settle(self, topic);
  self->stats.gaps = gaps;
  if (topic->repair != REPAIR_NONE) topic->attempts = attempts;
}

void tracker_answered(tracker *self, uint64_t ticket, uint64_t next) {
  tracker_ask_slot *slot = s_find_slot(self, NULL, ticket);
  if (slot == NULL) return;
  uint64_t end = slot->to + 1;
  if (next != 0 && next < end) end = next;
  bool is_idle = end <= slot->from; /* an answer that leads nowhere must not be asked for again for ever */
  if (is_idle) {
    tracker_failed(self, ticket, TRACKER_NO_ANSWER);
    return;
  }
  tracked_topic *topic = s_close(slot);
  topic->attempts = 0;
  tracker_give_up_before(self, topic, end);
  s_go_on(self, topic);
}

void tracker_failed(tracker *self, uint64_t ticket, tracker_failure failure) {
  tracker_ask_slot *slot = s_find_slot(self, NULL, ticket);
  if (slot == NULL) return;
  uint64_t end = slot->to + 1;
  tracked_topic *topic = s_close(slot);
  if (failure == TRACKER_NO_ANSWER) topic->attempts++;
  if (failure == TRACKER_NEVER || topic->attempts == ATTEMPTS_MAX) {
    topic->attempts = 0;
    tracker_give_up_before(self, topic, end);
  }
  s_go_on(self, topic);
}

void tracker_lose_answers(tracker *self) {
  for (unsigned i = 0; i < TRACKER_REPLAYS_MAX; i++)
    if (self->asked[i].topic != NULL) s_go_on(self, s_close(&self->asked[i]));
}

/* Bounds */

static bool s_is_past_bounds(const tracker *self) {
  return self->held_count > self->limits.held_count || self->held_bytes > self->limits.held_bytes;
}

static bool s_holds_behind_a_gap(const tracked_topic *topic, hbus_stream stream) {
  return topic != NULL && topic->stream == stream && topic->held.first != NULL;
}

/* The topic of a stream whose gap has been waited for the longest, and behind which something is held. NULL: none. */
static tracked_topic *s_oldest_gap(tracker *self, hbus_stream stream) {
  tracked_topic *oldest = NULL;
  uint64_t ticket = UINT64_MAX;
  for (unsigned i = 0; i < TRACKER_REPLAYS_MAX; i++) {
    const tracker_ask_slot *slot = &self->asked[i];
    if (!s_holds_behind_a_gap(slot->topic, stream) || slot->ticket >= ticket) continue;
    oldest = slot->topic;
    ticket = slot->ticket;
  }
  if (oldest != NULL) return oldest;
  for (oldest = self->due_first; oldest != NULL && !s_holds_behind_a_gap(oldest, stream);)
    oldest = oldest->due;
  return oldest;
}

static void s_give_up_gap(tracker *self, tracked_topic *topic) {
  uint64_t end = topic->held.first->seq;
  tracker_stop_repair(self, topic);
  tracker_give_up_before(self, topic, end);
  s_go_on(self, topic);
}

/* Of topics that wait for a snapshot the oldest events go, which it may include anyway: what it does not is missing
 * then, and asked for. */
static bool s_drop_one_on_hold(tracker *self) {
  for (tracked_topic *topic = NULL; (topic = topic_map_next(&self->topics, topic)) != NULL;) {
    if (topic->holds == 0 || topic->held.first == NULL) continue;
    if (!topic->has_base) {
      topic->has_base = true;
      topic->last = topic->held.first->seq - 1;
    }
    topic->has_begun = true;
    free(tracker_pop_held(self, topic));
    return true;
  }
  return false;
}

/* The broker remembers market events for a while, and private ones in its journal: so of a market topic the gap is
 * given up, and of a private one what is held, which then is a part of the gap and asked for again. */
void tracker_bound_held(tracker *self) {
  while (s_is_past_bounds(self)) {
    tracked_topic *topic = s_oldest_gap(self, HBUS_STREAM_MARKET);
    if (topic != NULL) {
      s_give_up_gap(self, topic);
      continue;
    }
    topic = s_oldest_gap(self, HBUS_STREAM_PRIVATE);
    if (topic != NULL) {
      tracker_drop_held(self, topic);
      continue;
    }
    bool dropped = s_drop_one_on_hold(self);
    assert(dropped); /* what is held waits for a gap or for a snapshot */
  }
}
