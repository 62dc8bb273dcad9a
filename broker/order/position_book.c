#include "broker/order/position_book.h"

#include <czmq.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/order/money.h"
#include "broker/order/order_state.h"
#include "broker/order/position.h"

#define KEY_SIZE (3 * HBUS_NAME_MAX + 3)

typedef struct entry {
  hbus_name owner;
  hbus_name exchange;
  hbus_name market;
  position position;
  bool filled; /* it has had a fill; otherwise it is here for what an order may make of it */
  hbus_decimal working_buy;
  hbus_decimal working_sell;
} entry;

struct position_book {
  zhashx_t *by_key; /* owner, exchange, market */
  entry **entries;  /* as they came */
  size_t size;
  size_t room; /* of the array */
  size_t capacity;
  journal *journal;
};

position_book *position_book_new(size_t capacity, journal *journal) {
  position_book *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->by_key = zhashx_new();
  self->capacity = capacity;
  self->journal = journal;
  if (!self->by_key) position_book_destroy(&self);
  return self;
}

void position_book_destroy(position_book **self_p) {
  position_book *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  zhashx_destroy(&self->by_key);
  for (size_t i = 0; i < self->size; i++)
    free(self->entries[i]);
  free(self->entries);
  free(self);
}

size_t position_book_size(const position_book *self) {
  return self->size;
}

/* Entries ---------------------------------------------------------------------------------------------------------- */

static hbus_status s_make_room(position_book *self) {
  if (self->size == self->capacity) return HBUS_OVERLOADED;
  if (self->size < self->room) return HBUS_OK;
  size_t room = self->room ? 2 * self->room : 64;
  entry **entries = realloc(self->entries, room * sizeof(entry *));
  if (!entries) return HBUS_NO_MEMORY;
  self->entries = entries;
  self->room = room;
  return HBUS_OK;
}

/* The entry of that name, made if there is none. */
static hbus_status s_get(position_book *self, const char *owner, const char *exchange, const char *market,
                         entry **out) {
  char key[KEY_SIZE];
  snprintf(key, sizeof key, "%s\n%s\n%s", owner, exchange, market);
  *out = zhashx_lookup(self->by_key, key);
  if (*out) return HBUS_OK;
  hbus_status status = s_make_room(self);
  if (status) return status;
  entry *added = calloc(1, sizeof *added);
  if (!added) return HBUS_NO_MEMORY;
  snprintf(added->owner, sizeof added->owner, "%s", owner);
  snprintf(added->exchange, sizeof added->exchange, "%s", exchange);
  snprintf(added->market, sizeof added->market, "%s", market);
  position_init(&added->position);
  zhashx_insert(self->by_key, key, added);
  self->entries[self->size++] = added;
  *out = added;
  return HBUS_OK;
}

hbus_status position_book_restore(position_book *self, const journal_position *record) {
  entry *entry;
  hbus_status status = s_get(self, record->owner, record->exchange, record->market, &entry);
  if (status) return status;
  entry->filled = true;
  entry->position = (position){.amount = record->amount,
                               .cost = record->cost,
                               .realized_pnl = record->realized_pnl,
                               .unpriced = record->unpriced};
  return HBUS_OK;
}

/* Fills ------------------------------------------------------------------------------------------------------------ */

static void s_changed(position_book *self, entry *entry, const position *now) {
  entry->position = *now;
  entry->filled = true;
  if (!self->journal) return;
  journal_position record = {.amount = now->amount,
                             .cost = now->cost,
                             .realized_pnl = now->realized_pnl,
                             .unpriced = now->unpriced,
                             .updated_ns = clock_real_ns()};
  memcpy(record.owner, entry->owner, sizeof record.owner);
  memcpy(record.exchange, entry->exchange, sizeof record.exchange);
  memcpy(record.market, entry->market, sizeof record.market);
  journal_put_position(self->journal, &record);
}

hbus_status position_book_fill(position_book *self, const char *owner, const hbus_trade *trade) {
  entry *entry;
  hbus_status status = s_get(self, owner, trade->exchange, trade->market, &entry);
  if (status) return status;
  position next = entry->position;
  status = position_apply(&next, trade->side, &trade->amount, &trade->price, &trade->replaces);
  if (!status) s_changed(self, entry, &next);
  return status;
}

/* At the mean price of its trades, since they are all of one side. */
static hbus_status s_apply_priced(position *next, hbus_side side, const fill_sum *told, hbus_decimal *unpriced) {
  static const hbus_decimal none = {0};
  hbus_decimal price;
  hbus_status status = fill_sum_told(told, unpriced);
  if (status || hbus_decimal_is_absent(&told->priced)) return status;
  status = hbus_decimal_subtract(unpriced, &told->priced, unpriced);
  if (!status) status = money_divide(&told->cost, &told->priced, &price);
  return status ? status : position_apply(next, side, &told->priced, &price, &none);
}

