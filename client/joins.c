#include "client/joins.h"

#include <stdlib.h>
#include <string.h>

#define AGAIN_MS     250
#define RESTARTS_MAX 3

/* Life */

void joins_free(joins *self) {
  for (join *item = self->first, *next = NULL; item != NULL; item = next) {
    next = item->next;
    free(item);
  }
  *self = (joins){0};
}

join *joins_find(const joins *self, const char *exchange, const char *market) {
  join *item = self->first;
  while (item != NULL && (strcmp(item->exchange, exchange) != 0 || strcmp(item->market, market) != 0))
    item = item->next;
  return item;
}

static bool s_is_private(const join *item) {
  return *item->exchange == '\0';
}

static hbus_status s_build_link(const char *exchange, const char *market, hbus_topic *out) {
  (void)exchange;
  (void)market;
  return hbus_topic_system("link", out);
}

/* What a join watches. What the link's topic tells needs no snapshot before it. */
static const struct join_row {
  bool of_market;
  bool of_private;
  bool waits;
  hbus_stream stream;
  hbus_status (*build)(const char *exchange, const char *market, hbus_topic *out);
} s_rows[] = {
    {true, true, true, HBUS_STREAM_PRIVATE, hbus_topic_orders},
    {true, true, true, HBUS_STREAM_PRIVATE, hbus_topic_trades},
    {true, false, true, HBUS_STREAM_MARKET, hbus_topic_trades},
    {true, false, true, HBUS_STREAM_MARKET, hbus_topic_order_book},
    {true, false, true, HBUS_STREAM_MARKET, hbus_topic_ticker},
    {false, true, false, HBUS_STREAM_PRIVATE, s_build_link},
};

static hbus_status s_add_topics(join *self) {
  const char *exchange = s_is_private(self) ? NULL : self->exchange;
  const char *market = s_is_private(self) ? NULL : self->market;
  for (size_t i = 0; i < sizeof(s_rows) / sizeof(s_rows[0]); i++) {
    const struct join_row *row = &s_rows[i];
    if (s_is_private(self) ? !row->of_private : !row->of_market) continue;
    join_topic *added = &self->topics[self->topic_count++];
    added->stream = row->stream;
    added->waits = row->waits;
    hbus_status status = row->build(exchange, market, &added->prefix);
    if (status != HBUS_OK) return status;
  }
  return HBUS_OK;
}

hbus_status joins_add(joins *self, const char *exchange, const char *market, join **out) {
  if (strlen(exchange) > HBUS_NAME_MAX || strlen(market) > HBUS_NAME_MAX) return HBUS_INVALID_REQUEST;
  if (self->count == HBUS_JOINS_MAX) return HBUS_OVERLOADED;
  join *item = calloc(1, sizeof(*item));
  if (item == NULL) return HBUS_NO_MEMORY;
  memcpy(item->exchange, exchange, strlen(exchange)); /* zeroed behind */
  memcpy(item->market, market, strlen(market));
  if (s_add_topics(item) != HBUS_OK) {
    free(item);
    return HBUS_INVALID_REQUEST;
  }
  item->next = self->first;
  self->first = item;
  self->count++;
  *out = item;
  return HBUS_OK;
}

/* Waiting */

static bool s_covers(void *arg, hbus_stream stream, const char *topic, size_t size) {
  const join *self = arg;
  for (unsigned i = 0; i < self->topic_count; i++) {
    const join_topic *own = &self->topics[i];
    size_t prefix_size = strlen(own->prefix.text);
    if (own->waits && own->stream == stream && prefix_size <= size && memcmp(own->prefix.text, topic, prefix_size) == 0)
      return true;
  }
  return false;
}

unsigned joins_holds(const joins *self, hbus_stream stream, const char *topic, size_t size) {
  unsigned holds = 0;
  for (join *item = self->first; item != NULL && self->due_count + self->asked_count > 0; item = item->next)
    holds += item->state != JOIN_DONE && s_covers(item, stream, topic, size);
  return holds;
}

static void s_set_state(joins *self, join *item, join_state state) {
  self->due_count += (state == JOIN_DUE) - (item->state == JOIN_DUE);
  self->asked_count += (state == JOIN_ASKED) - (item->state == JOIN_ASKED);
  item->state = state;
}

static void s_finish(joins *self, join *item, tracker *tracker) {
  if (item->state == JOIN_DONE) return;
  s_set_state(self, item, JOIN_DONE);
  tracker_release(tracker, s_covers, item);
}

void joins_remove(joins *self, join *item, tracker *tracker) {
  s_finish(self, item, tracker);
  join **place = &self->first;
  while (*place != item)
    place = &(*place)->next;
  *place = item->next;
  self->count--;
  free(item);
}

/* From the first page. */
static void s_restart(joins *self, join *item, uint64_t due_ms) {
  s_set_state(self, item, JOIN_DUE);
  item->due_ms = due_ms;
  item->ticket = 0;
  item->part = 0;
  item->cursor[0] = '\0';
}

void joins_begin(joins *self, join *item, tracker *tracker, uint64_t due_ms) {
  if (item->state == JOIN_DONE) tracker_hold(tracker, s_covers, item);
  item->restarts = 0;
  s_restart(self, item, due_ms);
}

void joins_begin_markets(joins *self, tracker *tracker, uint64_t epoch, uint64_t now_ms) {
  for (join *item = self->first; item != NULL; item = item->next)
    if (!s_is_private(item) && item->epoch < epoch) joins_begin(self, item, tracker, now_ms);
}

/* Asking */

