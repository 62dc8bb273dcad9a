/* What bad input gets: from an operator, from upstream, from a peer. */
#include <criterion/criterion.h>
#include <czmq.h>
#include <signal.h>
#include <string.h>

#include "proto/reply_codec.h"
#include "tests/integration/rig.h"

/* The operator ----------------------------------------------------------------------------------------------------- */

static int s_run_broker(const char *const *arguments, const char *const *environment, char *err, size_t err_size) {
  char out[4096];
  process broker = process_start(HBUS_BIN_DIR "/hbusd", arguments, environment);
  process_read_all(&broker, out, sizeof out, err, err_size);
  return process_wait(&broker);
}

static int s_run_with_config(rig *rig, const char *config, char *err, size_t err_size) {
  char path[128];
  rig_write_config(rig, config, path, sizeof path);
  const char *const arguments[] = {"--config", path, NULL};
  const char *const environment[] = {"HUMMINGBOT_API_KEY=" RIG_API_KEY, NULL};
  return s_run_broker(arguments, environment, err, err_size);
}

static size_t s_lines(const char *text) {
  size_t count = 0;
  for (; *text; text++)
    count += *text == '\n';
  return count;
}

Test(bad_input, a_config_error_names_file_line_and_column) {
  rig rig;
  char err[4096];
  rig_open(&rig);
  snprintf(rig.url, sizeof rig.url, "ws://127.0.0.1:1/ws");
  cr_expect_eq(s_run_with_config(&rig, "  colour: blue\n", err, sizeof err), 2);
  cr_expect_not_null(strstr(err, "hbusd.yaml:12:3: "), "%s", err);
  cr_expect_not_null(strstr(err, "colour"), "%s", err);
  cr_expect_eq(s_lines(err), 1, "%s", err);
  cr_expect_eq(s_run_with_config(&rig, "  request_timeout_ms: soon\n", err, sizeof err), 2);
  cr_expect_not_null(strstr(err, "hbusd.yaml:12:"), "%s", err);
  cr_expect_not_null(strstr(err, "request_timeout_ms"), "%s", err);
  rig_close(&rig);
}

Test(bad_input, wrong_arguments) {
  char err[4096];
  static const char *const unknown[] = {"--colour", NULL}, *const extra[] = {"x", NULL},
                           *const missing[] = {"--config", "/nowhere/hbusd.yaml", NULL};
  cr_expect_eq(s_run_broker(unknown, NULL, err, sizeof err), 2);
  cr_expect_not_null(strstr(err, "--help"), "%s", err);
  cr_expect_eq(s_run_broker(extra, NULL, err, sizeof err), 2);
  cr_expect_not_null(strstr(err, "'x'"), "%s", err);
  cr_expect_eq(s_run_broker(missing, NULL, err, sizeof err), 2);
  cr_expect_not_null(strstr(err, "/nowhere/hbusd.yaml"), "%s", err);
}

Test(bad_input, no_api_key) {
  char err[4096];
  static const char *const nothing[] = {NULL};
  unsetenv("HUMMINGBOT_API_KEY");
  cr_expect_neq(s_run_broker(nothing, NULL, err, sizeof err), 0);
  cr_expect_not_null(strstr(err, "HUMMINGBOT_API_KEY"), "%s", err);
  cr_expect_eq(s_lines(err), 1, "%s", err);
}

Test(bad_input, a_port_in_use) {
  rig rig;
  rig_start(&rig, NULL, NULL);
  char path[128], err[4096];
  snprintf(path, sizeof path, "%s/second.yaml", rig.folder);
  FILE *file = fopen(path, "w");
  fprintf(file,
          "endpoints:\n  commands: [\"%s\"]\n  market: [\"tcp://127.0.0.1:*\"]\n"
          "  private: [\"tcp://127.0.0.1:*\"]\n",
          rig.commands);
  fclose(file);
  const char *const arguments[] = {"--config", path, NULL};
  const char *const environment[] = {"HUMMINGBOT_API_KEY=" RIG_API_KEY, NULL};
  cr_expect_eq(s_run_broker(arguments, environment, err, sizeof err), 1);
  cr_expect_not_null(strstr(err, rig.commands), "%s", err);
  cr_expect_not_null(strstr(err, "in use"), "%s", err);
  cr_expect_eq(s_lines(err), 1, "%s", err);
  unlink(path);
  rig_stop(&rig);
}

