/* The client's life, its options, events and the descriptor to watch. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "fixture.h"

Test(client, says_hello_and_learns_who_answers) {
  fake_broker *broker = fake_broker_new(NULL, NULL);
  hbus_client *client = fixture_connect(broker);
  cr_assert_eq(broker->received_count, 1u);
  cr_assert_eq(fake_received(broker, 0)->command.kind, HBUS_HELLO);
  cr_assert_str_eq(fake_received(broker, 0)->command.name, "test");
  const hbus_hello *hello = hbus_client_hello(client);
  cr_assert_str_eq(hello->name, "test");
  cr_assert_eq(hello->epoch, 7u);
  cr_assert_str_eq(hello->version, "0.1.0-fake");
  hbus_client_destroy(&client);
  cr_assert_null(client);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(client, takes_its_name_from_the_program) {
  fake_broker *broker = fake_broker_new(NULL, NULL);
  hbus_options options = fixture_options(broker);
  options.name = NULL;
  hbus_client *client = NULL;
  cr_assert_eq(hbus_client_connect(&options, &client, NULL), HBUS_OK);
  cr_assert_str_eq(fake_received(broker, 0)->command.name, program_invocation_short_name);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(client, asks_to_be_cancelled_when_it_is_gone) {
  fake_broker *broker = fake_broker_new(NULL, NULL);
  hbus_options options = fixture_options(broker);
  for (int grace_ms = 0; grace_ms <= 1500; grace_ms += 1500) {
    options.cancel_on_disconnect = true;
    options.grace_ms = grace_ms;
    hbus_client *client = NULL;
    cr_assert_eq(hbus_client_connect(&options, &client, NULL), HBUS_OK);
    cr_assert_eq(fixture_last(broker)->kind, HBUS_HELLO);
    cr_assert(fixture_last(broker)->cancel_on_disconnect);
    cr_assert_eq(fixture_last(broker)->grace_ms, (uint64_t)grace_ms);
    hbus_client_destroy(&client);
  }
  hbus_client *client = fixture_connect(broker);
  cr_assert_not(fixture_last(broker)->cancel_on_disconnect, "only who asks for it");
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(client, estimates_the_brokers_clock) {
  fake_broker *broker = fake_broker_new(NULL, NULL);
  broker->now_ms = 1800000000000;
  hbus_client *client = fixture_connect(broker);
  uint64_t now_ms = hbus_client_broker_now_ms(client);
  cr_assert_geq(now_ms, 1800000000000u);
  cr_assert_lt(now_ms, 1800000000000u + 3600000);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(client, refuses_a_grace_that_makes_no_sense) {
  fake_broker *broker = fake_broker_new(NULL, NULL);
  hbus_options options = fixture_options(broker);
  hbus_client *client = NULL;
  hbus_error error = {0};
  options.grace_ms = 1;
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_INVALID_REQUEST);
  cr_assert_not_null(strstr(error.text, "grace_ms needs cancel_on_disconnect"), "%s", error.text);
  options.cancel_on_disconnect = true;
  for (int i = 0; i < 2; i++) {
    options.grace_ms = i == 0 ? -1 : HBUS_GRACE_MAX_MS + 1;
    cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_INVALID_REQUEST);
    cr_assert_not_null(strstr(error.text, "option grace_ms"), "%s", error.text);
  }
  fake_broker_destroy(&broker);
}

Test(client, refuses_options_by_name) {
  char long_name[HBUS_NAME_MAX + 2];
  memset(long_name, 'x', sizeof(long_name) - 1);
  long_name[sizeof(long_name) - 1] = '\0';
  const struct {
    hbus_options options;
    const char *named;
  } rows[] = {
      {{.commands_endpoint = "",
        .name = "x",
        .connect_timeout_ms = 1,
        .request_timeout_ms = 1,
        .pending_max = 1,
        .high_water_mark = 1},
       "commands_endpoint"},
      {{.commands_endpoint = "tcp:/nonsense",
        .name = "x",
        .connect_timeout_ms = 1,
        .request_timeout_ms = 1,
        .pending_max = 1,
        .high_water_mark = 1},
       "commands endpoint \"tcp:/nonsense\""},
      {{.commands_endpoint = "tcp://127.0.0.1:1",
        .name = "",
        .connect_timeout_ms = 1,
        .request_timeout_ms = 1,
        .pending_max = 1,
        .high_water_mark = 1},
       "option name"},
      {{.commands_endpoint = "tcp://127.0.0.1:1",
        .name = long_name,
        .connect_timeout_ms = 1,
        .request_timeout_ms = 1,
        .pending_max = 1,
        .high_water_mark = 1},
       "option name"},
      {{.commands_endpoint = "tcp://127.0.0.1:1",
        .name = "x",
        .connect_timeout_ms = 0,
        .request_timeout_ms = 1,
        .pending_max = 1,
        .high_water_mark = 1},
       "connect_timeout_ms"},
      {{.commands_endpoint = "tcp://127.0.0.1:1",
        .name = "x",
        .connect_timeout_ms = 1,
        .request_timeout_ms = -1,
        .pending_max = 1,
        .high_water_mark = 1},
       "request_timeout_ms"},
      {{.commands_endpoint = "tcp://127.0.0.1:1",
        .name = "x",
        .connect_timeout_ms = 1,
        .request_timeout_ms = 1,
        .pending_max = HBUS_PENDING_MAX + 1,
        .high_water_mark = 1},
       "pending_max"},
      {{.commands_endpoint = "tcp://127.0.0.1:1",
        .name = "x",
        .connect_timeout_ms = 1,
        .request_timeout_ms = 1,
        .pending_max = 1,
        .high_water_mark = 0},
       "high_water_mark"},
      {{.commands_endpoint = "tcp://127.0.0.1:1",
        .market_endpoint = "what",
        .name = "x",
        .connect_timeout_ms = 1,
        .request_timeout_ms = 1,
        .pending_max = 1,
        .high_water_mark = 1},
       "market endpoint \"what\""},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    hbus_client *client = NULL;
    hbus_error error = {0};
    cr_assert_eq(hbus_client_connect(&rows[i].options, &client, &error), HBUS_INVALID_REQUEST, "row %zu", i);
    cr_assert_not_null(strstr(error.text, rows[i].named), "row %zu: %s", i, error.text);
    cr_assert_null(client);
  }
}

Test(client, takes_endpoints_from_the_environment) {
  hbus_options options;
  hbus_options_init(&options);
  setenv("HBUS_COMMANDS", "tcp://a:1", 1);
  setenv("HBUS_MARKET", "", 1);
  unsetenv("HBUS_PRIVATE");
  hbus_options_from_environment(&options);
  cr_assert_str_eq(options.commands_endpoint, "tcp://a:1");
  cr_assert_str_eq(options.market_endpoint, "tcp://127.0.0.1:5571");
  cr_assert_str_eq(options.private_endpoint, "tcp://127.0.0.1:5572");
}

Test(client, tells_that_nobody_is_there) {
  hbus_options options;
  hbus_options_init(&options);
  options.commands_endpoint = "ipc://@hbus-test-nobody";
  options.connect_timeout_ms = 50;
  hbus_client *client = NULL;
  hbus_error error = {0};
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_TIMEOUT);
  cr_assert_not_null(strstr(error.text, "no broker at ipc://@hbus-test-nobody"), "%s", error.text);
  cr_assert_not_null(strstr(error.text, "is hbusd running"), "%s", error.text);
}

static void s_say_nothing(fake_broker *self, const fake_command *command, void *argument) {
  (void)self, (void)command, (void)argument;
}

Test(client, tells_that_somebody_else_is_there) {
  fake_broker *broker = fake_broker_new(s_say_nothing, NULL);
  broker->greets = false;
  hbus_options options = fixture_options(broker);
  options.connect_timeout_ms = 1000;
  hbus_client *client = NULL;
  hbus_error error = {0};
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_TIMEOUT);
  cr_assert_not_null(strstr(error.text, "did not answer hello"), "%s", error.text);
  fake_broker_destroy(&broker);
}

/* A broker that ends with the first hello unanswered, and is there again at once. */
static void s_die_at_hello(fake_broker *self, const fake_command *command, void *argument) {
  (void)command, (void)argument;
  self->greets = true;
  fake_restart(self);
}

