#include "broker/order/canceller.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/order/cancel_queue.h"
#include "broker/order/order_events.h"
#include "broker/order/order_state.h"
#include "broker/timer.h"

typedef char upstream_id[LIMIT_UPSTREAM_ID + 1];

/* Many orders whose cancel is to be asked for, in the order of asking. By name: they may be forgotten meanwhile. */
typedef struct sweep {
  upstream_id *ids;
  size_t count;
  size_t asked;
  hbus_cancels cancels;
  hbus_seen seen;
  canceller_all_fn *done;
  void *arg;
  struct sweep *next;
} sweep;

struct canceller {
  canceller_parts parts;
  cancel_queue *queue; /* of what is latched and can be sent, but for what a peer is waiting for */
  unsigned under_way;  /* of those */
  sweep *sweeps;       /* the first one is under way */
  uv_timer_t timer;    /* the end of the next pause */
  uv_idle_t idle;      /* runs while there are sweeps */
  unsigned open_handles;
  bool stopped;
};

/* A cancel that was sent. */
typedef struct ticket {
  canceller *canceller;
  hbus_name exchange;
  hbus_name market;
  hbus_order_id order_id;
  bool counted;            /* in its order's cancels_under_way */
  bool latched;            /* it was this one that latched the order */
  canceller_sent_fn *done; /* the peer's who waits for it; NULL: it is the broker's own */
  void *arg;
} ticket;

static void s_pump(canceller *self);

/* The latch -------------------------------------------------------------------------------------------------------- */

static bool s_is_live(const order *order) {
  return order && !order_state_is_final(order->state.status);
}

static bool s_is_wanted(const order *order) {
  return s_is_live(order) && order->state.cancel_requested && order->state.order_id[0];
}

/* Returns whether that is news, in which case the bus hears of it. */
static bool s_set_latch(canceller *self, order *order, bool latched, hbus_seen *seen) {
  if (!order_table_request_cancel(self->parts.orders, order, latched)) return false;
  const order_cause cause = {.origin = HBUS_INFERRED, .rx_ns = clock_real_ns()};
  order_publish_update(self->parts.fills, order, &cause, seen);
  return true;
}

/* Outcomes --------------------------------------------------------------------------------------------------------- */

static void s_pause(canceller *self, const ticket *ticket) {
  cancel_queue_pause(self->queue, ticket->exchange, ticket->order_id, clock_monotonic_ms());
}

static void s_drop(canceller *self, const ticket *ticket) {
  cancel_queue_remove(self->queue, ticket->exchange, ticket->order_id);
}

static void s_cancelled(canceller *self, const ticket *ticket, order *order, uint64_t rx_ns, hbus_seen *seen) {
  s_drop(self, ticket);
  if (!order) return;
  const order_cause cause = {.origin = HBUS_PUSHED, .rx_ns = rx_ns};
  order_table_merge(self->parts.orders, order, &(hbus_order){.status = HBUS_CANCELLED});
  if (order_is_news(order)) order_publish_update(self->parts.fills, order, &cause, seen);
}

static void s_tell_error(canceller *self, const ticket *ticket, const order *order, const link_outcome *outcome,
                         hbus_seen *seen) {
  hbus_order about = {0};
  if (order) {
    about = order->state;
  } else {
    memcpy(about.exchange, ticket->exchange, sizeof about.exchange);
    memcpy(about.market, ticket->market, sizeof about.market);
    memcpy(about.order_id, ticket->order_id, sizeof about.order_id);
  }
  const upstream_answer *answer = outcome->answer;
  order_publish_error(self->parts.publisher, &about, answer->code, answer->message, outcome->rx_ns, seen);
}

/* Upstream has not cancelled it, and says so. The order may be another by now than we know: its market is compared. A
 * peer hears that its cancel failed, which ends it, unless others want it too; the broker's own are tried again. */
