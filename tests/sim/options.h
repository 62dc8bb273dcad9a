/* The command line of hbus-sim. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdio.h>

#include "tests/sim/server.h"
#include "tests/sim/simulator.h"

typedef struct options {
  simulator_options simulator;
  server_options server;
  bool help;
  bool version;
} options;

/* Reads the command line and $HUMMINGBOT_API_KEY over the defaults; *out points into argv. HBUS_INVALID_REQUEST with a
 * sentence that names the option. */
hbus_status options_parse(int argc, char *const argv[], options *out, hbus_error *error);
void options_print_help(FILE *to);

#endif
