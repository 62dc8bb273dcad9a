#include "broker/config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/config_schema.h"
#include "tests/broker/config_stage.h"

/* ---- help ---- */

static config *s_load(const char *yaml) {
  config *config = NULL;
  hbus_error error = {0};
  cr_assert_eq(config_stage_load(yaml, config_stage_no_environment, &config, &error), HBUS_OK, "%s\n%s", error.text,
               yaml);
  return config;
}

/* Loading fails with FILE:`position`: and a sentence that has `part`. */
static void s_expect_error(const char *yaml, const char *position, const char *part) {
  config *config = NULL;
  hbus_error error = {0};
  hbus_status status = config_stage_load(yaml, config_stage_no_environment, &config, &error);
  cr_assert_eq(status, HBUS_INVALID_REQUEST, "loads:\n%s", yaml);
  cr_assert_null(config);
  const char *name_end = strchr(error.text, ':');
  cr_assert_not_null(name_end, "%s", error.text);
  char expected[32];
  snprintf(expected, sizeof expected, ":%s: ", position);
  cr_expect_eq(strncmp(name_end, expected, strlen(expected)), 0, "not at %s: %s\n%s", position, error.text, yaml);
  cr_expect_not_null(strstr(error.text, part), "no '%s': %s\n%s", part, error.text, yaml);
}

/* YAML that gives one key a value, which begins at `position`. */
static void s_compose(const char *path, const char *value, char *yaml, size_t size, char position[32]) {
  size_t used = 0;
  unsigned line = 1, column = 0;
  const char *dot;
  while ((dot = strchr(path, '.'))) {
    used += (size_t)snprintf(yaml + used, size - used, "%*s%.*s:\n", (int)column, "", (int)(dot - path), path);
    path = dot + 1;
    line++;
    column += 2;
  }
  snprintf(yaml + used, size - used, "%*s%s: %s\n", (int)column, "", path, value);
  snprintf(position, 32, "%u:%zu", line, column + strlen(path) + 3);
}

static void s_expect_bad_value(const config_key *key, const char *value, const char *part) {
  char yaml[8192], position[32];
  s_compose(key->path, value, yaml, sizeof yaml, position);
  s_expect_error(yaml, position, part);
}

static config *s_load_value(const char *path, const char *value) {
  char yaml[8192], position[32];
  s_compose(path, value, yaml, sizeof yaml, position);
  return s_load(yaml);
}

/* ---- defaults ---- */

static void s_expect_defaults(const config *config) {
  cr_expect_str_eq(config->upstream.dialect, "native");
  cr_expect_str_eq(config->upstream.url, "ws://localhost:15888/ws");
  cr_expect_null(config->upstream.api_key);
  cr_expect_null(config->upstream.api_key_file);
  cr_expect_null(config->upstream.ca_file);
  cr_expect_eq(config->upstream.request_timeout_ms, 5000);
  cr_expect_null(config->upstream.client_cert_file);
  cr_expect_null(config->upstream.client_key_file);
  cr_expect_eq(config->upstream.ping_ms, 5000);
  cr_expect_eq(config->upstream.hang_up_ms, 15000);
  cr_expect_eq(config->upstream.connect_timeout_ms, 10000);
  cr_expect_eq(config->upstream.reconnect_min_ms, 500);
  cr_expect_eq(config->upstream.reconnect_max_ms, 30000);
  cr_expect_eq(config->upstream.refused_retry_ms, 60000);
  cr_expect_eq(config->upstream.retry_attempts, 3);
  cr_expect_eq(config->upstream.settle_ms, 10000);
  cr_expect_eq(config->upstream.stale_after_ms, 30000);
  cr_expect(config->upstream.client_order_ids);
  cr_expect(config->upstream.exclusive);
  cr_expect_eq(config->upstream.rate_limit.requests_per_second, 0);
  cr_expect_eq(config->upstream.rate_limit.burst, 20);
  cr_expect_eq(config->upstream.rate_limit.creates_per_second, 0);
  cr_expect_eq(config->upstream.rate_limit.reads_per_second, 0);
  cr_expect_eq(config->upstream.rate_limit.queue_ms, 500);
  cr_expect_eq(config->upstream.subscribe_count, 0);
  cr_expect_eq(config->endpoints.commands.count, 1);
  cr_expect_str_eq(config->endpoints.commands.items[0], "tcp://127.0.0.1:5570");
  cr_expect_str_eq(config->endpoints.market.items[0], "tcp://127.0.0.1:5571");
  cr_expect_str_eq(config->endpoints.private_.items[0], "tcp://127.0.0.1:5572");
  cr_expect_eq(config->endpoints.high_water_mark, 100000);
  cr_expect_str_eq(config->journal.path, "hbus.db");
  cr_expect_eq(config->journal.sync, JOURNAL_INTERVAL);
  cr_expect_eq(config->journal.sync_ms, 1000);
  cr_expect_eq(config->journal.keep_days, 30);
  cr_expect_eq(config->journal.events_keep_days, 7);
  cr_expect_eq(config->journal.events_max_mb, 1024);
  cr_expect_eq(config->access.reach_all.count, 1);
  cr_expect_str_eq(config->access.reach_all.items[0], "hbus");
  cr_expect_eq(config->access.cancel_grace_ms, 5000);
  cr_expect_eq(config->bounds.orders, 100000);
  cr_expect_eq(config->bounds.ids, 10000000);
  cr_expect_eq(config->bounds.commands, 10000);
  cr_expect_eq(config->bounds.peers, 10000);
  cr_expect_eq(config->bounds.topics, 100000);
  cr_expect_eq(config->log.level, LOG_LEVEL_INFO);
  cr_expect_eq(config->log.format, LOG_TEXT);
  for (unsigned i = 0; i < LOG_COMPONENT_COUNT; i++)
    cr_expect_eq(config->log.components[i], LOG_LEVEL_INFO);
}

