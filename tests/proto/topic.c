#include "proto/topic.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

Test(topic, vectors_are_built_and_read_byte_for_byte) {
  vector_list vectors = vectors_load("topics");
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = &vectors.items[i];
    topic built;
    topic_clear(&built);
    size_t offset = 0;
    for (size_t j = 0; j < row->segment_count; j++) {
      char segment[HBUS_TOPIC_MAX + 1];
      cr_assert_eq(topic_append(&built, row->segments[j], strlen(row->segments[j])), HBUS_OK, "%s", row->name);
      cr_assert_eq(topic_next_segment(row->topic, strlen(row->topic), &offset, segment, sizeof segment), HBUS_OK);
      cr_assert_str_eq(segment, row->segments[j]);
    }
    cr_assert_str_eq(built.text, row->topic);
    cr_assert_eq(built.size, strlen(row->topic));
    cr_assert_eq(offset, built.size);
  }
  vectors_free(&vectors);
}

Test(topic, what_is_no_topic_is_refused) {
  vector_list vectors = vectors_load("refused");
  size_t count = 0;
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = &vectors.items[i];
    if (strcmp(row->decoder, "topic") != 0) continue;
    char segment[HBUS_TOPIC_MAX + 1] = "untouched";
    size_t offset = 0;
    cr_assert_eq(topic_next_segment(row->text, strlen(row->text), &offset, segment, sizeof segment),
                 vector_status(row->code), "%s", row->name);
    cr_assert_eq(offset, 0);
    cr_assert_str_eq(segment, "untouched");
    count++;
  }
  cr_assert_geq(count, 9);
  vectors_free(&vectors);
}

Test(topic, every_byte_survives_the_way_there_and_back) {
  for (unsigned byte = 1; byte < 256; byte++) {
    char text[] = {'a', (char)byte, 'z', '\0'}, segment[8];
    topic built;
    topic_clear(&built);
    cr_assert_eq(topic_append(&built, text, 3), HBUS_OK);
    size_t offset = 0;
    cr_assert_eq(topic_next_segment(built.text, built.size, &offset, segment, sizeof segment), HBUS_OK);
    cr_assert_str_eq(segment, text);
    cr_assert_not_null(strchr(built.text, '/'));
    cr_assert_eq(strchr(built.text, '/'), built.text + built.size - 1, "byte %02x looks like an end", byte);
  }
}

Test(topic, a_segment_fills_the_topic_to_its_last_byte) {
  char text[HBUS_TOPIC_MAX + 1];
  memset(text, 'x', sizeof text);
  topic built;
  topic_clear(&built);
  cr_assert_eq(topic_append(&built, text, HBUS_TOPIC_MAX), HBUS_TOO_BIG);
  cr_assert_eq(built.size, 0);
  cr_assert_str_eq(built.text, "");
  cr_assert_eq(topic_append(&built, text, HBUS_TOPIC_MAX - 1), HBUS_OK);
  cr_assert_eq(built.size, HBUS_TOPIC_MAX);
  topic before = built;
  cr_assert_eq(topic_append(&built, "a", 1), HBUS_TOO_BIG);
  cr_assert_eq(memcmp(&built, &before, sizeof built), 0);
  topic_clear(&built);
  memset(text, '/', sizeof text); /* three bytes each */
  cr_assert_eq(topic_append(&built, text, 82), HBUS_TOO_BIG);
  cr_assert_eq(topic_append(&built, text, 81), HBUS_OK);
  cr_assert_eq(built.size, 244);
  cr_assert_eq(topic_append(&built, "", 0), HBUS_MALFORMED);
}

Test(topic, a_segment_must_fit_what_it_is_read_into) {
  char out[4];
  size_t offset = 0;
  cr_assert_eq(topic_next_segment("abcd/", 5, &offset, out, sizeof out), HBUS_TOO_BIG);
  cr_assert_eq(topic_next_segment("abc/d/", 6, &offset, out, sizeof out), HBUS_OK);
  cr_assert_eq(topic_next_segment("abc/d/", 6, &offset, out, sizeof out), HBUS_OK);
  cr_assert_str_eq(out, "d");
  cr_assert_eq(topic_next_segment("abc/d/", 6, &offset, out, sizeof out), HBUS_MALFORMED);
}

Test(topic, reading_stops_at_the_end) {
  guard page = guard_new(64);
  const char *text = "market%2Fdata/a/";
  for (size_t size = 0; size <= strlen(text); size++) {
    const char *placed = (const char *)guard_place(&page, (const uint8_t *)text, size);
    char out[64];
    size_t offset = 0;
    while (topic_next_segment(placed, size, &offset, out, sizeof out) == HBUS_OK)
      ;
    cr_assert_eq(offset, size < 14 ? 0 : size < 16 ? 14 : 16);
  }
  guard_free(&page);
}

static void s_check(const hbus_event *event, const char *expected) {
  topic built;
  cr_assert_eq(topic_of_event(event, &built), HBUS_OK, "%s", expected);
  cr_assert_str_eq(built.text, expected);
}

