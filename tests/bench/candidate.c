#include "tests/bench/candidate.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/book_frames.h"

/* A subscription in the configuration is a line of less than this. */
#define LINE_MAX_SIZE 80
#define CONFIG_HEAD   512

/* hbusd's configuration, behind the `upstream` of the rig's; the text is the caller's. What is late under load shall be
 * measured, not given up. */
static char *s_config(size_t markets) {
  size_t size = CONFIG_HEAD + markets * LINE_MAX_SIZE;
  char *text = malloc(size), name[16];
  cr_assert_not_null(text);
  size_t used = (size_t)snprintf(
      text, size, "  request_timeout_ms: 60000\n  hang_up_ms: 60000\n  stale_after_ms: 0\n  subscribe:\n");
  for (size_t i = 0; i < markets; i++)
    used += (size_t)snprintf(text + used, size - used,
                             "    - { exchange: " BOOK_FRAMES_EXCHANGE ", market: %s, channel: order_book }\n",
                             book_frames_market(i, name));
  snprintf(text + used, size - used, "log: { level: error }\n");
  return text;
}

void candidate_open_broker(candidate *self, size_t markets) {
  candidate_open_bounded_broker(self, markets, 0);
}

void candidate_open_bounded_broker(candidate *self, size_t markets, unsigned high_water_mark) {
  *self = (candidate){.feeder = feeder_new(markets), .is_broker = true};
  rig_open(&self->rig);
  self->rig.high_water_mark = high_water_mark;
  snprintf(self->rig.url, sizeof self->rig.url, "%s", feeder_url(self->feeder));
  char *config = s_config(markets);
  rig_start_broker(&self->rig, config);
  free(config);
  self->pid = self->rig.broker.pid;
  hbus_client *client = rig_connect(&self->rig, "bench");
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  hbus_client_destroy(&client);
  feeder_wait_subscriptions(self->feeder, markets);
  listener_open(&self->listener, self->rig.market, "market_data/", listener_event_stamp);
  listener_join(&self->listener, self->feeder);
}

void candidate_open_passthrough(candidate *self, size_t markets) {
  *self = (candidate){.feeder = feeder_new(markets)};
  const char *const arguments[] = {feeder_url(self->feeder), NULL};
  char line[256];
  self->other = process_start(HBUS_BENCH_DIR "/bench_passthrough", arguments, NULL);
  self->pid = self->other.pid;
  cr_assert(process_read_line(&self->other, line, sizeof line), "bench_passthrough did not come up");
  const char *address = strstr(line, "market=");
  cr_assert_not_null(address, "%s", line);
  listener_open(&self->listener, address + strlen("market="), "", listener_frame_stamp);
  listener_join(&self->listener, self->feeder);
}

void candidate_close(candidate *self) {
  listener_close(&self->listener);
  if (self->is_broker) {
    rig_stop(&self->rig);
  } else {
    cr_expect_eq(process_stop(&self->other, SIGTERM), 0);
  }
  feeder_destroy(&self->feeder);
  samples_free(&self->rates);
  samples_free(&self->costs);
}

/* Processor time that it has used so far, of all its threads. */
static uint64_t s_processor_ns(const candidate *self) {
  clockid_t clock;
  struct timespec used;
  cr_assert_eq(clock_getcpuclockid(self->pid, &clock), 0);
  cr_assert_eq(clock_gettime(clock, &used), 0);
  return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

void candidate_flood(candidate *self, uint64_t count) {
  uint64_t before_ns = s_processor_ns(self), start_ns = samples_now_ns();
  feeder_start(self->feeder, FEEDER_FLAT_OUT, count);
  listener_take(&self->listener, count, NULL);
  samples_add(&self->rates, count * 1000000000 / (samples_now_ns() - start_ns));
  samples_add(&self->costs, (s_processor_ns(self) - before_ns) / count);
}

void candidate_pace(candidate *self, uint64_t per_second, uint64_t duration_ms, latency *ages) {
  uint64_t count = per_second * duration_ms / 1000;
  feeder_start(self->feeder, per_second, count);
  listener_take(&self->listener, count, ages);
}

uint64_t candidate_memory_kib(const candidate *self) {
  char path[64], sizes[128]; /* in pages: of the address space, and resident (proc(5)) */
  snprintf(path, sizeof path, "/proc/%d/statm", (int)self->pid);
  FILE *file = fopen(path, "r");
  cr_assert_not_null(file);
  cr_assert_not_null(fgets(sizes, sizeof sizes, file));
  fclose(file);
  return strtoull(strchr(sizes, ' '), NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}
