#include "client/watches.h"

#include <stdlib.h>
#include <string.h>

void watches_free(watches *self) {
  for (size_t i = 0; i < self->count; i++)
    free(self->items[i].prefix);
  free(self->items);
  *self = (watches){0};
}

static int s_compare(const watch *item, const char *text, size_t size) {
  int order = memcmp(item->prefix, text, item->size < size ? item->size : size);
  if (order != 0) return order;
  return item->size < size ? -1 : item->size > size;
}

/* The place of the first one that is greater than the text. */
static size_t s_after(const watches *self, const char *text, size_t size) {
  size_t low = 0, high = self->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (s_compare(&self->items[middle], text, size) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static watch *s_find(const watches *self, const char *prefix, size_t size) {
  size_t after = s_after(self, prefix, size);
  watch *item = after > 0 ? &self->items[after - 1] : NULL;
  return item != NULL && s_compare(item, prefix, size) == 0 ? item : NULL;
}

static bool s_grow(watches *self) {
  if (self->count < self->capacity) return true;
  size_t capacity = self->capacity == 0 ? 16 : self->capacity * 2;
  watch *items = realloc(self->items, capacity * sizeof(*items));
  if (items == NULL) return false;
  self->items = items;
  self->capacity = capacity;
  return true;
}

hbus_status watches_add(watches *self, const char *prefix, size_t size) {
  watch *known = s_find(self, prefix, size);
  if (known != NULL) {
    known->count++;
    return HBUS_OK;
  }
  if (self->count == HBUS_WATCHES_MAX) return HBUS_OVERLOADED;
  watch added = {.prefix = malloc(size + 1), .size = size, .count = 1, .is_due = true};
  if (added.prefix == NULL || !s_grow(self)) {
    free(added.prefix);
    return HBUS_NO_MEMORY;
  }
  memcpy(added.prefix, prefix, size);
  added.prefix[size] = '\0';
  size_t place = s_after(self, prefix, size);
  memmove(&self->items[place + 1], &self->items[place], (self->count - place) * sizeof(*self->items));
  self->items[place] = added;
  self->count++;
  self->due_count++;
  return HBUS_OK;
}

bool watches_remove(watches *self, const char *prefix, size_t size) {
  watch *item = s_find(self, prefix, size);
  if (item == NULL) return false;
  if (--item->count > 0) return true;
  if (item->is_due) self->due_count--;
  free(item->prefix);
  size_t place = (size_t)(item - self->items);
  self->count--;
  memmove(item, item + 1, (self->count - place) * sizeof(*item));
  return true;
}

/* The greatest prefix that is not greater than the topic is one of its prefixes, or shares with it as many bytes as any
 * of its prefixes has: so each look shortens what is left to look for. */
bool watches_match(const watches *self, const char *topic, size_t size, bool *is_based) {
  bool is_watched = false, has_base = false;
  for (;;) {
    size_t after = s_after(self, topic, size);
    if (after == 0) break;
    const watch *item = &self->items[after - 1];
    size_t common = 0;
    while (common < item->size && common < size && item->prefix[common] == topic[common])
      common++;
    if (common == item->size) {
      is_watched = true;
      has_base = has_base || item->is_based;
      if (is_based == NULL || has_base || common == 0) break;
      common--;
    }
    size = common;
  }
  if (is_based != NULL) *is_based = has_base;
  return is_watched;
}

void watches_set_due(watches *self) {
  for (size_t i = 0; i < self->count; i++) {
    self->items[i].is_due = true;
    self->items[i].round = 0; /* what is being answered is older than the reason to ask */
  }
  self->due_count = self->count;
}

size_t watches_begin_round(watches *self, uint64_t round, hbus_text *out) {
  size_t count = 0;
  for (size_t i = 0; i < self->count && count < HBUS_PREFIXES_MAX && self->due_count > 0; i++) {
    watch *item = &self->items[i];
    if (!item->is_due) continue;
    item->is_due = false;
    item->round = round;
    self->due_count--;
    out[count++] = (hbus_text){.data = item->prefix, .size = item->size};
  }
  return count;
}

void watches_end_round(watches *self, uint64_t round, bool answered) {
  for (size_t i = 0; i < self->count; i++) {
    watch *item = &self->items[i];
    if (item->round != round) continue;
    item->round = 0;
    if (answered) {
      item->is_based = true;
    } else if (!item->is_due) {
      item->is_due = true;
      self->due_count++;
    }
  }
}
