/* The field's nouns as plain structs, filled by the codecs and copied by assignment.
 *
 * Text is NUL-terminated in its array; the empty string is "absent". A decimal of size 0 is absent. Times are unix
 * nanoseconds, 0 is absent. Where a struct borrows (hbus_text, hbus_bytes, the levels of a book), what it points into
 * is said by the call that filled it.
 */
#ifndef HBUS_TYPES_H
#define HBUS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hbus/decimal.h"
#include "hbus/limits.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Text that somebody else owns; not NUL-terminated. size 0 is absent. */
typedef struct hbus_text {
  const char *data;
  size_t size;
} hbus_text;

/* The text of a NUL-terminated string. */
static inline hbus_text hbus_text_of(const char *string) {
  hbus_text text = {string, strlen(string)};
  return text;
}

/* Bytes that somebody else owns. */
typedef struct hbus_bytes {
  const uint8_t *data;
  size_t size;
} hbus_bytes;

/* Keys and values, as msgpack laid end to end, that upstream sent and hbus does not know. Borrowed. */
typedef struct hbus_extra {
  hbus_bytes pairs;
  uint32_t count; /* pairs */
} hbus_extra;

typedef char hbus_name[HBUS_NAME_MAX + 1];
typedef char hbus_order_id[HBUS_ORDER_ID_MAX + 1];
typedef char hbus_client_order_id[HBUS_CLIENT_ORDER_ID_MAX + 1];
typedef char hbus_orders_hash[HBUS_ORDERS_HASH_SIZE + 1];

/* Enumerations. 0 is absent in each; their names on the wire are the lower case of the part after the prefix. */
typedef enum hbus_side { HBUS_SIDE_NONE, HBUS_BUY, HBUS_SELL, HBUS_SIDE_COUNT } hbus_side;

typedef enum hbus_order_type {
  HBUS_ORDER_TYPE_NONE,
  HBUS_LIMIT,
  HBUS_MARKET,
  HBUS_STOP,       /* becomes a market order when the market trades at stop_price */
  HBUS_STOP_LIMIT, /* becomes a limit order at price when the market trades at stop_price */
  HBUS_LIMIT_MAKER,
  HBUS_ORDER_TYPE_COUNT
} hbus_order_type;

typedef enum hbus_order_status {
  HBUS_ORDER_STATUS_NONE,
  HBUS_PENDING, /* the broker's: written to the link, not answered yet */
  HBUS_OPEN,
  HBUS_PARTIALLY_FILLED,
  HBUS_FILLED,
  HBUS_CANCELLED,
  HBUS_FAILED,
  HBUS_UNKNOWN, /* the broker's: no answer; may be live */
  HBUS_ORDER_STATUS_COUNT
} hbus_order_status;

typedef enum hbus_market_type {
  HBUS_MARKET_TYPE_NONE,
  HBUS_SPOT,
  HBUS_FUTURES,
  HBUS_MARKET_TYPE_COUNT
} hbus_market_type;

typedef enum hbus_position_action {
  HBUS_POSITION_ACTION_NONE,
  HBUS_POSITION_OPEN,
  HBUS_POSITION_CLOSE,
  HBUS_POSITION_ACTION_COUNT
} hbus_position_action;

typedef enum hbus_link_status {
  HBUS_LINK_STATUS_NONE,
  HBUS_LINK_DISCONNECTED,
  HBUS_LINK_CONNECTING,
  HBUS_LINK_CONNECTED, /* authenticated, and open for orders */
  HBUS_LINK_ERROR,
  HBUS_LINK_STATUS_COUNT
} hbus_link_status;

/* How the broker learned of an order's state. */
typedef enum hbus_origin {
  HBUS_ORIGIN_NONE,
  HBUS_PUSHED,   /* upstream said so, by an event or in its answer to the command that caused it */
  HBUS_POLLED,   /* the broker asked */
  HBUS_INFERRED, /* the broker concludes it */
  HBUS_ORIGIN_COUNT
} hbus_origin;

