#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/test_support.h"

/* The id of the first order on binance: the crowd has 40 in each of its four markets. */
#define S_FIRST    "161"
#define S_ETH      "\"exchange\":\"binance\",\"market\":\"ETH-USDT\""
#define S_CREATE   "{\"id\":\"1\",\"type\":\"create_order\"," S_ETH ","
#define S_ERROR(m) "{\"id\":\"1\",\"status\":\"error\",\"message\":\"" m "\"}"

static void s_init(support *self) {
  simulator_options options = support_options();
  support_init(self, &options);
}

/* A request and its whole answer. */
typedef struct row {
  const char *request, *answer;
} row;

static void s_check_rows(support *self, const row *rows, size_t count) {
  for (size_t i = 0; i < count; i++)
    cr_assert_str_eq(support_ask(self, rows[i].request), rows[i].answer);
}

#define S_CHECK_ROWS(self, rows) s_check_rows((self), (rows), sizeof(rows) / sizeof(rows)[0])

/* An order by its id, as a request of `type`. */
static const char *s_about(const char *type, uint64_t order_id) {
  static char text[256];
  snprintf(text, sizeof text, "{\"id\":\"1\",\"type\":\"%s\"," S_ETH ",\"order_id\":\"%llu\"}", type,
           (unsigned long long)order_id);
  return text;
}

Test(request, what_is_no_request_is_complained_about) {
  support s;
  s_init(&s);
  static const row rows[] = {
      {"{bad", "{\"type\":\"error\",\"data\":{\"message\":\"Invalid JSON\",\"timestamp\":1618677817.077736}}"},
      {"[]", "{\"type\":\"error\",\"data\":{\"message\":\"Invalid request: id is missing or no string\","
             "\"timestamp\":1618677817.077736}}"},
      {"{\"id\":1,\"type\":\"get_ticker\"}",
       "{\"type\":\"error\",\"data\":{\"message\":\"Invalid request: id is missing or no string\","
       "\"timestamp\":1618677817.077736}}"},
      {"{\"id\":\"1\"}", S_ERROR("Invalid request: type is missing")},
      {"{\"id\":\"1\",\"type\":\"dance\"}", S_ERROR("Unknown request type dance")},
      {"{\"id\":\"\\\"q\\\"\",\"type\":\"dance\"}",
       "{\"id\":\"\\\"q\\\"\",\"status\":\"error\",\"message\":\"Unknown request type dance\"}"},
  };
  S_CHECK_ROWS(&s, rows);
  cr_assert_eq(s.client->close_code, 0);
  support_free(&s);
}

Test(request, nothing_goes_before_authentication) {
  support s;
  s_init(&s);
  s.client->authenticated = false;
  static const row rows[] = {
      {"{\"id\":\"1\",\"type\":\"get_balances\",\"exchange\":\"binance\"}", S_ERROR("Authentication required")},
      {"{\"id\":\"1\",\"type\":\"dance\"}", S_ERROR("Authentication required")},
      {"{\"id\":\"1\",\"type\":\"authenticate\",\"api_key\":\"key\"}", "{\"id\":\"1\",\"status\":\"success\"}"},
  };
  S_CHECK_ROWS(&s, rows);
  cr_assert(s.client->authenticated);
  support_free(&s);
}

Test(request, a_wrong_key_is_answered_and_closes) {
  support s;
  s_init(&s);
  s.client->authenticated = false;
  support_send(&s, "{\"id\":\"1\",\"type\":\"authenticate\",\"api_key\":\"keys\"}");
  cr_assert_str_eq(support_next(&s), S_ERROR("Authentication failed"));
  cr_assert_eq(s.client->close_code, SESSION_CLOSE_POLICY);
  cr_assert(!s.client->authenticated);
  support_free(&s);
}

