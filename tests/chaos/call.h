/* Every command that was sent, and how many replies came to it. */
#ifndef CHAOS_CALL_H
#define CHAOS_CALL_H

#include "tests/chaos/ticket.h"

typedef struct call {
  hbus_command_kind kind;
  unsigned replies;
  ticket *about; /* NULL: no order */
} call;

typedef struct call_log {
  call *items;
  size_t count;
  size_t replied;   /* calls with one reply at least */
  uint64_t surplus; /* replies to what was answered before */
  uint64_t unasked; /* replies to what was never sent */
  uint64_t by_status[HBUS_REPLY_STATUS_COUNT];
  uint64_t not_sent; /* creates that were refused without being sent */
} call_log;

void call_log_free(call_log *self);
/* Notes a command that is about to be sent, and gives it its id. */
void call_log_add(call_log *self, hbus_command *command, ticket *about);
/* The call that a reply is to, counted. NULL: there is none. */
call *call_log_reply(call_log *self, const hbus_reply *reply);
/* Calls that have no reply. */
size_t call_log_open(const call_log *self);

#endif
