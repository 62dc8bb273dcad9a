/* TLS: what is trusted, what is shown, and what is said when it fails. */
#include "broker/link/websocket_tls.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/broker/websocket_stage.h"

typedef enum identity { NOBODY, CLIENT, STRANGER } identity;

/* Connects to HOST as somebody; trusts the server's authority, or the system's alone. */
static stage *s_connect(const tls_server_options *options, const char *host, bool trusting, identity who) {
  stage *at = stage_new();
  signal(SIGPIPE, SIG_IGN); /* the server's thread writes by write(2) */
  at->tls = tls_server_new(options);
  char url[64];
  snprintf(url, sizeof url, "wss://%s:%u/ws", host, tls_server_port(at->tls));
  websocket_options websocket_options = {.url = url,
                                         .ca_file = trusting ? tls_server_ca_file(at->tls) : NULL,
                                         .frame_max = FRAME_MAX,
                                         .send_queue_max = 1,
                                         .connect_timeout_ms = 30000};
  if (who == CLIENT) {
    websocket_options.client_cert_file = tls_server_client_cert_file(at->tls);
    websocket_options.client_key_file = tls_server_client_key_file(at->tls);
  }
  if (who == STRANGER) {
    websocket_options.client_cert_file = tls_server_stranger_cert_file(at->tls);
    websocket_options.client_key_file = tls_server_stranger_key_file(at->tls);
  }
  at->websocket = websocket_connect(at->context, &websocket_options, &stage_callbacks, at);
  return at;
}

static void s_tear_down(stage *at) {
  tls_server *tls = at->tls;
  stage_destroy(at);
  tls_server_destroy(&tls);
}

Test(websocket_tls, connects_when_all_is_right) {
  static const struct {
    tls_server_options options;
    const char *host;
    identity who;
    const char *asked_for;
  } cases[] = {
      {{.name = "localhost", .valid_for_s = 3600}, "localhost", NOBODY, "localhost"},
      {{.valid_for_s = 3600}, "127.0.0.1", NOBODY, NULL},
      {{.name = "localhost", .valid_for_s = 3600, .version_max = TLS1_2_VERSION}, "localhost", NOBODY, "localhost"},
      {{.name = "localhost", .valid_for_s = 3600}, "localhost", CLIENT, "localhost"}, /* shown to nobody */
      {{.name = "localhost", .valid_for_s = 3600, .wants_client = true}, "localhost", CLIENT, "localhost"},
      {{"localhost", 3600, TLS1_2_VERSION, true}, "localhost", CLIENT, "localhost"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    stage *at = s_connect(&cases[i].options, cases[i].host, true, cases[i].who);
    RUN_UNTIL(at->messages || at->closed);
    cr_assert_eq(at->closed, 0, "case %zu: %s", i, at->close_reason);
    cr_assert_str_eq(at->last, "over TLS");
    if (cases[i].asked_for) cr_expect_str_eq(tls_server_asked_for(at->tls), cases[i].asked_for);
    s_tear_down(at);
  }
}

Test(websocket_tls, tells_why_it_fails) {
  static const struct {
    tls_server_options options;
    const char *host;
    bool trusting;
    identity who;
    const char *reason;
  } cases[] = {
      {{"localhost", 3600, 0, false},
       "localhost",
       false,
       NOBODY,
       "the certificate of localhost is refused: its issuer is not known: see ca_file"},
      {{"localhost", -60, 0, false},
       "localhost",
       true,
       NOBODY,
       "the certificate of localhost is refused: it has expired"},
      {{"elsewhere.example", 3600, 0, false},
       "localhost",
       true,
       NOBODY,
       "the certificate of localhost is refused: it is for another host name"},
      {{"localhost", 3600, 0, false},
       "127.0.0.1",
       true,
       NOBODY,
       "the certificate of 127.0.0.1 is refused: it is for another address"},
      {{"localhost", 3600, TLS1_1_VERSION, false},
       "localhost",
       true,
       NOBODY,
       "the server's TLS is too old: it must be 1.2 or newer"},
      {{"localhost", 3600, 0, true},
       "localhost",
       true,
       NOBODY,
       "the server wants a client certificate: see client_cert_file"},
      {{"localhost", 3600, TLS1_2_VERSION, true},
       "localhost",
       true,
       NOBODY,
       "the server wants a client certificate: see client_cert_file"},
      {{"localhost", 3600, 0, true},
       "localhost",
       true,
       STRANGER,
       "the server does not know the issuer of our client certificate"},
      {{"localhost", 3600, TLS1_2_VERSION, true},
       "localhost",
       true,
       STRANGER,
       "the server does not know the issuer of our client certificate"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    stage *at = s_connect(&cases[i].options, cases[i].host, cases[i].trusting, cases[i].who);
    RUN_UNTIL(at->closed);
    cr_expect_eq(at->opened, 0, "case %zu", i);
    cr_expect_eq(at->close_code, HBUS_LINK_DOWN);
    cr_expect_str_eq(at->close_reason, cases[i].reason, "case %zu: %s", i, at->close_reason);
    s_tear_down(at);
  }
}

/* ---- files ---- */

static void s_expect_refused(const websocket_tls_files *files, const char *part) {
  hbus_error error = {0};
  hbus_status status = websocket_files_check(files->ca, files->client_cert, files->client_key, &error);
  cr_expect_eq(status, HBUS_INVALID_REQUEST);
  cr_expect_not_null(strstr(error.text, part), "no '%s': %s", part, error.text);
}

Test(websocket_tls, checks_its_files) {
  tls_server *server = tls_server_new(&(tls_server_options){.valid_for_s = 60});
  const char *ca = tls_server_ca_file(server), *cert = tls_server_client_cert_file(server);
  const char *key = tls_server_client_key_file(server), *other_key = tls_server_stranger_key_file(server);
  cr_expect_eq(websocket_files_check(NULL, NULL, NULL, NULL), HBUS_OK);
  cr_expect_eq(websocket_files_check(ca, cert, key, NULL), HBUS_OK);
  s_expect_refused(&(websocket_tls_files){.ca = "/no/such"}, "/no/such: No such file or directory");
  s_expect_refused(&(websocket_tls_files){.ca = key}, "there is no certificate (PEM) in the ca_file");
  s_expect_refused(&(websocket_tls_files){.client_cert = cert}, "client_cert_file and client_key_file go together");
  s_expect_refused(&(websocket_tls_files){.client_key = key}, "client_cert_file and client_key_file go together");
  s_expect_refused(&(websocket_tls_files){ca, "/no/such", key}, "cannot read the client certificate /no/such");
  s_expect_refused(&(websocket_tls_files){ca, cert, "/no/such"}, "cannot read the client key /no/such");
  s_expect_refused(&(websocket_tls_files){ca, key, key}, "there is no certificate (PEM) in the client_cert_file");
  s_expect_refused(&(websocket_tls_files){ca, cert, cert}, "there is no key (PEM, without a pass phrase)");
  s_expect_refused(&(websocket_tls_files){ca, cert, other_key}, "does not belong to the client_cert_file");
  tls_server_destroy(&server);
}