Test(request, names_the_unknown_market) {
  support s;
  s_init(&s);
  static const char *const types[] = {"create_order",   "cancel_order", "get_order",        "get_open_orders",
                                      "get_order_book", "get_ticker",   "get_order_history"};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    char text[256];
    snprintf(text, sizeof text, "{\"id\":\"1\",\"type\":\"%s\",\"market\":\"ETH-USDT\"}", types[i]);
    cr_assert_str_eq(support_ask(&s, text), S_ERROR("Invalid request: exchange is missing"));
    snprintf(text, sizeof text, "{\"id\":\"1\",\"type\":\"%s\",\"exchange\":7,\"market\":\"ETH-USDT\"}", types[i]);
    cr_assert_str_eq(support_ask(&s, text), S_ERROR("Invalid request: exchange must be a string"));
    snprintf(text, sizeof text, "{\"id\":\"1\",\"type\":\"%s\",\"exchange\":\"mtgox\",\"market\":\"X-Y\"}", types[i]);
    cr_assert_str_eq(support_ask(&s, text), S_ERROR("Unknown exchange mtgox"));
    snprintf(text, sizeof text, "{\"id\":\"1\",\"type\":\"%s\",\"exchange\":\"binance\",\"market\":\"X-Y\"}", types[i]);
    cr_assert_str_eq(support_ask(&s, text), S_ERROR("Unknown market X-Y on binance"));
  }
  support_free(&s);
}

Test(request, create_order_pushes_the_order_and_answers_with_it) {
  support s;
  s_init(&s);
  support_send(&s, S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"0.5\",\"price\":\"1500\","
                            "\"client_order_id\":\"mine-1\"}");
  cr_assert_str_eq(
      support_next(&s),
      "{\"type\":\"order_update\",\"data\":{\"order_id\":\"" S_FIRST
      "\",\"symbol\":\"ETH-USDT\",\"exchange\":\"binance\","
      "\"price\":\"1500.00\",\"amount\":\"0.5000\",\"filled\":\"0.0000\",\"side\":\"buy\",\"order_type\":\"limit\","
      "\"status\":\"open\",\"created_at\":1618677817.077736,\"client_order_id\":\"mine-1\","
      "\"timestamp\":1618677817.077736}}");
  cr_assert_str_eq(
      support_next(&s),
      "{\"id\":\"1\",\"status\":\"success\",\"data\":{\"order_id\":\"" S_FIRST "\",\"symbol\":\"ETH-USDT\","
      "\"exchange\":\"binance\",\"price\":\"1500.00\",\"amount\":\"0.5000\",\"filled\":\"0.0000\",\"side\":\"buy\","
      "\"type\":\"limit\",\"status\":\"open\",\"created_at\":1618677817.077736,\"client_order_id\":\"mine-1\"}}");
  support_free(&s);
}

Test(request, a_market_order_pushes_its_fills_first) {
  support s;
  s_init(&s);
  support_send(&s, S_CREATE "\"side\":\"sell\",\"order_type\":\"market\",\"amount\":\"0.01\"}");
  const char *fill = support_next(&s);
  support_has(fill,
              "{\"type\":\"trade\",\"data\":{\"trade_id\":\"1\",\"order_id\":\"" S_FIRST "\",\"symbol\":\"ETH-USDT\"");
  support_has(fill, "\"amount\":\"0.0100\",\"side\":\"sell\",\"timestamp\":1618677817.077736}}");
  support_has(support_next(&s), "\"order_type\":\"market\",\"status\":\"filled\"");
  const char *answer = support_next(&s);
  support_has(answer, "\"price\":null,\"amount\":\"0.0100\",\"filled\":\"0.0100\"");
  support_has(answer, "\"filled_at\":1618677817.077736");
  cr_assert_null(strstr(answer, "client_order_id"));
  support_free(&s);
}

Test(request, create_order_refuses) {
  support s;
  s_init(&s);
  static const row rows[] = {
      {S_CREATE "\"order_type\":\"limit\"}", S_ERROR("Invalid order: side is missing")},
      {S_CREATE "\"side\":\"both\",\"order_type\":\"limit\"}", S_ERROR("Invalid order: side is not known")},
      {S_CREATE "\"side\":\"buy\",\"order_type\":\"iceberg\"}", S_ERROR("Invalid order: order_type is not known")},
      {S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"price\":\"1\"}",
       S_ERROR("Invalid order: amount is missing")},
      {S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1e3\",\"price\":\"1\"}",
       S_ERROR("Invalid order: amount is no decimal number")},
      {S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":true,\"price\":\"1\"}",
       S_ERROR("Invalid order: amount is no decimal number")},
      {S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"0.0001\",\"price\":\"1800\"}",
       S_ERROR("Order size below the minimum of 0.0010")},
      {S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"18000\"}",
       S_ERROR("Price outside the allowed range of 900.00 to 2700.00")},
      {S_CREATE "\"side\":\"sell\",\"order_type\":\"limit\",\"amount\":\"1000.1\",\"price\":\"1800\"}",
       S_ERROR("Insufficient funds: 1000.00 ETH available")},
      {"{\"id\":\"1\",\"type\":\"create_order\",\"exchange\":\"coinbase\",\"market\":\"LUNA-USD\",\"side\":\"buy\","
       "\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1\"}",
       S_ERROR("Market is closed: LUNA-USD")},
  };
  S_CHECK_ROWS(&s, rows);
  support_free(&s);
}

