/* The typed call for what peers tell each other. */
#include <string.h>

#include "hbus/calls.h"

hbus_status hbus_publish_signal(hbus_client *client, const char *name, hbus_bytes data, int timeout_ms, hbus_seen *seen,
                                hbus_error *error) {
  size_t size = strlen(name);
  if (size == 0 || size > HBUS_NAME_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "name has %zu bytes, expected 1 to %d", size, HBUS_NAME_MAX);
  if (data.size > HBUS_SIGNAL_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "data has %zu bytes, at most %d", data.size, HBUS_SIGNAL_MAX);
  hbus_command command = {.kind = HBUS_PUBLISH, .data = data};
  memcpy(command.name, name, size); /* zeroed behind */
  hbus_reply reply;
  hbus_status status = hbus_client_call(client, &command, timeout_ms, &reply, error);
  if (status == HBUS_OK && seen != NULL) *seen = reply.seen;
  return status;
}
