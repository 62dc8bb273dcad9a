/* Every order that the broker has seen, by each of its names.
 *
 * An order that a peer places is here before it is sent, so that a repeat of its client_order_id finds it (ORDERS.md,
 * rules 1 and 5). Orders placed elsewhere are here without an owner. Bounded: the order that has been finished for
 * longest makes room.
 *
 * The table marks every order that changes, by whichever call, until they are taken together to be written down
 * (journal.h); an order that waits for that is not forgotten.
 */
#ifndef BROKER_ORDER_TABLE_H
#define BROKER_ORDER_TABLE_H

#include "broker/counters.h"
#include "broker/journal/journal_record.h"
#include "broker/limits.h"
#include "broker/order/fill_sum.h"
#include "hbus/command.h"

typedef struct order order;
typedef struct order_table order_table;

struct order {
  hbus_order state;
  uint64_t number;                         /* unlike any other's of this start, in the order in which they came */
  char upstream_id[LIMIT_UPSTREAM_ID + 1]; /* sent upstream as its client_order_id; "" for an order of others */
  hbus_command *create;                    /* what was asked; NULL for an order of others */
  bool create_answered;                    /* the create has had an outcome: its last one is below */
  hbus_reply_status outcome;
  hbus_status outcome_code;
  char *outcome_message; /* NULL: none */
  struct task *repeats;  /* copies of the create that wait for its outcome */
  unsigned repeat_count;
  bool written;               /* its create was given to the link, or may have been by an earlier start */
  unsigned cancels_under_way; /* sent, and not answered yet */
  uint64_t intent_ns;         /* real-time clock when its create was put into the journal; 0: an order of others */
  uint64_t
      first_seen_ns;  /* real-time clock when it was first known to be upstream; 0: it is not, or nobody noted when */
  uint64_t absent_ns; /* real-time clock, when a whole list of upstream's last had nothing like it; 0: never */
  unsigned absences;  /* complete lists of upstream's that it was not in, while unknown */
  uint64_t published_seq; /* of its last ORDER_UPDATE on the private stream; 0: none yet */
  uint64_t published_rev; /* of the state that it told */
  fill_sum fills;         /* what the bus was told of it by fills: fill_book.h's */

  /* The table's own: what state.extra points to; its place among the orders that are finished, or among those that are
   * not; and among those that have changed. */
  uint8_t *candidates;
  bool finished; /* may be forgotten */
  order *older;
  order *newer;
  uint64_t change; /* the number of the change that put it there; 0: it is not */
  order *changed_before;
  order *changed_after;
};

typedef void order_fn(void *arg, order *order);

/* `epoch` makes the ids that go upstream unlike those of any other start. `capacity`: orders. NULL: no memory. */
order_table *order_table_new(uint64_t epoch, uint64_t capacity, counters *counters);
void order_table_destroy(order_table **self);
size_t order_table_size(const order_table *self);

/* By the owner's own id. NULL: none. */
order *order_table_find_own(const order_table *self, const char *owner, const char *client_order_id);
/* By the id that the broker sent upstream. */
order *order_table_find_upstream(const order_table *self, const char *upstream_id);
/* By upstream's id. */
order *order_table_find(const order_table *self, const char *exchange, const char *order_id);

/* Adds the order that `create` asks for, pending, owned by `owner`, with a new upstream id. NULL: the table is full of
 * orders that are not finished. The id must not be known. */
order *order_table_add_own(order_table *self, const char *owner, const hbus_command *create);

/* An order that an earlier start left in the journal. What was pending then is unknown now, whether or not it was sent,
 * and told so; a create that nobody waits for any more is answered, for repeats (rule 10). One that is not finished
 * finds room even in a full table. NULL: no memory; no room; or an order of that name is here already. */
order *order_table_restore(order_table *self, const journal_order *row);

/* `wake` is called when an order has changed where none had before. Until it is set no order is marked. */
void order_table_on_change(order_table *self, void (*wake)(void *arg), void *arg);
/* For what a caller changes in an order himself. */
void order_table_touch(order_table *self, order *order);
/* Gives every order that has changed since it was given last, each once, in the order of their first changes. What
 * `each` changes comes the next time. */
void order_table_take_changed(order_table *self, order_fn *each, void *arg);

/* Forgets an order that was never sent. */
void order_table_remove(order_table *self, order *order);

/* Applies what upstream says of an order: finds it by the upstream id that it carries (may be ""), or by its order_id,
 * or remembers it as new, without an owner. *changed tells whether anything is new, in which case its rev was raised.
 * NULL: no room to remember it. */
order *order_table_apply(order_table *self, const hbus_order *said, const char *upstream_id, bool *changed);

/* The same for an order that is at hand. Returns whether anything changed. */
bool order_table_merge(order_table *self, order *order, const hbus_order *said);

/* Remembers what an order's create was answered with, for repeats. Only from then on may the order be forgotten.
 * `message` is copied. */
void order_table_set_outcome(order_table *self, order *order, hbus_reply_status outcome, hbus_status code,
                             hbus_text message);

/* Asks for its cancel, or gives that up (rules 15 and 16). An order that is finished keeps no such wish. Returns
 * whether that is another than before, in which case its rev was raised. */
bool order_table_request_cancel(order_table *self, order *order, bool requested);

/* Names the orders of upstream's that an unknown one may be, for everyone to see: in its events and replies as
 * `candidates`. None: it has none any more. Returns whether they are others than before, in which case its rev was
 * raised. */
bool order_table_set_candidates(order_table *self, order *order, const char *const *order_ids, size_t count);

/* An order of this owner's that is unknown, has candidates and was asked for with the same parameters: of two such
 * orders nobody could tell which is which (rule 8). NULL: none. */
const order *order_table_find_unresolved(const order_table *self, const char *owner, const hbus_command *create);

/* Calls `each` for every order that is not finished, oldest first. It must not add or remove any. */
void order_table_each_live(const order_table *self, order_fn *each, void *arg);
/* The same for every order: after those, the finished ones. */
void order_table_each(const order_table *self, order_fn *each, void *arg);

/* The first part of every id that this start of the broker sends upstream. */
const char *order_table_instance(const order_table *self);
/* Whether an id has the form of those that a broker of this kind sends upstream: of this one, in whichever start, or of
 * another. */
bool order_table_may_have_made(const char *upstream_id);

/* Gives an order that has none its id of upstream's. What was remembered under that id without an owner is merged into
 * it. */
void order_table_bind(order_table *self, order *order, const char *order_id);

#endif