static void s_refused(canceller *self, const ticket *ticket, order *order, const link_outcome *outcome,
                      hbus_seen *seen) {
  const upstream_answer *answer = outcome->answer;
  bool live = s_is_live(order), owed = cancel_queue_has(self->queue, ticket->exchange, ticket->order_id);
  if (live && ticket->latched && !owed) s_set_latch(self, order, false, seen);
  if (answer->code) s_tell_error(self, ticket, order, outcome, seen);
  if (!live || !order->state.cancel_requested) {
    s_drop(self, ticket);
  } else {
    s_pause(self, ticket);
    log_write(self->parts.log, LOG_ORDER, LOG_LEVEL_WARN, "cannot cancel order %s of %s on %s: %.*s; trying again",
              ticket->order_id, ticket->market, ticket->exchange, (int)answer->message.size,
              answer->message.size ? answer->message.data : "");
  }
  if (live) reconcile_market(self->parts.reconcile, ticket->exchange, ticket->market);
}

/* The peer hears that the outcome is not known; the broker finds it out. */
static void s_unanswered(canceller *self, const ticket *ticket, order *order, hbus_seen *seen) {
  if (!s_is_live(order)) {
    s_drop(self, ticket);
    return;
  }
  s_set_latch(self, order, true, seen);
  s_pause(self, ticket);
}

static void s_end(canceller *self, const ticket *ticket, order *order) {
  if (!ticket->done) self->under_way--;
  if (ticket->counted && order && order->cancels_under_way) order->cancels_under_way--;
}

static void s_on_outcome(void *arg, const link_outcome *outcome) {
  ticket *ticket = arg;
  canceller *self = ticket->canceller;
  order *order = order_table_find(self->parts.orders, ticket->exchange, ticket->order_id);
  bool answered = link_outcome_is_answer(outcome);
  hbus_seen seen = {0};
  if (!outcome->late) s_end(self, ticket, order);
  if (answered && outcome->late) self->parts.counters->upstream_answers_late++;
  if (answered && !outcome->answer->code && outcome->answer->data.cancel.cancelled) {
    s_cancelled(self, ticket, order, outcome->rx_ns, &seen);
  } else if (answered && !outcome->late) {
    s_refused(self, ticket, order, outcome, &seen);
  } else if (!outcome->late) {
    s_unanswered(self, ticket, order, &seen);
  }
  if (ticket->done) ticket->done(ticket->arg, outcome, &seen);
  if (outcome->result != LINK_TIMED_OUT) free(ticket);
  s_pump(self);
}

/* Sending ---------------------------------------------------------------------------------------------------------- */

static hbus_status s_send(canceller *self, const hbus_command *cancel, order *order, canceller_sent_fn *done, void *arg,
                          ticket **out) {
  ticket *ticket = malloc(sizeof *ticket);
  if (!ticket) return HBUS_OVERLOADED;
  *ticket = (struct ticket){.canceller = self, .counted = order != NULL, .done = done, .arg = arg};
  memcpy(ticket->exchange, cancel->exchange, sizeof ticket->exchange);
  memcpy(ticket->market, cancel->market, sizeof ticket->market);
  memcpy(ticket->order_id, cancel->order_id, sizeof ticket->order_id);
  hbus_status status = link_request(self->parts.link, cancel, "", "", s_on_outcome, ticket);
  if (status) {
    free(ticket);
    return status;
  }
  if (order) order->cancels_under_way++;
  *out = ticket;
  return HBUS_OK;
}

hbus_status canceller_send(canceller *self, const hbus_command *cancel, canceller_sent_fn *done, void *arg) {
  assert(done && cancel->order_id[0]);
  order *order = order_table_find(self->parts.orders, cancel->exchange, cancel->order_id);
  ticket *ticket;
  hbus_status status = s_send(self, cancel, order, done, arg, &ticket);
  if (!status && s_is_live(order)) ticket->latched = s_set_latch(self, order, true, NULL);
  return status;
}

