/* Frames that wait for their connection to become writable: a bounded queue of copies. */
#ifndef BROKER_SEND_QUEUE_H
#define BROKER_SEND_QUEUE_H

#include <stddef.h>

#include "hbus/status.h"

/* A frame, with the room in front of `text` that libwebsockets writes the frame's header and mask into. */
typedef struct send_frame send_frame;

typedef struct send_queue {
  send_frame *first;
  send_frame **last; /* where the next one is hung */
  size_t count;
  size_t limit; /* frames */
} send_queue;

void send_queue_init(send_queue *self, size_t limit);
/* Drops all that is queued. */
void send_queue_clear(send_queue *self);
/* HBUS_OVERLOADED at the limit, HBUS_NO_MEMORY. `text` is copied. */
hbus_status send_queue_push(send_queue *self, const char *text, size_t size);
/* Takes the oldest frame, which the caller frees; NULL: none. */
send_frame *send_queue_pop(send_queue *self);

unsigned char *send_frame_text(send_frame *self);
size_t send_frame_size(const send_frame *self);
void send_frame_free(send_frame *self);

#endif
