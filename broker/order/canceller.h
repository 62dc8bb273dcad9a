/* Cancels: asked for at any time, sent as soon as they can be, and until they have had their effect (ORDERS.md, rules
 * 3, 4, 15 and 16).
 *
 * That an order's cancel is asked for is a part of the order's state, its latch (order_table_request_cancel), and so is
 * journaled with it: a restart changes nothing. What is latched is sent when the order has its id and the link is open,
 * many at once but not all; again after a growing pause while there is no answer, or upstream refuses; and no more once
 * the order is finished. A cancel never waits for the journal, the rate budget, a halt or a limit.
 */
#ifndef BROKER_CANCELLER_H
#define BROKER_CANCELLER_H

#include <uv.h>

#include "broker/counters.h"
#include "broker/event/publisher.h"
#include "broker/link/link.h"
#include "broker/log.h"
#include "broker/order/fill_book.h"
#include "broker/order/order_table.h"
#include "broker/order/reconcile.h"

typedef struct canceller canceller;

typedef struct canceller_parts {
  logger *log;
  counters *counters;
  upstream_link *link;
  publisher *publisher;
  order_table *orders;
  fill_book *fills;
  reconcile *reconcile;
} canceller_parts;

/* NULL: no memory. */
canceller *canceller_new(uv_loop_t *loop, const canceller_parts *parts);
/* Asks now for what canceller_request_all has still to ask for, and sends nothing more. Before the link is destroyed.
 */
void canceller_stop(canceller *self);
/* After the link. Takes its handles off the loop, which must run once more. */
void canceller_destroy(canceller **self);

/* The order has changed: sends its cancel, now or in its turn, if that is asked for and can be sent. */
void canceller_look(canceller *self, order *order);
/* The link has opened: looks at every order that is not finished. */
void canceller_on_link(canceller *self);

typedef enum cancel_step {
  CANCEL_FINISHED, /* the order is finished: nothing was done */
  CANCEL_NOT_SENT, /* its create was not sent yet, and never will be */
  CANCEL_REQUESTED /* its cancel is latched, and the bus told so unless it was before */
} cancel_step;

/* Asks for an order's cancel. *seen (unless NULL) becomes the number of the event that this caused, if it caused one.
 * A create that waits for the pace has its outcome before this returns; one that waits for the journal is stopped by
 * its latch. The latch is sent by canceller_look. */
cancel_step canceller_request(canceller *self, order *order, hbus_seen *seen);

/* Called for each outcome of a cancel, as link_outcome_fn, when it has been applied to the order. `seen`: the last
 * event that it caused; stream HBUS_STREAM_NONE: none. */
typedef void canceller_sent_fn(void *arg, const link_outcome *outcome, const hbus_seen *seen);

/* Sends a peer's own cancel at once, whatever the order's state (rule 15), and latches it where the order is known and
 * not finished. `cancel` names exchange, market and order_id. A definite error ends what this call has latched, since
 * the peer hears of it; without an answer the latch stays. As link_request: on failure nothing was sent nor latched,
 * and `done` is never called. */
hbus_status canceller_send(canceller *self, const hbus_command *cancel, canceller_sent_fn *done, void *arg);

/* Which orders. Only those that were placed through the broker: others have no owner. */
typedef struct cancel_filter {
  const char *owner;    /* CANCEL_ALL_OWNERS: everyone's */
  const char *exchange; /* "": any, as below */
  const char *market;
  hbus_side side;
} cancel_filter;
#define CANCEL_ALL_OWNERS "*"

/* `seen`: as for canceller_sent_fn. */
typedef void canceller_all_fn(void *arg, const hbus_cancels *cancels, const hbus_seen *seen);

/* Asks for the cancel of every order that the filter takes and that is here now: first of those that are not sent yet,
 * some in each turn. `done` is called once, never from within the call, when each has been asked for. The filter is not
 * needed any more when this returns. HBUS_OVERLOADED: no memory, nothing was done. */
hbus_status canceller_request_all(canceller *self, const cancel_filter *filter, canceller_all_fn *done, void *arg);

#endif
