/* Every request of the native dialect through the `hbus` tool, its success and its errors, by exit status and words. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/integration/rig.h"

#define OUTPUT_SIZE 65536

typedef struct run {
  int status;
  char out[OUTPUT_SIZE];
  char err[4096];
} run;

/* Runs `hbus` with these words, which a blank parts. */
static run *s_run(const rig *rig, const char *words) {
  char text[512];
  const char *arguments[32];
  size_t count = 0;
  snprintf(text, sizeof text, "%s", words);
  char *rest = NULL;
  for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
    arguments[count++] = word;
  arguments[count] = NULL;
  run *self = calloc(1, sizeof *self);
  process tool = rig_start_peer(rig, "hbus", arguments);
  process_read_all(&tool, self->out, sizeof self->out, self->err, sizeof self->err);
  self->status = process_wait(&tool);
  return self;
}

/* Runs it, and expects this exit status, and these words in what it prints: on standard output when it is done, on
 * standard error, in one line, when it is not. */
static void s_expect(const rig *rig, const char *words, int status, const char *said) {
  run *run = s_run(rig, words);
  const char *text = status == 0 ? run->out : run->err;
  cr_expect_eq(run->status, status, "hbus %s: status %d: %s%s", words, run->status, run->out, run->err);
  cr_expect_not_null(strstr(text, said), "hbus %s: '%s' is not in: %s%s", words, said, run->out, run->err);
  if (status != 0) cr_expect_eq(strchr(text, '\n'), text + strlen(text) - 1, "hbus %s: one line: %s", words, text);
  free(run);
}

/* The value of a key of a text in the first line of JSON. */
static void s_json_text(const run *run, const char *key, char *out, size_t size) {
  char pattern[64];
  snprintf(pattern, sizeof pattern, "\"%s\":\"", key);
  const char *at = strstr(run->out, pattern);
  cr_assert_not_null(at, "no %s in %s%s", key, run->out, run->err);
  at += strlen(pattern);
  snprintf(out, size, "%.*s", (int)strcspn(at, "\""), at);
}

static void s_start(rig *rig) {
  static const char *const quiet[] = {"--rate", "0", NULL};
  rig_start(rig, quiet, NULL);
}

Test(tool, an_order_from_create_to_cancel) {
  rig rig;
  s_start(&rig);
  run *created = s_run(&rig, "order create binance ETH-USDT buy limit 0.5 1500.00 --id my-1 --json");
  cr_assert_eq(created->status, 0, "%s", created->err);
  char id[160], words[256];
  s_json_text(created, "order_id", id, sizeof id);
  free(created);
  s_expect(&rig, "order create binance ETH-USDT buy limit 0.5 1500.00 --id my-1", 0, id);
  s_expect(&rig, "order create binance ETH-USDT buy limit 0.6 1500.00 --id my-1", 1, "DUPLICATE_ORDER");
  snprintf(words, sizeof words, "order status binance ETH-USDT %s", id);
  s_expect(&rig, words, 0, "my-1");
  s_expect(&rig, "order status binance ETH-USDT --id my-1", 0, id);
  s_expect(&rig, "order status binance ETH-USDT no-such", 1, "UNKNOWN_ORDER");
  s_expect(&rig, "order list binance ETH-USDT", 0, id);
  s_expect(&rig, "order history binance ETH-USDT --limit 5", 0, id);
  snprintf(words, sizeof words, "order cancel binance ETH-USDT %s", id);
  s_expect(&rig, words, 0, id);
  s_expect(&rig, "order status binance ETH-USDT --id my-1", 0, "cancelled");
  s_expect(&rig, "order cancel binance ETH-USDT no-such", 1, "UNKNOWN_ORDER");
  rig_stop(&rig);
}

