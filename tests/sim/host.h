/* What the sockets have in common: the simulator, and who looks after the time. */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "tests/sim/simulator.h"

typedef struct sim_host {
  simulator *sim;
  /* Tells the simulator the time, and lets what is due happen: before and after whatever may change that. */
  void (*tick)(struct sim_host *self);
} sim_host;

#endif
