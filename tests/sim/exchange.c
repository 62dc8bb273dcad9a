#include "tests/sim/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct exchange {
  hbus_name name;
  exchange_listener listener;
  market **markets;
  size_t market_count;
  asset *assets;
  size_t asset_count;
  account accounts[OWNER_COUNT];
  history *orders; /* the trader's */
  order *touched_first, *touched_last;
  uint64_t next_order_id;
  uint64_t next_trade_id;
  uint64_t now_ns;
};

/* What the trader starts with, in whole units. The last row is for every other asset. */
typedef struct starting_balance {
  const char *asset;
  int64_t amount;
} starting_balance;

static const starting_balance s_starting_balances[] = {
    {"USDT", 1000000}, {"USD", 1000000}, {"EUR", 1000000}, {"GBP", 1000000},
    {"BTC", 100},      {"ETH", 1000},    {"SOL", 10000},   {NULL, 100000},
};

static const int64_t s_crowd_balance = INT64_C(1000000000000);

exchange *exchange_new(const char *name, const exchange_listener *listener, uint64_t first_id, size_t history_max) {
  exchange *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  snprintf(self->name, sizeof self->name, "%s", name);
  self->listener = *listener;
  self->next_order_id = self->next_trade_id = first_id;
  for (size_t owner = 0; owner < OWNER_COUNT; owner++)
    account_init(&self->accounts[owner]);
  self->orders = history_new(history_max);
  if (!self->orders) exchange_destroy(&self);
  return self;
}

void exchange_destroy(exchange **self) {
  if (!*self) return;
  for (size_t i = 0; i < (*self)->market_count; i++) {
    market *gone = (*self)->markets[i];
    for (order *left = gone->open[OWNER_CROWD].first; left;) {
      order *next = left->open_next;
      free(left);
      left = next;
    }
    matching_destroy(&gone->book);
    free(gone);
  }
  for (size_t owner = 0; owner < OWNER_COUNT; owner++)
    account_free(&(*self)->accounts[owner]);
  history_destroy(&(*self)->orders);
  free((*self)->markets);
  free((*self)->assets);
  free(*self);
  *self = NULL;
}

/* --- money --- */

static quantity s_fee(const market *where, quantity notional) {
  return notional / QUANTITY_BASIS_POINT * where->rules.fee_basis_points;
}

/* The asset that an order pays with. */
static size_t s_pays(const order *paying) {
  const market *where = paying->market;
  return where->rules.leverage == 0 && paying->side == HBUS_SELL ? where->base : where->quote;
}

/* What an order must reserve to trade `amount` lots worth `notional`. */
static quantity s_need(const order *paying, quantity notional, int64_t amount) {
  const market *where = paying->market;
  if (where->rules.leverage > 0)
    return (paying->reducing ? 0 : notional / where->rules.leverage) + s_fee(where, notional);
  if (paying->side == HBUS_SELL) return quantity_from(amount, where->rules.amount_digits);
  return notional + s_fee(where, notional);
}

typedef struct sweep {
  const market *where;
  int64_t left;
  quantity notional;
} sweep;

static bool s_sweep_level(void *arg, int64_t price, int64_t amount) {
  sweep *swept = arg;
  int64_t taken = amount < swept->left ? amount : swept->left;
  swept->notional += market_notional(swept->where, price, taken);
  swept->left -= taken;
  return swept->left > 0;
}

/* What an order must reserve for all that remains of it: at its own price, or at those of the book for one that takes
 * any price. */
static quantity s_need_of_rest(const order *paying) {
  int64_t rest = order_remaining(paying);
  if (!order_is_market(paying)) {
    int64_t price = paying->price > 0 ? paying->price : paying->stop_price;
    return s_need(paying, market_notional(paying->market, price, rest), rest);
  }
  sweep swept = {.where = paying->market, .left = rest};
  matching_visit(paying->market->book, paying->side, s_sweep_level, &swept);
  return s_need(paying, swept.notional, rest - swept.left);
}

