/* An open connection: messages both ways, its end, and dropping it at every stage. */
#include "tests/broker/websocket_stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* ---- messages ---- */

Test(websocket, sends_and_receives) {
  stage *at = stage_new();
  stage_connect_good(at, &stage_echoing);
  cr_assert_eq(websocket_send(at->websocket, "hello", 5), HBUS_OK);
  cr_assert_eq(websocket_pending(at->websocket), 1);
  RUN_UNTIL(at->messages == 1);
  cr_assert_str_eq(at->last, "hello");
  cr_assert_eq(websocket_pending(at->websocket), 0);
  stage_destroy(at);
}

static void s_check_request(server *self, void *arg, const char *request) {
  (void)self;
  stage *at = arg;
  cr_assert_eq(strncmp(request, "GET /ws HTTP/1.1\r\n", 18), 0, "%s", request);
  cr_assert_not_null(strcasestr(request, "\r\nHost: 127.0.0.1:"), "%s", request);
  cr_assert_null(strcasestr(request, "Extensions"), "an extension is offered: %s", request);
  cr_assert_null(strcasestr(request, "Origin:"), "%s", request);
  at->echoes++;
}

Test(websocket, asks_for_its_path_and_offers_no_extension) {
  stage *at = stage_new();
  stage_connect_good(at, &(server_callbacks){.on_open = s_check_request});
  cr_assert_eq(at->echoes, 1);
  stage_destroy(at);
}

Test(websocket, puts_fragments_together_at_every_split) {
  static const char text[] = "{\"type\":\"ticker\"}";
  const size_t size = sizeof text - 1;
  stage *at = stage_new();
  stage_connect_good(at, NULL);
  for (size_t first = 0; first <= size; first++)
    for (size_t second = first; second <= size; second++) {
      unsigned before = at->messages;
      server_send_frame(at->server, false, OPCODE_TEXT, text, first);
      server_send_frame(at->server, true, OPCODE_PING, "in between", 10);
      server_send_frame(at->server, false, OPCODE_CONTINUATION, text + first, second - first);
      server_send_frame(at->server, true, OPCODE_CONTINUATION, text + second, size - second);
      RUN_UNTIL(at->messages == before + 1);
      cr_assert_str_eq(at->last, text, "split at %zu and %zu", first, second);
    }
  stage_destroy(at);
}

static void s_fill(char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    text[i] = (char)('a' + i % 26);
}

Test(websocket, receives_every_size_around_its_buffers) {
  static const size_t sizes[] = {0,     1,     125,   126,   127,   4095,  4096,  65471,    65472,
                                 65535, 65536, 65537, 65599, 65600, 65601, 99999, FRAME_MAX};
  static char text[FRAME_MAX];
  s_fill(text, sizeof text);
  stage *at = stage_new();
  stage_connect_good(at, NULL);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    server_send_frame(at->server, true, OPCODE_TEXT, text, sizes[i]);
    RUN_UNTIL(at->messages == i + 1);
    cr_assert_eq(at->last_size, sizes[i]);
    cr_assert_eq(memcmp(at->last, text, sizes[i]), 0);
  }
  stage_destroy(at);
}

Test(websocket, skips_what_is_too_long_and_goes_on) {
  static char text[3 * FRAME_MAX];
  s_fill(text, sizeof text);
  stage *at = stage_new();
  stage_connect_good(at, NULL);
  server_send_frame(at->server, true, OPCODE_TEXT, text, sizeof text); /* in one frame */
  server_send_frame(at->server, true, OPCODE_TEXT, "one", 3);
  RUN_UNTIL(at->messages == 1);
  cr_assert_eq(at->oversized, 1);
  cr_assert_eq(at->oversize, sizeof text);
  cr_assert_str_eq(at->last, "one");

  server_send_frame(at->server, true, OPCODE_TEXT, text, FRAME_MAX + 1); /* by one byte */
  server_send_frame(at->server, false, OPCODE_TEXT, text, FRAME_MAX);    /* in fragments, each short enough */
  server_send_frame(at->server, false, OPCODE_CONTINUATION, text, 1);
  server_send_frame(at->server, true, OPCODE_CONTINUATION, text, FRAME_MAX);
  server_send_frame(at->server, true, OPCODE_TEXT, "two", 3);
  RUN_UNTIL(at->messages == 2);
  cr_assert_eq(at->oversized, 3);
  cr_assert_eq(at->oversize, 2 * FRAME_MAX + 1);
  cr_assert_str_eq(at->last, "two");
  cr_assert_eq(at->closed, 0);
  stage_destroy(at);
}

