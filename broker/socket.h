/* The broker's bound ZeroMQ sockets, on the reactor's loop.
 *
 * ZMQ_FD is edge-triggered: it says that something may have changed, once. So the loop looks at every socket's
 * ZMQ_EVENTS each time before it would sleep, and does not sleep while one of them still has messages.
 */
#ifndef BROKER_SOCKET_H
#define BROKER_SOCKET_H

#include <czmq.h>
#include <uv.h>

#include "broker/config.h"

typedef struct socket_group socket_group;
typedef struct bound_socket bound_socket;

/* A set of sockets that share a loop. NULL: no memory. */
socket_group *socket_group_new(uv_loop_t *loop);
/* Nothing is read any more; what has been sent still leaves. */
void socket_group_stop_reading(socket_group *self);
/* Closes the sockets and takes the handles off the loop (which must run once more). What was sent and is not delivered
 * yet goes out behind, until the context ends and for LIMIT_LINGER_MS at most. */
void socket_group_destroy(socket_group **self);

/* Reads at most `budget` messages; returns whether there may be more. */
typedef bool socket_read_fn(void *arg, void *handle, unsigned budget);

typedef struct socket_options {
  int type;            /* ZMQ_ROUTER, ZMQ_XPUB, ... */
  int high_water_mark; /* messages queued for one peer */
  int64_t message_max; /* bytes; a peer that sends more is disconnected by libzmq; -1: no limit */
  bool mandatory;      /* ROUTER: sending to a peer that left is an error */
} socket_options;

/* Makes a socket and binds it to every address, without reading yet. HBUS_INVALID_REQUEST: `error` names the address
 * and why. */
hbus_status socket_group_bind(socket_group *self, const socket_options *options, const config_list *endpoints,
                              bound_socket **out, hbus_error *error);

/* Adds a socket that is bound or connected already, and is closed with the group. HBUS_NO_MEMORY. */
hbus_status socket_group_adopt(socket_group *self, zsock_t *zsock, bound_socket **out);

/* From now on `read` is called while there are messages. */
void socket_start(bound_socket *self, socket_read_fn *read, void *arg);
/* Has `read` called once more before the loop sleeps, though there may be nothing to read. */
void socket_read_again(bound_socket *self);
void *socket_handle(const bound_socket *self);
zsock_t *socket_zsock(const bound_socket *self);
/* The addresses as bound (a '*' port made a number), separated by ','. The socket's. */
const char *socket_addresses(const bound_socket *self);

#endif