static hbus_status s_reserve(exchange *self, order *paying) {
  quantity need = s_need_of_rest(paying);
  hbus_status status = account_reserve(&self->accounts[paying->owner], s_pays(paying), need);
  if (status == HBUS_OK) paying->reserved = need;
  return status;
}

static void s_release(exchange *self, order *paying, quantity amount) {
  account_release(&self->accounts[paying->owner], s_pays(paying), amount);
  paying->reserved -= amount;
}

static void s_settle_spot(exchange *self, const order *paying, quantity notional, quantity lots) {
  const market *where = paying->market;
  account *owner = &self->accounts[paying->owner];
  quantity fee = s_fee(where, notional);
  bool buys = paying->side == HBUS_BUY;
  account_add(owner, where->base, buys ? lots : -lots);
  account_add(owner, where->quote, (buys ? -notional : notional) - fee);
}

static void s_settle_futures(exchange *self, const order *paying, quantity notional, int64_t amount) {
  market *where = paying->market;
  account *owner = &self->accounts[paying->owner];
  position *held = &where->positions[paying->owner];
  quantity realized = position_trade(held, paying->side, amount, notional);
  quantity margin = (held->cost < 0 ? -held->cost : held->cost) / where->rules.leverage;
  account_add(owner, where->quote, realized - s_fee(where, notional));
  account_move_margin(owner, where->quote, held->margin, margin);
  held->margin = margin;
}

/* One order's side of a trade: what it had reserved for it is released, then it pays and gets. */
static void s_settle(exchange *self, order *paying, int64_t price, int64_t amount) {
  const market *where = paying->market;
  quantity notional = market_notional(where, price, amount);
  quantity release =
      order_is_market(paying) ? s_need(paying, notional, amount) : paying->reserved - s_need_of_rest(paying);
  s_release(self, paying, release);
  if (where->rules.leverage > 0)
    s_settle_futures(self, paying, notional, amount);
  else
    s_settle_spot(self, paying, notional, quantity_from(amount, where->rules.amount_digits));
  self->assets[where->quote].fees += s_fee(where, notional);
}

/* --- the life of an order --- */

static void s_touch(exchange *self, order *changed) {
  if (changed->touched) return;
  changed->touched = true;
  changed->touched_next = NULL;
  if (self->touched_last)
    self->touched_last->touched_next = changed;
  else
    self->touched_first = changed;
  self->touched_last = changed;
}

/* An order that is no longer open gives back what it had reserved. */
static void s_finish(exchange *self, order *finished) {
  s_release(self, finished, finished->reserved);
  open_orders_remove(&finished->market->open[finished->owner], finished);
  if (finished->status == HBUS_FILLED) finished->filled_at_ns = self->now_ns;
  s_touch(self, finished);
}

static void s_on_trade(void *arg, order *maker, order *taker, int64_t price, int64_t amount) {
  exchange *self = arg;
  market *where = maker->market;
  where->volume = where->volume > INT64_MAX - amount ? INT64_MAX : where->volume + amount;
  s_settle(self, maker, price, amount);
  s_settle(self, taker, price, amount);
  trade made = {.id = self->next_trade_id++,
                .market = where,
                .side = taker->side,
                .price = price,
                .amount = amount,
                .at_ns = self->now_ns};
  self->listener.on_trade(self->listener.arg, &made);
  if (maker->owner == OWNER_TRADER) self->listener.on_fill(self->listener.arg, &made, maker);
  if (taker->owner == OWNER_TRADER) self->listener.on_fill(self->listener.arg, &made, taker);
  s_touch(self, maker);
  if (maker->status == HBUS_FILLED) s_finish(self, maker);
}

/* Into the book; an order that did not stay there is finished. */
static void s_submit(exchange *self, order *entering) {
  s_touch(self, entering);
  hbus_status status = matching_submit(entering->market->book, entering);
  if (status != HBUS_OK) entering->status = HBUS_FAILED;
  if (!order_is_open(entering)) s_finish(self, entering);
}

/* A stop that becomes a market order reserved at its stop price; now it needs what the book asks. */
static void s_submit_triggered(exchange *self, order *stop) {
  if (order_is_market(stop)) {
    s_release(self, stop, stop->reserved);
    if (s_reserve(self, stop) != HBUS_OK) {
      stop->status = HBUS_FAILED;
      s_finish(self, stop);
      return;
    }
  }
  s_submit(self, stop);
}

