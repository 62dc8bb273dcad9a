#include "client/broker_clock.h"

#include <assert.h>
#include <time.h>

#define STALE_AFTER_MS 10000

static uint64_t s_read_ms(clockid_t clock) {
  struct timespec now;
  int rc = clock_gettime(clock, &now);
  assert(rc == 0);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t client_boot_ms(void) {
  return s_read_ms(CLOCK_BOOTTIME);
}

uint64_t client_monotonic_ms(void) {
  return s_read_ms(CLOCK_MONOTONIC);
}

void broker_clock_set(broker_clock *self, uint64_t broker_ms, uint64_t boot_ms) {
  self->broker_ms = broker_ms;
  self->heard_ms = boot_ms;
}

uint64_t broker_clock_now_ms(const broker_clock *self, uint64_t boot_ms) {
  if (self->broker_ms == 0) return s_read_ms(CLOCK_REALTIME);
  return self->broker_ms + (boot_ms - self->heard_ms);
}

bool broker_clock_is_stale(const broker_clock *self, uint64_t boot_ms) {
  return self->broker_ms == 0 || boot_ms - self->heard_ms > STALE_AFTER_MS;
}