Test(client, says_hello_again_when_the_broker_ends_before_it_answers) {
  fake_broker *broker = fake_broker_new(s_die_at_hello, NULL);
  broker->greets = false;
  hbus_options options = fixture_options(broker);
  options.connect_timeout_ms = 60000;
  hbus_client *client = NULL;
  hbus_error error = {0};
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_OK, "%s", error.text);
  cr_assert_eq(broker->received_count, 2u);
  cr_assert_str_eq(fake_received(broker, 0)->command.id, fake_received(broker, 1)->command.id, "the same one");
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_refuse_name(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  fake_reply_error(self, command, HBUS_FORBIDDEN, "the name is taken");
}

Test(client, tells_that_its_name_was_refused) {
  fake_broker *broker = fake_broker_new(s_refuse_name, NULL);
  broker->greets = false;
  hbus_options options = fixture_options(broker);
  hbus_client *client = NULL;
  hbus_error error = {0};
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_FORBIDDEN);
  cr_assert_not_null(strstr(error.text, "the name is taken"), "%s", error.text);
  cr_assert_not_null(strstr(error.text, "\"test\""), "%s", error.text);
  fake_broker_destroy(&broker);
}

Test(client, refuses_another_version_of_the_protocol) {
  fake_broker *broker = fake_broker_new(NULL, NULL);
  broker->protocol = 2;
  hbus_options options = fixture_options(broker);
  hbus_client *client = NULL;
  hbus_error error = {0};
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_UNSUPPORTED);
  cr_assert_not_null(strstr(error.text, "version 2"), "%s", error.text);
  fake_broker_destroy(&broker);
}

