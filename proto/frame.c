/* Walking msgpack head by head (the msgpack specification, "Formats"): iterative, bounded, nothing allocated. */
#include "proto/frame.h"

#include <assert.h>
#include <string.h>

#include "proto/utf8.h"

typedef enum head_type { HEAD_SCALAR, HEAD_TEXT, HEAD_ARRAY, HEAD_MAP } head_type;

/* What the first bytes of a value say: the bytes that follow (text, a number's, an ext's with its type byte), and for a
 * container the values in it (twice its pairs for a map). */
typedef struct head {
  head_type type;
  uint64_t children;
  const uint8_t *bytes;
  size_t size;
} head;

/* The formats from 0xc0 to 0xdf: `length` bytes of big-endian length, then `fixed` bytes and the length's own. */
typedef struct format {
  head_type type;
  bool known;
  uint8_t length;
  uint8_t fixed;
} format;

static const format s_formats[32] = {
    [0x00] = {HEAD_SCALAR, true, 0, 0}, /* nil */
    [0x02] = {HEAD_SCALAR, true, 0, 0}, /* false */
    [0x03] = {HEAD_SCALAR, true, 0, 0}, /* true */
    [0x04] = {HEAD_SCALAR, true, 1, 0}, /* bin 8, 16, 32 */
    [0x05] = {HEAD_SCALAR, true, 2, 0}, [0x06] = {HEAD_SCALAR, true, 4, 0},
    [0x07] = {HEAD_SCALAR, true, 1, 1}, /* ext 8, 16, 32: a type byte */
    [0x08] = {HEAD_SCALAR, true, 2, 1}, [0x09] = {HEAD_SCALAR, true, 4, 1},
    [0x0a] = {HEAD_SCALAR, true, 0, 4},                                     /* float 32, 64 */
    [0x0b] = {HEAD_SCALAR, true, 0, 8}, [0x0c] = {HEAD_SCALAR, true, 0, 1}, /* uint 8, 16, 32, 64 */
    [0x0d] = {HEAD_SCALAR, true, 0, 2}, [0x0e] = {HEAD_SCALAR, true, 0, 4},
    [0x0f] = {HEAD_SCALAR, true, 0, 8}, [0x10] = {HEAD_SCALAR, true, 0, 1}, /* int 8, 16, 32, 64 */
    [0x11] = {HEAD_SCALAR, true, 0, 2}, [0x12] = {HEAD_SCALAR, true, 0, 4},
    [0x13] = {HEAD_SCALAR, true, 0, 8}, [0x14] = {HEAD_SCALAR, true, 0, 2}, /* fixext 1, 2, 4, 8, 16 */
    [0x15] = {HEAD_SCALAR, true, 0, 3}, [0x16] = {HEAD_SCALAR, true, 0, 5},
    [0x17] = {HEAD_SCALAR, true, 0, 9}, [0x18] = {HEAD_SCALAR, true, 0, 17},
    [0x19] = {HEAD_TEXT, true, 1, 0}, /* str 8, 16, 32 */
    [0x1a] = {HEAD_TEXT, true, 2, 0},   [0x1b] = {HEAD_TEXT, true, 4, 0},
    [0x1c] = {HEAD_ARRAY, true, 2, 0},                                   /* array 16, 32 */
    [0x1d] = {HEAD_ARRAY, true, 4, 0},  [0x1e] = {HEAD_MAP, true, 2, 0}, /* map 16, 32 */
    [0x1f] = {HEAD_MAP, true, 4, 0},
};

/* Reads the head at *at and moves *at behind it and its bytes, not its children. */
static hbus_status s_read_head(const uint8_t **at, const uint8_t *end, head *out) {
  const uint8_t *cursor = *at;
  if (cursor == end) return HBUS_TRUNCATED;
  uint8_t first = *cursor++;
  head self = {.type = HEAD_SCALAR};
  uint64_t length = 0;
  if (first < 0x80 || first >= 0xe0) { /* fixint */
  } else if (first < 0x90) {
    self.type = HEAD_MAP;
    length = first & 0x0f;
  } else if (first < 0xa0) {
    self.type = HEAD_ARRAY;
    length = first & 0x0f;
  } else if (first < 0xc0) {
    self.type = HEAD_TEXT;
    length = first & 0x1f;
  } else {
    const format *row = &s_formats[first - 0xc0];
    if (!row->known) return HBUS_MALFORMED;
    if (row->length > end - cursor) return HBUS_TRUNCATED;
    for (unsigned i = 0; i < row->length; i++)
      length = length << 8 | *cursor++;
    length += row->fixed;
    self.type = row->type;
  }
  if (self.type == HEAD_MAP || self.type == HEAD_ARRAY) {
    self.children = self.type == HEAD_MAP ? 2 * length : length;
    length = 0;
  }
  if (length > (uint64_t)(end - cursor)) return HBUS_TRUNCATED;
  self.bytes = cursor;
  self.size = (size_t)length;
  *at = cursor + length;
  *out = self;
  return HBUS_OK;
}

