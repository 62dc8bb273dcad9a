/* Commands and replies: many at once, out of order, late, lost, refused, and over a new connection. */
#include <criterion/criterion.h>
#include <string.h>

#include "fixture.h"
#include "proto/record.h"

static void s_say_nothing(fake_broker *self, const fake_command *command, void *argument) {
  (void)self, (void)command, (void)argument;
}

static hbus_command s_ticker_command(void) {
  hbus_command command;
  cr_assert_eq(hbus_command_init(&command, HBUS_GET_TICKER, "binance", "ETH-USDT", NULL), HBUS_OK);
  return command;
}

static hbus_command s_order_command(void) {
  hbus_command order;
  cr_assert_eq(hbus_command_init(&order, HBUS_CREATE_ORDER, "binance", "ETH-USDT", NULL), HBUS_OK);
  order.side = HBUS_SELL;
  order.order_type = HBUS_MARKET;
  order.amount = fixture_decimal("1");
  return order;
}

/* Many at once */

enum { MANY = 100 };

/* Collects MANY commands, then answers them last first, each with its own depth as its data. */
static void s_answer_backwards(fake_broker *self, const fake_command *command, void *argument) {
  unsigned *count = argument;
  (void)command;
  if (++*count < MANY) return;
  for (unsigned i = 0; i < MANY; i++) {
    const fake_command *one = &self->received[self->received_count - 1 - i];
    uint8_t depth = (uint8_t)one->command.depth;
    fake_reply_ok(self, one, &(buffer){.data = &depth, .size = 1});
  }
}

Test(command, a_hundred_at_once_answered_backwards) {
  unsigned count = 0;
  fake_broker *broker = fake_broker_new(s_answer_backwards, &count);
  hbus_client *client = fixture_connect(broker);
  char ids[MANY][HBUS_COMMAND_ID_MAX + 1];
  for (unsigned i = 0; i < MANY; i++) {
    hbus_command command;
    hbus_command_init(&command, HBUS_GET_ORDER_BOOK, "binance", "ETH-USDT", NULL);
    command.depth = i + 1;
    cr_assert_eq(hbus_client_send(client, &command, 0, NULL), HBUS_OK);
    memcpy(ids[i], command.id, sizeof(ids[i]));
  }
  hbus_message message;
  for (unsigned i = MANY; i > 0; i--) {
    cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_OK);
    cr_assert_eq(message.kind, HBUS_MESSAGE_REPLY);
    cr_assert_eq(message.command, HBUS_GET_ORDER_BOOK);
    cr_assert_str_eq(message.reply.id, ids[i - 1]);
    cr_assert_eq(message.reply.data.size, 1u);
    cr_assert_eq(message.reply.data.data[0], i);
  }
  cr_assert_eq(hbus_client_next(client, 0, &message), HBUS_TIMEOUT);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

/* Answers the first command only after the second, with one event before each. */
static void s_answer_crosswise(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  if (command->command.kind == HBUS_GET_TICKER) return;
  const fake_command *first = &self->received[self->received_count - 2];
  hbus_event event = fake_ticker_event(1, "ETH-USDT");
  fake_publish(self, HBUS_STREAM_MARKET, &event);
  fake_reply_ok(self, first, NULL);
  event.seq = 2;
  fake_publish(self, HBUS_STREAM_MARKET, &event);
  fake_reply_ok(self, command, NULL);
}

static void s_await_subscription(fake_broker *self, void *argument) {
  fake_expect_subscription(self, HBUS_STREAM_MARKET, true, argument);
}

Test(command, replies_and_events_wait_while_a_call_waits) {
  fake_broker *broker = fake_broker_new(s_answer_crosswise, NULL);
  hbus_client *client = fixture_connect(broker);
  char prefix[] = "market_data/";
  hbus_client_watch(client, prefix, NULL);
  fake_broker_do(broker, s_await_subscription, prefix);
  hbus_command first = s_ticker_command(), second;
  cr_assert_eq(hbus_client_send(client, &first, 0, NULL), HBUS_OK);
  hbus_command_init(&second, HBUS_GET_BALANCES, "binance", NULL, NULL);
  hbus_reply reply;
  cr_assert_eq(hbus_client_call(client, &second, 0, &reply, NULL), HBUS_OK);
  cr_assert_str_eq(reply.id, second.id);

  uint64_t seq = 0;
  bool replied = false;
  hbus_message message;
  for (unsigned i = 0; i < 3; i++) {
    cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_OK);
    if (message.kind == HBUS_MESSAGE_EVENT) {
      cr_assert_eq(message.event.seq, ++seq);
    } else {
      cr_assert_str_eq(message.reply.id, first.id);
      replied = true;
    }
  }
  cr_assert(replied && seq == 2);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