Test(bad_input, a_wrong_api_key) {
  rig rig;
  static const char *const other_key[] = {"--api-key", "another", NULL};
  rig_open(&rig);
  rig_start_sim(&rig, other_key);
  rig_start_broker(&rig, NULL);
  rig_expect_log(&rig, "refused the API key");
  hbus_client *client = rig_connect(&rig, "alice");
  rig_wait_link(client, HBUS_LINK_ERROR);
  hbus_ticker ticker;
  hbus_error error;
  cr_expect_eq(hbus_get_ticker(client, "binance", "ETH-USDT", 0, &ticker, &error), HBUS_LINK_DOWN);
  cr_expect_not_null(strstr(error.text, "API key"), "%s", error.text);
  cr_expect_null(strstr(error.text, RIG_API_KEY));
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

Test(bad_input, no_hummingbot_there) {
  rig rig;
  rig_open(&rig);
  rig_start_sim(&rig, NULL);
  process_stop(&rig.sim, SIGKILL);
  rig_start_broker(&rig, NULL);
  rig_expect_log(&rig, "refused");
  rig_stop(&rig);
}

/* Upstream --------------------------------------------------------------------------------------------------------- */

typedef struct upstream_case {
  const char *fault;
  const char *counter;
} upstream_case;

Test(bad_input, frames_of_upstream_that_make_no_sense_are_skipped_counted_and_told) {
  static const upstream_case cases[] = {
      {"garbage=3", "upstream_frames_bad"},
      {"bad-utf8", "upstream_frames_bad"},
      {"unknown-type=3", "upstream_frames_unknown_type"},
      {"oversize=2000000", "upstream_frames_oversize"},
      {"unknown-id", "upstream_answers_unasked"},
      {"twice", "upstream_answers_unasked"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rig rig;
    const char *const arguments[] = {"--rate", "50", "--fault", cases[i].fault, NULL};
    rig_start(&rig, arguments, NULL);
    hbus_client *client = rig_connect(&rig, "alice");
    hbus_error error;
    hbus_message message;
    cr_assert_eq(hbus_client_watch(client, "", &error), HBUS_OK);
    cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "ETH-USDT", 0, &error), HBUS_OK,
                 "%s: %s", cases[i].fault, error.text);
    for (int n = 0; n < 10; n++)
      rig_next_event(client, "market_data/ticker/", &message);
    cr_expect_gt(rig_counter(client, cases[i].counter), 0, "%s", cases[i].fault);
    hbus_ticker ticker;
    cr_expect_eq(hbus_get_ticker(client, "binance", "ETH-USDT", 0, &ticker, &error), HBUS_OK, "the link still works");
    cr_expect_eq(rig_counter(client, "link_losses"), 0, "%s", cases[i].fault);
    hbus_client_destroy(&client);
    rig_stop(&rig);
  }
}

Test(bad_input, a_bad_frame_of_upstream_is_an_error_event_on_both_streams) {
  rig rig;
  static const char *const arguments[] = {"--rate", "50", "--fault", "unknown-type=2", NULL};
  rig_start(&rig, arguments, NULL);
  hbus_client *client = rig_connect(&rig, "alice");
  hbus_error error;
  cr_assert_eq(hbus_client_watch(client, "error/", &error), HBUS_OK);
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "ETH-USDT", 0, &error), HBUS_OK);
  unsigned heard = 0;
  while (heard != (1u << HBUS_STREAM_MARKET | 1u << HBUS_STREAM_PRIVATE)) {
    hbus_message message;
    rig_next_event(client, "error/hbusd/", &message);
    cr_expect_eq(message.event.data.notice.code, HBUS_UPSTREAM_ERROR);
    heard |= 1u << message.stream;
  }
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

/* Peers ------------------------------------------------------------------------------------------------------------ */

typedef struct raw_peer {
  zsock_t *socket;
} raw_peer;

static raw_peer s_raw_peer(const rig *rig) {
  zsys_handler_set(NULL);
  raw_peer self = {.socket = zsock_new_dealer(rig->commands)};
  zsock_set_rcvtimeo(self.socket, PROCESS_PATIENCE_MS);
  return self;
}

static void s_send(raw_peer *self, const void *data, size_t size) {
  cr_assert_eq(zmq_send(zsock_resolve(self->socket), data, size, 0), (int)size);
}

/* The next reply has this id and code. */
static void s_expect_reply(raw_peer *self, const char *id, hbus_status code) {
  uint8_t frame[4096];
  int size = zmq_recv(zsock_resolve(self->socket), frame, sizeof frame, 0);
  cr_assert_gt(size, 0, "no reply to '%s'", id);
  hbus_reply reply;
  hbus_error error;
  cr_assert_eq(reply_unpack(frame, (size_t)size, &reply, &error), HBUS_OK, "%s", error.text);
  cr_expect_str_eq(reply.id, id);
  cr_expect_eq(reply.code, code, "%s: %s: %.*s", id, hbus_status_name(reply.code), (int)reply.message.size,
               reply.message.data);
}

/* {"v": 1, "id": id, "cmd": "ping"} and what comes behind it: `pairs` more, which follow. */
static size_t s_ping(uint8_t *out, char id, uint8_t pairs) {
  const uint8_t head[] = {(uint8_t)(0x83 + pairs),
                          0xa1,
                          'v',
                          1,
                          0xa2,
                          'i',
                          'd',
                          0xa1,
                          (uint8_t)id,
                          0xa3,
                          'c',
                          'm',
                          'd',
                          0xa4,
                          'p',
                          'i',
                          'n',
                          'g'};
  memcpy(out, head, sizeof head);
  return sizeof head;
}

