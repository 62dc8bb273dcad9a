/* What a program is shown when events, heartbeats and answers are lost on the way to it. */
#include <criterion/criterion.h>
#include <msgpack.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "client/client.h"
#include "fixture.h"
#include "proto/event_codec.h"
#include "proto/repair_codec.h"
#include "proto/repair_list.h"

enum { TICKER, BOOK, ORDERS, TOPICS, EVENTS_MAX = 64 };

#define LONG_MS 3600000

static const struct {
  hbus_stream stream;
  const char *text;
} s_topics[TOPICS] = {{HBUS_STREAM_MARKET, "market_data/ticker/binance/ETH-USDT/"},
                      {HBUS_STREAM_MARKET, "market_data/order_book/binance/ETH-USDT/"},
                      {HBUS_STREAM_PRIVATE, "order_update/binance/ETH-USDT/"}};

/* What the broker has published, whether or not it arrived. */
typedef struct world {
  buffer bodies[TOPICS][EVENTS_MAX + 1]; /* by number */
  uint64_t last[TOPICS];
  uint64_t beats[HBUS_STREAM_COUNT];
  uint64_t stamps[TOPICS]; /* what a snapshot says, 0: the last number */
  hbus_status refuses;     /* replays, snapshots and sequences are answered with this ... */
  unsigned refusals;       /* ... as many times */
  uint64_t gone;           /* numbers up to here cannot be replayed */
  unsigned pages;          /* of a snapshot, 0 is one */
  unsigned lost_cursors;
  hbus_seen seen; /* what get_ticker's reply names */
  unsigned asked[HBUS_COMMAND_COUNT];
} world;

/* The broker's side */

static hbus_event s_event(unsigned topic, uint64_t seq, uint64_t epoch) {
  hbus_event event = fake_ticker_event(seq, "ETH-USDT");
  event.epoch = epoch;
  if (topic == ORDERS) {
    event.type = HBUS_EVENT_ORDER_UPDATE;
    event.kind = HBUS_KIND_ORDER_UPDATE;
    event.rev = seq;
    event.origin = HBUS_PUSHED;
    event.data.order = fake_order("o1", "");
    event.data.order.owner[0] = '\0';
  } else if (topic == BOOK) {
    event.kind = HBUS_KIND_ORDER_BOOK_UPDATE;
    event.data.book = (hbus_book){.exchange = "binance", .market = "ETH-USDT"};
  }
  return event;
}

static void s_publish_one(fake_broker *self, world *world, unsigned topic, bool arrives) {
  uint64_t seq = ++world->last[topic];
  cr_assert_leq(seq, (uint64_t)EVENTS_MAX);
  hbus_event event = s_event(topic, seq, self->epoch);
  buffer *body = &world->bodies[topic][seq];
  buffer_init(body, HBUS_FRAME_MAX);
  cr_assert_eq(event_pack(&event, body), HBUS_OK);
  if (arrives) fake_publish_raw(self, s_topics[topic].stream, s_topics[topic].text, body->data, body->size);
}

static void s_reply_with(fake_broker *self, const fake_command *command, hbus_status packed, buffer *data) {
  cr_assert_eq(packed, HBUS_OK);
  fake_reply_ok(self, command, data);
  buffer_free(data);
}

static void s_answer_sequences(fake_broker *self, const fake_command *command, const world *world) {
  hbus_sequence items[TOPICS];
  hbus_sequences answer = {.epoch = self->epoch, .items = items};
  for (unsigned i = 0; i < TOPICS; i++)
    if (s_topics[i].stream == command->command.stream && world->last[i] > 0)
      items[answer.count++] = (hbus_sequence){.topic = hbus_text_of(s_topics[i].text), .seq = world->last[i]};
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  s_reply_with(self, command, sequences_reply_pack(&answer, &data), &data);
}

static void s_answer_replay(fake_broker *self, const fake_command *command, const world *world) {
  const hbus_command *asked = &command->command;
  unsigned topic = 0;
  while (strcmp(s_topics[topic].text, asked->topic) != 0)
    topic++;
  hbus_bytes items[EVENTS_MAX];
  hbus_replay answer = {
      .epoch = self->epoch, .topic = hbus_text_of(asked->topic), .items = items, .first = world->gone + 1};
  for (uint64_t seq = asked->from; seq <= asked->to && seq <= world->last[topic]; seq++) {
    if (seq <= world->gone) continue;
    if (answer.count == 3) { /* a small page */
      answer.next = seq;
      break;
    }
    const buffer *body = &world->bodies[topic][seq];
    items[answer.count++] = (hbus_bytes){.data = body->data, .size = body->size};
    answer.last = seq;
  }
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  s_reply_with(self, command, replay_reply_pack(&answer, &data), &data);
}

