/* Durations that were measured, and what is told of them: percentiles of a round, medians of the rounds. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

typedef struct samples {
  uint64_t *items;
  size_t count, capacity;
} samples;

void samples_free(samples *self);
void samples_add(samples *self, uint64_t item);
void samples_clear(samples *self);
/* The smallest item that per_mille of them do not exceed; 500 is the median. The order of the items stays. There must
 * be one at least. */
uint64_t samples_percentile(const samples *self, unsigned per_mille);

/* What was measured again and again, in rounds. A percentile is taken of each round, and of these the median is told: a
 * round in which the machine was busy with something else moves it little. */
typedef struct latency {
  samples round;    /* the one that is being measured */
  samples p50, p99; /* of each round, in their order */
} latency;

void latency_free(latency *self);
void latency_add(latency *self, uint64_t ns);
/* Ends a round that has one sample at least. */
void latency_end_round(latency *self);
/* Medians over the rounds, in microseconds. */
double latency_p50_us(const latency *self);
double latency_p99_us(const latency *self);

/* The median of a[i] / b[i] over the rounds: both sides of each are of the same moment. */
double samples_ratio(const samples *a, const samples *b);

/* The monotonic clock. */
uint64_t samples_now_ns(void);

#endif
