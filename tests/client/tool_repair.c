/* The built tool against the fake broker: what was missed, and how it is told; states; signals. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "proto/event_codec.h"
#include "proto/repair_codec.h"
#include "tool_runner.h"

#define EPOCH  7
#define TICKER "market_data/ticker/binance/ETH-USDT/"
#define SIGNAL "strategy_update/maker/mood/"
#define ORDERS "order_update/binance/ETH-USDT/"

/* What there is to tell: of TICKER the events `first` to `last`, of SIGNAL one with `data`, of ORDERS none of the
 * ORDERS_TOLD that there were. */
#define ORDERS_TOLD 5
typedef struct plot {
  uint64_t first;
  uint64_t last;
  hbus_bytes data;
  bool several_answers; /* one event each */
  buffer published;     /* what came with `publish` */
} plot;

static hbus_event s_ticker_event(uint64_t seq) {
  hbus_event event = fake_ticker_event(seq, "ETH-USDT");
  event.epoch = EPOCH;
  return event;
}

static hbus_event s_signal_event(const plot *plot) {
  hbus_event event = {.type = HBUS_EVENT_STRATEGY_UPDATE,
                      .kind = HBUS_KIND_STRATEGY_UPDATE,
                      .epoch = EPOCH,
                      .seq = 1,
                      .src = "hbusd",
                      .rx_ns = 1,
                      .tx_ns = 1,
                      .owner = "maker",
                      .data.signal = {.name = "mood", .data = plot->data}};
  return event;
}

static void s_answer_sequences(fake_broker *self, const fake_command *command, const plot *plot) {
  bool is_market = command->command.stream == HBUS_STREAM_MARKET;
  const hbus_sequence market = {.topic = hbus_text_of(TICKER), .seq = plot->last};
  const hbus_sequence private[] = {{.topic = hbus_text_of(ORDERS), .seq = ORDERS_TOLD},
                                   {.topic = hbus_text_of(SIGNAL), .seq = 1}};
  hbus_sequences sequences = {.epoch = EPOCH, .items = private, .count = 2};
  if (is_market) sequences = (hbus_sequences){.epoch = EPOCH, .items = &market, .count = plot->last > 0};
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  sequences_reply_pack(&sequences, &data);
  fake_reply_ok(self, command, &data);
  buffer_free(&data);
}

static void s_answer_replay(fake_broker *self, const fake_command *command, const plot *plot) {
  const hbus_command *question = &command->command;
  bool is_market = question->stream == HBUS_STREAM_MARKET;
  uint64_t first = is_market ? plot->first : 1, last = is_market ? plot->last : 1;
  hbus_replay replay = {.epoch = EPOCH, .topic = hbus_text_of(question->topic), .first = first};
  buffer bodies[8];
  hbus_bytes items[8];
  uint64_t seq = question->from > first ? question->from : first;
  for (; first > 0 && seq <= question->to && seq <= last && replay.count < 8; seq++) {
    if (replay.count == 1 && plot->several_answers) break;
    hbus_event event = is_market ? s_ticker_event(seq) : s_signal_event(plot);
    buffer *body = &bodies[replay.count];
    buffer_init(body, HBUS_FRAME_MAX);
    cr_assert_eq(event_pack(&event, body), HBUS_OK);
    items[replay.count++] = (hbus_bytes){body->data, body->size};
    replay.last = seq;
  }
  if (seq <= question->to && seq <= last && first > 0) replay.next = seq;
  replay.items = items;
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  cr_assert_eq(replay_reply_pack(&replay, &data), HBUS_OK);
  fake_reply_ok(self, command, &data);
  buffer_free(&data);
  for (size_t i = 0; i < replay.count; i++)
    buffer_free(&bodies[i]);
}

