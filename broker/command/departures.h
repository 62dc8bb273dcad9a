/* Which connection of a ROUTER has ended: ZeroMQ tells only through a socket's monitor, and only by descriptor.
 *
 * Descriptors are used again, and a connection's last messages can be read after its end has been. But its beginning
 * can always be read before its messages: so departures_read comes before a session is made, and departures_has_ended
 * then tells whether that session's connection is there at all.
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
/* Whether the last that was heard of a descriptor is that its connection ended. */
bool departures_has_ended(const departures *self, int descriptor);

#endif