/* Tells what became of the orders of this call, and forgets the crowd's that are finished. */
static void s_flush(exchange *self, const market *where) {
  order *changed = self->touched_first;
  self->touched_first = self->touched_last = NULL;
  while (changed) {
    order *next = changed->touched_next;
    changed->touched = false;
    if (changed->owner == OWNER_TRADER)
      self->listener.on_order(self->listener.arg, changed);
    else if (!order_is_open(changed))
      free(changed);
    changed = next;
  }
  self->listener.on_book(self->listener.arg, where);
}

/* A futures order that can only make the position smaller. */
static bool s_reduces(const order *entering) {
  const market *where = entering->market;
  int64_t held = where->positions[entering->owner].amount;
  if (where->rules.leverage == 0 || held == 0 || (held > 0) == (entering->side == HBUS_BUY)) return false;
  return entering->amount <= (held < 0 ? -held : held);
}

static hbus_status s_refuse_funds(const exchange *self, const order *refused, hbus_error *error) {
  char available[QUANTITY_TEXT_SIZE];
  size_t pays = s_pays(refused);
  quantity_text(account_available(&self->accounts[refused->owner], pays), available);
  return hbus_fail(error, HBUS_INSUFFICIENT_FUNDS, "Insufficient funds: %s %s available", available,
                   self->assets[pays].name);
}

hbus_status exchange_create(exchange *self, market *where, order_owner owner, const order_request *request,
                            const order **out, hbus_error *error) {
  order *created = NULL;
  order read = {.market = where, .owner = owner, .status = HBUS_OPEN, .created_at_ns = self->now_ns};
  hbus_status status = market_read_order(where, request, &read, error);
  if (status != HBUS_OK) return status;
  memcpy(read.client_order_id, request->client_order_id, sizeof read.client_order_id);
  read.amount_asked = request->amount;
  read.reducing = s_reduces(&read);
  if (owner == OWNER_TRADER && history_make_room(self->orders) != HBUS_OK)
    return hbus_fail(error, HBUS_OVERLOADED, "Invalid order: too many open orders");
  created = malloc(sizeof *created);
  if (!created) return hbus_fail(error, HBUS_NO_MEMORY, "Out of memory");
  if (s_reserve(self, &read) != HBUS_OK) {
    free(created);
    return s_refuse_funds(self, &read, error);
  }

  read.id = self->next_order_id++;
  *created = read;
  open_orders_add(&where->open[owner], created);
  if (owner == OWNER_TRADER) {
    history_add(self->orders, created);
    self->listener.on_accept(self->listener.arg, created);
  }
  s_submit(self, created);
  for (order *stop; (stop = matching_take_triggered(where->book));)
    s_submit_triggered(self, stop);
  s_flush(self, where);
  if (out && owner == OWNER_TRADER) *out = created;
  return HBUS_OK;
}

void exchange_cancel(exchange *self, order *cancelled) {
  matching_cancel(cancelled->market->book, cancelled);
  const market *where = cancelled->market;
  s_finish(self, cancelled);
  s_flush(self, where);
}

void exchange_clear_crowd(exchange *self, market *where) {
  while (where->open[OWNER_CROWD].first) {
    order *cleared = where->open[OWNER_CROWD].first;
    matching_cancel(where->book, cleared);
    s_finish(self, cleared);
  }
  s_flush(self, where);
}

void exchange_forget_orders(exchange *self) {
  for (size_t i = 0; i < self->market_count; i++) {
    market *where = self->markets[i];
    while (where->open[OWNER_TRADER].first) {
      order *forgotten = where->open[OWNER_TRADER].first;
      self->listener.on_forget(self->listener.arg, forgotten);
      matching_cancel(where->book, forgotten);
      s_finish(self, forgotten);
    }
    /* Nobody hears what became of them. */
    self->touched_first = self->touched_last = NULL;
    self->listener.on_book(self->listener.arg, where);
  }
  history_clear(self->orders);
}