Test(tool, every_order_type) {
  rig rig;
  s_start(&rig);
  s_expect(&rig, "order create binance ETH-USDT buy market 0.01", 0, "filled");
  s_expect(&rig, "order create binance ETH-USDT sell stop 0.01 --stop-price 1700.00", 0, "open");
  s_expect(&rig, "order create binance ETH-USDT sell stop_limit 0.01 1690.00 --stop-price 1700.00", 0, "open");
  s_expect(&rig, "order create binance ETH-USDT sell limit_maker 0.01 2000.00", 1, "UNSUPPORTED");
  rig_stop(&rig);
}

Test(tool, refusals_say_why) {
  rig rig;
  s_start(&rig);
  s_expect(&rig, "order create binance ETH-USDT buy limit 90000 1500.00", 1, "INSUFFICIENT_FUNDS");
  s_expect(&rig, "order create binance ETH-USDT buy limit 0.0001 1500.00", 1, "MIN_ORDER_SIZE");
  s_expect(&rig, "order create binance ETH-USDT buy limit 0.1 1.00", 1, "PRICE_OUT_OF_RANGE");
  s_expect(&rig, "order create coinbase LUNA-USD buy limit 1 1.0000", 1, "MARKET_CLOSED");
  s_expect(&rig, "order create binance NO-SUCH buy limit 1 1", 1, "UNKNOWN_MARKET");
  s_expect(&rig, "order create binance ETH-USDT buy limit 0.1", 2, "PRICE");
  s_expect(&rig, "order create binance ETH-USDT hold limit 0.1 1", 2, "hold");
  s_expect(&rig, "order create binance ETH-USDT buy limit 1e3 1", 2, "1e3");
  s_expect(&rig, "order create", 2, "EXCHANGE");
  s_expect(&rig, "frobnicate", 2, "frobnicate");
  s_expect(&rig, "ticker binance ETH-USDT --colour", 2, "colour");
  rig_stop(&rig);
}

Test(tool, market_data_and_account) {
  rig rig;
  s_start(&rig);
  s_expect(&rig, "book binance ETH-USDT --depth 3", 0, "1800");
  s_expect(&rig, "book binance ETH-USDT --depth 3 --json", 0, "\"bids\":[[\"");
  s_expect(&rig, "book binance NO-SUCH", 1, "UNKNOWN_MARKET");
  s_expect(&rig, "ticker coinbase ETH-USD", 0, "ETH-USD");
  s_expect(&rig, "ticker nowhere ETH-USD", 1, "UNKNOWN_MARKET");
  s_expect(&rig, "balances binance", 0, "USDT");
  s_expect(&rig, "balances nowhere", 1, "UNKNOWN_MARKET");
  s_expect(&rig, "order create binance_perpetual ETH-USDT sell market 0.1", 0, "filled");
  s_expect(&rig, "positions binance_perpetual", 0, "ETH-USDT");
  s_expect(&rig, "positions binance", 1, "UNSUPPORTED");
  s_expect(&rig, "status", 0, "connected");
  s_expect(&rig, "status --json", 0, "\"upstream_frames\":");
  s_expect(&rig, "ping --count 2", 0, "ms");
  rig_stop(&rig);
}

Test(tool, tail_shows_events_and_subscribes) {
  rig rig;
  rig_start(&rig, NULL, NULL);
  s_expect(&rig, "tail market_data/order_book/binance/ETH-USDT/ --count 2 --json", 0, "\"kind\":\"order_book_update\"");
  s_expect(&rig, "tail market_data/ticker/binance/BTC-USDT/ --count 2", 0, "BTC-USDT");
  s_expect(&rig, "tail trade_update/binance/ETH-USDT/ --count 1 --json", 0, "\"type\":\"TRADE_UPDATE\"");
  s_expect(&rig, "tail market_data/ticker/binance/NO-SUCH/ --count 2", 1, "UNKNOWN_MARKET");
  rig_stop(&rig);
}

