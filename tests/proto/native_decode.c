/* Frames of the native dialect: what each becomes, and what becomes of bad ones. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native_dump.h"
#include "native_vectors.h"
#include "proto/upstream/native/native.h"

#define VECTORS   HBUS_TESTS_DIR "/vectors/native/frames.jsonl"
#define FRAME_MAX (1 << 20)

static native_decoder *s_decoder;
static native_frame s_frame;
static upstream_answer s_answer;
static hbus_error s_error;

static void s_setup(void) {
  s_decoder = native_decoder_new(FRAME_MAX);
}
static void s_teardown(void) {
  native_decoder_destroy(&s_decoder);
}

TestSuite(native_decode, .init = s_setup, .fini = s_teardown);

static hbus_status s_decode(const char *text) {
  return native_decode(s_decoder, text, strlen(text), &s_frame, &s_error);
}

static hbus_status s_decode_as(const char *text, hbus_command_kind kind) {
  hbus_status status = s_decode(text);
  cr_assert_eq(status, HBUS_OK, "%s: %s", text, s_error.text);
  cr_assert_eq(s_frame.kind, NATIVE_RESPONSE);
  return native_decode_answer(s_decoder, kind, &s_answer, &s_error);
}

/* An event, or a response to a command of `kind`. */
static hbus_status s_decode_whole(const char *text, hbus_command_kind kind) {
  hbus_status status = s_decode(text);
  if (status == HBUS_OK && s_frame.kind == NATIVE_RESPONSE)
    status = native_decode_answer(s_decoder, kind, &s_answer, &s_error);
  return status;
}

/* A frame whose unknown fields are wanted: as JSON. */
static void s_expect_extra(const hbus_extra *extra, const char *json) {
  buffer out;
  buffer_init(&out, FRAME_MAX);
  native_dump_extra(extra, &out);
  cr_expect(out.size == strlen(json) && memcmp(out.data, json, out.size) == 0, "%.*s is not %s", (int)out.size,
            (const char *)out.data, json);
  buffer_free(&out);
}

/* ---- Vectors ---- */

static hbus_command_kind s_asked(const json_node *vector) {
  static const char *const requests[HBUS_COMMAND_COUNT] = {
      [HBUS_COMMAND_NONE] = "authenticate",
      [HBUS_CREATE_ORDER] = "create_order",
      [HBUS_CANCEL_ORDER] = "cancel_order",
      [HBUS_GET_ORDER] = "get_order",
      [HBUS_GET_OPEN_ORDERS] = "get_open_orders",
      [HBUS_GET_ORDER_HISTORY] = "get_order_history",
      [HBUS_GET_ORDER_BOOK] = "get_order_book",
      [HBUS_GET_TICKER] = "get_ticker",
      [HBUS_GET_BALANCES] = "get_balances",
      [HBUS_GET_POSITIONS] = "get_positions",
      [HBUS_SUBSCRIBE] = "subscribe",
      [HBUS_UNSUBSCRIBE] = "unsubscribe",
  };
  const json_node *asked = json_get(vector, "asked");
  for (unsigned kind = 0; kind < HBUS_COMMAND_COUNT; kind++)
    if (requests[kind] != NULL && json_is(asked, requests[kind])) return kind;
  cr_assert_fail("a vector that asked nothing known");
  return HBUS_COMMAND_NONE;
}

static hbus_status s_decode_vector(const json_node *vector, const char *text, size_t size) {
  hbus_status status = native_decode(s_decoder, text, size, &s_frame, &s_error);
  if (status == HBUS_OK && s_frame.kind == NATIVE_RESPONSE)
    status = native_decode_answer(s_decoder, s_asked(vector), &s_answer, &s_error);
  return status;
}

static void s_check_vector(const json_node *vector) {
  char *name = native_vectors_string(vector, "name");
  char *text = native_vectors_string(vector, "frame");
  buffer actual;
  buffer_init(&actual, FRAME_MAX);
  hbus_status status = s_decode_vector(vector, text, strlen(text));
  cr_assert_eq(status, HBUS_OK, "%s: %s", name, s_error.text);
  if (s_frame.kind == NATIVE_RESPONSE)
    native_dump_answer(&s_frame, &s_answer, s_asked(vector), &actual);
  else
    native_dump_event(&s_frame, &actual);
  native_vectors_expect(json_get(vector, "decoded"), &actual, name);
  buffer_free(&actual);
  free(name);
  free(text);
}