/* A page of a state: an order on each, the ticker on the first. */
static void s_answer_snapshot(fake_broker *self, const fake_command *command) {
  bool is_first = *command->command.cursor == '\0';
  hbus_order order = fake_order(is_first ? "ord-1" : "ord-2", "mine");
  const hbus_stamp stamp = {.stream = HBUS_STREAM_MARKET, .topic = hbus_text_of(TICKER), .seq = 9};
  const hbus_balance balance = {
      .exchange = "binance", .asset = "USDT", .total = fixture_decimal("100.0"), .available = fixture_decimal("7")};
  hbus_snapshot snapshot = {.epoch = EPOCH,
                            .link.status = HBUS_LINK_CONNECTED,
                            .stamps = &stamp,
                            .stamp_count = 1,
                            .orders = &order,
                            .order_count = 1};
  buffer ticker, data;
  buffer_init(&ticker, HBUS_FRAME_MAX);
  buffer_init(&data, HBUS_FRAME_MAX);
  if (is_first) {
    hbus_event event = s_ticker_event(9);
    cr_assert_eq(event_pack(&event, &ticker), HBUS_OK);
    snapshot.ticker = (hbus_bytes){ticker.data, ticker.size};
    snapshot.has_balances = command->command.balances;
    snapshot.balances = &balance;
    snapshot.balance_count = snapshot.has_balances ? 1 : 0;
    (void)snprintf(snapshot.cursor, sizeof(snapshot.cursor), "c2");
  }
  cr_assert_eq(snapshot_reply_pack(&snapshot, &data), HBUS_OK);
  fake_reply_ok(self, command, &data);
  buffer_free(&ticker);
  buffer_free(&data);
}

static void s_answer_publish(fake_broker *self, const fake_command *command, plot *plot) {
  buffer_reset(&plot->published);
  buffer_append(&plot->published, command->command.data.data, command->command.data.size);
  hbus_reply reply = {.status = HBUS_REPLY_OK,
                      .seen = {.stream = HBUS_STREAM_PRIVATE, .topic = SIGNAL, .epoch = EPOCH, .seq = 3},
                      .data = {(const uint8_t *)"\x80", 1}};
  fake_reply(self, command, &reply);
}

static void s_answer(fake_broker *self, const fake_command *command, void *argument) {
  plot *plot = argument;
  switch (command->command.kind) {
  case HBUS_SEQUENCES: s_answer_sequences(self, command, plot); break;
  case HBUS_REPLAY:
    if (command->command.epoch != 0 && command->command.epoch != EPOCH)
      fake_reply_error(self, command, HBUS_EXPIRED, "that epoch has ended");
    else
      s_answer_replay(self, command, plot);
    break;
  case HBUS_SNAPSHOT: s_answer_snapshot(self, command); break;
  case HBUS_PUBLISH: s_answer_publish(self, command, plot); break;
  default: fake_reply_ok(self, command, NULL);
  }
}

static void s_expect_lines(const fake_broker *broker, const char *arguments, const char *const lines[], size_t count) {
  tool_result *result = tool_run(broker, arguments);
  cr_assert_eq(result->exit_status, 0, "%s: %s", arguments, result->err);
  char *rest = result->out;
  for (size_t i = 0; i < count; i++) {
    char *line = strsep(&rest, "\n");
    cr_assert(line != NULL && strstr(line, lines[i]) != NULL, "%s: line %zu is %s, not %s", arguments, i, line,
              lines[i]);
  }
  cr_assert_str_eq(rest == NULL ? "" : rest, "", "%s: more", arguments);
  free(result);
}

