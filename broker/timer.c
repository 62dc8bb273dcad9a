#include "broker/timer.h"

#include "broker/clock.h"

void timer_start_at(uv_timer_t *timer, uv_timer_cb due, uint64_t due_ms) {
  uint64_t now_ms = clock_monotonic_ms();
  uv_update_time(timer->loop);
  uv_timer_start(timer, due, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}
