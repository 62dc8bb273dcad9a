/* A subscriber that does not call the library while 200,000 events are published: what it lost, the last one included,
 * it knows of soon after it goes on, and gets, or is told of with its range (DESIGN, rule 5). */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "tests/bench/book_frames.h"
#include "tests/bench/feeder.h"
#include "tests/bench/samples.h"
#include "tests/integration/rig.h"

#ifndef BURST
#define BURST 200000
#endif
#define KEPT            (BURST / 10) /* events that the subscriber has room for while it does not ask */
#define JOIN_PER_SECOND 200
#define HEARTBEATS      2 /* within which it is known that something is missing */
#define CONFIG_MAX      1024

enum { MARKETS = 4 };

/* A market's book, as the subscriber was shown it. */
typedef struct track {
  uint64_t base; /* the last number before the burst */
  uint64_t last; /* shown, or told of as lost */
  uint64_t shown;
  uint64_t lost;
  uint64_t ended_lost; /* the last number that was told of as lost */
} track;

typedef struct stage {
  rig rig;
  feeder *feeder;
  hbus_client *observer;
  hbus_client *subscriber;
  track tracks[MARKETS];
  uint64_t repaired;
  uint64_t heartbeats;  /* shown since all was read that had come by itself */
  uint64_t known_after; /* ... when it was known that something is missing in each market */
  bool known;
} stage;

static void s_write_config(char *text, unsigned ring_mb) {
  char name[16];
  size_t used = (size_t)snprintf(text, CONFIG_MAX, "  hang_up_ms: 60000\n  stale_after_ms: 0\n  subscribe:\n");
  for (size_t i = 0; i < MARKETS; i++)
    used += (size_t)snprintf(text + used, CONFIG_MAX - used,
                             "    - { exchange: " BOOK_FRAMES_EXCHANGE ", market: %s, channel: order_book }\n",
                             book_frames_market(i, name));
  snprintf(text + used, CONFIG_MAX - used, "events: { ring_mb: %u }\nlog: { level: error }\n", ring_mb);
}

/* --- what the subscriber is shown --- */

static track *s_track_of(stage *self, const char *topic) {
  for (unsigned i = 0; i < MARKETS; i++) {
    char market[16];
    hbus_topic its;
    hbus_topic_order_book(BOOK_FRAMES_EXCHANGE, book_frames_market(i, market), &its);
    if (strcmp(its.text, topic) == 0) return &self->tracks[i];
  }
  return NULL;
}

static void s_take_event(stage *self, const hbus_message *message) {
  if (message->event.kind == HBUS_KIND_HEARTBEAT) self->heartbeats++;
  track *its = s_track_of(self, message->topic);
  if (!its) return;
  cr_assert(its->last == 0 || message->event.seq == its->last + 1, "%s: %" PRIu64 " after %" PRIu64, message->topic,
            message->event.seq, its->last);
  its->last = message->event.seq;
  its->shown++;
  if (!self->known) self->heartbeats = 0;
}

static void s_take_notice(stage *self, const hbus_message *message) {
  const hbus_stream_notice *notice = &message->notice;
  track *its = s_track_of(self, message->topic);
  if (!its) return;
  if (notice->kind == HBUS_NOTICE_REPAIRED) self->repaired += notice->to - notice->from + 1;
  if (notice->kind != HBUS_NOTICE_LOST) return;
  cr_assert_eq(notice->from, its->last + 1, "%s: lost from %" PRIu64 " after %" PRIu64, message->topic, notice->from,
               its->last);
  its->last = its->ended_lost = notice->to;
  its->lost += notice->to - notice->from + 1;
}

/* The library counts a gap of a topic as soon as it knows of it. */
static void s_note_known(stage *self) {
  hbus_client_stats stats;
  if (self->known) return;
  hbus_client_get_stats(self->subscriber, &stats);
  self->known = stats.gaps >= MARKETS;
  self->known_after = self->heartbeats;
}

/* Takes what is there. False: nothing is. */
static bool s_read_now(stage *self) {
  hbus_message message;
  if (hbus_client_next(self->subscriber, 0, &message) == HBUS_TIMEOUT) return false;
  if (message.kind == HBUS_MESSAGE_EVENT) s_take_event(self, &message);
  if (message.kind == HBUS_MESSAGE_NOTICE) s_take_notice(self, &message);
  s_note_known(self);
  return true;
}

/* Takes the next one, or waits a while for there to be one. */
static void s_read(stage *self) {
  if (s_read_now(self)) return;
  struct pollfd ready = {.fd = hbus_client_fd(self->subscriber), .events = POLLIN};
  cr_assert_gt(poll(&ready, 1, PROCESS_PATIENCE_MS), 0, "events stand still");
}

static uint64_t s_sum_last(const stage *self) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < MARKETS; i++)
    sum += self->tracks[i].last;
  return sum;
}

/* --- the course of it --- */

