#include "proto/repair_codec.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/event_codec.h"
#include "proto/reply_codec.h"
#include "sample.h"
#include "vector.h"

#define D(literal)                                                                                                     \
  { sizeof(literal) - 1, literal }
#define TEXT(literal)                                                                                                  \
  { literal, sizeof(literal) - 1 }
#define EPOCH 1618677817000u

#define TICKER_TOPIC TEXT("market_data/ticker/coinbase/BTC-USD/")
#define BOOK_TOPIC   TEXT("market_data/order_book/coinbase/BTC-USD/")
#define ORDERS_TOPIC TEXT("order_update/coinbase/BTC-USD/")
#define TRADES_TOPIC TEXT("trade_update/coinbase/BTC-USD/")

static repair_unpacker *s_unpacker(void) {
  repair_unpacker *self = repair_unpacker_new();
  cr_assert_not_null(self);
  return self;
}

/* The data of a reply. */
static hbus_bytes s_data(const vector_list *replies, const char *name) {
  const vector *row = vectors_find(replies, name);
  hbus_reply reply;
  cr_assert_eq(reply_unpack(row->data, row->size, &reply, NULL), HBUS_OK);
  return reply.data;
}

static void s_expect_bytes(hbus_bytes got, hbus_bytes expected, const char *name) {
  bool same = got.size == expected.size && (got.size == 0 || memcmp(got.data, expected.data, got.size) == 0);
  cr_assert(same, "%s: other bytes", name);
}

static void s_expect_packed(const buffer *out, const vector_list *replies, const char *name) {
  s_expect_bytes((hbus_bytes){out->data, out->size}, s_data(replies, name), name);
}