Test(native_decode, reads_every_frame_of_the_dialect) {
  native_vectors_each(VECTORS, 30, s_check_vector);
}

static void s_truncate_vector(const json_node *vector) {
  char *text = native_vectors_string(vector, "frame");
  for (size_t size = strlen(text); size-- > 0;) {
    char *cut = malloc(size + 1); /* so that a read behind the end is seen */
    memcpy(cut, text, size);
    cr_assert_eq(s_decode_vector(vector, cut, size), HBUS_MALFORMED, "cut at %zu: %s", size, text);
    free(cut);
  }
  free(text);
}

Test(native_decode, refuses_every_truncation) {
  native_vectors_each(VECTORS, 30, s_truncate_vector);
}

static void s_corrupt_vector(const json_node *vector) {
  char *text = native_vectors_string(vector, "frame");
  size_t size = strlen(text);
  for (size_t at = 0; at < size; at++) {
    char kept = text[at];
    for (unsigned bit = 0; bit < 8; bit++) {
      text[at] = (char)(kept ^ (char)(1u << bit));
      hbus_status status = s_decode_vector(vector, text, size);
      cr_assert(status == HBUS_OK || status == HBUS_MALFORMED || status == HBUS_UNSUPPORTED, "%s at %zu",
                hbus_status_name(status), at);
    }
    text[at] = kept;
  }
  free(text);
}

Test(native_decode, survives_every_corrupted_byte) {
  native_vectors_each(VECTORS, 30, s_corrupt_vector);
}

/* ---- Frames ---- */

typedef struct refusal {
  const char *frame;
  hbus_status status;
  const char *named; /* what the sentence must say */
} refusal;

static void s_expect_refusals(const refusal *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    hbus_status status = s_decode(rows[i].frame);
    cr_expect_eq(status, rows[i].status, "%s: %s", rows[i].frame, hbus_status_name(status));
    cr_expect_eq(s_error.status, rows[i].status);
    cr_expect_not_null(strstr(s_error.text, rows[i].named), "%s: \"%s\" does not say \"%s\"", rows[i].frame,
                       s_error.text, rows[i].named);
  }
}

#define EXPECT_REFUSALS(rows) s_expect_refusals(rows, sizeof rows / sizeof rows[0])

Test(native_decode, refuses_what_is_no_frame) {
  static const refusal rows[] = {
      {"", HBUS_MALFORMED, "no JSON"},
      {"hello", HBUS_MALFORMED, "no JSON"},
      {"{\"type\":\"\xff\"}", HBUS_MALFORMED, "no UTF-8"},
      {"[]", HBUS_MALFORMED, "must be an object"},
      {"1", HBUS_MALFORMED, "must be an object"},
      {"{}", HBUS_MALFORMED, "neither"},
      {"{\"id\":\"1\"}", HBUS_MALFORMED, "neither"},
      {"{\"status\":\"success\"}", HBUS_MALFORMED, "neither"},
      {"{\"id\":1,\"status\":\"success\"}", HBUS_MALFORMED, "neither"},
      {"{\"id\":\"1\",\"status\":true}", HBUS_MALFORMED, "neither"},
      {"{\"type\":7,\"data\":{}}", HBUS_MALFORMED, "neither"},
      {"{\"id\":\"1\",\"status\":\"pending\"}", HBUS_MALFORMED, "status"},
      {"{\"id\":\"1\",\"id\":\"2\",\"status\":\"success\"}", HBUS_MALFORMED, "frame.id stands twice"},
      {"{\"type\":\"trade\",\"type\":\"trade\",\"data\":{}}", HBUS_MALFORMED, "frame.type stands twice"},
      {"{\"type\":\"trade\"}", HBUS_MALFORMED, "trade: data must be an object"},
      {"{\"type\":\"trade\",\"data\":null}", HBUS_MALFORMED, "trade: data must be an object"},
      {"{\"type\":\"order_book_update\",\"data\":[]}", HBUS_MALFORMED, "order_book_update: data must be an object"},
      {"{\"type\":\"Trade\",\"data\":{}}", HBUS_UNSUPPORTED, "\"Trade\""},
      {"{\"type\":\"candles\\u0007\\u20ac\",\"data\":{}}", HBUS_UNSUPPORTED, "\"candles????\""},
      {"{\"type\":\"\",\"data\":{}}", HBUS_UNSUPPORTED, "\"\""},
  };
  EXPECT_REFUSALS(rows);
}

