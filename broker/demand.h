/* What is wanted from upstream: which market's which channel, and by whom.
 *
 * A subscription is held by the configuration, by connections, or by both; it is made when the first holder comes,
 * ended when the last one goes, and made again whenever the link comes back.
 */
#ifndef BROKER_DEMAND_H
#define BROKER_DEMAND_H

#include <czmq.h>

#include "broker/config.h"
#include "broker/event/feed.h"
#include "hbus/command.h"

#define DEMAND_CONFIG   "config" /* the holder that never leaves */
#define DEMAND_SOCKET   "socket" /* the subscribers of the market stream; like no session's key */
#define DEMAND_KEY_SIZE (2 * HBUS_NAME_MAX + 16)

typedef struct demand demand;
/* NULL: no memory. */
demand *demand_new(uint64_t capacity);
void demand_destroy(demand **self);
/* Subscriptions held. */
size_t demand_size(const demand *self);

/* Adds a holder (a session's key) to a market's channel. Holding twice is holding once. HBUS_OVERLOADED. */
hbus_status demand_hold(demand *self, const hbus_command *what, const char *holder);
/* Takes a holder away. Returns whether it was the last one, and the subscription is to end. */
bool demand_release(demand *self, const hbus_command *what, const char *holder);
/* Takes a holder away from everything, and calls `ended` for each subscription that was its alone. */
typedef void demand_fn(void *arg, const hbus_command *what);
void demand_release_all(demand *self, const char *holder, demand_fn *ended, void *arg);
/* The name of a market's channel, held or not. */
void demand_key(const hbus_command *what, char out[DEMAND_KEY_SIZE]);
/* Names of all that is held, for demand_find. The list is the caller's. */
zlistx_t *demand_keys(demand *self);
/* What a name stands for. NULL: nobody holds it any more. */
const hbus_command *demand_find(const demand *self, const char *key);

/* Calls `each` for every subscription held: `what` has its channel, exchange and market. */
void demand_each(demand *self, demand_fn *each, void *arg);
/* The same with the subscription as a feed, which is staleness.h's: it begins and ends with it. */
typedef void demand_feed_fn(void *arg, const hbus_command *what, feed *feed);
void demand_each_feed(demand *self, demand_feed_fn *each, void *arg);

#endif
