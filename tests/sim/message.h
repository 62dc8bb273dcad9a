/* One outgoing frame, shared by all sessions that it goes to. */
#ifndef SIM_MESSAGE_H
#define SIM_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

/* What libwebsockets wants to find in front of a frame's text (its LWS_PRE). */
#define MESSAGE_HEADROOM 32

typedef struct message {
  unsigned references;
  size_t size;
  uint8_t bytes[]; /* MESSAGE_HEADROOM, then the text */
} message;

/* A copy of the text, with one reference. NULL: no memory. */
message *message_new(const void *text, size_t size);
message *message_keep(message *self);
/* Drops a reference; frees with the last. NULL is allowed. */
void message_drop(message *self);
uint8_t *message_text(message *self);

#endif