Test(native_decode, leaves_its_outputs_alone_when_it_refuses) {
  cr_assert_eq(s_decode("{\"id\":\"9\",\"status\":\"success\",\"data\":{\"order_id\":\"o\",\"cancelled\":true}}"),
               HBUS_OK);
  cr_assert_eq(native_decode_answer(s_decoder, HBUS_CREATE_ORDER, &s_answer, &s_error), HBUS_MALFORMED);
  cr_assert_eq(s_answer.code, HBUS_OK);
  cr_assert_eq(s_answer.data.order.order_id[0], '\0');
  cr_assert_eq(native_decode_answer(s_decoder, HBUS_CANCEL_ORDER, &s_answer, NULL), HBUS_OK);
  cr_assert_str_eq(s_answer.data.cancel.order_id, "o");
  native_frame before = s_frame;
  cr_assert_eq(s_decode("{\"type\":\"trade\",\"data\":{\"symbol\":\"A\"}}"), HBUS_MALFORMED);
  cr_assert_eq(memcmp(&before, &s_frame, sizeof before), 0);
}

Test(native_decode, bounds_size_and_depth) {
  char *text = malloc(FRAME_MAX + 2);
  memset(text, ' ', FRAME_MAX + 1);
  text[FRAME_MAX + 1] = '\0';
  cr_expect_eq(s_decode(text), HBUS_TOO_BIG);
  free(text);
  char deep[128];
  snprintf(deep, sizeof deep, "{\"type\":%.*s%.*s}", 15, "[[[[[[[[[[[[[[[[", 15, "]]]]]]]]]]]]]]]]");
  cr_expect_eq(s_decode(deep), HBUS_MALFORMED);
  snprintf(deep, sizeof deep, "{\"type\":%.*s%.*s}", 16, "[[[[[[[[[[[[[[[[", 16, "]]]]]]]]]]]]]]]]");
  cr_expect_eq(s_decode(deep), HBUS_TOO_DEEP);
}

/* ---- Fields ---- */

#define ORDER(fields) "{\"type\":\"order_update\",\"data\":{" fields "}}"
#define ORDER_FIELDS                                                                                                   \
  "\"order_id\":\"o\",\"symbol\":\"M\",\"exchange\":\"e\",\"amount\":\"1\",\"side\":\"buy\",\"order_type\":\"limit\"," \
  "\"status\":\"open\""
#define TICKER(fields) "{\"type\":\"ticker_update\",\"data\":{\"symbol\":\"M\",\"exchange\":\"e\"" fields "}}"
#define BOOK(bids)                                                                                                     \
  "{\"type\":\"order_book_update\",\"data\":{\"symbol\":\"M\",\"exchange\":\"e\",\"asks\":[],\"bids\":" bids "}}"
#define RESPONSE(data) "{\"id\":\"1\",\"status\":\"success\",\"data\":" data "}"
#define X64            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

