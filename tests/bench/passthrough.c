/* What hbusd's event path is held against: the same WebSocket client, which hands each frame as it came to a PUB
 * socket, under one topic.
 *
 *   bench_passthrough URL
 *
 * Prints "passthrough ready market=ADDRESS" when it is connected, and ends on SIGTERM, or with the connection. */
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#include "broker/link/websocket.h"

#define HIGH_WATER_MARK 100000 /* hbusd's default */

typedef struct passthrough {
  uv_loop_t loop;
  uv_signal_t end;
  websocket_context *context;
  websocket *websocket;
  void *publisher;
  bool is_closed;
} passthrough;

static void s_on_open(void *arg) {
  passthrough *self = arg;
  char address[128];
  size_t size = sizeof address;
  zmq_getsockopt(self->publisher, ZMQ_LAST_ENDPOINT, address, &size);
  printf("passthrough ready market=%s\n", address);
  fflush(stdout);
}

static void s_on_message(void *arg, const char *text, size_t size) {
  static const char topic[] = "market_data/order_book/coinbase/ANY/";
  passthrough *self = arg;
  zmq_send(self->publisher, topic, sizeof topic - 1, ZMQ_SNDMORE);
  zmq_send(self->publisher, text, size, 0);
}

static void s_on_oversize(void *arg, size_t size) {
  (void)arg, (void)size;
}

static void s_on_close(void *arg, hbus_status code, const char *reason) {
  passthrough *self = arg;
  (void)code, (void)reason;
  self->is_closed = true;
  uv_stop(&self->loop);
}

static void s_on_signal(uv_signal_t *signal, int number) {
  passthrough *self = signal->data;
  (void)number;
  websocket_close(self->websocket, "done");
}

int main(int argc, char *argv[]) {
  static const websocket_callbacks callbacks = {s_on_open, s_on_message, s_on_oversize, s_on_close};
  passthrough self = {0};
  hbus_error error;
  if (argc != 2) {
    fprintf(stderr, "usage: %s URL\n", argv[0]);
    return 2;
  }
  void *zmq = zmq_ctx_new();
  int high_water_mark = HIGH_WATER_MARK, none = 0;
  self.publisher = zmq_socket(zmq, ZMQ_PUB);
  zmq_setsockopt(self.publisher, ZMQ_SNDHWM, &high_water_mark, sizeof high_water_mark);
  zmq_setsockopt(self.publisher, ZMQ_LINGER, &none, sizeof none);
  if (zmq_bind(self.publisher, "tcp://127.0.0.1:*") != 0) return EXIT_FAILURE;

  uv_loop_init(&self.loop);
  uv_signal_init(&self.loop, &self.end);
  self.end.data = &self;
  uv_signal_start(&self.end, s_on_signal, SIGTERM);
  self.context = websocket_context_new(&self.loop, &error);
  if (!self.context) return EXIT_FAILURE;
  websocket_options options = {.url = argv[1], .frame_max = 1 << 20, .send_queue_max = 64, .connect_timeout_ms = 10000};
  self.websocket = websocket_connect(self.context, &options, &callbacks, &self);
  while (!self.is_closed)
    uv_run(&self.loop, UV_RUN_DEFAULT);

  websocket_destroy(&self.websocket);
  websocket_context_destroy(&self.context);
  uv_close((uv_handle_t *)&self.end, NULL);
  uv_run(&self.loop, UV_RUN_DEFAULT);
  uv_loop_close(&self.loop);
  zmq_close(self.publisher);
  zmq_ctx_term(zmq);
  return EXIT_SUCCESS;
}
