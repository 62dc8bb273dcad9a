/* The simulator's control socket: faults at run time, and its own counts. */
#ifndef CHAOS_SIM_CONTROL_H
#define CHAOS_SIM_CONTROL_H

#include <stdio.h>

#include "proto/json.h"

typedef struct sim_control {
  int socket;
  FILE *answers;
  json_reader *reader;
  char *line;
  size_t line_size;
} sim_control;

/* Fails the test if nobody is there. */
void sim_control_open(sim_control *self, const char *path);
void sim_control_close(sim_control *self);

/* Gives one command ("fault close=1001", "cut", …) and waits for its answer, which is good until the next. Fails the
 * test if the simulator refuses. */
const json_node *sim_control_tell(sim_control *self, const char *command);
/* A number of `stats`. */
uint64_t sim_control_stat(sim_control *self, const char *name);

#endif
