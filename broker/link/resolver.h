/* Looks up a host's addresses on libuv's thread pool, so that a slow name server stalls nobody. */
#ifndef BROKER_RESOLVER_H
#define BROKER_RESOLVER_H

#include <netinet/in.h>
#include <uv.h>

#define RESOLVER_ADDRESSES_MAX 16 /* of one host; more are ignored */

typedef union resolver_address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} resolver_address;

/* One look-up under way. */
typedef struct resolver resolver;

/* From the loop, once: `status` is 0 and there is at least one address, or libuv's error. The resolver frees itself. */
typedef void resolver_done(void *arg, int status, const resolver_address *addresses, size_t count);

/* NULL: it could not be started (no memory). `host` is a name or a numeric address; addresses come with `port`. */
resolver *resolver_start(uv_loop_t *loop, const char *host, uint16_t port, resolver_done *done, void *arg);
/* Drops it: `done` is not called. The loop stays busy until the thread pool lets go of it. */
void resolver_cancel(resolver **self);

#endif