static void s_answer_snapshot(fake_broker *self, const fake_command *command, world *world) {
  const hbus_command *asked = &command->command;
  if (*asked->cursor != '\0' && world->lost_cursors > 0) {
    world->lost_cursors--;
    fake_reply_error(self, command, HBUS_INVALID_REQUEST, "'cursor' names a record that is gone");
    return;
  }
  unsigned page = *asked->cursor == '\0' ? 1 : (unsigned)(*asked->cursor - '0');
  hbus_stamp stamps[TOPICS];
  hbus_order order = fake_order(page == 1 ? "o1" : "o2", "");
  hbus_snapshot answer = {.epoch = self->epoch,
                          .link = {.status = HBUS_LINK_CONNECTED},
                          .stamps = stamps,
                          .orders = &order,
                          .order_count = 1};
  for (unsigned i = 0; i < TOPICS; i++) {
    uint64_t seq = world->stamps[i] != 0 ? world->stamps[i] : world->last[i];
    bool is_in = *asked->exchange != '\0' || s_topics[i].stream == HBUS_STREAM_PRIVATE;
    if (!is_in || seq == 0) continue;
    const buffer *body = &world->bodies[i][seq];
    if (i == TICKER) answer.ticker = (hbus_bytes){.data = body->data, .size = body->size};
    if (i == BOOK) answer.book = (hbus_bytes){.data = body->data, .size = body->size};
    stamps[answer.stamp_count++] =
        (hbus_stamp){.stream = s_topics[i].stream, .topic = hbus_text_of(s_topics[i].text), .seq = seq + page - 1};
  }
  if (page < world->pages) (void)snprintf(answer.cursor, sizeof(answer.cursor), "%u", page + 1);
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  s_reply_with(self, command, snapshot_reply_pack(&answer, &data), &data);
}

static void s_answer(fake_broker *self, const fake_command *command, void *argument) {
  world *world = argument;
  hbus_command_kind kind = command->command.kind;
  world->asked[kind]++;
  bool is_repair = kind == HBUS_SEQUENCES || kind == HBUS_REPLAY || kind == HBUS_SNAPSHOT;
  if (is_repair && kind != HBUS_SEQUENCES && world->refusals > 0) {
    world->refusals--;
    fake_reply_error(self, command, world->refuses, "not so");
  } else if (kind == HBUS_SEQUENCES) {
    s_answer_sequences(self, command, world);
  } else if (kind == HBUS_REPLAY) {
    s_answer_replay(self, command, world);
  } else if (kind == HBUS_SNAPSHOT) {
    s_answer_snapshot(self, command, world);
  } else if (kind == HBUS_GET_TICKER) {
    hbus_reply reply = {.status = HBUS_REPLY_ERROR, .code = HBUS_UNKNOWN_MARKET, .seen = world->seen};
    reply.message = hbus_text_of("no such market");
    fake_reply(self, command, &reply);
  }
}

/* Actions */

typedef struct deed {
  world *world;
  unsigned topic;
  unsigned count;
  bool arrives;
  hbus_stream stream;
  const char *prefix;
  uint64_t interval_ms;
} deed;

static void s_do_publish(fake_broker *self, void *argument) {
  const deed *what = argument;
  for (unsigned i = 0; i < what->count; i++)
    s_publish_one(self, what->world, what->topic, what->arrives);
}

static void s_do_beat(fake_broker *self, void *argument) {
  const deed *what = argument;
  hbus_sequence moved[TOPICS];
  size_t count = 0;
  for (unsigned i = 0; i < TOPICS; i++)
    if (s_topics[i].stream == what->stream && what->world->last[i] > 0)
      moved[count++] = (hbus_sequence){.topic = hbus_text_of(s_topics[i].text), .seq = what->world->last[i]};
  uint64_t seq = ++what->world->beats[what->stream];
  if (what->arrives) fake_beat(self, what->stream, seq, what->interval_ms, moved, count);
}

static void s_do_await(fake_broker *self, void *argument) {
  const deed *what = argument;
  fake_expect_subscription(self, what->stream, true, what->prefix);
}