Test(native_decode, names_the_field_that_is_wrong) {
  static const refusal rows[] = {
      {ORDER(ORDER_FIELDS ",\"amount\":\"1\""), HBUS_MALFORMED, "data.amount stands twice"},
      {ORDER(ORDER_FIELDS ",\"price\":\"1e5\""), HBUS_MALFORMED, "order_update: data.price must be a decimal"},
      {ORDER(ORDER_FIELDS ",\"price\":1e5"), HBUS_MALFORMED, "data.price must be a decimal"},
      {ORDER(ORDER_FIELDS ",\"price\":\"\""), HBUS_MALFORMED, "data.price"},
      {ORDER(ORDER_FIELDS ",\"price\":\" 1\""), HBUS_MALFORMED, "data.price"},
      {ORDER(ORDER_FIELDS ",\"price\":true"), HBUS_MALFORMED, "data.price"},
      {ORDER(ORDER_FIELDS ",\"price\":\"123456789012345678901234567890123456789\""), HBUS_MALFORMED, "data.price"},
      {ORDER(ORDER_FIELDS ",\"filled\":[]"), HBUS_MALFORMED, "data.filled"},
      {ORDER(ORDER_FIELDS ",\"account\":\"" X64 "x\""), HBUS_MALFORMED, "data.account must be text of at most 64"},
      {ORDER(ORDER_FIELDS ",\"account\":\"a\\u0000b\""), HBUS_MALFORMED, "data.account"},
      {ORDER(ORDER_FIELDS ",\"account\":\"a\\nb\""), HBUS_MALFORMED, "data.account"},
      {ORDER(ORDER_FIELDS ",\"account\":\"a\\u007fb\""), HBUS_MALFORMED, "data.account"},
      {ORDER(ORDER_FIELDS ",\"account\":1"), HBUS_MALFORMED, "data.account"},
      {ORDER(ORDER_FIELDS ",\"client_order_id\":\"" X64 "x\""), HBUS_MALFORMED, "data.client_order_id"},
      {ORDER(ORDER_FIELDS ",\"market_type\":\"swap\""), HBUS_MALFORMED, "data.market_type must be one of spot futures"},
      {ORDER(ORDER_FIELDS ",\"created_at\":-1"), HBUS_MALFORMED, "data.created_at must be unix seconds"},
      {ORDER(ORDER_FIELDS ",\"timestamp\":1.6e9"), HBUS_MALFORMED, "data.timestamp must be unix seconds"},
      {ORDER(ORDER_FIELDS ",\"timestamp\":\"now\""), HBUS_MALFORMED, "data.timestamp"},
      {ORDER(ORDER_FIELDS ",\"timestamp\":\"1.\""), HBUS_MALFORMED, "data.timestamp"},
      {ORDER(ORDER_FIELDS ",\"timestamp\":18446744073.709551616"), HBUS_MALFORMED, "data.timestamp"},
      {ORDER(ORDER_FIELDS ",\"timestamp\":99999999999999999999999"), HBUS_MALFORMED, "data.timestamp"},
      {ORDER(ORDER_FIELDS ",\"timestamp\":{}"), HBUS_MALFORMED, "data.timestamp"},
      {BOOK("{}"), HBUS_MALFORMED, "order_book_update: data.bids must be an array"},
      {BOOK("null"), HBUS_MALFORMED, "data.bids must be an array"},
      {BOOK("[[\"1\",\"2\"],[\"1\"]]"), HBUS_MALFORMED, "data.bids[1] must be a price and an amount"},
      {BOOK("[[\"1\",\"2\",\"3\"]]"), HBUS_MALFORMED, "data.bids[0]"},
      {BOOK("[[]]"), HBUS_MALFORMED, "data.bids[0]"},
      {BOOK("[\"1\",\"2\"]"), HBUS_MALFORMED, "data.bids[0]"},
      {BOOK("[[[\"1\"],[\"2\"]]]"), HBUS_MALFORMED, "data.bids[0]"},
      {BOOK("[[\"1\",\"x\"]]"), HBUS_MALFORMED, "data.bids[0]"},
      {BOOK("[[\"1\",null]]"), HBUS_MALFORMED, "data.bids[0]"},
      {BOOK("[[1e5,\"1\"]]"), HBUS_MALFORMED, "data.bids[0]"},
      {BOOK("[{\"1\":\"2\"}]"), HBUS_MALFORMED, "data.bids[0]"},
  };
  EXPECT_REFUSALS(rows);
}

