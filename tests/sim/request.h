/* One request of a client: read, done, answered. The table of types is in request.c. */
#ifndef SIM_REQUEST_H
#define SIM_REQUEST_H

#include "tests/sim/simulator.h"

/* Handles one whole text frame. What it causes is pushed first, then the answer, then the snapshot of a subscription.
 */
void request_handle(simulator *self, session *from, const char *text, size_t size);
/* Does the requests that faults have kept so far and keep no longer. Nobody hears their answers. */
void request_handle_kept(simulator *self);

#endif
