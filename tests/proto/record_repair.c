/* The records that repair rests on: heartbeats, slow readers, signals. tests/proto/record.c has the others. */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/event_codec.h"
#include "proto/record.h"
#include "sample.h"

#define TEXT(literal)                                                                                                  \
  { literal, sizeof(literal) - 1 }

static hbus_event s_event(hbus_kind kind) {
  bool is_signal = kind == HBUS_KIND_STRATEGY_UPDATE;
  return (hbus_event){.type = is_signal ? HBUS_EVENT_STRATEGY_UPDATE : HBUS_EVENT_SYSTEM,
                      .kind = kind,
                      .epoch = 1,
                      .seq = 1,
                      .src = "hbusd",
                      .rx_ns = 1,
                      .tx_ns = 1,
                      .owner = "maker-1"};
}

/* Packs it and reads it again, from `out`. */
static hbus_status s_remake(event_unpacker *unpacker, const hbus_event *event, buffer *out, hbus_event *read) {
  buffer_reset(out);
  hbus_status status = event_pack(event, out);
  cr_assert(status == HBUS_OK || out->size == 0, "nothing half is left behind");
  hbus_error error = {0};
  if (status == HBUS_OK)
    cr_assert_eq(event_unpack(unpacker, out->data, out->size, read, &error), HBUS_OK, "%s", error.text);
  return status;
}

Test(record_repair, a_heartbeat_is_full_at_its_limit) {
  static hbus_sequence topics[HBUS_HEARTBEAT_TOPICS_MAX + 1];
  char topic[HBUS_TOPIC_MAX + 1];
  memset(topic, 't', sizeof topic);
  for (size_t i = 0; i <= HBUS_HEARTBEAT_TOPICS_MAX; i++)
    topics[i] = (hbus_sequence){{topic, HBUS_TOPIC_MAX}, i + 1};
  hbus_event event = s_event(HBUS_KIND_HEARTBEAT), read;
  event.data.heartbeat = (hbus_heartbeat){1, 2, 1000, topics, HBUS_HEARTBEAT_TOPICS_MAX};
  event_unpacker *unpacker = event_unpacker_new();
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  cr_assert_eq(s_remake(unpacker, &event, &out, &read), HBUS_OK);
  sample_expect_heartbeat(&read.data.heartbeat, &event.data.heartbeat, "full");
  event.data.heartbeat.topic_count++;
  cr_assert_eq(s_remake(unpacker, &event, &out, &read), HBUS_TOO_BIG);
  event.data.heartbeat.topic_count = 1;
  topics[0].topic.size++;
  cr_assert_eq(s_remake(unpacker, &event, &out, &read), HBUS_TOO_BIG, "a topic that is cut is another one");
  event_unpacker_destroy(&unpacker);
  buffer_free(&out);
}

Test(record_repair, a_heartbeat_without_its_numbers_is_not_packed) {
  const hbus_sequence nothing = {TEXT("a/b/"), 0};
  const hbus_heartbeat bad[] = {{0, 1, 1000, NULL, 0},
                                {1, 0, 1000, NULL, 0},
                                {2, 1, 1000, NULL, 0},
                                {1, 1, 0, NULL, 0},
                                {1, 1, 1000, &nothing, 1}};
  buffer out;
  buffer_init(&out, 1000);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    cr_expect_eq(record_pack_heartbeat(&bad[i], &out), HBUS_MALFORMED, "case %zu", i);
  cr_expect_eq(out.size, 0);
  buffer_free(&out);
}

Test(record_repair, a_slow_reader_is_slow_on_a_topic) {
  char topic[HBUS_TOPIC_MAX + 1];
  memset(topic, 't', sizeof topic);
  const hbus_slow bad[] = {{.topic = TEXT("a/b/"), .lag = 1, .since_ns = 1},
                           {.stream = HBUS_STREAM_MARKET, .lag = 1, .since_ns = 1},
                           {.stream = HBUS_STREAM_MARKET, .topic = TEXT("a/b/"), .lag = 1}};
  const hbus_slow longer = {.stream = HBUS_STREAM_MARKET, .topic = {topic, sizeof topic}, .lag = 1, .since_ns = 1};
  buffer out;
  buffer_init(&out, 1000);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    cr_expect_eq(record_pack_slow(&bad[i], &out), HBUS_MALFORMED, "case %zu", i);
  cr_expect_eq(record_pack_slow(&longer, &out), HBUS_TOO_BIG);
  cr_expect_eq(out.size, 0);
  buffer_free(&out);
}

/* `depth` arrays, each in the one before, and a nil. */
static hbus_bytes s_nested(uint8_t room[HBUS_DEPTH_MAX + 1], size_t depth) {
  memset(room, 0x91, depth);
  room[depth] = 0xc0;
  return (hbus_bytes){room, depth + 1};
}

Test(record_repair, a_signal_can_be_read_wherever_it_may_be_published) {
  static uint8_t large[HBUS_SIGNAL_MAX + 1] = {0xc5, (HBUS_SIGNAL_MAX - 3) >> 8, (HBUS_SIGNAL_MAX - 3) & 0xff};
  uint8_t room[HBUS_DEPTH_MAX + 1];
  hbus_event event = s_event(HBUS_KIND_STRATEGY_UPDATE), read;
  event.data.signal = (hbus_signal){.name = "n", .data = {large, HBUS_SIGNAL_MAX}};
  event_unpacker *unpacker = event_unpacker_new();
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  cr_assert_eq(s_remake(unpacker, &event, &out, &read), HBUS_OK);
  sample_expect_signal(&read.data.signal, &event.data.signal, "large");
  cr_expect(read.data.signal.data.data > out.data, "borrowed from the body");
  large[2]++;
  event.data.signal.data.size++;
  cr_expect_eq(s_remake(unpacker, &event, &out, &read), HBUS_TOO_BIG);
  event.data.signal.data = s_nested(room, HBUS_SIGNAL_DEPTH_MAX);
  cr_expect_eq(s_remake(unpacker, &event, &out, &read), HBUS_OK);
  event.data.signal.data = s_nested(room, HBUS_SIGNAL_DEPTH_MAX + 1);
  cr_expect_eq(s_remake(unpacker, &event, &out, &read), HBUS_MALFORMED);
  event.data.signal.data = s_nested(room, 1);
  event.data.signal.data.size = 1;
  cr_expect_eq(s_remake(unpacker, &event, &out, &read), HBUS_MALFORMED, "half a value");
  event.data.signal.data.size = 0;
  cr_expect_eq(s_remake(unpacker, &event, &out, &read), HBUS_MALFORMED, "none");
  event.data.signal = (hbus_signal){.data = s_nested(room, 1)};
  cr_expect_eq(s_remake(unpacker, &event, &out, &read), HBUS_MALFORMED, "no name");
  event.data.signal.name[0] = 'n';
  cr_expect_eq(s_remake(unpacker, &event, &out, &read), HBUS_OK);
  event.owner[0] = '\0';
  cr_expect_eq(s_remake(unpacker, &event, &out, &read), HBUS_MALFORMED, "nobody's");
  event_unpacker_destroy(&unpacker);
  buffer_free(&out);
}
