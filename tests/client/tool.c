/* The built tool against the fake broker: its arguments, its exit statuses, what it prints. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "proto/record.h"
#include "proto/repair_codec.h"
#include "tool_runner.h"

/* Usage */

Test(tool, wrong_usage_ends_with_2_and_says_what_was_expected) {
  const struct {
    const char *arguments, *err;
  } rows[] = {
      {"nonsense", "no verb \"nonsense\""},
      {"help nonsense", "no verb \"nonsense\""},
      {"--json status", "--json comes too early"},
      {"status --wait never", "--wait \"never\": expected one of disconnected, connecting, connected, error"},
      {"ticker", "expected EXCHANGE MARKET"},
      {"ticker binance", "expected EXCHANGE MARKET"},
      {"ticker binance ETH-USDT more", "\"more\" is one too many"},
      {"ticker binance ETH-USDT --depth 3", "unknown option --depth"},
      {"ticker binance ETH-USDT --timeout", "--timeout needs a value"},
      {"ticker binance ETH-USDT --timeout soon", "--timeout \"soon\": expected a whole number from 1"},
      {"ticker binance ETH-USDT --timeout 0", "--timeout \"0\""},
      {"ticker binance ETH-USDT --timeout -5", "--timeout \"-5\""},
      {"ticker binance ETH-USDT --commands nonsense", "commands endpoint \"nonsense\""},
      {"book binance ETH-USDT --depth 5001", "from 1 to 5000"},
      {"order history binance ETH-USDT --limit 99999999999999999999", "--limit"},
      {"tail --count x", "--count \"x\": expected a whole number from 1"},
      {"status now", "\"now\" is one too many, expected no arguments"},
      {"order create binance ETH-USDT buy limit", "expected EXCHANGE MARKET buy|sell"},
      {"order create binance ETH-USDT hold limit 1 2", "side \"hold\": expected one of buy, sell"},
      {"order create binance ETH-USDT buy maybe 1 2", "order type \"maybe\": expected one of limit, market"},
      {"order create binance ETH-USDT buy limit 1e5 2", "AMOUNT \"1e5\": expected a decimal"},
      {"order create binance ETH-USDT buy limit 1 2,5", "PRICE \"2,5\": expected a decimal"},
      {"order create binance ETH-USDT buy limit 1", "a limit order needs a PRICE"},
      {"order create binance ETH-USDT buy market 1 2", "a market order has no PRICE"},
      {"order create binance ETH-USDT buy stop 1", "a stop order needs --stop-price"},
      {"order create binance ETH-USDT buy limit 1 2 --stop-price 3", "a limit order has no --stop-price"},
      {"order cancel binance ETH-USDT", "which order?"},
      {"order status binance ETH-USDT", "which order?"},
      {"order list binance", "expected EXCHANGE MARKET, or neither"},
      {"order resolve", "expected CLIENT_ORDER_ID"},
      {"order resolve me", "expected --order-id ORDER_ID or --failed"},
      {"order resolve me --failed --order-id 7", "expected --order-id ORDER_ID or --failed"},
      {"cancel-all --side hold", "--side \"hold\": expected one of buy, sell"},
      {"positions", "expected EXCHANGE"},
      {"positions binance --owner me", "--owner goes with --source fills"},
      {"positions --source mine", "--source \"mine\": expected one of upstream, fills"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    tool_expect(NULL, rows[i].arguments, 2, NULL, rows[i].err);
}

Test(tool, helps) {
  const char *verbs[] = {"tail",          "order create", "order cancel", "order status", "order list", "order history",
                         "order resolve", "cancel-all",   "book",         "ticker",       "balances",   "positions",
                         "snapshot",      "replay",       "publish",      "status",       "ping"};
  tool_result *all = tool_run(NULL, "--help");
  cr_assert_eq(all->exit_status, 0);
  for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
    char arguments[64], usage[64];
    (void)snprintf(arguments, sizeof(arguments), "%s --help", verbs[i]);
    (void)snprintf(usage, sizeof(usage), "usage: hbus %s", verbs[i]);
    tool_expect(NULL, arguments, 0, usage, NULL);
    tool_expect(NULL, arguments, 0, "--json", NULL);
    cr_assert_not_null(strstr(all->out, verbs[i]));
  }
  free(all);
  tool_expect(NULL, "--version", 0, "hbus 0.", NULL);
}

Test(tool, help_finds_its_verb_wherever_it_stands) {
  tool_expect(NULL, "help", 0, "usage: hbus VERB", NULL);
  tool_expect(NULL, "help ticker", 0, "usage: hbus ticker EXCHANGE MARKET", NULL);
  tool_expect(NULL, "help order cancel", 0, "usage: hbus order cancel", NULL);
  const char *words[] = {"help order", "order --help", "order -h", "order help", "--help order"};
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    tool_expect(NULL, words[i], 0, "usage: hbus order VERB", NULL);
}

Test(tool, half_a_verb_shows_the_whole_ones) {
  const char *words[] = {"order", "order eat"};
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    char said[64];
    (void)snprintf(said, sizeof(said), "hbus: no verb \"%s\"", words[i]);
    tool_result *result = tool_run(NULL, words[i]);
    cr_assert_eq(result->exit_status, 2);
    cr_assert_str_eq(result->out, "");
    cr_assert_eq(strstr(result->err, said), result->err, "%s", result->err);
    cr_assert_not_null(strstr(result->err, "order history "));
    cr_assert_null(strstr(result->err, "ticker"));
    free(result);
  }
}

