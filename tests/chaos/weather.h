/* What happens to the link: faults of the simulator's, one after the other, drawn by lot. */
#ifndef CHAOS_WEATHER_H
#define CHAOS_WEATHER_H

#include "tests/chaos/sim_control.h"
#include "tests/sim/random.h"

typedef struct weather {
  sim_control *control;
  random_source random;
  uint64_t look_ms;    /* when to look again; monotonic */
  uint64_t until_ms;   /* when the fault of the hour ends at the latest */
  uint64_t until_cuts; /* and when at the earliest */
  bool calm;           /* between two faults */
  uint64_t cuts;       /* connections that have ended, as of the last look */
} weather;

void weather_init(weather *self, sim_control *control, uint64_t seed);
/* Looks at what has been cut, and goes on to the next fault when it is time. To be called again and again. */
void weather_turn(weather *self);
/* Takes back the last fault. */
void weather_end(weather *self);

#endif