Test(topic, each_kind_has_its_own) {
  hbus_event event = {.kind = HBUS_KIND_ORDER_BOOK_UPDATE, .data.book = {.exchange = "kraken", .market = "BTC/USD"}};
  s_check(&event, "market_data/order_book/kraken/BTC%2FUSD/");
  event = (hbus_event){.kind = HBUS_KIND_TICKER_UPDATE, .data.ticker = {.exchange = "k", .market = "m"}};
  s_check(&event, "market_data/ticker/k/m/");
  event = (hbus_event){.kind = HBUS_KIND_TRADE, .data.trade = {.exchange = "k", .market = "m"}};
  s_check(&event, "trade_update/k/m/");
  event = (hbus_event){.kind = HBUS_KIND_ORDER_UPDATE, .data.order = {.exchange = "k", .market = "m"}};
  s_check(&event, "order_update/k/m/");
  event = (hbus_event){.kind = HBUS_KIND_ERROR, .src = "hummingbot"};
  s_check(&event, "error/hummingbot/");
  event = (hbus_event){.kind = HBUS_KIND_INFO, .src = "hbusd"};
  s_check(&event, "info/hbusd/");
  event = (hbus_event){.kind = HBUS_KIND_LINK};
  s_check(&event, "system/link/");
  event = (hbus_event){.kind = HBUS_KIND_HEARTBEAT};
  s_check(&event, "system/heartbeat/");
  event = (hbus_event){.kind = HBUS_KIND_SLOW};
  s_check(&event, "system/slow/");
  event = (hbus_event){.kind = HBUS_KIND_STRATEGY_UPDATE, .owner = "maker 1", .data.signal = {.name = "a/b"}};
  s_check(&event, "strategy_update/maker%201/a%2Fb/");
}

Test(topic, a_signal_of_long_names_has_none) {
  hbus_event event = {.kind = HBUS_KIND_STRATEGY_UPDATE};
  memset(event.owner, '/', HBUS_NAME_MAX);
  memset(event.data.signal.name, 'n', 36); /* 16 of "strategy_update/" + 192 + 1 + 36 */
  topic built;
  cr_assert_eq(topic_of_event(&event, &built), HBUS_TOO_BIG);
  event.data.signal.name[35] = '\0';
  cr_assert_eq(topic_of_event(&event, &built), HBUS_OK);
  cr_assert_eq(built.size, HBUS_TOPIC_MAX);
  event.owner[0] = '\0';
  cr_assert_eq(topic_of_event(&event, &built), HBUS_MALFORMED, "nobody's");
}

