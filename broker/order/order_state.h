/* How the state of an order may change: one table, and how what upstream says is merged into what is known (ORDERS.md,
 * rules 13 to 15). */
#ifndef BROKER_ORDER_STATE_H
#define BROKER_ORDER_STATE_H

#include "hbus/types.h"

/* Whether an order in `from` may become `to`. */
bool order_state_may_become(hbus_order_status from, hbus_order_status to);

/* Whether nothing more is expected of an order in this state. */
bool order_state_is_final(hbus_order_status status);

/* Merges what upstream says of an order into `known`: names and ids that were absent, price and amount as upstream has
 * them (it may have rounded what was asked), the state as far as the table allows it, `filled` never downwards, and an
 * order that is filled to its amount is filled. A state that is final ends the wish to cancel, which is the broker's
 * own and never taken from upstream. Does not touch owner, client_order_id, rev. Returns whether anything changed. */
bool order_state_merge(hbus_order *known, const hbus_order *said);

#endif
