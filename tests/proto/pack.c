#include "proto/pack.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void s_expect(const buffer *out, const char *bytes, size_t size) {
  cr_assert_eq(out->size, size);
  cr_assert_eq(memcmp(out->data, bytes, size), 0);
}

#define EXPECT(out, literal) s_expect((out), (literal), sizeof(literal) - 1)

Test(pack, numbers_are_in_their_shortest_form) {
  static const struct {
    uint64_t value;
    const char *bytes;
    size_t size;
  } rows[] = {
      {0, "\x00", 1},
      {127, "\x7f", 1},
      {128, "\xcc\x80", 2},
      {255, "\xcc\xff", 2},
      {256, "\xcd\x01\x00", 3},
      {65535, "\xcd\xff\xff", 3},
      {65536, "\xce\x00\x01\x00\x00", 5},
      {UINT32_MAX, "\xce\xff\xff\xff\xff", 5},
      {(uint64_t)UINT32_MAX + 1, "\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 9},
      {UINT64_MAX, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    buffer out;
    buffer_init(&out, 100);
    pack_unsigned(&out, rows[i].value);
    s_expect(&out, rows[i].bytes, rows[i].size);
    buffer_free(&out);
  }
}

Test(pack, heads_of_text_are_in_their_shortest_form) {
  static const struct {
    size_t size;
    const char *head;
    size_t head_size;
  } rows[] = {{0, "\xa0", 1},           {31, "\xbf", 1},           {32, "\xd9\x20", 2},       {255, "\xd9\xff", 2},
              {256, "\xda\x01\x00", 3}, {1024, "\xda\x04\x00", 3}, {65535, "\xda\xff\xff", 3}};
  char *text = malloc(65535);
  memset(text, 't', 65535);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    buffer out;
    buffer_init(&out, 70000);
    pack_text(&out, text, rows[i].size);
    cr_assert_eq(out.size, rows[i].head_size + rows[i].size);
    cr_assert_eq(memcmp(out.data, rows[i].head, rows[i].head_size), 0);
    cr_assert_eq(memcmp(out.data + rows[i].head_size, text, rows[i].size), 0);
    buffer_free(&out);
  }
  free(text);
}

Test(pack, containers_and_truth) {
  buffer out;
  buffer_init(&out, 100);
  pack_map(&out, 15);
  pack_map(&out, 16);
  pack_array(&out, 15);
  pack_array(&out, 5000);
  pack_bool(&out, true);
  pack_bool(&out, false);
  EXPECT(&out, "\x8f\xde\x00\x10\x9f\xdc\x13\x88\xc3\xc2");
  buffer_free(&out);
}

Test(pack, a_decimal_is_its_text) {
  hbus_decimal short_one = {5, "36.00"}, long_one = {38, "12345678901234567890.12345678901234567"};
  uint8_t room[2 * PACK_DECIMAL_MAX];
  uint8_t *end = pack_decimal_at(room, &short_one);
  cr_assert_eq(end, room + 6);
  end = pack_decimal_at(end, &long_one);
  cr_assert_eq(end, room + 6 + 40);
  cr_assert_eq(memcmp(room,
                      "\xa5"
                      "36.00\xd9\x26"
                      "12345678901234567890.12345678901234567",
                      46),
               0);
}

Test(pack, bytes_are_marked_as_such) {
  static const uint8_t bytes[300];
  buffer out;
  buffer_init(&out, 1000);
  pack_bin(&out, NULL, 0);
  pack_bin(&out, (const uint8_t *)"\x00\xff", 2);
  EXPECT(&out, "\xc4\x00\xc4\x02\x00\xff");
  buffer_reset(&out);
  pack_bin(&out, bytes, sizeof bytes);
  cr_assert_eq(out.size, 3 + sizeof bytes);
  cr_assert_eq(memcmp(out.data, "\xc5\x01\x2c\x00", 4), 0);
  buffer_free(&out);
}

Test(pack, a_full_buffer_says_so) {
  buffer out;
  buffer_init(&out, 8);
  pack_unsigned(&out, UINT64_MAX);
  cr_assert_eq(out.status, HBUS_TOO_BIG);
  pack_text(&out, "a", 1);
  cr_assert_eq(out.status, HBUS_TOO_BIG);
  buffer_free(&out);
}
