#include "tests/bench/samples.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEDIAN    500
#define P99       990
#define PER_MILLE 1000
#define NS_PER_US 1000.0

void samples_free(samples *self) {
  free(self->items);
  *self = (samples){0};
}

void samples_add(samples *self, uint64_t item) {
  if (self->count == self->capacity) {
    self->capacity = self->capacity ? self->capacity * 2 : 1024;
    self->items = realloc(self->items, self->capacity * sizeof *self->items);
    assert(self->items);
  }
  self->items[self->count++] = item;
}

void samples_clear(samples *self) {
  self->count = 0;
}

static int s_compare_numbers(const void *a, const void *b) {
  uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
  return (left > right) - (left < right);
}

uint64_t samples_percentile(const samples *self, unsigned per_mille) {
  assert(self->count > 0 && per_mille <= PER_MILLE);
  uint64_t *sorted = malloc(self->count * sizeof *sorted);
  assert(sorted);
  memcpy(sorted, self->items, self->count * sizeof *sorted);
  qsort(sorted, self->count, sizeof *sorted, s_compare_numbers);
  size_t rank = (self->count * per_mille + PER_MILLE - 1) / PER_MILLE;
  uint64_t found = sorted[rank ? rank - 1 : 0];
  free(sorted);
  return found;
}

void latency_free(latency *self) {
  samples_free(&self->round);
  samples_free(&self->p50);
  samples_free(&self->p99);
}

void latency_add(latency *self, uint64_t ns) {
  samples_add(&self->round, ns);
}

void latency_end_round(latency *self) {
  samples_add(&self->p50, samples_percentile(&self->round, MEDIAN));
  samples_add(&self->p99, samples_percentile(&self->round, P99));
  samples_clear(&self->round);
}

double latency_p50_us(const latency *self) {
  return (double)samples_percentile(&self->p50, MEDIAN) / NS_PER_US;
}

double latency_p99_us(const latency *self) {
  return (double)samples_percentile(&self->p99, MEDIAN) / NS_PER_US;
}

static int s_compare_ratios(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

double samples_ratio(const samples *a, const samples *b) {
  assert(a->count == b->count && a->count > 0);
  double *ratios = malloc(a->count * sizeof *ratios);
  assert(ratios);
  for (size_t i = 0; i < a->count; i++)
    ratios[i] = (double)a->items[i] / (double)b->items[i];
  qsort(ratios, a->count, sizeof *ratios, s_compare_ratios);
  double median = ratios[(a->count - 1) / 2];
  free(ratios);
  return median;
}

uint64_t samples_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
