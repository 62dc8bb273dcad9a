/* The client's ZeroMQ sockets: a DEALER for commands, a SUB for each stream that is read, and the DEALER's monitor.
 *
 * libzmq alone, in a context of the client's own: CZMQ's zsys installs signal handlers and one context for the whole
 * process, which a library has no business to do in somebody else's program.
 */
#ifndef CLIENT_SOCKETS_H
#define CLIENT_SOCKETS_H

#include <zmq.h>

#include "hbus/client.h"

#define SOCKETS_FD_COUNT 4

typedef struct sockets {
  void *context;
  void *commands;                   /* DEALER */
  void *streams[HBUS_STREAM_COUNT]; /* SUB; NULL: not read */
  void *monitor;                    /* PAIR: what happens to the DEALER's connection */
} sockets;

/* Creates and connects; ZeroMQ goes on trying by itself. HBUS_INVALID_REQUEST: an endpoint that libzmq does not take;
 * HBUS_NO_MEMORY: also when the process has no descriptors left. Nothing is left open on failure. */
hbus_status sockets_open(sockets *self, const hbus_options *options, hbus_error *error);
/* Commands that were sent leave within 100 ms or not at all. */
void sockets_close(sockets *self);

/* The ZMQ_FD of each open socket; returns how many. Edge-triggered: each is quiet until a receive has found nothing. */
unsigned sockets_fds(const sockets *self, int fds[SOCKETS_FD_COUNT]);

/* Sends one frame now. HBUS_TIMEOUT: there is no connection, or its queue is full; nothing was sent. */
hbus_status sockets_send(sockets *self, const void *data, size_t size);

/* Receives into messages that the caller has initialised, without waiting. HBUS_TIMEOUT: there is nothing;
 * HBUS_MALFORMED: there was a message of a wrong number of frames, which is dropped. */
hbus_status sockets_receive_reply(sockets *self, zmq_msg_t *body);
hbus_status sockets_receive_event(sockets *self, hbus_stream stream, zmq_msg_t *name, zmq_msg_t *body);

typedef enum sockets_change { SOCKETS_UNCHANGED, SOCKETS_CONNECTED, SOCKETS_DISCONNECTED } sockets_change;
/* The next thing that happened to the command connection. */
sockets_change sockets_next_change(sockets *self);

/* What to wait for beside replies and changes of the connection. */
enum { SOCKETS_WANT_EVENTS = 1, SOCKETS_WANT_TO_SEND = 2 };
/* Waits at most timeout_ms (-1: for ever). HBUS_OK: something is there or the time is up; HBUS_TIMEOUT: a signal came.
 */
hbus_status sockets_wait(sockets *self, unsigned wants, int timeout_ms);

/* Tells these streams (bits 1 << HBUS_STREAM_...), those of them that are read: ZMQ_SUBSCRIBE or ZMQ_UNSUBSCRIBE. */
void sockets_subscribe(sockets *self, int option, unsigned streams, const char *prefix, size_t size);

#endif
