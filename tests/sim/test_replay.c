#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/sim/test_support.h"

#define S_SUBSCRIBE(channel, market)                                                                                   \
  "{\"id\":\"s\",\"type\":\"subscribe\",\"channel\":\"" channel "\",\"exchange\":\"x\",\"market\":\"" market "\"}"
#define S_ASKED "\"exchange\":\"x\",\"market\":\"A-B\""

static const char *const s_frames[] = {
    "{\"type\":\"order_book_update\",\"data\":{\"symbol\":\"A-B\",\"exchange\":\"x\",\"bids\":[[\"9.50\",\"4.0\"]],"
    "\"asks\":[[\"10.00\",\"1.0\"],[\"11.00\",\"5.0\"]],\"timestamp\":1.5}}",
    "{\"type\":\"trade\",\"data\":{\"trade_id\":\"7\",\"symbol\":\"A-B\",\"exchange\":\"x\",\"price\":\"9.75\","
    "\"amount\":\"0.1\",\"side\":\"buy\",\"timestamp\":1.6}}",
    "{\"type\":\"ticker_update\",\"data\":{\"symbol\":\"C-D\",\"exchange\":\"x\",\"bid\":\"1\",\"ask\":\"2\","
    "\"last\":\"1\",\"volume\":\"3\",\"timestamp\":1.7}}",
    "{\"type\":\"order_book_update\",\"data\":{\"symbol\":\"A-B\",\"exchange\":\"x\",\"bids\":[[\"9.00\",\"4.0\"]],"
    "\"asks\":[[\"9.20\",\"2.0\"]],\"timestamp\":1.8}}",
};
static const unsigned s_times_ms[] = {0, 100, 200, 1000};
#define S_FRAME_COUNT 4

/* Writes the recording, gzip or not. The path is the caller's to remove. */
static void s_write(char *path, bool compressed) {
  int file = mkstemp(path);
  gzFile out = gzdopen(file, compressed ? "wb" : "wbT");
  for (size_t i = 0; i < S_FRAME_COUNT; i++)
    gzprintf(out, "{\"t\":%u.%03u,\"frame\":%s}\n", s_times_ms[i] / 1000, s_times_ms[i] % 1000, s_frames[i]);
  gzclose(out);
}

static void s_init(support *self, bool compressed, uint64_t speed_milli, uint64_t wait, uint64_t repeat) {
  char path[] = "test-sim-replay-XXXXXX";
  s_write(path, compressed);
  simulator_options options = support_options();
  options.rate = 100; /* a recording turns the random market off */
  options.replay = (replay_options){.path = path, .speed_milli = speed_milli, .wait = wait, .repeat = repeat};
  support_init(self, &options);
  remove(path);
}

static void s_subscribe(support *self, const char *request) {
  support_send(self, request);
  support_has(support_next(self), "success");
}

static void s_subscribe_all(support *self) {
  s_subscribe(self, S_SUBSCRIBE("order_book", "A-B"));
  s_subscribe(self, S_SUBSCRIBE("trades", "A-B"));
  s_subscribe(self, S_SUBSCRIBE("ticker", "C-D"));
}

Test(replay, keeps_its_own_pace) {
  support s;
  s_init(&s, true, 1000, 3, 1);
  s_subscribe_all(&s);
  support_wait(&s, 0);
  cr_assert_str_eq(support_next(&s), s_frames[0]);
  cr_assert_str_eq(support_next(&s), "");
  support_wait(&s, 99);
  cr_assert_str_eq(support_next(&s), "");
  support_wait(&s, 1);
  cr_assert_str_eq(support_next(&s), s_frames[1]);
  support_wait(&s, 899);
  cr_assert_str_eq(support_next(&s), s_frames[2]);
  cr_assert_str_eq(support_next(&s), "");
  support_wait(&s, 1);
  cr_assert_str_eq(support_next(&s), s_frames[3]);
  cr_assert_str_eq(support_next(&s), "{\"type\":\"info\",\"data\":{\"message\":\"replay finished\",\"frames\":4}}");
  support_wait(&s, 100000);
  cr_assert_str_eq(support_next(&s), "");
  support_free(&s);
}

Test(replay, runs_faster_and_says_when_it_wants_to_be_called) {
  support s;
  s_init(&s, false, 10000, 1, 1);
  s_subscribe_all(&s);
  cr_assert_eq(simulator_tick(&s.sim, SUPPORT_NOW_NS, s.now_ms), 10);
  support_next(&s);
  support_wait(&s, 10);
  cr_assert_str_eq(support_next(&s), s_frames[1]);
  support_free(&s);
}