Test(request, takes_numbers_for_strings_and_a_client_id_of_64_bytes_at_most) {
  support s;
  s_init(&s);
  support_has(support_ask(&s, S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":1.5,\"price\":1500}"),
              "\"price\":\"1500.00\",\"amount\":\"1.5000\"");
  char text[512];
  snprintf(text, sizeof text,
           S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\","
                    "\"client_order_id\":\"%065d\"}",
           7);
  cr_assert_str_eq(support_ask(&s, text), S_ERROR("Invalid request: client_order_id is too long"));
  support_free(&s);
}

Test(request, an_order_is_found_until_it_is_cancelled_and_after) {
  support s;
  s_init(&s);
  uint64_t id = support_order_id(
      support_ask(&s, S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\"}"));
  support_has(support_ask(&s, s_about("get_order", id)), "\"status\":\"open\"");
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_open_orders\"," S_ETH "}"), "\"order_id\":\"" S_FIRST "\"");
  cr_assert_str_eq(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_open_orders\",\"exchange\":\"binance\","
                                   "\"market\":\"BTC-USDT\"}"),
                   "{\"id\":\"1\",\"status\":\"success\",\"data\":[]}");
  support_send(&s, s_about("cancel_order", id));
  support_has(support_next(&s), "\"status\":\"cancelled\"");
  cr_assert_str_eq(support_next(&s),
                   "{\"id\":\"1\",\"status\":\"success\",\"data\":{\"order_id\":\"" S_FIRST "\",\"cancelled\":true}}");
  support_send(&s, s_about("cancel_order", id));
  cr_assert_str_eq(support_next(&s),
                   "{\"id\":\"1\",\"status\":\"success\",\"data\":{\"order_id\":\"" S_FIRST "\",\"cancelled\":true}}");
  cr_assert_str_eq(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_open_orders\"," S_ETH "}"),
                   "{\"id\":\"1\",\"status\":\"success\",\"data\":[]}");
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_order_history\"," S_ETH "}"), "\"status\":\"cancelled\"");
  support_free(&s);
}

Test(request, a_filled_order_is_not_cancelled) {
  support s;
  s_init(&s);
  uint64_t id =
      support_order_id(support_ask(&s, S_CREATE "\"side\":\"sell\",\"order_type\":\"market\",\"amount\":\"0.01\"}"));
  support_has(support_ask(&s, s_about("cancel_order", id)), "\"cancelled\":false");
  support_has(support_ask(&s, s_about("get_order", id)), "\"status\":\"filled\"");
  support_free(&s);
}

Test(request, unknown_orders) {
  support s;
  s_init(&s);
  cr_assert_str_eq(support_ask(&s, s_about("cancel_order", 999)), S_ERROR("Unknown order 999"));
  cr_assert_str_eq(support_ask(&s, s_about("get_order", 1)), S_ERROR("Unknown order 1"), "the crowd's are nobody's");
  static const row rows[] = {
      {"{\"id\":\"1\",\"type\":\"get_order\"," S_ETH "}", S_ERROR("Invalid request: order_id is missing")},
      {"{\"id\":\"1\",\"type\":\"get_order\"," S_ETH ",\"order_id\":\"abc\"}", S_ERROR("Unknown order abc")},
      {"{\"id\":\"1\",\"type\":\"get_order\"," S_ETH ",\"order_id\":\"99999999999999999999\"}",
       S_ERROR("Unknown order 99999999999999999999")},
  };
  S_CHECK_ROWS(&s, rows);
  support_free(&s);
}

Test(request, history_is_newest_first_and_limited) {
  support s;
  s_init(&s);
  for (unsigned i = 0; i < 3; i++)
    support_ask(&s, S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\"}");
  const char *answer = support_ask(&s, "{\"id\":\"1\",\"type\":\"get_order_history\"," S_ETH ",\"limit\":2}");
  const char *newest = strstr(answer, "\"order_id\":\"163\""), *older = strstr(answer, "\"order_id\":\"162\"");
  cr_assert(newest && older && newest < older);
  cr_assert_null(strstr(answer, "\"order_id\":\"" S_FIRST "\""));
  static const row rows[] = {
      {"{\"id\":\"1\",\"type\":\"get_order_history\"," S_ETH ",\"limit\":0}",
       S_ERROR("Invalid request: limit must be a number from 1 to 10000")},
      {"{\"id\":\"1\",\"type\":\"get_order_history\"," S_ETH ",\"limit\":\"5\"}",
       S_ERROR("Invalid request: limit must be a number from 1 to 10000")},
  };
  S_CHECK_ROWS(&s, rows);
  support_free(&s);
}