Test(topic, whole_ones_end_where_a_segment_does) {
  static const struct {
    const char *text;
    bool is_whole;
  } rows[] = {{"system/link/", true}, {"system/", true}, {"a%2Fb/", true}, {"", false},       {"/", false},
              {"system/link", false}, {"a//b/", false},  {"a b/", false},  {"a/%2f/", false}, {"a/ ", false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    cr_expect_eq(topic_is_whole(rows[i].text, strlen(rows[i].text)), rows[i].is_whole, "%s", rows[i].text);
  char text[HBUS_TOPIC_MAX + 1];
  memset(text, 'x', sizeof text);
  text[HBUS_TOPIC_MAX - 1] = text[HBUS_TOPIC_MAX] = '/';
  cr_expect(topic_is_whole(text, HBUS_TOPIC_MAX));
  text[HBUS_TOPIC_MAX - 1] = 'x';
  cr_expect_not(topic_is_whole(text, HBUS_TOPIC_MAX + 1));
}

Test(topic, a_channel_has_that_of_its_events) {
  static const char *const expected[HBUS_CHANNEL_COUNT] = {
      [HBUS_CHANNEL_ORDER_BOOK] = "market_data/order_book/binance/BTC%2FUSDT/",
      [HBUS_CHANNEL_TRADES] = "trade_update/binance/BTC%2FUSDT/",
      [HBUS_CHANNEL_TICKER] = "market_data/ticker/binance/BTC%2FUSDT/"};
  for (hbus_channel channel = HBUS_CHANNEL_NONE; channel < HBUS_CHANNEL_COUNT; channel++) {
    topic built;
    hbus_status status = topic_of_channel(channel, "binance", "BTC/USDT", &built);
    cr_assert_eq(status, channel ? HBUS_OK : HBUS_MALFORMED);
    if (!status) cr_expect_str_eq(built.text, expected[channel]);
  }
}

Test(topic, an_event_without_its_names_has_none) {
  topic built;
  hbus_event event = {.kind = HBUS_KIND_TRADE, .data.trade = {.exchange = "k"}};
  cr_assert_eq(topic_of_event(&event, &built), HBUS_MALFORMED);
  event = (hbus_event){.kind = HBUS_KIND_ERROR};
  cr_assert_eq(topic_of_event(&event, &built), HBUS_MALFORMED);
  event = (hbus_event){.kind = HBUS_KIND_OTHER, .src = "a"};
  cr_assert_eq(topic_of_event(&event, &built), HBUS_MALFORMED);
}

Test(topic, names_fit_up_to_the_last_byte) {
  hbus_name long_name, other;
  memset(long_name, '%', HBUS_NAME_MAX);
  long_name[HBUS_NAME_MAX] = '\0';
  cr_assert(topic_names_fit("kraken", "BTC-USD"));
  cr_assert(topic_names_fit(long_name, "BTC-USD"));
  cr_assert_not(topic_names_fit("kraken", ""));
  cr_assert_not(topic_names_fit("", "BTC-USD"));
  /* 245 = 20 of "market_data/candles/" + 192 + 1 + 22 + 1 + 9 of an interval */
  memset(other, 'm', 23);
  other[22] = '\0';
  cr_assert(topic_names_fit(long_name, other));
  other[22] = 'm';
  other[23] = '\0';
  cr_assert_not(topic_names_fit(long_name, other));
  hbus_event event = {.kind = HBUS_KIND_ORDER_BOOK_UPDATE};
  memcpy(event.data.book.exchange, long_name, sizeof long_name);
  memcpy(event.data.book.market, other, 23);
  event.data.book.market[22] = '\0';
  topic built;
  cr_assert_eq(topic_of_event(&event, &built), HBUS_OK, "what fits can be published");
}

Test(topic, prefixes_lead_to_their_streams) {
  enum { NONE = 0, MARKET = 1 << HBUS_STREAM_MARKET, PRIVATE = 1 << HBUS_STREAM_PRIVATE, BOTH = MARKET | PRIVATE };
  static const struct {
    const char *prefix;
    unsigned streams;
  } rows[] = {
      {"", BOTH},
      {"m", MARKET},
      {"market_data", MARKET},
      {"market_data/", MARKET},
      {"market_data/order_book/k/m/", MARKET},
      {"market_datum", NONE},
      {"trade_update/k/", BOTH},
      {"order_update/", PRIVATE},
      {"order", PRIVATE},
      {"strategy_update/maker/", PRIVATE},
      {"s", BOTH},
      {"st", PRIVATE},
      {"sy", BOTH},
      {"system/link/", BOTH},
      {"system/heartbeat/", BOTH},
      {"system/slow/", BOTH},
      {"error/hbusd/", BOTH},
      {"info/", BOTH},
      {"audit/x/", PRIVATE},
      {"nothing/", NONE},
      {"ORDER_UPDATE/", NONE},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    cr_assert_eq(topic_streams(rows[i].prefix, strlen(rows[i].prefix)), rows[i].streams, "%s", rows[i].prefix);
}

Test(topic, of_a_channel_is_known_again_and_nothing_else_is) {
  static const struct {
    const char *text;
    hbus_channel channel; /* HBUS_CHANNEL_NONE: of none */
    const char *exchange;
    const char *market;
  } rows[] = {
      {"market_data/order_book/binance/ETH-USDT/", HBUS_CHANNEL_ORDER_BOOK, "binance", "ETH-USDT"},
      {"market_data/ticker/binance/BTC%2FUSDT/", HBUS_CHANNEL_TICKER, "binance", "BTC/USDT"},
      {"trade_update/k/m/", HBUS_CHANNEL_TRADES, "k", "m"},
      {"market_data/order_book/binance/ETH-USDT", HBUS_CHANNEL_NONE, NULL, NULL},
      {"market_data/order_book/binance/ETH-USDT/x/", HBUS_CHANNEL_NONE, NULL, NULL},
      {"market_data/order_book/binance/", HBUS_CHANNEL_NONE, NULL, NULL},
      {"market_data/order_book/binance//", HBUS_CHANNEL_NONE, NULL, NULL},
      {"market_data/candles/binance/ETH-USDT/", HBUS_CHANNEL_NONE, NULL, NULL},
      {"order_update/binance/ETH-USDT/", HBUS_CHANNEL_NONE, NULL, NULL},
      {"trade_update/k/%41/", HBUS_CHANNEL_NONE, NULL, NULL},
      {"market_data/", HBUS_CHANNEL_NONE, NULL, NULL},
      {"", HBUS_CHANNEL_NONE, NULL, NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    hbus_channel channel = HBUS_CHANNEL_NONE;
    hbus_name exchange = "untouched", market = "untouched";
    hbus_status status = topic_names_channel(rows[i].text, strlen(rows[i].text), &channel, exchange, market);
    cr_assert_eq(status, rows[i].channel ? HBUS_OK : HBUS_MALFORMED, "%s", rows[i].text);
    cr_assert_eq(channel, rows[i].channel, "%s", rows[i].text);
    cr_assert_str_eq(exchange, status ? "untouched" : rows[i].exchange);
    cr_assert_str_eq(market, status ? "untouched" : rows[i].market);
  }
}

Test(topic, of_a_channel_is_not_read_past_its_size) {
  static const char text[] = "market_data/ticker/binance/ETH-USDT/";
  hbus_channel channel;
  hbus_name exchange, market;
  for (size_t size = 0; size < sizeof text - 1; size++)
    cr_assert_eq(topic_names_channel(text, size, &channel, exchange, market), HBUS_MALFORMED, "%zu", size);
}
