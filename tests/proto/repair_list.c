#include "proto/repair_list.h"

#include <criterion/criterion.h>
#include <string.h>

#include "vector.h"

#define TEXT(literal)                                                                                                  \
  { literal, sizeof(literal) - 1 }

static hbus_bytes s_bytes(const buffer *out) {
  return (hbus_bytes){out->data, out->size};
}

static bool s_is(hbus_text text, const char *expected) {
  return text.size == strlen(expected) && (text.size == 0 || memcmp(text.data, expected, text.size) == 0);
}

Test(repair_list, prefixes_make_the_round_trip) {
  const hbus_text prefixes[] = {TEXT("order_update/"), {0}, TEXT("t")};
  hbus_text read[HBUS_PREFIXES_MAX];
  size_t count = 0;
  buffer out;
  buffer_init(&out, 100);
  cr_assert_eq(prefixes_pack(prefixes, 3, &out), HBUS_OK);
  cr_assert_eq(prefixes_unpack(s_bytes(&out), read, &count, NULL), HBUS_OK);
  cr_assert_eq(count, 3);
  cr_expect(s_is(read[0], "order_update/") && s_is(read[1], "") && s_is(read[2], "t"));
  cr_expect_not_null(read[1].data, "the empty prefix is there");
  cr_expect(read[0].data > (const char *)out.data && read[0].data < (const char *)out.data + out.size, "borrowed");
  buffer_free(&out);
}

Test(repair_list, acks_make_the_round_trip) {
  const hbus_stamp acks[] = {{HBUS_STREAM_PRIVATE, TEXT("order_update/e/m/"), 9007199254740991u},
                             {HBUS_STREAM_MARKET, TEXT("system/heartbeat/"), 0}};
  hbus_stamp read[HBUS_ACKS_MAX];
  size_t count = 0;
  buffer out;
  buffer_init(&out, 200);
  cr_assert_eq(acks_pack(acks, 2, &out), HBUS_OK);
  cr_assert_eq(acks_unpack(s_bytes(&out), read, &count, NULL), HBUS_OK);
  cr_assert_eq(count, 2);
  cr_expect(read[0].stream == HBUS_STREAM_PRIVATE && read[0].seq == 9007199254740991u);
  cr_expect(s_is(read[0].topic, "order_update/e/m/"));
  cr_expect(read[1].stream == HBUS_STREAM_MARKET && read[1].seq == 0 && s_is(read[1].topic, "system/heartbeat/"));
  cr_assert_eq(acks_unpack((hbus_bytes){0}, read, &count, NULL), HBUS_OK, "none were given");
  cr_assert_eq(count, 0);
  buffer_free(&out);
}

Test(repair_list, each_is_full_at_its_limit) {
  static hbus_text prefixes[HBUS_PREFIXES_MAX + 1], read_prefixes[HBUS_PREFIXES_MAX];
  static hbus_stamp acks[HBUS_ACKS_MAX + 1], read_acks[HBUS_ACKS_MAX];
  char topic[HBUS_TOPIC_MAX + 1];
  memset(topic, 't', sizeof topic);
  for (size_t i = 0; i <= HBUS_PREFIXES_MAX; i++)
    prefixes[i] = (hbus_text){topic, HBUS_TOPIC_MAX};
  for (size_t i = 0; i <= HBUS_ACKS_MAX; i++)
    acks[i] = (hbus_stamp){HBUS_STREAM_MARKET, {topic, 1 + i % HBUS_TOPIC_MAX}, i};
  size_t count = 0;
  buffer out;
  buffer_init(&out, HBUS_COMMAND_FRAME_MAX);
  cr_assert_eq(prefixes_pack(prefixes, HBUS_PREFIXES_MAX + 1, &out), HBUS_TOO_BIG);
  cr_assert_eq(acks_pack(acks, HBUS_ACKS_MAX + 1, &out), HBUS_TOO_BIG);
  cr_assert_eq(out.size, 0);
  cr_assert_eq(prefixes_pack(prefixes, HBUS_PREFIXES_MAX, &out), HBUS_OK);
  cr_assert_eq(prefixes_unpack(s_bytes(&out), read_prefixes, &count, NULL), HBUS_OK);
  cr_assert_eq(count, HBUS_PREFIXES_MAX);
  buffer_reset(&out);
  cr_assert_eq(acks_pack(acks, HBUS_ACKS_MAX, &out), HBUS_OK);
  cr_assert_eq(acks_unpack(s_bytes(&out), read_acks, &count, NULL), HBUS_OK);
  cr_assert_eq(count, HBUS_ACKS_MAX);
  buffer_reset(&out);
  prefixes[1].size++;
  acks[1].topic = prefixes[1];
  cr_assert_eq(prefixes_pack(prefixes, 2, &out), HBUS_TOO_BIG);
  cr_assert_eq(acks_pack(acks, 2, &out), HBUS_TOO_BIG);
  cr_assert_eq(out.size, 0, "nothing half is left behind");
  buffer_free(&out);
}

#define STAMP(stream, topic, seq) "\x83\xa6stream" stream "\xa5topic" topic "\xa3seq" seq
#define BYTES(literal)                                                                                                 \
  { (const uint8_t *)literal, sizeof(literal) - 1 }

