/* Which markets are to be checked, and when (market_check.h): all that have live orders after a reconnect, whoever's
 * they are and however many starts ago they were placed, before new orders are taken (ORDERS.md, rule 10); and any with
 * an unknown order again and again until it is known.
 */
#ifndef BROKER_RECONCILE_H
#define BROKER_RECONCILE_H

#include <uv.h>

#include "broker/link/link.h"
#include "broker/order/market_check.h"

typedef struct reconcile reconcile;

/* NULL: no memory. */
reconcile *reconcile_new(uv_loop_t *loop, upstream_link *link, const market_check_parts *parts);
/* No check begins any more. Before the link is destroyed; reconcile_destroy after, when no check is under way. */
void reconcile_stop(reconcile *self);
/* Takes its timer off the loop, which must run once more. */
void reconcile_destroy(reconcile **self);

/* The link is back: checks every market with an order that is not finished, one after the other, then calls
 * link_reconciled. */
void reconcile_all(reconcile *self);
/* The machine was started anew since the journal was written, so that its last records may be lost (ORDERS.md,
 * rule 18): until the link has been reconciled for the first time, every market of the order table is checked, those
 * with nothing but finished orders too, and an order that carries an id of hbus's which nobody knows is warned of. */
void reconcile_expect_losses(reconcile *self);
/* An order of this market has become unknown. */
void reconcile_market(reconcile *self, const char *exchange, const char *market);
/* An answer has shown whether upstream keeps the ids that it is sent. */
void reconcile_note_ids(reconcile *self, bool kept);

/* Markets with unknown orders. */
size_t reconcile_size(const reconcile *self);

#endif
