/* A loop with a server and a client on it, for the tests of the WebSocket client. */
#ifndef TESTS_BROKER_WEBSOCKET_STAGE_H
#define TESTS_BROKER_WEBSOCKET_STAGE_H

#include "broker/link/websocket.h"
#include "tests/broker/tls_server.h"
#include "tests/broker/websocket_server.h"

#define FRAME_MAX 100000

/* What is on it, and what the client was told. */
typedef struct stage {
  uv_loop_t loop;
  uv_timer_t patience;
  websocket_context *context;
  server *server;
  tls_server *tls;
  websocket *websocket;
  uint64_t ping_ms; /* of websocket_options; 0: their defaults */
  uint64_t hang_up_ms;
  unsigned opened;
  unsigned messages;
  char last[FRAME_MAX + 1];
  size_t last_size;
  unsigned oversized;
  size_t oversize;
  unsigned closed;
  hbus_status close_code;
  char close_reason[256];
  const char *close_on_message; /* websocket_close is called from on_message with this */
  unsigned echoes;              /* frames that the server received */
  bool in_order;
  unsigned burst;
  unsigned behind;
} stage;

#define RUN_UNTIL(condition)                                                                                           \
  while (!(condition))                                                                                                 \
  uv_run(&at->loop, UV_RUN_ONCE)

/* The client's callbacks, which fill a stage; a server's that echoes text into one. */
extern const websocket_callbacks stage_callbacks;
extern const server_callbacks stage_echoing;

/* Fails the test by itself after a minute without an end. */
stage *stage_new(void);
/* Runs the loop dry: nothing may be left open. */
void stage_destroy(stage *at);

void stage_connect_url(stage *at, const char *url, uint64_t connect_timeout_ms);
/* Starts a server and connects to it. */
void stage_connect(stage *at, server_manner manner, const server_callbacks *callbacks);
/* The same with a good server, and waits until it is open. */
void stage_connect_good(stage *at, const server_callbacks *callbacks);

#endif
