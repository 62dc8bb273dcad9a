/* The unix stream socket on which commands come: a line each, answered by a line each. */
#ifndef SIM_CONTROL_SOCKET_H
#define SIM_CONTROL_SOCKET_H

#include <libwebsockets.h>

#include "tests/sim/host.h"

/* The protocols for libwebsockets: what listens, and what was accepted. */
struct lws_protocols control_socket_listener_protocol(sim_host *host);
struct lws_protocols control_socket_protocol(sim_host *host);

/* Listens at that path; a socket that was left there is replaced. Its end is the context's; the path is the caller's to
 * unlink. HBUS_INVALID_REQUEST with a sentence. */
hbus_status control_socket_open(struct lws_vhost *vhost, const char *path, hbus_error *error);

#endif