hbus_status frame_check(const uint8_t *data, size_t size) {
  return frame_check_value((hbus_bytes){data, size}, HBUS_DEPTH_MAX);
}

hbus_status frame_check_value(hbus_bytes whole, size_t depth_max) {
  uint64_t left[HBUS_DEPTH_MAX]; /* values still to come in each open container */
  assert(depth_max <= HBUS_DEPTH_MAX);
  if (whole.size == 0) return HBUS_TRUNCATED;
  size_t depth = 0;
  const uint8_t *at = whole.data, *end = at + whole.size;
  do {
    head value;
    hbus_status status = s_read_head(&at, end, &value);
    if (status != HBUS_OK) return status;
    if (value.type == HEAD_TEXT && !utf8_is_valid((const char *)value.bytes, value.size)) return HBUS_MALFORMED;
    if (depth > 0) left[depth - 1]--;
    if (value.type == HEAD_ARRAY || value.type == HEAD_MAP) {
      if (depth == depth_max) return HBUS_TOO_DEEP;
      if (value.children > (uint64_t)(end - at)) return HBUS_TRUNCATED; /* each takes a byte at least */
      left[depth++] = value.children;
    }
    while (depth > 0 && left[depth - 1] == 0)
      depth--;
  } while (depth > 0);
  return at == end ? HBUS_OK : HBUS_MALFORMED;
}

/* Moves *at behind one whole value, however deep: its depth does not matter here, only how many values are due. */
static hbus_status s_skip(const uint8_t **at, const uint8_t *end) {
  uint64_t due = 1; /* a head adds less than 2^33, and takes a byte of a frame far below 2^31 */
  while (due > 0) {
    head value;
    hbus_status status = s_read_head(at, end, &value);
    if (status != HBUS_OK) return status;
    due += value.children - 1;
  }
  return HBUS_OK;
}

hbus_status frame_find(const uint8_t *data, size_t size, const char *key, hbus_bytes *out) {
  const uint8_t *at = data, *end = data + size;
  head map;
  if (s_read_head(&at, end, &map) != HBUS_OK || map.type != HEAD_MAP) return HBUS_MALFORMED;
  size_t key_size = strlen(key);
  for (uint64_t pairs = map.children / 2; pairs > 0; pairs--) {
    const uint8_t *name_at = at;
    head name;
    if (s_skip(&at, end) != HBUS_OK || s_read_head(&name_at, end, &name) != HBUS_OK) return HBUS_MALFORMED;
    const uint8_t *value = at;
    if (s_skip(&at, end) != HBUS_OK) return HBUS_MALFORMED;
    if (name.type == HEAD_TEXT && name.size == key_size && memcmp(name.bytes, key, key_size) == 0) {
      *out = (hbus_bytes){.data = value, .size = (size_t)(at - value)};
      return HBUS_OK;
    }
  }
  return HBUS_MALFORMED;
}

hbus_status frame_find_text(const uint8_t *data, size_t size, const char *key, hbus_text *out) {
  hbus_bytes value;
  if (frame_find(data, size, key, &value) != HBUS_OK) return HBUS_MALFORMED;
  const uint8_t *at = value.data;
  head text;
  if (s_read_head(&at, value.data + value.size, &text) != HBUS_OK || text.type != HEAD_TEXT) return HBUS_MALFORMED;
  if (!utf8_is_valid((const char *)text.bytes, text.size)) return HBUS_MALFORMED;
  *out = (hbus_text){.data = (const char *)text.bytes, .size = text.size};
  return HBUS_OK;
}