Test(config, has_a_default_for_every_key) {
  static const char *const nothing[] = {
      "",
      "# a comment\n",
      "---\n",
      "{}\n",
      "~\n",
      "upstream:\nendpoints:\nlog:\n",
      "upstream:\n  url:\n  subscribe:\n  request_timeout_ms: null\nlog:\n  components: ~\n"};
  config *config = NULL;
  cr_assert_eq(config_load(NULL, config_stage_no_environment, &config, NULL), HBUS_OK);
  s_expect_defaults(config);
  config_destroy(&config);
  cr_assert_null(config);
  for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
    config = s_load(nothing[i]);
    s_expect_defaults(config);
    config_destroy(&config);
  }
}

Test(config, has_a_row_for_each_key_and_sections_in_one_piece) {
  for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
    cr_assert_not_null(config_keys[i].path, "row %zu is empty", i);
    cr_expect_eq(config_key_find(config_keys[i].path), &config_keys[i]);
  }
}

/* ---- every key ---- */

#define FULL                                                                                                           \
  "upstream:\n"                                                                                                        \
  "  dialect: native\n"                                                                                                \
  "  url: ws://bot.example.org/ws\n"                                                                                   \
  "  ca_file: /etc/ssl/own \\\"ca\\\".pem\n"                                                                           \
  "  client_cert_file: cert.pem\n"                                                                                     \
  "  client_key_file: key.pem\n"                                                                                       \
  "  ping_ms: 1\n"                                                                                                     \
  "  hang_up_ms: 2\n"                                                                                                  \
  "  request_timeout_ms: 1\n"                                                                                          \
  "  connect_timeout_ms: 3600000\n"                                                                                    \
  "  reconnect_min_ms: 7\n"                                                                                            \
  "  reconnect_max_ms: 7\n"                                                                                            \
  "  refused_retry_ms: 8\n"                                                                                            \
  "  retry_attempts: 0\n"                                                                                              \
  "  settle_ms: 9\n"                                                                                                   \
  "  stale_after_ms: 0\n"                                                                                              \
  "  client_order_ids: false\n"                                                                                        \
  "  exclusive: false\n"                                                                                               \
  "  rate_limit: {requests_per_second: 5, burst: 1, creates_per_second: 2, reads_per_second: 3, queue_ms: 0}\n"        \
  "  subscribe:\n"                                                                                                     \
  "    - {exchange: binance, market: BTC-USDT}\n"                                                                      \
  "    - {channel: ticker, market: \"ETH/USD \\u2028\\x85 ü\", exchange: coinbase}\n"                                 \
  "    - {exchange: kraken, market: 1INCH, channel: order_book}\n"                                                     \
  "endpoints:\n"                                                                                                       \
  "  commands: [\"tcp://127.0.0.1:*\", ipc:///run/hbus/commands]\n"                                                    \
  "  market: tcp://[::1]:6001\n"                                                                                       \
  "  private: [tcp://localhost:65535]\n"                                                                               \
  "  high_water_mark: 10\n"                                                                                            \
  "bounds: {orders: 1, commands: 2, peers: 3, topics: 4}\n"                                                            \
  "log:\n"                                                                                                             \
  "  level: warn\n"                                                                                                    \
  "  format: json\n"                                                                                                   \
  "  components: {broker: debug, link: off, event: error}\n"