Test(tool, nobody_there_ends_with_3) {
  tool_expect(NULL, "ping --timeout 50 --commands ipc://@hbus-test-nobody", 3, "",
              "no broker at ipc://@hbus-test-nobody");
  tool_expect(NULL, "order create binance ETH-USDT buy market 1 --timeout 50 --commands ipc://@hbus-test-nobody", 3, "",
              "is hbusd running");
}

/* Verbs */

/* An order map with a key that no version of ours knows. */
static void s_pack_order(buffer *data, const char *order_id, const char *client_order_id) {
  hbus_order order = fake_order(order_id, client_order_id);
  order.extra = (hbus_extra){.pairs = {(const uint8_t *)"\xa3new\xc3", 5}, .count = 1};
  cr_assert_eq(record_pack_order(&order, RECORD_IN_REPLY, data), HBUS_OK);
}

static void s_pack_list(buffer *data, const fake_command *command) {
  msgpack_packer packer;
  fixture_packer(&packer, data);
  bool is_first = command->command.cursor[0] == '\0';
  msgpack_pack_map(&packer, is_first ? 2 : 1);
  fixture_pack_text(&packer, "items");
  msgpack_pack_array(&packer, 1);
  hbus_balance balance = {
      .exchange = "binance", .asset = "USDT", .total = fixture_decimal("100.0"), .available = fixture_decimal("7")};
  hbus_position position = {
      .exchange = "binance", .market = "ETH-USDT", .side = HBUS_SELL, .amount = fixture_decimal("3")};
  if (command->command.kind == HBUS_GET_BALANCES)
    record_pack_balance(&balance, data);
  else if (command->command.kind == HBUS_GET_POSITIONS)
    record_pack_position(&position, data);
  else
    s_pack_order(data, is_first ? "ord-1" : "ord-2", "mine");
  if (!is_first) return;
  fixture_pack_text(&packer, "cursor");
  fixture_pack_text(&packer, "c2");
}

