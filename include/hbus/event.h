/* An event: what the two event sockets carry (PROTOCOL.md, "Events"). */
#ifndef HBUS_EVENT_H
#define HBUS_EVENT_H

#include "hbus/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hbus_event_type {
  HBUS_EVENT_NONE,
  HBUS_EVENT_MARKET_DATA,
  HBUS_EVENT_ORDER_UPDATE,
  HBUS_EVENT_TRADE_UPDATE,
  HBUS_EVENT_STRATEGY_UPDATE,
  HBUS_EVENT_ERROR,
  HBUS_EVENT_INFO,
  HBUS_EVENT_SYSTEM,
  HBUS_EVENT_AUDIT,
  HBUS_EVENT_TYPE_COUNT
} hbus_event_type;

/* Which member of the union is filled. A kind that this library does not know is HBUS_KIND_OTHER: read `body`. */
typedef enum hbus_kind {
  HBUS_KIND_OTHER,
  HBUS_KIND_ORDER_BOOK_UPDATE,
  HBUS_KIND_TICKER_UPDATE,
  HBUS_KIND_TRADE,
  HBUS_KIND_ORDER_UPDATE,
  HBUS_KIND_ERROR,
  HBUS_KIND_INFO,
  HBUS_KIND_LINK,
  HBUS_KIND_HEARTBEAT,
  HBUS_KIND_SLOW,
  HBUS_KIND_STRATEGY_UPDATE,
  HBUS_KIND_COUNT
} hbus_kind;

typedef struct hbus_event {
  hbus_event_type type;
  hbus_kind kind;
  uint64_t epoch;
  uint64_t seq; /* from 1, by one, for each stream and topic */
  hbus_name src;
  uint64_t ts_ns; /* upstream's time; 0 when it gave none */
  uint64_t rx_ns; /* broker's real-time clock, when it received what this is made of */
  uint64_t tx_ns; /* the same clock, when it published */

  hbus_name owner; /* of orders, fills and signals: the peer */

  /* Orders and fills only. */
  hbus_client_order_id client_order_id;
  uint64_t rev;
  hbus_origin origin;

  union {
    hbus_book book;
    hbus_ticker ticker;
    hbus_trade trade;
    hbus_order order;
    hbus_notice notice;
    hbus_link link;
    hbus_heartbeat heartbeat;
    hbus_slow slow;
    hbus_signal signal;
  } data;
} hbus_event;

/* "MARKET_DATA"; "" for HBUS_EVENT_NONE. */
const char *hbus_event_type_name(hbus_event_type type);
/* "order_book_update"; "" for HBUS_KIND_OTHER. */
const char *hbus_kind_name(hbus_kind kind);

#ifdef __cplusplus
}
#endif
#endif