Test(config, reads_every_key) {
  config *config = s_load(FULL);
  cr_expect_str_eq(config->upstream.url, "ws://bot.example.org/ws");
  cr_expect_str_eq(config->upstream.ca_file, "/etc/ssl/own \\\"ca\\\".pem");
  cr_expect_str_eq(config->upstream.client_cert_file, "cert.pem");
  cr_expect_str_eq(config->upstream.client_key_file, "key.pem");
  cr_expect_eq(config->upstream.ping_ms, 1);
  cr_expect_eq(config->upstream.hang_up_ms, 2);
  cr_expect_eq(config->upstream.request_timeout_ms, 1);
  cr_expect_eq(config->upstream.connect_timeout_ms, 3600000);
  cr_expect_eq(config->upstream.reconnect_min_ms, 7);
  cr_expect_eq(config->upstream.reconnect_max_ms, 7);
  cr_expect_eq(config->upstream.refused_retry_ms, 8);
  cr_expect_eq(config->upstream.retry_attempts, 0);
  cr_expect_eq(config->upstream.settle_ms, 9);
  cr_expect_eq(config->upstream.stale_after_ms, 0);
  cr_expect_not(config->upstream.client_order_ids);
  cr_expect_not(config->upstream.exclusive);
  cr_expect_eq(config->upstream.rate_limit.requests_per_second, 5);
  cr_expect_eq(config->upstream.rate_limit.burst, 1);
  cr_expect_eq(config->upstream.rate_limit.creates_per_second, 2);
  cr_expect_eq(config->upstream.rate_limit.reads_per_second, 3);
  cr_expect_eq(config->upstream.rate_limit.queue_ms, 0);
  cr_assert_eq(config->upstream.subscribe_count, 3);
  cr_expect_str_eq(config->upstream.subscribe[0].exchange, "binance");
  cr_expect_str_eq(config->upstream.subscribe[0].market, "BTC-USDT");
  cr_expect_eq(config->upstream.subscribe[0].channel, HBUS_CHANNEL_NONE);
  cr_expect_str_eq(config->upstream.subscribe[1].market, "ETH/USD \xe2\x80\xa8\xc2\x85 ü");
  cr_expect_eq(config->upstream.subscribe[1].channel, HBUS_CHANNEL_TICKER);
  cr_expect_eq(config->upstream.subscribe[2].channel, HBUS_CHANNEL_ORDER_BOOK);
  cr_assert_eq(config->endpoints.commands.count, 2);
  cr_expect_str_eq(config->endpoints.commands.items[0], "tcp://127.0.0.1:*");
  cr_expect_str_eq(config->endpoints.commands.items[1], "ipc:///run/hbus/commands");
  cr_assert_eq(config->endpoints.market.count, 1);
  cr_expect_str_eq(config->endpoints.market.items[0], "tcp://[::1]:6001");
  cr_expect_str_eq(config->endpoints.private_.items[0], "tcp://localhost:65535");
  cr_expect_eq(config->endpoints.high_water_mark, 10);
  cr_expect_eq(config->bounds.orders, 1);
  cr_expect_eq(config->bounds.commands, 2);
  cr_expect_eq(config->bounds.peers, 3);
  cr_expect_eq(config->bounds.topics, 4);
  cr_expect_eq(config->log.level, LOG_LEVEL_WARN);
  cr_expect_eq(config->log.format, LOG_JSON);
  static const log_level levels[] = {LOG_LEVEL_DEBUG, LOG_LEVEL_OFF, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_WARN};
  for (unsigned i = 0; i < LOG_COMPONENT_COUNT; i++)
    cr_expect_eq(config->log.components[i], levels[i], "component %u", i);
  config_destroy(&config);
}