/* What is wrong with each, and what is said of it. */
Test(repair_list, complaints_name_the_element) {
  static const struct {
    hbus_bytes list;
    hbus_status prefixes;
    hbus_status acks;
    const char *error; /* of the one that is not HBUS_OK, or of both */
  } rows[] = {
      {BYTES("\xc0"), HBUS_MALFORMED, HBUS_MALFORMED, "must be an array"},
      {BYTES("\x80"), HBUS_MALFORMED, HBUS_MALFORMED, "must be an array"},
      {BYTES("\x92\xa0"), HBUS_TRUNCATED, HBUS_TRUNCATED, "is not msgpack"},
      {BYTES("\x90\x90"), HBUS_MALFORMED, HBUS_MALFORMED, "is not msgpack"},
      {BYTES("\xdd\xff\xff\xff\xff"), HBUS_TRUNCATED, HBUS_TRUNCATED, "is not msgpack"},
      {BYTES("\x91\xa1x"), HBUS_OK, HBUS_MALFORMED, "'acks': element 0 must be a map"},
      {BYTES("\x92\xa0\xc4\x01x"), HBUS_MALFORMED, HBUS_MALFORMED, "element"},
      {BYTES("\x91" STAMP("\xa6market",
                          "\xa4"
                          "a/b/",
                          "\x01")),
       HBUS_MALFORMED, HBUS_OK, "'prefixes': element 0 must be a string"},
      {BYTES("\x91" STAMP("\xa5"
                          "audit",
                          "\xa1x", "\x01")),
       HBUS_MALFORMED, HBUS_MALFORMED, "element 0"},
      {BYTES("\x91" STAMP("\xa6market", "\xa0", "\x01")), HBUS_MALFORMED, HBUS_MALFORMED, "element 0"},
      {BYTES("\x91" STAMP("\xa6market", "\xa1x", "\xff")), HBUS_MALFORMED, HBUS_MALFORMED, "element 0"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    hbus_text prefixes[HBUS_PREFIXES_MAX];
    hbus_stamp acks[HBUS_ACKS_MAX];
    size_t count = 77;
    hbus_error error = {0};
    cr_expect_eq(prefixes_unpack(rows[i].list, prefixes, &count, &error), rows[i].prefixes, "case %zu", i);
    if (rows[i].prefixes != HBUS_OK) cr_expect_not_null(strstr(error.text, rows[i].error), "%s", error.text);
    cr_expect_eq(acks_unpack(rows[i].list, acks, &count, &error), rows[i].acks, "case %zu", i);
    if (rows[i].acks != HBUS_OK) cr_expect_not_null(strstr(error.text, rows[i].error), "%s", error.text);
    if (rows[i].acks != HBUS_OK && rows[i].prefixes != HBUS_OK) cr_expect_eq(count, 77, "touched");
  }
}

static hbus_status s_decode_prefixes(const uint8_t *data, size_t size, buffer *out) {
  hbus_text prefixes[HBUS_PREFIXES_MAX];
  size_t count;
  hbus_status status = prefixes_unpack((hbus_bytes){data, size}, prefixes, &count, NULL);
  return status == HBUS_OK ? prefixes_pack(prefixes, count, out) : status;
}

static hbus_status s_decode_acks(const uint8_t *data, size_t size, buffer *out) {
  hbus_stamp acks[HBUS_ACKS_MAX];
  size_t count;
  if (size == 0) return HBUS_TRUNCATED; /* no bytes are no acks */
  hbus_status status = acks_unpack((hbus_bytes){data, size}, acks, &count, NULL);
  return status == HBUS_OK ? acks_pack(acks, count, out) : status;
}

Test(repair_list, survives_every_truncation_and_corruption, .timeout = 250) {
  uint8_t prefixes[] = "\x93\xadorder_update/\xb6trade_update/coinbase/\xa0";
  uint8_t acks[] = "\x92" STAMP("\xa6market", "\xb1system/heartbeat/", "\x11") //
      STAMP("\xa7private", "\xbeorder_update/coinbase/BTC-USD/", "\xcd\x01\x00");
  const vector lists[] = {{.name = "prefixes", .data = prefixes, .size = sizeof prefixes - 1},
                          {.name = "acks", .data = acks, .size = sizeof acks - 1}};
  vector_attack(&lists[0], s_decode_prefixes);
  vector_attack(&lists[1], s_decode_acks);
}

Test(repair_list, a_number_is_of_a_topic) {
  buffer out;
  buffer_init(&out, 100);
  const hbus_sequence bad[] = {{TEXT("a/b/"), 0}, {{0}, 1}};
  for (size_t i = 0; i < 2; i++) {
    cr_expect_eq(sequences_pack(&bad[i], 1, &out), HBUS_MALFORMED, "case %zu", i);
    cr_expect_eq(sequence_pairs_pack(&bad[i], 1, &out), HBUS_MALFORMED, "case %zu", i);
  }
  const hbus_stamp nowhere = {.topic = TEXT("a/b/"), .seq = 1};
  cr_expect_eq(stamps_pack(&nowhere, 1, &out), HBUS_MALFORMED, "a stamp is of a stream");
  cr_expect_eq(out.size, 0);
  buffer_free(&out);
}
