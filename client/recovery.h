/* The orders of ours that are not finished, asked for after a hello and handed out one by one: pending and unknown ones
 * too, since they may be live (ORDERS.md, rule 20).
 *
 * One page is held at a time, and the next is asked for when all of it was taken, so a program that does not take them
 * costs one page. What it learns is told to it; nothing here sends.
 */
#ifndef CLIENT_RECOVERY_H
#define CLIENT_RECOVERY_H

#include "hbus/client.h"
#include "hbus/result.h"

typedef enum recovery_state {
  RECOVERY_IDLE,
  RECOVERY_DUE,   /* a page is to be asked for */
  RECOVERY_ASKED, /* its reply is awaited */
  RECOVERY_PAGE,  /* it is being handed out */
  RECOVERY_ENDED  /* all that is left to hand out is that this was all */
} recovery_state;

typedef struct recovery {
  recovery_state state;
  hbus_order_list page;
  size_t taken;      /* of the page */
  unsigned restarts; /* times that the list changed under its cursor */
  hbus_reply end;    /* what RECOVERY_ENDED tells */
  hbus_error why;    /* end.message */
} recovery;

/* From the first page, whatever was under way. */
void recovery_begin(recovery *self);
/* The connection is gone, and the reply with it: what was begun and not ended begins anew. */
void recovery_lose(recovery *self);
void recovery_free(recovery *self);

/* Whether something is to be asked; fills *out with it. */
bool recovery_question(const recovery *self, hbus_command *out);
/* It was sent. */
void recovery_asked(recovery *self);
/* Its reply. `name`: whose orders are ours. */
void recovery_learn(recovery *self, const char *name, const hbus_reply *reply);

/* HBUS_OK: *out is an order or the end, lent until the next call with this recovery. HBUS_TIMEOUT: there is none. */
hbus_status recovery_take(recovery *self, hbus_message *out);

#endif
