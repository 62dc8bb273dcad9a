#include "broker/link/send_queue.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

struct send_frame {
  send_frame *next;
  size_t size;
  unsigned char bytes[]; /* LWS_PRE, then the text */
};

void send_queue_init(send_queue *self, size_t limit) {
  *self = (send_queue){.limit = limit};
  self->last = &self->first;
}

void send_queue_clear(send_queue *self) {
  send_frame *frame;
  while ((frame = send_queue_pop(self)))
    free(frame);
}

hbus_status send_queue_push(send_queue *self, const char *text, size_t size) {
  if (self->count >= self->limit) return HBUS_OVERLOADED;
  send_frame *frame = malloc(sizeof *frame + LWS_PRE + size);
  if (!frame) return HBUS_NO_MEMORY;
  frame->next = NULL;
  frame->size = size;
  memcpy(frame->bytes + LWS_PRE, text, size);
  *self->last = frame;
  self->last = &frame->next;
  self->count++;
  return HBUS_OK;
}

send_frame *send_queue_pop(send_queue *self) {
  send_frame *frame = self->first;
  if (!frame) return NULL;
  self->first = frame->next;
  if (!self->first) self->last = &self->first;
  self->count--;
  return frame;
}

unsigned char *send_frame_text(send_frame *self) {
  return self->bytes + LWS_PRE;
}

size_t send_frame_size(const send_frame *self) {
  return self->size;
}

void send_frame_free(send_frame *self) {
  free(self);
}
