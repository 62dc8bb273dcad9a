#include "broker/order/fill_book.h"

#include <stdlib.h>
#include <string.h>

#include "broker/order/money.h"
#include "broker/recent.h"

#define ORDER_KEY_SIZE (2 * HBUS_NAME_MAX + HBUS_ORDER_ID_MAX + 3)
#define TRADE_KEY_SIZE (ORDER_KEY_SIZE + HBUS_ORDER_ID_MAX + 1)

struct fill_book {
  fill_book_parts parts;
  recent *trades; /* their keys */
  recent *strays; /* fill sums of orders that are not in the table */
};

fill_book *fill_book_new(const fill_book_parts *parts) {
  fill_book *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->parts = *parts;
  self->trades = recent_new(LIMIT_FILLS, 0);
  self->strays = recent_new(LIMIT_STRAY_ORDERS, sizeof(fill_sum));
  if (!self->trades || !self->strays) fill_book_destroy(&self);
  return self;
}

void fill_book_destroy(fill_book **self_p) {
  fill_book *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  recent_destroy(&self->trades);
  recent_destroy(&self->strays);
  free(self);
}

publisher *fill_book_publisher(const fill_book *self) {
  return self->parts.publisher;
}

/* No sum of a real market comes here; what does is said, since positions and inferred fills are wrong from then on. */
static void s_check(fill_book *self, hbus_status status, const char *exchange, const char *market,
                    const char *order_id) {
  if (!status) return;
  self->parts.counters->fills_unsummed++;
  log_write(self->parts.log, LOG_ORDER, LOG_LEVEL_ERROR,
            "a fill of order %s of %s on %s is told, but its amount is in no sum and no position: %s", order_id, market,
            exchange, hbus_status_text(status));
}

/* Sums ------------------------------------------------------------------------------------------------------------- */

static void s_order_key(char key[ORDER_KEY_SIZE], const char *exchange, const char *market, const char *order_id) {
  snprintf(key, ORDER_KEY_SIZE, "%s\n%s\n%s", exchange, market, order_id);
}

/* The sum of an order of which nobody has told more than fills. NULL: no memory. */
static fill_sum *s_stray(fill_book *self, const char *exchange, const char *market, const char *order_id) {
  char key[ORDER_KEY_SIZE];
  s_order_key(key, exchange, market, order_id);
  fill_sum *stray = recent_find(self->strays, key);
  return stray ? stray : recent_add(self->strays, key);
}

/* What was told before the order was in the table is the order's. */
static hbus_status s_take_stray(fill_book *self, order *order) {
  if (!order->state.order_id[0] || recent_size(self->strays) == 0) return HBUS_OK;
  char key[ORDER_KEY_SIZE];
  s_order_key(key, order->state.exchange, order->state.market, order->state.order_id);
  const fill_sum *stray = recent_find(self->strays, key);
  if (!stray) return HBUS_OK;
  hbus_status status = fill_sum_take(&order->fills, stray);
  recent_remove(self->strays, key);
  return status;
}

/* What was told before anybody knew whose it is enters the position of whose it is. */
static hbus_status s_adopt(fill_book *self, order *order) {
  if (!order->fills.orphan || !order->state.owner[0] || !order->state.side) return HBUS_OK;
  hbus_status status = position_book_adopt(self->parts.positions, &order->state, &order->fills);
  order->fills.orphan = false;
  order->fills.priced = order->fills.cost = (hbus_decimal){0};
  return status;
}

/* An order's sum, with all that is known of it. */
static fill_sum *s_sum_of(fill_book *self, order *order) {
  const hbus_order *state = &order->state;
  hbus_status status = HBUS_OK;
  if (!hbus_decimal_is_absent(&order->fills.restored)) status = fill_sum_settle(&order->fills);
  if (!status) status = s_take_stray(self, order);
  if (!status) status = s_adopt(self, order);
  s_check(self, status, state->exchange, state->market, state->order_id);
  return &order->fills;
}

/* Trades ----------------------------------------------------------------------------------------------------------- */

/* Whether the trade is new; from now on it is not. One without an id is always new. */
static bool s_remember(fill_book *self, const hbus_trade *trade, bool *no_memory) {
  char key[TRADE_KEY_SIZE];
  *no_memory = false;
  if (!trade->trade_id[0]) return true;
  snprintf(key, sizeof key, "%s\n%s\n%s\n%s", trade->exchange, trade->market, trade->order_id, trade->trade_id);
  if (recent_find(self->trades, key)) return false;
  *no_memory = !recent_add(self->trades, key);
  return true;
}

static void s_write_down(fill_book *self, const hbus_event *event) {
  if (!self->parts.journal) return;
  journal_fill record = {
      .trade = event->data.trade, .origin = event->origin, .ts_ns = event->ts_ns, .rx_ns = event->rx_ns};
  record.trade.extra = (hbus_extra){0};
  memcpy(record.owner, event->owner, sizeof record.owner);
  memcpy(record.client_order_id, event->client_order_id, sizeof record.client_order_id);
  journal_put_fill(self->parts.journal, &record);
}

static void s_publish(fill_book *self, hbus_event *event) {
  s_write_down(self, event);
  publisher_publish(self->parts.publisher, event, NULL);
}

/* The fill's place in its owner's position, or among what waits for an owner. */
static hbus_status s_book(fill_book *self, fill_sum *sum, const char *owner, const hbus_trade *trade) {
  if (owner[0]) return position_book_fill(self->parts.positions, owner, trade);
  return fill_sum_add_orphan(sum, &trade->amount, &trade->price);
}