static void s_do_await_end(fake_broker *self, void *argument) {
  (void)argument;
  fake_expect_subscription(self, HBUS_STREAM_MARKET, false, "market_data/");
}

static void s_do_reconnect(fake_broker *self, void *argument) {
  (void)argument;
  fake_restart(self);
}

static void s_do_restart(fake_broker *self, void *argument) {
  const deed *what = argument;
  self->epoch++;
  for (unsigned i = 0; i < TOPICS; i++) {
    if (s_topics[i].stream != HBUS_STREAM_MARKET) continue;
    for (uint64_t seq = 1; seq <= what->world->last[i]; seq++)
      buffer_free(&what->world->bodies[i][seq]);
    what->world->last[i] = 0;
  }
  what->world->beats[HBUS_STREAM_MARKET] = 0;
  fake_restart(self);
}

/* The test's side */

typedef struct scene {
  world world;
  fake_broker *broker;
  hbus_client *client;
} scene;

static hbus_options s_options(const fake_broker *broker) {
  hbus_options options = fixture_options(broker);
  options.repair = true;
  return options;
}

static void s_begin(scene *self, bool newest_only, bool repair) {
  *self = (scene){0};
  self->broker = fake_broker_new(s_answer, &self->world);
  hbus_options options = s_options(self->broker);
  options.newest_only = newest_only;
  options.repair = repair;
  hbus_error error = {0};
  cr_assert_eq(hbus_client_connect(&options, &self->client, &error), HBUS_OK, "%s", error.text);
}

static void s_end(scene *self) {
  hbus_client_destroy(&self->client);
  fake_broker_destroy(&self->broker);
  for (unsigned i = 0; i < TOPICS; i++)
    for (uint64_t seq = 1; seq <= EVENTS_MAX; seq++)
      buffer_free(&self->world.bodies[i][seq]);
}

static void s_publish(scene *self, unsigned topic, unsigned count, bool arrives) {
  deed what = {.world = &self->world, .topic = topic, .count = count, .arrives = arrives};
  fake_broker_do(self->broker, s_do_publish, &what);
}

static void s_beat(scene *self, hbus_stream stream, bool arrives) {
  deed what = {.world = &self->world, .stream = stream, .interval_ms = LONG_MS, .arrives = arrives};
  fake_broker_do(self->broker, s_do_beat, &what);
}

static void s_await(scene *self, hbus_stream stream, const char *prefix) {
  deed what = {.stream = stream, .prefix = prefix};
  fake_broker_do(self->broker, s_do_await, &what);
}

/* How many commands of a kind came, at the latest when an answered one that was sent now has come back. */
static unsigned s_asked(scene *self, hbus_command_kind kind) {
  cr_assert_eq(hbus_ping(self->client, 0, NULL, NULL), HBUS_OK);
  fake_broker_meet(self->broker);
  return self->world.asked[kind];
}

/* Watches, and waits until the broker knows and has been asked, so that all that is published from here on counts. */
static void s_watch(scene *self, hbus_stream stream, const char *prefix) {
  unsigned before = s_asked(self, HBUS_SEQUENCES);
  cr_assert_eq(hbus_client_watch(self->client, prefix, NULL), HBUS_OK);
  s_await(self, stream, prefix);
  s_await(self, stream, FAKE_HEARTBEAT);
  s_beat(self, stream, true);
  hbus_message message;
  while (self->client->settings.repair && s_asked(self, HBUS_SEQUENCES) == before)
    cr_assert_eq(hbus_client_next(self->client, 1, &message), HBUS_TIMEOUT);
  cr_assert_eq(hbus_client_next(self->client, 1, &message), HBUS_TIMEOUT);
}

