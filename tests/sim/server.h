/* The sockets of the simulator: libwebsockets as a WebSocket server, its own poll loop, and the clocks. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "tests/sim/simulator.h"

typedef struct server_options {
  const char *bind;      /* an IPv4 address of this machine; "0.0.0.0" is all */
  int port;              /* 0 is any that is free */
  const char *cert_path; /* PEM; both or neither */
  const char *key_path;
  bool tls;                 /* with certificates made at the start */
  const char *ca_path;      /* where to write the authority that signed them; NULL: nowhere */
  const char *control_path; /* a unix socket for commands; NULL: none */
  bool verbose;             /* libwebsockets' notices too */
} server_options;

/* Serves until SIGINT or SIGTERM, then closes all sessions with a close frame. Prints the line that says it is ready.
 * HBUS_INVALID_REQUEST with a sentence when it cannot listen. */
hbus_status server_run(const server_options *options, simulator *sim, hbus_error *error);

#endif