hbus_status position_book_adopt(position_book *self, const hbus_order *order, const fill_sum *told) {
  static const hbus_decimal none = {0};
  entry *entry;
  hbus_decimal unpriced;
  hbus_status status = s_get(self, order->owner, order->exchange, order->market, &entry);
  if (status) return status;
  position next = entry->position;
  status = s_apply_priced(&next, order->side, told, &unpriced);
  if (!status && hbus_decimal_sign(&unpriced) > 0) status = position_apply(&next, order->side, &unpriced, &none, &none);
  if (!status) s_changed(self, entry, &next);
  return status;
}

/* Looking ---------------------------------------------------------------------------------------------------------- */

typedef struct search {
  position_book *book;
  const order_table *orders;
  const char *owner; /* NULL: all */
  const char *exchange;
  const char *market;
  hbus_status status; /* the first that was not HBUS_OK */
} search;

static bool s_is_wanted(const search *self, const char *owner, const char *exchange, const char *market) {
  return (!self->owner || strcmp(owner, self->owner) == 0) &&
         (!self->exchange[0] || strcmp(exchange, self->exchange) == 0) &&
         (!self->market[0] || strcmp(market, self->market) == 0);
}

/* What an order may still trade: what the position does not have of it yet. */
static hbus_status s_left(const order *order, hbus_decimal *out) {
  hbus_decimal told;
  hbus_status status = fill_sum_told(&order->fills, &told);
  if (!status) status = money_subtract(&order->state.amount, &told, out);
  if (!status && hbus_decimal_sign(out) < 0) *out = money_zero;
  return status;
}

static hbus_status s_add_working(position_book *self, const order *order) {
  entry *entry;
  hbus_decimal left;
  hbus_status status = s_get(self, order->state.owner, order->state.exchange, order->state.market, &entry);
  if (!status) status = s_left(order, &left);
  if (status) return status;
  hbus_decimal *sum = order->state.side == HBUS_BUY ? &entry->working_buy : &entry->working_sell;
  return hbus_decimal_is_absent(sum) ? money_add(&money_zero, &left, sum) : money_add(sum, &left, sum);
}

/* An order that is finished may be among these while somebody waits for its create's outcome. */
static void s_look_at_order(void *arg, order *order) {
  search *search = arg;
  const hbus_order *state = &order->state;
  bool works = state->owner[0] && state->side && !order_state_is_final(state->status);
  if (!works || search->status || !s_is_wanted(search, state->owner, state->exchange, state->market)) return;
  search->status = s_add_working(search->book, order);
}

static hbus_status s_tell(const entry *entry, hbus_position *out) {
  hbus_position told = {.working_buy = entry->working_buy, .working_sell = entry->working_sell};
  hbus_status status = position_tell(&entry->position, &told);
  if (status) return status;
  memcpy(told.owner, entry->owner, sizeof told.owner);
  memcpy(told.exchange, entry->exchange, sizeof told.exchange);
  memcpy(told.market, entry->market, sizeof told.market);
  *out = told;
  return HBUS_OK;
}

static bool s_is_something(const entry *entry) {
  return entry->filled || !hbus_decimal_is_absent(&entry->working_buy) || !hbus_decimal_is_absent(&entry->working_sell);
}

/* Sums up what the orders that are wanted may still do. */
static hbus_status s_sum_working(search *search) {
  position_book *self = search->book;
  for (size_t i = 0; i < self->size; i++)
    self->entries[i]->working_buy = self->entries[i]->working_sell = (hbus_decimal){0};
  order_table_each_live(search->orders, s_look_at_order, search);
  return search->status;
}

static hbus_status s_page(search *search, size_t max, size_t *place, hbus_position *out, size_t *count, bool *more) {
  const position_book *self = search->book;
  size_t found = 0, at = *place;
  for (; at < self->size; at++) {
    const entry *entry = self->entries[at];
    if (!s_is_something(entry) || !s_is_wanted(search, entry->owner, entry->exchange, entry->market)) continue;
    if (found == max) break;
    hbus_status status = s_tell(entry, &out[found]);
    if (status) return status;
    found++;
  }
  *more = at < self->size;
  *place = at;
  *count = found;
  return HBUS_OK;
}

hbus_status position_book_page(position_book *self, const order_table *orders, const char *exchange, const char *market,
                               size_t max, size_t *place, hbus_position *out, size_t *count, bool *more) {
  search search = {.book = self, .orders = orders, .exchange = exchange, .market = market};
  hbus_status status = s_sum_working(&search);
  return status ? status : s_page(&search, max, place, out, count, more);
}

hbus_status position_book_list(position_book *self, const order_table *orders, const char *owner, const char *exchange,
                               const char *market, hbus_position **out, size_t *count) {
  search search = {.book = self, .orders = orders, .owner = owner, .exchange = exchange, .market = market};
  size_t place = 0;
  bool more;
  hbus_status status = s_sum_working(&search);
  if (status) return status;
  hbus_position *items = calloc(self->size + 1, sizeof *items);
  if (!items) return HBUS_NO_MEMORY;
  status = s_page(&search, self->size, &place, items, count, &more);
  if (status) {
    free(items);
  } else {
    *out = items;
  }
  return status;
}
