#include "tests/bench/commander.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>
#include <zmq.h>

#include "hbus/result.h"
#include "proto/command_codec.h"
#include "proto/reply_codec.h"
#include "tests/bench/resting_order.h"
#include "tests/integration/process.h"

/* What the ids of commands begin with. */
#define CREATE_ID "create-"
#define CANCEL_ID "cancel-"

/* --- frames --- */

static void s_pack(commander *self, const hbus_command *command) {
  buffer_reset(&self->frame);
  cr_assert_eq(command_pack(command, &self->frame), HBUS_OK);
}

static void s_send(commander *self) {
  int sent = zmq_send(self->socket, self->frame.data, self->frame.size, 0);
  cr_assert_eq(sent, (int)self->frame.size, "%s", zmq_strerror(zmq_errno()));
}

static void s_receive(commander *self, zmq_msg_t *message) {
  zmq_msg_init(message);
  cr_assert_geq(zmq_msg_recv(message, self->socket, 0), 0, "no reply: %s", zmq_strerror(zmq_errno()));
}

static void s_unpack(zmq_msg_t *message, hbus_reply *out) {
  hbus_error error;
  cr_assert_eq(reply_unpack(zmq_msg_data(message), zmq_msg_size(message), out, &error), HBUS_OK, "%s", error.text);
}

static void s_expect_ok(const hbus_reply *reply) {
  cr_assert_eq(reply->status, HBUS_REPLY_OK, "%s: %.*s", hbus_status_name(reply->code), (int)reply->message.size,
               reply->message.data);
}

static void s_take_order_id(const hbus_reply *created, hbus_order_id out) {
  hbus_order order;
  hbus_error error;
  cr_assert_eq(hbus_unpack_order(created->data, &order, &error), HBUS_OK, "%s", error.text);
  memcpy(out, order.order_id, sizeof order.order_id);
}

/* --- life cycle --- */

void commander_open(commander *self, const char *endpoint, const char *name) {
  *self = (commander){.context = zmq_ctx_new()};
  buffer_init(&self->frame, HBUS_COMMAND_FRAME_MAX);
  self->socket = zmq_socket(self->context, ZMQ_DEALER);
  int none = 0, patience_ms = PROCESS_PATIENCE_MS;
  zmq_setsockopt(self->socket, ZMQ_LINGER, &none, sizeof none);
  zmq_setsockopt(self->socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
  cr_assert_eq(zmq_connect(self->socket, endpoint), 0, "%s", endpoint);

  hbus_command hello = {.id = "hello", .kind = HBUS_HELLO};
  snprintf(hello.name, sizeof hello.name, "%s", name);
  zmq_msg_t message;
  hbus_reply reply;
  s_pack(self, &hello);
  s_send(self);
  s_receive(self, &message);
  s_unpack(&message, &reply);
  s_expect_ok(&reply);
  zmq_msg_close(&message);
}

void commander_close(commander *self) {
  zmq_close(self->socket);
  zmq_ctx_term(self->context);
  buffer_free(&self->frame);
}

/* --- orders --- */

static void s_pack_create(commander *self) {
  hbus_command create = {.kind = HBUS_CREATE_ORDER,
                         .exchange = RESTING_ORDER_EXCHANGE,
                         .market = RESTING_ORDER_MARKET,
                         .side = HBUS_BUY,
                         .order_type = HBUS_LIMIT};
  cr_assert_eq(hbus_decimal_parse(RESTING_ORDER_AMOUNT, strlen(RESTING_ORDER_AMOUNT), &create.amount), HBUS_OK);
  cr_assert_eq(hbus_decimal_parse(RESTING_ORDER_PRICE, strlen(RESTING_ORDER_PRICE), &create.price), HBUS_OK);
  snprintf(create.id, sizeof create.id, CREATE_ID "%" PRIu64, self->sent++);
  memcpy(create.client_order_id, create.id, sizeof create.id);
  s_pack(self, &create);
}

static void s_pack_cancel(commander *self, const hbus_order_id order_id) {
  hbus_command cancel = {.kind = HBUS_CANCEL_ORDER, .exchange = RESTING_ORDER_EXCHANGE, .market = RESTING_ORDER_MARKET};
  snprintf(cancel.id, sizeof cancel.id, CANCEL_ID "%" PRIu64, self->sent++);
  snprintf(cancel.order_id, sizeof cancel.order_id, "%s", order_id);
  s_pack(self, &cancel);
}

/* Sends what is packed; the reply that comes, and how long that took. */
static uint64_t s_round_trip(commander *self, zmq_msg_t *message, hbus_reply *reply) {
  uint64_t start_ns = samples_now_ns();
  s_send(self);
  s_receive(self, message);
  uint64_t took_ns = samples_now_ns() - start_ns;
  s_unpack(message, reply);
  s_expect_ok(reply);
  return took_ns;
}

void commander_measure(commander *self, size_t count, latency *creates, latency *cancels) {
  for (size_t i = 0; i < count; i++) {
    zmq_msg_t message;
    hbus_reply reply;
    hbus_order_id order_id;
    s_pack_create(self);
    latency_add(creates, s_round_trip(self, &message, &reply));
    s_take_order_id(&reply, order_id);
    self->command_bytes = self->frame.size;
    self->reply_bytes = zmq_msg_size(&message);
    zmq_msg_close(&message);
    s_pack_cancel(self, order_id);
    latency_add(cancels, s_round_trip(self, &message, &reply));
    zmq_msg_close(&message);
  }
  latency_end_round(creates);
  latency_end_round(cancels);
}

/* A reply to a create is followed by the cancel of that order, any other by a create. */
static void s_send_next(commander *self, const hbus_reply *reply) {
  if (strncmp(reply->id, CREATE_ID, strlen(CREATE_ID)) == 0) {
    hbus_order_id order_id;
    s_take_order_id(reply, order_id);
    s_pack_cancel(self, order_id);
  } else {
    s_pack_create(self);
  }
  s_send(self);
}

uint64_t commander_flow(commander *self, size_t count, size_t in_flight) {
  cr_assert_leq(in_flight, count);
  uint64_t start_ns = samples_now_ns();
  size_t sent = 0;
  for (; sent < in_flight; sent++) {
    s_pack_create(self);
    s_send(self);
  }
  for (size_t replied = 0; replied < count; replied++) {
    zmq_msg_t message;
    hbus_reply reply;
    s_receive(self, &message);
    s_unpack(&message, &reply);
    s_expect_ok(&reply);
    if (sent < count) {
      s_send_next(self, &reply);
      sent++;
    }
    zmq_msg_close(&message);
  }
  return count * 1000000000 / (samples_now_ns() - start_ns);
}