static bool s_same_text(hbus_text a, hbus_text b) {
  return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* ---- vectors ---- */

static const hbus_sequence s_private[] = {{ORDERS_TOPIC, 8}, {TRADES_TOPIC, 9007199254740991u}};
static const hbus_sequence s_market[] = {{TICKER_TOPIC, 17}};

static const struct {
  const char *name;
  hbus_sequences sequences;
} s_sequences[] = {
    {"reply_sequences", {.epoch = EPOCH, .items = s_private, .count = 2}},
    {"reply_sequences_page",
     {.epoch = EPOCH, .items = s_market, .count = 1, .cursor = "market_data/ticker/coinbase/BTC-USD/"}},
    {"reply_sequences_none", {.epoch = EPOCH}},
};

Test(repair_codec, sequences_go_both_ways_byte_for_byte) {
  vector_list replies = vectors_load("replies");
  repair_unpacker *unpacker = s_unpacker();
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  for (size_t i = 0; i < sizeof s_sequences / sizeof s_sequences[0]; i++) {
    const char *name = s_sequences[i].name;
    const hbus_sequences *expected = &s_sequences[i].sequences;
    hbus_sequences got;
    hbus_error error = {0};
    buffer_reset(&out);
    cr_assert_eq(sequences_reply_pack(expected, &out), HBUS_OK);
    s_expect_packed(&out, &replies, name);
    cr_assert_eq(sequences_reply_unpack(unpacker, s_data(&replies, name), &got, &error), HBUS_OK, "%s", error.text);
    cr_assert(got.epoch == expected->epoch && got.count == expected->count, "%s", name);
    cr_assert_str_eq(got.cursor, expected->cursor);
    for (size_t j = 0; j < got.count; j++) {
      cr_assert(s_same_text(got.items[j].topic, expected->items[j].topic), "%s", name);
      cr_assert_eq(got.items[j].seq, expected->items[j].seq);
    }
  }
  buffer_free(&out);
  repair_unpacker_destroy(&unpacker);
  cr_assert_null(unpacker);
  vectors_free(&replies);
}

static void s_expect_replay(const hbus_replay *got, const hbus_replay *expected) {
  cr_assert(s_same_text(got->topic, expected->topic));
  cr_assert(got->epoch == expected->epoch && got->first == expected->first && got->last == expected->last);
  cr_assert(got->next == expected->next && got->count == expected->count);
  for (size_t i = 0; i < got->count; i++)
    s_expect_bytes(got->items[i], expected->items[i], "item");
}

Test(repair_codec, a_replay_goes_both_ways_byte_for_byte) {
  vector_list replies = vectors_load("replies"), events = vectors_load("events");
  const vector *first = vectors_find(&events, "event_ticker"), *second = vectors_find(&events, "event_ticker_sparse");
  const hbus_bytes bodies[] = {{first->data, first->size}, {second->data, second->size}};
  const hbus_replay replays[] = {
      {.epoch = EPOCH, .topic = TICKER_TOPIC, .first = 3, .last = 18, .next = 19, .items = bodies, .count = 2},
      {.epoch = EPOCH, .topic = ORDERS_TOPIC}};
  static const char *const names[] = {"reply_replay", "reply_replay_none"};
  repair_unpacker *unpacker = s_unpacker();
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  for (size_t i = 0; i < 2; i++) {
    hbus_replay got;
    hbus_error error = {0};
    buffer_reset(&out);
    cr_assert_eq(replay_reply_pack(&replays[i], &out), HBUS_OK);
    s_expect_packed(&out, &replies, names[i]);
    cr_assert_eq(replay_reply_unpack(unpacker, s_data(&replies, names[i]), &got, &error), HBUS_OK, "%s", error.text);
    s_expect_replay(&got, &replays[i]);
  }
  buffer_free(&out);
  repair_unpacker_destroy(&unpacker);
  vectors_free(&replies);
  vectors_free(&events);
}

static const hbus_order s_order = {.exchange = "coinbase",
                                   .market = "BTC-USD",
                                   .order_id = "0d4eeca5-e7b7-4b35-b8ee-9dcd1a1d9b5e",
                                   .client_order_id = "m1-000017",
                                   .owner = "maker-1",
                                   .rev = 2,
                                   .side = HBUS_BUY,
                                   .order_type = HBUS_LIMIT,
                                   .status = HBUS_OPEN,
                                   .price = D("62000.00"),
                                   .amount = D("0.5"),
                                   .filled = D("0"),
                                   .created_at_ns = 1618677817077736000u};
static const hbus_position s_position = {.exchange = "coinbase",
                                         .market = "BTC-USD",
                                         .side = HBUS_BUY,
                                         .amount = D("0.5"),
                                         .entry_price = D("62000"),
                                         .owner = "maker-1",
                                         .realized_pnl = D("-12.50"),
                                         .working_buy = D("0.5")};
static const hbus_balance s_balance = {"coinbase", "USD", D("100.00"), D("0.00")};
static const hbus_stamp s_stamps[] = {{HBUS_STREAM_MARKET, BOOK_TOPIC, 1},
                                      {HBUS_STREAM_MARKET, TICKER_TOPIC, 17},
                                      {HBUS_STREAM_MARKET, TRADES_TOPIC, 0},
                                      {HBUS_STREAM_PRIVATE, ORDERS_TOPIC, 8},
                                      {HBUS_STREAM_PRIVATE, TRADES_TOPIC, 0}};

/* The vectors' snapshots; the bodies of the market's are from `events`. */
static hbus_snapshot s_snapshot(const vector_list *events, const char *name) {
  hbus_snapshot self = {.epoch = EPOCH, .link = {.status = HBUS_LINK_CONNECTED}};
  bool is_first = strcmp(name, "reply_snapshot_first") == 0;
  if (is_first || strcmp(name, "reply_snapshot") == 0) {
    self.stamps = s_stamps + 3;
    self.stamp_count = 2;
    self.orders = &s_order;
    self.positions = &s_position;
    self.order_count = self.position_count = 1;
    snprintf(self.orders_hash, sizeof self.orders_hash, "%s", is_first ? "ea12bb6ed10ae411" : "");
    snprintf(self.cursor, sizeof self.cursor, "%s", is_first ? "" : "200:o-18");
  } else if (strcmp(name, "reply_snapshot_market") == 0) {
    const vector *book = vectors_find(events, "event_order_book"), *ticker = vectors_find(events, "event_ticker");
    self.book = (hbus_bytes){book->data, book->size};
    self.ticker = (hbus_bytes){ticker->data, ticker->size};
    self.stamps = s_stamps;
    self.stamp_count = 5;
    self.has_balances = true;
    self.balances = &s_balance;
    self.balance_count = 1;
  } else {
    self.link = (hbus_link){.status = HBUS_LINK_DISCONNECTED, .code = HBUS_LINK_DOWN, .reason = TEXT("gone")};
    self.balances_code = HBUS_LINK_DOWN;
    self.balances_message = (hbus_text)TEXT("there is no link to Hummingbot");
  }
  return self;
}

static void s_expect_snapshot(const hbus_snapshot *got, const hbus_snapshot *expected, const char *name) {
  cr_assert_eq(got->epoch, expected->epoch);
  cr_assert_str_eq(got->cursor, expected->cursor);
  cr_assert_str_eq(got->orders_hash, expected->orders_hash);
  sample_expect_link(&got->link, &expected->link, name);
  s_expect_bytes(got->book, expected->book, name);
  s_expect_bytes(got->ticker, expected->ticker, name);
  cr_assert_eq(got->stamp_count, expected->stamp_count, "%s", name);
  for (size_t i = 0; i < got->stamp_count; i++) {
    cr_assert(s_same_text(got->stamps[i].topic, expected->stamps[i].topic), "%s: stamp %zu", name, i);
    cr_assert_eq(got->stamps[i].stream, expected->stamps[i].stream);
    cr_assert_eq(got->stamps[i].seq, expected->stamps[i].seq);
  }
  cr_assert_eq(got->order_count, expected->order_count, "%s", name);
  if (got->order_count > 0) sample_expect_order(&got->orders[0], &expected->orders[0], name);
  cr_assert_eq(got->position_count, expected->position_count, "%s", name);
  for (size_t i = 0; i < got->position_count; i++) {
    cr_assert_str_eq(got->positions[i].owner, expected->positions[i].owner);
    cr_assert_str_eq(got->positions[i].realized_pnl.text, expected->positions[i].realized_pnl.text);
  }
  cr_assert_eq(got->has_balances, expected->has_balances, "%s", name);
  cr_assert_eq(got->balance_count, expected->balance_count, "%s", name);
  if (got->balance_count > 0) cr_assert_str_eq(got->balances[0].available.text, "0.00");
  cr_assert_eq(got->balances_code, expected->balances_code, "%s", name);
  cr_assert(s_same_text(got->balances_message, expected->balances_message), "%s", name);
}

Test(repair_codec, a_snapshot_goes_both_ways_byte_for_byte) {
  static const char *const names[] = {"reply_snapshot_first", "reply_snapshot", "reply_snapshot_market",
                                      "reply_snapshot_no_balances"};
  vector_list replies = vectors_load("replies"), events = vectors_load("events");
  repair_unpacker *unpacker = s_unpacker();
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    hbus_snapshot expected = s_snapshot(&events, names[i]), got;
    hbus_error error = {0};
    buffer_reset(&out);
    cr_assert_eq(snapshot_reply_pack(&expected, &out), HBUS_OK);
    s_expect_packed(&out, &replies, names[i]);
    cr_assert_eq(snapshot_reply_unpack(unpacker, s_data(&replies, names[i]), &got, &error), HBUS_OK, "%s", error.text);
    s_expect_snapshot(&got, &expected, names[i]);
  }
  buffer_free(&out);
  repair_unpacker_destroy(&unpacker);
  vectors_free(&replies);
  vectors_free(&events);
}

