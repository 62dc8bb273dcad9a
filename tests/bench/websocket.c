/* How fast frames come in through websocket.c alone: no decoding, nothing behind it.
 *
 *   hbus-sim --port 0 --replay RECORDING --speed max --replay-repeat 50
 *   bench_websocket URL API_KEY MESSAGES MARKET...
 *
 * Subscribes to the books of the markets, takes MESSAGES messages, and prints frames a second, and the CPU time of this
 * process and the reads of its loop for each.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "broker/link/websocket.h"

typedef struct bench {
  uv_loop_t loop;
  websocket_context *context;
  websocket *websocket;
  const char *api_key;
  char **markets;
  int market_count;
  uint64_t wanted;
  uint64_t messages;
  uint64_t bytes;
  uint64_t turns;
  uint64_t start_ns;
  uint64_t start_cpu_ns;
  uv_prepare_t turn;
  int exit_status;
} bench;

static uint64_t s_clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void s_on_turn(uv_prepare_t *turn) {
  bench *self = turn->data;
  self->turns++;
}

static void s_report(bench *self) {
  uint64_t ns = s_clock_ns(CLOCK_MONOTONIC) - self->start_ns;
  uint64_t cpu_ns = s_clock_ns(CLOCK_THREAD_CPUTIME_ID) - self->start_cpu_ns;
  printf("%" PRIu64 " frames of %" PRIu64 " bytes: %" PRIu64 " a second, %" PRIu64 " ns of CPU each, %" PRIu64
         " a turn of the loop\n",
         self->messages, self->bytes / self->messages, self->messages * 1000000000 / ns, cpu_ns / self->messages,
         self->messages / (self->turns ? self->turns : 1));
}

static void s_on_open(void *arg) {
  bench *self = arg;
  char text[512];
  int size = snprintf(text, sizeof text, "{\"id\":\"a\",\"type\":\"authenticate\",\"api_key\":\"%s\"}", self->api_key);
  websocket_send(self->websocket, text, (size_t)size);
  for (int i = 0; i < self->market_count; i++) {
    size = snprintf(text, sizeof text,
                    "{\"id\":\"%d\",\"type\":\"subscribe\",\"channel\":\"order_book\",\"exchange\":\"coinbase\","
                    "\"market\":\"%s\"}",
                    i, self->markets[i]);
    websocket_send(self->websocket, text, (size_t)size);
  }
}

static void s_on_message(void *arg, const char *text, size_t size) {
  bench *self = arg;
  (void)text;
  if (self->messages == 0) {
    self->start_ns = s_clock_ns(CLOCK_MONOTONIC);
    self->start_cpu_ns = s_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    self->turns = 0;
  }
  self->messages++;
  self->bytes += size;
  if (self->messages != self->wanted) return;
  s_report(self);
  self->exit_status = EXIT_SUCCESS;
  websocket_close(self->websocket, "done");
}

static void s_on_oversize(void *arg, size_t size) {
  (void)arg;
  fprintf(stderr, "a message of %zu bytes\n", size);
}

static void s_on_close(void *arg, hbus_status code, const char *reason) {
  bench *self = arg;
  (void)code;
  if (self->exit_status != EXIT_SUCCESS) fprintf(stderr, "after %" PRIu64 " messages: %s\n", self->messages, reason);
  uv_stop(&self->loop);
}

int main(int argc, char *argv[]) {
  static const websocket_callbacks callbacks = {s_on_open, s_on_message, s_on_oversize, s_on_close};
  bench self = {.exit_status = EXIT_FAILURE};
  hbus_error error;
  if (argc < 5) {
    fprintf(stderr, "usage: %s URL API_KEY MESSAGES MARKET...\n", argv[0]);
    return 2;
  }
  self.api_key = argv[2];
  self.wanted = strtoull(argv[3], NULL, 10);
  self.markets = argv + 4;
  self.market_count = argc - 4;
  uv_loop_init(&self.loop);
  uv_prepare_init(&self.loop, &self.turn);
  self.turn.data = &self;
  uv_prepare_start(&self.turn, s_on_turn);
  uv_unref((uv_handle_t *)&self.turn);
  self.context = websocket_context_new(&self.loop, &error);
  if (!self.context) {
    fprintf(stderr, "%s\n", error.text);
    return EXIT_FAILURE;
  }
  websocket_options options = {.url = argv[1], .frame_max = 1 << 20, .send_queue_max = 64, .connect_timeout_ms = 10000};
  self.websocket = websocket_connect(self.context, &options, &callbacks, &self);
  uv_run(&self.loop, UV_RUN_DEFAULT);

  websocket_destroy(&self.websocket);
  websocket_context_destroy(&self.context);
  uv_close((uv_handle_t *)&self.turn, NULL);
  uv_run(&self.loop, UV_RUN_DEFAULT);
  return self.exit_status;
}