Test(request, forgets_client_ids_when_told_to) {
  simulator_options options = support_options();
  options.no_client_ids = true;
  support s;
  support_init(&s, &options);
  support_send(&s, S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\","
                            "\"client_order_id\":\"mine\"}");
  for (const char *frame; *(frame = support_next(&s));)
    cr_assert_null(strstr(frame, "client_order_id"));
  support_free(&s);
}

static size_t s_count(const char *text, const char *part) {
  size_t count = 0;
  for (const char *at = text; (at = strstr(at, part)); at++)
    count++;
  return count;
}

Test(request, books_have_the_depth_that_was_asked_for) {
  support s;
  s_init(&s);
  cr_assert_eq(s_count(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_order_book\"," S_ETH "}"), "[\""), 20);
  const char *answer = support_ask(&s, "{\"id\":\"1\",\"type\":\"get_order_book\"," S_ETH ",\"depth\":3}");
  cr_assert_eq(s_count(answer, "[\""), 6);
  support_has(answer, "\"data\":{\"timestamp\":1618677817.077736,\"bids\":[[\"");
  cr_assert_str_eq(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_order_book\"," S_ETH ",\"depth\":5001}"),
                   S_ERROR("Invalid request: depth must be a number from 1 to 5000"));
  support_free(&s);
}

Test(request, tickers_balances_and_positions) {
  support s;
  s_init(&s);
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_ticker\"," S_ETH "}"),
              "\"last\":\"1800.00\",\"volume\":\"0.0000\",\"timestamp\":1618677817.077736}");
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_balances\",\"exchange\":\"binance\"}"),
              "\"data\":{\"binance\":{\"ETH\":{\"total\":\"1000.00\",\"available\":\"1000.00\"},"
              "\"USDT\":{\"total\":\"1000000.00\",\"available\":\"1000000.00\"}");
  static const row rows[] = {
      {"{\"id\":\"1\",\"type\":\"get_balances\",\"exchange\":\"mtgox\"}", S_ERROR("Unknown exchange mtgox")},
      {"{\"id\":\"1\",\"type\":\"get_positions\",\"exchange\":\"binance\"}",
       S_ERROR("get_positions is not supported by binance")},
      {"{\"id\":\"1\",\"type\":\"get_positions\",\"exchange\":\"binance_perpetual\"}",
       "{\"id\":\"1\",\"status\":\"success\",\"data\":[]}"},
  };
  S_CHECK_ROWS(&s, rows);
  support_ask(&s, "{\"id\":\"1\",\"type\":\"create_order\",\"exchange\":\"binance_perpetual\","
                  "\"market\":\"ETH-USDT\",\"side\":\"sell\",\"order_type\":\"market\",\"amount\":\"0.010\"}");
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_positions\",\"exchange\":\"binance_perpetual\"}"),
              "\"data\":[{\"symbol\":\"ETH-USDT\",\"side\":\"sell\",\"amount\":\"0.010\",\"entry_price\":\"");
  support_free(&s);
}