/* ---- what others send ---- */

typedef struct any_reply {
  union {
    hbus_sequences sequences;
    hbus_replay replay;
    hbus_snapshot snapshot;
  } data;
} any_reply;

static hbus_status s_unpack_any(const char *decoder, repair_unpacker *unpacker, hbus_bytes data, any_reply *out,
                                hbus_error *error) {
  if (strcmp(decoder, "sequences") == 0) return sequences_reply_unpack(unpacker, data, &out->data.sequences, error);
  if (strcmp(decoder, "replay") == 0) return replay_reply_unpack(unpacker, data, &out->data.replay, error);
  return snapshot_reply_unpack(unpacker, data, &out->data.snapshot, error);
}

static bool s_is_ours(const vector *row) {
  return strcmp(row->decoder, "sequences") == 0 || strcmp(row->decoder, "replay") == 0 ||
         strcmp(row->decoder, "snapshot") == 0;
}

Test(repair_codec, what_is_wrong_is_refused_by_name) {
  vector_list vectors = vectors_load("refused");
  repair_unpacker *unpacker = s_unpacker();
  size_t count = 0;
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = &vectors.items[i];
    if (!s_is_ours(row)) continue;
    any_reply got, before;
    memset(&got, 0x5a, sizeof got);
    memcpy(&before, &got, sizeof got);
    hbus_error error = {0};
    cr_assert_eq(s_unpack_any(row->decoder, unpacker, (hbus_bytes){row->data, row->size}, &got, &error),
                 vector_status(row->code), "%s: %s", row->name, error.text);
    cr_assert_not_null(strstr(error.text, row->error), "%s: \"%s\" does not say \"%s\"", row->name, error.text,
                       row->error);
    cr_assert_eq(memcmp(&got, &before, sizeof got), 0, "%s: the output was touched", row->name);
    count++;
  }
  cr_assert_geq(count, 20);
  repair_unpacker_destroy(&unpacker);
  vectors_free(&vectors);
}

