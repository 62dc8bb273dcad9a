#include "proto/reply_codec.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

#define TEXT(literal)                                                                                                  \
  { literal, sizeof(literal) - 1 }
#define BYTES(literal)                                                                                                 \
  { (const uint8_t *)literal, sizeof(literal) - 1 }

#define SEEN(topic_, seq_)                                                                                             \
  { .stream = HBUS_STREAM_PRIVATE, .topic = topic_, .epoch = 1618677817000u, .seq = seq_ }

static const struct {
  const char *name;
  bool data_is_ours; /* compared; else whatever the vector has is carried over */
  hbus_reply reply;
} s_samples[] = {
    {"reply_ok", true, {.id = "command_subscribe", .status = HBUS_REPLY_OK}},
    {"reply_hello", false, {.id = "command_hello", .status = HBUS_REPLY_OK}},
    {"reply_ping",
     true,
     {.id = "command_ping", .status = HBUS_REPLY_OK, .data = BYTES("\x81\xa3now\xcf\x00\x00\x01\x78\xe0\xb7\x5e\xf5")}},
    {"reply_create",
     false,
     {.id = "command_create_limit", .status = HBUS_REPLY_OK, .seen = SEEN("order_update/coinbase/BTC-USD/", 1)}},
    {"reply_create_repeat",
     false,
     {.id = "command_create_limit",
      .status = HBUS_REPLY_OK,
      .repeat = true,
      .seen = SEEN("order_update/coinbase/BTC-USD/", 1)}},
    {"reply_create_refused",
     true,
     {.id = "command_create_limit",
      .status = HBUS_REPLY_ERROR,
      .code = HBUS_INSUFFICIENT_FUNDS,
      .message = TEXT("Insufficient funds"),
      .seen = SEEN("error/hummingbot/", 7)}},
    {"reply_create_unknown",
     true,
     {.id = "command_create_market",
      .status = HBUS_REPLY_UNKNOWN,
      .code = HBUS_TIMEOUT,
      .message = TEXT("no answer in time: the order may be live"),
      .seen = SEEN("order_update/coinbase/BTC-USD/", 9007199254740991u)}},
    {"reply_create_not_sent",
     false,
     {.id = "command_create_limit",
      .status = HBUS_REPLY_ERROR,
      .code = HBUS_EXPIRED,
      .message = TEXT("not sent: it was cancelled before"),
      .seen = SEEN("order_update/coinbase/BTC-USD/", 9)}},
    {"reply_create_twin",
     true,
     {.id = "command_create_limit",
      .status = HBUS_REPLY_ERROR,
      .code = HBUS_DUPLICATE_ORDER,
      .message = TEXT("m1-000018 asked for the same, and what became of it is not known")}},
    {"reply_invalid",
     true,
     {.id = "command_create_stop",
      .status = HBUS_REPLY_ERROR,
      .code = HBUS_INVALID_ORDER,
      .message = TEXT("create_order: 'side' must be one of buy, sell; got \"hold\"")}},
    {"reply_refused_with_data",
     true,
     {.id = "command_cancel_by_both",
      .status = HBUS_REPLY_ERROR,
      .code = HBUS_UNKNOWN_ORDER,
      .data = BYTES("\x81\xa8order_id\xa1"
                    "1")}},
    {"reply_cancel",
     false,
     {.id = "command_cancel_by_both", .status = HBUS_REPLY_OK, .seen = SEEN("order_update/coinbase/BTC-USD/", 2)}},
    {"reply_cancel_requested",
     false,
     {.id = "command_cancel_by_client_order_id",
      .status = HBUS_REPLY_OK,
      .seen = SEEN("order_update/coinbase/BTC-USD/", 8)}},
    {"reply_cancel_all",
     true,
     {.id = "command_cancel_all",
      .status = HBUS_REPLY_OK,
      .seen = SEEN("order_update/coinbase/BTC-USD/", 8),
      .data = BYTES("\x82\xa9requested\x03\xa8not_sent\x01")}},
    {"reply_cancel_all_of_none",
     true,
     {.id = "command_cancel_all_of_side", .status = HBUS_REPLY_OK, .data = BYTES("\x80")}},
    {"reply_forbidden",
     true,
     {.id = "command_cancel_all_of_owner",
      .status = HBUS_REPLY_ERROR,
      .code = HBUS_FORBIDDEN,
      .message = TEXT("the orders of maker-1 are not yours")}},
    {"reply_order_book", false, {.id = "command_get_order_book", .status = HBUS_REPLY_OK}},
    {"reply_ticker", false, {.id = "command_get_ticker", .status = HBUS_REPLY_OK}},
    {"reply_orders_page", false, {.id = "command_get_open_orders_page", .status = HBUS_REPLY_OK}},
    {"reply_orders_last_page",
     true,
     {.id = "command_get_open_orders", .status = HBUS_REPLY_OK, .data = BYTES("\x81\xa5items\x90")}},
    {"reply_balances", false, {.id = "command_get_balances", .status = HBUS_REPLY_OK}},
    {"reply_positions", false, {.id = "command_get_positions", .status = HBUS_REPLY_OK}},
    {"reply_positions_fills", false, {.id = "command_get_positions_fills", .status = HBUS_REPLY_OK}},
    {"reply_publish",
     true,
     {.id = "command_publish",
      .status = HBUS_REPLY_OK,
      .seen = SEEN("strategy_update/maker-1/mood/", 1),
      .data = BYTES("\x80")}},
    {"reply_sequences", false, {.id = "command_sequences", .status = HBUS_REPLY_OK}},
    {"reply_sequences_page", false, {.id = "command_sequences_page", .status = HBUS_REPLY_OK}},
    {"reply_sequences_none", false, {.id = "command_sequences", .status = HBUS_REPLY_OK}},
    {"reply_replay", false, {.id = "command_replay", .status = HBUS_REPLY_OK}},
    {"reply_replay_none", false, {.id = "command_replay_private", .status = HBUS_REPLY_OK}},
    {"reply_snapshot_first", false, {.id = "command_snapshot", .status = HBUS_REPLY_OK}},
    {"reply_snapshot", false, {.id = "command_snapshot_page", .status = HBUS_REPLY_OK}},
    {"reply_snapshot_market", false, {.id = "command_snapshot_market", .status = HBUS_REPLY_OK}},
    {"reply_snapshot_no_balances", false, {.id = "command_snapshot_market", .status = HBUS_REPLY_OK}},
    {"reply_seen_market",
     true,
     {.id = "command_ping",
      .status = HBUS_REPLY_OK,
      .seen = {.stream = HBUS_STREAM_MARKET, .topic = "system/link/", .epoch = 1618677817000u, .seq = 1},
      .data = BYTES("\x94\x01\xa3two\xc0\xc3")}},
};

