/* A small seeded generator (splitmix64): the same seed gives the same numbers on every machine. */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct random_source {
  uint64_t state;
} random_source;

/* Two sources with the same seed and different streams are unrelated. */
void random_init(random_source *self, uint64_t seed, uint64_t stream);
uint64_t random_next(random_source *self);
/* Evenly from 0 to bound - 1; bound > 0. */
uint64_t random_below(random_source *self, uint64_t bound);
/* Evenly from low to high, both included. */
int64_t random_between(random_source *self, int64_t low, int64_t high);
/* True `percent` times in a hundred. */
bool random_chance(random_source *self, unsigned percent);

#endif
