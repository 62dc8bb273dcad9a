#include "client/subscriptions.h"

#include <stdlib.h>
#include <string.h>

void subscriptions_free(subscriptions *self) {
  free(self->items);
  *self = (subscriptions){0};
}

static subscription *s_find(const subscriptions *self, const hbus_command *command) {
  for (unsigned i = 0; i < self->count; i++) {
    subscription *item = &self->items[i];
    if (item->channel == command->channel && strcmp(item->exchange, command->exchange) == 0 &&
        strcmp(item->market, command->market) == 0)
      return item;
  }
  return NULL;
}

hbus_status subscriptions_add(subscriptions *self, const hbus_command *command) {
  if (s_find(self, command) != NULL) return HBUS_OK;
  if (self->count == HBUS_SUBSCRIPTIONS_MAX) return HBUS_OVERLOADED;
  if (self->count == self->capacity) {
    unsigned capacity = self->capacity == 0 ? 16 : self->capacity * 2;
    subscription *items = realloc(self->items, capacity * sizeof(*items));
    if (items == NULL) return HBUS_NO_MEMORY;
    self->items = items;
    self->capacity = capacity;
  }
  subscription *item = &self->items[self->count++];
  item->channel = command->channel;
  memcpy(item->exchange, command->exchange, sizeof(item->exchange));
  memcpy(item->market, command->market, sizeof(item->market));
  return HBUS_OK;
}

void subscriptions_remove(subscriptions *self, const hbus_command *command) {
  subscription *item = s_find(self, command);
  if (item != NULL) *item = self->items[--self->count];
}
