/* The commands with which a test drives a simulator that runs. The table of them is in control.c. */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "tests/sim/simulator.h"

#define CONTROL_LINE_MAX   1024
#define CONTROL_ANSWER_MAX (64u * 1024 * 1024)

/* Does one command, a line without its end, and appends the answer: one JSON line, {"ok":true,…} or
 * {"ok":false,"error":TEXT}. */
void control_handle(simulator *sim, const char *line, buffer *out);

#endif
