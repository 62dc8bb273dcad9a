/* Rule 20, the library's part: after each hello it tells which orders of ours are not finished. */
#include "client/recovery.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "proto/record.h"

#define PATIENCE_MS 10000

/* A broker that knows `total` orders, o0, o1, ... in pages of `page`; every third one is another peer's. */
typedef struct shelf {
  unsigned total;
  unsigned page;
  unsigned lost_cursors; /* times that it does not know a cursor any more */
  bool is_silent;        /* answers no question about orders */
  bool refuses;
} shelf;

static hbus_order s_order(unsigned index) {
  char order_id[16], client_order_id[16];
  (void)snprintf(order_id, sizeof(order_id), "o%u", index);
  (void)snprintf(client_order_id, sizeof(client_order_id), "c%u", index);
  hbus_order order = fake_order(order_id, client_order_id);
  if (index % 3 == 2) memcpy(order.owner, "other", sizeof("other"));
  if (index % 3 == 1) order.status = HBUS_UNKNOWN;
  return order;
}

static void s_answer(fake_broker *self, const fake_command *command, void *argument) {
  shelf *what = argument;
  unsigned start = 0;
  if (command->command.kind != HBUS_GET_OPEN_ORDERS || what->is_silent) return;
  if (what->refuses) {
    fake_reply_error(self, command, HBUS_OVERLOADED, "too much to do");
    return;
  }
  for (const char *digit = command->command.cursor; *digit != '\0'; digit++)
    start = start * 10 + (unsigned)(*digit - '0');
  if (start > 0 && what->lost_cursors > 0) {
    what->lost_cursors--;
    fake_reply_error(self, command, HBUS_INVALID_REQUEST, "'cursor' names a record that is gone");
    return;
  }
  unsigned left = what->total - start, size = left < what->page ? left : what->page;
  buffer data;
  msgpack_packer packer;
  fixture_packer(&packer, &data);
  msgpack_pack_map(&packer, size < left ? 2 : 1);
  fixture_pack_text(&packer, "items");
  msgpack_pack_array(&packer, size);
  for (unsigned i = start; i < start + size; i++) {
    hbus_order order = s_order(i);
    record_pack_order(&order, RECORD_IN_REPLY, &data);
  }
  if (size < left) {
    char cursor[16];
    (void)snprintf(cursor, sizeof(cursor), "%u", start + size);
    fixture_pack_text(&packer, "cursor");
    fixture_pack_text(&packer, cursor);
  }
  fake_reply_ok(self, command, &data);
  buffer_free(&data);
}

static void s_restart(fake_broker *self, void *argument) {
  (void)argument;
  fake_restart(self);
}

static hbus_client *s_connect(const fake_broker *broker, hbus_options options) {
  hbus_client *client = NULL;
  hbus_error error = {0};
  options.recover_orders = true;
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_OK, "%s", error.text);
  cr_assert_gt(broker->received_count, 0u);
  return client;
}

/* Takes all that is told, up to the end; returns how many orders that were. Waits for ever: what woke the client only
 * at the end of some patience would look as if it had come by itself. */
static unsigned s_take_all(hbus_client *client, hbus_reply *end) {
  hbus_message message = {0};
  for (unsigned count = 0;; count++) {
    cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_OK);
    if (message.kind == HBUS_MESSAGE_RECOVERED) {
      *end = message.reply;
      return count;
    }
    cr_assert_eq(message.kind, HBUS_MESSAGE_ORDER);
    cr_assert_str_eq(message.order->owner, "test", "another's order was told as ours");
  }
}

Test(recovery, rule_20_the_library_asks_for_its_orders_unless_told_not_to) {
  hbus_options options;
  hbus_options_init(&options);
  cr_assert(options.recover_orders);
}

