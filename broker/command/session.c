#include "broker/command/session.h"

#include <assert.h>
#include <czmq.h>
#include <stdlib.h>

#define DESCRIPTOR_KEY_SIZE 16

struct session_table {
  zhashx_t *by_key;
  zhashx_t *by_descriptor;
  uint64_t last_serial;
  uint64_t capacity;
};

session_table *session_table_new(uint64_t capacity) {
  session_table *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->capacity = capacity;
  self->by_key = zhashx_new();
  self->by_descriptor = zhashx_new();
  if (!self->by_key || !self->by_descriptor) {
    zhashx_destroy(&self->by_key);
    zhashx_destroy(&self->by_descriptor);
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
  zhashx_destroy(&self->by_descriptor);
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

static void s_descriptor_key(int descriptor, char key[DESCRIPTOR_KEY_SIZE]) {
  snprintf(key, DESCRIPTOR_KEY_SIZE, "%d", descriptor);
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
  session->serial = ++self->last_serial;
  session->descriptor = descriptor;
  s_key(route, session->key);
  zhashx_insert(self->by_key, session->key, session);
  if (descriptor >= 0) {
    char key[DESCRIPTOR_KEY_SIZE];
    s_descriptor_key(descriptor, key);
    int taken = zhashx_insert(self->by_descriptor, key, session);
    assert(!taken);
  }
  return session;
}

session *session_table_find(const session_table *self, const char *key) {
  return zhashx_lookup(self->by_key, key);
}

void session_table_disconnect(session_table *self, session *session) {
  if (session->descriptor < 0) return;
  char key[DESCRIPTOR_KEY_SIZE];
  s_descriptor_key(session->descriptor, key);
  zhashx_delete(self->by_descriptor, key);
  session->descriptor = -1;
}

void session_table_remove(session_table *self, session *session) {
  session_table_disconnect(self, session);
  zhashx_delete(self->by_key, session->key);
  free(session);
}

session *session_table_find_descriptor(const session_table *self, int descriptor) {
  char key[DESCRIPTOR_KEY_SIZE];
  s_descriptor_key(descriptor, key);
  return zhashx_lookup(self->by_descriptor, key);
}