Test(config, prints_what_loads_to_the_same) {
  static const char *const inputs[] = {"", FULL};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    config *config = s_load(inputs[i]);
    char *printed = config_stage_print(config);
    config_destroy(&config);
    config = s_load(printed);
    char *again = config_stage_print(config);
    cr_expect_str_eq(printed, again);
    for (size_t key = 0; key < CONFIG_KEY_COUNT; key++)
      cr_expect_not_null(strstr(printed, strrchr(config_keys[key].path, '.') + 1), "%s", config_keys[key].path);
    if (i == 0) s_expect_defaults(config);
    config_destroy(&config);
    free(printed);
    free(again);
  }
}

Test(config, has_the_defaults_that_the_example_tells) {
  config *config = NULL, *example = NULL;
  hbus_error error = {0};
  cr_assert_eq(config_load(NULL, config_stage_no_environment, &config, &error), HBUS_OK);
  cr_assert_eq(config_load(HBUS_TESTS_DIR "/../deploy/hbusd.yaml", config_stage_no_environment, &example, &error),
               HBUS_OK, "%s", error.text);
  char *defaults = config_stage_print(config), *told = config_stage_print(example);
  cr_expect_str_eq(told, defaults);
  free(defaults);
  free(told);
  config_destroy(&config);
  config_destroy(&example);
}

/* The text of a file of the project, for the caller to free. */
static char *s_read(const char *path) {
  char whole[4096];
  size_t size = 0;
  char *text = NULL;
  (void)snprintf(whole, sizeof whole, "%s/../%s", HBUS_TESTS_DIR, path);
  FILE *file = fopen(whole, "r");
  cr_assert_not_null(file, "%s", whole);
  cr_assert_gt(getdelim(&text, &size, '\0', file), 0);
  (void)fclose(file);
  return text;
}

Test(config, is_described_key_by_key) {
  static const char *const files[] = {"deploy/hbusd.yaml", "broker/hbusd.8"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char *text = s_read(files[i]);
    for (size_t key = 0; key < CONFIG_KEY_COUNT; key++) {
      const char *name = strrchr(config_keys[key].path, '.') + 1;
      const char *at = text;
      bool found = false;
      while (!found && (at = strstr(at, name)) != NULL) {
        at += strlen(name);
        found = strchr(": ,\n", *at) != NULL && strchr(" ,.\n", at[-(long)strlen(name) - 1]) != NULL;
      }
      cr_expect(found, "%s is not in %s", config_keys[key].path, files[i]);
    }
    free(text);
  }
}

Test(config, prints_plain_yaml) {
  config *config = s_load("upstream: {subscribe: [{exchange: a, market: b}]}");
  char *printed = config_stage_print(config);
  cr_expect_eq(strncmp(printed, "# api key: not set\nupstream:\n  dialect: \"native\"\n", 49), 0, "%s", printed);
  cr_expect_not_null(strstr(printed, "\n  subscribe:\n    - {exchange: \"a\", market: \"b\"}\nendpoints:\n"), "%s",
                     printed);
  cr_expect_not_null(strstr(printed, "\n  components:\n    broker: info\n    link: info\n"), "%s", printed);
  free(printed);
  config_destroy(&config);
}

Test(config, takes_as_many_names_of_peers_as_it_says) {
  char yaml[8192] = "access: {reach_all: [";
  size_t used = strlen(yaml);
  for (unsigned i = 0; i < CONFIG_PEERS_MAX; i++)
    used += (size_t)snprintf(yaml + used, sizeof yaml - used, "peer-%u, ", i);
  snprintf(yaml + used, sizeof yaml - used, "]}\n");
  config *config = s_load(yaml);
  cr_assert_eq(config->access.reach_all.count, CONFIG_PEERS_MAX);
  cr_expect_str_eq(config->access.reach_all.items[0], "peer-0", "the default is not among them");
  cr_expect_str_eq(config->access.reach_all.items[CONFIG_PEERS_MAX - 1], "peer-63");
  config_destroy(&config);
  snprintf(yaml + used, sizeof yaml - used, "one-more]}\n");
  char position[16];
  snprintf(position, sizeof position, "1:%zu", used + 1);
  s_expect_error(yaml, position, "'access.reach_all' takes at most 64 entries");
}

/* ---- wrong kinds, ranges ---- */

