/* A canceller with all that it works on, over a link to nobody, and orders for it: for tests of cancels. */
#ifndef TESTS_BROKER_CANCEL_STAGE_H
#define TESTS_BROKER_CANCEL_STAGE_H

#include "broker/order/canceller.h"
#include "tests/broker/event_stage.h"
#include "tests/broker/fake_link.h"

typedef struct cancel_stage {
  event_stage *bus;
  fake_link fake;
  questions *questions;
  intake *intake;
  reconcile *reconcile;
  canceller *canceller;
} cancel_stage;

/* `creates_per_second`: the pace of creates, 0 for none. */
cancel_stage *cancel_stage_new(uint64_t creates_per_second);
/* Also ends the canceller and the link, as the broker does. */
void cancel_stage_stop(cancel_stage *self);
/* Stops it first unless that has been done. */
void cancel_stage_destroy(cancel_stage **self);

/* An order of that owner's on binance ETH-USDT, written to the link: open upstream as `order_id`, or pending with "".
 */
order *cancel_stage_order(cancel_stage *self, const char *owner, const char *client_order_id, const char *order_id);
/* Upstream has said what became of a pending one. */
void cancel_stage_open_order(cancel_stage *self, order *order, const char *order_id);

/* The end of a turn of the reactor, and the next one: what has changed is looked at. */
void cancel_stage_turn(cancel_stage *self);
/* Turns until so many requests of this kind wait for their answer. Fails the test if they never do. */
void cancel_stage_wait(cancel_stage *self, hbus_command_kind kind, size_t count);
/* Turns for so long. */
void cancel_stage_let_pass(cancel_stage *self, uint64_t ms);

/* Cancels that have no answer yet, and where the next of them is among the link's requests. */
size_t cancel_stage_cancels(const cancel_stage *self);
size_t cancel_stage_first(const cancel_stage *self);

/* The next ORDER_UPDATE, or the next event of this kind. */
void cancel_stage_next(cancel_stage *self, hbus_kind kind, hbus_event *out);

#endif
