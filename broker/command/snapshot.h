/* The broker's picture of a market, or of everything private, with the numbers of the events that are in it.
 *
 * Everything on a page is of one moment: what is numbered is in the state, and what is in the state is numbered or will
 * be told by an event with another `rev`. Pages are made when they are asked for. A page goes on from a place that
 * stays what it is whatever comes and goes in between: topics and positions are never taken away, and orders are told
 * in the order of numbers that they keep.
 */
#ifndef BROKER_SNAPSHOT_H
#define BROKER_SNAPSHOT_H

#include "broker/command/command_path.h"
#include "hbus/repair.h"

/* Of a private snapshot the stamps come first, then orders and positions side by side. */
typedef struct snapshot_place {
  size_t topic;          /* of the private stream, the next one to be stamped */
  uint64_t order_number; /* of the last order told */
  size_t position;       /* the next one, in the position book */
} snapshot_place;

/* A page. What `reply` points to lies in the page, in the publisher, or is the caller's (balances). */
typedef struct snapshot_page {
  hbus_snapshot reply;
  snapshot_place place;
  bool more;
  topic topics[5]; /* of a market */
  hbus_stamp stamps[HBUS_STAMPS_MAX];
  hbus_order orders[HBUS_PAGE_MAX];
  hbus_position positions[HBUS_PAGE_MAX];
} snapshot_page;

/* Fills a page for a command `snapshot`, all but the balances: with at most `max` records of each kind, HBUS_PAGE_MAX
 * or fewer, and no more than its `limit` says. HBUS_INVALID_REQUEST: its cursor is none of this start's;
 * HBUS_OVERLOADED, HBUS_INTERNAL: a position cannot be told. Good until the next event is published. */
hbus_status snapshot_take(const command_path *path, const hbus_command *command, size_t max, snapshot_page *out,
                          hbus_error *error);

#endif