/* What is said of a number that is none, or out of range. */
static void s_range(const config_key *key, char *out, size_t size) {
  snprintf(out, size, "must be a whole number from %llu to %llu", (unsigned long long)key->min,
           (unsigned long long)key->max);
}

Test(config, refuses_the_wrong_kind_of_every_key) {
  for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
    const config_key *key = &config_keys[i];
    char name[96], range[64];
    snprintf(name, sizeof name, "'%s'", key->path);
    s_expect_bad_value(key, "{a: 1}", name);
    switch (key->kind) {
    case CONFIG_TEXT:
      s_expect_bad_value(key, "[a]", "must be one value, not a list");
      s_expect_bad_value(key, "\"\"", "must not be empty");
      s_expect_bad_value(key, "\"a\\0b\"", "NUL");
      s_expect_bad_value(key, "\"a\\nb\"", "control character");
      break;
    case CONFIG_NUMBER:
      s_expect_bad_value(key, "[1]", "must be one value, not a list");
      s_range(key, range, sizeof range);
      s_expect_bad_value(key, "many", range);
      s_expect_bad_value(key, "-1", range);
      if (key->min > 0) s_expect_bad_value(key, "0", range);
      s_expect_bad_value(key, "1.5", range);
      s_expect_bad_value(key, "1e3", range);
      s_expect_bad_value(key, "18446744073709551617", range);
      s_expect_bad_value(key, "\"5\"", "without quotes");
      break;
    case CONFIG_BOOL:
      s_expect_bad_value(key, "[true]", "must be one value, not a list");
      s_expect_bad_value(key, "yes", "must be true or false");
      s_expect_bad_value(key, "1", "must be true or false");
      s_expect_bad_value(key, "\"true\"", "without quotes");
      break;
    case CONFIG_CHOICE:
      s_expect_bad_value(key, "[info]", "must be one value, not a list");
      s_expect_bad_value(key, "INFO", "must be one of: ");
      s_expect_bad_value(key, "\"\"", "must be one of: ");
      break;
    case CONFIG_LIST:
      s_expect_bad_value(key, "[]", "must have an entry");
      if (strncmp(key->path, "endpoints.", 10) == 0)
        s_expect_bad_value(key, "udp://127.0.0.1:1", "must begin with tcp:// or ipc://");
      break;
    case CONFIG_SUBSCRIPTIONS: s_expect_bad_value(key, "all", "must be a list"); break;
    }
  }
}

Test(config, takes_each_number_up_to_its_bounds) {
  for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
    const config_key *key = &config_keys[i];
    if (key->kind != CONFIG_NUMBER) continue;
    char value[32], range[64];
    s_range(key, range, sizeof range);
    snprintf(value, sizeof value, "%llu", (unsigned long long)key->max + 1);
    s_expect_bad_value(key, value, range);
    if (strcmp(key->path, "upstream.reconnect_min_ms") == 0) continue; /* bound by reconnect_max_ms */
    if (strcmp(key->path, "upstream.ping_ms") == 0) continue;          /* bound by hang_up_ms */
    snprintf(value, sizeof value, "%llu", (unsigned long long)key->max);
    config *config = s_load_value(key->path, value);
    cr_expect_eq(*config_number_at(config, key), key->max);
    config_destroy(&config);
  }
}