static bool s_same_bytes(const void *a, size_t a_size, const void *b, size_t b_size) {
  return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static void s_expect_reply(const hbus_reply *got, const hbus_reply *expected, const char *name) {
  cr_assert_str_eq(got->id, expected->id, "%s", name);
  cr_assert_eq(got->status, expected->status, "%s", name);
  cr_assert_eq(got->code, expected->code, "%s", name);
  cr_assert_eq(got->repeat, expected->repeat, "%s", name);
  cr_assert(s_same_bytes(got->message.data, got->message.size, expected->message.data, expected->message.size), "%s",
            name);
  cr_assert_eq(got->seen.stream, expected->seen.stream, "%s", name);
  cr_assert_str_eq(got->seen.topic, expected->seen.topic, "%s", name);
  cr_assert_eq(got->seen.epoch, expected->seen.epoch, "%s", name);
  cr_assert_eq(got->seen.seq, expected->seen.seq, "%s", name);
}

Test(reply_codec, vectors_go_both_ways_byte_for_byte) {
  vector_list vectors = vectors_load("replies");
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  cr_assert_eq(sizeof s_samples / sizeof s_samples[0], vectors.count, "every vector has a sample");
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = vectors_find(&vectors, s_samples[i].name);
    hbus_reply expected = s_samples[i].reply, reply;
    hbus_error error = {0};
    cr_assert_eq(reply_unpack(row->data, row->size, &reply, &error), HBUS_OK, "%s: %s", row->name, error.text);
    s_expect_reply(&reply, &expected, row->name);
    cr_assert(reply.data.size == 0 || reply.data.data + reply.data.size == row->data + row->size, "%s", row->name);
    if (s_samples[i].data_is_ours)
      cr_assert(s_same_bytes(reply.data.data, reply.data.size, expected.data.data, expected.data.size), "%s",
                row->name);
    else
      expected.data = reply.data;
    buffer_reset(&out);
    cr_assert_eq(reply_pack(&expected, &out), HBUS_OK);
    cr_assert(s_same_bytes(out.data, out.size, row->data, row->size), "%s packs differently", row->name);
  }
  buffer_free(&out);
  vectors_free(&vectors);
}

