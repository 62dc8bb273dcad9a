/* A WebSocket server for tests, by hand on TCP, so that it can do what a good server never does. */
#ifndef TESTS_BROKER_WEBSOCKET_SERVER_H
#define TESTS_BROKER_WEBSOCKET_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

typedef enum server_manner {
  SERVER_GOOD,       /* a proper handshake, then what the callbacks do */
  SERVER_SILENT,     /* accepts and never answers */
  SERVER_NOT_FOUND,  /* answers 404 */
  SERVER_GARBAGE,    /* answers what is no HTTP */
  SERVER_HALF,       /* the first half of a handshake, then hangs up */
  SERVER_WRONG_HASH, /* a handshake that belongs to another request */
} server_manner;

enum {
  OPCODE_CONTINUATION = 0,
  OPCODE_TEXT = 1,
  OPCODE_BINARY = 2,
  OPCODE_CLOSE = 8,
  OPCODE_PING = 9,
  OPCODE_PONG = 10
};

typedef struct server server;

typedef struct server_callbacks {
  void (*on_open)(server *self, void *arg, const char *request);
  void (*on_frame)(server *self, void *arg, int opcode, const char *payload, size_t size);
} server_callbacks;

/* Listens on a free port of 127.0.0.1. Serves one connection at a time; pings are answered, closes confirmed. */
server *server_new(uv_loop_t *loop, server_manner manner, const server_callbacks *callbacks, void *arg);
uint16_t server_port(const server *self);
/* Connections accepted so far; whether one is there now. */
unsigned server_accepted(const server *self);
bool server_connected(const server *self);
/* Bytes that were sent and that the kernel has not taken yet. */
size_t server_queued(const server *self);
void server_send_raw(server *self, const void *bytes, size_t size);
void server_send_frame(server *self, bool final, int opcode, const void *payload, size_t size);
void server_send_close(server *self, unsigned code, const char *text);
/* Reads nothing any more, and so answers nothing. */
void server_stop_reading(server *self);
void server_hang_up(server *self);
/* Closes; the loop must be run until it is idle. */
void server_destroy(server **self);

#endif
