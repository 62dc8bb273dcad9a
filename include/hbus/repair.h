/* What the commands that repair a reader's picture answer with (PROTOCOL.md, "Repair").
 *
 * Text, bytes and arrays are borrowed: from the program that packs them, or from what unpacked them.
 */
#ifndef HBUS_REPAIR_H
#define HBUS_REPAIR_H

#include "hbus/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* sequences: a page of the last numbers of the topics of a stream that have any of the prefixes asked for. */
typedef struct hbus_sequences {
  uint64_t epoch;             /* the present one */
  const hbus_sequence *items; /* at most HBUS_PAGE_MAX */
  size_t count;
  char cursor[HBUS_CURSOR_MAX + 1]; /* "": the last page */
} hbus_sequences;

/* replay: the events of a topic that can still be had, in order. A number that is asked for and is not among them,
 * though it is below `next` (or there is no next), is lost for good. */
typedef struct hbus_replay {
  uint64_t epoch; /* of the numbers of a market topic; the present one for a private topic */
  hbus_text topic;
  uint64_t first;          /* the oldest number that can be had; 0: none */
  uint64_t last;           /* the number of the last item; 0: no items */
  uint64_t next;           /* go on from here; 0: this is all */
  const hbus_bytes *items; /* the bodies, as they were published; at most HBUS_REPLAY_EVENTS_MAX */
  size_t count;
} hbus_replay;

/* snapshot: a state, and the numbers of the events that it includes. Of a market, or of all private state.
 *
 * Of several pages the stamps of the first one that names a topic count: what comes after is repaired by each order's
 * `rev`. No order or position is told before all topics of its snapshot are stamped. A position, which has no rev,
 * includes the fills up to the stamp on its own page, where there is one for its topic, else up to the first one. */
typedef struct hbus_snapshot {
  uint64_t epoch;
  hbus_orders_hash orders_hash; /* of all live orders, also those on later pages (hbus_orders_hash_add): on the first
                                   page of all private state; "": elsewhere */
  hbus_link link;
  const hbus_stamp *stamps; /* at most HBUS_STAMPS_MAX */
  size_t stamp_count;
  hbus_bytes book;          /* the body of the market's last order_book_update; size 0: it is not there any more, or
                               there was none: the stamp says which */
  hbus_bytes ticker;        /* ... of its last ticker_update */
  const hbus_order *orders; /* those that are not finished, of every owner; at most HBUS_PAGE_MAX */
  size_t order_count;
  const hbus_position *positions; /* as the fills make them, of every owner; at most HBUS_PAGE_MAX */
  size_t position_count;
  bool has_balances; /* they were asked for, and are there */
  const hbus_balance *balances;
  size_t balance_count;             /* at most HBUS_PAGE_MAX */
  hbus_status balances_code;        /* they were asked for, and this is why they are not there */
  hbus_text balances_message;       /* ... in words */
  char cursor[HBUS_CURSOR_MAX + 1]; /* "": the last page */
} hbus_snapshot;

#ifdef __cplusplus
}
#endif
#endif
