#include "broker/link/websocket.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/broker/tls_server.h"
#include "tests/broker/websocket_server.h"

#define FRAME_MAX   100000
#define PATIENCE_MS 60000

/* A loop with a server and a client on it, and what the client was told. */
typedef struct stage {
  uv_loop_t loop;
  uv_timer_t patience;
  websocket_context *context;
  server *server;
  tls_server *tls;
  websocket *websocket;
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

static const websocket_callbacks s_callbacks = {s_on_open, s_on_message, s_on_oversize, s_on_close};

static void s_out_of_patience(uv_timer_t *timer) {
  (void)timer;
  cr_assert(false, "nothing happens any more");
}

static stage *s_set_up(void) {
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

/* Runs the loop dry: nothing may be left open. */
static void s_tear_down(stage *at) {
  websocket_destroy(&at->websocket);
  websocket_context_destroy(&at->context);
  server_destroy(&at->server);
  uv_close((uv_handle_t *)&at->patience, NULL);
  uv_run(&at->loop, UV_RUN_DEFAULT);
  cr_assert_eq(uv_loop_close(&at->loop), 0, "a handle is left open");
  free(at);
}

#define RUN_UNTIL(condition)                                                                                           \
  while (!(condition))                                                                                                 \
  uv_run(&at->loop, UV_RUN_ONCE)

static void s_connect_url(stage *at, const char *url, uint64_t connect_timeout_ms) {
  websocket_options options = {
      .url = url, .frame_max = FRAME_MAX, .send_queue_max = 16, .connect_timeout_ms = connect_timeout_ms};
  at->websocket = websocket_connect(at->context, &options, &s_callbacks, at);
  cr_assert_not_null(at->websocket);
  cr_assert_eq(at->closed, 0, "on_close came from within websocket_connect");
}

static void s_connect(stage *at, server_manner manner, const server_callbacks *callbacks) {
  at->server = server_new(&at->loop, manner, callbacks, at);
  char url[64];
  snprintf(url, sizeof url, "ws://127.0.0.1:%u/ws", server_port(at->server));
  s_connect_url(at, url, 30000);
}

static void s_connect_good(stage *at, const server_callbacks *callbacks) {
  s_connect(at, SERVER_GOOD, callbacks);
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

static const server_callbacks s_echoing = {.on_frame = s_echo};

/* ---- messages ---- */

Test(websocket, sends_and_receives) {
  stage *at = s_set_up();
  s_connect_good(at, &s_echoing);
  cr_assert_eq(websocket_send(at->websocket, "hello", 5), HBUS_OK);
  cr_assert_eq(websocket_pending(at->websocket), 1);
  RUN_UNTIL(at->messages == 1);
  cr_assert_str_eq(at->last, "hello");
  cr_assert_eq(websocket_pending(at->websocket), 0);
  s_tear_down(at);
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
  stage *at = s_set_up();
  s_connect_good(at, &(server_callbacks){.on_open = s_check_request});
  cr_assert_eq(at->echoes, 1);
  s_tear_down(at);
}

Test(websocket, puts_fragments_together_at_every_split) {
  static const char text[] = "{\"type\":\"ticker\"}";
  const size_t size = sizeof text - 1;
  stage *at = s_set_up();
  s_connect_good(at, NULL);
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
  s_tear_down(at);
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
  stage *at = s_set_up();
  s_connect_good(at, NULL);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    server_send_frame(at->server, true, OPCODE_TEXT, text, sizes[i]);
    RUN_UNTIL(at->messages == i + 1);
    cr_assert_eq(at->last_size, sizes[i]);
    cr_assert_eq(memcmp(at->last, text, sizes[i]), 0);
  }
  s_tear_down(at);
}

Test(websocket, skips_what_is_too_long_and_goes_on) {
  static char text[3 * FRAME_MAX];
  s_fill(text, sizeof text);
  stage *at = s_set_up();
  s_connect_good(at, NULL);
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
  s_tear_down(at);
}

Test(websocket, leaves_binary_and_bad_utf8_to_the_decoder) {
  stage *at = s_set_up();
  s_connect_good(at, NULL);
  server_send_frame(at->server, true, OPCODE_BINARY, "\x82\x01", 2);
  server_send_frame(at->server, true, OPCODE_TEXT, "\xff\xfe", 2);
  RUN_UNTIL(at->messages == 2);
  cr_assert_str_eq(at->last, "\xff\xfe");
  cr_assert_eq(at->closed, 0);
  s_tear_down(at);
}

Test(websocket, keeps_the_order_of_ten_thousand_each_way) {
  enum { BURST = 10000 };
  stage *at = s_set_up();
  s_connect_good(at, &s_echoing);
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
  s_tear_down(at);
}

Test(websocket, bounds_its_queue) {
  stage *at = s_set_up();
  s_connect_good(at, &s_echoing);
  for (unsigned i = 0; i < 16; i++)
    cr_assert_eq(websocket_send(at->websocket, "x", 1), HBUS_OK);
  cr_assert_eq(websocket_send(at->websocket, "y", 1), HBUS_OVERLOADED);
  cr_assert_eq(websocket_pending(at->websocket), 16);
  RUN_UNTIL(at->messages == 16);
  cr_assert_eq(websocket_send(at->websocket, "z", 1), HBUS_OK);
  RUN_UNTIL(at->messages == 17);
  cr_assert_str_eq(at->last, "z");
  s_tear_down(at);
}

/* ---- failing to connect ---- */

static void s_expect_failure(stage *at, hbus_status code, const char *part) {
  RUN_UNTIL(at->closed);
  cr_assert_eq(at->opened, 0);
  cr_assert_eq(at->close_code, code, "%s", at->close_reason);
  cr_assert_not_null(strstr(at->close_reason, part), "'%s' has no '%s'", at->close_reason, part);
  cr_assert_eq(websocket_send(at->websocket, "x", 1), HBUS_LINK_DOWN);
  websocket_close(at->websocket, "again");
  s_tear_down(at);
}

Test(websocket, tells_a_refused_connection) {
  stage *at = s_set_up();
  at->server = server_new(&at->loop, SERVER_GOOD, NULL, at);
  uint16_t port = server_port(at->server);
  server_destroy(&at->server);
  uv_run(&at->loop, UV_RUN_NOWAIT);
  char url[64];
  snprintf(url, sizeof url, "ws://127.0.0.1:%u/ws", port);
  s_connect_url(at, url, 30000);
  s_expect_failure(at, HBUS_LINK_DOWN, "connection refused");
}

Test(websocket, tells_an_address_that_cannot_be_reached) {
  stage *at = s_set_up();
  s_connect_url(at, "ws://255.255.255.255:9/", 30000); /* refused by the system at once */
  s_expect_failure(at, HBUS_LINK_DOWN, "cannot connect to 255.255.255.255:9: permission denied");
}

Test(websocket, tries_the_next_address_of_a_name) {
  stage *at = s_set_up(); /* localhost is ::1 and 127.0.0.1 on most systems; the server has only the second */
  at->server = server_new(&at->loop, SERVER_GOOD, &s_echoing, at);
  char url[64];
  snprintf(url, sizeof url, "ws://localhost:%u/ws", server_port(at->server));
  s_connect_url(at, url, 30000);
  RUN_UNTIL(at->opened);
  s_tear_down(at);
}

Test(websocket, takes_no_proxy_from_the_environment) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  stage *at = s_set_up();
  s_connect_good(at, &s_echoing);
  s_tear_down(at);
}

Test(websocket, tells_a_host_that_does_not_exist) {
  stage *at = s_set_up();
  s_connect_url(at, "ws://no-such-host.invalid/ws", 30000);
  RUN_UNTIL(at->closed);
  cr_assert_not_null(strstr(at->close_reason, "host"), "%s", at->close_reason);
  s_expect_failure(at, HBUS_LINK_DOWN, "no-such-host.invalid");
}

Test(websocket, gives_up_on_a_server_that_never_answers) {
  stage *at = s_set_up();
  at->server = server_new(&at->loop, SERVER_SILENT, NULL, at);
  char url[64];
  snprintf(url, sizeof url, "ws://127.0.0.1:%u/ws", server_port(at->server));
  s_connect_url(at, url, 200);
  s_expect_failure(at, HBUS_TIMEOUT, "did not complete the handshake within 200 ms");
}

Test(websocket, tells_handshakes_that_go_wrong) {
  static const struct {
    server_manner manner;
    const char *part;
  } cases[] = {
      {SERVER_NOT_FOUND, "no WebSocket at /ws (HTTP status 404)"},
      {SERVER_HALF, "hung up during the handshake"},
      {SERVER_WRONG_HASH, "not a WebSocket's"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    stage *at = s_set_up();
    s_connect(at, cases[i].manner, NULL);
    s_expect_failure(at, HBUS_LINK_DOWN, cases[i].part);
  }
}

Test(websocket, gives_up_on_a_server_that_talks_something_else) {
  for (unsigned tls = 0; tls < 2; tls++) {
    stage *at = s_set_up();
    at->server = server_new(&at->loop, SERVER_GARBAGE, NULL, at);
    char url[64];
    snprintf(url, sizeof url, "ws%s://127.0.0.1:%u/ws", tls ? "s" : "", server_port(at->server));
    s_connect_url(at, url, 300);
    s_expect_failure(at, HBUS_TIMEOUT, "did not complete the handshake within 300 ms");
  }
}

Test(websocket, tells_a_ca_file_that_cannot_be_read) {
  stage *at = s_set_up();
  websocket_options options = {.url = "wss://127.0.0.1:1/",
                               .ca_file = "/no/such/file",
                               .frame_max = FRAME_MAX,
                               .send_queue_max = 1,
                               .connect_timeout_ms = 30000};
  at->websocket = websocket_connect(at->context, &options, &s_callbacks, at);
  s_expect_failure(at, HBUS_LINK_DOWN, "/no/such/file");
}

/* ---- TLS ---- */

/* Connects to HOST, the server's certificate being for options->name, and trusts its authority unless told otherwise.
 */
static stage *s_connect_tls(const tls_server_options *options, const char *host, bool trusted) {
  stage *at = s_set_up();
  signal(SIGPIPE, SIG_IGN); /* the server's thread writes by write(2) */
  at->tls = tls_server_new(options);
  char url[64];
  snprintf(url, sizeof url, "wss://%s:%u/ws", host, tls_server_port(at->tls));
  websocket_options websocket_options = {.url = url,
                                         .ca_file = trusted ? tls_server_ca_file(at->tls) : NULL,
                                         .frame_max = FRAME_MAX,
                                         .send_queue_max = 1,
                                         .connect_timeout_ms = 30000};
  at->websocket = websocket_connect(at->context, &websocket_options, &s_callbacks, at);
  return at;
}

static void s_tear_down_tls(stage *at) {
  tls_server *tls = at->tls;
  s_tear_down(at);
  tls_server_destroy(&tls);
}

Test(websocket_tls, accepts_the_right_certificate) {
  static const struct { const char *name, *host; } cases[] = {{"localhost", "localhost"}, {NULL, "127.0.0.1"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    stage *at = s_connect_tls(&(tls_server_options){.name = cases[i].name, .valid_for_s = 3600}, cases[i].host, true);
    RUN_UNTIL(at->messages || at->closed);
    cr_assert_eq(at->closed, 0, "%s", at->close_reason);
    cr_assert_str_eq(at->last, "over TLS");
    s_tear_down_tls(at);
  }
}

Test(websocket_tls, refuses_every_wrong_certificate_and_tells_why) {
  static const struct {
    tls_server_options options;
    const char *host;
    bool trusted;
    const char *part;
  } cases[] = {
      {{"localhost", 3600, 0}, "localhost", false, "the certificate of localhost is refused: "},
      {{"localhost", -60, 0}, "localhost", true, "certificate has expired"},
      {{"elsewhere.example", 3600, 0}, "localhost", true, "hostname mismatch"},
      {{"localhost", 3600, 0}, "127.0.0.1", true, "IP address mismatch"},
      {{"localhost", 3600, TLS1_1_VERSION}, "localhost", true, "the TLS handshake failed"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    stage *at = s_connect_tls(&cases[i].options, cases[i].host, cases[i].trusted);
    RUN_UNTIL(at->closed);
    cr_expect_eq(at->opened, 0);
    cr_expect_eq(at->close_code, HBUS_LINK_DOWN);
    cr_expect_not_null(strstr(at->close_reason, cases[i].part), "no '%s': %s", cases[i].part, at->close_reason);
    s_tear_down_tls(at);
  }
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
    stage *at = s_set_up();
    s_connect_good(at, NULL);
    server_send_close(at->server, cases[i].code, cases[i].text);
    RUN_UNTIL(at->closed);
    cr_assert_str_eq(at->close_reason, cases[i].reason);
    cr_assert_eq(at->close_code, HBUS_LINK_DOWN);
    s_tear_down(at);
  }
}

Test(websocket, tells_a_server_that_hangs_up) {
  stage *at = s_set_up();
  s_connect_good(at, NULL);
  server_hang_up(at->server);
  RUN_UNTIL(at->closed);
  cr_assert_str_eq(at->close_reason, "the server hung up");
  cr_assert_eq(at->close_code, HBUS_LINK_DOWN);
  s_tear_down(at);
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
  stage *at = s_set_up();
  s_connect_good(at, &(server_callbacks){.on_frame = s_note_close});
  websocket_send(at->websocket, "never written", 13);
  websocket_close(at->websocket, "done");
  cr_assert_eq(at->closed, 0, "on_close came from within websocket_close");
  cr_assert_eq(websocket_send(at->websocket, "x", 1), HBUS_LINK_DOWN);
  websocket_close(at->websocket, "twice");
  RUN_UNTIL(at->closed);
  cr_assert_str_eq(at->close_reason, "done");
  cr_assert_eq(at->echoes, 1);
  s_tear_down(at);
}

Test(websocket, closes_from_a_callback_and_hears_no_more) {
  stage *at = s_set_up();
  s_connect_good(at, NULL);
  at->close_on_message = "enough";
  for (unsigned i = 0; i < 5; i++)
    server_send_frame(at->server, true, OPCODE_TEXT, "x", 1);
  RUN_UNTIL(at->closed);
  cr_assert_eq(at->messages, 1);
  cr_assert_str_eq(at->close_reason, "enough");
  s_tear_down(at);
}

Test(websocket, closes_though_the_server_confirms_nothing) {
  stage *at = s_set_up();
  s_connect_good(at, NULL);
  server_stop_reading(at->server);
  websocket_close(at->websocket, "done");
  RUN_UNTIL(at->closed);
  cr_assert_str_eq(at->close_reason, "done");
  s_tear_down(at);
}

Test(websocket, hangs_up_after_fifteen_seconds_of_silence) {
  stage *at = s_set_up();
  s_connect_good(at, NULL);
  server_stop_reading(at->server);
  RUN_UNTIL(at->closed);
  cr_assert_eq(at->close_code, HBUS_TIMEOUT, "%s", at->close_reason);
  cr_assert_str_eq(at->close_reason, "nothing heard for 15 s");
  s_tear_down(at);
}

static void s_count_pings(server *self, void *arg, int opcode, const char *payload, size_t size) {
  (void)self, (void)payload, (void)size;
  stage *at = arg;
  if (opcode == OPCODE_PING) at->echoes++;
}

Test(websocket, stays_up_while_its_pings_are_answered) {
  stage *at = s_set_up();
  s_connect_good(at, &(server_callbacks){.on_frame = s_count_pings});
  RUN_UNTIL(at->echoes == 4 || at->closed); /* 20 s: past the hang-up */
  cr_assert_eq(at->closed, 0, "%s", at->close_reason);
  s_tear_down(at);
}

/* ---- destroying ---- */

Test(websocket, can_be_destroyed_at_every_stage) {
  for (unsigned turns = 0; turns < 12; turns++) {
    stage *at = s_set_up();
    s_connect(at, SERVER_GOOD, &s_echoing);
    for (unsigned i = 0; i < turns; i++)
      uv_run(&at->loop, UV_RUN_NOWAIT);
    if (at->opened) websocket_send(at->websocket, "never answered", 14);
    websocket_destroy(&at->websocket);
    cr_assert_null(at->websocket);
    for (unsigned i = 0; i < 50; i++)
      uv_run(&at->loop, UV_RUN_NOWAIT);
    cr_assert_eq(at->closed, 0);
    RUN_UNTIL(!server_connected(at->server)); /* the orphan is gone as well */
    s_tear_down(at);
  }
}

Test(websocket, can_be_closed_at_every_stage) {
  for (unsigned turns = 0; turns < 12; turns++) {
    stage *at = s_set_up();
    s_connect(at, SERVER_GOOD, &s_echoing);
    for (unsigned i = 0; i < turns; i++)
      uv_run(&at->loop, UV_RUN_NOWAIT);
    unsigned opened = at->opened;
    websocket_close(at->websocket, "changed my mind");
    cr_assert_eq(at->closed, 0);
    RUN_UNTIL(at->closed);
    cr_assert_eq(at->opened, opened);
    cr_assert_str_eq(at->close_reason, "changed my mind");
    RUN_UNTIL(!server_connected(at->server));
    s_tear_down(at);
  }
}

Test(websocket, is_closed_with_its_context_at_every_stage) {
  for (unsigned turns = 0; turns < 12; turns++) {
    stage *at = s_set_up();
    s_connect(at, SERVER_GOOD, &s_echoing);
    for (unsigned i = 0; i < turns; i++)
      uv_run(&at->loop, UV_RUN_NOWAIT);
    websocket_context_destroy(&at->context);
    cr_assert_eq(at->closed, 0);
    RUN_UNTIL(at->closed);
    cr_assert_str_eq(at->close_reason, "the broker is stopping");
    s_tear_down(at);
  }
}

Test(websocket, connects_again_and_again_in_one_context) {
  stage *at = s_set_up();
  at->server = server_new(&at->loop, SERVER_GOOD, &s_echoing, at);
  char url[64];
  snprintf(url, sizeof url, "ws://127.0.0.1:%u/ws", server_port(at->server));
  for (unsigned i = 0; i < 200; i++) {
    at->opened = at->closed = 0;
    s_connect_url(at, url, 30000);
    RUN_UNTIL(at->opened);
    if (i % 2) {
      websocket_close(at->websocket, "again");
      RUN_UNTIL(at->closed);
    }
    websocket_destroy(&at->websocket);
  }
  cr_assert_eq(server_accepted(at->server), 200);
  s_tear_down(at);
}

Test(websocket_context, starts_and_stops_unused) {
  stage *at = s_set_up();
  s_tear_down(at);
}

/* ---- URLs ---- */

Test(websocket_url, is_checked) {
  static const struct {
    const char *url;
    const char *error; /* NULL: good */
  } cases[] = {
      {"ws://localhost:15888/ws", NULL},
      {"wss://bot.example.org/ws?x=1", NULL},
      {"WS://127.0.0.1", NULL},
      {"ws://[::1]:80/", NULL},
      {"ws://a_b-c.d:65535", NULL},
      {"http://localhost/", "must begin with ws:// or wss://"},
      {"", "must begin with"},
      {"ws://", "has no host"},
      {"ws://:80/", "has no host"},
      {"ws://host:0/", "from 1 to 65535"},
      {"ws://host:65536/", "from 1 to 65535"},
      {"ws://host:99999999999999999999/", "from 1 to 65535"},
      {"ws://host:/", "from 1 to 65535"},
      {"ws://host:80x/", "from 1 to 65535"},
      {"ws://user:secret@host/", "user name or password"},
      {"ws://ho st/", "not allowed"},
      {"ws://host?x", "must go on with '/'"},
      {"ws://host/a b", "not allowed"},
      {"ws://host/#top", "not allowed"},
      {"ws://host/a\r\nX: y", "not allowed"},
      {"ws://[::1/", "without its ']'"},
      {"ws://[1.2.3.4]/", "not an IPv6 address"},
      {"wss://[::1]/", "needs a host name"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    hbus_error error = {0};
    hbus_status status = websocket_url_check(cases[i].url, &error);
    cr_expect_eq(status, cases[i].error ? HBUS_INVALID_REQUEST : HBUS_OK, "%s: %s", cases[i].url, error.text);
    if (cases[i].error) cr_expect_not_null(strstr(error.text, cases[i].error), "%s: %s", cases[i].url, error.text);
  }
}

Test(websocket_url, has_bounds) {
  char url[2048] = "ws://";
  memset(url + 5, 'h', 127);
  cr_expect_eq(websocket_url_check(url, NULL), HBUS_OK);
  url[132] = 'h';
  cr_expect_eq(websocket_url_check(url, NULL), HBUS_INVALID_REQUEST);
  snprintf(url, sizeof url, "ws://h/%01023d", 0);
  cr_expect_eq(websocket_url_check(url, NULL), HBUS_OK);
  snprintf(url, sizeof url, "ws://h/%01024d", 0);
  cr_expect_eq(websocket_url_check(url, NULL), HBUS_INVALID_REQUEST);
}
