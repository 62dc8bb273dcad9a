/* Timers for deadlines of the broker's own clock: libuv counts from when its loop last looked at the time, which in a
 * long turn is a while ago. */
#ifndef BROKER_TIMER_H
#define BROKER_TIMER_H

#include <uv.h>

/* Calls `due` once clock_monotonic_ms has come to `due_ms`: in the next turn, if it has already. Starts anew a timer
 * that runs. */
void timer_start_at(uv_timer_t *timer, uv_timer_cb due, uint64_t due_ms);

#endif