Test(replay, sends_only_what_was_subscribed) {
  support s;
  s_init(&s, true, 0, 1, 1);
  s_subscribe(&s, S_SUBSCRIBE("trades", "A-B"));
  support_wait(&s, 0);
  cr_assert_str_eq(support_next(&s), s_frames[1]);
  cr_assert_str_eq(support_next(&s), "{\"type\":\"info\",\"data\":{\"message\":\"replay finished\",\"frames\":1}}");
  support_free(&s);
}

Test(replay, waits_for_as_many_subscriptions_as_told) {
  support s;
  s_init(&s, true, 0, 3, 1);
  s_subscribe(&s, S_SUBSCRIBE("trades", "A-B"));
  s_subscribe(&s, S_SUBSCRIBE("order_book", "A-B"));
  support_wait(&s, 5000);
  cr_assert_str_eq(support_next(&s), "");
  s_subscribe(&s, S_SUBSCRIBE("ticker", "C-D"));
  support_wait(&s, 0);
  for (size_t i = 0; i < S_FRAME_COUNT; i++)
    cr_assert_str_eq(support_next(&s), s_frames[i]);
  support_free(&s);
}

Test(replay, stands_still_while_nobody_listens) {
  support s;
  s_init(&s, true, 1000, 1, 1);
  s_subscribe(&s, S_SUBSCRIBE("trades", "A-B"));
  support_wait(&s, 0);
  support_send(&s, "{\"id\":\"u\",\"type\":\"unsubscribe\",\"channel\":\"trades\"," S_ASKED "}");
  support_next(&s);
  support_wait(&s, 5000);
  s_subscribe(&s, S_SUBSCRIBE("trades", "A-B"));
  support_wait(&s, 99);
  cr_assert_str_eq(support_next(&s), "");
  support_wait(&s, 1);
  cr_assert_str_eq(support_next(&s), s_frames[1]);
  support_free(&s);
}

Test(replay, never_fills_a_queue_and_never_drops) {
  support s;
  enum { ROUNDS = 3000 };
  s_init(&s, true, 0, 3, ROUNDS);
  s_subscribe_all(&s);
  size_t frames = 0;
  bool finished = false;
  while (!finished) {
    support_wait(&s, 0);
    cr_assert_leq(s.client->queue_count, REPLAY_QUEUE_MAX + 1);
    cr_assert_gt(s.client->queue_count, 0);
    while (s.client->queue_count > 0 && !finished) {
      const char *frame = support_next(&s);
      finished = strstr(frame, "replay finished") != NULL;
      if (!finished) cr_assert_str_eq(frame, s_frames[frames++ % S_FRAME_COUNT]);
    }
  }
  cr_assert_eq(frames, ROUNDS * S_FRAME_COUNT);
  support_free(&s);
}

Test(replay, orders_meet_the_books_of_the_recording) {
  support s;
  s_init(&s, true, 1000, 3, 1);
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_order_book\"," S_ASKED "}"),
              "\"bids\":[[\"9.50\",\"4.0\"]],\"asks\":[[\"10.00\",\"1.0\"],[\"11.00\",\"5.0\"]]");
  const char *answer = support_ask(&s, "{\"id\":\"1\",\"type\":\"create_order\"," S_ASKED ",\"side\":\"buy\","
                                       "\"order_type\":\"market\",\"amount\":\"2\"}");
  support_has(answer, "\"filled\":\"2.0\"");
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_order_book\"," S_ASKED "}"),
              "\"asks\":[[\"11.00\",\"4.0\"]]");
  support_ask(&s, "{\"id\":\"1\",\"type\":\"create_order\"," S_ASKED ",\"side\":\"buy\",\"order_type\":\"limit\","
                  "\"amount\":\"1\",\"price\":\"9.30\"}");
  s_subscribe_all(&s);
  support_wait(&s, 0);
  support_wait(&s, 1000);
  while (*support_next(&s))
    continue;
  /* The recording now asks 9.20, so the bid of 9.30 is filled when someone looks. */
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_open_orders\"," S_ASKED "}"), "\"data\":[]");
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_ticker\"," S_ASKED "}"), "\"bid\":\"9.00\"");
  world_check(&s.sim.exchanges);
  support_free(&s);
}

Test(replay, says_nothing_of_its_own_about_a_recorded_market) {
  support s;
  s_init(&s, true, 1000, 9, 1);
  s_subscribe_all(&s);
  support_send(&s, "{\"id\":\"1\",\"type\":\"create_order\"," S_ASKED ",\"side\":\"buy\",\"order_type\":\"market\","
                   "\"amount\":\"1\"}");
  support_has(support_next(&s), "\"order_id\"");
  support_has(support_next(&s), "order_update");
  support_has(support_next(&s), "\"id\":\"1\"");
  cr_assert_str_eq(support_next(&s), "");
  support_free(&s);
}
