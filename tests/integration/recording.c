/* A recorded exchange session streamed through the broker as fast as it goes: every frame arrives once, in the order of
 * its topic, numbered without a gap, with each digit as recorded.
 *
 * The recording is no part of the project. HBUS_RECORDING names one; without it, ../shared/data beside the checkout is
 * looked into; where there is none, the test is skipped, and says so. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "proto/json.h"
#include "tests/integration/rig.h"

#define LINE_MAX_SIZE 65536
#define MARKETS_MAX   64
#define CHANNELS      3

/* The frames of one topic that are still to come, in their order. */
typedef struct expectation {
  hbus_topic topic;
  char **lines;
  size_t count;
  size_t next;
} expectation;

typedef struct recording {
  expectation topics[MARKETS_MAX * CHANNELS];
  size_t topic_count;
  char markets[MARKETS_MAX][2][65]; /* exchange, symbol */
  size_t market_count;
  size_t frames;
} recording;

static const char *s_path(void) {
  const char *path = getenv("HBUS_RECORDING");
  return path ? path : HBUS_TESTS_DIR "/../../shared/data/coinbase-2021-04-17.jsonl.gz";
}

static void s_copy(char *out, size_t size, const json_node *node) {
  cr_assert_not_null(node);
  snprintf(out, size, "%.*s", (int)node->size, node->text);
}

static void s_add_market(recording *self, const char *exchange, const char *symbol) {
  for (size_t i = 0; i < self->market_count; i++) {
    if (!strcmp(self->markets[i][0], exchange) && !strcmp(self->markets[i][1], symbol)) return;
  }
  cr_assert_lt(self->market_count, MARKETS_MAX);
  snprintf(self->markets[self->market_count][0], 65, "%s", exchange);
  snprintf(self->markets[self->market_count++][1], 65, "%s", symbol);
}

static expectation *s_topic(recording *self, const char *text) {
  for (size_t i = 0; i < self->topic_count; i++) {
    if (strcmp(self->topics[i].topic.text, text) == 0) return &self->topics[i];
  }
  cr_assert_lt(self->topic_count, MARKETS_MAX * CHANNELS);
  expectation *topic = &self->topics[self->topic_count++];
  snprintf(topic->topic.text, sizeof topic->topic.text, "%s", text);
  return topic;
}

static void s_add_line(recording *self, json_reader *reader, const char *line) {
  const json_node *root;
  cr_assert_eq(json_read(reader, line, strlen(line), &root), HBUS_OK);
  const json_node *frame = json_get(root, "frame"), *data = json_get(frame, "data");
  char exchange[65], symbol[65];
  s_copy(exchange, sizeof exchange, json_get(data, "exchange"));
  s_copy(symbol, sizeof symbol, json_get(data, "symbol"));
  s_add_market(self, exchange, symbol);
  hbus_topic text;
  if (json_is(json_get(frame, "type"), "order_book_update")) {
    hbus_topic_order_book(exchange, symbol, &text);
  } else if (json_is(json_get(frame, "type"), "ticker_update")) {
    hbus_topic_ticker(exchange, symbol, &text);
  } else {
    hbus_topic_trades(exchange, symbol, &text);
  }
  expectation *topic = s_topic(self, text.text);
  topic->lines = realloc(topic->lines, (topic->count + 1) * sizeof *topic->lines);
  topic->lines[topic->count++] = strdup(line);
  self->frames++;
}

static void s_load(recording *self, json_reader *reader, const char *path) {
  gzFile file = gzopen(path, "rb");
  cr_assert_not_null(file);
  char *line = malloc(LINE_MAX_SIZE);
  while (gzgets(file, line, LINE_MAX_SIZE))
    s_add_line(self, reader, line);
  free(line);
  gzclose(file);
}

static void s_free(recording *self) {
  for (size_t i = 0; i < self->topic_count; i++) {
    for (size_t j = 0; j < self->topics[i].count; j++)
      free(self->topics[i].lines[j]);
    free(self->topics[i].lines);
  }
}

static void s_expect_text(const json_node *data, const char *key, const char *got) {
  const json_node *node = json_get(data, key);
  cr_assert_not_null(node);
  cr_expect(node->size == strlen(got) && memcmp(node->text, got, node->size) == 0, "%s: '%.*s' arrived as '%s'", key,
            (int)node->size, node->text, got);
}

static void s_expect_levels(const json_node *data, const char *key, const hbus_level *levels, size_t count) {
  const json_node *side = json_get(data, key);
  cr_assert_eq(side->size, count);
  const json_node *level = json_first(side);
  for (size_t i = 0; i < count; i++, level = json_next(level)) {
    const json_node *price = json_first(level), *amount = json_next(price);
    cr_expect(price->size == levels[i].price.size && !memcmp(price->text, levels[i].price.text, price->size));
    cr_expect(amount->size == levels[i].amount.size && !memcmp(amount->text, levels[i].amount.text, amount->size));
  }
}