/* Each record, and the fields that it cannot be without. */
Test(native_decode, names_the_field_that_is_missing) {
  static const struct {
    hbus_command_kind kind; /* HBUS_COMMAND_NONE: an event */
    const char *frame;
    const char *required[8];
  } rows[] = {
      {0, ORDER(ORDER_FIELDS), {"order_id", "symbol", "exchange", "amount", "side", "order_type", "status"}},
      {HBUS_CREATE_ORDER,
       RESPONSE("{\"order_id\":\"o\",\"symbol\":\"M\",\"exchange\":\"e\",\"amount\":\"1\",\"side\":\"buy\","
                "\"type\":\"limit\",\"status\":\"open\"}"),
       {"order_id", "symbol", "exchange", "amount", "side", "type", "status\":\"o"}},
      {0,
       "{\"type\":\"trade\",\"data\":{\"symbol\":\"M\",\"exchange\":\"e\",\"price\":\"1\",\"amount\":\"1\","
       "\"side\":\"buy\"}}",
       {"symbol", "exchange", "price", "amount", "side"}},
      {0, BOOK("[]"), {"symbol", "exchange", "bids", "asks"}},
      {0, TICKER(""), {"symbol", "exchange"}},
      {0, "{\"type\":\"error\",\"data\":{\"message\":\"m\"}}", {"message"}},
      {HBUS_GET_ORDER_BOOK, RESPONSE("{\"bids\":[],\"asks\":[]}"), {"bids", "asks"}},
      {HBUS_CANCEL_ORDER, RESPONSE("{\"order_id\":\"o\",\"cancelled\":false}"), {"order_id", "cancelled"}},
      {HBUS_GET_POSITIONS,
       RESPONSE("[{\"symbol\":\"M\",\"side\":\"long\",\"amount\":\"1\"}]"),
       {"symbol", "side", "amount"}},
      {HBUS_GET_BALANCES, RESPONSE("{\"e\":{\"BTC\":{\"total\":\"1\",\"available\":\"1\"}}}"), {"total", "available"}},
  };
  for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
    cr_expect_eq(s_decode_whole(rows[row].frame, rows[row].kind), HBUS_OK, "%s: %s", rows[row].frame, s_error.text);
    for (const char *const *key = rows[row].required; *key != NULL; key++) {
      char frame[512];
      char named[64];
      snprintf(frame, sizeof frame, "%s", rows[row].frame);
      strstr(frame, *key)[0] = '-'; /* the field is now another, unknown one */
      snprintf(named, sizeof named, ".%.*s is missing", (int)strcspn(*key, "\""), *key);
      cr_expect_eq(s_decode_whole(frame, rows[row].kind), HBUS_MALFORMED, "%s", frame);
      cr_expect_not_null(strstr(s_error.text, named), "%s: \"%s\"", frame, s_error.text);
    }
  }
}

Test(native_decode, takes_null_and_an_empty_name_as_absent) {
  cr_assert_eq(s_decode(ORDER(ORDER_FIELDS ",\"price\":null,\"filled\":null,\"created_at\":null,\"account\":null,"
                                           "\"client_order_id\":\"\",\"timestamp\":null,\"market_type\":null")),
               HBUS_OK, "%s", s_error.text);
  const hbus_order *order = &s_frame.event.data.order;
  cr_expect(hbus_decimal_is_absent(&order->price) && hbus_decimal_is_absent(&order->filled));
  cr_expect(order->created_at_ns == 0 && s_frame.event.ts_ns == 0 && order->market_type == HBUS_MARKET_TYPE_NONE);
  cr_expect(order->account[0] == '\0' && s_frame.event.client_order_id[0] == '\0' && order->extra.count == 0);
  static const refusal rows[] = {{"{\"type\":\"ticker_update\",\"data\":{\"symbol\":\"\",\"exchange\":\"e\"}}",
                                  HBUS_MALFORMED, "symbol is missing"},
                                 {"{\"type\":\"ticker_update\",\"data\":{\"symbol\":null,\"exchange\":\"e\"}}",
                                  HBUS_MALFORMED, "symbol is missing"}};
  EXPECT_REFUSALS(rows);
}

Test(native_decode, takes_decimals_digit_for_digit) {
  static const char *const rows[] = {
      "36.00", "0.10", "007.50", "-1", "12345678901234567890.123", "99999999999999999999999999999999999999"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char frame[256];
    snprintf(frame, sizeof frame, TICKER(",\"bid\":\"%s\""), rows[i]);
    cr_assert_eq(s_decode(frame), HBUS_OK);
    cr_expect_str_eq(s_frame.event.data.ticker.bid.text, rows[i]);
    if (rows[i][0] == '0' && rows[i][1] == '0') continue; /* no JSON number */
    snprintf(frame, sizeof frame, TICKER(",\"bid\":%s"), rows[i]);
    cr_assert_eq(s_decode(frame), HBUS_OK);
    cr_expect_str_eq(s_frame.event.data.ticker.bid.text, rows[i]);
    snprintf(frame, sizeof frame, BOOK("[[%s,\"%s\"]]"), rows[i], rows[i]);
    cr_assert_eq(s_decode(frame), HBUS_OK);
    cr_expect_str_eq(s_frame.event.data.book.bids[0].price.text, rows[i]);
    cr_expect_str_eq(s_frame.event.data.book.bids[0].amount.text, rows[i]);
  }
}

