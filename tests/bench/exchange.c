/* The bare WebSocket round trip: orders straight to the simulator, through websocket.c and nothing else of the
 * broker's.
 *
 *   bench_exchange URL API_KEY COUNT
 *
 * COUNT times an order is created, then cancelled, one request after the other. Prints a line for each time: the
 * nanoseconds of the create, and of the cancel. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/link/websocket.h"
#include "tests/bench/resting_order.h"
#include "tests/bench/samples.h"

#define WARM_UP     16 /* orders that are not measured */
#define REQUEST_MAX 512

typedef struct exchange {
  uv_loop_t loop;
  websocket_context *context;
  websocket *websocket;
  uint64_t sent; /* requests; what makes their ids */
  bool is_open, is_closed;
  bool has_answer;
  uint64_t answered_ns;
  char answer[1024];
} exchange;

/* --- the connection --- */

static void s_on_open(void *arg) {
  exchange *self = arg;
  self->is_open = true;
}

/* Events come between; an answer begins with its id. */
static void s_on_message(void *arg, const char *text, size_t size) {
  exchange *self = arg;
  char start[48];
  int start_size = snprintf(start, sizeof start, "{\"id\":\"%" PRIu64 "\"", self->sent);
  if (size < (size_t)start_size || memcmp(text, start, (size_t)start_size) != 0) return;
  self->answered_ns = samples_now_ns();
  self->has_answer = true;
  snprintf(self->answer, sizeof self->answer, "%.*s", (int)size, text);
}

static void s_on_oversize(void *arg, size_t size) {
  (void)arg, (void)size;
}

static void s_on_close(void *arg, hbus_status code, const char *reason) {
  exchange *self = arg;
  (void)code;
  if (!self->is_closed) fprintf(stderr, "bench_exchange: %s\n", reason);
  self->is_closed = true;
}

/* Sends the request, which has the id self->sent; how long the answer took. Ends the program if it is no success. */
static uint64_t s_ask(exchange *self, const char *text) {
  self->has_answer = false;
  uint64_t start_ns = samples_now_ns();
  websocket_send(self->websocket, text, strlen(text));
  while (!self->has_answer && !self->is_closed)
    uv_run(&self->loop, UV_RUN_ONCE);
  if (self->has_answer && strstr(self->answer, "\"status\":\"success\"")) return self->answered_ns - start_ns;
  fprintf(stderr, "bench_exchange: %s\n", self->has_answer ? self->answer : "the connection ended");
  exit(EXIT_FAILURE);
}

static bool s_open(exchange *self, const char *url, const char *api_key) {
  static const websocket_callbacks callbacks = {s_on_open, s_on_message, s_on_oversize, s_on_close};
  hbus_error error;
  uv_loop_init(&self->loop);
  self->context = websocket_context_new(&self->loop, &error);
  if (!self->context) return false;
  websocket_options options = {.url = url, .frame_max = 1 << 20, .send_queue_max = 64, .connect_timeout_ms = 10000};
  self->websocket = websocket_connect(self->context, &options, &callbacks, self);
  while (!self->is_open && !self->is_closed)
    uv_run(&self->loop, UV_RUN_ONCE);
  if (self->is_closed) return false;
  char text[REQUEST_MAX];
  snprintf(text, sizeof text, "{\"id\":\"%" PRIu64 "\",\"type\":\"authenticate\",\"api_key\":\"%s\"}", ++self->sent,
           api_key);
  s_ask(self, text);
  return true;
}

static void s_close(exchange *self) {
  websocket_close(self->websocket, "done");
  self->is_closed = true;
  websocket_destroy(&self->websocket);
  websocket_context_destroy(&self->context);
  uv_run(&self->loop, UV_RUN_DEFAULT);
  uv_loop_close(&self->loop);
}

/* --- orders --- */

static uint64_t s_create(exchange *self) {
  char text[REQUEST_MAX];
  uint64_t id = ++self->sent;
  snprintf(text, sizeof text,
           "{\"id\":\"%" PRIu64 "\",\"type\":\"create_order\",\"exchange\":\"" RESTING_ORDER_EXCHANGE
           "\",\"market\":\"" RESTING_ORDER_MARKET "\",\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":"
           "\"" RESTING_ORDER_AMOUNT "\",\"price\":\"" RESTING_ORDER_PRICE "\",\"client_order_id\":\"bare-%" PRIu64
           "\"}",
           id, id);
  return s_ask(self, text);
}

/* Cancels the order that the last answer tells of. */
static uint64_t s_cancel(exchange *self) {
  static const char key[] = "\"order_id\":\"";
  const char *order_id = strstr(self->answer, key);
  if (!order_id) {
    fprintf(stderr, "bench_exchange: no order id in %s\n", self->answer);
    exit(EXIT_FAILURE);
  }
  order_id += strlen(key);
  char text[REQUEST_MAX];
  snprintf(text, sizeof text,
           "{\"id\":\"%" PRIu64 "\",\"type\":\"cancel_order\",\"exchange\":\"" RESTING_ORDER_EXCHANGE
           "\",\"market\":\"" RESTING_ORDER_MARKET "\",\"order_id\":\"%.*s\"}",
           ++self->sent, (int)strcspn(order_id, "\""), order_id);
  return s_ask(self, text);
}

int main(int argc, char *argv[]) {
  if (argc != 4) {
    fprintf(stderr, "usage: %s URL API_KEY COUNT\n", argv[0]);
    return 2;
  }
  exchange self = {0};
  samples creates = {0}, cancels = {0};
  if (!s_open(&self, argv[1], argv[2])) return EXIT_FAILURE;
  size_t count = strtoul(argv[3], NULL, 10);
  for (size_t i = 0; i < WARM_UP + count; i++) {
    samples_add(&creates, s_create(&self));
    samples_add(&cancels, s_cancel(&self));
  }
  s_close(&self);
  for (size_t i = WARM_UP; i < creates.count; i++)
    printf("%" PRIu64 " %" PRIu64 "\n", creates.items[i], cancels.items[i]);
  samples_free(&creates);
  samples_free(&cancels);
  return EXIT_SUCCESS;
}
