/* Who comes and goes: peers that leave while the broker still has to do with them, and a broker that does. */
#include <criterion/criterion.h>
#include <czmq.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "proto/command_codec.h"
#include "proto/reply_codec.h"
#include "tests/integration/rig.h"

static void s_send(zsock_t *peer, const hbus_command *command) {
  buffer frame;
  buffer_init(&frame, HBUS_COMMAND_FRAME_MAX);
  cr_assert_eq(command_pack(command, &frame), HBUS_OK);
  cr_assert_geq(zmq_send(zsock_resolve(peer), frame.data, frame.size, 0), 0);
  buffer_free(&frame);
}

/* Sends if there is somebody to send to. */
static void s_try(zsock_t *peer, const hbus_command *command) {
  buffer frame;
  buffer_init(&frame, HBUS_COMMAND_FRAME_MAX);
  cr_assert_eq(command_pack(command, &frame), HBUS_OK);
  zmq_send(zsock_resolve(peer), frame.data, frame.size, ZMQ_DONTWAIT);
  buffer_free(&frame);
}

/* Says something and goes, without waiting for an answer. */
static void s_say_and_leave(const rig *rig, unsigned pings) {
  zsock_t *peer = zsock_new(ZMQ_DEALER);
  zsock_set_linger(peer, PROCESS_PATIENCE_MS);
  cr_assert_eq(zsock_connect(peer, "%s", rig->commands), 0);
  s_send(peer, &(hbus_command){.kind = HBUS_HELLO, .id = "hello", .name = "passer-by"});
  for (unsigned i = 0; i < pings; i++)
    s_send(peer, &(hbus_command){.kind = HBUS_PING, .id = "ping"});
  zsock_destroy(&peer);
}

static void s_wait_number(hbus_client *client, const char *name, uint64_t wanted) {
  uint64_t last = 0;
  for (int polls = 0; polls < PROCESS_PATIENCE_MS / 10; polls++) {
    last = rig_number(client, name);
    if (last == wanted) return;
    hbus_message message;
    hbus_client_next(client, 10, &message);
  }
  cr_assert_fail("%s stays %llu", name, (unsigned long long)last);
}

static void s_wait_counter(hbus_client *client, const char *name, uint64_t wanted) {
  uint64_t last = 0;
  for (int polls = 0; polls < PROCESS_PATIENCE_MS / 10; polls++) {
    last = rig_counter(client, name);
    if (last >= wanted) return;
    hbus_message message;
    hbus_client_next(client, 10, &message);
  }
  cr_assert_fail("%s stays %llu", name, (unsigned long long)last);
}

