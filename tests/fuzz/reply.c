/* Any bytes as a reply: what is read packs, and packs to the same bytes when read again. */
#include <assert.h>
#include <string.h>

#include "proto/reply_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  hbus_reply reply, again;
  hbus_error error;
  if (reply_unpack(data, size, &reply, &error) != HBUS_OK) {
    assert(strlen(error.text) > 0);
    return 0;
  }
  buffer first, second;
  buffer_init(&first, HBUS_FRAME_MAX);
  buffer_init(&second, HBUS_FRAME_MAX);
  if (reply_pack(&reply, &first) == HBUS_OK) {
    assert(reply_unpack(first.data, first.size, &again, NULL) == HBUS_OK);
    assert(reply_pack(&again, &second) == HBUS_OK);
    assert(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
  }
  buffer_free(&first);
  buffer_free(&second);
  return 0;
}
