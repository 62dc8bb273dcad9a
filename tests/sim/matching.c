#include "tests/sim/matching.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Orders in the order in which they came. */
typedef struct order_queue {
  order *first, *last;
} order_queue;

typedef struct price_level {
  int64_t price;
  int64_t amount; /* what remains of all its orders */
  order_queue orders;
} price_level;

/* One side, worst price first: the best level is the last one, so that taking it away moves nothing. */
typedef struct book_side {
  price_level *levels;
  size_t count;
  size_t capacity;
} book_side;

struct matching {
  book_side sides[HBUS_SIDE_COUNT]; /* by hbus_side */
  order_queue stops;
  int64_t last;
  bool stops_due; /* `last` moved, or a stop came, since the stops were looked through */
  matching_trade_fn *on_trade;
  void *arg;
};

matching *matching_new(int64_t last, matching_trade_fn *on_trade, void *arg) {
  assert(last >= 0 && on_trade);
  matching *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->last = last;
  self->on_trade = on_trade;
  self->arg = arg;
  return self;
}

void matching_destroy(matching **self) {
  if (!*self) return;
  free((*self)->sides[HBUS_BUY].levels);
  free((*self)->sides[HBUS_SELL].levels);
  free(*self);
  *self = NULL;
}

static void s_queue_push(order_queue *queue, order *added) {
  added->book_previous = queue->last;
  added->book_next = NULL;
  if (queue->last)
    queue->last->book_next = added;
  else
    queue->first = added;
  queue->last = added;
}

static void s_queue_remove(order_queue *queue, order *removed) {
  if (removed->book_previous)
    removed->book_previous->book_next = removed->book_next;
  else
    queue->first = removed->book_next;
  if (removed->book_next)
    removed->book_next->book_previous = removed->book_previous;
  else
    queue->last = removed->book_previous;
  removed->book_previous = removed->book_next = NULL;
}

/* a is a better price than b for orders of this side: who bids more, or asks less, trades first. */
static bool s_better(hbus_side side, int64_t a, int64_t b) {
  return side == HBUS_BUY ? a > b : a < b;
}

static price_level *s_best(const matching *self, hbus_side side) {
  const book_side *levels = &self->sides[side];
  return levels->count > 0 ? &levels->levels[levels->count - 1] : NULL;
}

