/* Writing msgpack at the end of a buffer, in shortest form. A failure stays in the buffer's status. */
#ifndef PROTO_PACK_H
#define PROTO_PACK_H

#include <string.h>

#include "hbus/decimal.h"
#include "proto/buffer.h"

#define PACK_HEAD_MAX 9 /* bytes of the longest head: a 64-bit number */

void pack_map(buffer *out, size_t pairs);
void pack_array(buffer *out, size_t count);
void pack_unsigned(buffer *out, uint64_t value);
void pack_bool(buffer *out, bool value);
void pack_text(buffer *out, const char *text, size_t size);
void pack_bin(buffer *out, const uint8_t *data, size_t size);

static inline void pack_string(buffer *out, const char *text) {
  pack_text(out, text, strlen(text));
}

/* Writes a decimal at `at`, which has room for PACK_DECIMAL_MAX bytes, and gives the place behind it. */
#define PACK_DECIMAL_MAX (2 + HBUS_DECIMAL_MAX)
static inline uint8_t *pack_decimal_at(uint8_t *at, const hbus_decimal *decimal) {
  if (decimal->size < 32) {
    *at++ = (uint8_t)(0xa0 | decimal->size); /* fixstr */
  } else {
    *at++ = 0xd9; /* str 8 */
    *at++ = decimal->size;
  }
  memcpy(at, decimal->text,
         HBUS_DECIMAL_MAX); /* a copy of fixed size is a few moves; what is too much is overwritten */
  return at + decimal->size;
}

#endif
