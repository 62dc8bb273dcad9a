#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/tool/json.h"
#include "client/tool/peer.h"
#include "hbus/calls.h"

#define KEPT_MAX 100000 /* round trips that the summary at the end looks at */

static uint64_t s_now_ns(clockid_t clock) {
  struct timespec now;
  (void)clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Microseconds as milliseconds with three digits. */
#define MS(us) (us) / 1000, (us) % 1000

static void s_print(const arguments *arguments, uint64_t us, uint64_t broker_ms, int64_t ahead_ms) {
  if (!arguments->json) {
    (void)printf("pong in %" PRIu64 ".%03" PRIu64 " ms, the broker's clock minus ours is %" PRId64 " ms\n", MS(us),
                 ahead_ms);
    return;
  }
  buffer text;
  json_writer writer;
  buffer_init(&text, 4096);
  json_writer_init(&writer, &text);
  json_begin_object(&writer);
  json_key(&writer, "round_trip_us");
  json_unsigned(&writer, us);
  json_key(&writer, "now");
  json_unsigned(&writer, broker_ms);
  json_key(&writer, "ahead_ms");
  json_signed(&writer, ahead_ms);
  json_end_object(&writer);
  json_print_buffer(&text);
  buffer_free(&text);
}

static int s_compare(const void *a, const void *b) {
  uint64_t x, y;
  memcpy(&x, a, sizeof(x));
  memcpy(&y, b, sizeof(y));
  return x < y ? -1 : x > y;
}

static void s_print_summary(uint64_t *us, size_t count) {
  qsort(us, count, sizeof(*us), s_compare);
  (void)printf("%zu round trips: least %" PRIu64 ".%03" PRIu64 " ms, median %" PRIu64 ".%03" PRIu64 " ms, most %" PRIu64
               ".%03" PRIu64 " ms\n",
               count, MS(us[0]), MS(us[count / 2]), MS(us[count - 1]));
}

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_client *client = NULL;
  outcome outcome = peer_connect(self, arguments, false, &client);
  if (outcome != OUTCOME_DONE) return outcome;
  uint64_t count = arguments->count == 0 ? 1 : arguments->count;
  size_t kept_max = count < KEPT_MAX ? (size_t)count : KEPT_MAX, kept = 0;
  uint64_t *round_trips_us = calloc(kept_max, sizeof(*round_trips_us));
  for (uint64_t i = 0; i < count && outcome == OUTCOME_DONE && peer_flush(); i++) {
    uint64_t started_ns = s_now_ns(CLOCK_MONOTONIC), broker_ms = 0;
    hbus_error error = {0};
    if (hbus_ping(client, 0, &broker_ms, &error) != HBUS_OK) {
      outcome = peer_report(self, &error);
      break;
    }
    uint64_t us = (s_now_ns(CLOCK_MONOTONIC) - started_ns) / 1000;
    if (round_trips_us != NULL && kept < kept_max) round_trips_us[kept++] = us;
    s_print(arguments, us, broker_ms, (int64_t)(broker_ms - s_now_ns(CLOCK_REALTIME) / 1000000));
  }
  if (kept > 1 && !arguments->json) s_print_summary(round_trips_us, kept);
  free(round_trips_us);
  hbus_client_destroy(&client);
  return outcome;
}

const verb verb_ping = {.name = "ping",
                        .parameters = "",
                        .summary = "Whether the broker answers, how fast, and what its clock says",
                        .options = ARGUMENT_COUNT,
                        .run = s_run};
