/* What a heartbeat names, and in how many parts. */
#include "broker/event/heartbeat.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/broker/event_stage.h"

#define INTERVAL_MS 3600000 /* it beats by hand alone */
#define TOPICS      10000

TestSuite(heartbeat, .timeout = 60);

typedef struct scene {
  event_stage *at;
  heartbeat *heartbeat;
} scene;

/* The stage's own events have moved a topic: a first beat names it. */
static scene s_open(void) {
  scene self = {.at = event_stage_new_with(TOPICS)};
  self.heartbeat = heartbeat_new(&self.at->loop, self.at->publisher, INTERVAL_MS, &self.at->counters);
  cr_assert_not_null(self.heartbeat);
  hbus_event event;
  heartbeat_beat(self.heartbeat);
  event_stage_next(self.at, &event);
  event_stage_next(self.at, &event);
  return self;
}

static void s_close(scene *self) {
  heartbeat_destroy(&self->heartbeat);
  event_stage_destroy(&self->at);
}

static void s_publish_ticker(scene *self, unsigned market) {
  hbus_event event = {.type = HBUS_EVENT_MARKET_DATA, .kind = HBUS_KIND_TICKER_UPDATE, .src = "hummingbot"};
  snprintf(event.data.ticker.exchange, sizeof event.data.ticker.exchange, "binance");
  snprintf(event.data.ticker.market, sizeof event.data.ticker.market, "M%u", market);
  publisher_publish(self->at->publisher, &event, NULL);
}

static void s_next(scene *self, hbus_stream stream, hbus_event *out) {
  do {
    event_stage_next(self->at, out);
  } while (out->kind != HBUS_KIND_HEARTBEAT || self->at->stream != stream);
}

static void s_expect_topic(const hbus_event *event, size_t at, const char *topic, uint64_t seq) {
  const hbus_heartbeat *heartbeat = &event->data.heartbeat;
  cr_assert_lt(at, heartbeat->topic_count);
  const hbus_sequence *named = &heartbeat->topics[at];
  cr_expect(named->topic.size == strlen(topic) && memcmp(named->topic.data, topic, named->topic.size) == 0, "%.*s",
            (int)named->topic.size, named->topic.data);
  cr_expect_eq(named->seq, seq);
}

Test(heartbeat, names_what_has_moved_and_nothing_else) {
  scene self = s_open();
  hbus_event event;
  s_publish_ticker(&self, 1);
  s_publish_ticker(&self, 2);
  s_publish_ticker(&self, 1);
  heartbeat_beat(self.heartbeat);
  s_next(&self, HBUS_STREAM_MARKET, &event);
  cr_expect_eq(event.type, HBUS_EVENT_SYSTEM);
  cr_expect_eq(event.data.heartbeat.part, 1);
  cr_expect_eq(event.data.heartbeat.parts, 1);
  cr_expect_eq(event.data.heartbeat.interval_ms, INTERVAL_MS);
  cr_expect_eq(event.data.heartbeat.topic_count, 2);
  s_expect_topic(&event, 0, "market_data/ticker/binance/M1/", 2);
  s_expect_topic(&event, 1, "market_data/ticker/binance/M2/", 1);
  cr_expect_eq(heartbeat_topics(self.heartbeat, HBUS_STREAM_MARKET), 2);
  cr_expect_eq(heartbeat_topics(self.heartbeat, HBUS_STREAM_PRIVATE), 0);

  s_publish_ticker(&self, 2);
  heartbeat_beat(self.heartbeat);
  s_next(&self, HBUS_STREAM_MARKET, &event);
  cr_expect_eq(event.data.heartbeat.topic_count, 1);
  s_expect_topic(&event, 0, "market_data/ticker/binance/M2/", 2);
  s_close(&self);
}

Test(heartbeat, names_what_moved_on_its_own_stream) {
  scene self = s_open();
  hbus_event event = {.type = HBUS_EVENT_ORDER_UPDATE, .kind = HBUS_KIND_ORDER_UPDATE, .src = "hbusd"};
  event.data.order = event_stage_order("X1", HBUS_OPEN);
  event.origin = HBUS_PUSHED;
  event.rev = 1;
  publisher_publish(self.at->publisher, &event, NULL);
  heartbeat_beat(self.heartbeat);
  s_next(&self, HBUS_STREAM_PRIVATE, &event);
  cr_expect_eq(event.data.heartbeat.topic_count, 1);
  s_expect_topic(&event, 0, "order_update/binance/ETH-USDT/", 1);
  cr_expect_eq(heartbeat_topics(self.heartbeat, HBUS_STREAM_MARKET), 0);
  s_close(&self);
}