Test(bad_input, frames_that_are_no_command) {
  rig rig;
  rig_start(&rig, NULL, NULL);
  raw_peer peer = s_raw_peer(&rig);
  uint8_t *frame = calloc(1, 100000);

  s_send(&peer, "\xc1", 1);                 /* never msgpack */
  s_send(&peer, "GET / ", 6);               /* an integer, and more behind it */
  s_send(&peer, "\x81", 1);                 /* a map that ends before it begins */
  s_send(&peer, "\xdf\xff\xff\xff\xff", 5); /* four billion pairs, it says */

  size_t size = s_ping(frame, 'd', 1);
  frame[size++] = 0xa1;
  frame[size++] = 'x';
  memset(frame + size, 0x91, 40); /* an array in an array in an array */
  size += 40;
  frame[size++] = 0xc0;
  s_send(&peer, frame, size);
  s_expect_reply(&peer, "d", HBUS_INVALID_REQUEST);

  size = s_ping(frame, 'b', 1);
  const uint8_t text_head[] = {0xa1, 'x', 0xdb, 0, 1, 0x11, 0x70}; /* 70,000 bytes of text */
  memcpy(frame + size, text_head, sizeof text_head);
  memset(frame + size + sizeof text_head, 'a', 70000);
  size += sizeof text_head + 70000;
  s_send(&peer, frame, size);
  s_expect_reply(&peer, "b", HBUS_INVALID_REQUEST);

  size = s_ping(frame, 'e', 1);
  memcpy(frame + size, "\xa2id\xa1z", 5); /* id again */
  s_send(&peer, frame, size + 5);
  s_expect_reply(&peer, "e", HBUS_INVALID_REQUEST);

  size = s_ping(frame, 'p', 0);
  s_send(&peer, frame, size);
  s_expect_reply(&peer, "p", HBUS_OK);

  hbus_client *client = rig_connect(&rig, "alice");
  cr_expect_geq(rig_counter(client, "commands_bad_frame"), 6);
  hbus_client_destroy(&client);
  free(frame);
  zsock_destroy(&peer.socket);
  rig_stop(&rig);
}

Test(bad_input, a_message_of_more_frames_than_a_command_has) {
  rig rig;
  rig_start(&rig, NULL, NULL);
  raw_peer peer = s_raw_peer(&rig);
  uint8_t frame[64];
  size_t size = s_ping(frame, 'x', 0);
  void *handle = zsock_resolve(peer.socket);
  zmq_send(handle, frame, size, ZMQ_SNDMORE);
  zmq_send(handle, frame, size, 0);
  zmq_send(handle, "", 0, 0);
  size = s_ping(frame, 'p', 0);
  s_send(&peer, frame, size);
  s_expect_reply(&peer, "p", HBUS_OK);
  hbus_client *client = rig_connect(&rig, "alice");
  cr_expect_eq(rig_counter(client, "commands_bad_frame"), 2);
  hbus_client_destroy(&client);
  zsock_destroy(&peer.socket);
  rig_stop(&rig);
}

Test(bad_input, side_effects_need_a_name) {
  rig rig;
  rig_start(&rig, NULL, NULL);
  raw_peer peer = s_raw_peer(&rig);
  static const char cancel[] = "\x86\xa1v\x01\xa2id\xa1"
                               "1\xa3"
                               "cmd\xac"
                               "cancel_order\xa8"
                               "exchange\xa1"
                               "e\xa6"
                               "market\xa1m\xa8order_id\xa1o";
  s_send(&peer, cancel, sizeof cancel - 1);
  s_expect_reply(&peer, "1", HBUS_UNAUTHENTICATED);
  zsock_destroy(&peer.socket);
  rig_stop(&rig);
}

Test(bad_input, an_id_that_is_under_way) {
  rig rig;
  static const char *const arguments[] = {"--rate", "0", "--fault", "no-answer=get_ticker", NULL};
  rig_start(&rig, arguments, "  request_timeout_ms: 300\n  retry_attempts: 0\n");
  raw_peer peer = s_raw_peer(&rig);
  static const char ticker[] = "\x85\xa1v\x01\xa2id\xa1"
                               "1\xa3"
                               "cmd\xaaget_ticker\xa8"
                               "exchange\xa7"
                               "binance\xa6"
                               "market\xa8"
                               "ETH-USDT";
  s_send(&peer, ticker, sizeof ticker - 1);
  s_send(&peer, ticker, sizeof ticker - 1);
  s_expect_reply(&peer, "1", HBUS_INVALID_REQUEST);
  s_expect_reply(&peer, "1", HBUS_TIMEOUT);
  zsock_destroy(&peer.socket);
  rig_stop(&rig);
}
