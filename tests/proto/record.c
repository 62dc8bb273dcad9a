#include "proto/record.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/pack.h"
#include "sample.h"
#include "vector.h"

#define D(literal)                                                                                                     \
  { sizeof(literal) - 1, literal }

/* A value of msgpack in a zone of its own. */
typedef struct parsed {
  msgpack_zone zone;
  msgpack_object object;
} parsed;

static void s_parse(parsed *self, const uint8_t *data, size_t size) {
  size_t offset = 0;
  cr_assert(msgpack_zone_init(&self->zone, 4096));
  cr_assert_eq(msgpack_unpack((const char *)data, size, &offset, &self->zone, &self->object), MSGPACK_UNPACK_SUCCESS);
  cr_assert_eq(offset, size, "one value and nothing behind it");
}

static void s_free(parsed *self) {
  msgpack_zone_destroy(&self->zone);
}

static hbus_name s_long_name = "exchange-of-a-name-that-is-exactly-sixty-four-bytes-long-0123456";

static hbus_order s_full_order(void) {
  hbus_order order = {.market = "BTC-USD",
                      .order_id = "o-1",
                      .client_order_id = "c-1",
                      .owner = "maker",
                      .side = HBUS_SELL,
                      .order_type = HBUS_STOP_LIMIT,
                      .status = HBUS_PARTIALLY_FILLED,
                      .price = D("1.50"),
                      .stop_price = D("1.60"),
                      .amount = D("7"),
                      .filled = D("0.000"),
                      .market_type = HBUS_FUTURES,
                      .account = "sub",
                      .position_action = HBUS_POSITION_OPEN,
                      .created_at_ns = 1,
                      .filled_at_ns = UINT64_MAX,
                      .cancel_requested = true,
                      .rev = 12};
  memcpy(order.exchange, s_long_name, sizeof s_long_name);
  return order;
}

Test(record, an_order_has_its_identity_in_replies_only) {
  hbus_order order = s_full_order(), read;
  for (record_place place = RECORD_IN_EVENT; place <= RECORD_IN_REPLY; place++) {
    buffer out;
    parsed value;
    buffer_init(&out, 4096);
    cr_assert_eq(record_pack_order(&order, place, &out), HBUS_OK);
    s_parse(&value, out.data, out.size);
    cr_assert_eq(value.object.via.map.size, place == RECORD_IN_REPLY ? 19 : 16);
    cr_assert_eq(record_unpack_order(&value.object, &read, NULL), HBUS_OK);
    hbus_order expected = order;
    if (place == RECORD_IN_EVENT) {
      expected.client_order_id[0] = expected.owner[0] = '\0';
      expected.rev = 0;
    }
    sample_expect_order(&read, &expected, "order");
    s_free(&value);
    buffer_free(&out);
  }
}

Test(record, what_is_absent_is_left_out) {
  static const char expected[] = "\x86\xa8"
                                 "exchange\xa1"
                                 "e\xa6market\xa1m\xa4side\xa3"
                                 "buy\xaaorder_type\xa4stop\xa6status\xa7unknown\xa6"
                                 "amount\xa1"
                                 "1";
  hbus_order order = {.exchange = "e",
                      .market = "m",
                      .side = HBUS_BUY,
                      .order_type = HBUS_STOP,
                      .status = HBUS_UNKNOWN,
                      .amount = D("1")};
  buffer out;
  buffer_init(&out, 4096);
  cr_assert_eq(record_pack_order(&order, RECORD_IN_REPLY, &out), HBUS_OK);
  cr_assert_eq(out.size, sizeof expected - 1);
  cr_assert_eq(memcmp(out.data, expected, out.size), 0);
  buffer_free(&out);
}

