#include "fake_broker.h"

#include <criterion/criterion.h>
#include <msgpack.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "proto/command_codec.h"
#include "proto/event_codec.h"
#include "proto/reply_codec.h"
#include "proto/topic.h"

#define PATIENCE_MS 10000 /* how long anything may take before the test fails instead of hanging */

typedef struct known_peer {
  uint8_t id[FAKE_PEER_MAX];
  size_t size;
} known_peer;

typedef struct fake_insides {
  fake_script *script;
  void *argument;
  void *context;
  void *router;
  void *streams[HBUS_STREAM_COUNT];
  void *orders;     /* PAIR: actions to the thread, an empty frame back */
  void *orders_end; /* the thread's end */
  pthread_t thread;
  pthread_mutex_t turn; /* held by the thread while a script or an action runs */
  known_peer greeted[64];
  unsigned greeted_count;
} fake_insides;

typedef struct fake_call {
  fake_action *action; /* NULL: end */
  void *argument;
} fake_call;

static void *s_bind(void *context, int type, const char *endpoint, char out[64]) {
  void *socket = zmq_socket(context, type);
  int zero = 0, patience_ms = PATIENCE_MS;
  zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof(zero));
  zmq_setsockopt(socket, ZMQ_SNDHWM, &zero, sizeof(zero));
  zmq_setsockopt(socket, ZMQ_RCVHWM, &zero, sizeof(zero));
  zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof(patience_ms));
  int rc = -1;
  /* A port that was just let go of may take libzmq's I/O thread a moment to close. */
  for (int i = 0; i < PATIENCE_MS && (rc = zmq_bind(socket, endpoint)) != 0 && zmq_errno() == EADDRINUSE; i++) {
    zmq_pollitem_t nothing = {.socket = socket};
    zmq_poll(&nothing, 1, 1);
  }
  cr_assert_eq(rc, 0, "bind %s: %s", endpoint, zmq_strerror(zmq_errno()));
  size_t size = 64;
  if (out != NULL) zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, out, &size);
  return socket;
}

/* Replies and events */

void fake_reply_raw(fake_broker *self, const fake_command *command, const void *data, size_t size) {
  cr_assert_geq(zmq_send(self->insides->router, command->peer, command->peer_size, ZMQ_SNDMORE), 0);
  cr_assert_geq(zmq_send(self->insides->router, data, size, 0), 0);
}

void fake_reply(fake_broker *self, const fake_command *command, const hbus_reply *reply) {
  hbus_reply filled = *reply;
  memcpy(filled.id, command->command.id, sizeof(filled.id));
  buffer frame;
  buffer_init(&frame, HBUS_FRAME_MAX);
  cr_assert_eq(reply_pack(&filled, &frame), HBUS_OK);
  fake_reply_raw(self, command, frame.data, frame.size);
  buffer_free(&frame);
}

void fake_reply_ok(fake_broker *self, const fake_command *command, const buffer *data) {
  hbus_reply reply = {.status = HBUS_REPLY_OK};
  if (data != NULL) reply.data = (hbus_bytes){data->data, data->size};
  fake_reply(self, command, &reply);
}

void fake_reply_error(fake_broker *self, const fake_command *command, hbus_status code, const char *message) {
  fake_reply(self, command,
             &(hbus_reply){.status = HBUS_REPLY_ERROR, .code = code, .message = {message, strlen(message)}});
}

void fake_publish_raw(fake_broker *self, hbus_stream stream, const char *name, const void *body, size_t size) {
  cr_assert_geq(zmq_send(self->insides->streams[stream], name, strlen(name), ZMQ_SNDMORE), 0);
  cr_assert_geq(zmq_send(self->insides->streams[stream], body, size, 0), 0);
}

void fake_publish(fake_broker *self, hbus_stream stream, const hbus_event *event) {
  buffer body;
  topic name;
  buffer_init(&body, HBUS_FRAME_MAX);
  cr_assert_eq(event_pack(event, &body), HBUS_OK);
  cr_assert_eq(topic_of_event(event, &name), HBUS_OK);
  fake_publish_raw(self, stream, name.text, body.data, body.size);
  buffer_free(&body);
}

void fake_beat(fake_broker *self, hbus_stream stream, uint64_t seq, uint64_t interval_ms, const hbus_sequence *topics,
               size_t count) {
  hbus_event event = {.type = HBUS_EVENT_SYSTEM,
                      .kind = HBUS_KIND_HEARTBEAT,
                      .epoch = self->epoch,
                      .seq = seq,
                      .src = "hbusd",
                      .rx_ns = 1,
                      .tx_ns = 2};
  event.data.heartbeat =
      (hbus_heartbeat){.part = 1, .parts = 1, .interval_ms = interval_ms, .topics = topics, .topic_count = count};
  fake_publish(self, stream, &event);
}

/* Commands */

static void s_pack_text(msgpack_packer *packer, const char *text) {
  msgpack_pack_str_with_body(packer, text, strlen(text));
}

