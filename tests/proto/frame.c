#include "proto/frame.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

static hbus_status s_check(const char *bytes, size_t size) {
  return frame_check((const uint8_t *)bytes, size);
}

#define CHECK(literal) s_check((literal), sizeof(literal) - 1)

Test(frame, every_first_byte_is_known_or_refused) {
  /* How many bytes follow the first one in the shortest whole value that begins with it: the specification's table. */
  for (unsigned first = 0; first < 256; first++) {
    size_t size = 1;
    if (first >= 0x80 && first < 0x90) size += 2 * (first & 15);
    if (first >= 0x90 && first < 0xa0) size += first & 15;
    if (first >= 0xa0 && first < 0xc0) size += first & 31;
    static const uint8_t rest[32] = {0, 0, 0, 0, 1, 2, 4, 2, 3,  5, 4, 8, 1, 2, 4, 8,
                                     1, 2, 4, 8, 2, 3, 5, 9, 17, 1, 2, 4, 2, 4, 2, 4};
    if (first >= 0xc0 && first < 0xe0) size += rest[first - 0xc0];
    uint8_t value[64] = {(uint8_t)first}; /* zeros: lengths of 0, and fixints as children */
    guard page = guard_new(sizeof value);
    cr_assert_eq(frame_check(guard_place(&page, value, size), size), first == 0xc1 ? HBUS_MALFORMED : HBUS_OK, "%02x",
                 first);
    if (first == 0xc1) continue;
    for (size_t cut = 0; cut < size; cut++)
      cr_assert_eq(frame_check(guard_place(&page, value, cut), cut), HBUS_TRUNCATED, "%02x cut to %zu", first, cut);
    cr_assert_eq(frame_check(value, size + 1), HBUS_MALFORMED, "%02x and a byte more", first);
    guard_free(&page);
  }
}

Test(frame, lengths_count_their_bytes) {
  cr_assert_eq(CHECK("\xc4\x02xx"), HBUS_OK);
  cr_assert_eq(CHECK("\xc4\x02x"), HBUS_TRUNCATED);
  cr_assert_eq(CHECK("\xc7\x02\x01xx"), HBUS_OK);
  cr_assert_eq(CHECK("\xc7\x02\x01x"), HBUS_TRUNCATED);
  cr_assert_eq(CHECK("\xd9\x03xxx"), HBUS_OK);
  cr_assert_eq(CHECK("\xda\x00\x03xxx"), HBUS_OK);
  cr_assert_eq(CHECK("\xdb\x00\x00\x00\x03xx"), HBUS_TRUNCATED);
  cr_assert_eq(CHECK("\xdc\x00\x02\x01\x02"), HBUS_OK);
  cr_assert_eq(CHECK("\xde\x00\x01\x01\x02"), HBUS_OK);
  cr_assert_eq(CHECK("\xde\x00\x01\x01"), HBUS_TRUNCATED);
  cr_assert_eq(CHECK("\xc6\xff\xff\xff\xffx"), HBUS_TRUNCATED);
  cr_assert_eq(CHECK("\xc9\xff\xff\xff\xffx"), HBUS_TRUNCATED);
  cr_assert_eq(CHECK("\xdd\xff\xff\xff\xff\x01"), HBUS_TRUNCATED);
  cr_assert_eq(CHECK("\xdf\xff\xff\xff\xff\x01\x02"), HBUS_TRUNCATED);
}

Test(frame, depth_is_bounded_for_every_kind_of_nesting) {
  static const uint8_t openers[] = {0x91, 0x81};
  for (size_t kind = 0; kind < 2; kind++) {
    uint8_t nest[4 * HBUS_DEPTH_MAX]; /* room to spare, or gcc -O3 sees an overflow that is not there */
    for (size_t depth = HBUS_DEPTH_MAX - 1; depth <= HBUS_DEPTH_MAX + 1; depth++) {
      size_t size = 0;
      for (size_t i = 0; i < depth; i++) {
        nest[size++] = openers[kind];
        if (kind == 1) nest[size++] = 0x01; /* a key */
      }
      nest[size++] = 0xc0;
      cr_assert_eq(frame_check(nest, size), depth > HBUS_DEPTH_MAX ? HBUS_TOO_DEEP : HBUS_OK, "%zu", depth);
    }
  }
  /* Many containers beside each other are not deep. */
  uint8_t wide[1000] = {0xdc, 0x03, 0xe5};
  memset(wide + 3, 0x90, sizeof wide - 3);
  cr_assert_eq(frame_check(wide, sizeof wide), HBUS_OK);
}

Test(frame, a_value_may_be_held_to_less_depth) {
  uint8_t bytes[HBUS_DEPTH_MAX + 1];
  memset(bytes, 0x91, sizeof bytes);
  for (size_t depth = 0; depth <= HBUS_DEPTH_MAX; depth++) {
    bytes[depth] = 0xc0;
    for (size_t max = 0; max <= HBUS_DEPTH_MAX; max++)
      cr_expect_eq(frame_check_value((hbus_bytes){bytes, depth + 1}, max), depth <= max ? HBUS_OK : HBUS_TOO_DEEP,
                   "%zu deep, at most %zu", depth, max);
    bytes[depth] = 0x91;
  }
}

Test(frame, a_million_openers_cost_nothing) {
  uint8_t *data = malloc(HBUS_FRAME_MAX);
  memset(data, 0x91, HBUS_FRAME_MAX);
  cr_assert_eq(frame_check(data, HBUS_FRAME_MAX), HBUS_TOO_DEEP);
  free(data);
}

