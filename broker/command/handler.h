/* What each command does once it has passed the gates: one row a command, in handler.c. */
#ifndef BROKER_HANDLER_H
#define BROKER_HANDLER_H

#include "broker/command/command_path.h"

/* Does what the task asks, and sees to it that it is replied to once and ended once, now or later. */
typedef void handler_fn(command_path *path, session *session, task *task);

/* What a command cannot do without. */
typedef enum handler_need {
  NEEDS_NOTHING,
  NEEDS_OPEN_LINK, /* one that is authenticated */
  NEEDS_UP_LINK    /* one that knows what became of the orders before */
} handler_need;

/* Whether replies have private state in them. They leave behind every private event so far, and when all that they tell
 * is written down: what a peer was told is true after a kill -9 as well. */
typedef enum handler_tells {
  TELLS_NOTHING_PRIVATE, /* or says so itself, in the task */
  TELLS_PRIVATE
} handler_tells;

typedef struct handler {
  handler_fn *run;
  handler_need need;
  handler_tells tells;
} handler;

/* NULL: the command is not built. */
const handler *handler_of(hbus_command_kind kind);

/* handle_session.c: what the broker answers by itself. */
handler_fn handle_hello, handle_ping, handle_status;
/* handle_cancel.c, handle_cancel_all.c, handle_resolve.c. */
handler_fn handle_cancel_order, handle_cancel_all, handle_resolve_order;
/* handle_create.c. */
handler_fn handle_create_order;
/* A copy of a create that was seen before, whose order is `order`: it gets the first outcome, now or when there is one.
 */
void handle_repeat(command_path *path, task *task, order *order);
/* handle_query.c: what only reads. */
handler_fn handle_get_order, handle_open_orders, handle_query;
/* handle_positions.c. */
handler_fn handle_get_positions;
/* handle_repair.c. */
handler_fn handle_sequences, handle_replay;
/* handle_publish.c. */
handler_fn handle_publish;
/* handle_snapshot.c. */
handler_fn handle_snapshot;
/* handle_subscribe.c. */
handler_fn handle_subscribe, handle_unsubscribe;

#endif
