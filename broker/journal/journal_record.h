/* What the journal keeps: plain records, filled and read by those whose nouns they are. */
#ifndef BROKER_JOURNAL_RECORD_H
#define BROKER_JOURNAL_RECORD_H

#include "broker/limits.h"
#include "hbus/command.h"
#include "hbus/event.h"

/* An order, as it is now. */
typedef struct journal_order {
  hbus_order state;                        /* extra: its candidates, or empty */
  bool finished;                           /* nothing more is expected of it */
  char upstream_id[LIMIT_UPSTREAM_ID + 1]; /* "": not placed through the broker */
  hbus_command asked;                      /* kind HBUS_COMMAND_NONE likewise */
  bool answered;                           /* its create has had an outcome */
  hbus_reply_status outcome;
  hbus_status outcome_code;
  hbus_text outcome_message; /* borrowed */
  uint64_t intent_ns;        /* real-time clock when it was put for the first time; 0: an order of others */
  uint64_t first_seen_ns;    /* ... when an order of others was first heard of; 0: ours */
  uint64_t absent_ns;        /* ... when a whole list of upstream's last had nothing like it; 0: never */
  uint64_t absences;
  uint64_t published_seq; /* of its last ORDER_UPDATE; 0: none */
  uint64_t published_rev; /* of the state that it told */
  uint64_t updated_ns;    /* real-time clock of this record */
} journal_order;

/* An event of the private stream. */
typedef struct journal_event {
  const char *topic;
  uint64_t epoch;
  uint64_t seq;
  uint64_t tx_ns;
  hbus_kind kind;
  hbus_bytes body;
} journal_event;

/* A fill of an order of ours or of others'; one that was inferred has no trade_id. */
typedef struct journal_fill {
  hbus_trade trade; /* extra empty */
  hbus_name owner;
  hbus_client_order_id client_order_id;
  hbus_origin origin;
  uint64_t ts_ns; /* upstream's time; 0: it gave none */
  uint64_t rx_ns;
} journal_fill;

/* What an owner's fills have made of a market. */
typedef struct journal_position {
  hbus_name owner;
  hbus_name exchange;
  hbus_name market;
  hbus_decimal amount; /* negative: short */
  hbus_decimal cost;   /* what it was bought for, negative: sold for; of fills with a price */
  hbus_decimal realized_pnl;
  hbus_decimal unpriced;
  uint64_t updated_ns;
} journal_position;

/* A peer that asked for cancel on disconnect. */
typedef struct journal_session {
  hbus_name name;
  bool cancel_on_disconnect;
  uint64_t grace_ms;
  uint64_t updated_ns;
} journal_session;

#endif