Test(repair_codec, what_others_may_send_is_read) {
  vector_list vectors = vectors_load("tolerated");
  repair_unpacker *unpacker = s_unpacker();
  any_reply got;
  const vector *row = vectors_find(&vectors, "tolerated_snapshot_stream");
  cr_assert_eq(s_unpack_any(row->decoder, unpacker, (hbus_bytes){row->data, row->size}, &got, NULL), HBUS_OK);
  cr_assert_eq(got.data.snapshot.stamp_count, 1);
  cr_assert_eq(got.data.snapshot.stamps[0].stream, HBUS_STREAM_NONE);
  row = vectors_find(&vectors, "tolerated_sequences_no_order");
  cr_assert_eq(s_unpack_any(row->decoder, unpacker, (hbus_bytes){row->data, row->size}, &got, NULL), HBUS_OK);
  cr_assert_eq(got.data.sequences.count, 2);
  cr_assert_eq(got.data.sequences.items[1].seq, 9007199254740991u);
  repair_unpacker_destroy(&unpacker);
  vectors_free(&vectors);
}

/* One unpacker for a whole attack: what the last reply left in it must not matter. */
static repair_unpacker *s_attacked;

static hbus_status s_decode_sequences(const uint8_t *data, size_t size, buffer *out) {
  hbus_sequences read;
  hbus_status status = sequences_reply_unpack(s_attacked, (hbus_bytes){data, size}, &read, NULL);
  return status == HBUS_OK ? sequences_reply_pack(&read, out) : status;
}

static hbus_status s_decode_replay(const uint8_t *data, size_t size, buffer *out) {
  hbus_replay read;
  hbus_status status = replay_reply_unpack(s_attacked, (hbus_bytes){data, size}, &read, NULL);
  return status == HBUS_OK ? replay_reply_pack(&read, out) : status;
}