static bool s_send_own(canceller *self, order *order) {
  hbus_command cancel = {.kind = HBUS_CANCEL_ORDER, .market_type = order->state.market_type};
  memcpy(cancel.exchange, order->state.exchange, sizeof cancel.exchange);
  memcpy(cancel.market, order->state.market, sizeof cancel.market);
  memcpy(cancel.order_id, order->state.order_id, sizeof cancel.order_id);
  memcpy(cancel.account, order->state.account, sizeof cancel.account);
  ticket *ticket;
  if (s_send(self, &cancel, order, NULL, NULL, &ticket)) return false;
  self->under_way++;
  return true;
}

static void s_on_timer(uv_timer_t *timer) {
  canceller *self = timer->data;
  cancel_queue_wake(self->queue, clock_monotonic_ms());
  s_pump(self);
}

/* The next that is ready, to be sent, put off or forgotten. False: none is, or it cannot be sent now. Where another
 * cancel of the same order is under way, its answer comes first. */
static bool s_take_next(canceller *self) {
  const char *exchange, *order_id;
  if (!cancel_queue_next(self->queue, &exchange, &order_id)) return false;
  order *order = order_table_find(self->parts.orders, exchange, order_id);
  if (!s_is_wanted(order)) {
    cancel_queue_remove(self->queue, exchange, order_id);
    return true;
  }
  if (order->cancels_under_way == 0 && s_send_own(self, order)) return true;
  cancel_queue_pause(self->queue, exchange, order_id, clock_monotonic_ms());
  return order->cancels_under_way > 0;
}

static void s_pump(canceller *self) {
  if (self->stopped) return;
  bool more = true;
  while (more && self->under_way < LIMIT_CANCELS_UNDER_WAY && link_is_open(self->parts.link))
    more = s_take_next(self);
  uint64_t due_ms;
  if (cancel_queue_due(self->queue, &due_ms)) timer_start_at(&self->timer, s_on_timer, due_ms);
}

/* Asking ----------------------------------------------------------------------------------------------------------- */

static void s_look(void *arg, order *order) {
  canceller *self = arg;
  if (!s_is_wanted(order)) {
    cancel_queue_remove(self->queue, order->state.exchange, order->state.order_id);
  } else if (!order->cancels_under_way) {
    cancel_queue_add(self->queue, order->state.exchange, order->state.order_id);
  }
}

void canceller_look(canceller *self, order *order) {
  s_look(self, order);
  s_pump(self);
}

void canceller_on_link(canceller *self) {
  if (!link_is_open(self->parts.link)) return;
  cancel_queue_wake_all(self->queue);
  order_table_each_live(self->parts.orders, s_look, self);
  s_pump(self);
}

/* Whether its create is not sent yet; if so it never will be. The event of its end, if it had it, is the last. */
static bool s_withdraw(canceller *self, const order *order, hbus_seen *seen) {
  if (order->state.status != HBUS_PENDING || order->state.order_id[0]) return false;
  if (!order->written) return true; /* it waits for the journal, and is looked at again after that */
  upstream_id id;
  memcpy(id, order->upstream_id, sizeof id);
  if (!link_withdraw(self->parts.link, id)) return false;
  const struct order *ended = order_table_find_upstream(self->parts.orders, id);
  if (ended && seen) order_last_seen(self->parts.publisher, ended, seen);
  return true;
}

cancel_step canceller_request(canceller *self, order *order, hbus_seen *seen) {
  if (!s_is_live(order)) return CANCEL_FINISHED;
  bool news = s_set_latch(self, order, true, seen);
  if (s_withdraw(self, order, seen)) return CANCEL_NOT_SENT;
  if (news) self->parts.counters->cancels_latched++;
  if (order->state.order_id[0]) {
    cancel_queue_add(self->queue, order->state.exchange, order->state.order_id);
    s_pump(self);
  }
  return CANCEL_REQUESTED;
}

/* Many at once ----------------------------------------------------------------------------------------------------- */

typedef struct collection {
  const cancel_filter *filter;
  size_t not_sent; /* creates that were not sent, and all others: counted, then where the next one is put */
  size_t sent;
  upstream_id *ids; /* NULL: counting */
} collection;

