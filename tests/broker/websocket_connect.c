/* Connecting: every way in which it fails. */
#include "tests/broker/websocket_stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- failing to connect ---- */

static void s_expect_failure(stage *at, hbus_status code, const char *part) {
  RUN_UNTIL(at->closed);
  cr_assert_eq(at->opened, 0);
  cr_assert_eq(at->close_code, code, "%s", at->close_reason);
  cr_assert_not_null(strstr(at->close_reason, part), "'%s' has no '%s'", at->close_reason, part);
  cr_assert_eq(websocket_send(at->websocket, "x", 1), HBUS_LINK_DOWN);
  websocket_close(at->websocket, "again");
  stage_destroy(at);
}

Test(websocket_connect, tells_a_refused_connection) {
  stage *at = stage_new();
  at->server = server_new(&at->loop, SERVER_GOOD, NULL, at);
  uint16_t port = server_port(at->server);
  server_destroy(&at->server);
  uv_run(&at->loop, UV_RUN_NOWAIT);
  char url[64];
  snprintf(url, sizeof url, "ws://127.0.0.1:%u/ws", port);
  stage_connect_url(at, url, 30000);
  s_expect_failure(at, HBUS_LINK_DOWN, "connection refused");
}

Test(websocket_connect, tells_an_address_that_cannot_be_reached) {
  stage *at = stage_new();
  stage_connect_url(at, "ws://255.255.255.255:9/", 30000); /* refused by the system at once */
  s_expect_failure(at, HBUS_LINK_DOWN, "cannot connect to 255.255.255.255:9: permission denied");
}

Test(websocket_connect, tries_the_next_address_of_a_name) {
  stage *at = stage_new(); /* localhost is ::1 and 127.0.0.1 on most systems; the server has only the second */
  at->server = server_new(&at->loop, SERVER_GOOD, &stage_echoing, at);
  char url[64];
  snprintf(url, sizeof url, "ws://localhost:%u/ws", server_port(at->server));
  stage_connect_url(at, url, 30000);
  RUN_UNTIL(at->opened);
  stage_destroy(at);
}

Test(websocket_connect, takes_no_proxy_from_the_environment) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  stage *at = stage_new();
  stage_connect_good(at, &stage_echoing);
  stage_destroy(at);
}

Test(websocket_connect, tells_a_host_that_does_not_exist) {
  stage *at = stage_new();
  stage_connect_url(at, "ws://no-such-host.invalid/ws", 30000);
  RUN_UNTIL(at->closed);
  cr_assert_not_null(strstr(at->close_reason, "host"), "%s", at->close_reason);
  s_expect_failure(at, HBUS_LINK_DOWN, "no-such-host.invalid");
}

Test(websocket_connect, gives_up_on_a_server_that_never_answers) {
  stage *at = stage_new();
  at->server = server_new(&at->loop, SERVER_SILENT, NULL, at);
  char url[64];
  snprintf(url, sizeof url, "ws://127.0.0.1:%u/ws", server_port(at->server));
  stage_connect_url(at, url, 1500); /* of which connecting takes a part, also on a busy machine */
  s_expect_failure(at, HBUS_TIMEOUT, "did not complete the handshake within 1500 ms");
}

Test(websocket_connect, tells_handshakes_that_go_wrong) {
  static const struct {
    server_manner manner;
    const char *part;
  } cases[] = {
      {SERVER_NOT_FOUND, "no WebSocket at /ws (HTTP status 404)"},
      {SERVER_HALF, "hung up during the handshake"},
      {SERVER_WRONG_HASH, "not a WebSocket's"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    stage *at = stage_new();
    stage_connect(at, cases[i].manner, NULL);
    s_expect_failure(at, HBUS_LINK_DOWN, cases[i].part);
  }
}

Test(websocket_connect, gives_up_on_a_server_that_talks_something_else) {
  for (unsigned tls = 0; tls < 2; tls++) {
    stage *at = stage_new();
    at->server = server_new(&at->loop, SERVER_GARBAGE, NULL, at);
    char url[64];
    snprintf(url, sizeof url, "ws%s://127.0.0.1:%u/ws", tls ? "s" : "", server_port(at->server));
    stage_connect_url(at, url, 3000); /* in which it does connect, however slow the machine is */
    s_expect_failure(at, HBUS_TIMEOUT, "did not complete the handshake within 3000 ms");
  }
}

Test(websocket_connect, tells_a_ca_file_that_cannot_be_read) {
  stage *at = stage_new();
  websocket_options options = {.url = "wss://127.0.0.1:1/",
                               .ca_file = "/no/such/file",
                               .frame_max = FRAME_MAX,
                               .send_queue_max = 1,
                               .connect_timeout_ms = 30000};
  at->websocket = websocket_connect(at->context, &options, &stage_callbacks, at);
  s_expect_failure(at, HBUS_LINK_DOWN, "/no/such/file");
}
