/* Any bytes as a command: what is read packs, and packs to the same bytes when read again. */
#include <assert.h>
#include <string.h>

#include "proto/command_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether they are the same but for where their lists and values are borrowed from. */
static bool s_is_same(hbus_command a, hbus_command b) {
  assert(a.prefixes.size == b.prefixes.size && a.acks.size == b.acks.size && a.data.size == b.data.size);
  a.prefixes = b.prefixes = a.acks = b.acks = a.data = b.data = (hbus_bytes){0};
  return memcmp(&a, &b, sizeof a) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  hbus_command command, again;
  hbus_error error;
  if (command_unpack(data, size, &command, &error) != HBUS_OK) {
    assert(strlen(error.text) > 0 && command.expires_ms == 0);
    return 0;
  }
  buffer first, second;
  buffer_init(&first, HBUS_COMMAND_FRAME_MAX);
  buffer_init(&second, HBUS_COMMAND_FRAME_MAX);
  assert(command_pack(&command, &first) == HBUS_OK);
  assert(command_unpack(first.data, first.size, &again, NULL) == HBUS_OK);
  assert(command_pack(&again, &second) == HBUS_OK);
  assert(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
  assert(s_is_same(command, again));
  assert(command_validate(&command, &error) == command_validate(&again, NULL));
  assert(command_same_order(&command, &again));
  buffer_free(&first);
  buffer_free(&second);
  return 0;
}