/* --- what was before --- */

hbus_status exchange_restore_order(exchange *self, const order *known) {
  order *there = history_find(self->orders, known->id);
  if (there) {
    there->status = known->status;
    there->triggered = known->triggered;
    there->filled_at_ns = known->filled_at_ns;
    return HBUS_OK;
  }
  if (history_make_room(self->orders) != HBUS_OK) return HBUS_OVERLOADED;
  order *restored = malloc(sizeof *restored);
  if (!restored) return HBUS_NO_MEMORY;
  *restored = *known;
  history_add(self->orders, restored);
  return HBUS_OK;
}

/* The crowd takes the other side: who it was is forgotten, what it paid is not. */
hbus_status exchange_restore_fill(exchange *self, order *filled, int64_t price, int64_t amount) {
  market *where = filled->market;
  quantity notional = market_notional(where, price, amount);
  quantity lots = quantity_from(amount, where->rules.amount_digits);
  const order crowd = {.market = where, .owner = OWNER_CROWD, .side = side_opposite(filled->side)};
  const order *const sides[] = {filled, &crowd};
  if (amount > order_remaining(filled)) return HBUS_INVALID_ORDER;
  for (size_t i = 0; i < 2; i++) {
    if (where->rules.leverage > 0)
      s_settle_futures(self, sides[i], notional, amount);
    else
      s_settle_spot(self, sides[i], notional, lots);
    self->assets[where->quote].fees += s_fee(where, notional);
  }
  filled->filled += amount;
  return HBUS_OK;
}

/* The end of the simulator may have come between a fill and what became of its order. */
static void s_complete(order *restored) {
  if (!order_is_open(restored)) return;
  if (order_remaining(restored) == 0)
    restored->status = HBUS_FILLED;
  else if (order_is_market(restored))
    restored->status = HBUS_CANCELLED;
}

void exchange_restore_books(exchange *self) {
  order *oldest = history_newest(self->orders);
  while (oldest && oldest->past_previous)
    oldest = oldest->past_previous;
  for (order *restored = oldest; restored; restored = restored->past_next) {
    s_complete(restored);
    if (!order_is_open(restored)) continue;
    if (s_reserve(self, restored) != HBUS_OK) {
      restored->status = HBUS_FAILED;
      continue;
    }
    open_orders_add(&restored->market->open[OWNER_TRADER], restored);
    s_submit(self, restored);
    s_flush(self, restored->market);
  }
}

/* --- markets and assets --- */

static quantity s_starting_balance(const char *name, order_owner owner) {
  if (owner == OWNER_CROWD) return quantity_from(s_crowd_balance, 0);
  const starting_balance *row = s_starting_balances;
  while (row->asset && strcmp(row->asset, name) != 0)
    row++;
  return quantity_from(row->amount, 0);
}

static hbus_status s_find_asset(exchange *self, const char *name, size_t size, size_t *out) {
  for (size_t i = 0; i < self->asset_count; i++) {
    if (strlen(self->assets[i].name) == size && memcmp(self->assets[i].name, name, size) == 0) {
      *out = i;
      return HBUS_OK;
    }
  }
  asset *grown = realloc(self->assets, (self->asset_count + 1) * sizeof *grown);
  if (!grown) return HBUS_NO_MEMORY;
  self->assets = grown;
  asset *added = &self->assets[self->asset_count];
  *added = (asset){0};
  memcpy(added->name, name, size);
  for (order_owner owner = 0; owner < OWNER_COUNT; owner++) {
    quantity total = s_starting_balance(added->name, owner);
    if (account_add_asset(&self->accounts[owner], total) != HBUS_OK) return HBUS_NO_MEMORY;
    added->issued += total;
  }
  *out = self->asset_count++;
  return HBUS_OK;
}