static hbus_status s_decode_snapshot(const uint8_t *data, size_t size, buffer *out) {
  hbus_snapshot read;
  hbus_status status = snapshot_reply_unpack(s_attacked, (hbus_bytes){data, size}, &read, NULL);
  if (status == HBUS_OK) (void)snapshot_reply_pack(&read, out); /* names that are not known cannot be packed again */
  return status;
}

Test(repair_codec, survives_every_truncation_and_corruption, .timeout = 250) {
  vector_list replies = vectors_load("replies");
  s_attacked = s_unpacker();
  for (size_t i = 0; i < replies.count; i++) {
    const char *name = replies.items[i].name;
    vector_decoder *decode = strncmp(name, "reply_sequences", 15) == 0  ? s_decode_sequences
                             : strncmp(name, "reply_replay", 12) == 0   ? s_decode_replay
                             : strncmp(name, "reply_snapshot", 14) == 0 ? s_decode_snapshot
                                                                        : NULL;
    if (!decode) continue;
    hbus_bytes data = s_data(&replies, name);
    vector part = {.data = replies.items[i].data + (data.data - replies.items[i].data), .size = data.size};
    memcpy(part.name, name, sizeof part.name);
    vector_attack(&part, decode);
  }
  repair_unpacker_destroy(&s_attacked);
  vectors_free(&replies);
}

/* ---- limits ---- */

Test(repair_codec, a_page_is_full_at_its_limit) {
  static hbus_sequence items[HBUS_PAGE_MAX + 1];
  static hbus_stamp stamps[HBUS_STAMPS_MAX + 1];
  static hbus_order orders[HBUS_PAGE_MAX + 1];
  static hbus_bytes bodies[HBUS_REPLAY_EVENTS_MAX + 1];
  for (size_t i = 0; i <= HBUS_PAGE_MAX; i++) {
    items[i] = (hbus_sequence){TICKER_TOPIC, i + 1};
    orders[i] = s_order;
  }
  for (size_t i = 0; i <= HBUS_STAMPS_MAX; i++)
    stamps[i] = (hbus_stamp){HBUS_STREAM_MARKET, TICKER_TOPIC, i};
  for (size_t i = 0; i <= HBUS_REPLAY_EVENTS_MAX; i++)
    bodies[i] = (hbus_bytes){(const uint8_t *)"body", 4};
  repair_unpacker *unpacker = s_unpacker();
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  for (size_t over = 0; over < 2; over++) {
    hbus_status status = over ? HBUS_TOO_BIG : HBUS_OK;
    hbus_sequences sequences = {.epoch = 1, .items = items, .count = HBUS_PAGE_MAX + over};
    hbus_replay replay = {.epoch = 1, .topic = TICKER_TOPIC, .items = bodies, .count = HBUS_REPLAY_EVENTS_MAX + over};
    hbus_snapshot stamped = s_snapshot(NULL, "reply_snapshot_no_balances"), ordered = stamped;
    stamped.stamps = stamps;
    stamped.stamp_count = HBUS_STAMPS_MAX + over;
    ordered.orders = orders;
    ordered.order_count = HBUS_PAGE_MAX + over;
    cr_expect_eq(sequences_reply_pack(&sequences, &out), status);
    if (!over)
      cr_expect_eq(sequences_reply_unpack(unpacker, (hbus_bytes){out.data, out.size}, &sequences, NULL), status);
    buffer_reset(&out);
    cr_expect_eq(replay_reply_pack(&replay, &out), status);
    if (!over) cr_expect_eq(replay_reply_unpack(unpacker, (hbus_bytes){out.data, out.size}, &replay, NULL), status);
    buffer_reset(&out);
    cr_expect_eq(snapshot_reply_pack(&stamped, &out), status);
    if (!over) cr_expect_eq(snapshot_reply_unpack(unpacker, (hbus_bytes){out.data, out.size}, &stamped, NULL), status);
    buffer_reset(&out);
    cr_expect_eq(snapshot_reply_pack(&ordered, &out), status);
    if (!over) cr_expect_eq(snapshot_reply_unpack(unpacker, (hbus_bytes){out.data, out.size}, &ordered, NULL), status);
    if (over) cr_expect_eq(out.size, 0, "nothing half is left behind");
    buffer_reset(&out);
  }
  buffer_free(&out);
  repair_unpacker_destroy(&unpacker);
}