/* The next thing, in words. Waits for ever. */
static const char *s_next(scene *self) {
  static char text[256];
  hbus_message message = {0};
  cr_assert_eq(hbus_client_next(self->client, -1, &message), HBUS_OK);
  const char *name = message.kind == HBUS_MESSAGE_EVENT || message.kind == HBUS_MESSAGE_NOTICE ? message.topic : "";
  const char *kind = strstr(name, "order_update") ? "order" : strstr(name, "ticker") ? "ticker" : "book";
  switch (message.kind) {
  case HBUS_MESSAGE_EVENT: (void)snprintf(text, sizeof(text), "%s %lu", kind, (unsigned long)message.event.seq); break;
  case HBUS_MESSAGE_NOTICE:
    if (*message.topic == '\0')
      (void)snprintf(text, sizeof(text), "%s %s", hbus_stream_name(message.stream),
                     hbus_stream_notice_name(message.notice.kind));
    else
      (void)snprintf(text, sizeof(text), "%s %s %lu-%lu", kind, hbus_stream_notice_name(message.notice.kind),
                     (unsigned long)message.notice.from, (unsigned long)message.notice.to);
    break;
  case HBUS_MESSAGE_SNAPSHOT:
    if (message.snapshot != NULL)
      (void)snprintf(text, sizeof(text), "snapshot %u%s of \"%s\" with %s", message.part,
                     message.is_last ? " last" : "", message.market, message.snapshot->orders[0].order_id);
    else
      (void)snprintf(text, sizeof(text), "no snapshot of \"%s\": %s, %.*s", message.market,
                     hbus_status_name(message.reply.code), (int)message.reply.message.size, message.reply.message.data);
    break;
  case HBUS_MESSAGE_REPLY: (void)snprintf(text, sizeof(text), "reply"); break;
  default: (void)snprintf(text, sizeof(text), "?"); break;
  }
  return text;
}

#define EXPECT(scene, ...)                                                                                             \
  do {                                                                                                                 \
    static const char *const expected_[] = {__VA_ARGS__};                                                              \
    for (size_t i_ = 0; i_ < sizeof(expected_) / sizeof(expected_[0]); i_++)                                           \
      cr_assert_str_eq(s_next(scene), expected_[i_]);                                                                  \
  } while (0)

static void s_expect_nothing(scene *self) {
  hbus_message message;
  cr_assert_eq(hbus_client_next(self->client, 0, &message), HBUS_TIMEOUT);
}

Test(listening, a_gap_and_the_lost_end_of_a_burst_are_repaired) {
  scene self;
  s_begin(&self, false, true);
  s_watch(&self, HBUS_STREAM_MARKET, s_topics[TICKER].text);
  s_publish(&self, TICKER, 1, true);
  s_publish(&self, TICKER, 2, false);
  s_publish(&self, TICKER, 2, true);
  EXPECT(&self, "ticker 1", "ticker 2", "ticker 3", "ticker repaired 2-3", "ticker 4", "ticker 5");
  s_publish(&self, TICKER, 4, false);
  s_expect_nothing(&self);
  s_beat(&self, HBUS_STREAM_MARKET, true);
  EXPECT(&self, "ticker 6", "ticker 7", "ticker 8", "ticker 9", "ticker repaired 6-9");
  hbus_client_stats stats;
  hbus_client_get_stats(self.client, &stats);
  cr_assert_eq(stats.gaps, 2u);
  cr_assert_eq(stats.repaired, 6u);
  cr_assert_eq(stats.lost, 0u);
  cr_assert_eq(stats.events, 9u);
  s_end(&self);
}

Test(listening, the_only_event_of_a_topic_is_owed) {
  scene self;
  s_begin(&self, false, true);
  s_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  s_publish(&self, TICKER, 1, false);
  s_beat(&self, HBUS_STREAM_MARKET, true);
  EXPECT(&self, "ticker 1", "ticker repaired 1-1");
  s_end(&self);
}

Test(listening, what_came_before_the_watch_is_not) {
  scene self;
  s_begin(&self, false, true);
  s_publish(&self, TICKER, 5, false);
  s_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  s_beat(&self, HBUS_STREAM_MARKET, true);
  s_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 6");
  cr_assert_eq(s_asked(&self, HBUS_REPLAY), 0u);
  s_end(&self);
}

Test(listening, a_lost_heartbeat_is_missed_and_the_numbers_asked_for) {
  scene self;
  s_begin(&self, false, true);
  s_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  s_publish(&self, ORDERS, 1, false);
  s_beat(&self, HBUS_STREAM_PRIVATE, false);
  s_expect_nothing(&self);
  uint64_t last = self.world.last[ORDERS];
  fake_broker_meet(self.broker);
  self.world.last[ORDERS] = 0; /* the next heartbeat names what moved since the one before: nothing */
  s_beat(&self, HBUS_STREAM_PRIVATE, true);
  self.world.last[ORDERS] = last;
  fake_broker_meet(self.broker);
  EXPECT(&self, "order 1", "order repaired 1-1");
  hbus_client_stats stats;
  hbus_client_get_stats(self.client, &stats);
  cr_assert_eq(stats.heartbeats_missed, 1u);
  s_end(&self);
}