Test(record, extra_pairs_follow_and_are_counted) {
  static const uint8_t pairs[] = "\xa3"
                                 "fee\xa3"
                                 "0.1\xa4tags\x92\x01\xc0";
  hbus_extra extra = {.pairs = {pairs, sizeof pairs - 1}, .count = 2};
  hbus_order order = s_full_order();
  order.extra = extra;
  hbus_ticker ticker = {.exchange = "e", .market = "m", .ts_ns = 5, .extra = extra};
  hbus_position position = {.exchange = "e", .market = "m", .side = HBUS_BUY, .amount = D("1"), .extra = extra};
  hbus_book book = {.exchange = "e", .market = "m", .ts_ns = 5, .extra = extra};
  buffer outs[4];
  for (size_t i = 0; i < 4; i++)
    buffer_init(&outs[i], 4096);
  cr_assert_eq(record_pack_order(&order, RECORD_IN_REPLY, &outs[0]), HBUS_OK);
  cr_assert_eq(record_pack_ticker(&ticker, RECORD_IN_REPLY, &outs[1]), HBUS_OK);
  cr_assert_eq(record_pack_position(&position, &outs[2]), HBUS_OK);
  cr_assert_eq(record_pack_book(&book, RECORD_IN_REPLY, &outs[3]), HBUS_OK);
  static const uint32_t known[] = {19, 3, 4, 5};
  for (size_t i = 0; i < 4; i++) {
    parsed value;
    s_parse(&value, outs[i].data, outs[i].size);
    cr_assert_eq(value.object.via.map.size, known[i] + 2, "record %zu", i);
    cr_assert_eq(memcmp(outs[i].data + outs[i].size - sizeof pairs + 1, pairs, sizeof pairs - 1), 0);
    s_free(&value);
    buffer_free(&outs[i]);
  }
}

Test(record, balances_positions_and_cancels_make_the_round_trip) {
  hbus_balance balance = {.exchange = "kraken", .asset = "BTC", .total = D("1.50"), .available = D("0")}, balance_read;
  hbus_position position = {.exchange = "b",
                            .market = "BTC-USDT",
                            .side = HBUS_SELL,
                            .amount = D("3"),
                            .entry_price = D("60000.0"),
                            .unrealized_pnl = D("-12.5"),
                            .leverage = D("10"),
                            .owner = "maker",
                            .realized_pnl = D("-0.00"),
                            .unpriced = D("-1"),
                            .working_buy = D("2"),
                            .working_sell = D("0.5")},
                position_read;
  hbus_cancel cancel = {.order_id = "o", .client_order_id = "c", .cancelled = true}, cancel_read;
  buffer out;
  parsed value;
  buffer_init(&out, 4096);
  cr_assert_eq(record_pack_balance(&balance, &out), HBUS_OK);
  s_parse(&value, out.data, out.size);
  cr_assert_eq(record_unpack_balance(&value.object, &balance_read, NULL), HBUS_OK);
  cr_assert_eq(memcmp(&balance, &balance_read, sizeof balance), 0);
  s_free(&value);

  buffer_reset(&out);
  cr_assert_eq(record_pack_position(&position, &out), HBUS_OK);
  s_parse(&value, out.data, out.size);
  cr_assert_eq(record_unpack_position(&value.object, &position_read, NULL), HBUS_OK);
  cr_assert_eq(memcmp(&position, &position_read, sizeof position), 0);
  s_free(&value);

  for (int cancelled = 0; cancelled < 2; cancelled++) {
    buffer_reset(&out);
    cancel.cancelled = cancelled;
    cancel.requested = !cancelled;
    cr_assert_eq(record_pack_cancel(&cancel, &out), HBUS_OK);
    s_parse(&value, out.data, out.size);
    cr_assert_eq(value.object.via.map.size, cancelled ? 3 : 4, "cancelled false is said, too");
    cr_assert_eq(record_unpack_cancel(&value.object, &cancel_read, NULL), HBUS_OK);
    cr_assert_eq(cancel_read.cancelled, cancelled);
    cr_assert_eq(cancel_read.requested, !cancelled);
    cr_assert_str_eq(cancel_read.client_order_id, "c");
    s_free(&value);
  }
  buffer_free(&out);
}

