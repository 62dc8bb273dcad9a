/* What an event costs: hbusd against a pass-through that decodes nothing, many topics against few, a thousand idle
 * peers against none, and resident memory over time. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/bench/candidate.h"
#include "tests/bench/idle_peers.h"
#include "tests/bench/memory.h"
#include "tests/bench/scale.h"
#include "tests/bench/table.h"

#define FEW_TOPICS     10
#define THROUGHPUT_BAR 0.85
#define P50_BAR        1.10
#define P99_BAR        1.25
#define TOPICS_BAR     1.10
#define IDLE_PEERS_BAR 0.90
#define PACES          2

static const uint64_t s_paces[PACES] = {1000, 10000}; /* events a second */

typedef struct stage {
  const scale *scale;
  candidate passthrough;
  candidate broker;
  candidate many_topics; /* hbusd */
  candidate with_idle;   /* hbusd */
  idle_peers idle;
  latency passthrough_ages[PACES], broker_ages[PACES];
} stage;

static void s_open(stage *self) {
  *self = (stage){.scale = scale_chosen()};
  idle_peers_make_room();
  candidate_open_passthrough(&self->passthrough, FEW_TOPICS);
  candidate_open_broker(&self->broker, FEW_TOPICS);
  candidate_open_broker(&self->many_topics, self->scale->topics);
  candidate_open_broker(&self->with_idle, FEW_TOPICS);
  idle_peers_open(&self->idle, &self->with_idle.rig, self->scale->idle_peers);
}

static void s_close(stage *self) {
  idle_peers_close(&self->idle);
  candidate_close(&self->with_idle);
  candidate_close(&self->many_topics);
  candidate_close(&self->broker);
  candidate_close(&self->passthrough);
  for (size_t i = 0; i < PACES; i++) {
    latency_free(&self->passthrough_ages[i]);
    latency_free(&self->broker_ages[i]);
  }
}

static void s_measure_round(stage *self) {
  uint64_t count = self->scale->events;
  candidate_flood(&self->passthrough, count);
  candidate_flood(&self->broker, count);
  candidate_flood(&self->many_topics, count);
  candidate_flood(&self->with_idle, count);
  for (size_t i = 0; i < PACES; i++) {
    candidate_pace(&self->passthrough, s_paces[i], self->scale->pace_ms, &self->passthrough_ages[i]);
    candidate_pace(&self->broker, s_paces[i], self->scale->pace_ms, &self->broker_ages[i]);
  }
}

static void s_tell_candidate(const char *what, const candidate *measured) {
  table_pair(what, (double)samples_percentile(&measured->rates, 500),
             (double)samples_percentile(&measured->costs, 500) / 1000);
}

static void s_tell_throughput(const stage *self) {
  char many[80], idle[80];
  snprintf(many, sizeof many, "hbusd, %zu topics", self->scale->topics);
  snprintf(idle, sizeof idle, "hbusd, 10 topics, %zu idle peers", self->scale->idle_peers);
  table_heading("events as fast as they go, one subscriber", "a second", "us of CPU");
  s_tell_candidate("pass-through, 10 topics", &self->passthrough);
  s_tell_candidate("hbusd, 10 topics", &self->broker);
  s_tell_candidate(many, &self->many_topics);
  s_tell_candidate(idle, &self->with_idle);
  table_at_least("throughput, hbusd / pass-through", samples_ratio(&self->broker.rates, &self->passthrough.rates),
                 THROUGHPUT_BAR);
  table_at_most("CPU for an event, many topics / 10", samples_ratio(&self->many_topics.costs, &self->broker.costs),
                TOPICS_BAR);
  table_at_least("throughput, with idle peers / without", samples_ratio(&self->with_idle.rates, &self->broker.rates),
                 IDLE_PEERS_BAR);
}

static void s_tell_latency(const stage *self) {
  table_heading("from feeder to subscriber, microseconds", "p50", "p99");
  for (size_t i = 0; i < PACES; i++) {
    char text[80];
    snprintf(text, sizeof text, "pass-through, %llu a second", (unsigned long long)s_paces[i]);
    table_pair(text, latency_p50_us(&self->passthrough_ages[i]), latency_p99_us(&self->passthrough_ages[i]));
    snprintf(text, sizeof text, "hbusd, %llu a second", (unsigned long long)s_paces[i]);
    table_pair(text, latency_p50_us(&self->broker_ages[i]), latency_p99_us(&self->broker_ages[i]));
    table_at_most("p50, hbusd / pass-through", samples_ratio(&self->broker_ages[i].p50, &self->passthrough_ages[i].p50),
                  P50_BAR);
    table_at_most("p99, hbusd / pass-through", samples_ratio(&self->broker_ages[i].p99, &self->passthrough_ages[i].p99),
                  P99_BAR);
  }
}

Test(bench_events, against_a_passthrough) {
  stage stage;
  s_open(&stage);
  for (size_t i = 0; i < stage.scale->rounds; i++)
    s_measure_round(&stage);
  s_tell_throughput(&stage);
  s_tell_latency(&stage);
  memory_watch(&stage.broker, stage.scale->soak_ms);
  s_close(&stage);
}