static void s_pack_data(buffer *data, const fake_command *command) {
  hbus_level bids[] = {{fixture_decimal("36.00"), fixture_decimal("1")}},
             asks[] = {{fixture_decimal("36.10"), fixture_decimal("0.00110000")},
                       {fixture_decimal("100.10"), fixture_decimal("3")}};
  hbus_book book = {
      .exchange = "binance", .market = "ETH-USDT", .bids = bids, .bid_count = 1, .asks = asks, .ask_count = 2};
  hbus_ticker ticker = {.exchange = "binance", .market = "ETH-USDT", .bid = fixture_decimal("36.00")};
  hbus_cancel cancel = {.order_id = "ord-1", .cancelled = true};
  buffer_init(data, HBUS_FRAME_MAX);
  switch (command->command.kind) {
  case HBUS_GET_ORDER_BOOK: record_pack_book(&book, RECORD_IN_REPLY, data); break;
  case HBUS_GET_TICKER: record_pack_ticker(&ticker, RECORD_IN_REPLY, data); break;
  case HBUS_CANCEL_ORDER: record_pack_cancel(&cancel, data); break;
  case HBUS_CANCEL_ALL: record_pack_cancels(&(hbus_cancels){.requested = 3, .not_sent = 1}, data); break;
  case HBUS_CREATE_ORDER:
  case HBUS_RESOLVE_ORDER:
  case HBUS_GET_ORDER: s_pack_order(data, "ord-1", command->command.client_order_id); break;
  case HBUS_STATUS:
    buffer_append(data,
                  "\x81\xa4link\x81\xa6status\xa9"
                  "connected",
                  24);
    break;
  case HBUS_SEQUENCES: sequences_reply_pack(&(hbus_sequences){.epoch = 7}, data); break;
  case HBUS_SUBSCRIBE:
  case HBUS_UNSUBSCRIBE: break;
  default: s_pack_list(data, command);
  }
}

/* How many commands of a kind have come; the last of them is *last, unless NULL. */
static unsigned s_count(const fake_broker *broker, hbus_command_kind kind, const hbus_command **last) {
  unsigned count = 0;
  for (unsigned i = 0; i < broker->received_count; i++) {
    const hbus_command *command = &fake_received(broker, i)->command;
    if (command->kind != kind) continue;
    count++;
    if (last != NULL) *last = command;
  }
  return count;
}

static void s_answer(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  buffer data;
  s_pack_data(&data, command);
  fake_reply_ok(self, command, data.size > 0 ? &data : NULL);
  buffer_free(&data);
}

Test(tool, verbs_do_what_they_say) {
  fake_broker *broker = fake_broker_new(s_answer, NULL);
  tool_expect(broker, "ping", 0, "pong in ", NULL);
  tool_expect(broker, "ping --count 3", 0, "3 round trips", NULL);
  tool_expect(broker, "ping --json", 0, "{\"round_trip_us\":", NULL);
  tool_expect(broker, "status", 0, "link:\n  status: connected\n", NULL);
  tool_expect(broker, "status --json", 0, "{\"link\":{\"status\":\"connected\"}}\n", NULL);
  tool_expect(broker, "ticker binance ETH-USDT", 0, "36.00", NULL);
  cr_assert_str_eq(fixture_last(broker)->market, "ETH-USDT");
  tool_expect(broker, "ticker binance ETH-USDT --json", 0,
              "{\"exchange\":\"binance\",\"market\":\"ETH-USDT\",\"bid\":\"36.00\"}\n", NULL);
  tool_expect(broker, "book binance ETH-USDT --depth 2", 0,
              "ask       100.10           3\nask        36.10  0.00110000\nbid        36.00           1\n", NULL);
  cr_assert_eq(fixture_last(broker)->depth, 2u);
  tool_expect(broker, "balances binance", 0, "binance   USDT   100.0          7\n", NULL);
  tool_expect(broker, "positions binance --json", 0, "\"side\":\"sell\",\"amount\":\"3\"", NULL);
  fake_broker_destroy(&broker);
}

Test(tool, lists_every_page) {
  fake_broker *broker = fake_broker_new(s_answer, NULL);
  tool_result *result = tool_run(broker, "order list binance ETH-USDT --json");
  cr_assert_eq(result->exit_status, 0);
  cr_assert_not_null(strstr(result->out, "\"order_id\":\"ord-1\""));
  cr_assert_not_null(strstr(result->out, "\"order_id\":\"ord-2\""));
  cr_assert_not_null(strstr(result->out, "\"new\":true"), "%s", result->out);
  unsigned lines = 0;
  for (const char *at = result->out; *at != '\0'; at++)
    lines += *at == '\n';
  cr_assert_eq(lines, 2u);
  free(result);
  tool_expect(broker, "order history binance ETH-USDT --limit 1", 0, "ord-1", NULL);
  cr_assert_eq(fixture_last(broker)->limit, 1u);
  cr_assert_str_eq(fixture_last(broker)->cursor, "");
  fake_broker_destroy(&broker);
}