Test(websocket, leaves_binary_and_bad_utf8_to_the_decoder) {
  stage *at = stage_new();
  stage_connect_good(at, NULL);
  server_send_frame(at->server, true, OPCODE_BINARY, "\x82\x01", 2);
  server_send_frame(at->server, true, OPCODE_TEXT, "\xff\xfe", 2);
  RUN_UNTIL(at->messages == 2);
  cr_assert_str_eq(at->last, "\xff\xfe");
  cr_assert_eq(at->closed, 0);
  stage_destroy(at);
}

Test(websocket, keeps_the_order_of_ten_thousand_each_way) {
  enum { BURST = 10000 };
  stage *at = stage_new();
  stage_connect_good(at, &stage_echoing);
  at->burst = BURST;
  char text[32];
  for (unsigned sent = 0; sent < BURST;) {
    int size = snprintf(text, sizeof text, "message %u", sent);
    hbus_status status = websocket_send(at->websocket, text, (size_t)size);
    if (status == HBUS_OK)
      sent++;
    else
      uv_run(&at->loop, UV_RUN_ONCE);
  }
  RUN_UNTIL(at->messages == BURST);
  cr_assert(at->in_order);

  at->messages = 0; /* and with nothing between them */
  for (unsigned i = 0; i < BURST; i++) {
    int size = snprintf(text, sizeof text, "message %u", i);
    server_send_frame(at->server, true, OPCODE_TEXT, text, (size_t)size);
  }
  RUN_UNTIL(at->messages == BURST);
  cr_assert(at->in_order);
  stage_destroy(at);
}

Test(websocket, bounds_its_queue) {
  stage *at = stage_new();
  stage_connect_good(at, &stage_echoing);
  for (unsigned i = 0; i < 16; i++)
    cr_assert_eq(websocket_send(at->websocket, "x", 1), HBUS_OK);
  cr_assert_eq(websocket_send(at->websocket, "y", 1), HBUS_OVERLOADED);
  cr_assert_eq(websocket_pending(at->websocket), 16);
  RUN_UNTIL(at->messages == 16);
  cr_assert_eq(websocket_send(at->websocket, "z", 1), HBUS_OK);
  RUN_UNTIL(at->messages == 17);
  cr_assert_str_eq(at->last, "z");
  stage_destroy(at);
}

/* ---- ending ---- */