static hbus_status s_count_trade(fill_book *self, order *order, const char *owner, hbus_trade *trade) {
  /* Nothing that is no amount of anything can be summed up; nor is it a fill, whatever upstream means by it. */
  if (hbus_decimal_is_absent(&trade->amount) || hbus_decimal_sign(&trade->amount) <= 0 || !trade->side) return HBUS_OK;
  fill_sum *sum = order ? s_sum_of(self, order) : s_stray(self, trade->exchange, trade->market, trade->order_id);
  if (!sum) return HBUS_NO_MEMORY;
  hbus_status status = fill_sum_trade(sum, &trade->amount, &trade->replaces);
  return status ? status : s_book(self, sum, owner, trade);
}

void fill_book_tell(fill_book *self, hbus_event *event) {
  hbus_trade *trade = &event->data.trade;
  bool no_memory;
  if (!s_remember(self, trade, &no_memory)) {
    self->parts.counters->fills_repeated++;
    return;
  }
  order *order = order_table_find(self->parts.orders, trade->exchange, trade->order_id);
  if (order) {
    memcpy(event->owner, order->state.owner, sizeof event->owner);
    memcpy(event->client_order_id, order->state.client_order_id, sizeof event->client_order_id);
    event->rev = order->state.rev;
  }
  hbus_status status = s_count_trade(self, order, event->owner, trade);
  if (!status && no_memory) status = HBUS_NO_MEMORY;
  s_check(self, status, trade->exchange, trade->market, trade->order_id);
  s_publish(self, event);
}

/* Inferred fills --------------------------------------------------------------------------------------------------- */

static hbus_event s_inferred(const hbus_order *state, const hbus_decimal *amount, uint64_t ts_ns, uint64_t rx_ns) {
  hbus_event event = {.type = HBUS_EVENT_TRADE_UPDATE,
                      .kind = HBUS_KIND_TRADE,
                      .src = "hbusd",
                      .ts_ns = ts_ns,
                      .rx_ns = rx_ns,
                      .rev = state->rev,
                      .origin = HBUS_INFERRED};
  memcpy(event.owner, state->owner, sizeof event.owner);
  memcpy(event.client_order_id, state->client_order_id, sizeof event.client_order_id);
  hbus_trade *trade = &event.data.trade;
  memcpy(trade->exchange, state->exchange, sizeof trade->exchange);
  memcpy(trade->market, state->market, sizeof trade->market);
  memcpy(trade->order_id, state->order_id, sizeof trade->order_id);
  trade->amount = *amount;
  trade->side = state->side;
  return event;
}

void fill_book_catch_up(fill_book *self, order *order, const hbus_order *state, uint64_t ts_ns, uint64_t rx_ns) {
  if (order) s_sum_of(self, order); /* though nothing is filled: it may be known only now whose it is */
  bool filled = !hbus_decimal_is_absent(&state->filled) && hbus_decimal_sign(&state->filled) > 0;
  if (!filled || !state->order_id[0] || !state->side) return;
  fill_sum *sum = order ? &order->fills : s_stray(self, state->exchange, state->market, state->order_id);
  hbus_decimal missing = {0};
  hbus_status status = sum ? fill_sum_missing(sum, &state->filled, &missing) : HBUS_NO_MEMORY;
  if (!status && hbus_decimal_is_absent(&missing)) return;
  if (!status) status = fill_sum_infer(sum, &missing);
  if (status) {
    s_check(self, status, state->exchange, state->market, state->order_id);
    return;
  }
  hbus_event event = s_inferred(state, &missing, ts_ns, rx_ns);
  status = s_book(self, sum, event.owner, &event.data.trade);
  s_check(self, status, state->exchange, state->market, state->order_id);
  self->parts.counters->fills_inferred++;
  s_publish(self, &event);
}

/* From the journal ------------------------------------------------------------------------------------------------- */

/* A fill whose order is not here: if it had no owner, it may turn out to have one. */
static hbus_status s_restore_stray(fill_book *self, const journal_fill *record) {
  const hbus_trade *trade = &record->trade;
  if (record->owner[0]) return HBUS_OK;
  fill_sum *stray = s_stray(self, trade->exchange, trade->market, trade->order_id);
  if (!stray) return HBUS_NO_MEMORY;
  hbus_status status = fill_sum_restore(stray, trade);
  return status ? status : fill_sum_add_orphan(stray, &trade->amount, &trade->price);
}

hbus_status fill_book_restore(fill_book *self, const journal_fill *record) {
  const hbus_trade *trade = &record->trade;
  bool no_memory;
  if (!s_remember(self, trade, &no_memory)) return HBUS_OK;
  if (hbus_decimal_is_absent(&trade->amount) || hbus_decimal_sign(&trade->amount) <= 0) return HBUS_OK;
  order *order = order_table_find(self->parts.orders, trade->exchange, trade->order_id);
  hbus_status status;
  if (order) {
    status = fill_sum_restore(&order->fills, trade);
    if (!status && !order->state.owner[0]) status = fill_sum_add_orphan(&order->fills, &trade->amount, &trade->price);
  } else {
    status = s_restore_stray(self, record);
  }
  if (status == HBUS_NO_MEMORY || no_memory) return HBUS_NO_MEMORY;
  s_check(self, status, trade->exchange, trade->market, trade->order_id);
  return HBUS_OK;
}
