/* A publisher on a loop, without a journal, its orders and their fills, and a subscriber to both streams: for tests of
 * what the bus hears. */
#ifndef TESTS_BROKER_EVENT_STAGE_H
#define TESTS_BROKER_EVENT_STAGE_H

#include "broker/event/publisher.h"
#include "broker/journal/journal.h"
#include "broker/log.h"
#include "broker/order/fill_book.h"
#include "broker/order/order_table.h"
#include "broker/order/position_book.h"
#include "proto/event_codec.h"

#define STAGE_EPOCH     1800000000000000
#define STAGE_TOPICS    4 /* that the publisher numbers */
#define STAGE_POSITIONS 3

typedef struct event_stage {
  uv_loop_t loop;
  uv_timer_t tick; /* so that the loop comes back and the subscriber can be looked at */
  socket_group *sockets;
  counters counters;
  logger *log;      /* says nothing */
  journal *journal; /* there is none: sync off */
  publisher *publisher;
  order_table *orders;
  position_book *positions;
  fill_book *fills;
  zsock_t *subscribers[HBUS_STREAM_COUNT]; /* by stream */
  hbus_stream stream;                      /* of what event_stage_next gave */
  event_unpacker *unpacker;
  zmsg_t *last; /* what event_stage_next gave borrows from it */
} event_stage;

event_stage *event_stage_new(void);
/* The same with room for so many topics. */
event_stage *event_stage_new_with(uint64_t topics);
/* Closes all; the loop may still have handles of the test's own that are closing. */
void event_stage_destroy(event_stage **self);

/* The next event that is published, on either stream. Fails the test if none comes. */
void event_stage_next(event_stage *self, hbus_event *out);

hbus_order event_stage_order(const char *order_id, hbus_order_status status);
hbus_event event_stage_fill(const char *order_id, const char *trade_id);

#endif
