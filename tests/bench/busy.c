/* How much longer commands take while market data comes in at 80 % of what the broker can take, against an idle bus. */
#include <criterion/criterion.h>

#include "tests/bench/candidate.h"
#include "tests/bench/commander.h"
#include "tests/bench/scale.h"
#include "tests/bench/table.h"

#define TOPICS   10
#define LOAD     80 /* percent of the measured maximum */
#define BUSY_BAR 2.0

typedef struct stage {
  const scale *scale;
  candidate broker;
  commander commander;
  uint64_t per_second; /* of market data, wanted */
  samples loads;       /* as it came, of each round */
  latency idle_creates, idle_cancels, busy_creates, busy_cancels;
} stage;

static void s_open(stage *self) {
  *self = (stage){.scale = scale_chosen()};
  candidate_open_broker(&self->broker, TOPICS);
  commander_open(&self->commander, self->broker.rig.commands, "bench");
  for (size_t i = 0; i < self->scale->rounds; i++)
    candidate_flood(&self->broker, self->scale->events);
  self->per_second = samples_percentile(&self->broker.rates, 500) * LOAD / 100;
}

static void s_close(stage *self) {
  commander_close(&self->commander);
  candidate_close(&self->broker);
  samples_free(&self->loads);
  latency_free(&self->idle_creates);
  latency_free(&self->idle_cancels);
  latency_free(&self->busy_creates);
  latency_free(&self->busy_cancels);
}

static void s_measure_round(stage *self) {
  commander_measure(&self->commander, self->scale->calls, &self->idle_creates, &self->idle_cancels);
  listener_begin_thread(&self->broker.listener);
  feeder_start(self->broker.feeder, self->per_second, FEEDER_FOR_EVER);
  commander_measure(&self->commander, self->scale->calls, &self->busy_creates, &self->busy_cancels);
  feeder_stop(self->broker.feeder);
  samples_add(&self->loads, feeder_last_per_second(self->broker.feeder));
  listener_end_thread(&self->broker.listener, self->broker.feeder);
}

static void s_tell(const stage *self) {
  table_heading("market data beside commands", "a second", "");
  table_line("the most that came through", (double)samples_percentile(&self->broker.rates, 500));
  table_line("80 % of it", (double)self->per_second);
  table_line("what was sent beside commands", (double)samples_percentile(&self->loads, 500));
  table_heading("round trips, microseconds", "p50", "p99");
  table_pair("create_order, idle bus", latency_p50_us(&self->idle_creates), latency_p99_us(&self->idle_creates));
  table_pair("create_order, 80 %", latency_p50_us(&self->busy_creates), latency_p99_us(&self->busy_creates));
  table_at_most("p99, 80 % / idle", samples_ratio(&self->busy_creates.p99, &self->idle_creates.p99), BUSY_BAR);
  table_pair("cancel_order, idle bus", latency_p50_us(&self->idle_cancels), latency_p99_us(&self->idle_cancels));
  table_pair("cancel_order, 80 %", latency_p50_us(&self->busy_cancels), latency_p99_us(&self->busy_cancels));
  table_at_most("p99, 80 % / idle", samples_ratio(&self->busy_cancels.p99, &self->idle_cancels.p99), BUSY_BAR);
}

Test(bench_busy, commands_beside_market_data) {
  stage stage;
  s_open(&stage);
  for (size_t i = 0; i < stage.scale->rounds; i++)
    s_measure_round(&stage);
  s_tell(&stage);
  s_close(&stage);
}