/* Upstream starts when the subscriber watches, and all of it is shown: numbers begin with 1. */
static void s_join(stage *self) {
  cr_assert_eq(hbus_client_watch(self->subscriber, "", NULL), HBUS_OK);
  feeder_start(self->feeder, JOIN_PER_SECOND, FEEDER_FOR_EVER);
  bool all = false;
  while (!all) {
    s_read(self);
    all = true;
    for (unsigned i = 0; i < MARKETS; i++)
      all &= self->tracks[i].shown > 0;
  }
  feeder_stop(self->feeder);
  uint64_t sent = feeder_sent(self->feeder);
  while (s_sum_last(self) < sent)
    s_read(self);
  for (unsigned i = 0; i < MARKETS; i++)
    self->tracks[i] = (track){.base = self->tracks[i].last, .last = self->tracks[i].last};
}

static hbus_client *s_connect(const rig *rig) {
  hbus_options options;
  hbus_client *client = NULL;
  hbus_error error;
  hbus_options_init(&options);
  options.commands_endpoint = rig->commands;
  options.market_endpoint = rig->market;
  options.private_endpoint = rig->private_;
  options.name = "subscriber";
  options.recover_orders = false;
  options.high_water_mark = KEPT;
  options.connect_timeout_ms = options.request_timeout_ms = PROCESS_PATIENCE_MS;
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_OK, "%s", error.text);
  return client;
}

static void s_open(stage *self, unsigned ring_mb, unsigned high_water_mark) {
  char config[CONFIG_MAX];
  *self = (stage){.feeder = feeder_new(MARKETS)};
  s_write_config(config, ring_mb);
  rig_open(&self->rig);
  self->rig.high_water_mark = high_water_mark;
  snprintf(self->rig.url, sizeof self->rig.url, "%s", feeder_url(self->feeder));
  rig_start_broker(&self->rig, config);
  self->observer = rig_connect(&self->rig, "observer");
  rig_wait_link(self->observer, HBUS_LINK_CONNECTED);
  feeder_wait_subscriptions(self->feeder, MARKETS);
  self->subscriber = s_connect(&self->rig);
  s_join(self);
}

static void s_close(stage *self) {
  hbus_client_destroy(&self->subscriber);
  hbus_client_destroy(&self->observer);
  rig_stop(&self->rig);
  feeder_destroy(&self->feeder);
}

/* Returns when the broker has published all of it. */
static void s_burst(stage *self) {
  uint64_t frames = rig_counter(self->observer, "upstream_frames");
  self->known = false;
  feeder_start(self->feeder, FEEDER_FLAT_OUT, BURST);
  rig_wait_number(self->observer, "counters.upstream_frames", frames + BURST);
}

static void s_go_on(stage *self, const char *title) {
  uint64_t began_ns = samples_now_ns(), shown = 0, lost = 0, sent = feeder_sent(self->feeder);
  self->heartbeats = 0;
  while (s_sum_last(self) < sent)
    s_read(self);
  while (s_read_now(self)) {
  } /* the notice of the last repair stands behind what it got */
  for (unsigned i = 0; i < MARKETS; i++) {
    shown += self->tracks[i].shown;
    lost += self->tracks[i].lost;
  }
  printf("%s: of %d events %" PRIu64 " shown (%" PRIu64 " by repair), %" PRIu64 " told of as lost;\n"
         "  known after %" PRIu64 " heartbeats, all of it %.1f s after the subscriber went on\n",
         title, BURST, shown, self->repaired, lost, self->known_after, (double)(samples_now_ns() - began_ns) / 1e9);
  fflush(stdout);
  cr_expect_eq(shown + lost, BURST);
  cr_expect(self->known);
  cr_expect_leq(self->known_after, HEARTBEATS);
}

Test(burst, all_that_was_missed_is_repaired) {
  stage stage;
  s_open(&stage, 256, 1000);
  s_burst(&stage);
  s_go_on(&stage, "ring of 256 MiB");
  cr_expect_gt(stage.repaired, 0);
  for (unsigned i = 0; i < MARKETS; i++)
    cr_expect_eq(stage.tracks[i].lost, 0);
  s_close(&stage);
}

Test(burst, what_the_ring_has_no_more_is_told_with_its_range) {
  stage stage;
  s_open(&stage, 8, 1000);
  s_burst(&stage);
  s_go_on(&stage, "ring of 8 MiB");
  cr_expect_gt(stage.repaired, 0);
  for (unsigned i = 0; i < MARKETS; i++) {
    cr_expect_gt(stage.tracks[i].lost, 0);
    cr_expect_lt(stage.tracks[i].ended_lost, stage.tracks[i].last, "the last ones are in the ring");
  }
  s_close(&stage);
}

Test(burst, without_a_ring_the_last_one_is_told_of_too) {
  stage stage;
  s_open(&stage, 0, 1000);
  s_burst(&stage);
  s_go_on(&stage, "no ring");
  cr_expect_eq(stage.repaired, 0);
  for (unsigned i = 0; i < MARKETS; i++)
    cr_expect_eq(stage.tracks[i].ended_lost, stage.tracks[i].base + BURST / MARKETS);
  s_close(&stage);
}
