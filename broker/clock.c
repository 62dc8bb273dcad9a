#include "broker/clock.h"

#include <assert.h>
#include <time.h>

static uint64_t s_now_ns(clockid_t id) {
  struct timespec now;
  int failed = clock_gettime(id, &now);
  assert(!failed);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_real_ns(void) {
  return s_now_ns(CLOCK_REALTIME);
}

uint64_t clock_real_ms(void) {
  return clock_real_ns() / 1000000u;
}

uint64_t clock_monotonic_ms(void) {
  return s_now_ns(CLOCK_MONOTONIC) / 1000000u;
}

uint64_t clock_thread_cpu_ns(void) {
  return s_now_ns(CLOCK_THREAD_CPUTIME_ID);
}