Test(recovery, rule_20_open_and_unknown_orders_are_told_after_hello) {
  shelf what = {.total = 4, .page = 500};
  fake_broker *broker = fake_broker_new(s_answer, &what);
  hbus_client *client = s_connect(broker, fixture_options(broker));
  hbus_message message = {0};
  static const unsigned ours[] = {0, 1, 3};
  for (unsigned i = 0; i < 3; i++) {
    hbus_order expected = s_order(ours[i]);
    cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_OK);
    cr_assert_eq(message.kind, HBUS_MESSAGE_ORDER);
    cr_assert_str_eq(message.order->client_order_id, expected.client_order_id);
    cr_assert_eq(message.order->status, i == 1 ? HBUS_UNKNOWN : HBUS_OPEN);
    cr_assert(hbus_order_is_live(message.order));
  }
  cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_OK);
  cr_assert_eq(message.kind, HBUS_MESSAGE_RECOVERED);
  cr_assert_eq(message.reply.status, HBUS_REPLY_OK);
  cr_assert_eq(hbus_client_next(client, 0, &message), HBUS_TIMEOUT, "told once");
  cr_assert_eq(broker->received_count, 2u);
  const hbus_command *asked = &fake_received(broker, 1)->command;
  cr_assert_eq(asked->kind, HBUS_GET_OPEN_ORDERS);
  cr_assert_str_eq(asked->market, "", "of every market");
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(recovery, rule_20_every_page_is_asked_for_when_the_one_before_was_taken) {
  shelf what = {.total = 1203, .page = 500};
  fake_broker *broker = fake_broker_new(s_answer, &what);
  hbus_client *client = s_connect(broker, fixture_options(broker));
  hbus_message message = {0};
  cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_OK);
  uint64_t now_ms = 0;
  cr_assert_eq(hbus_ping(client, 0, &now_ms, NULL), HBUS_OK);
  cr_assert_eq(broker->received_count, 3u, "hello, one page, ping");
  hbus_reply end = {0};
  cr_assert_eq(1 + s_take_all(client, &end), 1203u - 401u);
  cr_assert_eq(end.status, HBUS_REPLY_OK);
  cr_assert_eq(broker->received_count, 5u);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(recovery, rule_20_the_descriptor_wakes_for_them) {
  shelf what = {.total = 1203, .page = 500};
  fake_broker *broker = fake_broker_new(s_answer, &what);
  hbus_client *client = s_connect(broker, fixture_options(broker));
  hbus_message message = {0};
  unsigned count = 0;
  while (message.kind != HBUS_MESSAGE_RECOVERED) {
    struct pollfd told = {.fd = hbus_client_fd(client), .events = POLLIN};
    cr_assert_eq(poll(&told, 1, PATIENCE_MS), 1, "asleep after %u orders", count);
    while (hbus_client_next(client, 0, &message) == HBUS_OK)
      count += message.kind == HBUS_MESSAGE_ORDER;
  }
  cr_assert_eq(count, 1203u - 401u);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(recovery, rule_20_they_are_told_again_after_a_reconnect) {
  shelf what = {.total = 2, .page = 500};
  fake_broker *broker = fake_broker_new(s_answer, &what);
  hbus_client *client = s_connect(broker, fixture_options(broker));
  hbus_reply end = {0};
  cr_assert_eq(s_take_all(client, &end), 2u);
  fake_broker_meet(broker);
  what.total = 5;
  fake_broker_do(broker, s_restart, NULL);
  cr_assert_eq(s_take_all(client, &end), 4u);
  cr_assert_eq(fixture_last(broker)->kind, HBUS_GET_OPEN_ORDERS);
  cr_assert_eq(fake_received(broker, broker->received_count - 2)->command.kind, HBUS_HELLO,
               "the broker knows who asks");
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(recovery, rule_20_a_connection_lost_in_the_middle_begins_anew) {
  shelf what = {.total = 6, .page = 2, .is_silent = true};
  fake_broker *broker = fake_broker_new(s_answer, &what);
  hbus_client *client = s_connect(broker, fixture_options(broker));
  uint64_t now_ms = 0;
  cr_assert_eq(hbus_ping(client, 0, &now_ms, NULL), HBUS_OK); /* the question has left */
  fake_broker_meet(broker);
  what.is_silent = false;
  fake_broker_do(broker, s_restart, NULL);
  hbus_reply end = {0};
  cr_assert_eq(s_take_all(client, &end), 4u);
  cr_assert_eq(end.status, HBUS_REPLY_OK);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(recovery, rule_20_that_not_all_were_told_is_said) {
  shelf what = {.refuses = true};
  fake_broker *broker = fake_broker_new(s_answer, &what);
  hbus_client *client = s_connect(broker, fixture_options(broker));
  hbus_reply end = {0};
  cr_assert_eq(s_take_all(client, &end), 0u);
  cr_assert_eq(end.status, HBUS_REPLY_ERROR);
  cr_assert_eq(end.code, HBUS_OVERLOADED);
  cr_assert_eq(strncmp(end.message.data, "too much to do", end.message.size), 0);
  fake_broker_meet(broker);
  what = (shelf){.total = 3, .page = 2};
  fake_broker_meet(broker);
  hbus_client_recover(client);
  cr_assert_eq(s_take_all(client, &end), 2u);
  cr_assert_eq(end.status, HBUS_REPLY_OK);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(recovery, no_answer_in_time_is_said_too) {
  shelf what = {.is_silent = true};
  fake_broker *broker = fake_broker_new(s_answer, &what);
  hbus_options options = fixture_options(broker);
  options.request_timeout_ms = 50;
  options.connect_timeout_ms = PATIENCE_MS;
  hbus_client *client = s_connect(broker, options);
  hbus_reply end = {0};
  cr_assert_eq(s_take_all(client, &end), 0u);
  cr_assert_eq(end.code, HBUS_TIMEOUT);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(recovery, a_list_that_changed_under_its_cursor_is_read_anew) {
  for (unsigned lost = 1; lost <= 4; lost += 3) {
    shelf what = {.total = 4, .page = 3, .lost_cursors = lost};
    fake_broker *broker = fake_broker_new(s_answer, &what);
    hbus_client *client = s_connect(broker, fixture_options(broker));
    hbus_reply end = {0};
    (void)s_take_all(client, &end);
    cr_assert_eq(end.code, lost == 1 ? HBUS_OK : HBUS_INVALID_REQUEST, "not for ever");
    hbus_client_destroy(&client);
    fake_broker_destroy(&broker);
  }
}

/* ---- alone ---- */

Test(recovery, what_is_not_asked_for_is_not_learned) {
  recovery self = {0};
  hbus_message message = {0};
  hbus_command command;
  hbus_reply reply = {.status = HBUS_REPLY_OK, .data = {(const uint8_t *)"\x81\xa5items\x90", 8}};
  recovery_learn(&self, "test", &reply);
  cr_assert_eq(recovery_take(&self, &message), HBUS_TIMEOUT);
  cr_assert_not(recovery_question(&self, &command));
  recovery_lose(&self);
  cr_assert_not(recovery_question(&self, &command), "nothing was begun");
  recovery_begin(&self);
  cr_assert(recovery_question(&self, &command));
  recovery_asked(&self);
  cr_assert_not(recovery_question(&self, &command));
  recovery_lose(&self);
  cr_assert(recovery_question(&self, &command));
  recovery_asked(&self);
  reply.data = (hbus_bytes){(const uint8_t *)"\x90", 1};
  recovery_learn(&self, "test", &reply);
  cr_assert_eq(recovery_take(&self, &message), HBUS_OK);
  cr_assert_eq(message.kind, HBUS_MESSAGE_RECOVERED);
  cr_assert_eq(message.reply.code, HBUS_INTERNAL, "a list that cannot be read is not all");
  recovery_free(&self);
}
