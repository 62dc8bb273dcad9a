/* An order of the exchange. Plain data: matching.c moves it through the book, exchange.c pays for it. */
#ifndef SIM_ORDER_H
#define SIM_ORDER_H

#include "hbus/types.h"
#include "tests/sim/quantity.h"

/* Who placed it: the one trader whose Hummingbot this is, or everybody else. */
typedef enum order_owner { OWNER_TRADER, OWNER_CROWD, OWNER_COUNT } order_owner;

struct market;

typedef struct order {
  uint64_t id;
  struct market *market;
  order_owner owner;
  hbus_side side;
  hbus_order_type type;
  hbus_order_status status;
  bool triggered; /* a stop whose price was reached */
  bool reducing;  /* futures: placed to make the position smaller */
  bool touched;   /* changed since the last flush */
  int64_t price;  /* ticks; 0 is none */
  int64_t stop_price;
  int64_t amount; /* lots */
  int64_t filled;
  hbus_decimal amount_asked; /* the amount as it was written */
  quantity reserved;         /* of the asset it pays with */
  uint64_t created_at_ns;
  uint64_t filled_at_ns;
  hbus_client_order_id client_order_id;

  struct order *book_previous, *book_next; /* the queue at its price, or the stops */
  struct order *open_previous, *open_next; /* the open orders of its owner in its market */
  struct order *past_previous, *past_next; /* the trader's orders, oldest first */
  struct order *bucket_next;               /* the trader's orders by id */
  struct order *touched_next;
} order;

static inline int64_t order_remaining(const order *self) {
  return self->amount - self->filled;
}

static inline bool order_is_open(const order *self) {
  return self->status == HBUS_OPEN || self->status == HBUS_PARTIALLY_FILLED;
}

static inline bool order_is_stop(const order *self) {
  return self->type == HBUS_STOP || self->type == HBUS_STOP_LIMIT;
}

/* Waits for its stop price. */
static inline bool order_is_waiting(const order *self) {
  return order_is_stop(self) && !self->triggered;
}

/* Takes any price, and never rests in the book. */
static inline bool order_is_market(const order *self) {
  return self->type == HBUS_MARKET || (self->type == HBUS_STOP && self->triggered);
}

static inline hbus_side side_opposite(hbus_side side) {
  return side == HBUS_BUY ? HBUS_SELL : HBUS_BUY;
}

#endif
