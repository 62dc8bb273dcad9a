/* The TCP socket that listens, and the port that stays ours while it does not. */
#ifndef SIM_LISTENER_H
#define SIM_LISTENER_H

#include <netinet/in.h>

#include "hbus/types.h"

typedef struct listener {
  struct sockaddr_in address; /* with the port that it really is */
  int keeper;                 /* bound, never listens: nobody else gets the port */
} listener;

/* `bind` is an IPv4 address of this machine, port 0 is any that is free. HBUS_INVALID_REQUEST with a sentence. */
hbus_status listener_open(listener *self, const char *bind, int port, hbus_error *error);
void listener_close(listener *self);
int listener_port(const listener *self);

/* A socket that listens, non-blocking, the caller's; -1 with errno set. Closing it turns clients away, until the next.
 */
int listener_start(const listener *self);
/* The next connection of such a socket, non-blocking, the caller's; -1 when there is none. */
int listener_accept(int listening);

#endif
