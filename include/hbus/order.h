/* What a program must know of an order that it keeps: whether it may still trade, and which of two pictures is newer.
 *
 * Replies and events travel on different connections, so the older picture may come last (PROTOCOL.md, "States").
 */
#ifndef HBUS_ORDER_H
#define HBUS_ORDER_H

#include "hbus/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Everything but filled, cancelled and failed: a pending and an unknown order may be live, and count in full. */
bool hbus_order_is_live(const hbus_order *order);

/* Whether `heard` tells more than `known`, which is an earlier picture of the same order, or zeroed where there is none
 * yet. False: leave what is known as it is. */
bool hbus_order_is_newer(const hbus_order *heard, const hbus_order *known);

/* The same as one step: *known becomes `heard` where that is newer. Whether it did. */
bool hbus_order_update(hbus_order *known, const hbus_order *heard);

/* Adds one order to the hash of a picture of orders, which is the sum of its orders' own and so does not depend on
 * their order: begin with 0, add every order that is live, write it with hbus_orders_hash_text, and compare with the
 * broker's (hbus_snapshot.orders_hash). rev 0 and absent text count as what they are. */
void hbus_orders_hash_add(uint64_t *sum, const hbus_order *order);
/* Sixteen hex digits, lower case. */
void hbus_orders_hash_text(uint64_t sum, hbus_orders_hash out);

#ifdef __cplusplus
}
#endif
#endif
