/* The buffer that encoders write into. It grows by doubling, up to its limit, and remembers the first failure. */
#include "proto/buffer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 256

void buffer_init(buffer *self, size_t limit) {
  *self = (buffer){.limit = limit};
}

void buffer_free(buffer *self) {
  free(self->data);
  *self = (buffer){.limit = self->limit};
}

void buffer_reset(buffer *self) {
  self->size = 0;
  self->status = HBUS_OK;
}

static hbus_status s_grow(buffer *self, size_t size) {
  if (size > self->limit - self->size) return self->status = HBUS_TOO_BIG;
  size_t capacity = self->capacity ? self->capacity : CAPACITY_MIN;
  while (capacity < self->size + size)
    capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
  if (capacity > self->limit) capacity = self->limit;
  uint8_t *data = realloc(self->data, capacity);
  if (!data) return self->status = HBUS_NO_MEMORY;
  self->data = data;
  self->capacity = capacity;
  return HBUS_OK;
}

hbus_status buffer_reserve(buffer *self, size_t size) {
  if (self->status != HBUS_OK) return self->status;
  if (size <= self->capacity - self->size) return HBUS_OK;
  return s_grow(self, size);
}

hbus_status buffer_append(buffer *self, const void *data, size_t size) {
  hbus_status status = buffer_reserve(self, size);
  if (status != HBUS_OK || size == 0) return status;
  memcpy(self->data + self->size, data, size);
  self->size += size;
  return HBUS_OK;
}

void buffer_truncate(buffer *self, size_t size) {
  assert(size <= self->size);
  self->size = size;
}
