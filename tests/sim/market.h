/* One market of an exchange: its rules, its book, and the open orders in it. */
#ifndef SIM_MARKET_H
#define SIM_MARKET_H

#include "tests/sim/account.h"
#include "tests/sim/matching.h"

#define MARKET_TEXT_SIZE 48

/* What the market is made of. */
typedef struct market_rules {
  hbus_name symbol;       /* BASE-QUOTE */
  unsigned price_digits;  /* the tick is 10^-price_digits */
  unsigned amount_digits; /* the lot is 10^-amount_digits; both together at most QUANTITY_DIGITS_MAX */
  int64_t amount_min;     /* lots */
  int64_t start_price;    /* ticks; the last trade's price before there is one; 0 is none */
  unsigned band_percent;  /* how far a price may be from the last trade's; 0 is any */
  unsigned fee_basis_points;
  unsigned leverage; /* 0 is a spot market */
  bool closed;
  bool recorded; /* its book comes from a recording */
} market_rules;

/* The orders of one owner that are open, oldest first. */
typedef struct open_orders {
  order *first, *last;
  size_t count;
} open_orders;

struct exchange;

typedef struct market {
  struct exchange *exchange;
  market_rules rules;
  size_t index;       /* of all markets of all exchanges */
  size_t base, quote; /* assets */
  matching *book;
  int64_t volume; /* lots traded */
  open_orders open[OWNER_COUNT];
  position positions[OWNER_COUNT];
} market;

/* What a participant asks for, as written. */
typedef struct order_request {
  hbus_side side;
  hbus_order_type type;
  hbus_decimal price; /* absent for market and stop */
  hbus_decimal stop_price;
  hbus_decimal amount;
  hbus_client_order_id client_order_id;
} order_request;

/* Reads a request by the rules of the market into side, type, price, stop_price and amount of *out. The error is in the
 * field's words: HBUS_INVALID_ORDER, HBUS_MIN_ORDER_SIZE, HBUS_PRICE_OUT_OF_RANGE, HBUS_MARKET_CLOSED. */
hbus_status market_read_order(const market *self, const order_request *request, order *out, hbus_error *error);

/* With the market's digits after the point. Return out. */
const char *market_price_text(const market *self, int64_t price, char out[MARKET_TEXT_SIZE]);
const char *market_amount_text(const market *self, int64_t amount, char out[MARKET_TEXT_SIZE]);
quantity market_notional(const market *self, int64_t price, int64_t amount);

void open_orders_add(open_orders *self, order *added);
void open_orders_remove(open_orders *self, order *removed);

#endif
