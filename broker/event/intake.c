#include "broker/event/intake.h"

#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/event/held.h"
#include "broker/limits.h"
#include "broker/order/order_events.h"
#include "broker/timer.h"

#define KEY_SIZE (2 * HBUS_NAME_MAX + 2)

struct intake {
  order_table *orders;
  publisher *publisher;
  fill_book *fills;
  held *held;
  zhashx_t *creates; /* exchange, market → how many creates are under way, as a number in place of a pointer */
  uint64_t hold_ms;
  counters *counters;
  uv_timer_t timer;
};

static void s_key(char key[KEY_SIZE], const char *exchange, const char *market) {
  snprintf(key, KEY_SIZE, "%s\n%s", exchange, market);
}

static uintptr_t s_creates(const intake *self, const char *key) {
  return (uintptr_t)zhashx_lookup(self->creates, key);
}

/* Publishing ------------------------------------------------------------------------------------------------------- */

/* Every frame goes out, whether or not it changes what is known: the rev tells who cares. */
static void s_publish_update(intake *self, hbus_event *event) {
  bool changed;
  const order_cause cause = {
      .origin = HBUS_PUSHED, .ts_ns = event->ts_ns, .rx_ns = event->rx_ns, .extra = event->data.order.extra};
  order *order = order_table_apply(self->orders, &event->data.order, event->client_order_id, &changed);
  if (order) {
    order_publish_update(self->fills, order, &cause, NULL);
  } else {
    event->client_order_id[0] = 0;
    fill_book_catch_up(self->fills, NULL, &event->data.order, event->ts_ns, event->rx_ns);
    publisher_publish(self->publisher, event, NULL);
  }
}

static void s_publish(void *arg, hbus_event *event) {
  intake *self = arg;
  if (event->kind == HBUS_KIND_ORDER_UPDATE) {
    s_publish_update(self, event);
  } else if (event->kind == HBUS_KIND_TRADE && event->data.trade.order_id[0]) {
    fill_book_tell(self->fills, event);
  } else {
    publisher_publish(self->publisher, event, NULL);
  }
}

/* Holding ---------------------------------------------------------------------------------------------------------- */

static void s_on_timer(uv_timer_t *timer);

static void s_set_timer(intake *self) {
  uint64_t deadline_ms;
  if (uv_is_active((uv_handle_t *)&self->timer) || !held_deadline(self->held, &deadline_ms)) return;
  timer_start_at(&self->timer, s_on_timer, deadline_ms);
}

static void s_on_timer(uv_timer_t *timer) {
  intake *self = timer->data;
  held_take_expired(self->held, clock_monotonic_ms(), s_publish, self);
  s_set_timer(self);
}

/* Whether the event is about an order that nobody knows, and that a create under way may turn out to have placed. */
static bool s_hold(intake *self, const hbus_event *event, const char *exchange, const char *market,
                   const char *order_id) {
  char key[KEY_SIZE];
  s_key(key, exchange, market);
  if (!s_creates(self, key) || order_table_find(self->orders, exchange, order_id)) return false;
  /* Who came first goes first also where there is no room: an order's events must not overtake each other. */
  if (held_size(self->held) == LIMIT_HELD_EVENTS) {
    self->counters->events_unheld++;
    held_take_first(self->held, s_publish, self);
  }
  if (!held_add(self->held, event, clock_monotonic_ms() + self->hold_ms)) return false;
  s_set_timer(self);
  return true;
}

void intake_event(intake *self, hbus_event *event) {
  if (event->kind == HBUS_KIND_ORDER_UPDATE) {
    const hbus_order *said = &event->data.order;
    order *order = order_table_find_upstream(self->orders, event->client_order_id);
    if (order) {
      intake_bind(self, order, said->order_id);
    } else if (s_hold(self, event, said->exchange, said->market, said->order_id)) {
      return;
    }
  } else if (event->kind == HBUS_KIND_TRADE && event->data.trade.order_id[0]) {
    const hbus_trade *fill = &event->data.trade;
    if (s_hold(self, event, fill->exchange, fill->market, fill->order_id)) return;
  }
  s_publish(self, event);
}

void intake_create_begins(intake *self, const order *order) {
  char key[KEY_SIZE];
  s_key(key, order->state.exchange, order->state.market);
  zhashx_update(self->creates, key, (void *)(s_creates(self, key) + 1));
}

void intake_create_ends(intake *self, const order *order) {
  char key[KEY_SIZE];
  s_key(key, order->state.exchange, order->state.market);
  uintptr_t left = s_creates(self, key) - 1;
  if (left) {
    zhashx_update(self->creates, key, (void *)left);
    return;
  }
  zhashx_delete(self->creates, key);
  held_take(self->held, order->state.exchange, order->state.market, NULL, s_publish, self);
}

void intake_bind(intake *self, order *order, const char *order_id) {
  if (order->state.order_id[0] || !order_id[0]) return;
  order_table_bind(self->orders, order, order_id);
  held_take(self->held, order->state.exchange, order->state.market, order_id, s_publish, self);
}

size_t intake_held(const intake *self) {
  return held_size(self->held);
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

intake *intake_new(uv_loop_t *loop, order_table *orders, publisher *publisher, fill_book *fills, uint64_t hold_ms,
                   counters *counters) {
  intake *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->held = held_new(LIMIT_HELD_EVENTS);
  self->creates = zhashx_new();
  if (!self->held || !self->creates) {
    held_destroy(&self->held);
    zhashx_destroy(&self->creates);
    free(self);
    return NULL;
  }
  self->orders = orders;
  self->publisher = publisher;
  self->fills = fills;
  self->hold_ms = hold_ms;
  self->counters = counters;
  uv_timer_init(loop, &self->timer);
  self->timer.data = self;
  return self;
}

static void s_on_closed(uv_handle_t *timer) {
  free(timer->data);
}

void intake_destroy(intake **self_p) {
  intake *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  held_take_expired(self->held, UINT64_MAX, s_publish, self);
  held_destroy(&self->held);
  zhashx_destroy(&self->creates);
  uv_close((uv_handle_t *)&self->timer, s_on_closed);
}
