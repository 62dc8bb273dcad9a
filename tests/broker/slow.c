/* Readers that fall behind, told by what they say that they have been shown. */
#include "broker/event/slow.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/limits.h"
#include "tests/broker/event_stage.h"

#define SLOW_EVENTS 10
#define NOW_MS      1000000
#define TOPIC       "market_data/ticker/binance/M1/"
#define OTHER_TOPIC "market_data/ticker/binance/M2/"

TestSuite(slow, .timeout = 60);

typedef struct scene {
  event_stage *at;
  slow_readers *slow;
  slow_reader *reader;
  FILE *log_file;
  char *log_text;
  size_t log_size;
  logger *log;
} scene;

static void s_open(scene *self) {
  *self = (scene){.at = event_stage_new_with(100)};
  self->log_file = open_memstream(&self->log_text, &self->log_size);
  self->log = log_new(self->log_file, LOG_LEVEL_INFO, LOG_TEXT);
  const slow_parts parts = {
      .publisher = self->at->publisher, .log = self->log, .counters = &self->at->counters, .slow_events = SLOW_EVENTS};
  self->slow = slow_readers_new(&self->at->loop, &parts);
}

static void s_close(scene *self) {
  slow_readers_destroy(&self->slow);
  event_stage_destroy(&self->at);
  log_destroy(&self->log);
  fclose(self->log_file);
  free(self->log_text);
}

static void s_publish(scene *self, unsigned market, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    hbus_event event = {.type = HBUS_EVENT_MARKET_DATA, .kind = HBUS_KIND_TICKER_UPDATE, .src = "hummingbot"};
    snprintf(event.data.ticker.exchange, sizeof event.data.ticker.exchange, "binance");
    snprintf(event.data.ticker.market, sizeof event.data.ticker.market, "M%u", market);
    publisher_publish(self->at->publisher, &event, NULL);
  }
}

static hbus_stamp s_ack(const char *topic, uint64_t seq) {
  return (hbus_stamp){.stream = HBUS_STREAM_MARKET, .topic = hbus_text_of(topic), .seq = seq};
}

static void s_report(scene *self, const char *topic, uint64_t seq) {
  const hbus_stamp ack = s_ack(topic, seq);
  slow_readers_report(self->slow, &self->reader, "alice", &ack, 1, NOW_MS);
}

static bool s_logs(const scene *self, const char *text) {
  fflush(self->log_file);
  return strstr(self->log_text, text) != NULL;
}

/* The next event of system/slow/ on that stream. */
static hbus_slow s_next(scene *self, hbus_stream stream) {
  hbus_event event;
  do {
    event_stage_next(self->at, &event);
  } while (event.kind != HBUS_KIND_SLOW || self->at->stream != stream);
  return event.data.slow;
}

static void s_expect_told(scene *self, const char *topic, uint64_t lag) {
  const char *const names[HBUS_STREAM_COUNT] = {[HBUS_STREAM_MARKET] = "", [HBUS_STREAM_PRIVATE] = "alice"};
  for (hbus_stream stream = HBUS_STREAM_MARKET; stream < HBUS_STREAM_COUNT; stream++) {
    hbus_slow slow = s_next(self, stream);
    cr_expect_str_eq(slow.name, names[stream], "names are private");
    cr_expect_eq(slow.stream, HBUS_STREAM_MARKET);
    cr_expect(slow.topic.size == strlen(topic) && memcmp(slow.topic.data, topic, slow.topic.size) == 0);
    cr_expect_eq(slow.lag, lag);
    cr_expect_neq(slow.since_ns, 0);
  }
}

static uint64_t s_told(const scene *self) {
  const numbered_topic *topic =
      sequence_find(publisher_topics(self->at->publisher, HBUS_STREAM_PRIVATE), "system/slow/");
  return topic ? topic->last : 0;
}

Test(slow, a_reader_that_falls_behind_is_told_of_once_and_once_more_when_it_has_caught_up) {
  scene self;
  s_open(&self);
  s_publish(&self, 1, 20);
  s_report(&self, TOPIC, 10);
  cr_expect_eq(s_told(&self), 0, "as many as may be");
  s_report(&self, TOPIC, 9);
  s_expect_told(&self, TOPIC, 11);
  cr_expect(s_logs(&self, "alice is 11 events behind on " TOPIC " (market)"));
  cr_expect_eq(slow_readers_count(self.slow), 1);
  cr_expect_eq(self.at->counters.readers_slow, 1);
  s_publish(&self, 1, 100);
  s_report(&self, TOPIC, 12);
  s_report(&self, TOPIC, 114);
  cr_expect_eq(s_told(&self), 1, "six behind is not caught up, nor said again");
  s_report(&self, TOPIC, 115);
  s_expect_told(&self, TOPIC, 0);
  cr_expect(s_logs(&self, "alice has caught up on " TOPIC " (market)"));
  cr_expect_eq(slow_readers_count(self.slow), 0);
  cr_expect_eq(s_told(&self), 2);
  s_close(&self);
}

static void s_keep(void *arg, const hbus_slow *slow) {
  hbus_slow **out = arg;
  *(*out)++ = *slow;
}