Test(listening, a_reconnect_asks_what_was_missed) {
  scene self;
  s_begin(&self, false, true);
  s_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  s_publish(&self, ORDERS, 2, false);
  fake_broker_do(self.broker, s_do_reconnect, NULL);
  EXPECT(&self, "order 1", "order 2", "order repaired 1-2");
  s_end(&self);
}

Test(listening, what_the_broker_has_no_more_is_lost_and_for_orders_a_snapshot_follows) {
  scene self;
  s_begin(&self, false, true);
  s_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  self.world.gone = 2;
  s_publish(&self, ORDERS, 3, false);
  s_publish(&self, ORDERS, 1, true);
  EXPECT(&self, "order lost 1-2", "order 3", "order repaired 3-3", "order 4", "snapshot 1 last of \"\" with o1");
  s_publish(&self, ORDERS, 1, true);
  EXPECT(&self, "order 5");
  hbus_client_stats stats;
  hbus_client_get_stats(self.client, &stats);
  cr_assert_eq(stats.lost, 2u);
  s_end(&self);
}

Test(listening, a_refusal_that_passes_is_asked_again_and_another_is_not) {
  scene self;
  s_begin(&self, false, true);
  s_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  self.world.refuses = HBUS_RATE_LIMITED;
  self.world.refusals = 3;
  s_publish(&self, TICKER, 1, false);
  s_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 1", "ticker repaired 1-1", "ticker 2");
  cr_assert_eq(s_asked(&self, HBUS_REPLAY), 4u);
  self.world.refuses = HBUS_EXPIRED;
  self.world.refusals = 1;
  fake_broker_meet(self.broker);
  s_publish(&self, TICKER, 1, false);
  s_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker lost 3-3", "ticker 4");
  s_end(&self);
}

Test(listening, without_repair_nothing_is_asked) {
  scene self;
  s_begin(&self, false, false);
  s_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  s_publish(&self, TICKER, 1, true);
  s_publish(&self, TICKER, 1, false);
  s_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 1", "ticker lost 2-2", "ticker 3");
  s_publish(&self, TICKER, 1, false);
  s_beat(&self, HBUS_STREAM_MARKET, true);
  EXPECT(&self, "ticker lost 4-4");
  cr_assert_eq(s_asked(&self, HBUS_REPLAY) + s_asked(&self, HBUS_SEQUENCES), 0u);
  s_end(&self);
}

Test(listening, a_restart_is_told_in_its_place) {
  scene self;
  s_begin(&self, false, true);
  s_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  s_publish(&self, TICKER, 2, true);
  deed again = {.world = &self.world};
  fake_broker_do(self.broker, s_do_restart, &again);
  s_publish(&self, TICKER, 2, false); /* before the subscription is there again */
  s_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 1", "ticker 2", "market restarted", "ticker 1", "ticker 2", "ticker repaired 1-2", "ticker 3");
  s_end(&self);
}

Test(listening, silence_is_told_and_its_end) {
  scene self;
  s_begin(&self, false, true);
  s_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  deed beat = {.world = &self.world, .stream = HBUS_STREAM_PRIVATE, .interval_ms = 40, .arrives = true};
  fake_broker_do(self.broker, s_do_beat, &beat);
  EXPECT(&self, "private silent");
  s_expect_nothing(&self);
  s_publish(&self, ORDERS, 1, false);
  s_beat(&self, HBUS_STREAM_PRIVATE, true);
  EXPECT(&self, "private back", "order 1", "order repaired 1-1");
  s_end(&self);
}

Test(listening, the_descriptor_wakes_for_silence) {
  scene self;
  s_begin(&self, false, true);
  s_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  deed beat = {.world = &self.world, .stream = HBUS_STREAM_PRIVATE, .interval_ms = 30, .arrives = true};
  fake_broker_do(self.broker, s_do_beat, &beat);
  hbus_message message = {0};
  while (message.kind != HBUS_MESSAGE_NOTICE) {
    struct pollfd told = {.fd = hbus_client_fd(self.client), .events = POLLIN};
    cr_assert_eq(poll(&told, 1, 10000), 1);
    (void)hbus_client_next(self.client, 0, &message);
  }
  cr_assert_eq(message.notice.kind, HBUS_NOTICE_SILENT);
  s_end(&self);
}

