/* Any bytes into the checker of frames and the search for a key: what the checker passes, msgpack-c reads whole. */
#include <assert.h>
#include <msgpack.h>

#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  hbus_status status = frame_check(data, size);
  hbus_text text = {0};
  hbus_bytes value = {0};
  hbus_status found = frame_find_text(data, size, "id", &text);
  if (found == HBUS_OK) assert((const uint8_t *)text.data + text.size <= data + size);
  if (frame_find(data, size, "id", &value) == HBUS_OK) {
    assert(value.data > data && value.data + value.size <= data + size);
    hbus_status part = frame_check(value.data, value.size);
    assert(part == HBUS_OK || status != HBUS_OK);
  }
  if (status == HBUS_OK) {
    msgpack_zone zone;
    msgpack_object object;
    size_t offset = 0;
    assert(msgpack_zone_init(&zone, 4096));
    assert(msgpack_unpack((const char *)data, size, &offset, &zone, &object) == MSGPACK_UNPACK_SUCCESS);
    assert(offset == size);
    msgpack_zone_destroy(&zone);
  }
  return 0;
}
