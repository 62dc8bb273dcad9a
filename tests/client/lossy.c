#include "lossy.h"

#include <stdio.h>
#include <string.h>

#include "client/client.h"
#include "proto/event_codec.h"
#include "proto/repair_codec.h"

#define LONG_MS 3600000

const lossy_topic lossy_topics[TOPICS] = {{HBUS_STREAM_MARKET, "market_data/ticker/binance/ETH-USDT/"},
                                          {HBUS_STREAM_MARKET, "market_data/order_book/binance/ETH-USDT/"},
                                          {HBUS_STREAM_PRIVATE, "order_update/binance/ETH-USDT/"}};

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
  if (arrives) fake_publish_raw(self, lossy_topics[topic].stream, lossy_topics[topic].text, body->data, body->size);
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
    if (lossy_topics[i].stream == command->command.stream && world->last[i] > 0)
      items[answer.count++] = (hbus_sequence){.topic = hbus_text_of(lossy_topics[i].text), .seq = world->last[i]};
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  s_reply_with(self, command, sequences_reply_pack(&answer, &data), &data);
}

static void s_answer_replay(fake_broker *self, const fake_command *command, const world *world) {
  const hbus_command *asked = &command->command;
  unsigned topic = 0;
  while (strcmp(lossy_topics[topic].text, asked->topic) != 0)
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
    bool is_in = *asked->exchange != '\0' || lossy_topics[i].stream == HBUS_STREAM_PRIVATE;
    if (!is_in || seq == 0) continue;
    const buffer *body = &world->bodies[i][seq];
    if (i == TICKER) answer.ticker = (hbus_bytes){.data = body->data, .size = body->size};
    if (i == BOOK) answer.book = (hbus_bytes){.data = body->data, .size = body->size};
    stamps[answer.stamp_count++] = (hbus_stamp){
        .stream = lossy_topics[i].stream, .topic = hbus_text_of(lossy_topics[i].text), .seq = seq + page - 1};
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

static void s_do_publish(fake_broker *self, void *argument) {
  const deed *what = argument;
  for (unsigned i = 0; i < what->count; i++)
    s_publish_one(self, what->world, what->topic, what->arrives);
}

void lossy_do_beat(fake_broker *self, void *argument) {
  const deed *what = argument;
  hbus_sequence moved[TOPICS];
  size_t count = 0;
  for (unsigned i = 0; i < TOPICS; i++)
    if (lossy_topics[i].stream == what->stream && what->world->last[i] > 0)
      moved[count++] = (hbus_sequence){.topic = hbus_text_of(lossy_topics[i].text), .seq = what->world->last[i]};
  uint64_t seq = ++what->world->beats[what->stream];
  if (what->arrives) fake_beat(self, what->stream, seq, what->interval_ms, moved, count);
}

static void s_do_await(fake_broker *self, void *argument) {
  const deed *what = argument;
  fake_expect_subscription(self, what->stream, true, what->prefix);
}

void lossy_do_await_end(fake_broker *self, void *argument) {
  (void)argument;
  fake_expect_subscription(self, HBUS_STREAM_MARKET, false, "market_data/");
}

void lossy_do_reconnect(fake_broker *self, void *argument) {
  (void)argument;
  fake_restart(self);
}

void lossy_do_restart(fake_broker *self, void *argument) {
  const deed *what = argument;
  self->epoch++;
  for (unsigned i = 0; i < TOPICS; i++) {
    if (lossy_topics[i].stream != HBUS_STREAM_MARKET) continue;
    for (uint64_t seq = 1; seq <= what->world->last[i]; seq++)
      buffer_free(&what->world->bodies[i][seq]);
    what->world->last[i] = 0;
  }
  what->world->beats[HBUS_STREAM_MARKET] = 0;
  fake_restart(self);
}

/* The test's side */

static hbus_options s_options(const fake_broker *broker) {
  hbus_options options = fixture_options(broker);
  options.repair = true;
  return options;
}

void lossy_begin(scene *self, bool newest_only, bool repair) {
  *self = (scene){0};
  self->broker = fake_broker_new(s_answer, &self->world);
  hbus_options options = s_options(self->broker);
  options.newest_only = newest_only;
  options.repair = repair;
  hbus_error error = {0};
  cr_assert_eq(hbus_client_connect(&options, &self->client, &error), HBUS_OK, "%s", error.text);
}

void lossy_end(scene *self) {
  hbus_client_destroy(&self->client);
  fake_broker_destroy(&self->broker);
  for (unsigned i = 0; i < TOPICS; i++)
    for (uint64_t seq = 1; seq <= EVENTS_MAX; seq++)
      buffer_free(&self->world.bodies[i][seq]);
}

void lossy_publish(scene *self, unsigned topic, unsigned count, bool arrives) {
  deed what = {.world = &self->world, .topic = topic, .count = count, .arrives = arrives};
  fake_broker_do(self->broker, s_do_publish, &what);
}

void lossy_beat(scene *self, hbus_stream stream, bool arrives) {
  deed what = {.world = &self->world, .stream = stream, .interval_ms = LONG_MS, .arrives = arrives};
  fake_broker_do(self->broker, lossy_do_beat, &what);
}

void lossy_beat_without(scene *self, hbus_stream stream, unsigned topic) {
  uint64_t last = self->world.last[topic];
  fake_broker_meet(self->broker);
  self->world.last[topic] = 0;
  lossy_beat(self, stream, true);
  self->world.last[topic] = last;
  fake_broker_meet(self->broker);
}

void lossy_await(scene *self, hbus_stream stream, const char *prefix) {
  deed what = {.stream = stream, .prefix = prefix};
  fake_broker_do(self->broker, s_do_await, &what);
}

/* Of a world, as its script has it. */
typedef struct count {
  const world *world;
  hbus_command_kind kind;
  unsigned asked;
} count;

static void s_do_count(fake_broker *self, void *argument) {
  (void)self;
  count *count = argument;
  count->asked = count->world->asked[count->kind];
}

unsigned lossy_asked(scene *self, hbus_command_kind kind) {
  count count = {.world = &self->world, .kind = kind};
  cr_assert_eq(hbus_ping(self->client, 0, NULL, NULL), HBUS_OK);
  fake_broker_do(self->broker, s_do_count, &count);
  return count.asked;
}

static bool s_has_asked(const hbus_client *client, hbus_stream stream) {
  return client->watches[stream].due_count == 0 && client->roll_calls[stream].round == 0;
}

void lossy_watch(scene *self, hbus_stream stream, const char *prefix) {
  const hbus_client *client = self->client;
  hbus_message message;
  cr_assert_eq(hbus_client_watch(self->client, prefix, NULL), HBUS_OK);
  lossy_await(self, stream, prefix);
  lossy_await(self, stream, FAKE_HEARTBEAT);
  lossy_beat(self, stream, true);
  while (client->pulses[stream].seq == 0 || (client->settings.repair && !s_has_asked(client, stream)))
    cr_assert_eq(hbus_client_next(self->client, 1, &message), HBUS_TIMEOUT);
}

const char *lossy_next(scene *self) {
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

void lossy_expect_nothing(scene *self) {
  hbus_message message;
  cr_assert_eq(hbus_client_next(self->client, 0, &message), HBUS_TIMEOUT);
}
