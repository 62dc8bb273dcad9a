/* Frames into maps: size, form, msgpack-c, keys; in this order, since msgpack-c allocates what a header claims. */
#include "proto/message.h"

#include "proto/frame.h"

hbus_status message_read(const uint8_t *data, size_t size, size_t size_max, msgpack_zone *zone, msgpack_object_map *out,
                         hbus_error *error) {
  if (size > size_max) return hbus_fail(error, HBUS_TOO_BIG, "the frame has %zu bytes, at most %zu", size, size_max);
  hbus_status status = frame_check(data, size);
  if (status != HBUS_OK) return hbus_fail(error, status, "the frame is not msgpack: %s", hbus_status_text(status));
  msgpack_object object;
  size_t offset = 0;
  msgpack_unpack_return unpacked = msgpack_unpack((const char *)data, size, &offset, zone, &object);
  if (unpacked == MSGPACK_UNPACK_NOMEM_ERROR) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  if (unpacked != MSGPACK_UNPACK_SUCCESS) return hbus_fail(error, HBUS_MALFORMED, "the frame is not msgpack");
  if (object.type != MSGPACK_OBJECT_MAP) return hbus_fail(error, HBUS_MALFORMED, "the frame is not a map");
  for (uint32_t i = 0; i < object.via.map.size; i++)
    if (object.via.map.ptr[i].key.type != MSGPACK_OBJECT_STR)
      return hbus_fail(error, HBUS_MALFORMED, "the frame has a key that is not a string");
  *out = object.via.map;
  return HBUS_OK;
}
