/* The way of a reply to its peer. One that names an event of the private stream, or tells private state, leaves after
 * the events that made it so, which wait for the journal (publisher.h), and when what it tells is written down; all
 * others leave at once. */
#ifndef BROKER_OUTBOX_H
#define BROKER_OUTBOX_H

#include "broker/command/session.h"
#include "broker/counters.h"
#include "broker/journal/journal.h"
#include "broker/socket.h"
#include "hbus/command.h"

typedef struct outbox outbox;

/* The peer of this route has left. */
typedef void outbox_gone_fn(void *arg, const session_route *route);

/* The journal must be closed before the outbox is destroyed. NULL: no memory. */
outbox *outbox_new(bound_socket *socket, journal *journal, counters *counters, outbox_gone_fn *gone, void *arg);
void outbox_destroy(outbox **self);

/* Sends a reply; `tells_private`: behind every private event so far, named or not. One that is too large, which only a
 * defect of ours makes, is told as INTERNAL in its place. A peer that left, or that takes no more, loses its reply,
 * which is counted, and nothing else happens: it can ask get_order.
 */
void outbox_send(outbox *self, const session_route *route, bool delimiter, bool tells_private, const hbus_reply *reply);

#endif