Test(tool, orders) {
  fake_broker *broker = fake_broker_new(s_answer, NULL);
  broker->now_ms = 1800000000000;
  tool_expect(broker,
              "order create binance ETH-USDT sell stop_limit 0.50 3000.10 --stop-price 3001 --id me --expires 5000", 0,
              "ord-1", NULL);
  const hbus_command *sent = fixture_last(broker);
  cr_assert_eq(sent->kind, HBUS_CREATE_ORDER);
  cr_assert_eq(sent->side, HBUS_SELL);
  cr_assert_eq(sent->order_type, HBUS_STOP_LIMIT);
  cr_assert_str_eq(sent->amount.text, "0.50");
  cr_assert_str_eq(sent->price.text, "3000.10");
  cr_assert_str_eq(sent->stop_price.text, "3001");
  cr_assert_str_eq(sent->client_order_id, "me");
  cr_assert_geq(sent->expires_ms, 1800000005000u);
  cr_assert_lt(sent->expires_ms, 1800000005000u + 3600000);
  tool_expect(broker, "order create binance ETH-USDT buy market 1 --json --name strategy", 0, "\"order_id\":\"ord-1\"",
              NULL);
  cr_assert_str_eq(fake_received(broker, broker->received_count - 2)->command.name, "strategy");
  tool_expect(broker, "order status binance ETH-USDT ord-1", 0, "open", NULL);
  cr_assert_str_eq(fixture_last(broker)->order_id, "ord-1");
  tool_expect(broker, "order cancel binance ETH-USDT --id me", 0, "yes", NULL);
  cr_assert_str_eq(fixture_last(broker)->client_order_id, "me");
  tool_expect(broker, "order cancel binance ETH-USDT ord-1 --json", 0, "\"cancelled\":true", NULL);
  fake_broker_destroy(&broker);
}

Test(tool, cancels_all) {
  fake_broker *broker = fake_broker_new(s_answer, NULL);
  tool_expect(broker, "cancel-all", 0, "cancelling 3 orders\n1 order not sent any more\n", NULL);
  const hbus_command *sent = fixture_last(broker);
  cr_assert(sent->kind == HBUS_CANCEL_ALL && *sent->exchange == '\0' && *sent->owner == '\0');
  tool_expect(broker, "cancel-all binance ETH-USDT --side sell --owner * --json", 0,
              "{\"requested\":3,\"not_sent\":1}\n", NULL);
  sent = fixture_last(broker);
  cr_assert_str_eq(sent->market, "ETH-USDT");
  cr_assert_str_eq(sent->owner, "*");
  cr_assert_eq(sent->side, HBUS_SELL);
  fake_broker_destroy(&broker);
}

Test(tool, lists_positions_and_resolves_without_a_market) {
  fake_broker *broker = fake_broker_new(s_answer, NULL);
  tool_expect(broker, "order list", 0, "EXCHANGE  MARKET    ORDER ID", NULL);
  cr_assert_str_eq(fixture_last(broker)->market, "");
  tool_expect(broker, "positions --source fills --owner maker", 0, "REALIZED PNL", NULL);
  cr_assert_eq(fixture_last(broker)->source, HBUS_POSITION_FILLS);
  cr_assert_str_eq(fixture_last(broker)->owner, "maker");
  tool_expect(broker, "order resolve me --order-id ord-1 --owner maker", 0, "ord-1", NULL);
  cr_assert_str_eq(fixture_last(broker)->client_order_id, "me");
  cr_assert_str_eq(fixture_last(broker)->order_id, "ord-1");
  cr_assert_str_eq(fixture_last(broker)->owner, "maker");
  tool_expect(broker, "order resolve me --failed", 0, NULL, NULL);
  cr_assert_eq(fixture_last(broker)->order_status, HBUS_FAILED);
  fake_broker_destroy(&broker);
}

