/* What one subscriber that was stopped costs the others, and in memory: two brokers with 64 subscribers each, of which
 * one of the first is stopped (SIGSTOP) all the time, until as much waits for it as may. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>

#include "tests/bench/crowd.h"
#include "tests/bench/scale.h"
#include "tests/bench/table.h"

#define MARKETS        10
#define CROWD          62 /* and the candidate's own listener, and one that may be stopped */
#define PER_SECOND     200
#define P99_BAR        1.10
#define AHEAD_MAX      1000
#define EVENT_OVERHEAD 512 /* bytes in memory beside topic and body: what libzmq and malloc keep of two frames */

typedef struct side {
  candidate broker;
  crowd crowd;
  process subscriber;
  latency ages;
} side;

typedef struct stage {
  const scale *scale;
  uint64_t high_water_mark;
  side with;    /* one of them stopped */
  side without; /* all run */
} stage;

static void s_open_side(side *self, uint64_t high_water_mark) {
  char line[16];
  candidate_open_bounded_broker(&self->broker, MARKETS, (unsigned)high_water_mark);
  crowd_open(&self->crowd, &self->broker, CROWD);
  const char *const arguments[] = {self->broker.rig.market, "market_data/", NULL};
  self->subscriber = process_start(HBUS_BENCH_DIR "/bench_subscriber", arguments, NULL);
  do { /* until it has one */
    crowd_flood(&self->crowd, 1, 1);
  } while (!process_has_output(&self->subscriber));
  cr_assert(process_read_line(&self->subscriber, line, sizeof line), "bench_subscriber did not come up");
}

static void s_close_side(side *self) {
  process_stop(&self->subscriber, SIGKILL);
  crowd_close(&self->crowd);
  candidate_close(&self->broker);
  latency_free(&self->ages);
}

static void s_open(stage *self) {
  *self = (stage){.scale = scale_chosen()};
  self->high_water_mark = self->scale->events / 4;
  s_open_side(&self->with, self->high_water_mark);
  s_open_side(&self->without, self->high_water_mark);
  kill(self->with.subscriber.pid, SIGSTOP);
}

/* More than may wait, beside what the kernel holds. */
static void s_fill(stage *self) {
  uint64_t count = self->scale->events, ahead = self->high_water_mark / 2;
  if (ahead > AHEAD_MAX) ahead = AHEAD_MAX;
  crowd_flood(&self->with.crowd, count, ahead);
  crowd_flood(&self->without.crowd, count, ahead);
}

/* Each side goes first in every other round. */
static void s_measure_round(stage *self, size_t round) {
  uint64_t count = PER_SECOND * self->scale->pace_ms / 1000;
  side *sides[] = {&self->with, &self->without};
  for (size_t i = 0; i < 2; i++) {
    side *next = sides[(round + i) % 2];
    crowd_pace(&next->crowd, PER_SECOND, count, &next->ages);
  }
}

static void s_tell(const stage *self, uint64_t event_bytes) {
  double with_mib = (double)candidate_memory_kib(&self->with.broker) / 1024;
  double without_mib = (double)candidate_memory_kib(&self->without.broker) / 1024;
  double bound_mib = (double)(self->high_water_mark * (event_bytes + EVENT_OVERHEAD)) / 1048576;
  table_heading("63 subscribers beside one, microseconds", "p50", "p99");
  table_pair("the one is stopped", latency_p50_us(&self->with.ages), latency_p99_us(&self->with.ages));
  table_pair("it runs", latency_p50_us(&self->without.ages), latency_p99_us(&self->without.ages));
  table_at_most("p99, stopped / running", samples_ratio(&self->with.ages.p99, &self->without.ages.p99), P99_BAR);
  table_heading("resident memory of hbusd, MiB", "", "");
  table_line("one is stopped", with_mib);
  table_line("all run", without_mib);
  table_line("high-water mark, events", (double)self->high_water_mark);
  table_line("one event, bytes", (double)event_bytes);
  table_line("bound: high-water mark x (event + 512 bytes)", bound_mib);
  table_at_most("what the stopped one costs / bound", (with_mib - without_mib) / bound_mib, 1.0);
}

Test(bench_slow, one_of_64_is_stopped) {
  stage stage;
  s_open(&stage);
  s_fill(&stage);
  for (size_t i = 0; i < stage.scale->rounds; i++)
    s_measure_round(&stage, i);
  s_tell(&stage, stage.with.crowd.event_bytes);
  s_close_side(&stage.with);
  s_close_side(&stage.without);
}