Test(tool, tells_again_what_was_and_what_is) {
  rig rig;
  s_start(&rig);
  s_expect(&rig, "publish mood [0.5,null]", 0, "published as 1 of strategy_update/hbus/mood/");
  s_expect(&rig, "publish mood good --text --json", 0, "\"seq\":2}");
  s_expect(&rig, "publish mood {", 2, "JSON");
  s_expect(&rig, "replay strategy_update/hbus/mood/ 1 1", 0, "mood of hbus: [0.5,null]\n");
  s_expect(&rig, "replay strategy_update/hbus/mood 2 --json", 0, "\"data\":{\"name\":\"mood\",\"data\":\"good\"}}\n");
  s_expect(&rig, "tail market_data/ticker/binance/ETH-USDT/ --count 1", 0, "ETH-USDT");
  s_expect(&rig, "replay market_data/ticker/binance/ETH-USDT/ 1 1 --json", 0, "\"kind\":\"ticker_update\"");
  s_expect(&rig, "replay market_data/ticker/binance/ETH-USDT/ 1 --epoch 1", 1, "EXPIRED");
  s_expect(&rig, "order create binance ETH-USDT buy limit 0.5 1500.00 --id kept", 0, "open");
  s_expect(&rig, "replay order_update/binance/ETH-USDT/ 1", 0, "(hbus's kept)");
  s_expect(&rig, "snapshot", 0, "kept");
  s_expect(&rig, "snapshot --json", 0, "\"orders_hash\":\"");
  s_expect(&rig, "snapshot binance ETH-USDT --balances", 0, "USDT");
  s_expect(&rig, "snapshot binance ETH-USDT --json", 0, "\"ticker\":{\"v\":1,");
  s_expect(&rig, "snapshot binance NO-SUCH --balances", 0, "no live orders");
  s_expect(&rig, "status", 0, "slow_count: 0\n");
  rig_stop(&rig);
}

Test(tool, waits_for_the_link_and_says_why_it_does_not_come) {
  rig rig;
  s_start(&rig);
  s_expect(&rig, "status --wait --json", 0, "\"link\":{\"status\":\"connected\"");
  cr_assert_eq(process_stop(&rig.sim, SIGTERM), 0);
  s_expect(&rig, "status --wait disconnected", 0, "disconnected");
  s_expect(&rig, "status --wait --timeout 1000", 3, "not connected: cannot connect to 127.0.0.1:");
  rig_stop(&rig);
}

Test(tool, nobody_there) {
  rig rig;
  rig_open(&rig);
  snprintf(rig.commands, sizeof rig.commands, "ipc://%s/nobody", rig.folder);
  snprintf(rig.market, sizeof rig.market, "ipc://%s/nobody", rig.folder);
  snprintf(rig.private_, sizeof rig.private_, "ipc://%s/nobody", rig.folder);
  s_expect(&rig, "ping --timeout 200", 3, rig.commands);
  s_expect(&rig, "order create binance ETH-USDT buy limit 0.1 1 --timeout 200", 3, rig.commands);
  rig_close(&rig);
}

Test(tool, an_unknown_outcome_has_an_exit_status_of_its_own) {
  static const char *const arguments[] = {"--rate", "0", "--no-client-ids", "--fault", "no-answer=create_order", NULL};
  rig rig;
  rig_start(&rig, arguments, "  request_timeout_ms: 200\n");
  s_expect(&rig, "order create binance ETH-USDT buy limit 0.1 1500.00 --id x", 4, "x");
  rig_stop(&rig);
}

Test(tool, what_upstream_does_not_answer) {
  static const char *const arguments[] = {"--rate", "0", "--fault", "no-answer=get_ticker", NULL};
  rig rig;
  rig_start(&rig, arguments, "  request_timeout_ms: 200\n  retry_attempts: 0\n");
  s_expect(&rig, "ticker binance ETH-USDT", 3, "TIMEOUT");
  rig_stop(&rig);
}