/* A cancel that is kept, and a cancel_all that finds nothing. */
static void s_keep(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  if (command->command.kind == HBUS_CANCEL_ORDER)
    record_pack_cancel(&(hbus_cancel){.client_order_id = "me", .requested = true}, &data);
  else
    record_pack_cancels(&(hbus_cancels){0}, &data);
  fake_reply_ok(self, command, &data);
  buffer_free(&data);
}

Test(tool, rule_16_a_cancel_that_the_broker_keeps_is_requested) {
  fake_broker *broker = fake_broker_new(s_keep, NULL);
  tool_expect(broker, "order cancel binance ETH-USDT --id me", 0,
              "ORDER ID  CLIENT ORDER ID  CANCELLED  REQUESTED\n-         me               no         yes\n", NULL);
  tool_expect(broker, "order cancel binance ETH-USDT --id me --json", 0, "\"cancelled\":false,\"requested\":true",
              NULL);
  tool_expect(broker, "cancel-all", 0, "nothing to cancel of its own", NULL);
  tool_expect(broker, "cancel-all --owner *", 0, "nothing to cancel\n", NULL);
  fake_broker_destroy(&broker);
}

static void s_refuse(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  fake_reply_error(self, command, HBUS_INSUFFICIENT_FUNDS, "Insufficient funds");
}

static void s_say_nothing(fake_broker *self, const fake_command *command, void *argument) {
  (void)self, (void)command, (void)argument;
}

static void s_say_unknown(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  fake_reply(self, command,
             &(hbus_reply){.status = HBUS_REPLY_UNKNOWN, .code = HBUS_TIMEOUT, .message = {"no answer", 9}});
}

