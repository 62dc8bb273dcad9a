/* Many subscribers of a candidate, on one thread: each takes every event, one subscriber after the other. */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include "tests/bench/candidate.h"

typedef struct crowd {
  candidate *candidate;
  void *context;
  void **sockets;
  size_t count;
  size_t event_bytes; /* of the largest topic and body together */
} crowd;

/* So many beside the candidate's own listener. Returns when all of them have taken every frame that has been sent. */
void crowd_open(crowd *self, candidate *candidate, size_t count);
void crowd_close(crowd *self);

/* A round of `count` events at a pace, each taken by all; the ages in the crowd are samples of it. */
void crowd_pace(crowd *self, uint64_t per_second, uint64_t count, latency *ages);
/* `count` events, so fast that all just keep up: never more than `ahead` of them are under way. */
void crowd_flood(crowd *self, uint64_t count, uint64_t ahead);

#endif
