/* Any bytes as a topic: each segment that is read is written the same way. */
#include <assert.h>
#include <string.h>

#include "proto/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  char segment[HBUS_TOPIC_MAX + 1];
  size_t offset = 0, start = 0;
  topic built;
  topic_clear(&built);
  (void)topic_streams(text, size);
  while (topic_next_segment(text, size, &offset, segment, sizeof segment) == HBUS_OK) {
    assert(offset > start && offset <= size);
    if (topic_append(&built, segment, strlen(segment)) != HBUS_OK) {
      assert(offset > HBUS_TOPIC_MAX);
      break;
    }
    assert(built.size == offset && memcmp(built.text, text, offset) == 0);
    start = offset;
  }
  return 0;
}
