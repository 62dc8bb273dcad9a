/* One WebSocket client connection on the reactor's loop: libwebsockets, and nothing of any dialect.
 *
 * It connects once, tells what happens through its callbacks, and is then done: connecting again is a new one (link.c
 * decides when). Names are resolved on libuv's thread pool, and every address is tried in turn. Pings go out every 5 s of
 * silence and 15 s without an answer hang up.
 */
#ifndef BROKER_WEBSOCKET_H
#define BROKER_WEBSOCKET_H

#include <uv.h>

#include "hbus/types.h"

/* The libwebsockets context on a loop; every websocket of the process lives in one. */
typedef struct websocket_context websocket_context;
/* NULL: libwebsockets or its libuv event library could not be started (`error` says which). */
websocket_context *websocket_context_new(uv_loop_t *loop, hbus_error *error);
/* Starts to close it and all its connections; the loop must be run until it is idle afterwards. */
void websocket_context_destroy(websocket_context **self);

typedef struct websocket_options {
  const char *url;         /* ws://HOST[:PORT]/PATH or wss://…; checked by websocket_url_check */
  const char *ca_file;     /* wss: NULL is the system's store */
  size_t frame_max;        /* a longer message is dropped whole and reported by on_oversize */
  size_t send_queue_max;   /* frames waiting to be written */
  uint64_t connect_timeout_ms;
} websocket_options;

/* All on the reactor's thread; none may destroy the websocket, but websocket_close is allowed. */
typedef struct websocket_callbacks {
  void (*on_open)(void *arg);
  /* One whole text message. `text` is followed by at least 64 readable bytes and valid for the call only. */
  void (*on_message)(void *arg, const char *text, size_t size);
  void (*on_oversize)(void *arg, size_t size);
  /* The last call of all: never opened, or closed. `reason` is a sentence for people ("connection refused", "closed by
   * the server (4001: authentication failed)"). HBUS_LINK_DOWN; HBUS_TIMEOUT for silence or a slow connect. */
  void (*on_close)(void *arg, hbus_status code, const char *reason);
} websocket_callbacks;

typedef struct websocket websocket;

/* HBUS_INVALID_REQUEST with what is wrong in `error`. */
hbus_status websocket_url_check(const char *url, hbus_error *error);

/* Begins to connect. on_close is called also when that fails, never from within this call. NULL: no memory. */
websocket *websocket_connect(websocket_context *context, const websocket_options *options,
                             const websocket_callbacks *callbacks, void *arg);
/* Queues one text message. HBUS_OVERLOADED past send_queue_max, HBUS_LINK_DOWN when not open. `text` is copied. */
hbus_status websocket_send(websocket *self, const char *text, size_t size);
/* Frames queued and not yet handed to the kernel. */
size_t websocket_pending(const websocket *self);
/* Closes; on_close follows from the loop. Does nothing when closed. */
void websocket_close(websocket *self, const char *reason);
/* Frees it; after on_close only, or to drop it without further callbacks. */
void websocket_destroy(websocket **self);

#endif