static void s_expect_same(json_reader *reader, const char *line, const hbus_event *event) {
  const json_node *root;
  cr_assert_eq(json_read(reader, line, strlen(line), &root), HBUS_OK);
  const json_node *data = json_get(json_get(root, "frame"), "data");
  switch (event->kind) {
  case HBUS_KIND_ORDER_BOOK_UPDATE:
    s_expect_levels(data, "bids", event->data.book.bids, event->data.book.bid_count);
    s_expect_levels(data, "asks", event->data.book.asks, event->data.book.ask_count);
    break;
  case HBUS_KIND_TICKER_UPDATE:
    s_expect_text(data, "bid", event->data.ticker.bid.text);
    s_expect_text(data, "ask", event->data.ticker.ask.text);
    s_expect_text(data, "last", event->data.ticker.last.text);
    s_expect_text(data, "volume", event->data.ticker.volume.text);
    break;
  case HBUS_KIND_TRADE:
    s_expect_text(data, "trade_id", event->data.trade.trade_id);
    s_expect_text(data, "price", event->data.trade.price.text);
    s_expect_text(data, "amount", event->data.trade.amount.text);
    s_expect_text(data, "side", hbus_side_name(event->data.trade.side));
    break;
  default: cr_assert_fail("an event of kind %s", hbus_kind_name(event->kind));
  }
}

/* A broker without a Hummingbot tells of every attempt on both streams. Once both are heard, nothing can be missed. */
static void s_wait_for_both_streams(hbus_client *client) {
  unsigned heard = 0;
  while (heard != (1u << HBUS_STREAM_MARKET | 1u << HBUS_STREAM_PRIVATE)) {
    hbus_message message;
    rig_next_event(client, "system/link/", &message);
    heard |= 1u << message.stream;
  }
}

static void s_subscriptions(const recording *self, char *out, size_t size) {
  size_t used = (size_t)snprintf(out, size, "  subscribe:\n");
  for (size_t i = 0; i < self->market_count; i++) {
    used += (size_t)snprintf(out + used, size - used, "    - { exchange: %s, market: %s }\n", self->markets[i][0],
                             self->markets[i][1]);
    cr_assert_lt(used, size);
  }
}

static void s_receive_all(recording *self, json_reader *reader, hbus_client *client) {
  for (size_t received = 0; received < self->frames;) {
    hbus_message message;
    cr_assert_eq(hbus_client_next(client, PROCESS_PATIENCE_MS, &message), HBUS_OK, "%zu of %zu frames arrived",
                 received, self->frames);
    if (message.kind != HBUS_MESSAGE_EVENT) continue; /* what was missed on the way is repaired, and told of */
    if (message.event.type != HBUS_EVENT_MARKET_DATA && message.event.type != HBUS_EVENT_TRADE_UPDATE) continue;
    expectation *topic = s_topic(self, message.topic);
    cr_assert_lt(topic->next, topic->count, "one too many of %s", message.topic);
    cr_assert_eq(message.event.seq, topic->next + 1);
    s_expect_same(reader, topic->lines[topic->next++], &message.event);
    received++;
  }
}

Test(recording, every_frame_arrives_once_in_order_digit_for_digit) {
  const char *path = s_path();
  if (access(path, R_OK)) cr_skip("no recording at %s; HBUS_RECORDING can name one", path);
  recording recording = {0};
  json_reader *reader = json_reader_new(LINE_MAX_SIZE);
  s_load(&recording, reader, path);

  rig rig;
  char config[8192], wait[16], port[16];
  rig_open(&rig);
  rig_start_sim(&rig, NULL); /* only to learn of a free port */
  process_stop(&rig.sim, SIGKILL);
  s_subscriptions(&recording, config, sizeof config);
  rig_start_broker(&rig, config);
  hbus_client *client = rig_connect(&rig, "reader");
  hbus_error error;
  cr_assert_eq(hbus_client_watch(client, "", &error), HBUS_OK);
  s_wait_for_both_streams(client);

  snprintf(port, sizeof port, "%d", (int)strtol(strrchr(rig.url, ':') + 1, NULL, 10));
  snprintf(wait, sizeof wait, "%zu", recording.market_count * CHANNELS);
  const char *const arguments[] = {"--port", port, "--replay", path, "--speed", "max", "--replay-wait", wait, NULL};
  rig_start_sim(&rig, arguments);
  s_receive_all(&recording, reader, client);

  cr_expect_gt(recording.frames, 0);
  fprintf(stderr, "%zu frames on %zu topics arrived as recorded\n", recording.frames, recording.topic_count);
  hbus_client_destroy(&client);
  rig_stop(&rig);
  json_reader_destroy(&reader);
  s_free(&recording);
}
