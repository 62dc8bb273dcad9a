#include "tests/broker/websocket_stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 60000

static void s_on_open(void *arg) {
  stage *at = arg;
  at->opened++;
  cr_assert_eq(at->closed, 0);
}

static void s_on_message(void *arg, const char *text, size_t size) {
  stage *at = arg;
  for (size_t i = 0; i < 64; i++)
    at->behind += text[size + i] == 'x'; /* a sanitizer tells when it is not readable */
  cr_assert_leq(size, FRAME_MAX);
  memcpy(at->last, text, size);
  at->last[size] = '\0';
  at->last_size = size;
  char expected[32];
  snprintf(expected, sizeof expected, "message %u", at->messages);
  if (at->burst && strcmp(at->last, expected) != 0) at->in_order = false;
  at->messages++;
  if (at->close_on_message) websocket_close(at->websocket, at->close_on_message);
}

static void s_on_oversize(void *arg, size_t size) {
  stage *at = arg;
  at->oversized++;
  at->oversize = size;
}

static void s_on_close(void *arg, hbus_status code, const char *reason) {
  stage *at = arg;
  at->closed++;
  at->close_code = code;
  snprintf(at->close_reason, sizeof at->close_reason, "%s", reason);
}

const websocket_callbacks stage_callbacks = {s_on_open, s_on_message, s_on_oversize, s_on_close};

static void s_out_of_patience(uv_timer_t *timer) {
  (void)timer;
  cr_assert(false, "nothing happens any more");
}

stage *stage_new(void) {
  stage *at = calloc(1, sizeof *at);
  cr_assert_not_null(at);
  at->in_order = true;
  uv_loop_init(&at->loop);
  uv_timer_init(&at->loop, &at->patience);
  uv_timer_start(&at->patience, s_out_of_patience, PATIENCE_MS, 0);
  hbus_error error;
  at->context = websocket_context_new(&at->loop, &error);
  cr_assert_not_null(at->context, "%s", error.text);
  return at;
}

void stage_destroy(stage *at) {
  websocket_destroy(&at->websocket);
  websocket_context_destroy(&at->context);
  server_destroy(&at->server);
  uv_close((uv_handle_t *)&at->patience, NULL);
  uv_run(&at->loop, UV_RUN_DEFAULT);
  cr_assert_eq(uv_loop_close(&at->loop), 0, "a handle is left open");
  free(at);
}

void stage_connect_url(stage *at, const char *url, uint64_t connect_timeout_ms) {
  websocket_options options = {.url = url,
                               .frame_max = FRAME_MAX,
                               .send_queue_max = 16,
                               .connect_timeout_ms = connect_timeout_ms,
                               .ping_ms = at->ping_ms,
                               .hang_up_ms = at->hang_up_ms};
  at->websocket = websocket_connect(at->context, &options, &stage_callbacks, at);
  cr_assert_not_null(at->websocket);
  cr_assert_eq(at->closed, 0, "on_close came from within websocket_connect");
}

void stage_connect(stage *at, server_manner manner, const server_callbacks *callbacks) {
  at->server = server_new(&at->loop, manner, callbacks, at);
  char url[64];
  snprintf(url, sizeof url, "ws://127.0.0.1:%u/ws", server_port(at->server));
  stage_connect_url(at, url, 30000);
}

void stage_connect_good(stage *at, const server_callbacks *callbacks) {
  stage_connect(at, SERVER_GOOD, callbacks);
  RUN_UNTIL(at->opened);
  cr_assert_eq(at->closed, 0);
}

static void s_echo(server *self, void *arg, int opcode, const char *payload, size_t size) {
  stage *at = arg;
  if (opcode != OPCODE_TEXT) return;
  char expected[32];
  snprintf(expected, sizeof expected, "message %u", at->echoes++);
  if (at->burst && (size != strlen(expected) || memcmp(payload, expected, size) != 0)) at->in_order = false;
  server_send_frame(self, true, OPCODE_TEXT, payload, size);
}

const server_callbacks stage_echoing = {.on_frame = s_echo};
