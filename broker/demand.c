#include "broker/demand.h"

#include <stdlib.h>
#include <string.h>

typedef struct want {
  hbus_command what;
  zhashx_t *holders; /* their keys */
  feed feed;
} want;

struct demand {
  zhashx_t *wants; /* channel, exchange, market → want */
  uint64_t capacity;
};

void demand_key(const hbus_command *what, char out[DEMAND_KEY_SIZE]) {
  snprintf(out, DEMAND_KEY_SIZE, "%d\n%s\n%s", (int)what->channel, what->exchange, what->market);
}

static void s_want_free(void **item_p) {
  want *want = *item_p;
  zhashx_destroy(&want->holders);
  free(want);
  *item_p = NULL;
}

demand *demand_new(uint64_t capacity) {
  demand *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->capacity = capacity;
  self->wants = zhashx_new();
  if (!self->wants) {
    free(self);
    return NULL;
  }
  zhashx_set_destructor(self->wants, s_want_free);
  return self;
}

void demand_destroy(demand **self) {
  if (!*self) return;
  zhashx_destroy(&(*self)->wants);
  free(*self);
  *self = NULL;
}

size_t demand_size(const demand *self) {
  return zhashx_size(self->wants);
}

static want *s_add(demand *self, const char *key, const hbus_command *what) {
  if (zhashx_size(self->wants) >= self->capacity) return NULL;
  want *want = calloc(1, sizeof *want);
  if (!want) return NULL;
  want->what.channel = what->channel;
  memcpy(want->what.exchange, what->exchange, sizeof want->what.exchange);
  memcpy(want->what.market, what->market, sizeof want->what.market);
  want->holders = zhashx_new();
  if (!want->holders) {
    free(want);
    return NULL;
  }
  zhashx_insert(self->wants, key, want);
  return want;
}

hbus_status demand_hold(demand *self, const hbus_command *what, const char *holder) {
  char key[DEMAND_KEY_SIZE];
  demand_key(what, key);
  want *want = zhashx_lookup(self->wants, key);
  if (!want) want = s_add(self, key, what);
  if (!want) return HBUS_OVERLOADED;
  zhashx_insert(want->holders, holder, want); /* the value only has to be something */
  return HBUS_OK;
}

bool demand_release(demand *self, const hbus_command *what, const char *holder) {
  char key[DEMAND_KEY_SIZE];
  demand_key(what, key);
  want *want = zhashx_lookup(self->wants, key);
  if (!want || !zhashx_lookup(want->holders, holder)) return false;
  zhashx_delete(want->holders, holder);
  if (zhashx_size(want->holders)) return false;
  zhashx_delete(self->wants, key);
  return true;
}

void demand_release_all(demand *self, const char *holder, demand_fn *ended, void *arg) {
  /* Deleting while walking is not allowed, so the names are taken first. */
  zlistx_t *keys = zhashx_keys(self->wants);
  for (const char *key = zlistx_first(keys); key; key = zlistx_next(keys)) {
    const want *want = zhashx_lookup(self->wants, key);
    hbus_command what = want->what;
    if (demand_release(self, &what, holder)) ended(arg, &what);
  }
  zlistx_destroy(&keys);
}

zlistx_t *demand_keys(demand *self) {
  return zhashx_keys(self->wants);
}

const hbus_command *demand_find(const demand *self, const char *key) {
  const want *want = zhashx_lookup(self->wants, key);
  return want ? &want->what : NULL;
}

void demand_each(demand *self, demand_fn *each, void *arg) {
  for (want *want = zhashx_first(self->wants); want; want = zhashx_next(self->wants))
    each(arg, &want->what);
}

void demand_each_feed(demand *self, demand_feed_fn *each, void *arg) {
  for (want *want = zhashx_first(self->wants); want; want = zhashx_next(self->wants))
    each(arg, &want->what, &want->feed);
}