uint64_t joins_deadline(const joins *self) {
  uint64_t earliest_ms = UINT64_MAX;
  if (self->due_count == 0 || self->asked_count == JOINS_ASKED_MAX) return earliest_ms;
  for (const join *item = self->first; item != NULL; item = item->next)
    if (item->state == JOIN_DUE && item->due_ms < earliest_ms) earliest_ms = item->due_ms;
  return earliest_ms;
}

join *joins_question(joins *self, uint64_t now_ms, hbus_command *out) {
  if (self->due_count == 0 || self->asked_count == JOINS_ASKED_MAX) return NULL;
  join *item = self->first;
  while (item != NULL && (item->state != JOIN_DUE || item->due_ms > now_ms))
    item = item->next;
  if (item == NULL) return NULL;
  *out = (hbus_command){.kind = HBUS_SNAPSHOT, .limit = HBUS_PAGE_MAX};
  memcpy(out->exchange, item->exchange, sizeof(out->exchange));
  memcpy(out->market, item->market, sizeof(out->market));
  memcpy(out->cursor, item->cursor, sizeof(out->cursor));
  return item;
}

uint64_t joins_asked(joins *self, join *item) {
  item->ticket = ++self->last_ticket;
  if (item->part == 0) item->round = item->ticket;
  s_set_state(self, item, JOIN_ASKED);
  return item->ticket;
}

void joins_lose(joins *self, uint64_t now_ms) {
  for (join *item = self->first; item != NULL; item = item->next)
    if (item->state == JOIN_ASKED) s_restart(self, item, now_ms);
}

/* Answers */

/* The event that a snapshot has of this topic, if it is the one that its stamp names. */
static hbus_bytes s_body_of(const join *item, const hbus_snapshot *page, const hbus_stamp *stamp,
                            event_unpacker *events) {
  const hbus_bytes bodies[] = {page->book, page->ticker};
  static const char *const starts[] = {"market_data/order_book/", "market_data/ticker/"};
  for (size_t i = 0; i < 2 && stamp->stream == HBUS_STREAM_MARKET && !s_is_private(item); i++) {
    size_t size = strlen(starts[i]);
    if (bodies[i].size == 0 || stamp->topic.size < size || memcmp(stamp->topic.data, starts[i], size) != 0) continue;
    hbus_event event;
    bool is_read = event_unpack(events, bodies[i].data, bodies[i].size, &event, NULL) == HBUS_OK;
    if (is_read && event.seq == stamp->seq && event.epoch == page->epoch) return bodies[i];
  }
  return (hbus_bytes){0};
}

static hbus_status s_push_part(tracker *tracker, join *item, bool is_last, hbus_status code, hbus_bytes data) {
  delivery_part part = {.part = ++item->part, .is_last = is_last, .code = code};
  memcpy(part.exchange, item->exchange, sizeof(part.exchange));
  memcpy(part.market, item->market, sizeof(part.market));
  return tracker_push_part(tracker, &part, data);
}

static void s_fail(joins *self, join *item, tracker *tracker, hbus_status code, hbus_text message) {
  item->part = 0;
  (void)s_push_part(tracker, item, true, code,
                    (hbus_bytes){.data = (const uint8_t *)message.data, .size = message.size});
  s_finish(self, item, tracker);
}

static void s_learn_page(joins *self, join *item, tracker *tracker, const hbus_snapshot *page, event_unpacker *events,
                         hbus_bytes data) {
  bool is_last = *page->cursor == '\0';
  if (s_push_part(tracker, item, is_last, HBUS_OK, data) != HBUS_OK) {
    s_fail(self, item, tracker, HBUS_NO_MEMORY, hbus_text_of("no memory for the snapshot"));
    return;
  }
  for (size_t i = 0; i < page->stamp_count; i++) {
    const hbus_stamp *stamp = &page->stamps[i];
    if (stamp->stream != HBUS_STREAM_MARKET && stamp->stream != HBUS_STREAM_PRIVATE) continue;
    if (!s_covers(item, stamp->stream, stamp->topic.data, stamp->topic.size)) continue;
    tracker_stamp(tracker, item->round, stamp, page->epoch, s_body_of(item, page, stamp, events));
  }
  item->epoch = page->epoch;
  memcpy(item->cursor, page->cursor, sizeof(item->cursor));
  if (is_last)
    s_finish(self, item, tracker);
  else
    s_set_state(self, item, JOIN_DUE);
}

void joins_learn(joins *self, uint64_t ticket, tracker *tracker, repair_unpacker *unpacker, event_unpacker *events,
                 const hbus_reply *reply, uint64_t now_ms) {
  join *item = self->first;
  while (item != NULL && (item->state != JOIN_ASKED || item->ticket != ticket))
    item = item->next;
  if (item == NULL) return; /* it was left, or begun anew since */
  hbus_error why = {0};
  hbus_snapshot page;
  bool lost_its_place = reply->code == HBUS_INVALID_REQUEST && *item->cursor != '\0' && item->restarts < RESTARTS_MAX;
  if (reply->status == HBUS_REPLY_OK) {
    hbus_status status = snapshot_reply_unpack(unpacker, reply->data, &page, &why);
    if (status == HBUS_OK)
      s_learn_page(self, item, tracker, &page, events, reply->data);
    else
      s_fail(self, item, tracker, HBUS_INTERNAL, hbus_text_of(why.text));
  } else if (lost_its_place) {
    item->restarts++;
    s_restart(self, item, now_ms);
  } else if (reply->code == HBUS_RATE_LIMITED || reply->code == HBUS_OVERLOADED || reply->code == HBUS_TIMEOUT) {
    s_set_state(self, item, JOIN_DUE);
    item->due_ms = now_ms + AGAIN_MS;
  } else {
    s_fail(self, item, tracker, reply->code, reply->message);
  }
}