/* Where the level of this price is, or belongs. */
static size_t s_find(const matching *self, hbus_side side, int64_t price) {
  const book_side *levels = &self->sides[side];
  size_t low = 0, high = levels->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (s_better(side, price, levels->levels[middle].price))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void s_remove_level(book_side *levels, size_t at) {
  memmove(&levels->levels[at], &levels->levels[at + 1], (levels->count - at - 1) * sizeof levels->levels[0]);
  levels->count--;
}

/* Room for one level more, so that an order that has begun to trade can always rest. */
static hbus_status s_reserve_level(book_side *levels) {
  if (levels->count < levels->capacity) return HBUS_OK;
  size_t capacity = levels->capacity ? levels->capacity * 2 : 32;
  price_level *grown = realloc(levels->levels, capacity * sizeof *grown);
  if (!grown) return HBUS_NO_MEMORY;
  levels->levels = grown;
  levels->capacity = capacity;
  return HBUS_OK;
}

static void s_rest(matching *self, order *entering) {
  book_side *levels = &self->sides[entering->side];
  size_t at = s_find(self, entering->side, entering->price);
  if (at == levels->count || levels->levels[at].price != entering->price) {
    assert(levels->count < levels->capacity);
    memmove(&levels->levels[at + 1], &levels->levels[at], (levels->count - at) * sizeof levels->levels[0]);
    levels->levels[at] = (price_level){.price = entering->price};
    levels->count++;
  }
  levels->levels[at].amount += order_remaining(entering);
  s_queue_push(&levels->levels[at].orders, entering);
}

static void s_fill(order *filled, int64_t amount) {
  filled->filled += amount;
  assert(filled->filled <= filled->amount);
  filled->status = order_remaining(filled) == 0 ? HBUS_FILLED : HBUS_PARTIALLY_FILLED;
}

/* Trades the entering order with the oldest order of the best opposite level. */
static void s_trade(matching *self, order *taker, price_level *level) {
  order *maker = level->orders.first;
  int64_t price = level->price;
  int64_t amount = order_remaining(maker) < order_remaining(taker) ? order_remaining(maker) : order_remaining(taker);
  assert(amount > 0 && maker->price == price);
  s_fill(maker, amount);
  s_fill(taker, amount);
  level->amount -= amount;
  if (maker->status == HBUS_FILLED) s_queue_remove(&level->orders, maker);
  if (!level->orders.first) {
    assert(level->amount == 0);
    self->sides[maker->side].count--;
  }
  self->last = price;
  self->stops_due = true;
  self->on_trade(self->arg, maker, taker, price, amount);
}

static void s_match(matching *self, order *taker) {
  hbus_side opposite = side_opposite(taker->side);
  price_level *best;
  while (order_remaining(taker) > 0 && (best = s_best(self, opposite))) {
    if (!order_is_market(taker) && s_better(opposite, taker->price, best->price)) break;
    s_trade(self, taker, best);
  }
}

hbus_status matching_submit(matching *self, order *entering) {
  assert(entering->side == HBUS_BUY || entering->side == HBUS_SELL);
  assert(entering->amount > 0 && entering->amount <= MATCHING_AMOUNT_MAX);
  assert(entering->filled >= 0 && entering->filled < entering->amount);
  assert(entering->price >= 0 && entering->price <= MATCHING_PRICE_MAX);
  if (order_is_waiting(entering)) {
    assert(entering->stop_price > 0);
    entering->status = HBUS_OPEN;
    s_queue_push(&self->stops, entering);
    self->stops_due = true;
    return HBUS_OK;
  }
  assert(order_is_market(entering) == (entering->price == 0));
  if (entering->type == HBUS_LIMIT_MAKER && matching_crosses(self, entering->side, entering->price))
    return HBUS_INVALID_ORDER;
  if (!order_is_market(entering) && s_reserve_level(&self->sides[entering->side]) != HBUS_OK) return HBUS_NO_MEMORY;

  entering->status = entering->filled > 0 ? HBUS_PARTIALLY_FILLED : HBUS_OPEN;
  s_match(self, entering);
  if (order_remaining(entering) > 0) {
    if (order_is_market(entering))
      entering->status = HBUS_CANCELLED;
    else
      s_rest(self, entering);
  }
  return HBUS_OK;
}

void matching_cancel(matching *self, order *resting) {
  assert(order_is_open(resting));
  if (order_is_waiting(resting)) {
    s_queue_remove(&self->stops, resting);
  } else {
    book_side *levels = &self->sides[resting->side];
    size_t at = s_find(self, resting->side, resting->price);
    assert(at < levels->count && levels->levels[at].price == resting->price);
    s_queue_remove(&levels->levels[at].orders, resting);
    levels->levels[at].amount -= order_remaining(resting);
    if (!levels->levels[at].orders.first) s_remove_level(levels, at);
  }
  resting->status = HBUS_CANCELLED;
}

order *matching_take_triggered(matching *self) {
  if (!self->stops_due || self->last == 0) return NULL;
  for (order *stop = self->stops.first; stop; stop = stop->book_next) {
    bool reached = stop->side == HBUS_BUY ? self->last >= stop->stop_price : self->last <= stop->stop_price;
    if (reached) {
      s_queue_remove(&self->stops, stop);
      stop->triggered = true;
      return stop;
    }
  }
  self->stops_due = false;
  return NULL;
}

void matching_visit(const matching *self, hbus_side side, matching_visit_fn *visit, void *arg) {
  const book_side *levels = &self->sides[side_opposite(side)];
  for (size_t i = levels->count; i > 0; i--) {
    if (!visit(arg, levels->levels[i - 1].price, levels->levels[i - 1].amount)) return;
  }
}

size_t matching_depth(const matching *self, hbus_side side, matching_level *out, size_t max) {
  const book_side *levels = &self->sides[side];
  size_t count = levels->count < max ? levels->count : max;
  for (size_t i = 0; i < count; i++) {
    const price_level *level = &levels->levels[levels->count - 1 - i];
    out[i] = (matching_level){.price = level->price, .amount = level->amount};
  }
  return count;
}

int64_t matching_best(const matching *self, hbus_side side) {
  const price_level *best = s_best(self, side);
  return best ? best->price : 0;
}

int64_t matching_last(const matching *self) {
  return self->last;
}

void matching_set_last(matching *self, int64_t price) {
  assert(price > 0);
  self->last = price;
  self->stops_due = true;
}

bool matching_crosses(const matching *self, hbus_side side, int64_t price) {
  const price_level *best = s_best(self, side_opposite(side));
  return best && !s_better(side_opposite(side), price, best->price);
}

static void s_check_side(const matching *self, hbus_side side) {
  const book_side *levels = &self->sides[side];
  for (size_t i = 0; i < levels->count; i++) {
    const price_level *level = &levels->levels[i];
    int64_t sum = 0;
    assert(i == 0 || s_better(side, level->price, levels->levels[i - 1].price));
    assert(level->orders.first);
    for (const order *resting = level->orders.first; resting; resting = resting->book_next) {
      assert(resting->side == side && resting->price == level->price);
      assert(order_is_open(resting) && order_remaining(resting) > 0);
      sum += order_remaining(resting);
    }
    assert(sum == level->amount);
  }
}

void matching_check(const matching *self) {
  s_check_side(self, HBUS_BUY);
  s_check_side(self, HBUS_SELL);
  const price_level *bid = s_best(self, HBUS_BUY), *ask = s_best(self, HBUS_SELL);
  assert(!bid || !ask || bid->price < ask->price);
  for (const order *stop = self->stops.first; stop; stop = stop->book_next)
    assert(order_is_waiting(stop) && stop->status == HBUS_OPEN && stop->filled == 0);
}