static bool s_takes(const cancel_filter *filter, const order *order) {
  const hbus_order *state = &order->state;
  if (!order->create || order_state_is_final(state->status)) return false;
  if (strcmp(filter->owner, CANCEL_ALL_OWNERS) != 0 && strcmp(filter->owner, state->owner) != 0) return false;
  if (filter->exchange[0] && strcmp(filter->exchange, state->exchange) != 0) return false;
  if (filter->market[0] && strcmp(filter->market, state->market) != 0) return false;
  return !filter->side || filter->side == state->side;
}

static void s_collect(void *arg, order *order) {
  collection *collection = arg;
  if (!s_takes(collection->filter, order)) return;
  bool may_be_stopped = order->state.status == HBUS_PENDING && !order->state.order_id[0];
  size_t *place = may_be_stopped ? &collection->not_sent : &collection->sent;
  if (collection->ids) memcpy(collection->ids[*place], order->upstream_id, sizeof *collection->ids);
  ++*place;
}

static void s_ask_one(canceller *self, sweep *sweep) {
  order *order = order_table_find_upstream(self->parts.orders, sweep->ids[sweep->asked++]);
  if (!order) return;
  switch (canceller_request(self, order, &sweep->seen)) {
  case CANCEL_NOT_SENT: sweep->cancels.not_sent++; break;
  case CANCEL_REQUESTED: sweep->cancels.requested++; break;
  case CANCEL_FINISHED: break;
  }
}

static void s_sweep(canceller *self, size_t most) {
  sweep *sweep = self->sweeps;
  for (size_t i = 0; i < most && sweep->asked < sweep->count; i++)
    s_ask_one(self, sweep);
  if (sweep->asked < sweep->count) return;
  self->sweeps = sweep->next;
  sweep->done(sweep->arg, &sweep->cancels, &sweep->seen);
  free(sweep->ids);
  free(sweep);
}

static void s_on_idle(uv_idle_t *idle) {
  canceller *self = idle->data;
  s_sweep(self, LIMIT_CANCELS_A_TURN);
  if (!self->sweeps) uv_idle_stop(idle);
}

hbus_status canceller_request_all(canceller *self, const cancel_filter *filter, canceller_all_fn *done, void *arg) {
  collection collection = {.filter = filter};
  order_table_each_live(self->parts.orders, s_collect, &collection);
  sweep *sweep = calloc(1, sizeof *sweep), **end = &self->sweeps;
  size_t count = collection.not_sent + collection.sent;
  collection.ids = calloc(count + 1, sizeof *collection.ids);
  if (!sweep || !collection.ids) {
    free(collection.ids);
    free(sweep);
    return HBUS_OVERLOADED;
  }
  collection.sent = collection.not_sent;
  collection.not_sent = 0;
  order_table_each_live(self->parts.orders, s_collect, &collection);
  *sweep = (struct sweep){.ids = collection.ids, .count = count, .done = done, .arg = arg};
  while (*end)
    end = &(*end)->next;
  *end = sweep;
  uv_idle_start(&self->idle, s_on_idle);
  return HBUS_OK;
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

canceller *canceller_new(uv_loop_t *loop, const canceller_parts *parts) {
  canceller *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->parts = *parts;
  self->queue = cancel_queue_new();
  if (!self->queue) {
    free(self);
    return NULL;
  }
  uv_timer_init(loop, &self->timer);
  uv_idle_init(loop, &self->idle);
  self->timer.data = self->idle.data = self;
  self->open_handles = 2;
  return self;
}

void canceller_stop(canceller *self) {
  self->stopped = true;
  while (self->sweeps)
    s_sweep(self, SIZE_MAX);
  uv_idle_stop(&self->idle);
  uv_timer_stop(&self->timer);
}

static void s_on_closed(uv_handle_t *handle) {
  canceller *self = handle->data;
  if (--self->open_handles == 0) free(self);
}

void canceller_destroy(canceller **self_p) {
  canceller *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  assert(!self->sweeps && self->under_way == 0);
  cancel_queue_destroy(&self->queue);
  uv_close((uv_handle_t *)&self->timer, s_on_closed);
  uv_close((uv_handle_t *)&self->idle, s_on_closed);
}
