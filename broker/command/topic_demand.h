/* What the subscribers of the market stream want from upstream: who subscribes to the whole topic of a market's channel
 * holds that channel (demand.h), all of them together as one holder.
 *
 *   first subscriber → hold → asked of upstream → granted: info event | refused: error event, not held any more
 *   last one gone → events.linger_ms → not held any more
 *
 * A refusal is remembered, for snapshots and for the next connection, on which it is asked again. Prefixes that are
 * shorter than a topic, or longer, or of something else, hold nothing.
 */
#ifndef BROKER_TOPIC_DEMAND_H
#define BROKER_TOPIC_DEMAND_H

#include "broker/command/command_path.h"

typedef struct topic_demand topic_demand;

/* Hears of subscriptions from now on, and is told by the path's errands what became of what it asked: path->topics.
 * Both path and publisher must outlive it. NULL: no memory. */
topic_demand *topic_demand_new(uv_loop_t *loop, command_path *path);
/* After the link. Takes its timer off the loop, which must run once more. */
void topic_demand_destroy(topic_demand **self);

/* The link is open, and what is wanted is about to be asked for: what was refused before is wanted again. */
void topic_demand_on_link(topic_demand *self);

/* What became of a subscription that was asked of upstream, by whomever. */
void topic_demand_heard(topic_demand *self, const hbus_command *what, const link_outcome *outcome);

/* Whether upstream has refused a channel of this market, and none of it is held. HBUS_OK: no. Else upstream's code, and
 * `error` says what it said. */
hbus_status topic_demand_refusal(const topic_demand *self, const char *exchange, const char *market, hbus_error *error);

/* Topics that are held, also those that linger. */
size_t topic_demand_size(const topic_demand *self);

#endif
