#include "tests/sim/random.h"

#include <assert.h>

void random_init(random_source *self, uint64_t seed, uint64_t stream) {
  self->state = seed;
  self->state = random_next(self) ^ (stream * UINT64_C(0xd1342543de82ef95));
}

/* splitmix64, by Sebastiano Vigna (public domain), as published with xoshiro. */
uint64_t random_next(random_source *self) {
  self->state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t z = self->state;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

uint64_t random_below(random_source *self, uint64_t bound) {
  assert(bound > 0);
  /* The high half of the product: even to within bound / 2^64, and without a loop. */
  __extension__ typedef unsigned __int128 wide;
  return (uint64_t)(((wide)random_next(self) * bound) >> 64);
}

int64_t random_between(random_source *self, int64_t low, int64_t high) {
  assert(low <= high);
  return low + (int64_t)random_below(self, (uint64_t)(high - low) + 1);
}

bool random_chance(random_source *self, unsigned percent) {
  return random_below(self, 100) < percent;
}
