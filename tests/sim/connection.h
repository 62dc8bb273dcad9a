/* One client's WebSocket connection: frames in, frames out, and all that a bad connection does to them. */
#ifndef SIM_CONNECTION_H
#define SIM_CONNECTION_H

#include <libwebsockets.h>

#include "tests/sim/host.h"

/* The protocol for libwebsockets; the host must stay. */
struct lws_protocols connection_protocol(sim_host *host);
/* What that protocol does, for one who has callbacks of his own to add. */
int connection_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size);

#endif
