/* msgpack written through msgpack-c's packer; text, which is nearly all there is, directly. */
#include "proto/pack.h"

#include <assert.h>
#include <msgpack.h>

static int s_write(void *data, const char *bytes, size_t size) {
  return buffer_append(data, bytes, size) == HBUS_OK ? 0 : -1;
}

static msgpack_packer s_packer(buffer *out) {
  return (msgpack_packer){.data = out, .callback = s_write};
}

void pack_map(buffer *out, size_t pairs) {
  msgpack_packer packer = s_packer(out);
  (void)msgpack_pack_map(&packer, pairs); /* the buffer keeps the failure, here and below */
}

void pack_array(buffer *out, size_t count) {
  msgpack_packer packer = s_packer(out);
  (void)msgpack_pack_array(&packer, count);
}

void pack_unsigned(buffer *out, uint64_t value) {
  msgpack_packer packer = s_packer(out);
  (void)msgpack_pack_uint64(&packer, value);
}

void pack_bool(buffer *out, bool value) {
  msgpack_packer packer = s_packer(out);
  (void)(value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

void pack_text(buffer *out, const char *text, size_t size) {
  if (buffer_reserve(out, PACK_HEAD_MAX + size) != HBUS_OK) {
    return;
  }
  uint8_t *at = out->data + out->size;
  if (size < 32) {
    *at++ = (uint8_t)(0xa0 | size); /* fixstr */
  } else if (size <= UINT8_MAX) {
    *at++ = 0xd9; /* str 8 */
    *at++ = (uint8_t)size;
  } else {
    assert(size <= UINT16_MAX); /* no text on the wire is longer */
    *at++ = 0xda;               /* str 16 */
    *at++ = (uint8_t)(size >> 8);
    *at++ = (uint8_t)size;
  }
  memcpy(at, text, size);
  out->size = (size_t)(at - out->data) + size;
}

void pack_bin(buffer *out, const uint8_t *data, size_t size) {
  msgpack_packer packer = s_packer(out);
  (void)msgpack_pack_bin(&packer, size);
  (void)buffer_append(out, data, size);
}