Test(repair_codec, a_full_buffer_is_left_as_it_was) {
  static const uint8_t body[200];
  const hbus_bytes items[] = {{body, sizeof body}};
  const hbus_replay replay = {.epoch = 1, .topic = TICKER_TOPIC, .items = items, .count = 1};
  const hbus_snapshot snapshot = {.epoch = 1, .link = {.status = HBUS_LINK_CONNECTED}, .book = items[0]};
  buffer out;
  buffer_init(&out, 150);
  cr_expect_eq(buffer_append(&out, "x", 1), HBUS_OK);
  cr_expect_eq(replay_reply_pack(&replay, &out), HBUS_TOO_BIG);
  cr_expect_eq(out.size, 1);
  out.status = HBUS_OK;
  cr_expect_eq(snapshot_reply_pack(&snapshot, &out), HBUS_TOO_BIG);
  cr_expect_eq(out.size, 1);
  buffer_free(&out);
}

Test(repair_codec, what_lacks_something_is_not_packed) {
  const hbus_bytes nothing = {0};
  const hbus_order nobodys = {.status = HBUS_OPEN};
  const hbus_sequences sequences[] = {{.epoch = 0},
                                      {.epoch = 1, .items = &(hbus_sequence){TICKER_TOPIC, 0}, .count = 1}};
  const hbus_replay replays[] = {{.epoch = 1}, {.epoch = 1, .topic = TICKER_TOPIC, .items = &nothing, .count = 1}};
  const hbus_snapshot snapshots[] = {
      {.epoch = 1},
      {.link = {.status = HBUS_LINK_CONNECTED}},
      {.epoch = 1, .link = {.status = HBUS_LINK_CONNECTED}, .has_balances = true, .balances_code = HBUS_TIMEOUT},
      {.epoch = 1, .link = {.status = HBUS_LINK_CONNECTED}, .balances_code = HBUS_TRUNCATED}, /* does not travel */
      {.epoch = 1, .link = {.status = HBUS_LINK_CONNECTED}, .orders = &nobodys, .order_count = 1}};
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  for (size_t i = 0; i < 2; i++) {
    cr_expect_eq(sequences_reply_pack(&sequences[i], &out), HBUS_MALFORMED, "case %zu", i);
    cr_expect_eq(replay_reply_pack(&replays[i], &out), HBUS_MALFORMED, "case %zu", i);
  }
  for (size_t i = 0; i < sizeof snapshots / sizeof snapshots[0]; i++)
    cr_expect_eq(snapshot_reply_pack(&snapshots[i], &out), HBUS_MALFORMED, "case %zu", i);
  cr_expect_eq(out.size, 0);
  buffer_free(&out);
}

/* What a reader does with a replay: each item is an event as it was published. */
Test(repair_codec, the_items_of_a_replay_are_events) {
  vector_list replies = vectors_load("replies");
  repair_unpacker *unpacker = s_unpacker();
  event_unpacker *events = event_unpacker_new();
  hbus_replay replay;
  hbus_event event;
  cr_assert_eq(replay_reply_unpack(unpacker, s_data(&replies, "reply_replay"), &replay, NULL), HBUS_OK);
  for (size_t i = 0; i < replay.count; i++) {
    cr_assert_eq(event_unpack(events, replay.items[i].data, replay.items[i].size, &event, NULL), HBUS_OK);
    cr_assert_eq(event.seq, 17 + i);
  }
  cr_assert_eq(event.seq, replay.last);
  event_unpacker_destroy(&events);
  repair_unpacker_destroy(&unpacker);
  vectors_free(&replies);
}