/* Time-outs */

Test(command, a_create_without_an_answer_is_unknown_a_read_is_not) {
  fake_broker *broker = fake_broker_new(s_say_nothing, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_command read = s_ticker_command(), order = s_order_command();
  cr_assert_eq(hbus_client_send(client, &read, 20, NULL), HBUS_OK);
  cr_assert_eq(hbus_client_send(client, &order, 30, NULL), HBUS_OK);
  cr_assert_neq(order.client_order_id[0], '\0');
  cr_assert_neq(order.expires_ms, 0u);
  hbus_message message;
  cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_OK);
  cr_assert_str_eq(message.reply.id, read.id);
  cr_assert_eq(message.reply.status, HBUS_REPLY_ERROR);
  cr_assert_eq(message.reply.code, HBUS_TIMEOUT);
  cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_OK);
  cr_assert_str_eq(message.reply.id, order.id);
  cr_assert_eq(message.command, HBUS_CREATE_ORDER);
  cr_assert_eq(message.reply.status, HBUS_REPLY_UNKNOWN);
  cr_assert_eq(message.reply.code, HBUS_TIMEOUT);
  hbus_client_stats stats;
  hbus_client_get_stats(client, &stats);
  cr_assert_eq(stats.timeouts, 2u);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_answer_the_first(fake_broker *self, void *argument) {
  (void)argument;
  for (unsigned i = 0; i < self->received_count; i++)
    if (self->received[i].command.kind == HBUS_GET_TICKER) fake_reply_ok(self, &self->received[i], NULL);
}

Test(command, late_replies_are_dropped_and_counted) {
  fake_broker *broker = fake_broker_new(s_say_nothing, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_command command = s_ticker_command();
  hbus_reply reply;
  cr_assert_eq(hbus_client_call(client, &command, 20, &reply, NULL), HBUS_TIMEOUT);
  cr_assert_eq(reply.status, HBUS_REPLY_NONE);
  fake_broker_do(broker, s_answer_the_first, NULL);
  /* a ping behind it on the same connection: when that is answered, the late one has come */
  cr_assert_eq(hbus_ping(client, 0, NULL, NULL), HBUS_OK);
  hbus_client_stats stats;
  hbus_client_get_stats(client, &stats);
  cr_assert_eq(stats.late_replies, 1u);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

/* Bounds */

Test(command, pending_max_bounds_what_is_under_way) {
  fake_broker *broker = fake_broker_new(s_say_nothing, NULL);
  hbus_options options = fixture_options(broker);
  options.pending_max = 3;
  hbus_client *client = NULL;
  cr_assert_eq(hbus_client_connect(&options, &client, NULL), HBUS_OK);
  hbus_error error = {0};
  for (unsigned i = 0; i < 3; i++) {
    hbus_command command = s_ticker_command();
    cr_assert_eq(hbus_client_send(client, &command, 20, NULL), HBUS_OK);
  }
  hbus_command fourth = s_ticker_command();
  cr_assert_eq(hbus_client_send(client, &fourth, 20, &error), HBUS_OVERLOADED);
  cr_assert_not_null(strstr(error.text, "pending_max"), "%s", error.text);
  hbus_message message;
  cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_OK); /* a time-out; its slot is free with the next call */
  cr_assert_eq(hbus_client_send(client, &fourth, 20, &error), HBUS_OK);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_say_ok(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  fake_reply_ok(self, command, NULL);
}

Test(command, market_subscriptions_are_bounded) {
  fake_broker *broker = fake_broker_new(s_say_ok, NULL);
  hbus_client *client = fixture_connect(broker);
  char market[HBUS_NAME_MAX + 1];
  for (unsigned i = 0; i < HBUS_SUBSCRIPTIONS_MAX; i++) {
    (void)snprintf(market, sizeof(market), "M%u", i);
    cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", market, 0, NULL), HBUS_OK);
  }
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "more", 0, NULL), HBUS_OVERLOADED);
  cr_assert_eq(hbus_unsubscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "M5", 0, NULL), HBUS_OK);
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "more", 0, NULL), HBUS_OK);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(command, refuses_names_that_are_too_long) {
  char name[HBUS_NAME_MAX + 2] = {0};
  memset(name, 'x', HBUS_NAME_MAX + 1);
  hbus_command command;
  hbus_error error;
  cr_assert_eq(hbus_command_init(&command, HBUS_GET_TICKER, name, "x", &error), HBUS_INVALID_REQUEST);
  cr_assert_not_null(strstr(error.text, "exchange"));
  cr_assert_eq(hbus_command_init(&command, HBUS_GET_TICKER, "x", name, &error), HBUS_INVALID_REQUEST);
  cr_assert_not_null(strstr(error.text, "market"));
}

