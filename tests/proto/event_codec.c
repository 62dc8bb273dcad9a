#include "proto/event_codec.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/topic.h"
#include "sample.h"
#include "vector.h"

static event_unpacker *s_unpacker(void) {
  event_unpacker *self = event_unpacker_new();
  cr_assert_not_null(self);
  return self;
}

static const hbus_event *s_sample(const char *name) {
  for (const sample_event *sample = sample_events; sample->name; sample++)
    if (strcmp(sample->name, name) == 0) return &sample->event;
  cr_assert(false, "there is no sample %s", name);
  return NULL;
}

Test(event_codec, vectors_are_packed_byte_for_byte) {
  vector_list vectors = vectors_load("events");
  size_t count = 0;
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  for (const sample_event *sample = sample_events; sample->name; sample++, count++) {
    const vector *row = vectors_find(&vectors, sample->name);
    buffer_reset(&out);
    cr_assert_eq(event_pack(&sample->event, &out), HBUS_OK, "%s", sample->name);
    cr_assert(out.size == row->size && memcmp(out.data, row->data, row->size) == 0, "%s packs differently",
              sample->name);
    topic built;
    cr_assert_eq(topic_of_event(&sample->event, &built), HBUS_OK);
    cr_assert_str_eq(built.text, row->topic);
  }
  cr_assert_eq(count, vectors.count, "every vector has a sample");
  buffer_free(&out);
  vectors_free(&vectors);
}

Test(event_codec, vectors_are_read) {
  vector_list vectors = vectors_load("events");
  event_unpacker *unpacker = s_unpacker();
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = &vectors.items[i];
    hbus_event event;
    hbus_error error = {0};
    cr_assert_eq(event_unpack(unpacker, row->data, row->size, &event, &error), HBUS_OK, "%s: %s", row->name,
                 error.text);
    sample_expect_event(&event, s_sample(row->name), row->name);
  }
  event_unpacker_destroy(&unpacker);
  cr_assert_null(unpacker);
  vectors_free(&vectors);
}

Test(event_codec, what_others_may_send_is_read) {
  vector_list vectors = vectors_load("tolerated");
  event_unpacker *unpacker = s_unpacker();
  size_t count = 0;
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = &vectors.items[i];
    if (strcmp(row->decoder, "event") != 0) continue;
    hbus_event event;
    hbus_error error = {0};
    cr_assert_eq(event_unpack(unpacker, row->data, row->size, &event, &error), HBUS_OK, "%s: %s", row->name,
                 error.text);
    if (row->same_as[0]) sample_expect_event(&event, s_sample(row->same_as), row->name);
    if (strcmp(row->name, "tolerated_event_kind") == 0) {
      cr_assert_eq(event.kind, HBUS_KIND_OTHER);
      cr_assert_eq(event.seq, 9);
    }
    if (strcmp(row->name, "tolerated_event_enumeration") == 0) {
      cr_assert_eq(event.data.order.order_type, HBUS_ORDER_TYPE_NONE);
      cr_assert_eq(event.data.order.status, HBUS_OPEN);
    }
    count++;
  }
  cr_assert_geq(count, 5);
  event_unpacker_destroy(&unpacker);
  vectors_free(&vectors);
}

Test(event_codec, what_is_wrong_is_refused_by_name) {
  vector_list vectors = vectors_load("refused");
  event_unpacker *unpacker = s_unpacker();
  size_t count = 0;
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = &vectors.items[i];
    if (strcmp(row->decoder, "event") != 0) continue;
    hbus_event event, before;
    memset(&event, 0x5a, sizeof event);
    memcpy(&before, &event, sizeof event);
    hbus_error error = {0};
    cr_assert_eq(event_unpack(unpacker, row->data, row->size, &event, &error), vector_status(row->code), "%s: %s",
                 row->name, error.text);
    cr_assert_eq(error.status, vector_status(row->code));
    cr_assert_not_null(strstr(error.text, row->error), "%s: \"%s\" does not say \"%s\"", row->name, error.text,
                       row->error);
    cr_assert_eq(memcmp(&event, &before, sizeof event), 0, "%s: the output was touched", row->name);
    cr_assert_neq(event_unpack(unpacker, row->data, row->size, &event, NULL), HBUS_OK);
    count++;
  }
  cr_assert_geq(count, 25);
  event_unpacker_destroy(&unpacker);
  vectors_free(&vectors);
}