Test(native_decode, takes_times_exactly) {
  static const struct {
    const char *seconds;
    uint64_t ns;
  } rows[] = {{"1618677817.077736", UINT64_C(1618677817077736000)},
              {"\"1618677817.077736\"", UINT64_C(1618677817077736000)},
              {"1618677817", UINT64_C(1618677817000000000)},
              {"1618677817.1", UINT64_C(1618677817100000000)},
              {"1618677817.123456789", UINT64_C(1618677817123456789)},
              {"1618677817.1234567899999999999999999999", UINT64_C(1618677817123456789)},
              {"1618677817.000000001", UINT64_C(1618677817000000001)},
              {"0", 0},
              {"18446744073.709551615", UINT64_MAX}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char frame[256];
    snprintf(frame, sizeof frame, TICKER(",\"timestamp\":%s"), rows[i].seconds);
    cr_assert_eq(s_decode(frame), HBUS_OK, "%s", s_error.text);
    cr_expect_eq(s_frame.event.ts_ns, rows[i].ns, "%s", rows[i].seconds);
    cr_expect_eq(s_frame.event.data.ticker.ts_ns, rows[i].ns);
  }
}

Test(native_decode, takes_texts_up_to_their_limits) {
  cr_assert_eq(s_decode(ORDER(ORDER_FIELDS ",\"account\":\"" X64 "\",\"client_order_id\":\"" X64 "\"")), HBUS_OK);
  cr_expect_str_eq(s_frame.event.data.order.account, X64);
  cr_expect_str_eq(s_frame.event.client_order_id, X64);
  cr_expect_str_empty(s_frame.event.data.order.client_order_id);
}

Test(native_decode, cuts_a_long_message_between_characters) {
  char frame[2048];
  size_t size = (size_t)snprintf(frame, sizeof frame, "{\"type\":\"error\",\"data\":{\"message\":\"");
  for (size_t i = 0; i < 400; i++) /* 1,200 bytes; 341 characters are 1,023 */
    size += (size_t)snprintf(frame + size, sizeof frame - size, "\xe2\x82\xac");
  snprintf(frame + size, sizeof frame - size, "\"}}");
  cr_assert_eq(s_decode(frame), HBUS_OK);
  cr_expect_eq(s_frame.event.data.notice.message.size, 1023);
}

Test(native_decode, bounds_the_levels_of_a_book) {
  static char frame[HBUS_BOOK_LEVELS_MAX * 12 + 256];
  for (size_t levels = HBUS_BOOK_LEVELS_MAX; levels <= HBUS_BOOK_LEVELS_MAX + 1; levels++) {
    size_t size = (size_t)snprintf(frame, sizeof frame,
                                   "{\"type\":\"order_book_update\",\"data\":{\"symbol\":\"M\",\"exchange\":\"e\","
                                   "\"asks\":[],\"bids\":[[\"1\",\"0\"]");
    for (size_t i = 1; i < levels; i++)
      size += (size_t)snprintf(frame + size, sizeof frame - size, ",[\"1\",\"%zu\"]", i % 10);
    snprintf(frame + size, sizeof frame - size, "]}}");
    hbus_status status = s_decode(frame);
    cr_assert_eq(status, levels == HBUS_BOOK_LEVELS_MAX ? HBUS_OK : HBUS_TOO_BIG);
    cr_expect_eq(s_frame.event.data.book.bid_count, HBUS_BOOK_LEVELS_MAX);
    cr_expect_str_eq(s_frame.event.data.book.bids[HBUS_BOOK_LEVELS_MAX - 1].amount.text, "9");
  }
  cr_expect_not_null(strstr(s_error.text, "data.bids has more levels"));
}

/* ---- Unknown fields ---- */

