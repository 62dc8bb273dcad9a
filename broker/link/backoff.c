#include "broker/link/backoff.h"

uint64_t backoff_delay_ms(uint64_t min_ms, uint64_t max_ms, unsigned attempt, uint32_t random) {
  uint64_t whole_ms = min_ms;
  for (unsigned i = 0; i < attempt && whole_ms < max_ms; i++)
    whole_ms *= 2;
  if (whole_ms > max_ms) whole_ms = max_ms;
  uint64_t half_ms = whole_ms / 2;
  return whole_ms - half_ms + ((half_ms * random) >> 32);
}
