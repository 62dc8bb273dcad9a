#include "tests/sim/backlog.h"

#include <stdlib.h>

struct backlog_item {
  message *text;
  backlog_item *next;
};

bool backlog_add(backlog *self, const char *text, size_t size) {
  if (self->count == BACKLOG_MAX) return false;
  backlog_item *added = calloc(1, sizeof *added);
  if (!added) return false;
  added->text = message_new(text, size);
  if (!added->text) {
    free(added);
    return false;
  }
  *(self->last ? &self->last->next : &self->first) = added;
  self->last = added;
  self->count++;
  return true;
}

message *backlog_take(backlog *self) {
  backlog_item *taken = self->first;
  if (!taken) return NULL;
  message *text = taken->text;
  self->first = taken->next;
  if (!self->first) self->last = NULL;
  self->count--;
  free(taken);
  return text;
}

void backlog_free(backlog *self) {
  for (message *text; (text = backlog_take(self));)
    message_drop(text);
}
