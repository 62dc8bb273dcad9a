#include "broker/event/ring.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(ring, .timeout = 60);

static void s_put(ring *ring, ring_track *track, uint64_t seq, const void *body, size_t size) {
  ring_put(ring, track, seq, 1000 + seq, (hbus_bytes){.data = body, .size = size});
}

static void s_expect(const ring *ring, const ring_track *track, uint64_t seq, const char *text) {
  hbus_bytes body;
  cr_assert(ring_get(ring, track, seq, &body), "%llu is gone", (unsigned long long)seq);
  cr_expect_eq(body.size, strlen(text));
  cr_expect_eq(memcmp(body.data, text, body.size), 0);
}

Test(ring, gives_back_what_was_put_into_each_topic) {
  ring *ring = ring_new(4096);
  ring_track a = {0}, b = {0};
  hbus_bytes body;
  cr_expect_not(ring_get(ring, &a, 1, &body));
  s_put(ring, &a, 1, "first of a", 10);
  s_put(ring, &b, 7, "seventh of b", 12);
  s_put(ring, &a, 2, "", 0);
  s_expect(ring, &a, 1, "first of a");
  s_expect(ring, &a, 2, "");
  s_expect(ring, &b, 7, "seventh of b");
  cr_expect_not(ring_get(ring, &a, 3, &body));
  cr_expect_not(ring_get(ring, &b, 6, &body));
  ring_destroy(&ring);
  ring_track_free(&a);
  ring_track_free(&b);
}

Test(ring, keeps_no_holes) {
  ring *ring = ring_new(4096);
  ring_track track = {0};
  hbus_bytes body;
  char *large = calloc(1, 4096);
  s_put(ring, &track, 1, "one", 3);
  s_put(ring, &track, 3, "three", 5);
  cr_expect_not(ring_get(ring, &track, 1, &body));
  s_expect(ring, &track, 3, "three");
  s_put(ring, &track, 4, large, 4096); /* does not fit at all */
  cr_expect_not(ring_get(ring, &track, 3, &body));
  cr_expect_not(ring_get(ring, &track, 4, &body));
  s_put(ring, &track, 5, "five", 4);
  s_expect(ring, &track, 5, "five");
  free(large);
  ring_destroy(&ring);
  ring_track_free(&track);
}

enum { TOPICS = 5, EVENTS = 200000, CAPACITY = 50000 };

static void s_text(char out[256], unsigned topic, uint64_t seq) {
  int size = snprintf(out, 256, "%u/%llu/", topic, (unsigned long long)seq);
  size_t more = (seq * 31 + topic * 7) % 200;
  memset(out + size, 'x', more);
  out[size + more] = 0;
}

/* What is kept of each topic is its newest, without a hole, whatever the sizes; and the memory is used. */
Test(ring, keeps_the_newest_of_all) {
  ring *ring = ring_new(CAPACITY);
  ring_track tracks[TOPICS] = {0};
  char text[256];
  unsigned seed = 1;
  for (unsigned i = 0; i < EVENTS; i++) {
    unsigned topic = (unsigned)rand_r(&seed) % TOPICS;
    uint64_t seq = tracks[topic].last + 1;
    s_text(text, topic, seq);
    s_put(ring, &tracks[topic], seq, text, strlen(text));
    cr_assert_leq(ring_used(ring), CAPACITY);
    s_expect(ring, &tracks[topic], seq, text);
    if (i % 997) continue;
    for (unsigned t = 0; t < TOPICS; t++) {
      for (uint64_t s = tracks[t].first; s <= tracks[t].last && s; s++) {
        s_text(text, t, s);
        s_expect(ring, &tracks[t], s, text);
      }
    }
  }
  uint64_t kept = 0;
  for (unsigned t = 0; t < TOPICS; t++)
    kept += tracks[t].last - tracks[t].first + 1;
  cr_expect_gt(kept, CAPACITY / 300, "only %llu", (unsigned long long)kept);
  cr_expect_gt(ring_used(ring), CAPACITY - 1000);
  ring_destroy(&ring);
  for (unsigned t = 0; t < TOPICS; t++)
    ring_track_free(&tracks[t]);
}