Test(slow, it_is_named_with_the_topic_that_it_is_furthest_behind_on) {
  scene self;
  s_open(&self);
  s_publish(&self, 1, 20);
  s_publish(&self, 2, 30);
  const hbus_stamp acks[] = {s_ack(TOPIC, 1), s_ack(OTHER_TOPIC, 5), s_ack("market_data/ticker/binance/M9/", 0)};
  slow_readers_report(self.slow, &self.reader, "alice", acks, 3, NOW_MS);
  s_expect_told(&self, OTHER_TOPIC, 25);
  s_publish(&self, 1, 10);
  hbus_slow listed[2], *end = listed;
  slow_readers_each(self.slow, 2, s_keep, &end);
  cr_assert_eq(end - listed, 1);
  cr_expect_str_eq(listed[0].name, "alice");
  cr_expect_eq(listed[0].lag, 29, "on the other one by now");
  cr_expect_eq(memcmp(listed[0].topic.data, TOPIC, listed[0].topic.size), 0);
  end = listed;
  slow_readers_each(self.slow, 0, s_keep, &end);
  cr_expect_eq(end, listed);
  s_close(&self);
}

Test(slow, a_number_of_another_epoch_is_no_lag) {
  scene self;
  s_open(&self);
  s_publish(&self, 1, 20);
  s_report(&self, TOPIC, 5000);
  cr_expect_eq(slow_readers_count(self.slow), 0);
  s_close(&self);
}

/* What a live reader said a moment ago says nothing about now; what one that is silent said is all there is. */
Test(slow, one_that_has_gone_silent_is_found) {
  scene self;
  s_open(&self);
  s_publish(&self, 1, 20);
  s_report(&self, TOPIC, 20);
  s_publish(&self, 1, 20);
  cr_expect_not(slow_readers_look(self.slow, NOW_MS + SLOW_SILENCE_MS - 1));
  cr_expect_eq(slow_readers_count(self.slow), 0);
  cr_expect_not(slow_readers_look(self.slow, NOW_MS + SLOW_SILENCE_MS));
  cr_expect_eq(slow_readers_count(self.slow), 1);
  s_expect_told(&self, TOPIC, 20);
  s_close(&self);
}

Test(slow, a_reader_that_reports_no_more_has_nothing_to_catch_up_on) {
  scene self;
  s_open(&self);
  s_publish(&self, 1, 20);
  s_report(&self, TOPIC, 1);
  s_expect_told(&self, TOPIC, 19);
  slow_readers_report(self.slow, &self.reader, "alice", NULL, 0, NOW_MS);
  s_expect_told(&self, TOPIC, 0);
  s_close(&self);
}

Test(slow, a_connection_that_ends_is_forgotten) {
  scene self;
  s_open(&self);
  slow_reader *others[3] = {0};
  s_publish(&self, 1, 20);
  const hbus_stamp ack = s_ack(TOPIC, 1);
  for (size_t i = 0; i < 3; i++)
    slow_readers_report(self.slow, &others[i], "bob", &ack, 1, NOW_MS);
  cr_expect_eq(slow_readers_count(self.slow), 3);
  slow_readers_forget(self.slow, &others[1]);
  cr_expect_null(others[1]);
  slow_readers_forget(self.slow, &others[0]);
  slow_readers_forget(self.slow, &others[2]);
  slow_readers_forget(self.slow, &self.reader); /* it never reported */
  cr_expect_eq(slow_readers_count(self.slow), 0);
  cr_expect_not(slow_readers_look(self.slow, NOW_MS + SLOW_SILENCE_MS));
  s_close(&self);
}

/* A turn looks at so many; the next one goes on, also past a connection that has ended meanwhile. */
Test(slow, many_are_looked_at_in_several_turns) {
  enum { READERS = 2 * LIMIT_SLOW_TOLD + 10 };
  scene self;
  s_open(&self);
  s_publish(&self, 1, 1);
  const hbus_stamp ack = s_ack(TOPIC, 1);
  slow_reader *readers[READERS] = {0};
  for (size_t i = 0; i < READERS; i++)
    slow_readers_report(self.slow, &readers[i], "bob", &ack, 1, NOW_MS);
  s_publish(&self, 1, 20);
  uint64_t now_ms = NOW_MS + SLOW_SILENCE_MS;
  cr_expect(slow_readers_look(self.slow, now_ms));
  cr_expect_eq(slow_readers_count(self.slow), LIMIT_SLOW_TOLD);
  slow_readers_forget(self.slow, &readers[LIMIT_SLOW_TOLD]);
  cr_expect(slow_readers_look(self.slow, now_ms));
  cr_expect_not(slow_readers_look(self.slow, now_ms));
  cr_expect_eq(slow_readers_count(self.slow), READERS - 1);
  s_close(&self);
}

Test(slow, what_is_remembered_is_bounded) {
  enum { READERS = LIMIT_ACKS / HBUS_ACKS_MAX };
  scene self;
  s_open(&self);
  s_publish(&self, 1, 20);
  hbus_stamp acks[HBUS_ACKS_MAX];
  for (size_t i = 0; i < HBUS_ACKS_MAX; i++)
    acks[i] = s_ack(TOPIC, 20);
  slow_reader **readers = calloc(READERS, sizeof *readers);
  for (size_t i = 0; i < READERS; i++)
    slow_readers_report(self.slow, &readers[i], "bob", acks, HBUS_ACKS_MAX, NOW_MS);
  cr_expect_eq(self.at->counters.acks_unkept, 0);
  acks[0].seq = 0;
  slow_readers_report(self.slow, &self.reader, "alice", acks, HBUS_ACKS_MAX, NOW_MS);
  cr_expect_eq(self.at->counters.acks_unkept, 1);
  cr_expect_eq(slow_readers_count(self.slow), 0);
  slow_readers_forget(self.slow, &readers[0]);
  slow_readers_report(self.slow, &self.reader, "alice", acks, HBUS_ACKS_MAX, NOW_MS);
  cr_expect_eq(slow_readers_count(self.slow), 1);
  free(readers);
  s_close(&self);
}
