#include "proto/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

/* The encoding of a code point by RFC 3629's table, whether or not it may be encoded. */
static size_t s_encode(unsigned long point, char *out) {
  if (point < 0x80) return out[0] = (char)point, 1;
  size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (size_t i = size - 1; i > 0; i--, point >>= 6)
    out[i] = (char)(0x80 | (point & 0x3f));
  out[0] = (char)((0xf00 >> size & 0xff) | point);
  return size;
}

Test(utf8, every_code_point_is_judged_right) {
  for (unsigned long point = 0; point < 0x120000; point++) {
    char text[4];
    size_t size = s_encode(point, text);
    bool legal = point < 0x110000 && !(point >= 0xd800 && point < 0xe000);
    cr_assert_eq(utf8_is_valid(text, size), legal, "U+%lX", point);
  }
}

Test(utf8, every_pair_of_bytes_is_judged_right) {
  for (unsigned first = 0; first < 256; first++) {
    for (unsigned second = 0; second < 256; second++) {
      char text[2] = {(char)first, (char)second};
      bool legal =
          (first < 0x80 && second < 0x80) || (first >= 0xc2 && first < 0xe0 && second >= 0x80 && second < 0xc0);
      cr_assert_eq(utf8_is_valid(text, 2), legal, "%02x %02x", first, second);
    }
  }
}

Test(utf8, overlong_and_unfinished_forms_are_refused) {
  const char *bad[] = {"\xc0\x80", "\xc1\xbf",         "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xe2\x82", "\xf0\x9f\x92",
                       "\x80",     "\xf5\x80\x80\x80", "\xff"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    cr_assert_not(utf8_is_valid(bad[i], strlen(bad[i])), "case %zu", i);
}

Test(utf8, a_bad_byte_is_found_wherever_it_stands) {
  char text[40];
  for (size_t at = 0; at < sizeof text; at++) {
    memset(text, 'a', sizeof text);
    cr_assert(utf8_is_valid(text, sizeof text));
    text[at] = (char)0xff;
    cr_assert_not(utf8_is_valid(text, sizeof text), "at %zu", at);
  }
}

Test(utf8, a_cut_leaves_whole_characters) {
  const char *text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xb6z"; /* 1, 2, 3, 4 and 1 bytes */
  const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
  for (size_t max = 0; max < sizeof expected / sizeof expected[0]; max++)
    cr_assert_eq(utf8_cut(text, strlen(text), max), expected[max], "max %zu", max);
  cr_assert_eq(utf8_cut(text, strlen(text), 100), strlen(text));
}
