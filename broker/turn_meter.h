/* The reactor's turns: how long its thread works between two polls, in CPU time.
 *
 * The thread's CPU clock stands still while the loop sleeps, and while another process has the processor: what is
 * measured is what the broker itself did in one go, in which nothing else could get its turn.
 */
#ifndef BROKER_TURN_METER_H
#define BROKER_TURN_METER_H

#include <uv.h>

typedef struct turn_meter turn_meter;

#define TURN_LONG_US 20000 /* a turn longer than this is counted by itself */

typedef struct turn_figures {
  uint64_t count;             /* turns since the start */
  uint64_t longest_us;        /* the longest of them */
  uint64_t longest_recent_us; /* the longest since the figures were taken before */
  uint64_t over_limit;        /* how many were longer than TURN_LONG_US */
} turn_figures;

/* Measures the turns of `loop`, and does not keep it alive. libuv calls what was started last first: made before
 * anything else of the loop's, the meter stands right before the poll. NULL: no memory. */
turn_meter *turn_meter_new(uv_loop_t *loop);
/* Takes it off the loop, which must run once more. */
void turn_meter_destroy(turn_meter **self);

/* The figures so far; the turn under way is not in them. */
turn_figures turn_meter_figures(const turn_meter *self);
/* The same, and `longest_recent_us` begins anew. */
turn_figures turn_meter_take(turn_meter *self);

#endif