/* A reply that names an event waits for it; one of a topic that nobody watches does not. */
Test(listening, rule_7_a_reply_comes_after_the_event_that_it_names) {
  scene self;
  s_begin(&self, false, true);
  self.world.seen =
      (hbus_seen){.stream = HBUS_STREAM_PRIVATE, .topic = "order_update/binance/ETH-USDT/", .epoch = 7, .seq = 1};
  fake_broker_meet(self.broker);
  hbus_command command;
  cr_assert_eq(hbus_command_init(&command, HBUS_GET_TICKER, "binance", "ETH-USDT", NULL), HBUS_OK);
  cr_assert_eq(hbus_client_send(self.client, &command, 0, NULL), HBUS_OK);
  EXPECT(&self, "reply");
  s_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  cr_assert_eq(hbus_client_send(self.client, &command, 0, NULL), HBUS_OK);
  cr_assert_eq(s_asked(&self, HBUS_GET_TICKER), 2u); /* the ping's answer came behind it */
  s_expect_nothing(&self);
  hbus_reply reply;
  cr_assert_eq(hbus_client_call(self.client, &command, 0, &reply, NULL), HBUS_UNKNOWN_MARKET, "a call does not wait");
  cr_assert_not(hbus_client_has_shown(self.client, &reply.seen));
  s_publish(&self, ORDERS, 1, true);
  EXPECT(&self, "order 1", "reply");
  self.world.seen.seq = 2;
  fake_broker_meet(self.broker);
  cr_assert(hbus_client_has_shown(self.client, &(hbus_seen){.stream = HBUS_STREAM_NONE}));
  cr_assert_eq(hbus_client_send(self.client, &command, 50, NULL), HBUS_OK);
  EXPECT(&self, "reply"); /* at the end of its patience */
  s_publish(&self, ORDERS, 1, false);
  cr_assert_eq(hbus_client_send(self.client, &command, 0, NULL), HBUS_OK);
  s_beat(&self, HBUS_STREAM_PRIVATE, true);
  EXPECT(&self, "order 2", "order repaired 2-2", "reply");
  s_end(&self);
}

Test(listening, a_market_is_joined_without_a_hole) {
  scene self;
  s_begin(&self, false, true);
  s_publish(&self, TICKER, 3, false);
  s_publish(&self, ORDERS, 4, false);
  s_publish(&self, BOOK, 2, false);
  self.world.stamps[TICKER] = 2; /* made when the third was not there yet */
  fake_broker_meet(self.broker);
  cr_assert_eq(hbus_client_join_market(self.client, "binance", "ETH-USDT", NULL), HBUS_OK);
  cr_assert_eq(hbus_client_join_market(self.client, "binance", "ETH-USDT", NULL), HBUS_INVALID_REQUEST);
  s_await(&self, HBUS_STREAM_PRIVATE, s_topics[ORDERS].text);
  EXPECT(&self, "snapshot 1 last of \"ETH-USDT\" with o1");
  bool is_book = strcmp(s_next(&self), "book 2") == 0; /* and the ticker, in any order */
  cr_assert_str_eq(s_next(&self), is_book ? "ticker 2" : "book 2");
  s_await(&self, HBUS_STREAM_MARKET, "trade_update/binance/ETH-USDT/");
  s_await(&self, HBUS_STREAM_MARKET, s_topics[BOOK].text);
  s_await(&self, HBUS_STREAM_MARKET, s_topics[TICKER].text);
  s_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 3", "ticker repaired 3-3", "ticker 4");
  s_publish(&self, ORDERS, 1, true);
  EXPECT(&self, "order 5");
  deed again = {.world = &self.world};
  self.world.stamps[TICKER] = 0;
  fake_broker_do(self.broker, s_do_restart, &again);
  s_publish(&self, TICKER, 1, true);
  EXPECT(&self, "market restarted", "ticker 1", "snapshot 1 last of \"ETH-USDT\" with o1");
  cr_assert_eq(hbus_client_leave_market(self.client, "binance", "ETH-USDT", NULL), HBUS_OK);
  cr_assert_eq(hbus_client_leave_market(self.client, "binance", "ETH-USDT", NULL), HBUS_INVALID_REQUEST);
  s_end(&self);
}

