/* A growing run of bytes with a limit: what every encoder writes into. */
#ifndef PROTO_BUFFER_H
#define PROTO_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "hbus/status.h"

typedef struct buffer {
  uint8_t *data;
  size_t size;
  size_t capacity;
  size_t limit;       /* size never passes it */
  hbus_status status; /* the first thing that went wrong since the last reset; appends after it do nothing */
} buffer;

/* An empty buffer that may grow to `limit` bytes. Allocates nothing yet. */
void buffer_init(buffer *self, size_t limit);
void buffer_free(buffer *self);
/* Empties it and clears its status; keeps the memory. */
void buffer_reset(buffer *self);
/* HBUS_OK, HBUS_TOO_BIG, HBUS_NO_MEMORY: also kept in `status`, so that a row of appends needs one check at its end. */
hbus_status buffer_append(buffer *self, const void *data, size_t size);
/* Makes room for `size` more bytes, which the caller then writes at data + size and adds to size. Fails as
 * buffer_append does. */
hbus_status buffer_reserve(buffer *self, size_t size);
/* Takes back everything after the first `size` bytes: how an encoder leaves no half value behind. Keeps the status. */
void buffer_truncate(buffer *self, size_t size);

#endif