/* Also when it says nothing it is numbered: who misses one knows. */
Test(heartbeat, comes_when_nothing_has_moved) {
  scene self = s_open();
  hbus_event first, event;
  for (hbus_stream stream = HBUS_STREAM_MARKET; stream < HBUS_STREAM_COUNT; stream++) {
    heartbeat_beat(self.heartbeat);
    s_next(&self, stream, &first);
    cr_expect_eq(first.data.heartbeat.topic_count, 0);
    cr_expect_eq(first.data.heartbeat.parts, 1);
    heartbeat_beat(self.heartbeat);
    s_next(&self, stream, &event);
    cr_expect_eq(event.seq, first.seq + 1);
  }
  s_close(&self);
}

Test(heartbeat, comes_in_numbered_parts_when_large) {
  scene self = s_open();
  const unsigned moved = 2 * HBUS_HEARTBEAT_TOPICS_MAX + 1;
  unsigned named = 0;
  for (unsigned i = 0; i < moved; i++)
    s_publish_ticker(&self, i);
  heartbeat_beat(self.heartbeat);
  for (unsigned part = 1; part <= 3; part++) {
    hbus_event event;
    s_next(&self, HBUS_STREAM_MARKET, &event);
    cr_expect_eq(event.seq, 1 + part, "the stage has heard one");
    cr_expect_eq(event.data.heartbeat.part, part);
    cr_expect_eq(event.data.heartbeat.parts, 3);
    cr_expect_eq(event.data.heartbeat.topic_count, part < 3 ? HBUS_HEARTBEAT_TOPICS_MAX : 1);
    for (size_t i = 0; i < event.data.heartbeat.topic_count; i++) {
      char topic[64];
      snprintf(topic, sizeof topic, "market_data/ticker/binance/M%u/", named++);
      s_expect_topic(&event, i, topic, 1);
    }
  }
  cr_expect_eq(named, moved);
  s_close(&self);
}

Test(heartbeat, beats_by_itself) {
  scene self = s_open();
  heartbeat *fast = heartbeat_new(&self.at->loop, self.at->publisher, 1, &self.at->counters);
  hbus_event event;
  s_next(&self, HBUS_STREAM_MARKET, &event);
  cr_expect_eq(event.data.heartbeat.interval_ms, 1);
  s_next(&self, HBUS_STREAM_PRIVATE, &event);
  cr_expect_eq(event.data.heartbeat.interval_ms, 1);
  heartbeat_destroy(&fast);
  s_close(&self);
}

/* Other topics may fill the table: it has its place already. */
Test(heartbeat, has_a_place_where_topics_are_many) {
  event_stage *at = event_stage_new_with(3); /* system/link/ has one */
  heartbeat *heartbeat = heartbeat_new(&at->loop, at->publisher, INTERVAL_MS, &at->counters);
  scene self = {.at = at, .heartbeat = heartbeat};
  hbus_event event;
  s_publish_ticker(&self, 1);
  s_publish_ticker(&self, 2);
  cr_expect_eq(at->counters.events_unpublishable, 1);
  heartbeat_beat(heartbeat);
  s_next(&self, HBUS_STREAM_MARKET, &event);
  cr_expect_eq(event.seq, 1);
  s_close(&self);
}

/* A heartbeat is worth nothing later. */
Test(heartbeat, is_not_kept) {
  scene self = s_open();
  hbus_bytes body;
  for (hbus_stream stream = HBUS_STREAM_MARKET; stream < HBUS_STREAM_COUNT; stream++) {
    const numbered_topic *topic = sequence_find(publisher_topics(self.at->publisher, stream), "system/heartbeat/");
    cr_assert_not_null(topic);
    cr_expect_eq(topic->last, 1);
    cr_expect_not(publisher_recall(self.at->publisher, stream, topic, 1, &body));
  }
  s_close(&self);
}
