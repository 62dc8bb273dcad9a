/* Orders that are not in memory any more: the journal has them as long as it has their ids (ORDERS.md, rule 5). To say
 * of one that there is no such order would be to say: place it again. */
#ifndef BROKER_RECALL_H
#define BROKER_RECALL_H

#include "broker/command/handler.h"

/* HBUS_OK: the order is in memory. HBUS_UNKNOWN_ORDER: the journal does not have it. HBUS_INTERNAL: it cannot tell;
 * HBUS_OVERLOADED: no room for it in memory. `error` is good for the length of the call. */
typedef void recall_fn(task *task, const hbus_error *error);

/* Looks up the order that the task, which somebody has to reply to, names by its owner's id. `then` is called once, now
 * or later. */
void recall_order(task *task, recall_fn *then);

/* For a command about an order that exists. Whether it names one that is not in memory any more by its owner's id. If
 * so it is looked up, and the task is either refused or given to its handler again, without a session. */
bool recall_and_run_again(task *task);

#endif
