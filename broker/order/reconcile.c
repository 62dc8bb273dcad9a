#include "broker/order/reconcile.h"

#include <czmq.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/order/order_state.h"
#include "broker/timer.h"

#define PAUSE_MIN_MS       250
#define PAUSE_MAX_MS       60000
#define PAUSE_FIRST_MAX_MS 2000 /* where new orders wait */

/* A market that is to be checked. */
typedef struct market {
  hbus_name exchange;
  hbus_name name;
  uint64_t due_ms;
  uint64_t pause_ms; /* before the next check, if this one does not settle it */
  bool first;        /* new orders wait for this check */
  bool anew;         /* the check under way began on a connection that is gone */
} market;

struct reconcile {
  upstream_link *link;
  market_check_parts parts;
  resolution_ids ids;
  zhashx_t *markets; /* exchange, name → market */
  market *checking;  /* under way; NULL: none */
  uv_timer_t timer;
  bool opening; /* the link waits for us */
  bool stopped;
};

static void s_key(char key[2 * HBUS_NAME_MAX + 2], const char *exchange, const char *name) {
  snprintf(key, 2 * HBUS_NAME_MAX + 2, "%s\n%s", exchange, name);
}

static void s_free_market(void **item) {
  free(*item);
  *item = NULL;
}

reconcile *reconcile_new(uv_loop_t *loop, upstream_link *link, const market_check_parts *parts) {
  reconcile *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->markets = zhashx_new();
  if (!self->markets) {
    free(self);
    return NULL;
  }
  zhashx_set_destructor(self->markets, s_free_market);
  self->link = link;
  self->parts = *parts;
  self->parts.ids = &self->ids;
  uv_timer_init(loop, &self->timer);
  self->timer.data = self;
  return self;
}

void reconcile_stop(reconcile *self) {
  self->stopped = true;
  uv_timer_stop(&self->timer);
}

static void s_on_closed(uv_handle_t *timer) {
  free(timer->data);
}

void reconcile_destroy(reconcile **self_p) {
  reconcile *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  zhashx_destroy(&self->markets);
  uv_close((uv_handle_t *)&self->timer, s_on_closed);
}

static market *s_market(reconcile *self, const char *exchange, const char *name) {
  char key[2 * HBUS_NAME_MAX + 2];
  s_key(key, exchange, name);
  market *market = zhashx_lookup(self->markets, key);
  if (market) return market;
  market = calloc(1, sizeof *market);
  if (!market) return NULL;
  snprintf(market->exchange, sizeof market->exchange, "%s", exchange);
  snprintf(market->name, sizeof market->name, "%s", name);
  zhashx_insert(self->markets, key, market);
  return market;
}

static void s_forget(reconcile *self, const market *market) {
  char key[2 * HBUS_NAME_MAX + 2];
  s_key(key, market->exchange, market->name);
  zhashx_delete(self->markets, key);
}

/* Those that new orders wait for come first. */
static market *s_next(reconcile *self) {
  market *next = NULL;
  for (market *market = zhashx_first(self->markets); market; market = zhashx_next(self->markets)) {
    if (!next || (market->first && !next->first) || (market->first == next->first && market->due_ms < next->due_ms)) {
      next = market;
    }
  }
  return next;
}

static void s_run(reconcile *self);

static void s_on_timer(uv_timer_t *timer) {
  s_run(timer->data);
}

static void s_log_failure(const reconcile *self, const market *market, market_check_result result) {
  if (!link_is_open(self->link)) return; /* the log has that */
  log_write(self->parts.log, LOG_ORDER, LOG_LEVEL_WARN, "cannot compare the orders of %s on %s with Hummingbot's: %s",
            market->name, market->exchange,
            result == MARKET_REFUSED ? "it does not list them" : "it does not answer; trying again");
}

/* Without an answer nothing is known of the market's orders, and new ones go on waiting. Where upstream refuses to list
 * them, waiting would not help. */
static void s_on_checked(void *arg, market_check_result result) {
  reconcile *self = arg;
  market *market = self->checking;
  bool failed = result == MARKET_REFUSED || result == MARKET_FAILED;
  self->checking = NULL;
  if (failed) s_log_failure(self, market, result);
  if (market->anew) {
    market->anew = false;
    market->due_ms = 0;
  } else if (result == MARKET_SETTLED) {
    s_forget(self, market);
  } else {
    market->first = market->first && result == MARKET_FAILED;
    market->due_ms = clock_monotonic_ms() + market->pause_ms;
    uint64_t max_ms = market->first ? PAUSE_FIRST_MAX_MS : PAUSE_MAX_MS;
    market->pause_ms = 2 * market->pause_ms < max_ms ? 2 * market->pause_ms : max_ms;
  }
  s_run(self);
}

/* Begins the next check that is due, or waits for it. */
static void s_run(reconcile *self) {
  if (self->stopped || self->checking || !link_is_open(self->link)) return;
  market *market = s_next(self);
  if (self->opening && (!market || !market->first)) {
    self->opening = false;
    self->parts.losses_expected = false;
    link_reconciled(self->link);
  }
  if (!market) return;
  uint64_t now_ms = clock_monotonic_ms();
  if (market->due_ms > now_ms) {
    timer_start_at(&self->timer, s_on_timer, market->due_ms);
    return;
  }
  self->checking = market;
  if (market_check_start(&self->parts, market->exchange, market->name, s_on_checked, self)) {
    self->checking = NULL;
    market->due_ms = now_ms + PAUSE_MIN_MS;
    uv_timer_start(&self->timer, s_on_timer, PAUSE_MIN_MS, 0);
  }
}

static void s_add(void *arg, order *order) {
  reconcile *self = arg;
  market *market = s_market(self, order->state.exchange, order->state.market);
  if (!market) return;
  market->first = true;
  market->anew = market == self->checking;
  market->due_ms = 0;
  market->pause_ms = PAUSE_MIN_MS;
}

void reconcile_all(reconcile *self) {
  if (self->parts.losses_expected) {
    order_table_each(self->parts.orders, s_add, self);
  } else {
    order_table_each_live(self->parts.orders, s_add, self);
  }
  self->opening = true;
  s_run(self);
}

void reconcile_expect_losses(reconcile *self) {
  self->parts.losses_expected = true;
}

void reconcile_market(reconcile *self, const char *exchange, const char *name) {
  market *market = s_market(self, exchange, name);
  if (!market) return;
  market->due_ms = clock_monotonic_ms();
  market->pause_ms = PAUSE_MIN_MS;
  s_run(self);
}

void reconcile_note_ids(reconcile *self, bool kept) {
  if (self->ids == RESOLUTION_IDS_NOT_KNOWN) self->ids = kept ? RESOLUTION_IDS_KEPT : RESOLUTION_IDS_DROPPED;
}

size_t reconcile_size(const reconcile *self) {
  return zhashx_size(self->markets);
}