/* One unpacker for a whole attack: what the last event left in it must not matter. */
static event_unpacker *s_attacked;

static hbus_status s_decode(const uint8_t *data, size_t size, buffer *out) {
  hbus_event event;
  hbus_error error;
  hbus_status status = event_unpack(s_attacked, data, size, &event, &error);
  if (status == HBUS_OK) (void)event_pack(&event, out); /* names that are not known cannot be packed again */
  return status;
}

Test(event_codec, survives_every_truncation_and_corruption, .timeout = 250) {
  vector_list vectors = vectors_load("events");
  s_attacked = s_unpacker();
  for (size_t i = 0; i < vectors.count; i++)
    vector_attack(&vectors.items[i], s_decode);
  event_unpacker_destroy(&s_attacked);
  vectors_free(&vectors);
}

Test(event_codec, a_book_is_full_at_its_limit) {
  static hbus_level levels[HBUS_BOOK_LEVELS_MAX + 1];
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
    levels[i] = (hbus_level){{38, "12345678901234567890.12345678901234567"}, {1, "1"}};
  hbus_event event = *s_sample("event_order_book");
  event.data.book.bids = event.data.book.asks = levels;
  event.data.book.bid_count = event.data.book.ask_count = HBUS_BOOK_LEVELS_MAX;
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  cr_assert_eq(event_pack(&event, &out), HBUS_OK);
  event_unpacker *unpacker = s_unpacker();
  hbus_event read;
  hbus_error error;
  cr_assert_eq(event_unpack(unpacker, out.data, out.size, &read, &error), HBUS_OK, "%s", error.text);
  sample_expect_book(&read.data.book,
                     &(hbus_book){.exchange = "coinbase",
                                  .market = "BTC-USD",
                                  .bids = levels,
                                  .asks = levels,
                                  .bid_count = HBUS_BOOK_LEVELS_MAX,
                                  .ask_count = HBUS_BOOK_LEVELS_MAX,
                                  .ts_ns = event.ts_ns},
                     "full");
  size_t full = out.size;
  event.data.book.bid_count++;
  cr_assert_eq(event_pack(&event, &out), HBUS_TOO_BIG);
  cr_assert_eq(out.size, full, "nothing half is left behind");
  event.data.book.bid_count = 1;
  levels[0].amount = (hbus_decimal){0};
  cr_assert_eq(event_pack(&event, &out), HBUS_MALFORMED, "a level without an amount");
  cr_assert_eq(out.size, full);
  event_unpacker_destroy(&unpacker);
  buffer_free(&out);
}

Test(event_codec, an_event_that_lacks_something_is_not_packed) {
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  hbus_event events[6];
  for (size_t i = 0; i < 6; i++)
    events[i] = *s_sample("event_ticker");
  events[0].kind = HBUS_KIND_OTHER;
  events[1].seq = 0;
  events[2].src[0] = '\0';
  events[3].tx_ns = 0;
  events[4].data.ticker.market[0] = '\0';
  events[5].type = HBUS_EVENT_NONE;
  for (size_t i = 0; i < 6; i++) {
    cr_assert_eq(event_pack(&events[i], &out), HBUS_MALFORMED, "case %zu", i);
    cr_assert_eq(out.size, 0);
    cr_assert_eq(out.status, HBUS_OK);
  }
  buffer_free(&out);
}

Test(event_codec, a_full_buffer_is_left_as_it_was) {
  const hbus_event *event = s_sample("event_order_book_20");
  buffer out;
  buffer_init(&out, 1200);
  cr_assert_eq(event_pack(event, &out), HBUS_TOO_BIG);
  cr_assert_eq(out.size, 0);
  cr_assert_eq(out.status, HBUS_TOO_BIG);
  buffer_free(&out);
}

Test(event_codec, a_frame_past_the_limit_is_refused) {
  uint8_t *data = calloc(1, HBUS_FRAME_MAX + 1);
  event_unpacker *unpacker = s_unpacker();
  hbus_event event;
  cr_assert_eq(event_unpack(unpacker, data, HBUS_FRAME_MAX + 1, &event, NULL), HBUS_TOO_BIG);
  cr_assert_eq(event_unpack(unpacker, data, HBUS_FRAME_MAX, &event, NULL), HBUS_MALFORMED);
  event_unpacker_destroy(&unpacker);
  free(data);
}