Test(config, refuses_what_makes_no_sense) {
  static const struct {
    const char *yaml, *position, *part;
  } cases[] = {
      {"upstream:\n  dialect: hummingbot-api\n", "2:12", "'upstream.dialect': hummingbot-api is not built yet"},
      {"upstream:\n  dialect: fix\n", "2:12", "there is native"},
      {"upstream:\n  url: http://x/\n", "2:8", "'upstream.url': the url must begin with ws:// or wss://"},
      {"upstream:\n  url: ws://user:pw@x/\n", "2:8", "must not hold a user name"},
      {"upstream:\n  reconnect_min_ms: 10\n  reconnect_max_ms: 9\n", "3:21", "(9) must not be less than"},
      {"upstream:\n  ping_ms: 15000\n", "2:12", "'upstream.hang_up_ms' (15000) must be more than 'upstream.ping_ms'"},
      {"upstream:\n  ping_ms: 7\n  hang_up_ms: 7\n", "3:15", "(7) must be more than 'upstream.ping_ms' (7)"},
      {"upstream:\n  insecure_skip_verify: true\n", "2:3", "unknown key 'insecure_skip_verify' in 'upstream'"},
      {"upstream:\n  url: wss://x/\n  ca_file: /no/such/ca\n", "3:12", "/no/such/ca: No such file"},
      {"upstream:\n  url: wss://x/\n  ca_file: /dev/null\n", "3:12", "there is no certificate (PEM) in the ca_file"},
      {"upstream:\n  url: wss://x/\n  client_cert_file: a\n", "3:21",
       "client_cert_file and client_key_file go together"},
      {"upstream:\n  url: wss://x/\n  client_key_file: a\n", "3:20",
       "client_cert_file and client_key_file go together"},
      {"upstream:\n  url: wss://x/\n  client_cert_file: /dev/null\n  client_key_file: /no/such/key\n", "4:20",
       "cannot read the client key /no/such/key: No such file"},
      {"upstream:\n  url: wss://x/\n  client_cert_file: /dev/null\n  client_key_file: /dev/null\n", "4:20",
       "there is no certificate (PEM) in the client_cert_file /dev/null"},
      {"upstream:\n  reconnect_min_ms: 30001\n", "2:21", "(30000) must not be less than"},
      {"upstream:\n  reconnect_max_ms: 499\n", "2:21", "(499) must not be less than"},
      {"endpoints:\n  market: [ipc:///a, tcp://0.0.0.0:1]\n", "2:22", "that needs CURVE"},
      {"endpoints:\n  market: tcp://*:5571\n", "2:11", "that needs CURVE"},
      {"endpoints:\n  market:\n    - tcp://127.0.0.1:0\n", "3:7", "the port must be a number from 1 to 65535"},
      {"endpoints:\n  market: [ipc://a, ipc://b, ipc://c, ipc://d, ipc://e, ipc://f, ipc://g, ipc://h, ipc://i]\n",
       "2:84", "'endpoints.market' takes at most 8 entries"},
      {"endpoints:\n  market: [[ipc://a]]\n", "2:12", "must be one value, not a list"},
      {"journal:\n  keep_days: 29\n", "2:14", "from 30 to "},
      {"journal:\n  sync: never\n", "2:9", "must be one of: always, interval, off"},
      {"access:\n  reach_all:\n    - risk\n    - "
       "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee1\n",
       "4:7", "a peer's name has at most 64 bytes"},
      {"upstream:\n  subscribe:\n    - {exchange: a}\n", "3:7", "needs the key 'market'"},
      {"upstream:\n  subscribe:\n    - {market: a}\n", "3:7", "needs the key 'exchange'"},
      {"upstream:\n  subscribe:\n    - a\n", "3:7", "must have the keys exchange, market"},
      {"upstream:\n  subscribe:\n    - {exchange: a, market: b, channel: all}\n", "3:41", "must be one of: order_book"},
      {"upstream:\n  subscribe:\n    - {exchange: a, market: []}\n", "3:29", "'market' must be a text of 1 to 64"},
      {"upstream:\n  subscribe:\n    - {exchange: a, market: \"\"}\n", "3:29", "'market' must be a text of 1 to 64"},
      {"upstream:\n  subscribe:\n    - {exchange: \"a\\tb\", market: c}\n", "3:18", "control character"},
      {"upstream:\n  subscribe:\n    - exchange: a\n      market: b\n      price: 1\n", "5:7",
       "unknown key 'price' in 'upstream.subscribe'; known keys are exchange, market, channel"},
      {"upstream:\n  subscribe:\n    - {exchange: a, market: b, market: c}\n", "3:32", "'market' stands twice"},
      {"upstream:\n  subscribe:\n    - {exchange: a, market: b, channel: , channel: trades}\n", "3:43",
       "'channel' stands twice"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    s_expect_error(cases[i].yaml, cases[i].position, cases[i].part);
}

/* ---- keys ---- */

Test(config, refuses_unknown_keys_and_names_the_known_ones) {
  s_expect_error("upstram:\n  url: x\n", "1:1",
                 "unknown key 'upstram'; known keys are upstream, endpoints, journal, events, access, bounds, log");
  s_expect_error("log:\n  level: info\n  colour: red\n", "3:3",
                 "unknown key 'colour' in 'log'; known keys are level, format, components");
  s_expect_error("log:\n  components:\n    lnik: info\n", "3:5",
                 "unknown key 'lnik' in 'log.components'; known keys are broker, link, command, event, order");
  s_expect_error("upstream: {urls: x}\n", "1:12",
                 "unknown key 'urls' in 'upstream'; known keys are dialect, url, api_key_file");
  s_expect_error("upstream.url: x\n", "1:1", "unknown key 'upstream.url'; known keys are");
  s_expect_error("log: {components.link: info}\n", "1:7", "unknown key 'components.link' in 'log'");
  s_expect_error("[a]: b\n", "1:1", "unknown key ''");
  s_expect_error("? {a: b}\n: c\n", "1:3", "unknown key ''");
  s_expect_error("\"a\\0b\": c\n", "1:1", "unknown key");
  s_expect_error("<<: {log: {}}\n", "1:1", "unknown key '<<'");
  char yaml[512];
  snprintf(yaml, sizeof yaml, "%0300d: 1\n", 7);
  s_expect_error(yaml, "1:1", "unknown key '0000");
}

Test(config, refuses_a_key_that_stands_twice) {
  s_expect_error("log: {}\nbounds: {}\nlog: {}\n", "3:1", "the key 'log' stands twice");
  s_expect_error("upstream:\n  url: ws://a/\n  dialect: native\n  url: ws://b/\n", "4:3",
                 "the key 'upstream.url' stands twice");
}

Test(config, refuses_sections_that_are_none) {
  s_expect_error("- a\n", "1:1", "the configuration must be a mapping");
  s_expect_error("hello\n", "1:1", "the configuration must be a mapping");
  s_expect_error("log: [a]\n", "1:6", "'log' must be a mapping");
  s_expect_error("log:\n  components: info\n", "2:15", "'log.components' must be a mapping");
}

/* ---- YAML ---- */

Test(config, tells_where_the_yaml_is_broken) {
  s_expect_error("upstream:\n  url: [a\n", "3:1", "this is not YAML: did not find expected ',' or ']'");
  s_expect_error("log:\n\tlevel: info\n", "2:1", "this is not YAML: found character that cannot start any token");
  s_expect_error("log: *nothing\n", "1:6", "this is not YAML: found undefined alias");
  s_expect_error("log: {}\n# \xff\n", "2:3", "this is not YAML: ");
  s_expect_error("log: {}\n# \x07\n", "2:3", "this is not YAML: ");
  s_expect_error("log: {}\n---\nlog: {}\n", "3:1", "a second YAML document");
}

Test(config, follows_aliases_and_is_not_led_in_circles) {
  config *config = s_load("upstream: {request_timeout_ms: &t 77, connect_timeout_ms: *t}\n");
  cr_expect_eq(config->upstream.connect_timeout_ms, 77);
  config_destroy(&config);
  s_expect_error("log: &a {components: *a}\n", "1:10", "unknown key 'components' in 'log.components'");
}

Test(config, reads_files_up_to_a_mebibyte) {
  char *text = malloc(CONFIG_FILE_MAX + 1);
  memset(text, ' ', CONFIG_FILE_MAX + 1);
  for (size_t i = 0; i < CONFIG_FILE_MAX; i += 64)
    text[i] = '#', text[i + 63] = '\n';
  memcpy(text, "log: {level: off}\n", 18);
  for (unsigned over = 0; over < 2; over++) {
    const char *path = config_stage_write(text, CONFIG_FILE_MAX + over);
    config *config = NULL;
    hbus_error error = {0};
    hbus_status status = config_load(path, config_stage_no_environment, &config, &error);
    unlink(path);
    cr_expect_eq(status, over ? HBUS_INVALID_REQUEST : HBUS_OK, "%s", error.text);
    if (over) cr_expect_not_null(strstr(error.text, "is longer than 1048576 bytes"), "%s", error.text);
    if (!over) cr_expect_eq(config->log.level, LOG_LEVEL_OFF);
    config_destroy(&config);
  }
  free(text);
}

Test(config, names_a_file_that_cannot_be_read) {
  static const char *const paths[] = {"/no/such/file.yaml", "/"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    config *config = NULL;
    hbus_error error = {0};
    cr_expect_eq(config_load(paths[i], config_stage_no_environment, &config, &error), HBUS_INVALID_REQUEST);
    cr_expect_not_null(strstr(error.text, paths[i]), "%s", error.text);
    cr_expect_null(config);
  }
}
