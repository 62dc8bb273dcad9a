/* One of those that are held against each other: a process that takes the feeder's order books and publishes them, the
 * feeder, a subscriber, and what was measured of them. */
#ifndef BENCH_CANDIDATE_H
#define BENCH_CANDIDATE_H

#include "tests/bench/listener.h"
#include "tests/integration/rig.h"

typedef struct candidate {
  feeder *feeder;
  listener listener;
  bool is_broker;
  rig rig;       /* hbusd's */
  process other; /* the pass-through */
  pid_t pid;     /* of either */
  samples rates; /* events a second, of each round */
  samples costs; /* nanoseconds of processor time for each event, likewise */
} candidate;

/* hbusd, subscribed to so many markets by its configuration. */
void candidate_open_broker(candidate *self, size_t markets);
/* The same with a high-water mark of its own; 0 is the default. */
void candidate_open_bounded_broker(candidate *self, size_t markets, unsigned high_water_mark);
void candidate_open_passthrough(candidate *self, size_t markets);
void candidate_close(candidate *self);

/* A round of `count` events, as fast as they go. */
void candidate_flood(candidate *self, uint64_t count);
/* A round at a pace; `ages` are the times from the feeder to the subscriber. */
void candidate_pace(candidate *self, uint64_t per_second, uint64_t duration_ms, latency *ages);
/* Resident memory, KiB. */
uint64_t candidate_memory_kib(const candidate *self);

#endif
