/* One WebSocket client connection on the reactor's loop: libwebsockets, and nothing of any dialect.
 *
 * It connects once, tells what happens through its callbacks, and is then done: connecting again is a new one (link.c
 * decides when). Names are resolved on libuv's thread pool, and every address is tried in turn. A server that answers
 * no ping for hang_up_ms is hung up on, however much it sends: what does not read our pings does not read our orders.
 *
 * The framing is libwebsockets'. What it does not take for a WebSocket (RFC 6455) ends the connection, and the reason
 * says so. Not all is checked at 4.1.6: frames that are masked by the server are delivered, perhaps garbled, and of
 * several pings at once the first is answered.
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

#define WEBSOCKET_SKIP_FACTOR 16
#define WEBSOCKET_PING_MS     5000
#define WEBSOCKET_HANG_UP_MS  15000

typedef struct websocket_options {
  const char *url;              /* ws://HOST[:PORT]/PATH or wss://…; checked by websocket_url_check */
  const char *ca_file;          /* wss: PEM; NULL is the system's store */
  const char *client_cert_file; /* wss: PEM, with its chain behind it; NULL: none */
  const char *client_key_file;  /* wss: PEM, without a pass phrase; goes with client_cert_file */
  size_t frame_max;             /* a longer message is dropped whole and reported by on_oversize; one that is longer
                                   than WEBSOCKET_SKIP_FACTOR of it ends the connection, with close code 1009 */
  size_t send_queue_max;        /* frames waiting to be written */
  uint64_t connect_timeout_ms;
  uint64_t ping_ms;    /* between pings; 0: WEBSOCKET_PING_MS */
  uint64_t hang_up_ms; /* without an answer to one; longer than ping_ms; 0: WEBSOCKET_HANG_UP_MS */
} websocket_options;

/* All on the reactor's thread; none may destroy the websocket, but websocket_close is allowed. */
typedef struct websocket_callbacks {
  void (*on_open)(void *arg);
  /* One whole message, text or binary, as it came: not checked to be UTF-8. `text` is followed by at least 64 readable
   * bytes and valid for the call only. */
  void (*on_message)(void *arg, const char *text, size_t size);
  void (*on_oversize)(void *arg, size_t size);
  /* The last call of all: never opened, or closed. `reason` is a sentence for people ("connection refused", "closed by
   * the server (4001: authentication failed)"). HBUS_LINK_DOWN; HBUS_TIMEOUT for silence or a slow connect. */
  void (*on_close)(void *arg, hbus_status code, const char *reason);
} websocket_callbacks;

typedef struct websocket websocket;

/* HBUS_INVALID_REQUEST with what is wrong in `error`. */
hbus_status websocket_url_check(const char *url, hbus_error *error);
/* Whether the files can be read and are what they should be, as websocket_options has them; NULL: not given. */
hbus_status websocket_files_check(const char *ca_file, const char *client_cert_file, const char *client_key_file,
                                  hbus_error *error);

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
