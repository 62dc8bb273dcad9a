#include "tests/chaos/call.h"

#include <assert.h>
#include <stdlib.h>

void call_log_free(call_log *self) {
  free(self->items);
}

void call_log_add(call_log *self, hbus_command *command, ticket *about) {
  call *items = realloc(self->items, (self->count + 1) * sizeof *items);
  assert(items);
  self->items = items;
  self->items[self->count] = (call){.kind = command->kind, .about = about};
  snprintf(command->id, sizeof command->id, "%zu", self->count++);
}

call *call_log_reply(call_log *self, const hbus_reply *reply) {
  char *end;
  size_t number = strtoul(reply->id, &end, 10);
  if (*end || number >= self->count) {
    self->unasked++;
    return NULL;
  }
  call *answered = &self->items[number];
  self->by_status[reply->status]++;
  if (answered->replies++) {
    self->surplus++;
  } else {
    self->replied++;
  }
  return answered;
}

size_t call_log_open(const call_log *self) {
  return self->count - self->replied;
}
