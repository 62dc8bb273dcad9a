#include "tests/chaos/talker.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "hbus/result.h"
#include "tests/bench/book_frames.h"
#include "tests/chaos/reader_plan.h"

#define OPEN_MAX    8
#define SIGNALS     4
#define ORDER_EVERY 4 /* each fourth is an order */
#define FIXINT      128

void talker_open(talker *self, const rig *rig) {
  hbus_options options;
  hbus_options_init(&options);
  *self = (talker){0};
  options.recover_orders = false;
  options.commands_endpoint = rig->commands;
  options.market_endpoint = options.private_endpoint = NULL;
  options.name = "talker";
  options.connect_timeout_ms = PROCESS_PATIENCE_MS;
  cr_assert_eq(hbus_client_connect(&options, &self->client, NULL), HBUS_OK);
}

void talker_close(talker *self) {
  hbus_client_destroy(&self->client);
}

static bool s_send(talker *self, hbus_command *command) {
  bool sent = hbus_client_send(self->client, command, 0, NULL) == HBUS_OK;
  self->open += sent;
  return sent;
}

static bool s_signal(talker *self) {
  const uint8_t value = (uint8_t)(self->sent % FIXINT);
  hbus_command command;
  hbus_command_init(&command, HBUS_PUBLISH, NULL, NULL, NULL);
  snprintf(command.name, sizeof command.name, "signal-%u", (unsigned)(self->sent % SIGNALS));
  command.data = (hbus_bytes){.data = &value, .size = 1};
  return s_send(self, &command);
}

static bool s_create(talker *self) {
  char market[16];
  book_frames_market(self->sent / ORDER_EVERY % READER_MARKETS, market);
  hbus_command command = rig_order(BOOK_FRAMES_EXCHANGE, market, HBUS_BUY, HBUS_LIMIT, "1", "0.5");
  return s_send(self, &command);
}

static void s_take(talker *self, const hbus_message *message) {
  hbus_order order;
  if (message->kind != HBUS_MESSAGE_REPLY) return;
  self->open--;
  self->refused += message->reply.status != HBUS_REPLY_OK;
  if (message->command != HBUS_CREATE_ORDER || message->reply.status != HBUS_REPLY_OK) return;
  if (hbus_unpack_order(message->reply.data, &order, NULL) != HBUS_OK) return;
  hbus_command cancel;
  hbus_command_init(&cancel, HBUS_CANCEL_ORDER, order.exchange, order.market, NULL);
  memcpy(cancel.client_order_id, order.client_order_id, sizeof cancel.client_order_id);
  s_send(self, &cancel);
}

void talker_turn(talker *self, uint64_t until) {
  hbus_message message;
  while (hbus_client_next(self->client, 0, &message) != HBUS_TIMEOUT)
    s_take(self, &message);
  while (self->sent < until && self->open < OPEN_MAX) {
    bool sent = self->sent % ORDER_EVERY ? s_signal(self) : s_create(self);
    if (!sent) break; /* the broker is away */
    self->sent++;
  }
}