static int s_write(void *data, const char *bytes, size_t size) {
  return buffer_append(data, bytes, size) == HBUS_OK ? 0 : -1;
}

static void s_greet(fake_broker *self, const fake_command *command) {
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  msgpack_packer packer;
  msgpack_packer_init(&packer, &data, s_write);
  msgpack_pack_map(&packer, 5);
  s_pack_text(&packer, "name");
  s_pack_text(&packer, command->command.kind == HBUS_HELLO ? command->command.name : "x");
  s_pack_text(&packer, "now");
  msgpack_pack_uint64(&packer, self->now_ms);
  s_pack_text(&packer, "epoch");
  msgpack_pack_uint64(&packer, self->epoch);
  s_pack_text(&packer, "version");
  s_pack_text(&packer, "0.1.0-fake");
  s_pack_text(&packer, "protocol");
  msgpack_pack_uint64(&packer, self->protocol);
  fake_reply_ok(self, command, &data);
  buffer_free(&data);
}

static bool s_is_greeted(const fake_insides *insides, const fake_command *command) {
  for (unsigned i = 0; i < insides->greeted_count; i++)
    if (insides->greeted[i].size == command->peer_size &&
        memcmp(insides->greeted[i].id, command->peer, command->peer_size) == 0)
      return true;
  return false;
}

static void s_note_hello(fake_insides *insides, const fake_command *command) {
  if (s_is_greeted(insides, command)) return;
  cr_assert_lt(insides->greeted_count, 64);
  known_peer *peer = &insides->greeted[insides->greeted_count++];
  memcpy(peer->id, command->peer, command->peer_size);
  peer->size = command->peer_size;
}

static void s_take_command(fake_broker *self) {
  fake_insides *insides = self->insides;
  static uint8_t frame[HBUS_COMMAND_FRAME_MAX];
  fake_command command = {0};
  int peer_size = zmq_recv(insides->router, command.peer, sizeof(command.peer), 0);
  cr_assert_gt(peer_size, 0);
  command.peer_size = (size_t)peer_size;
  int size = zmq_recv(insides->router, frame, sizeof(frame), 0);
  cr_assert_gt(size, 0);
  hbus_error error;
  hbus_status status = command_unpack(frame, (size_t)size, &command.command, &error);
  cr_assert_eq(status, HBUS_OK, "the client sent a bad command: %s", error.text);
  cr_assert_lt(self->received_count, FAKE_COMMANDS_MAX);
  self->received[self->received_count] = command;
  self->received_count++; /* last: the test's thread reads what lies before it */

  hbus_command_kind kind = command.command.kind;
  if (kind == HBUS_HELLO) s_note_hello(insides, &command);
  if (self->wants_hello && command_has_side_effects(kind) && !s_is_greeted(insides, &command))
    fake_reply_error(self, &command, HBUS_UNAUTHENTICATED, "say hello first");
  else if (self->greets && (kind == HBUS_HELLO || kind == HBUS_PING))
    s_greet(self, &command);
  else if (insides->script != NULL)
    insides->script(self, &command, insides->argument);
}

void fake_expect_subscription(fake_broker *self, hbus_stream stream, bool on, const char *expected) {
  fake_insides *insides = self->insides;
  zmq_pollitem_t items[] = {{.socket = insides->streams[stream], .events = ZMQ_POLLIN},
                            {.socket = insides->router, .events = ZMQ_POLLIN}};
  char got[512];
  do {
    cr_assert_gt(zmq_poll(items, 2, PATIENCE_MS), 0, "no subscription came, expected %s", expected);
    if (items[1].revents & ZMQ_POLLIN) s_take_command(self);
    if ((items[0].revents & ZMQ_POLLIN) == 0) continue;
    int size = zmq_recv(insides->streams[stream], got, sizeof(got) - 1, 0);
    cr_assert_gt(size, 0);
    got[size] = '\0';
  } while ((items[0].revents & ZMQ_POLLIN) == 0 ||
           (strcmp(got + 1, FAKE_HEARTBEAT) == 0 && strcmp(expected, FAKE_HEARTBEAT) != 0));
  cr_assert_eq(got[0], on ? 1 : 0);
  cr_assert_str_eq(got + 1, expected);
}

/* Does what the test's thread wants done; false: to end. */
static bool s_take_call(fake_broker *self) {
  fake_call call;
  zmq_recv(self->insides->orders_end, &call, sizeof(call), 0);
  if (call.action == NULL) return false;
  call.action(self, call.argument);
  zmq_send(self->insides->orders_end, "", 0, 0);
  return true;
}

static void *s_run(void *argument) {
  fake_broker *self = argument;
  fake_insides *insides = self->insides;
  for (;;) {
    zmq_pollitem_t items[] = {{.socket = insides->orders_end, .events = ZMQ_POLLIN},
                              {.socket = insides->router, .events = ZMQ_POLLIN}};
    zmq_poll(items, insides->router != NULL ? 2 : 1, -1);
    pthread_mutex_lock(&insides->turn);
    bool goes_on = true;
    if (items[0].revents & ZMQ_POLLIN)
      goes_on = s_take_call(self);
    else if (insides->router != NULL && items[1].revents & ZMQ_POLLIN)
      s_take_command(self);
    pthread_mutex_unlock(&insides->turn);
    if (!goes_on) return NULL;
  }
}