hbus_status exchange_add_market(exchange *self, const market_rules *rules, size_t index) {
  const char *dash = strchr(rules->symbol, '-');
  assert(rules->price_digits + rules->amount_digits <= QUANTITY_DIGITS_MAX);
  if (!dash || dash == rules->symbol || !dash[1] || exchange_find_market(self, rules->symbol))
    return HBUS_INVALID_REQUEST;
  market **grown = realloc(self->markets, (self->market_count + 1) * sizeof(market *));
  if (!grown) return HBUS_NO_MEMORY;
  self->markets = grown;
  market *added = calloc(1, sizeof *added);
  if (!added) return HBUS_NO_MEMORY;
  *added = (market){.exchange = self, .rules = *rules, .index = index};
  hbus_status status = s_find_asset(self, rules->symbol, (size_t)(dash - rules->symbol), &added->base);
  if (status == HBUS_OK) status = s_find_asset(self, dash + 1, strlen(dash + 1), &added->quote);
  if (status == HBUS_OK && !(added->book = matching_new(rules->start_price, s_on_trade, self))) status = HBUS_NO_MEMORY;
  if (status == HBUS_OK)
    self->markets[self->market_count++] = added;
  else
    free(added);
  return status;
}

const char *exchange_name(const exchange *self) {
  return self->name;
}

market *exchange_find_market(const exchange *self, const char *symbol) {
  for (size_t i = 0; i < self->market_count; i++) {
    if (strcmp(self->markets[i]->rules.symbol, symbol) == 0) return self->markets[i];
  }
  return NULL;
}

market *exchange_market(const exchange *self, size_t at) {
  assert(at < self->market_count);
  return self->markets[at];
}

size_t exchange_market_count(const exchange *self) {
  return self->market_count;
}

const asset *exchange_asset(const exchange *self, size_t at) {
  assert(at < self->asset_count);
  return &self->assets[at];
}

size_t exchange_asset_count(const exchange *self) {
  return self->asset_count;
}

const account *exchange_account(const exchange *self, order_owner owner) {
  return &self->accounts[owner];
}

bool exchange_has_positions(const exchange *self) {
  return self->market_count > 0 && self->markets[0]->rules.leverage > 0;
}

void exchange_set_time(exchange *self, uint64_t now_ns) {
  self->now_ns = now_ns;
}

order *exchange_find_order(const exchange *self, const market *where, uint64_t id) {
  order *found = history_find(self->orders, id);
  return found && found->market == where ? found : NULL;
}

const order *exchange_newest_order(const exchange *self) {
  return history_newest(self->orders);
}

static void s_check_reserved(const exchange *self, order_owner owner) {
  for (size_t at = 0; at < self->asset_count; at++) {
    quantity reserved = 0, margin = 0;
    for (size_t i = 0; i < self->market_count; i++) {
      const market *where = self->markets[i];
      for (const order *open = where->open[owner].first; open; open = open->open_next) {
        assert(order_is_open(open));
        reserved += s_pays(open) == at ? open->reserved : 0;
        assert(open->reserved == s_need_of_rest(open));
      }
      margin += where->quote == at ? where->positions[owner].margin : 0;
    }
    assert(reserved == self->accounts[owner].assets[at].reserved);
    assert(margin == self->accounts[owner].assets[at].margin);
    assert(exchange_has_positions(self) || account_available(&self->accounts[owner], at) >= 0);
  }
}

void exchange_check(const exchange *self) {
  for (order_owner owner = 0; owner < OWNER_COUNT; owner++)
    s_check_reserved(self, owner);
  for (size_t at = 0; at < self->asset_count; at++) {
    quantity held = self->assets[at].fees;
    for (order_owner owner = 0; owner < OWNER_COUNT; owner++)
      held += self->accounts[owner].assets[at].total;
    /* What is realized so far is what the open positions have not: their costs cancel out. */
    for (size_t i = 0; i < self->market_count; i++) {
      const market *where = self->markets[i];
      int64_t open = where->positions[OWNER_TRADER].amount + where->positions[OWNER_CROWD].amount;
      assert(open == 0);
      if (where->quote == at) held -= where->positions[OWNER_TRADER].cost + where->positions[OWNER_CROWD].cost;
    }
    assert(held == self->assets[at].issued);
  }
  for (size_t i = 0; i < self->market_count; i++)
    matching_check(self->markets[i]->book);
}