/* Packs a trade, counts its keys, and reads it back. */
static void s_expect_trade_round_trip(const hbus_trade *trade, uint32_t keys) {
  hbus_trade read;
  buffer out;
  parsed value;
  buffer_init(&out, 4096);
  cr_assert_eq(record_pack_trade(trade, &out), HBUS_OK);
  s_parse(&value, out.data, out.size);
  cr_assert_eq(value.object.via.map.size, keys);
  cr_assert_eq(record_unpack_trade(&value.object, &read, NULL), HBUS_OK);
  sample_expect_trade(&read, trade, "trade");
  s_free(&value);
  buffer_free(&out);
}

Test(record, rule_14_a_trade_says_what_of_it_was_told_before) {
  hbus_trade inferred = {.exchange = "e", .market = "m", .order_id = "o", .amount = D("1"), .side = HBUS_BUY};
  s_expect_trade_round_trip(&inferred, 5);
  hbus_trade trade = {.trade_id = "t",
                      .exchange = "e",
                      .market = "m",
                      .order_id = "o",
                      .price = D("5"),
                      .amount = D("1"),
                      .replaces = D("0.25"),
                      .side = HBUS_BUY};
  s_expect_trade_round_trip(&trade, 8);
}

Test(record, the_answer_to_cancel_all_counts) {
  static const struct {
    hbus_cancels cancels;
    uint32_t keys;
  } rows[] = {{{.requested = 3, .not_sent = 1}, 2}, {{.requested = 2}, 1}, {{0}, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    hbus_cancels read = {.requested = 99, .not_sent = 99};
    buffer out;
    parsed value;
    buffer_init(&out, 4096);
    cr_assert_eq(record_pack_cancels(&rows[i].cancels, &out), HBUS_OK);
    s_parse(&value, out.data, out.size);
    cr_assert_eq(value.object.via.map.size, rows[i].keys, "nothing is left out but zero");
    cr_assert_eq(record_unpack_cancels(&value.object, &read, NULL), HBUS_OK);
    cr_assert_eq(read.requested, rows[i].cancels.requested);
    cr_assert_eq(read.not_sent, rows[i].cancels.not_sent);
    s_free(&value);
    buffer_free(&out);
  }
}

Test(record, a_reply_says_when_a_book_and_a_ticker_were_true) {
  hbus_level level = {D("1"), D("2")};
  hbus_book book = {.exchange = "e",
                    .market = "m",
                    .bids = &level,
                    .bid_count = 1,
                    .asks = &level,
                    .ask_count = 1,
                    .ts_ns = 99},
            book_read;
  hbus_ticker ticker = {.exchange = "e", .market = "m", .last = D("3"), .ts_ns = 99}, ticker_read;
  record_levels levels = {0};
  for (record_place place = RECORD_IN_EVENT; place <= RECORD_IN_REPLY; place++) {
    buffer out;
    parsed value;
    buffer_init(&out, 4096);
    cr_assert_eq(record_pack_book(&book, place, &out), HBUS_OK);
    s_parse(&value, out.data, out.size);
    cr_assert_eq(record_unpack_book(&value.object, &levels, &book_read, NULL), HBUS_OK);
    cr_assert_eq(book_read.ts_ns, place == RECORD_IN_REPLY ? 99 : 0);
    cr_assert_str_eq(book_read.asks[0].amount.text, "2");
    s_free(&value);
    buffer_reset(&out);
    cr_assert_eq(record_pack_ticker(&ticker, place, &out), HBUS_OK);
    s_parse(&value, out.data, out.size);
    cr_assert_eq(record_unpack_ticker(&value.object, &ticker_read, NULL), HBUS_OK);
    cr_assert_eq(ticker_read.ts_ns, place == RECORD_IN_REPLY ? 99 : 0);
    s_free(&value);
    buffer_free(&out);
  }
  free(levels.items);
}

/* ---- what each record must have ---- */

typedef hbus_status unpack_any(const msgpack_object *map, hbus_error *error);

static hbus_status s_order(const msgpack_object *map, hbus_error *e) {
  return record_unpack_order(map, &(hbus_order){0}, e);
}
static hbus_status s_trade(const msgpack_object *map, hbus_error *e) {
  return record_unpack_trade(map, &(hbus_trade){0}, e);
}
static hbus_status s_ticker(const msgpack_object *map, hbus_error *e) {
  return record_unpack_ticker(map, &(hbus_ticker){0}, e);
}
static hbus_status s_balance(const msgpack_object *map, hbus_error *e) {
  return record_unpack_balance(map, &(hbus_balance){0}, e);
}
static hbus_status s_position(const msgpack_object *map, hbus_error *e) {
  return record_unpack_position(map, &(hbus_position){0}, e);
}
static hbus_status s_cancel(const msgpack_object *map, hbus_error *e) {
  return record_unpack_cancel(map, &(hbus_cancel){0}, e);
}
static hbus_status s_notice(const msgpack_object *map, hbus_error *e) {
  return record_unpack_notice(map, &(hbus_notice){0}, e);
}
static hbus_status s_link(const msgpack_object *map, hbus_error *e) {
  return record_unpack_link(map, &(hbus_link){0}, e);
}
static hbus_status s_book(const msgpack_object *map, hbus_error *e) {
  record_levels levels = {0};
  hbus_status status = record_unpack_book(map, &levels, &(hbus_book){0}, e);
  free(levels.items);
  return status;
}

#define KEYS_MAX 6

/* Each record's least, as key and packed value. */
static const struct {
  unpack_any *unpack;
  const char *keys[KEYS_MAX];
  const char *values[KEYS_MAX];
} s_least[] = {
    {s_order,
     {"exchange", "market", "side", "order_type", "status", "amount"},
     {"\xa1"
      "e",
      "\xa1m",
      "\xa3"
      "buy",
      "\xa6market", "\xa4open",
      "\xa1"
      "1"}},
    {s_trade,
     {"exchange", "market", "amount", "side"},
     {"\xa1"
      "e",
      "\xa1m",
      "\xa1"
      "1",
      "\xa4sell"}},
    {s_ticker,
     {"exchange", "market"},
     {"\xa1"
      "e",
      "\xa1m"}},
    {s_book,
     {"exchange", "market", "bids", "asks"},
     {"\xa1"
      "e",
      "\xa1m", "\x90",
      "\x91\x92\xa1"
      "1\xa1"
      "2"}},
    {s_balance,
     {"exchange", "asset", "total", "available"},
     {"\xa1"
      "e",
      "\xa1"
      "a",
      "\xa1"
      "2",
      "\xa1"
      "1"}},
    {s_position,
     {"exchange", "market", "amount"},
     {"\xa1"
      "e",
      "\xa1m",
      "\xa1"
      "1"}},
    {s_cancel, {"cancelled"}, {"\xc2"}},
    {s_link,
     {"status"},
     {"\xa5"
      "error"}},
    {s_notice, {NULL}, {NULL}},
};

/* Packs the keys but `without`, with `twice` standing twice, and `wrong` having nil for its value. */
static hbus_status s_try(size_t row, int without, int twice, int wrong, hbus_error *error) {
  buffer out;
  buffer_init(&out, 4096);
  size_t count = 0;
  while (count < KEYS_MAX && s_least[row].keys[count])
    count++;
  pack_map(&out, count - (without >= 0) + (twice >= 0));
  for (int i = 0; i < (int)count; i++) {
    for (int times = i == without ? 0 : i == twice ? 2 : 1; times > 0; times--) {
      const char *value = i == wrong ? "\xc0" : s_least[row].values[i];
      pack_string(&out, s_least[row].keys[i]);
      buffer_append(&out, value, strlen(value));
    }
  }
  parsed value;
  s_parse(&value, out.data, out.size);
  hbus_status status = s_least[row].unpack(&value.object, error);
  s_free(&value);
  buffer_free(&out);
  return status;
}

Test(record, what_must_be_there_is_missed_by_name) {
  for (size_t row = 0; row < sizeof s_least / sizeof s_least[0]; row++) {
    hbus_error error = {0};
    cr_assert_eq(s_try(row, -1, -1, -1, &error), HBUS_OK, "record %zu: %s", row, error.text);
    for (int i = 0; i < KEYS_MAX && s_least[row].keys[i]; i++) {
      cr_assert_eq(s_try(row, i, -1, -1, &error), HBUS_MALFORMED);
      cr_assert_not_null(strstr(error.text, s_least[row].keys[i]), "%s", error.text);
      cr_assert_not_null(strstr(error.text, "is missing"), "%s", error.text);
      cr_assert_eq(s_try(row, -1, i, -1, &error), HBUS_MALFORMED);
      cr_assert_not_null(strstr(error.text, "is there twice"), "%s", error.text);
      cr_assert_eq(s_try(row, -1, -1, i, &error), HBUS_MALFORMED);
      cr_assert_not_null(strstr(error.text, s_least[row].keys[i]), "%s", error.text);
    }
  }
}

Test(record, a_record_must_be_a_map) {
  parsed value;
  s_parse(&value, (const uint8_t *)"\x90", 1);
  for (size_t row = 0; row < sizeof s_least / sizeof s_least[0]; row++)
    cr_assert_eq(s_least[row].unpack(&value.object, NULL), HBUS_MALFORMED);
  s_free(&value);
}

Test(record, text_is_as_long_as_it_may_be) {
  static const struct {
    unpack_any *unpack;
    const char *key;
    size_t max;
  } rows[] = {{s_notice, "exchange", HBUS_NAME_MAX},
              {s_notice, "market", HBUS_NAME_MAX},
              {s_notice, "order_id", HBUS_ORDER_ID_MAX},
              {s_notice, "message", HBUS_MESSAGE_MAX}};
  char text[HBUS_MESSAGE_MAX + 1];
  memset(text, 'x', sizeof text);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    for (size_t over = 0; over < 2; over++) {
      buffer out;
      parsed value;
      buffer_init(&out, 4096);
      pack_map(&out, 1);
      pack_string(&out, rows[i].key);
      pack_text(&out, text, rows[i].max + over);
      s_parse(&value, out.data, out.size);
      cr_assert_eq(rows[i].unpack(&value.object, NULL), over ? HBUS_TOO_BIG : HBUS_OK, "%s", rows[i].key);
      s_free(&value);
      buffer_free(&out);
    }
  }
}

