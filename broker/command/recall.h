/* Orders that are not in memory any more: the journal has them as long as it has their ids (ORDERS.md, rule 5). To say
 * of one that there is no such order would be to say: place it again. */
#ifndef BROKER_RECALL_H
#define BROKER_RECALL_H

#include "broker/command/handler.h"

/* Whether the order that the task names by its owner's id is such a one. If so it is looked up, and the task, which
 * somebody has to reply to, is either refused or, with the order back in memory, given to `again`. */
bool recall_order(command_path *path, task *task, handler_fn *again);

#endif
