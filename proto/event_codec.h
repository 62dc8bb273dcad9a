/* The body of an event, both ways. */
#ifndef PROTO_EVENT_CODEC_H
#define PROTO_EVENT_CODEC_H

#include "hbus/event.h"
#include "proto/buffer.h"

/* Appends the body of `event` to `out`. `kind` must not be HBUS_KIND_OTHER. */
hbus_status event_pack(const hbus_event *event, buffer *out);

/* Scratch memory for unpacking, reused from call to call. Opaque. */
typedef struct event_unpacker event_unpacker;
event_unpacker *event_unpacker_new(void); /* NULL: no memory */
void event_unpacker_destroy(event_unpacker **self);

/* Unpacks a body. What *out borrows stays valid until the next call on the same unpacker, and while `data` does. */
hbus_status event_unpack(event_unpacker *self, const uint8_t *data, size_t size, hbus_event *out, hbus_error *error);

#endif