Test(websocket, tells_the_servers_close) {
  static const struct {
    unsigned code;
    const char *text;
    const char *reason;
  } cases[] = {
      {1000, "", "closed by the server (1000)"},
      {1008, "Authentication failed", "closed by the server (1008: Authentication failed)"},
      {4001, "line\nbreak", "closed by the server (4001: line?break)"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    stage *at = stage_new();
    stage_connect_good(at, NULL);
    server_send_close(at->server, cases[i].code, cases[i].text);
    RUN_UNTIL(at->closed);
    cr_assert_str_eq(at->close_reason, cases[i].reason);
    cr_assert_eq(at->close_code, HBUS_LINK_DOWN);
    stage_destroy(at);
  }
}

Test(websocket, tells_a_server_that_hangs_up) {
  stage *at = stage_new();
  stage_connect_good(at, NULL);
  server_hang_up(at->server);
  RUN_UNTIL(at->closed);
  cr_assert_str_eq(at->close_reason, "the server hung up");
  cr_assert_eq(at->close_code, HBUS_LINK_DOWN);
  stage_destroy(at);
}

static void s_note_close(server *self, void *arg, int opcode, const char *payload, size_t size) {
  (void)self;
  stage *at = arg;
  if (opcode != OPCODE_CLOSE) return;
  cr_assert_eq(size, 6);
  cr_assert_eq(memcmp(payload,
                      "\x03\xe8"
                      "done",
                      6),
               0);
  at->echoes++;
}

Test(websocket, closes_with_a_close_frame) {
  stage *at = stage_new();
  stage_connect_good(at, &(server_callbacks){.on_frame = s_note_close});
  websocket_send(at->websocket, "never written", 13);
  websocket_close(at->websocket, "done");
  cr_assert_eq(at->closed, 0, "on_close came from within websocket_close");
  cr_assert_eq(websocket_send(at->websocket, "x", 1), HBUS_LINK_DOWN);
  websocket_close(at->websocket, "twice");
  RUN_UNTIL(at->closed);
  cr_assert_str_eq(at->close_reason, "done");
  cr_assert_eq(at->echoes, 1);
  stage_destroy(at);
}

Test(websocket, closes_from_a_callback_and_hears_no_more) {
  stage *at = stage_new();
  stage_connect_good(at, NULL);
  at->close_on_message = "enough";
  for (unsigned i = 0; i < 5; i++)
    server_send_frame(at->server, true, OPCODE_TEXT, "x", 1);
  RUN_UNTIL(at->closed);
  cr_assert_eq(at->messages, 1);
  cr_assert_str_eq(at->close_reason, "enough");
  stage_destroy(at);
}

Test(websocket, closes_though_the_server_confirms_nothing) {
  stage *at = stage_new();
  stage_connect_good(at, NULL);
  server_stop_reading(at->server);
  websocket_close(at->websocket, "done");
  RUN_UNTIL(at->closed);
  cr_assert_str_eq(at->close_reason, "done");
  stage_destroy(at);
}

/* ---- silence ---- */

static stage *s_connect_with_pings(uint64_t ping_ms, uint64_t hang_up_ms, const server_callbacks *callbacks) {
  stage *at = stage_new();
  at->ping_ms = ping_ms;
  at->hang_up_ms = hang_up_ms;
  stage_connect_good(at, callbacks);
  return at;
}

Test(websocket, hangs_up_when_no_ping_is_answered) {
  uint64_t began_ns = uv_hrtime();
  stage *at = s_connect_with_pings(50, 200, NULL);
  server_stop_reading(at->server);
  RUN_UNTIL(at->closed);
  cr_assert_eq(at->close_code, HBUS_TIMEOUT, "%s", at->close_reason);
  cr_assert_str_eq(at->close_reason, "no answer to a ping for 200 ms");
  cr_assert_geq(uv_hrtime() - began_ns, 200 * UINT64_C(1000000));
  stage_destroy(at);
}

static void s_flood(uv_timer_t *timer) {
  server_send_frame(timer->data, true, OPCODE_TEXT, "x", 1);
}

Test(websocket, hangs_up_on_a_server_that_talks_and_does_not_listen) {
  stage *at = s_connect_with_pings(50, 200, NULL);
  uv_timer_t flood;
  uv_timer_init(&at->loop, &flood);
  flood.data = at->server;
  uv_timer_start(&flood, s_flood, 0, 10);
  server_stop_reading(at->server);
  RUN_UNTIL(at->closed);
  cr_assert_eq(at->close_code, HBUS_TIMEOUT, "%s", at->close_reason);
  cr_assert_gt(at->messages, 0);
  uv_close((uv_handle_t *)&flood, NULL);
  stage_destroy(at);
}

static void s_count_pings(server *self, void *arg, int opcode, const char *payload, size_t size) {
  (void)self, (void)payload;
  stage *at = arg;
  if (opcode != OPCODE_PING) return;
  cr_assert_eq(size, 0);
  at->echoes++;
}

Test(websocket, stays_up_while_its_pings_are_answered) {
  stage *at = s_connect_with_pings(100, 1000, &(server_callbacks){.on_frame = s_count_pings});
  uint64_t opened_at_ms = uv_now(&at->loop);
  RUN_UNTIL(at->echoes == 12 || at->closed); /* 1.2 s: past the hang-up */
  cr_assert_eq(at->closed, 0, "%s", at->close_reason);
  cr_assert_geq(uv_now(&at->loop) - opened_at_ms, 1150);
  stage_destroy(at);
}

Test(websocket, blames_nobody_for_its_own_silence) {
  stage *at = s_connect_with_pings(100, 300, &(server_callbacks){.on_frame = s_count_pings});
  uv_sleep(1000); /* as a stopped process: the loop does not turn, and no ping is sent */
  RUN_UNTIL(at->echoes == 2 || at->closed);
  cr_assert_eq(at->closed, 0, "%s", at->close_reason);
  stage_destroy(at);
}

/* ---- destroying ---- */

Test(websocket, can_be_destroyed_at_every_stage) {
  for (unsigned turns = 0; turns < 12; turns++) {
    stage *at = stage_new();
    stage_connect(at, SERVER_GOOD, &stage_echoing);
    for (unsigned i = 0; i < turns; i++)
      uv_run(&at->loop, UV_RUN_NOWAIT);
    if (at->opened) websocket_send(at->websocket, "never answered", 14);
    websocket_destroy(&at->websocket);
    cr_assert_null(at->websocket);
    for (unsigned i = 0; i < 50; i++)
      uv_run(&at->loop, UV_RUN_NOWAIT);
    cr_assert_eq(at->closed, 0);
    RUN_UNTIL(!server_connected(at->server)); /* the orphan is gone as well */
    stage_destroy(at);
  }
}

Test(websocket, can_be_closed_at_every_stage) {
  for (unsigned turns = 0; turns < 12; turns++) {
    stage *at = stage_new();
    stage_connect(at, SERVER_GOOD, &stage_echoing);
    for (unsigned i = 0; i < turns; i++)
      uv_run(&at->loop, UV_RUN_NOWAIT);
    unsigned opened = at->opened;
    websocket_close(at->websocket, "changed my mind");
    cr_assert_eq(at->closed, 0);
    RUN_UNTIL(at->closed);
    cr_assert_eq(at->opened, opened);
    cr_assert_str_eq(at->close_reason, "changed my mind");
    RUN_UNTIL(!server_connected(at->server));
    stage_destroy(at);
  }
}

Test(websocket, is_closed_with_its_context_at_every_stage) {
  for (unsigned turns = 0; turns < 12; turns++) {
    stage *at = stage_new();
    stage_connect(at, SERVER_GOOD, &stage_echoing);
    for (unsigned i = 0; i < turns; i++)
      uv_run(&at->loop, UV_RUN_NOWAIT);
    websocket_context_destroy(&at->context);
    cr_assert_eq(at->closed, 0);
    RUN_UNTIL(at->closed);
    cr_assert_str_eq(at->close_reason, "the broker is stopping");
    stage_destroy(at);
  }
}

Test(websocket, connects_again_and_again_in_one_context) {
  stage *at = stage_new();
  at->server = server_new(&at->loop, SERVER_GOOD, &stage_echoing, at);
  char url[64];
  snprintf(url, sizeof url, "ws://127.0.0.1:%u/ws", server_port(at->server));
  for (unsigned i = 0; i < 200; i++) {
    at->opened = at->closed = 0;
    stage_connect_url(at, url, 30000);
    RUN_UNTIL(at->opened);
    if (i % 2) {
      websocket_close(at->websocket, "again");
      RUN_UNTIL(at->closed);
    }
    websocket_destroy(&at->websocket);
  }
  cr_assert_eq(server_accepted(at->server), 200);
  stage_destroy(at);
}

Test(websocket_context, starts_and_stops_unused) {
  stage *at = stage_new();
  stage_destroy(at);
}