Test(native_decode, passes_unknown_fields_on) {
  static const struct {
    const char *fields, *extra;
  } rows[] = {
      {"", "{}"},
      {",\"a\":1e5,\"b\":1E-7,\"c\":0.10,\"d\":12345678901234567890.123,\"e\":-0",
       "{\"a\":\"1e5\",\"b\":\"1E-7\",\"c\":\"0.10\",\"d\":\"12345678901234567890.123\",\"e\":\"-0\"}"},
      {",\"s\":\"\\u20ac\\n\",\"t\":true,\"f\":false,\"n\":null,\"\":\"\"",
       "{\"s\":\"\xe2\x82\xac\\n\",\"t\":true,\"f\":false,\"n\":null,\"\":\"\"}"},
      {",\"l\":[1,[],{}],\"m\":{\"k\":{\"z\":[null]}}", "{\"l\":[\"1\",[],{}],\"m\":{\"k\":{\"z\":[null]}}}"},
      {",\"ts\":1,\"market\":\"x\",\"price\":2", "{\"upstream_ts\":\"1\",\"upstream_market\":\"x\",\"price\":\"2\"}"},
      {",\"ts\":1,\"upstream_ts\":2", "{\"upstream_ts\":\"1\",\"upstream_upstream_ts\":\"2\"}"},
      {",\"a\":1,\"b\":2,\"a\":3", "{\"a\":\"1\",\"b\":\"2\"}"},
      {",\"m\":{\"a\":1,\"b\":[],\"a\":3,\"c\":4}", "{\"m\":{\"a\":\"1\",\"b\":[],\"c\":\"4\"}}"},
      {",\"l\":[[[[[[[[[[[[]]]]]]]]]]]]", "{\"l\":[[[[[[[[[[[[]]]]]]]]]]]]}"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char frame[512];
    snprintf(frame, sizeof frame, TICKER("%s"), rows[i].fields);
    cr_assert_eq(s_decode(frame), HBUS_OK, "%s: %s", frame, s_error.text);
    s_expect_extra(&s_frame.event.data.ticker.extra, rows[i].extra);
  }
}

Test(native_decode, keeps_hbus_s_own_keys_for_hbus) {
  cr_assert_eq(s_decode(ORDER(ORDER_FIELDS ",\"owner\":\"me\",\"rev\":7,\"market\":\"X\",\"type\":\"t\",\"ts\":1")),
               HBUS_OK);
  s_expect_extra(&s_frame.event.data.order.extra, "{\"upstream_owner\":\"me\",\"upstream_rev\":\"7\","
                                                  "\"upstream_market\":\"X\",\"type\":\"t\",\"upstream_ts\":\"1\"}");
}

Test(native_decode, bounds_unknown_fields) {
  static const refusal deep[] = {
      {TICKER(",\"l\":[[[[[[[[[[[[[]]]]]]]]]]]]]"), HBUS_TOO_DEEP, "data has unknown fields"}};
  EXPECT_REFUSALS(deep);
  static char frame[1 << 14];
  for (unsigned pairs = 256; pairs <= 257; pairs++) {
    for (int nested = 0; nested < 2; nested++) {
      size_t size = (size_t)snprintf(frame, sizeof frame, "{\"type\":\"info\",\"data\":{%s", nested ? "\"m\":{" : "");
      for (unsigned i = 0; i < pairs; i++)
        size += (size_t)snprintf(frame + size, sizeof frame - size, "%s\"k%u\":%u", i > 0 ? "," : "", i, i);
      snprintf(frame + size, sizeof frame - size, "}}%s", nested ? "}" : "");
      cr_expect_eq(s_decode(frame), pairs == 256 ? HBUS_OK : HBUS_TOO_BIG);
    }
  }
}

Test(native_decode, gives_each_record_of_a_list_its_own_unknown_fields) {
  static char frame[1 << 18];
  size_t size = (size_t)snprintf(frame, sizeof frame, "{\"id\":\"1\",\"status\":\"success\",\"data\":[");
  for (unsigned i = 0; i < 1000; i++) {
    size += (size_t)snprintf(frame + size, sizeof frame - size,
                             "%s{\"order_id\":\"o%u\",\"symbol\":\"M\",\"exchange\":\"e\",\"amount\":\"1\",\"side\":"
                             "\"buy\",\"type\":\"limit\",\"status\":\"open\"",
                             i > 0 ? "," : "", i);
    if (i % 3 != 0) size += (size_t)snprintf(frame + size, sizeof frame - size, ",\"fee\":%u.0,\"n\":null", i);
    size += (size_t)snprintf(frame + size, sizeof frame - size, "}");
  }
  snprintf(frame + size, sizeof frame - size, "]}");
  cr_assert_eq(s_decode_as(frame, HBUS_GET_OPEN_ORDERS), HBUS_OK, "%s", s_error.text);
  cr_assert_eq(s_answer.data.orders.count, 1000);
  for (unsigned i = 0; i < 1000; i++) {
    char text[64];
    const hbus_order *order = &s_answer.data.orders.items[i];
    snprintf(text, sizeof text, "o%u", i);
    cr_assert_str_eq(order->order_id, text);
    snprintf(text, sizeof text, "{\"fee\":\"%u.0\",\"n\":null}", i);
    s_expect_extra(&order->extra, i % 3 != 0 ? text : "{}");
  }
}

/* ---- Answers ---- */

Test(native_decode, names_the_record_of_a_list) {
  cr_expect_eq(s_decode_as(RESPONSE("[{" ORDER_FIELDS "}]"), HBUS_GET_OPEN_ORDERS), HBUS_MALFORMED);
  cr_expect_str_eq(s_error.text, "get_open_orders: data[0].type is missing");
  static const struct {
    hbus_command_kind kind;
    const char *data, *named;
  } rows[] = {
      {HBUS_CREATE_ORDER, "null", "create_order: data must be an object"},
      {HBUS_GET_ORDER, "[]", "get_order: data must be an object"},
      {HBUS_GET_OPEN_ORDERS, "{}", "get_open_orders: data must be an array"},
      {HBUS_GET_ORDER_HISTORY, "[1]", "get_order_history: data[0] must be an object"},
      {HBUS_GET_POSITIONS, "[{\"symbol\":\"M\",\"side\":\"both\",\"amount\":\"1\"}]", "data[0].side must be one of"},
      {HBUS_GET_BALANCES, "[]", "get_balances: data must be an object"},
      {HBUS_GET_BALANCES, "{\"e\":[]}", "must be an object"},
      {HBUS_GET_BALANCES, "{\"e\":{\"BTC\":[]}}", "must be an object"},
      {HBUS_GET_BALANCES, "{\"\":{\"BTC\":{\"total\":\"1\",\"available\":\"1\"}}}", "no name"},
      {HBUS_GET_BALANCES, "{\"e\":{\"a\\u0000\":{\"total\":\"1\",\"available\":\"1\"}}}", "no name"},
      {HBUS_GET_TICKER, "7", "get_ticker: data must be an object"},
      {HBUS_CANCEL_ORDER, "{\"order_id\":\"o\",\"cancelled\":1}", "data.cancelled must be true or false"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char frame[256];
    snprintf(frame, sizeof frame, RESPONSE("%s"), rows[i].data);
    cr_expect_eq(s_decode_as(frame, rows[i].kind), HBUS_MALFORMED, "%s", frame);
    cr_expect_not_null(strstr(s_error.text, rows[i].named), "%s: \"%s\"", frame, s_error.text);
  }
  cr_expect_eq(s_decode_as("{\"id\":\"1\",\"status\":\"success\"}", HBUS_CREATE_ORDER), HBUS_MALFORMED);
}

Test(native_decode, never_takes_an_error_for_anything_else) {
  static const struct {
    const char *frame;
    hbus_status code;
    size_t message_size;
  } rows[] = {
      {"{\"id\":\"1\",\"status\":\"error\"}", HBUS_UPSTREAM_ERROR, 0},
      {"{\"id\":\"1\",\"status\":\"error\",\"message\":null,\"code\":null,\"data\":{}}", HBUS_UPSTREAM_ERROR, 0},
      {"{\"id\":\"1\",\"status\":\"error\",\"message\":{\"x\":1},\"code\":[]}", HBUS_UPSTREAM_ERROR, 0},
      {"{\"id\":\"1\",\"status\":\"error\",\"message\":\"Market closed\",\"code\":429}", HBUS_RATE_LIMITED, 13},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    cr_assert_eq(s_decode_as(rows[i].frame, HBUS_CREATE_ORDER), HBUS_OK);
    cr_expect_eq(s_answer.code, rows[i].code, "%s", rows[i].frame);
    cr_expect_eq(s_answer.message.size, rows[i].message_size);
  }
}