/* Whose account of a position is meant. */
typedef enum hbus_position_source {
  HBUS_POSITION_SOURCE_NONE,
  HBUS_POSITION_UPSTREAM, /* what the exchange has */
  HBUS_POSITION_FILLS,    /* what the broker makes of the fills of each peer's orders */
  HBUS_POSITION_SOURCE_COUNT
} hbus_position_source;

typedef enum hbus_channel {
  HBUS_CHANNEL_NONE,
  HBUS_CHANNEL_ORDER_BOOK,
  HBUS_CHANNEL_TRADES,
  HBUS_CHANNEL_TICKER,
  HBUS_CHANNEL_COUNT
} hbus_channel;

typedef enum hbus_stream { HBUS_STREAM_NONE, HBUS_STREAM_MARKET, HBUS_STREAM_PRIVATE, HBUS_STREAM_COUNT } hbus_stream;

/* The name on the wire; "" for absent. Never NULL. */
const char *hbus_side_name(hbus_side value);
const char *hbus_order_type_name(hbus_order_type value);
const char *hbus_order_status_name(hbus_order_status value);
const char *hbus_market_type_name(hbus_market_type value);
const char *hbus_position_action_name(hbus_position_action value);
const char *hbus_link_status_name(hbus_link_status value);
const char *hbus_origin_name(hbus_origin value);
const char *hbus_position_source_name(hbus_position_source value);
const char *hbus_channel_name(hbus_channel value);
const char *hbus_stream_name(hbus_stream value);

/* An order as the broker knows it. */
typedef struct hbus_order {
  hbus_name exchange;
  hbus_name market;
  hbus_order_id order_id;               /* upstream's; absent while pending or unknown */
  hbus_client_order_id client_order_id; /* the owner's own; absent for an order not placed through the broker */
  hbus_name owner;                      /* the peer that placed it; absent likewise */
  hbus_side side;
  hbus_order_type order_type;
  hbus_order_status status;
  hbus_decimal price; /* absent for market and stop */
  hbus_decimal stop_price;
  hbus_decimal amount;
  hbus_decimal filled;
  hbus_market_type market_type;
  hbus_name account;
  hbus_position_action position_action;
  uint64_t created_at_ns;
  uint64_t filled_at_ns;
  bool cancel_requested; /* its cancel is under way, or waits until it can be sent; the order may still fill */
  uint64_t rev;          /* from 1; raised by every change the broker learns of; 0 is absent */
  hbus_extra extra;      /* on packing only; unpacking leaves it empty (the raw map has them) */
} hbus_order;

/* A trade: a public print, or with an order_id a fill of an order of ours.
 *
 * A fill that the broker infers from an order's `filled` has neither trade_id nor price. The trade that comes later
 * says in `replaces` how much of its amount was told in that way before: what is new is amount - replaces. */
typedef struct hbus_trade {
  hbus_order_id trade_id;
  hbus_name exchange;
  hbus_name market;
  hbus_order_id order_id;
  hbus_decimal price;
  hbus_decimal amount;
  hbus_decimal replaces; /* absent: nothing */
  hbus_side side;        /* the taker's in a public print, the order's in a fill */
  hbus_extra extra;
} hbus_trade;

typedef struct hbus_level {
  hbus_decimal price;
  hbus_decimal amount;
} hbus_level;

/* The top of an order book, replacing what was: bids highest first, asks lowest first. The levels are borrowed. */
typedef struct hbus_book {
  hbus_name exchange;
  hbus_name market;
  const hbus_level *bids;
  size_t bid_count;
  const hbus_level *asks;
  size_t ask_count;
  uint64_t ts_ns; /* upstream's time */
  hbus_extra extra;
} hbus_book;

