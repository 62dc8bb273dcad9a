/* Finds out why an address does not answer. libwebsockets says only "Unable to connect"; this connects once more, by
 * TCP alone, and hands over the system's word for it: "connection refused", "network is unreachable". */
#ifndef BROKER_CONNECT_PROBE_H
#define BROKER_CONNECT_PROBE_H

#include <uv.h>

/* One attempt under way. */
typedef struct connect_probe connect_probe;

/* From the loop, once: libuv's error, or 0 when the address does answer now. The probe frees itself. */
typedef void connect_probe_done(void *arg, int status);

/* NULL: it could not be started. */
connect_probe *connect_probe_start(uv_loop_t *loop, const struct sockaddr *address, connect_probe_done *done,
                                   void *arg);
/* Drops it: `done` is not called. */
void connect_probe_cancel(connect_probe **self);

#endif