/* What a connection sent can be read after the news of its end; that must not make it a peer for ever. */
Test(departures, who_left_before_its_words_were_read_is_forgotten) {
  enum { PEERS = 100, PINGS = 2, LONG = 400 }; /* more than one turn reads */
  rig rig;
  rig_start(&rig, NULL, NULL);
  hbus_client *client = rig_connect(&rig, "alice");
  uint64_t before = rig_counter(client, "commands");
  for (unsigned i = 0; i < PEERS; i++)
    s_say_and_leave(&rig, i % 10 ? PINGS : LONG);
  s_wait_counter(client, "commands", before + PEERS * (1 + PINGS) + PEERS / 10 * (LONG - PINGS));
  s_wait_number(client, "peers", 1);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

static void s_receive(zsock_t *peer, hbus_reply *out) {
  hbus_error error;
  zframe_t *frame = zframe_recv(peer);
  cr_assert_not_null(frame, "no reply came");
  cr_assert_eq(reply_unpack(zframe_data(frame), zframe_size(frame), out, &error), HBUS_OK, "%s", error.text);
  out->message = (hbus_text){0};
  out->data = (hbus_bytes){0};
  zframe_destroy(&frame);
}

/* The peer has not set ZMQ_IMMEDIATE: with it, libzmq 4.3.4 throws away what has arrived and is not read yet when the
 * connection ends. */
Test(departures, a_broker_that_stops_answers_what_is_under_way) {
  enum { ORDERS = 200 };
  static const char *const arguments[] = {"--rate", "0", "--no-client-ids", "--fault", "no-answer=create_order", NULL};
  rig rig;
  rig_start(&rig, arguments, "  request_timeout_ms: 60000\n");
  hbus_client *client = rig_connect(&rig, "alice");
  uint64_t before = rig_counter(client, "upstream_requests");
  zsock_t *peer = zsock_new(ZMQ_DEALER);
  hbus_reply reply;
  zsock_set_linger(peer, 0);
  zsock_set_rcvtimeo(peer, PROCESS_PATIENCE_MS);
  cr_assert_eq(zsock_connect(peer, "%s", rig.commands), 0);
  s_send(peer, &(hbus_command){.kind = HBUS_HELLO, .id = "hello", .name = "alice"});
  s_receive(peer, &reply);
  for (unsigned i = 0; i < ORDERS; i++) {
    hbus_command order = rig_resting_order(HBUS_BUY, "0.0100");
    snprintf(order.id, sizeof order.id, "%u", i);
    snprintf(order.client_order_id, sizeof order.client_order_id, "mine-%u", i);
    s_send(peer, &order);
  }
  s_wait_counter(client, "upstream_requests", before + ORDERS);
  hbus_client_destroy(&client);
  cr_expect_eq(process_stop(&rig.broker, SIGTERM), 0);
  rig.broker.pid = 0;
  for (unsigned i = 0; i < ORDERS; i++) {
    s_receive(peer, &reply);
    cr_expect_eq(reply.status, HBUS_REPLY_UNKNOWN);
    cr_expect_eq(reply.code, HBUS_LINK_DOWN);
  }
  zsock_destroy(&peer);
  rig_stop(&rig);
}

/* The sockets outlive what serves them, so that the last replies are read. */
Test(departures, a_broker_that_stops_reads_no_more_commands) {
  rig rig;
  rig_start(&rig, NULL, NULL);
  hbus_client *client = rig_connect(&rig, "alice");
  hbus_error error;
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "ETH-USDT", 0, &error), HBUS_OK);
  zsock_t *peer = zsock_new(ZMQ_DEALER);
  cr_assert_eq(zsock_connect(peer, "%s", rig.commands), 0);
  zsock_set_linger(peer, 0);
  zsock_set_sndtimeo(peer, 0);
  s_send(peer, &(hbus_command){.kind = HBUS_HELLO, .id = "hello", .name = "bob"});
  zmsg_t *reply = zmsg_recv(peer);
  zmsg_destroy(&reply);
  kill(rig.broker.pid, SIGTERM);
  const hbus_command question = {.kind = HBUS_GET_TICKER, .id = "late", .exchange = "binance", .market = "ETH-USDT"};
  siginfo_t end = {0};
  hbus_client_destroy(&client); /* its subscription is not wanted any more */
  while (waitid(P_PID, (id_t)rig.broker.pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_pid == 0) {
    zclock_sleep(1); /* the end is what is waited for; meanwhile it is talked to */
    s_try(peer, &question);
  }
  zsock_destroy(&peer);
  rig_stop(&rig);
}

Test(departures, a_subscription_that_upstream_did_not_confirm_is_taken_back) {
  static const char *const arguments[] = {"--rate", "0", "--fault", "no-answer=subscribe", NULL};
  rig rig;
  rig_start(&rig, arguments, "  request_timeout_ms: 200\n");
  hbus_client *client = rig_connect(&rig, "alice");
  uint64_t before = rig_counter(client, "upstream_requests");
  hbus_error error;
  cr_expect_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "ETH-USDT", 0, &error), HBUS_TIMEOUT);
  s_wait_counter(client, "upstream_requests", before + 2);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

/* libzmq hangs up on a subscription that is too long for the socket, and then on all that come after it. */
Test(departures, the_longest_topic_can_be_subscribed_to) {
  static const char *const arguments[] = {"--rate", "0", NULL};
  rig rig;
  rig_start(&rig, arguments, NULL);
  zsock_t *subscriber = zsock_new(ZMQ_SUB);
  char longest[HBUS_TOPIC_MAX + 1];
  memset(longest, '-', HBUS_TOPIC_MAX); /* sorts before the other one, and so is sent first */
  longest[HBUS_TOPIC_MAX] = 0;
  zsock_set_subscribe(subscriber, longest);
  zsock_set_subscribe(subscriber, "market_data/");
  zsock_set_rcvtimeo(subscriber, 100);
  cr_assert_eq(zsock_connect(subscriber, "%s", rig.market), 0);
  hbus_client *client = rig_connect(&rig, "alice");
  hbus_error error;
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "ETH-USDT", 0, &error), HBUS_OK);
  bool came = false;
  for (int tries = 0; !came && tries < PROCESS_PATIENCE_MS / 100; tries++) {
    hbus_command order = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_MARKET, "0.0100", NULL);
    hbus_order placed;
    hbus_client_new_order_id(client, order.client_order_id, NULL);
    hbus_create_order(client, &order, 0, &placed, &error); /* it moves the ticker */
    char *topic = zstr_recv(subscriber);
    came = topic && strncmp(topic, "market_data/", 12) == 0;
    zstr_free(&topic);
  }
  cr_expect(came);
  zsock_destroy(&subscriber);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}
