#include "client/pages.h"

#include <string.h>

#include "client/client.h"

#define PAGES_MAX 10000

hbus_status pages_collect(hbus_client *client, hbus_command *command, size_t records_max, int timeout_ms,
                          const page_target *target, hbus_error *error) {
  if (timeout_ms <= 0) timeout_ms = client->settings.request_timeout_ms;
  uint64_t deadline_ms = client_monotonic_ms() + (uint64_t)timeout_ms;
  for (unsigned page = 0; page < PAGES_MAX; page++) {
    uint64_t now_ms = client_monotonic_ms();
    size_t wanted = records_max - *target->count;
    command->limit = wanted < HBUS_PAGE_MAX ? wanted : HBUS_PAGE_MAX;
    hbus_reply reply;
    hbus_status status =
        hbus_client_call(client, command, now_ms < deadline_ms ? (int)(deadline_ms - now_ms) : 1, &reply, error);
    if (status == HBUS_OK) status = target->add(target->list, reply.data, error);
    if (status != HBUS_OK) return status;
    if (*target->cursor == '\0' || *target->count >= records_max) return HBUS_OK;
    memcpy(command->cursor, target->cursor, sizeof(command->cursor));
  }
  return hbus_fail(error, HBUS_TOO_BIG, "%s: more than %d pages", hbus_command_name(command->kind), PAGES_MAX);
}