Test(command, order_ids_have_the_prefix_and_do_not_repeat) {
  fake_broker *broker = fake_broker_new(NULL, NULL);
  hbus_options options = fixture_options(broker);
  char prefix[HBUS_ORDER_ID_PREFIX_MAX + 1] = {0};
  memset(prefix, 'p', HBUS_ORDER_ID_PREFIX_MAX);
  options.order_id_prefix = prefix;
  hbus_client *client = NULL;
  cr_assert_eq(hbus_client_connect(&options, &client, NULL), HBUS_OK);
  hbus_client_order_id ids[64];
  for (unsigned i = 0; i < 64; i++) {
    cr_assert_eq(hbus_client_new_order_id(client, ids[i], NULL), HBUS_OK);
    cr_assert_eq(strlen(ids[i]), (size_t)HBUS_ORDER_ID_PREFIX_MAX + 26);
    cr_assert_eq(strncmp(ids[i], prefix, HBUS_ORDER_ID_PREFIX_MAX), 0);
    cr_assert_eq(strspn(ids[i] + HBUS_ORDER_ID_PREFIX_MAX, "abcdefghijklmnopqrstuvwxyz234567"), 26u);
    for (unsigned j = 0; j < i; j++)
      cr_assert_str_neq(ids[i], ids[j]);
  }
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

/* The connection */

static void s_restart(fake_broker *self, void *argument) {
  (void)argument;
  fake_restart(self);
}

static unsigned s_count(const fake_broker *broker, hbus_command_kind kind) {
  unsigned count = 0;
  for (unsigned i = 0; i < broker->received_count; i++)
    count += fake_received(broker, i)->command.kind == kind;
  return count;
}

/* The broker goes and comes back. Whatever the client sends first must find a broker that knows it again. */
Test(command, says_hello_and_subscribes_again_on_a_new_connection) {
  fake_broker *broker = fake_broker_new(s_say_ok, NULL);
  broker->wants_hello = true;
  hbus_client *client = fixture_connect(broker);
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "A", 0, NULL), HBUS_OK);
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TRADES, "binance", "B", 0, NULL), HBUS_OK);
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "C", 0, NULL), HBUS_OK);
  cr_assert_eq(hbus_unsubscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "A", 0, NULL), HBUS_OK);
  broker->epoch = 8;
  fake_broker_do(broker, s_restart, NULL);
  hbus_client_stats stats = {.connections = 1};
  hbus_message message;
  for (unsigned tries = 0; stats.connections < 2 || hbus_client_hello(client)->epoch != 8; tries++) {
    cr_assert_lt(tries, 2000u, "no hello on the new connection");
    cr_assert_eq(hbus_client_next(client, 10, &message), HBUS_TIMEOUT);
    hbus_client_get_stats(client, &stats);
  }
  cr_assert(stats.connected);
  cr_assert_eq(hbus_ping(client, 0, NULL, NULL), HBUS_OK); /* behind the renewals */
  cr_assert_eq(s_count(broker, HBUS_HELLO), 2u);
  cr_assert_eq(s_count(broker, HBUS_SUBSCRIBE), 5u);
  const hbus_command *last[] = {&fake_received(broker, broker->received_count - 3)->command,
                                &fake_received(broker, broker->received_count - 2)->command};
  cr_assert(strcmp(last[0]->market, "A") != 0 && strcmp(last[1]->market, "A") != 0);
  cr_assert_str_neq(last[0]->market, last[1]->market);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(command, a_call_survives_the_brokers_restart) {
  fake_broker *broker = fake_broker_new(s_say_ok, NULL);
  broker->wants_hello = true;
  hbus_client *client = fixture_connect(broker);
  for (unsigned i = 0; i < 5; i++) {
    fake_broker_do(broker, s_restart, NULL);
    hbus_cancel cancel;
    hbus_error error = {0};
    /* Sent over the old connection it is lost, so the first may time out; whatever is answered is not UNAUTHENTICATED.
     */
    hbus_status status = HBUS_TIMEOUT;
    while (status == HBUS_TIMEOUT)
      status = hbus_cancel_order(client, "binance", "ETH-USDT", "o", NULL, 200, &cancel, &error);
    cr_assert_eq(status, HBUS_MALFORMED, "%s", error.text); /* s_say_ok has no data */
  }
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_forget(fake_broker *self, const fake_command *command, void *argument) {
  bool *forgotten = argument;
  bool forget = !*forgotten;
  *forgotten = true;
  if (forget)
    fake_reply_error(self, command, HBUS_UNAUTHENTICATED, "say hello first");
  else
    fake_reply_ok(self, command, NULL);
}

Test(command, says_hello_when_told_to_and_repeats_the_command_once) {
  bool forgotten = false;
  fake_broker *broker = fake_broker_new(s_forget, &forgotten);
  hbus_client *client = fixture_connect(broker);
  hbus_command order = s_order_command();
  hbus_reply reply;
  cr_assert_eq(hbus_client_call(client, &order, 0, &reply, NULL), HBUS_OK);
  cr_assert_eq(s_count(broker, HBUS_HELLO), 2u);
  cr_assert_eq(s_count(broker, HBUS_CREATE_ORDER), 2u);
  const hbus_command *again = fixture_last(broker);
  cr_assert_str_eq(again->id, order.id);
  cr_assert_str_eq(again->client_order_id, order.client_order_id);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_always_refuse(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  fake_reply_error(self, command, HBUS_UNAUTHENTICATED, "bad API key");
}

Test(command, hands_on_a_second_unauthenticated) {
  fake_broker *broker = fake_broker_new(s_always_refuse, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_command order = s_order_command();
  hbus_reply reply;
  hbus_error error = {0};
  cr_assert_eq(hbus_client_call(client, &order, 0, &reply, &error), HBUS_UNAUTHENTICATED);
  cr_assert_str_eq(error.text, "bad API key");
  cr_assert_eq(s_count(broker, HBUS_CREATE_ORDER), 2u);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_shut(fake_broker *self, void *argument) {
  (void)argument;
  fake_shut(self);
}

/* With the broker away nothing is queued: the order does not leave later, and nobody has to call it unknown. */
Test(command, a_create_without_a_connection_was_not_sent) {
  fake_broker *broker = fake_broker_new(s_say_nothing, NULL);
  hbus_client *client = fixture_connect(broker);
  fake_broker_do(broker, s_shut, NULL);
  hbus_client_stats stats = {.connected = true};
  hbus_message message;
  for (unsigned tries = 0; stats.connected; tries++) {
    cr_assert_lt(tries, 2000u, "the connection that was closed still stands");
    cr_assert_eq(hbus_client_next(client, 10, &message), HBUS_TIMEOUT);
    hbus_client_get_stats(client, &stats);
  }
  hbus_command order = s_order_command();
  hbus_error error = {0};
  cr_assert_eq(hbus_client_send(client, &order, 0, &error), HBUS_TIMEOUT);
  cr_assert_not_null(strstr(error.text, "no broker at"), "%s", error.text);
  hbus_reply reply;
  cr_assert_eq(hbus_client_call(client, &order, 50, &reply, &error), HBUS_TIMEOUT);
  cr_assert_eq(s_count(broker, HBUS_CREATE_ORDER), 0u);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

/* The estimate of the broker's clock is renewed on the side when it has grown old; here it never grows old. */
Test(command, does_not_ask_for_the_clock_with_every_order) {
  fake_broker *broker = fake_broker_new(s_say_ok, NULL);
  hbus_client *client = fixture_connect(broker);
  for (unsigned i = 0; i < 10; i++) {
    hbus_command order = s_order_command();
    hbus_reply reply;
    cr_assert_eq(hbus_client_call(client, &order, 0, &reply, NULL), HBUS_OK);
  }
  cr_assert_eq(s_count(broker, HBUS_PING), 0u);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}