Test(record, a_record_that_lacks_something_is_not_packed) {
  buffer out;
  buffer_init(&out, 4096);
  buffer_append(&out, "before", 6);
  cr_assert_eq(record_pack_order(&(hbus_order){.exchange = "e", .market = "m"}, RECORD_IN_EVENT, &out), HBUS_MALFORMED);
  cr_assert_eq(record_pack_trade(&(hbus_trade){.exchange = "e", .market = "m"}, &out), HBUS_MALFORMED);
  cr_assert_eq(record_pack_ticker(&(hbus_ticker){.exchange = "e"}, RECORD_IN_EVENT, &out), HBUS_MALFORMED);
  cr_assert_eq(record_pack_book(&(hbus_book){.market = "m"}, RECORD_IN_EVENT, &out), HBUS_MALFORMED);
  cr_assert_eq(record_pack_balance(&(hbus_balance){.asset = "a"}, &out), HBUS_MALFORMED);
  cr_assert_eq(record_pack_position(&(hbus_position){.exchange = "e", .market = "m"}, &out), HBUS_MALFORMED);
  cr_assert_eq(record_pack_link(&(hbus_link){.code = HBUS_TIMEOUT}, &out), HBUS_MALFORMED);
  cr_assert_eq(out.size, 6);
  cr_assert_eq(out.status, HBUS_OK);
  buffer_free(&out);
}