typedef struct hbus_ticker {
  hbus_name exchange;
  hbus_name market;
  hbus_decimal bid;
  hbus_decimal ask;
  hbus_decimal last;
  hbus_decimal volume;
  uint64_t ts_ns;
  hbus_extra extra;
} hbus_ticker;

typedef struct hbus_balance {
  hbus_name exchange;
  hbus_name asset;
  hbus_decimal total;
  hbus_decimal available;
} hbus_balance;

typedef struct hbus_position {
  hbus_name exchange;
  hbus_name market;
  hbus_side side;           /* buy is long; absent where the amount is 0 */
  hbus_decimal amount;      /* never negative */
  hbus_decimal entry_price; /* the mean; absent where the amount is 0, or no fill had a price */
  hbus_decimal unrealized_pnl;
  hbus_decimal leverage;

  /* Of HBUS_POSITION_FILLS alone, in the market's quote currency, without fees. */
  hbus_name owner;
  hbus_decimal realized_pnl;
  hbus_decimal unpriced;     /* bought less sold in fills whose price is not known (yet); absent: none */
  hbus_decimal working_buy;  /* what orders that are not finished may still buy; pending and unknown ones in full */
  hbus_decimal working_sell; /* ... sell */
  hbus_extra extra;
} hbus_position;

/* The answer to cancel_order. */
typedef struct hbus_cancel {
  hbus_order_id order_id;
  hbus_client_order_id client_order_id;
  bool cancelled;
  bool requested; /* the broker keeps the cancel, and sends it as soon as it can and until it has had its effect */
} hbus_cancel;

/* The answer to cancel_all. */
typedef struct hbus_cancels {
  uint64_t requested; /* orders whose cancel is under way now, or waits until it can be sent */
  uint64_t not_sent;  /* orders that were not sent yet, and never will be */
} hbus_cancels;

/* An `error` or `info` of upstream's or of the broker's. */
typedef struct hbus_notice {
  hbus_status code;  /* HBUS_OK in an info */
  hbus_text message; /* borrowed */
  hbus_name exchange;
  hbus_name market;
  hbus_order_id order_id; /* the order it is about */
  hbus_extra extra;
} hbus_notice;

/* system/link/ */
typedef struct hbus_link {
  hbus_link_status status;
  hbus_status code; /* why, where it is an error */
  hbus_text reason; /* borrowed */
} hbus_link;

/* The last number of a topic, on a stream that is known from where it stands. The topic is borrowed. */
typedef struct hbus_sequence {
  hbus_text topic;
  uint64_t seq;
} hbus_sequence;

/* A number of a topic of a stream: what a snapshot includes, or what a reader has been shown. The topic is borrowed. */
typedef struct hbus_stamp {
  hbus_stream stream;
  hbus_text topic;
  uint64_t seq;
} hbus_stamp;

/* system/heartbeat/: the last number of every topic of its stream that moved since the heartbeat before, which may have
 * had several parts. The heartbeat's own topic is not among them: its number is the event's. The topics are borrowed.
 */
typedef struct hbus_heartbeat {
  uint64_t part;        /* 1 to parts */
  uint64_t parts;       /* one event each, of following numbers */
  uint64_t interval_ms; /* until the next one */
  const hbus_sequence *topics;
  size_t topic_count;
} hbus_heartbeat;

/* system/slow/: a reader that is behind, or has caught up. */
typedef struct hbus_slow {
  hbus_name name; /* the peer's; on the private stream only */
  hbus_stream stream;
  hbus_text topic;   /* the one that it is furthest behind on; borrowed */
  uint64_t lag;      /* events that it has not been shown; 0: it has caught up */
  uint64_t since_ns; /* broker's real-time clock, when it fell behind */
} hbus_slow;

/* strategy_update/PEER/NAME/: what one peer tells the others. Its peer is the event's owner. */
typedef struct hbus_signal {
  hbus_name name;
  hbus_bytes data; /* one msgpack value, any, as the peer packed it; borrowed */
} hbus_signal;

#ifdef __cplusplus
}
#endif
#endif
