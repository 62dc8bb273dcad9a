#include "tests/sim/message.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

message *message_new(const void *text, size_t size) {
  message *self = malloc(sizeof *self + MESSAGE_HEADROOM + size);
  if (!self) return NULL;
  self->references = 1;
  self->size = size;
  memcpy(message_text(self), text, size);
  return self;
}

message *message_keep(message *self) {
  self->references++;
  return self;
}

void message_drop(message *self) {
  if (!self) return;
  assert(self->references > 0);
  if (--self->references == 0) free(self);
}

uint8_t *message_text(message *self) {
  return self->bytes + MESSAGE_HEADROOM;
}