Test(tool, exit_statuses) {
  const struct {
    fake_script *script;
    const char *arguments;
    int exit_status;
    const char *out, *err;
  } rows[] = {
      {s_refuse, "order create binance ETH-USDT buy market 1", 1, "", "INSUFFICIENT_FUNDS: Insufficient funds"},
      {s_refuse, "balances binance --json", 1, "", "hbus balances: INSUFFICIENT_FUNDS"},
      {s_refuse, "tail market_data/ticker/binance/ETH-USDT/", 1, "", "hbus tail: INSUFFICIENT_FUNDS"},
      {s_say_nothing, "ticker binance ETH-USDT --timeout 500", 3, "", "no answer"},
      {s_say_nothing, "order cancel binance ETH-USDT x --timeout 500", 3, "", "no answer"},
      {s_say_nothing, "order create binance ETH-USDT buy market 1 --id me --timeout 500", 4, "unknown",
       "hbus order status binance ETH-USDT --id me"},
      {s_say_unknown, "order create binance ETH-USDT buy market 1 --id me --json", 4, "\"status\":\"unknown\"",
       "OUTCOME_UNKNOWN"},
      {s_refuse, "cancel-all --owner maker", 1, "", "hbus cancel-all: INSUFFICIENT_FUNDS"},
      {s_say_nothing, "cancel-all --timeout 500", 3, "", "no answer"},
      {s_say_unknown, "order cancel binance ETH-USDT x", 4, "", "OUTCOME_UNKNOWN"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    fake_broker *broker = fake_broker_new(rows[i].script, NULL);
    tool_expect(broker, rows[i].arguments, rows[i].exit_status, rows[i].out, rows[i].err);
    fake_broker_destroy(&broker);
  }
}

/* status --wait */

static void s_reply_link(fake_broker *self, const fake_command *command, hbus_link_status status) {
  buffer data;
  msgpack_packer packer;
  fixture_packer(&packer, &data);
  msgpack_pack_map(&packer, 1);
  fixture_pack_text(&packer, "link");
  msgpack_pack_map(&packer, 1);
  fixture_pack_text(&packer, "status");
  fixture_pack_text(&packer, hbus_link_status_name(status));
  fake_reply_ok(self, command, &data);
  buffer_free(&data);
}

static void s_publish_link(fake_broker *self, hbus_link_status status, const char *reason) {
  hbus_event event = {.type = HBUS_EVENT_SYSTEM, .kind = HBUS_KIND_LINK, .epoch = 7, .seq = 1, .src = "hbusd"};
  event.rx_ns = event.tx_ns = 1;
  event.data.link = (hbus_link){.status = status, .code = HBUS_LINK_DOWN, .reason = hbus_text_of(reason)};
  fake_publish(self, HBUS_STREAM_MARKET, &event);
}

/* The link goes down while the tool waits, and comes up later if `argument` says so. */
static void s_fail_then_recover(fake_broker *self, const fake_command *command, void *argument) {
  const bool *recovers = argument;
  bool is_first = self->received_count == 2; /* behind hello */
  if (is_first) {
    fake_expect_subscription(self, HBUS_STREAM_MARKET, true, "system/link/");
    s_publish_link(self, HBUS_LINK_DISCONNECTED, "connection refused");
  }
  s_reply_link(self, command, !is_first && *recovers ? HBUS_LINK_CONNECTED : HBUS_LINK_CONNECTING);
}

Test(tool, status_waits_for_the_link) {
  bool recovers = true;
  fake_broker *broker = fake_broker_new(s_fail_then_recover, &recovers);
  tool_expect(broker, "status --wait --timeout 20000", 0, "link:\n  status: connected\n", NULL);
  fake_broker_destroy(&broker);
  broker = fake_broker_new(s_answer, NULL);
  tool_expect(broker, "status --wait", 0, "link:\n  status: connected\n", NULL);
  tool_expect(broker, "status --wait connected --json", 0, "{\"link\":{\"status\":\"connected\"}}\n", NULL);
  tool_expect(broker, "status --wait=connected", 0, "connected", NULL);
  fake_broker_destroy(&broker);
}

Test(tool, status_says_why_the_link_did_not_come) {
  bool recovers = false;
  fake_broker *broker = fake_broker_new(s_fail_then_recover, &recovers);
  tool_expect(broker, "status --wait --timeout 1000", 3, "",
              "hbus status: TIMEOUT: the link is connecting, not connected: connection refused\n");
  fake_broker_destroy(&broker);
  broker = fake_broker_new(s_answer, NULL);
  tool_expect(broker, "status --wait disconnected --timeout 1000", 3, "", "the link is connected, not disconnected");
  cr_assert_leq(broker->received_count, 1u + 4u); /* it listens more than it asks */
  fake_broker_destroy(&broker);
  tool_expect(NULL, "status --wait --timeout 50 --commands ipc://@hbus-test-nobody", 3, "", "no broker at ipc://@hbus");
}

/* tail */

static void s_publish_three(fake_broker *self, void *argument) {
  fake_expect_subscription(self, HBUS_STREAM_MARKET, true, argument);
  for (uint64_t seq = 1; seq <= 3; seq++) {
    hbus_event event = fake_ticker_event(seq, "ETH-USDT");
    fake_publish(self, HBUS_STREAM_MARKET, &event);
  }
}

static void s_expect_line(FILE *from, const char *expected) {
  char line[4096] = "";
  cr_assert_not_null(fgets(line, sizeof(line), from));
  cr_assert_not_null(strstr(line, expected), "%s", line);
}

Test(tool, tail_prints_until_it_is_interrupted) {
  fake_broker *broker = fake_broker_new(s_answer, NULL);
  char topic[] = "market_data/ticker/binance/ETH-USDT/";
  int ends[2];
  cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
  pid_t pid = tool_start(broker, "tail market_data/ticker/binance/ETH-USDT/ --json", ends[1], STDERR_FILENO);
  close(ends[1]);
  FILE *out = fdopen(ends[0], "r");
  fake_broker_do(broker, s_publish_three, topic);
  s_expect_line(out, "{\"stream\":\"market\",\"topic\":\"market_data/ticker/binance/ETH-USDT/\",\"v\":1,");
  s_expect_line(out, "\"seq\":2,");
  s_expect_line(out, "\"bid\":\"36.00\"");
  kill(pid, SIGINT);
  cr_assert_eq(tool_wait(pid), 0);
  (void)fclose(out);
  fake_broker_destroy(&broker);
}

Test(tool, tail_refuses_what_no_topic_begins_with) {
  fake_broker *broker = fake_broker_new(s_answer, NULL);
  tool_expect(broker, "tail marketdata/", 2, "", "no topic begins with \"marketdata/\": expected market_data/, ");
  fake_broker_destroy(&broker);
}

Test(tool, tail_counts_and_subscribes) {
  fake_broker *broker = fake_broker_new(s_answer, NULL);
  char topic[] = "market_data/ticker/binance/ETH-USDT/";
  FILE *out = tmpfile();
  pid_t pid = tool_start(broker, "tail market_data/ticker/binance/ETH-USDT/ --count 2", fileno(out), STDERR_FILENO);
  fake_broker_do(broker, s_publish_three, topic);
  cr_assert_eq(tool_wait(pid), 0);
  char text[TOOL_OUTPUT_MAX];
  tool_read_all(out, text);
  cr_assert_not_null(strstr(text, "     2  bid 36.00  ask 36.10  last -\n"), "%s", text);
  cr_assert_null(strstr(text, "     3  bid"));
  const hbus_command *subscribed = NULL;
  cr_assert_eq(s_count(broker, HBUS_SUBSCRIBE, &subscribed), 1u);
  cr_assert_eq(subscribed->channel, HBUS_CHANNEL_TICKER);
  fake_broker_destroy(&broker);
}

static void s_restart(fake_broker *self, void *argument) {
  (void)argument;
  fake_restart(self);
}

Test(tool, tail_says_when_the_broker_goes_and_comes) {
  fake_broker *broker = fake_broker_new(s_answer, NULL);
  char topic[] = "market_data/ticker/binance/ETH-USDT"; /* without the last "/", and subscribed all the same */
  int out_ends[2], ends[2];
  cr_assert_eq(pipe2(out_ends, O_CLOEXEC), 0);
  cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
  pid_t pid = tool_start(broker, "tail market_data/ticker/binance/ETH-USDT", out_ends[1], ends[1]);
  close(out_ends[1]);
  close(ends[1]);
  FILE *out = fdopen(out_ends[0], "r"), *err = fdopen(ends[0], "r");
  fake_broker_do(broker, s_publish_three, topic);
  s_expect_line(out, "bid 36.00"); /* so the subscription at Hummingbot has its answer */
  fake_broker_do(broker, s_restart, NULL);
  s_expect_line(err, "hbus tail: lost the broker at tcp://127.0.0.1:");
  s_expect_line(err, " again\n");
  kill(pid, SIGINT);
  cr_assert_eq(tool_wait(pid), 0);
  cr_assert_geq(s_count(broker, HBUS_SUBSCRIBE, NULL), 1u);
  (void)fclose(out);
  (void)fclose(err);
  fake_broker_destroy(&broker);
}

Test(tool, tail_can_leave_upstream_alone_and_ends_with_its_reader) {
  fake_broker *broker = fake_broker_new(s_answer, NULL);
  char topic[] = "market_data/ticker/binance/ETH-USDT/";
  int ends[2];
  cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
  pid_t pid = tool_start(broker, "tail market_data/ticker/binance/ETH-USDT/ --no-subscribe", ends[1], STDERR_FILENO);
  close(ends[1]);
  close(ends[0]); /* nobody reads */
  fake_broker_do(broker, s_publish_three, topic);
  cr_assert_eq(tool_wait(pid), 0);
  cr_assert_eq(s_count(broker, HBUS_SUBSCRIBE, NULL), 0u);
  fake_broker_destroy(&broker);
}
