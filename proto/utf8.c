/* UTF-8 checked by the table of well-formed sequences in the Unicode standard (chapter 3, table 3-7). */
#include "proto/utf8.h"

#include <stdint.h>
#include <string.h>

static bool s_is_tail(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

/* Bytes of the sequence that begins at `at`, 0 when it is not well formed. `at` is not ASCII. */
static size_t s_sequence(const unsigned char *at, size_t left) {
  unsigned char lead = at[0];
  if (lead < 0xC2 || lead > 0xF4) return 0;
  size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (size > left) return 0;
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;  /* below: overlong */
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF; /* above: surrogates, past U+10FFFF */
  if (at[1] < low || at[1] > high) return 0;
  for (size_t i = 2; i < size; i++)
    if (!s_is_tail(at[i])) return 0;
  return size;
}

bool utf8_is_valid(const char *text, size_t size) {
  const unsigned char *at = (const unsigned char *)text;
  while (size > 0) {
    uint64_t eight;
    if (size >= sizeof eight) { /* nearly all text here is ASCII: eight bytes at once */
      memcpy(&eight, at, sizeof eight);
      if (!(eight & UINT64_C(0x8080808080808080))) {
        at += sizeof eight;
        size -= sizeof eight;
        continue;
      }
    }
    size_t step = *at < 0x80 ? 1 : s_sequence(at, size);
    if (step == 0) return false;
    at += step;
    size -= step;
  }
  return true;
}

size_t utf8_cut(const char *text, size_t size, size_t max) {
  if (size <= max) return size;
  while (max > 0 && s_is_tail((unsigned char)text[max]))
    max--;
  return max;
}