/* A reply of version 2 that has nothing but an id that we know. */
static void s_answer_in_version_2(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  char frame[64] = "\x82\xa1v\x02\xa2id";
  size_t size = strlen(frame), id_size = strlen(command->command.id);
  frame[size++] = (char)(0xa0 | id_size);
  memcpy(frame + size, command->command.id, id_size);
  fake_reply_raw(self, command, frame, size + id_size);
}

Test(client, refuses_replies_that_it_cannot_read) {
  fake_broker *broker = fake_broker_new(s_answer_in_version_2, NULL);
  broker->greets = false;
  hbus_options options = fixture_options(broker);
  hbus_client *client = NULL;
  hbus_error error = {0};
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_UNSUPPORTED);
  cr_assert_not_null(strstr(error.text, "does not speak version 1"), "%s", error.text);
  fake_broker_destroy(&broker);
}

/* Events */

typedef struct burst {
  hbus_stream stream;
  const char *prefix;
  uint64_t count;
  uint64_t published; /* before */
} burst;

static void s_await_subscription(fake_broker *self, void *argument) {
  const burst *what = argument;
  fake_expect_subscription(self, what->stream, true, what->prefix);
  fake_expect_subscription(self, what->stream, true, FAKE_HEARTBEAT);
  fake_beat(self, what->stream, 1, 3600000, NULL, 0); /* none that the library could wait for hides a lost wake-up */
}

static void s_publish_burst(fake_broker *self, void *argument) {
  burst *what = argument;
  for (uint64_t i = 0; i < what->count; i++) {
    hbus_event event = fake_ticker_event(++what->published, "ETH-USDT");
    fake_publish(self, what->stream, &event);
  }
}

