/* The native dialect: JSON text frames over one WebSocket, both ways. No sockets, clocks, or state between frames. */
#ifndef PROTO_UPSTREAM_NATIVE_H
#define PROTO_UPSTREAM_NATIVE_H

#include "hbus/command.h"
#include "hbus/event.h"
#include "proto/buffer.h"
#include "proto/upstream/answer.h"

/* Requests. Each appends one frame to `out`. `id` is the request's, unique on the connection. */
hbus_status native_encode_authenticate(buffer *out, const char *id, const char *api_key);
/* Any command that the dialect has; HBUS_UNSUPPORTED for the others, and for a limit_maker order. `client_order_id` is
 * the one that goes upstream with a create (the broker's own, not the peer's); "" sends none. Defaults of the dialect
 * (depth 10, limit 50) are written out. HBUS_INVALID_REQUEST when an argument is absent that the request must have; the
 * buffer's status when it is full. Nothing is appended on failure. */
hbus_status native_encode(buffer *out, const char *id, const hbus_command *command, const char *client_order_id);

/* Frames from upstream. */
typedef struct native_decoder native_decoder;
/* `frame_max`: the largest frame, in bytes. NULL: no memory. */
native_decoder *native_decoder_new(size_t frame_max);
void native_decoder_destroy(native_decoder **self);

typedef enum native_frame_kind {
  NATIVE_RESPONSE, /* has `status` and `id` */
  NATIVE_EVENT
} native_frame_kind;

typedef struct native_frame {
  native_frame_kind kind;
  hbus_text id;     /* of a response */
  hbus_event event; /* of an event: type, kind, src, ts_ns, data; client_order_id (upstream's) of an order; the rest is
                       zero. origin is HBUS_PUSHED for orders and fills */
} native_frame;

/* Reads one frame. What *out borrows is the decoder's, until the next call.
 * HBUS_MALFORMED: no JSON, no UTF-8, no object, or a known type with a field missing or wrong; HBUS_UNSUPPORTED: a type
 * that is not known; HBUS_TOO_BIG; HBUS_TOO_DEEP. error->text says what was wrong, and where. */
hbus_status native_decode(native_decoder *self, const char *text, size_t size, native_frame *out, hbus_error *error);

/* Reads the response that native_decode has just found, as the answer to a command of `kind`, or to `authenticate`
 * (HBUS_COMMAND_NONE). HBUS_MALFORMED when its data is not what that command is answered with. */
hbus_status native_decode_answer(native_decoder *self, hbus_command_kind kind, upstream_answer *out, hbus_error *error);

#endif