void fake_restart(fake_broker *self) {
  fake_shut(self);
  self->insides->greeted_count = 0;
  self->insides->router = s_bind(self->insides->context, ZMQ_ROUTER, self->commands, NULL);
}

void fake_shut(fake_broker *self) {
  zmq_close(self->insides->router);
  self->insides->router = NULL;
}

/* Life */

fake_broker *fake_broker_new(fake_script *script, void *argument) {
  fake_broker *self = calloc(1, sizeof(*self));
  fake_insides *insides = calloc(1, sizeof(*insides));
  cr_assert(self != NULL && insides != NULL);
  *self = (fake_broker){
      .greets = true, .now_ms = 1700000000000, .protocol = HBUS_PROTOCOL_VERSION, .epoch = 7, .insides = insides};
  self->received = calloc(FAKE_COMMANDS_MAX, sizeof(*self->received));
  insides->script = script;
  insides->argument = argument;
  insides->context = zmq_ctx_new();
  insides->router = s_bind(insides->context, ZMQ_ROUTER, "tcp://127.0.0.1:*", self->commands);
  insides->streams[HBUS_STREAM_MARKET] = s_bind(insides->context, ZMQ_XPUB, "tcp://127.0.0.1:*", self->market);
  insides->streams[HBUS_STREAM_PRIVATE] = s_bind(insides->context, ZMQ_XPUB, "tcp://127.0.0.1:*", self->private_);
  insides->orders_end = s_bind(insides->context, ZMQ_PAIR, "inproc://orders", NULL);
  insides->orders = zmq_socket(insides->context, ZMQ_PAIR);
  cr_assert_eq(zmq_connect(insides->orders, "inproc://orders"), 0);
  cr_assert_eq(pthread_mutex_init(&insides->turn, NULL), 0);
  cr_assert_eq(pthread_create(&insides->thread, NULL, s_run, self), 0);
  return self;
}

const fake_command *fake_received(const fake_broker *self, unsigned index) {
  cr_assert_lt(index, self->received_count);
  return &self->received[index];
}

void fake_broker_meet(fake_broker *self) {
  pthread_mutex_lock(&self->insides->turn);
  pthread_mutex_unlock(&self->insides->turn);
}

void fake_broker_do(fake_broker *self, fake_action *action, void *argument) {
  fake_call call = {action, argument};
  fake_broker_meet(self); /* the argument is ours up to here */
  zmq_send(self->insides->orders, &call, sizeof(call), 0);
  if (action == NULL) return;
  char nothing;
  cr_assert_eq(zmq_recv(self->insides->orders, &nothing, 0, 0), 0);
  fake_broker_meet(self);
}

void fake_broker_destroy(fake_broker **self_ptr) {
  fake_broker *self = *self_ptr;
  fake_insides *insides = self->insides;
  fake_broker_do(self, NULL, NULL);
  pthread_join(insides->thread, NULL);
  zmq_close(insides->orders);
  zmq_close(insides->orders_end);
  if (insides->router != NULL) zmq_close(insides->router);
  zmq_close(insides->streams[HBUS_STREAM_MARKET]);
  zmq_close(insides->streams[HBUS_STREAM_PRIVATE]);
  zmq_ctx_term(insides->context);
  pthread_mutex_destroy(&insides->turn);
  free(self->received);
  free(insides);
  free(self);
  *self_ptr = NULL;
}

/* Things to send */

hbus_event fake_ticker_event(uint64_t seq, const char *market) {
  hbus_event event = {.type = HBUS_EVENT_MARKET_DATA,
                      .kind = HBUS_KIND_TICKER_UPDATE,
                      .epoch = 7,
                      .seq = seq,
                      .src = "hummingbot",
                      .rx_ns = 1,
                      .tx_ns = 2};
  memcpy(event.data.ticker.exchange, "binance", sizeof("binance"));
  memcpy(event.data.ticker.market, market, strlen(market) + 1);
  hbus_decimal_parse("36.00", 5, &event.data.ticker.bid);
  hbus_decimal_parse("36.10", 5, &event.data.ticker.ask);
  return event;
}

hbus_order fake_order(const char *order_id, const char *client_order_id) {
  hbus_order order = {.exchange = "binance",
                      .market = "ETH-USDT",
                      .owner = "test",
                      .side = HBUS_BUY,
                      .order_type = HBUS_LIMIT,
                      .status = HBUS_OPEN,
                      .rev = 1};
  memcpy(order.order_id, order_id, strlen(order_id) + 1);
  memcpy(order.client_order_id, client_order_id, strlen(client_order_id) + 1);
  hbus_decimal_parse("3000.00", 7, &order.price);
  hbus_decimal_parse("0.5", 3, &order.amount);
  hbus_decimal_parse("0", 1, &order.filled);
  return order;
}