#define EXPECT_LINES(broker, arguments, ...)                                                                           \
  s_expect_lines(broker, arguments, (const char *const[]){__VA_ARGS__},                                                \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* replay */

Test(tool_repair, replay_prints_what_there_is_and_what_is_lost) {
  plot plot = {.first = 3, .last = 5, .several_answers = true};
  fake_broker *broker = fake_broker_new(s_answer, &plot);
  EXPECT_LINES(broker, "replay market_data/ticker/binance/ETH-USDT 1", "lost 1 to 2", "     3  bid 36.00",
               "     4  bid 36.00", "     5  bid 36.00");
  cr_assert_eq(fixture_last(broker)->epoch, (uint64_t)EPOCH, "so that a broker started anew answers EXPIRED");
  EXPECT_LINES(broker, "replay " TICKER " 2 4 --json",
               "{\"notice\":\"lost\",\"stream\":\"market\",\"topic\":\"" TICKER "\",\"epoch\":7,\"from\":2,\"to\":2}",
               "{\"stream\":\"market\",\"topic\":\"" TICKER "\",\"v\":1,", "\"seq\":4");
  EXPECT_LINES(broker, "replay " TICKER " 5 900", "     5  bid 36.00"); /* what is not there yet is not lost */
  EXPECT_LINES(broker, "replay " TICKER " 6", "");
  tool_expect(broker, "replay " TICKER " 3 --epoch 6", 1, "", "hbus replay: EXPIRED: that epoch has ended");
  fake_broker_destroy(&broker);
}

Test(tool_repair, replay_of_a_topic_whose_events_are_all_gone) {
  plot plot = {.first = 0, .last = 5};
  fake_broker *broker = fake_broker_new(s_answer, &plot);
  EXPECT_LINES(broker, "replay " TICKER " 2", "lost 2 to 5");
  fake_broker_destroy(&broker);
}

/* Every kind of value that a signal may hold, as JSON. */
Test(tool_repair, signals_are_json_whatever_they_hold) {
#define BYTES(text)                                                                                                    \
  { (const uint8_t *)(text), sizeof(text) - 1 }
  const struct {
    hbus_bytes data;
    const char *json;
  } rows[] = {
      {BYTES("\xc0"), "null"},
      {BYTES("\x92\xc2\xff"), "[false,-1]"},
      {BYTES("\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a"), "0.1"},
      {BYTES("\xca\x3d\xcc\xcc\xcd"), "0.1"},
      {BYTES("\xcb\x3f\xd5\x55\x55\x55\x55\x55\x55"), "0.3333333333333333"},
      {BYTES("\xcb\x80\x00\x00\x00\x00\x00\x00\x00"), "-0"},
      {BYTES("\xcb\x7e\x37\xe4\x3c\x88\x00\x75\x9c"), "1e+300"},
      {BYTES("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"), "{\"float\":\"inf\"}"},
      {BYTES("\xca\xff\xc0\x00\x00"), "{\"float\":\"nan\"}"},
      {BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "18446744073709551615"},
      {BYTES("\xc4\x00"), "{\"base64\":\"\"}"},
      {BYTES("\xc4\x01\xff"), "{\"base64\":\"/w==\"}"},
      {BYTES("\xc4\x05hello"), "{\"base64\":\"aGVsbG8=\"}"},
      {BYTES("\xc4\x03\x00\x10\x83"), "{\"base64\":\"ABCD\"}"},
      {BYTES("\xd5\xf9hi"), "{\"ext\":[-7,\"aGk=\"]}"},
      {BYTES("\x81\x01\xa1x"), "{\"map\":[[1,\"x\"]]}"},
      {BYTES("\x81\xa1x\x80"), "{\"x\":{}}"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    plot plot = {.data = rows[i].data};
    char json[256], plain[256];
    (void)snprintf(json, sizeof(json), "\"data\":{\"name\":\"mood\",\"data\":%s}}", rows[i].json);
    (void)snprintf(plain, sizeof(plain), "     1  mood of maker: %s", rows[i].json);
    fake_broker *broker = fake_broker_new(s_answer, &plot);
    EXPECT_LINES(broker, "replay " SIGNAL " 1 --json", json);
    EXPECT_LINES(broker, "replay " SIGNAL " 1", plain);
    fake_broker_destroy(&broker);
  }
#undef BYTES
}

/* publish */

Test(tool_repair, publish_sends_json_or_text) {
#define MSGPACK(text) text, sizeof(text) - 1
  const struct {
    const char *words[6];
    const char *data;
    size_t size;
  } rows[] = {
      {{"publish", "mood", "null"}, MSGPACK("\xc0")},
      {{"publish", "mood", "[1, -2, true, \"\\u00e9\"]"}, MSGPACK("\x94\x01\xfe\xc3\xa2\xc3\xa9")},
      {{"publish", "mood", "{\"level\": 0.25}"}, MSGPACK("\x81\xa5level\xcb\x3f\xd0\0\0\0\0\0\0")},
      {{"publish", "mood", "18446744073709551615"}, MSGPACK("\xcf\xff\xff\xff\xff\xff\xff\xff\xff")},
      {{"publish", "mood", "--", "-9223372036854775808"}, MSGPACK("\xd3\x80\0\0\0\0\0\0\0")},
      {{"publish", "mood", "null", "--text"}, MSGPACK("\xa4null")},
      {{"publish", "mood", "", "--text"}, MSGPACK("\xa0")},
  };
  plot plot = {0};
  buffer_init(&plot.published, HBUS_COMMAND_FRAME_MAX);
  fake_broker *broker = fake_broker_new(s_answer, &plot);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    tool_result *result = tool_run_words(broker, rows[i].words);
    cr_assert_eq(result->exit_status, 0, "%s", result->err);
    cr_assert_str_eq(result->out, "published as 3 of " SIGNAL "\n");
    free(result);
    fake_broker_meet(broker);
    cr_assert_str_eq(fixture_last(broker)->name, "mood");
    cr_assert_eq(plot.published.size, rows[i].size, "%s", rows[i].words[2]);
    cr_assert_arr_eq(plot.published.data, rows[i].data, rows[i].size, "%s", rows[i].words[2]);
    fake_broker_meet(broker);
  }
  tool_expect(broker, "publish mood 1 --json", 0,
              "{\"stream\":\"private\",\"topic\":\"" SIGNAL "\",\"epoch\":7,\"seq\":3}\n", NULL);
  fake_broker_destroy(&broker);
  buffer_free(&plot.published);
#undef MSGPACK
}

Test(tool_repair, wrong_usage) {
  const struct {
    const char *arguments, *err;
  } rows[] = {
      {"publish mood", "expected NAME VALUE"},
      {"publish mood {", "this is no JSON"},
      {"publish mood -5", "unknown option -5; what is no option goes behind --"},
      {"publish mood 1e999", "the number 1e999 cannot be told exactly enough"},
      {"publish mood 18446744073709551616", "cannot be told exactly enough"},
      {"publish mood -- -9223372036854775809", "cannot be told exactly enough"},
      {"replay " TICKER, "expected TOPIC FROM [TO]"},
      {"replay " TICKER " 0", "FROM \"0\": expected a whole number from 1 to 9007199254740991"},
      {"replay " TICKER " 1 x", "TO \"x\": expected a whole number"},
      {"replay " TICKER " 3 2", "TO comes before FROM"},
      {"replay trade_update/binance/ETH-USDT/ 1", "say --stream market or private"},
      {"replay " TICKER " 1 --stream both", "--stream \"both\": expected one of market, private"},
      {"snapshot binance", "expected EXCHANGE MARKET, or neither"},
      {"snapshot --balances", "expected EXCHANGE MARKET with --balances"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    tool_expect(NULL, rows[i].arguments, 2, "", rows[i].err);
  char longest[HBUS_SIGNAL_MAX + 1];
  memset(longest, 'x', sizeof(longest) - 1);
  longest[sizeof(longest) - 1] = '\0';
  tool_result *result = tool_run_words(NULL, (const char *const[]){"publish", "mood", longest, "--text", NULL});
  cr_assert_eq(result->exit_status, 2);
  cr_assert_not_null(strstr(result->err, "longer than 32768 bytes"), "%s", result->err);
  free(result);
}

/* snapshot */

Test(tool_repair, snapshot_gathers_its_pages) {
  plot plot = {0};
  fake_broker *broker = fake_broker_new(s_answer, &plot);
  tool_result *result = tool_run(broker, "snapshot binance ETH-USDT --balances");
  cr_assert_eq(result->exit_status, 0, "%s", result->err);
  const char *said[] = {"link      connected\n",
                        "ticker    bid 36.00  ask 36.10  last -  (event 9)\n",
                        "ord-1",
                        "ord-2",
                        "no positions\n",
                        "USDT   100.0          7\n"};
  const char *at = result->out;
  for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
    at = strstr(at, said[i]);
    cr_assert_not_null(at, "no %s in order in\n%s", said[i], result->out);
  }
  cr_assert_null(strstr(at, "balances"));
  free(result);
  EXPECT_LINES(broker, "snapshot --json", "\"ticker\":{\"v\":1,\"type\":\"MARKET_DATA\",", "\"order_id\":\"ord-2\"");
  cr_assert_str_eq(fixture_last(broker)->cursor, "c2");
  cr_assert_str_eq(fixture_last(broker)->market, "");
  fake_broker_destroy(&broker);
}

/* tail */

static void s_publish_with_a_hole(fake_broker *self, void *argument) {
  (void)argument;
  fake_expect_subscription(self, HBUS_STREAM_MARKET, true, TICKER);
  for (uint64_t seq = 6; seq <= 9; seq += 3) {
    hbus_event event = s_ticker_event(seq);
    fake_publish(self, HBUS_STREAM_MARKET, &event);
  }
}

static void s_publish_orders_with_a_hole(fake_broker *self, void *argument) {
  (void)argument;
  fake_expect_subscription(self, HBUS_STREAM_PRIVATE, true, "order_update/");
  for (uint64_t seq = 6; seq <= 9; seq += 3) {
    hbus_event event = {.type = HBUS_EVENT_ORDER_UPDATE,
                        .kind = HBUS_KIND_ORDER_UPDATE,
                        .epoch = EPOCH,
                        .seq = seq,
                        .src = "hummingbot",
                        .rx_ns = 1,
                        .tx_ns = 1,
                        .origin = HBUS_PUSHED,
                        .data.order = fake_order("ord-1", "")};
    fake_publish(self, HBUS_STREAM_PRIVATE, &event);
  }
}

static void s_expect_tail(plot *plot, const char *arguments, fake_action *publish, const char *const lines[],
                          size_t count) {
  fake_broker *broker = fake_broker_new(s_answer, plot);
  int ends[2];
  cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
  pid_t pid = tool_start(broker, arguments, ends[1], STDERR_FILENO);
  close(ends[1]);
  FILE *out = fdopen(ends[0], "r");
  fake_broker_do(broker, publish, NULL);
  for (size_t i = 0; i < count; i++) {
    char line[4096] = "";
    cr_assert_not_null(fgets(line, sizeof(line), out));
    cr_assert_not_null(strstr(line, lines[i]), "line %zu is %s, not %s", i, line, lines[i]);
  }
  kill(pid, SIGINT);
  cr_assert_eq(tool_wait(pid), 0);
  (void)fclose(out);
  fake_broker_destroy(&broker);
}

#define EXPECT_TAIL(plot, arguments, publish, ...)                                                                     \
  s_expect_tail(plot, arguments, publish, (const char *const[]){__VA_ARGS__},                                          \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void s_publish_heartbeat_and_link(fake_broker *self, void *argument) {
  fake_expect_subscription(self, HBUS_STREAM_MARKET, true, argument);
  hbus_event heartbeat = {.type = HBUS_EVENT_SYSTEM,
                          .kind = HBUS_KIND_HEARTBEAT,
                          .epoch = EPOCH,
                          .seq = 1,
                          .src = "hbusd",
                          .rx_ns = 1,
                          .tx_ns = 1,
                          .data.heartbeat = {.part = 1, .parts = 1, .interval_ms = 60000}};
  fake_publish(self, HBUS_STREAM_MARKET, &heartbeat);
  hbus_event link = heartbeat;
  link.kind = HBUS_KIND_LINK;
  link.data.link = (hbus_link){.status = HBUS_LINK_CONNECTED};
  fake_publish(self, HBUS_STREAM_MARKET, &link);
}

Test(tool_repair, tail_shows_heartbeats_to_who_asks_for_them) {
  const struct {
    const char *arguments, *prefix, *line;
  } rows[] = {{"tail --count 1", "", "connected\n"}, {"tail system/ --count 1", "system/", "0 topics moved\n"}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    plot plot = {0};
    fake_broker *broker = fake_broker_new(s_answer, &plot);
    FILE *out = tmpfile();
    char text[TOOL_OUTPUT_MAX], prefix[16];
    (void)snprintf(prefix, sizeof(prefix), "%s", rows[i].prefix);
    pid_t pid = tool_start(broker, rows[i].arguments, fileno(out), STDERR_FILENO);
    fake_broker_do(broker, s_publish_heartbeat_and_link, prefix);
    cr_assert_eq(tool_wait(pid), 0);
    tool_read_all(out, text);
    cr_assert_not_null(strstr(text, rows[i].line), "%s: %s", rows[i].arguments, text);
    fake_broker_destroy(&broker);
  }
}

Test(tool_repair, tail_tells_what_was_put_right_and_what_was_not) {
  EXPECT_TAIL(&((plot){.first = 1, .last = 5}), "tail " TICKER " --no-subscribe", s_publish_with_a_hole, "     6  bid",
              "lost 7 to 8", "     9  bid");
  EXPECT_TAIL(&((plot){.first = 1, .last = 5}), "tail " TICKER " --no-subscribe --json", s_publish_with_a_hole,
              "\"seq\":6",
              "{\"notice\":\"lost\",\"stream\":\"market\",\"topic\":\"" TICKER "\",\"epoch\":7,\"from\":7,\"to\":8}",
              "\"seq\":9");
}

Test(tool_repair, tail_tells_the_state_in_place_of_lost_orders) {
  EXPECT_TAIL(&((plot){0}), "tail order_update/", s_publish_orders_with_a_hole, "     6  open", "lost 7 to 8",
              "     9  open", "the state in place of what is lost: live orders 1, positions 0");
  EXPECT_TAIL(&((plot){0}), "tail order_update/ --json", s_publish_orders_with_a_hole, "\"seq\":6",
              "{\"notice\":\"lost\",\"stream\":\"private\",\"topic\":\"order_update/binance/ETH-USDT/\",", "\"seq\":9",
              "{\"snapshot\":{\"epoch\":7,");
}