Test(client, hands_out_events_typed) {
  burst one = {HBUS_STREAM_MARKET, "market_data/ticker/binance/ETH-USDT/", 1, 0};
  fake_broker *broker = fake_broker_new(NULL, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_topic topic;
  cr_assert_eq(hbus_topic_ticker("binance", "ETH-USDT", &topic), HBUS_OK);
  cr_assert_eq(hbus_client_watch(client, topic.text, NULL), HBUS_OK);
  fake_broker_do(broker, s_await_subscription, &one);
  fake_broker_do(broker, s_publish_burst, &one);
  hbus_message message;
  cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_OK);
  cr_assert_eq(message.kind, HBUS_MESSAGE_EVENT);
  cr_assert_eq(message.stream, HBUS_STREAM_MARKET);
  cr_assert_str_eq(message.topic, "market_data/ticker/binance/ETH-USDT/");
  cr_assert_eq(message.event.kind, HBUS_KIND_TICKER_UPDATE);
  cr_assert_eq(message.event.epoch, 7u);
  cr_assert_eq(message.event.seq, 1u);
  cr_assert_str_eq(message.event.data.ticker.bid.text, "36.00");
  cr_assert_gt(message.body.size, 0u);
  cr_assert_eq(hbus_client_next(client, 0, &message), HBUS_TIMEOUT);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_await_both(fake_broker *self, void *argument) {
  (void)argument;
  fake_expect_subscription(self, HBUS_STREAM_MARKET, true, "trade_update/");
  fake_expect_subscription(self, HBUS_STREAM_PRIVATE, true, "trade_update/");
  fake_expect_subscription(self, HBUS_STREAM_PRIVATE, true, "order_update/binance/");
  fake_expect_subscription(self, HBUS_STREAM_PRIVATE, false, "order_update/binance/");
  fake_expect_subscription(self, HBUS_STREAM_MARKET, true, "market_data/");
}

Test(client, watches_each_stream_that_can_carry_the_topic) {
  fake_broker *broker = fake_broker_new(NULL, NULL);
  hbus_client *client = fixture_connect(broker);
  cr_assert_eq(hbus_client_watch(client, "trade_update/", NULL), HBUS_OK);
  cr_assert_eq(hbus_client_watch(client, "order_update/binance/", NULL), HBUS_OK);
  cr_assert_eq(hbus_client_unwatch(client, "order_update/binance/", NULL), HBUS_OK);
  cr_assert_eq(hbus_client_watch(client, "market_data/", NULL), HBUS_OK);
  fake_broker_do(broker, s_await_both, NULL);
  char long_prefix[HBUS_TOPIC_MAX + 2] = {0};
  memset(long_prefix, 'x', sizeof(long_prefix) - 1);
  cr_assert_eq(hbus_client_watch(client, long_prefix, NULL), HBUS_TOO_BIG);
  cr_assert_eq(hbus_client_unwatch(client, long_prefix, NULL), HBUS_TOO_BIG);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_publish_garbage(fake_broker *self, void *argument) {
  fake_publish_raw(self, HBUS_STREAM_MARKET, "market_data/ticker/binance/ETH-USDT/", "\xc1", 1);
  fake_publish_raw(self, HBUS_STREAM_MARKET, "market_data/ticker/binance/ETH-USDT/", "", 0);
  /* a map of one pair, and of a kind that nobody knows */
  s_publish_burst(self, argument);
}

Test(client, skips_and_counts_what_nobody_can_read) {
  burst one = {HBUS_STREAM_MARKET, "market_data/", 1, 0};
  fake_broker *broker = fake_broker_new(NULL, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_client_watch(client, "market_data/", NULL);
  fake_broker_do(broker, s_await_subscription, &one);
  fake_broker_do(broker, s_publish_garbage, &one);
  hbus_message message;
  cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_OK);
  cr_assert_eq(message.event.seq, 1u);
  hbus_client_stats stats;
  hbus_client_get_stats(client, &stats);
  cr_assert_eq(stats.malformed, 2u);
  cr_assert_eq(stats.events, 1u);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

/* Waiting */

static bool s_is_readable(const hbus_client *client, int timeout_ms) {
  struct pollfd fd = {.fd = hbus_client_fd(client), .events = POLLIN};
  return poll(&fd, 1, timeout_ms) == 1;
}

/* Takes all there is, until the descriptor is quiet, which it must be at some time: a connection that is still being
 * made may have something to say in the meantime. */
static void s_drain(hbus_client *client) {
  hbus_message message;
  do
    while (hbus_client_next(client, 0, &message) == HBUS_OK)
      continue;
  while (s_is_readable(client, 0));
}

/* A client whose deadlines are so far off that no timer of its own hides a wake-up that was lost. */
static hbus_client *s_connect_patiently(const fake_broker *broker) {
  hbus_options options = fixture_options(broker);
  options.connect_timeout_ms = options.request_timeout_ms = 200000;
  hbus_client *client = NULL;
  cr_assert_eq(hbus_client_connect(&options, &client, NULL), HBUS_OK);
  return client;
}

/* The contract of hbus_client_fd, with a program that takes only a few messages each time it is woken: it must be woken
 * for every one of the rest. A wake-up lost ends in the poll's time-out. */
Test(client, wakes_for_every_event_of_a_burst) {
  enum { COUNT = 10000, BUDGET = 7 };
  burst many = {HBUS_STREAM_MARKET, "market_data/", COUNT, 0};
  fake_broker *broker = fake_broker_new(NULL, NULL);
  hbus_client *client = s_connect_patiently(broker);
  hbus_client_watch(client, "market_data/", NULL);
  fake_broker_do(broker, s_await_subscription, &many);
  s_drain(client);
  fake_broker_do(broker, s_publish_burst, &many);
  hbus_message message;
  uint64_t seq = 0;
  while (seq < COUNT) {
    cr_assert(s_is_readable(client, 20000), "no wake-up after %lu events", (unsigned long)seq);
    for (unsigned taken = 0; taken < BUDGET && hbus_client_next(client, 0, &message) == HBUS_OK; taken++)
      cr_assert_eq(message.event.seq, ++seq);
  }
  while (hbus_client_next(client, 0, &message) == HBUS_OK)
    cr_assert_fail("more than was sent");
  s_drain(client); /* readable with nothing left, it would go on for ever */
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_publish_on_ticker(fake_broker *self, const fake_command *command, void *argument) {
  s_publish_burst(self, argument);
  fake_reply_error(self, command, HBUS_UNKNOWN_MARKET, "no such market");
}

/* A blocking call must neither lose the events that come while it waits nor the wake-up for them. */
Test(client, keeps_events_and_wakeups_through_a_call) {
  enum { ROUNDS = 50, EACH = 20 };
  burst each = {HBUS_STREAM_MARKET, "market_data/", EACH, 0};
  fake_broker *broker = fake_broker_new(s_publish_on_ticker, &each);
  hbus_client *client = s_connect_patiently(broker);
  hbus_client_watch(client, "market_data/", NULL);
  fake_broker_do(broker, s_await_subscription, &each);
  hbus_message message;
  for (int round = 0; round < ROUNDS; round++) {
    hbus_ticker ticker;
    s_drain(client);
    cr_assert_eq(hbus_get_ticker(client, "binance", "ETH-USDT", 0, &ticker, NULL), HBUS_UNKNOWN_MARKET);
    for (uint64_t seq = (uint64_t)round * EACH + 1; seq <= (uint64_t)(round + 1) * EACH;) {
      cr_assert(s_is_readable(client, 20000), "round %d, after event %lu", round, (unsigned long)seq);
      if (hbus_client_next(client, 0, &message) == HBUS_OK) cr_assert_eq(message.event.seq, seq++);
    }
  }
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

/* Answers the ticker before the balances: the second call finds the first one's reply. */
static void s_answer_both(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  if (command->command.kind == HBUS_GET_TICKER) return;
  fake_reply_ok(self, fake_received(self, self->received_count - 2), NULL);
  fake_reply_ok(self, command, NULL);
}

Test(client, wakes_for_a_reply_that_came_during_a_call) {
  fake_broker *broker = fake_broker_new(s_answer_both, NULL);
  hbus_client *client = s_connect_patiently(broker);
  hbus_command first, second;
  hbus_command_init(&first, HBUS_GET_TICKER, "binance", "ETH-USDT", NULL);
  hbus_command_init(&second, HBUS_GET_BALANCES, "binance", NULL, NULL);
  cr_assert_eq(hbus_client_send(client, &first, 0, NULL), HBUS_OK);
  s_drain(client);
  hbus_reply reply;
  cr_assert_eq(hbus_client_call(client, &second, 0, &reply, NULL), HBUS_OK);
  cr_assert(s_is_readable(client, 20000));
  hbus_message message;
  cr_assert_eq(hbus_client_next(client, 0, &message), HBUS_OK);
  cr_assert_str_eq(message.reply.id, first.id);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(client, wakes_when_a_command_runs_out_of_time) {
  fake_broker *broker = fake_broker_new(s_say_nothing, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_command command;
  hbus_command_init(&command, HBUS_GET_TICKER, "binance", "ETH-USDT", NULL);
  cr_assert_eq(hbus_client_send(client, &command, 30, NULL), HBUS_OK);
  hbus_message message;
  hbus_status status = HBUS_TIMEOUT;
  while (status == HBUS_TIMEOUT) {
    cr_assert(s_is_readable(client, 20000));
    status = hbus_client_next(client, 0, &message);
  }
  cr_assert_eq(message.kind, HBUS_MESSAGE_REPLY);
  cr_assert_str_eq(message.reply.id, command.id);
  cr_assert_eq(message.reply.code, HBUS_TIMEOUT);
  while (hbus_client_next(client, 0, &message) == HBUS_OK)
    cr_assert_fail("a second reply");
  s_drain(client);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_ignore(int signal) {
  (void)signal;
}

Test(client, next_returns_when_a_signal_is_caught) {
  fake_broker *broker = fake_broker_new(NULL, NULL);
  hbus_client *client = fixture_connect(broker);
  struct sigaction action = {.sa_handler = s_ignore};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval every = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000}; /* again, should one come early */
  setitimer(ITIMER_REAL, &every, NULL);
  hbus_message message;
  cr_assert_eq(hbus_client_next(client, -1, &message), HBUS_TIMEOUT);
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}
