#include "broker/command/session.h"

#include <czmq.h>
#include <stdlib.h>

struct session_table {
  zhashx_t *by_key;
  uint64_t capacity;
};

session_table *session_table_new(uint64_t capacity) {
  session_table *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->capacity = capacity;
  self->by_key = zhashx_new();
  if (!self->by_key) {
    free(self);
    return NULL;
  }
  return self;
}

void session_table_destroy(session_table **self_p) {
  session_table *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  for (session *session = zhashx_first(self->by_key); session; session = zhashx_next(self->by_key))
    free(session);
  zhashx_destroy(&self->by_key);
  free(self);
}

size_t session_table_size(const session_table *self) {
  return zhashx_size(self->by_key);
}

static void s_key(const session_route *route, char key[SESSION_KEY_SIZE]) {
  for (size_t i = 0; i < route->size; i++) {
    key[2 * i] = "0123456789abcdef"[route->bytes[i] >> 4];
    key[2 * i + 1] = "0123456789abcdef"[route->bytes[i] & 15];
  }
  key[2 * (size_t)route->size] = 0;
}

session *session_table_get(const session_table *self, const session_route *route) {
  char key[SESSION_KEY_SIZE];
  s_key(route, key);
  return zhashx_lookup(self->by_key, key);
}

session *session_table_add(session_table *self, const session_route *route, int descriptor) {
  if (zhashx_size(self->by_key) >= self->capacity) return NULL;
  session *session = calloc(1, sizeof *session);
  if (!session) return NULL;
  session->route = *route;
  session->descriptor = descriptor;
  s_key(route, session->key);
  zhashx_insert(self->by_key, session->key, session);
  return session;
}

session *session_table_find(const session_table *self, const char *key) {
  return zhashx_lookup(self->by_key, key);
}

void session_table_remove(session_table *self, session *session) {
  zhashx_delete(self->by_key, session->key);
  free(session);
}

session *session_table_find_descriptor(const session_table *self, int descriptor) {
  for (session *session = zhashx_first(self->by_key); session; session = zhashx_next(self->by_key)) {
    if (session->descriptor == descriptor) return session;
  }
  return NULL;
}
