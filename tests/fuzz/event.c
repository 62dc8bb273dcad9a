/* Any bytes as an event: what is read packs, and packs to the same bytes when read again. */
#include <assert.h>
#include <string.h>

#include "proto/event_codec.h"
#include "proto/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void s_check_round_trip(event_unpacker *unpacker, const hbus_event *event) {
  buffer first, second;
  hbus_event again;
  topic name;
  buffer_init(&first, HBUS_FRAME_MAX);
  buffer_init(&second, HBUS_FRAME_MAX);
  /* A kind, a type or a status that is not known here cannot be packed again; a topic may be too long. */
  if (event_pack(event, &first) == HBUS_OK) {
    hbus_status has_topic = topic_of_event(event, &name);
    assert(has_topic == HBUS_OK || has_topic == HBUS_TOO_BIG);
    assert(event_unpack(unpacker, first.data, first.size, &again, NULL) == HBUS_OK);
    assert(event_pack(&again, &second) == HBUS_OK);
    assert(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
  }
  buffer_free(&first);
  buffer_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  event_unpacker *unpacker = event_unpacker_new();
  hbus_event event;
  hbus_error error;
  if (event_unpack(unpacker, data, size, &event, &error) == HBUS_OK)
    s_check_round_trip(unpacker, &event);
  else
    assert(strlen(error.text) > 0);
  event_unpacker_destroy(&unpacker);
  return 0;
}