Test(frame, text_must_be_utf8) {
  cr_assert_eq(CHECK("\xa2\xc3\xa9"), HBUS_OK);
  cr_assert_eq(CHECK("\xa2\xc3\x28"), HBUS_MALFORMED);
  cr_assert_eq(CHECK("\xa1\xc3"), HBUS_MALFORMED);
  cr_assert_eq(CHECK("\xc4\x02\xc3\x28"), HBUS_OK, "bytes may be anything");
  cr_assert_eq(CHECK("\x81\xa1\xff\x01"), HBUS_MALFORMED, "a key is text too");
}

Test(frame, vectors_pass_and_their_truncations_do_not) {
  static const char *groups[] = {"events", "commands", "replies", "tolerated"};
  for (size_t g = 0; g < 4; g++) {
    vector_list vectors = vectors_load(groups[g]);
    for (size_t i = 0; i < vectors.count; i++) {
      const vector *row = &vectors.items[i];
      guard page = guard_new(row->size);
      cr_assert_eq(frame_check(guard_place(&page, row->data, row->size), row->size), HBUS_OK, "%s", row->name);
      for (size_t size = 0; size < row->size; size++)
        cr_assert_eq(frame_check(guard_place(&page, row->data, size), size), HBUS_TRUNCATED, "%s", row->name);
      guard_free(&page);
    }
    vectors_free(&vectors);
  }
}

/* ---- looking for a key in whatever is there ---- */

static hbus_status s_find(const char *bytes, size_t size, hbus_text *out) {
  return frame_find_text((const uint8_t *)bytes, size, "id", out);
}

#define FIND(literal, out) s_find((literal), sizeof(literal) - 1, (out))

static void s_expect(hbus_status status, hbus_text text, const char *expected) {
  cr_assert_eq(status, HBUS_OK);
  cr_assert(text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0, "%.*s", (int)text.size,
            text.data);
}

Test(frame, finds_a_text_behind_anything) {
  hbus_text text;
  s_expect(FIND("\x82\xa1v\x01\xa2id\xa1x", &text), text, "x");
  s_expect(FIND("\x83\xa1v\x93\x01\x81\xa2id\xa1n\xc7\x01\x05z\xa1w\xc4\x01q\xa2id\xa3xyz", &text), text, "xyz");
  s_expect(FIND("\x83\x91\x01\x02\x80\x03\xa2id\xa1x", &text), text, "x"); /* keys that are containers */
  s_expect(FIND("\x82\xa2id\xa1"
                "a\xa2id\xa1"
                "b",
                &text),
           text, "a"); /* the first of two */
}

Test(frame, finds_a_text_in_a_damaged_frame) {
  hbus_text text;
  s_expect(FIND("\x84\xa2id\xa1x\xa1v", &text), text, "x");            /* cut */
  s_expect(FIND("\x82\xa2id\xa1x\xa1v\xc1", &text), text, "x");        /* a reserved byte */
  s_expect(FIND("\x81\xa2id\xa1xtrailing", &text), text, "x");         /* bytes behind */
  s_expect(FIND("\xdf\xff\xff\xff\xff\xa2id\xa1x", &text), text, "x"); /* claims too much */
  char deep[128] = {'\x82', '\xa1', 'a'};
  memset(deep + 3, '\x91', 60);
  memcpy(deep + 63, "\xc0\xa2id\xa1x", 6);
  s_expect(s_find(deep, 69, &text), text, "x"); /* too deep */
}

Test(frame, does_not_find_what_is_no_text) {
  hbus_text text = {.data = "untouched", .size = 9};
  cr_assert_eq(FIND("", &text), HBUS_MALFORMED);
  cr_assert_eq(FIND("\x01", &text), HBUS_MALFORMED);
  cr_assert_eq(FIND("\x92\xa2id\xa1x", &text), HBUS_MALFORMED);
  cr_assert_eq(FIND("\x81\xa2id\x07", &text), HBUS_MALFORMED);
  cr_assert_eq(FIND("\x81\xa2id\xc4\x01x", &text), HBUS_MALFORMED);
  cr_assert_eq(FIND("\x81\xa2id\xa2\xc3\x28", &text), HBUS_MALFORMED);
  cr_assert_eq(FIND("\x81\xa2id\xa2x", &text), HBUS_MALFORMED);
  cr_assert_eq(FIND("\x81\xc4\x02id\xa1x", &text), HBUS_MALFORMED, "a key of bytes is not that key");
  cr_assert_eq(FIND("\x81\xa3idx\xa1x", &text), HBUS_MALFORMED);
  cr_assert_eq(FIND("\x81\xa1v\x81\xa2id\xa1x", &text), HBUS_MALFORMED, "below the top level");
  cr_assert_eq(text.size, 9);
}

Test(frame, finds_a_whole_value) {
  const uint8_t bytes[] = "\x82\xa1v\x01\xa4"
                          "data\x92\x01\x81\xa1k\xc0";
  hbus_bytes value;
  cr_assert_eq(frame_find(bytes, sizeof bytes - 1, "data", &value), HBUS_OK);
  cr_assert_eq(value.data, bytes + 9);
  cr_assert_eq(value.size, 6);
}

Test(frame, looking_never_reads_past_the_end) {
  vector_list vectors = vectors_load("commands");
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = &vectors.items[i];
    guard page = guard_new(row->size);
    for (size_t size = 0; size <= row->size; size++) {
      const uint8_t *placed = guard_place(&page, row->data, size);
      hbus_text text;
      hbus_status status = frame_find_text(placed, size, "id", &text);
      if (size >= 9 + strlen(row->name)) s_expect(status, text, row->name);
    }
    guard_free(&page);
  }
  vectors_free(&vectors);
}