Test(listening, a_market_that_there_is_not_is_said_to_be_none) {
  scene self;
  s_begin(&self, false, true);
  self.world.refuses = HBUS_UNKNOWN_MARKET;
  self.world.refusals = 1;
  fake_broker_meet(self.broker);
  cr_assert_eq(hbus_client_join_market(self.client, "binance", "ETH-USDT", NULL), HBUS_OK);
  EXPECT(&self, "no snapshot of \"ETH-USDT\": UNKNOWN_MARKET, not so");
  cr_assert_eq(hbus_client_join_market(self.client, "", "ETH-USDT", NULL), HBUS_INVALID_REQUEST);
  s_end(&self);
}

Test(listening, private_state_is_joined_page_by_page) {
  scene self;
  s_begin(&self, false, true);
  s_publish(&self, ORDERS, 4, false);
  self.world.pages = 3;
  self.world.lost_cursors = 1;
  fake_broker_meet(self.broker);
  cr_assert_eq(hbus_client_join_private(self.client, NULL), HBUS_OK);
  s_await(&self, HBUS_STREAM_PRIVATE, "order_update/");
  s_publish(&self, ORDERS, 1, true);
  EXPECT(&self, "snapshot 1 of \"\" with o1", "snapshot 1 of \"\" with o1", "snapshot 2 of \"\" with o2",
         "snapshot 3 last of \"\" with o2");
  s_publish(&self, ORDERS, 1, true);
  const char *first = s_next(&self); /* whether the snapshot included the fifth is a race that it won or lost */
  if (strcmp(first, "order 5") == 0) first = s_next(&self);
  cr_assert_str_eq(first, "order 6");
  cr_assert_eq(hbus_client_leave_private(self.client, NULL), HBUS_OK);
  cr_assert_eq(hbus_client_leave_private(self.client, NULL), HBUS_INVALID_REQUEST);
  s_end(&self);
}

Test(listening, newest_only_gives_the_newest_that_has_come) {
  scene self;
  s_begin(&self, true, true);
  s_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  s_publish(&self, TICKER, 5, true);
  s_publish(&self, BOOK, 2, true);
  hbus_client_stats stats = {0};
  hbus_message message = {0};
  uint64_t newest[TOPICS] = {0};
  while (newest[TICKER] < 5 || newest[BOOK] < 2) { /* how much has come when one asks is ZeroMQ's affair */
    cr_assert_eq(hbus_client_next(self.client, -1, &message), HBUS_OK);
    cr_assert_eq(message.kind, HBUS_MESSAGE_EVENT);
    unsigned topic = strcmp(message.topic, s_topics[TICKER].text) == 0 ? TICKER : BOOK;
    cr_assert_gt(message.event.seq, newest[topic]);
    newest[topic] = message.event.seq;
  }
  hbus_client_get_stats(self.client, &stats);
  cr_assert_eq(stats.events + stats.superseded, 7u);
  s_publish(&self, TICKER, 3, false);
  s_beat(&self, HBUS_STREAM_MARKET, true);
  EXPECT(&self, "ticker 8", "ticker repaired 8-8");
  s_end(&self);
}

Test(listening, what_was_shown_is_told_to_the_broker) {
  scene self;
  s_begin(&self, false, true);
  s_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  s_publish(&self, TICKER, 3, true);
  EXPECT(&self, "ticker 1", "ticker 2", "ticker 3");
  hbus_message message;
  unsigned seen = 0;
  for (hbus_bytes acks = {0}; acks.size == 0; fake_broker_meet(self.broker)) {
    cr_assert_eq(hbus_client_next(self.client, 10, &message), HBUS_TIMEOUT);
    for (; seen < self.broker->received_count && acks.size == 0; seen++)
      acks = fake_received(self.broker, seen)->command.acks;
  }
  s_end(&self);
}

Test(listening, prefixes_are_watched_and_unwatched) {
  scene self;
  s_begin(&self, false, true);
  cr_assert_eq(hbus_client_unwatch(self.client, "market_data/", NULL), HBUS_INVALID_REQUEST);
  s_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  s_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 1");
  cr_assert_eq(hbus_client_unwatch(self.client, "market_data/", NULL), HBUS_OK);
  fake_broker_do(self.broker, s_do_await_end, NULL);
  s_publish(&self, TICKER, 3, false);
  s_watch(&self, HBUS_STREAM_MARKET, "market_data/ticker/");
  s_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 5");
  s_end(&self);
}
