#include "broker/recent.h"

#include <assert.h>
#include <czmq.h>
#include <stdlib.h>
#include <string.h>

/* One piece of memory: this, the item, the key. */
typedef struct node {
  struct node *older;
  struct node *newer;
  _Alignas(max_align_t) char item[];
} node;

struct recent {
  zhashx_t *by_key; /* its keys lie in the nodes */
  node *oldest;
  node *newest;
  size_t size;
  size_t capacity;
  size_t item_size;
};

recent *recent_new(size_t capacity, size_t item_size) {
  assert(capacity > 0);
  recent *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->capacity = capacity;
  self->item_size = item_size;
  self->by_key = zhashx_new();
  if (!self->by_key) {
    recent_destroy(&self);
    return NULL;
  }
  zhashx_set_key_duplicator(self->by_key, NULL);
  zhashx_set_key_destructor(self->by_key, NULL);
  return self;
}

void recent_destroy(recent **self_p) {
  recent *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  zhashx_destroy(&self->by_key);
  for (node *at = self->oldest, *newer; at; at = newer) {
    newer = at->newer;
    free(at);
  }
  free(self);
}

size_t recent_size(const recent *self) {
  return self->size;
}

static char *s_key_of(const recent *self, node *node) {
  return node->item + self->item_size;
}

static void s_remove(recent *self, node *gone) {
  zhashx_delete(self->by_key, s_key_of(self, gone));
  *(gone->older ? &gone->older->newer : &self->oldest) = gone->newer;
  *(gone->newer ? &gone->newer->older : &self->newest) = gone->older;
  self->size--;
  free(gone);
}

void *recent_find(const recent *self, const char *key) {
  node *found = zhashx_lookup(self->by_key, key);
  return found ? found->item : NULL;
}

void *recent_add(recent *self, const char *key) {
  assert(!recent_find(self, key));
  size_t key_size = strlen(key) + 1;
  node *added = calloc(1, sizeof *added + self->item_size + key_size);
  if (!added) return NULL;
  if (self->size == self->capacity) s_remove(self, self->oldest);
  memcpy(s_key_of(self, added), key, key_size);
  zhashx_insert(self->by_key, s_key_of(self, added), added);
  added->older = self->newest;
  *(self->newest ? &self->newest->newer : &self->oldest) = added;
  self->newest = added;
  self->size++;
  return added->item;
}

void recent_remove(recent *self, const char *key) {
  node *found = zhashx_lookup(self->by_key, key);
  if (found) s_remove(self, found);
}
