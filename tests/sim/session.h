/* One client's connection, without its socket: what it may do, what it wants to hear, and what waits to be written. */
#ifndef SIM_SESSION_H
#define SIM_SESSION_H

#include <stdbool.h>

#include "hbus/types.h"
#include "tests/sim/message.h"

#define SESSION_QUEUE_MAX       65536               /* messages */
#define SESSION_QUEUE_BYTES_MAX (64u * 1024 * 1024) /* one message more may pass it */
#define SESSION_REASON_MAX      100                 /* bytes of a close frame's reason */

/* WebSocket close codes that are used here (RFC 6455, 7.4.1, and IANA's registry). */
#define SESSION_CLOSE_GOING_AWAY 1001
#define SESSION_CLOSE_POLICY     1008
#define SESSION_CLOSE_TOO_BIG    1009
#define SESSION_CLOSE_OVERLOADED 1013

/* How a session goes on. */
typedef enum session_state {
  SESSION_OPEN,
  SESSION_CLOSING, /* a close frame follows what is queued */
  SESSION_CUT,     /* the connection ends behind what is queued, without a close frame */
  SESSION_TORN,    /* the same, in the middle of the last message that is queued */
  SESSION_ABORTED  /* the connection is reset at once; nothing is queued any more */
} session_state;

/* A connection that stays but says nothing any more; it never speaks again. */
typedef enum session_mute {
  SESSION_SPEAKS,
  SESSION_SILENT,   /* what comes is thrown away */
  SESSION_HALF_OPEN /* what comes is not read */
} session_mute;

typedef struct session session;
struct session {
  uint64_t number; /* of this process, from 1 */
  bool authenticated;
  uint8_t *channels;     /* a bit for each hbus_channel, by market index; NULL until the first subscription */
  size_t subscriptions;  /* bits set */
  message **queue;       /* a ring */
  size_t queue_capacity; /* a power of two, or 0 */
  size_t queue_first, queue_count, queue_bytes;
  uint64_t sent_total; /* frames sent to it by the hub since the faults last changed */
  uint64_t replayed;   /* frames of a recording sent to it */
  session_state state;
  session_mute mute;
  unsigned close_code;
  char close_reason[SESSION_REASON_MAX + 1];
  void (*wake)(void *arg); /* there is something to write or to close */
  void *wake_arg;
  session *next; /* the hub's */
};

/* `wake` may be NULL. NULL: no memory. */
session *session_new(uint64_t number, void (*wake)(void *arg), void *wake_arg);
void session_destroy(session **self);

/* It takes messages: it is open and not mute. */
bool session_takes(const session *self);
/* Queues a message (keeps a reference of its own) if it takes any. One whose queue is full is closed as overloaded. */
void session_push(session *self, message *pushed);
/* The next message to write, whose reference is the caller's now; NULL when there is none. */
message *session_pop(session *self);
/* Closes when what is queued has been written. The first call counts. */
void session_close(session *self, unsigned code, const char *reason);
/* Ends the connection without a close frame: `how` is SESSION_CUT, SESSION_TORN or SESSION_ABORTED. One that is ending
 * already can only be aborted. */
void session_cut(session *self, session_state how);
/* What is queued still goes out. */
void session_silence(session *self, session_mute how);

/* HBUS_NO_MEMORY leaves it as it was. Both are allowed when it is so already. */
hbus_status session_subscribe(session *self, size_t market, size_t market_count, hbus_channel channel);
void session_unsubscribe(session *self, size_t market, hbus_channel channel);
bool session_wants(const session *self, size_t market, hbus_channel channel);

#endif
