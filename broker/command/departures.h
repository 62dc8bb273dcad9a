/* Which connection of a ROUTER has ended: ZeroMQ tells only through a socket's monitor, and only by descriptor.
 *
 * Descriptors are used again. A message of a new connection can be read before the end of the old one with the same
 * descriptor has been, but not before it could have been: so departures_read comes before a session is made, and then
 * no two sessions ever share a descriptor.
 */
#ifndef BROKER_DEPARTURES_H
#define BROKER_DEPARTURES_H

#include "broker/socket.h"

typedef struct departures departures;
typedef void departures_fn(void *arg, int descriptor);

/* Watches `router`, which must be of `sockets`; `left` is called for each connection that ends. HBUS_NO_MEMORY,
 * HBUS_INTERNAL. */
hbus_status departures_new(departures **out, socket_group *sockets, bound_socket *router, departures_fn *left,
                           void *arg);
/* After the group. */
void departures_destroy(departures **self);
/* Reads all that is there now. */
void departures_read(departures *self);

#endif