Test(reply_codec, what_others_may_send_is_read) {
  vector_list vectors = vectors_load("tolerated");
  size_t count = 0;
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = &vectors.items[i];
    if (strcmp(row->decoder, "reply") != 0) continue;
    hbus_reply reply;
    cr_assert_eq(reply_unpack(row->data, row->size, &reply, NULL), HBUS_OK, "%s", row->name);
    if (strcmp(row->name, "tolerated_reply_code") == 0) cr_assert_eq(reply.code, HBUS_INTERNAL);
    if (row->same_as[0]) s_expect_reply(&reply, &s_samples[2].reply, row->name);
    count++;
  }
  cr_assert_eq(count, 2);
  vectors_free(&vectors);
}

Test(reply_codec, what_is_wrong_is_refused_by_name) {
  vector_list vectors = vectors_load("refused");
  size_t count = 0;
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = &vectors.items[i];
    if (strcmp(row->decoder, "reply") != 0) continue;
    hbus_reply reply = {.id = "untouched"};
    hbus_error error = {0};
    cr_assert_eq(reply_unpack(row->data, row->size, &reply, &error), vector_status(row->code), "%s: %s", row->name,
                 error.text);
    cr_assert_not_null(strstr(error.text, row->error), "%s: \"%s\" does not say \"%s\"", row->name, error.text,
                       row->error);
    cr_assert_str_eq(reply.id, "untouched");
    count++;
  }
  cr_assert_geq(count, 9);
  vectors_free(&vectors);
}

static hbus_status s_decode(const uint8_t *data, size_t size, buffer *out) {
  hbus_reply reply;
  hbus_error error;
  hbus_status status = reply_unpack(data, size, &reply, &error);
  if (status == HBUS_OK) (void)reply_pack(&reply, out);
  return status;
}

Test(reply_codec, survives_every_truncation_and_corruption, .timeout = 250) {
  vector_list vectors = vectors_load("replies");
  for (size_t i = 0; i < vectors.count; i++)
    vector_attack(&vectors.items[i], s_decode);
  vectors_free(&vectors);
}

Test(reply_codec, a_reply_that_contradicts_itself_is_not_packed) {
  const hbus_reply bad[] = {
      {.id = "a", .status = HBUS_REPLY_OK, .code = HBUS_TIMEOUT},
      {.id = "a", .status = HBUS_REPLY_ERROR},
      {.id = "a", .status = HBUS_REPLY_UNKNOWN},
      {.id = "a", .status = HBUS_REPLY_ERROR, .code = HBUS_TRUNCATED}, /* does not travel */
      {.id = "a", .code = HBUS_TIMEOUT},
      {.status = HBUS_REPLY_OK},
      {.id = "a", .status = HBUS_REPLY_OK, .seen = {.stream = HBUS_STREAM_MARKET, .topic = "a/", .epoch = 1}},
  };
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    cr_assert_eq(reply_pack(&bad[i], &out), HBUS_MALFORMED, "case %zu", i);
    cr_assert_eq(out.size, 0);
  }
  buffer_free(&out);
}

Test(reply_codec, a_long_message_is_cut_between_characters) {
  char text[HBUS_MESSAGE_MAX + 2];
  memset(text, 'm', sizeof text);
  memcpy(text + HBUS_MESSAGE_MAX - 1, "\xc3\xa9", 2);
  hbus_reply reply = {.id = "a", .status = HBUS_REPLY_ERROR, .code = HBUS_INTERNAL}, read;
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  for (size_t size = HBUS_MESSAGE_MAX - 1; size <= HBUS_MESSAGE_MAX + 1; size += 2) {
    reply.message = (hbus_text){text, size};
    buffer_reset(&out);
    cr_assert_eq(reply_pack(&reply, &out), HBUS_OK);
    cr_assert_eq(reply_unpack(out.data, out.size, &read, NULL), HBUS_OK);
    cr_assert_eq(read.message.size, HBUS_MESSAGE_MAX - 1);
  }
  buffer_free(&out);
}

Test(reply_codec, the_frame_has_a_limit) {
  uint8_t *big = malloc(HBUS_FRAME_MAX + 1);
  memset(big, 'x', HBUS_FRAME_MAX + 1);
  static const uint8_t start[] = "\x84\xa1v\x01\xa2id\xa1"
                                 "a\xa6status\xa2ok\xa4"
                                 "data\xc6";
  size_t head = sizeof start - 1;
  for (size_t over = 0; over < 2; over++) {
    size_t size = HBUS_FRAME_MAX + over, blob = size - head - 4;
    memcpy(big, start, head);
    for (size_t i = 0; i < 4; i++)
      big[head + i] = (uint8_t)(blob >> (24 - 8 * i));
    hbus_reply reply;
    cr_assert_eq(reply_unpack(big, size, &reply, NULL), over ? HBUS_TOO_BIG : HBUS_OK);
    if (!over) cr_assert_eq(reply.data.size, blob + 5);
  }
  free(big);
}