Test(request, subscriptions_bring_a_snapshot_and_then_changes) {
  support s;
  s_init(&s);
  support_send(&s, "{\"id\":\"1\",\"type\":\"subscribe\",\"channel\":\"order_book\"," S_ETH "}");
  cr_assert_str_eq(support_next(&s), "{\"id\":\"1\",\"status\":\"success\",\"message\":\"Subscribed to order_book of "
                                     "ETH-USDT on binance\"}");
  support_has(support_next(&s), "{\"type\":\"order_book_update\",\"data\":{\"symbol\":\"ETH-USDT\"");
  support_send(&s, "{\"id\":\"1\",\"type\":\"subscribe\",\"channel\":\"ticker\"," S_ETH "}");
  support_next(&s);
  support_has(support_next(&s), "{\"type\":\"ticker_update\"");
  support_send(&s, "{\"id\":\"1\",\"type\":\"subscribe\",\"channel\":\"trades\"," S_ETH "}");
  support_next(&s);
  cr_assert_str_eq(support_next(&s), "");

  support_send(&s, S_CREATE "\"side\":\"sell\",\"order_type\":\"market\",\"amount\":\"0.01\"}");
  const char *print = support_next(&s);
  support_has(print, "\"trade\"");
  cr_assert_null(strstr(print, "order_id"), "the public print comes without");
  support_has(support_next(&s), "\"order_id\"");
  support_has(support_next(&s), "order_update");
  support_has(support_next(&s), "order_book_update");
  support_has(support_next(&s), "\"ticker_update\",\"data\":{\"symbol\":\"ETH-USDT\",\"exchange\":\"binance\"");
  support_has(support_next(&s), "\"id\":\"1\"");

  static const row rows[] = {
      {"{\"id\":\"1\",\"type\":\"unsubscribe\",\"channel\":\"trades\"," S_ETH "}",
       "{\"id\":\"1\",\"status\":\"success\",\"message\":\"Unsubscribed from trades of ETH-USDT on binance\"}"},
      {"{\"id\":\"1\",\"type\":\"subscribe\",\"channel\":\"gossip\"," S_ETH "}",
       S_ERROR("Invalid request: channel is not known")},
      {"{\"id\":\"1\",\"type\":\"unsubscribe\"," S_ETH "}", S_ERROR("Invalid request: channel is missing")},
      {"{\"id\":\"1\",\"type\":\"subscribe\",\"channel\":\"trades\",\"exchange\":\"binance\",\"market\":\"X-Y\"}",
       S_ERROR("Unknown market X-Y on binance")},
  };
  S_CHECK_ROWS(&s, rows);
  support_send(&s, S_CREATE "\"side\":\"sell\",\"order_type\":\"market\",\"amount\":\"0.01\"}");
  support_has(support_next(&s), "\"order_id\"");
  support_free(&s);
}

Test(request, far_changes_of_the_book_are_not_pushed) {
  support s;
  s_init(&s);
  support_send(&s, "{\"id\":\"1\",\"type\":\"subscribe\",\"channel\":\"order_book\"," S_ETH "}");
  support_next(&s);
  support_next(&s);
  support_send(&s, S_CREATE "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1000\"}");
  support_has(support_next(&s), "order_update");
  support_has(support_next(&s), "\"id\":\"1\"");
  support_free(&s);
}

Test(request, every_authenticated_session_hears_of_orders) {
  support s;
  s_init(&s);
  session *other = hub_add(&s.sim.sessions, NULL, NULL), *stranger = hub_add(&s.sim.sessions, NULL, NULL);
  other->authenticated = true;
  support_send(&s, S_CREATE "\"side\":\"sell\",\"order_type\":\"market\",\"amount\":\"0.01\"}");
  cr_assert_eq(other->queue_count, 2);
  cr_assert_eq(stranger->queue_count, 0);
  support_free(&s);
}

Test(request, the_ledger_has_every_outcome) {
  char path[] = "test-sim-ledger-XXXXXX";
  int file = mkstemp(path);
  cr_assert_geq(file, 0);
  simulator_options options = support_options();
  options.ledger_path = path;
  support s;
  support_init(&s, &options);
  uint64_t id =
      support_order_id(support_ask(&s, S_CREATE "\"side\":\"sell\",\"order_type\":\"market\",\"amount\":\"0.01\","
                                                "\"client_order_id\":\"mine\"}"));
  support_ask(&s, s_about("cancel_order", id));
  support_ask(&s, S_CREATE "\"side\":\"sell\",\"order_type\":\"market\",\"client_order_id\":\"bad\"}");
  support_free(&s);

  static const char *const parts[] = {"\"n\":1,\"t\":1618677817.077736,\"event\":\"connection\",\"outcome\":\"opened\"",
                                      "\"event\":\"create\",\"outcome\":\"accepted\",\"connection\":1",
                                      "\"event\":\"fill\"", "\"event\":\"cancel\",\"outcome\":\"rejected\"",
                                      "\"client_order_id\":\"bad\",\"side\":\"sell\",\"order_type\":\"market\","
                                      "\"price\":null,\"stop_price\":null,\"amount\":null,"
                                      "\"message\":\"Invalid order: amount is missing\""};
  FILE *lines = fdopen(file, "r");
  char line[1024];
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    cr_assert_not_null(fgets(line, sizeof line, lines));
    support_has(line, parts[i]);
  }
  cr_assert_null(fgets(line, sizeof line, lines));
  fclose(lines);
  remove(path);
}
