/* What waits to be given to the program, in order: events that were kept, notices, and parts of snapshots. */
#ifndef CLIENT_DELIVERY_H
#define CLIENT_DELIVERY_H

#include "hbus/client.h"

typedef enum delivery_kind {
  DELIVERY_EVENT,
  DELIVERY_NEWEST, /* an event, whose body is the newest that its topic has */
  DELIVERY_NOTICE,
  DELIVERY_SNAPSHOT /* a delivery_part, and behind it the reply's data, or words where its code says that it failed */
} delivery_kind;

typedef struct delivery_part {
  hbus_name exchange;
  hbus_name market;
  unsigned part;
  bool is_last;
  hbus_status code;
} delivery_part;

struct tracked_topic;

typedef struct delivery {
  struct delivery *next;
  delivery_kind kind;
  bool is_replayed; /* an event that came by replay */
  hbus_stream stream;
  struct tracked_topic *topic; /* NULL: what is about a whole stream, or none */
  uint64_t epoch;
  uint64_t seq;
  hbus_stream_notice notice;
  size_t size;
  _Alignas(max_align_t) uint8_t body[];
} delivery;

/* An event with a copy of its body, which may come in two pieces. NULL: no memory. */
delivery *delivery_new(delivery_kind kind, hbus_bytes head, hbus_bytes body);

/* A queue. All zero is an empty one. */
typedef struct delivery_queue {
  delivery *first;
  delivery *last;
  size_t count;
  size_t bytes; /* of the bodies */
} delivery_queue;

void delivery_queue_push(delivery_queue *self, delivery *item);
/* NULL: there is none. */
delivery *delivery_queue_pop(delivery_queue *self);
/* By rising numbers; most come in order, and are put at the end at once. False: one of that number is there. */
bool delivery_queue_insert(delivery_queue *self, delivery *item);
/* Frees those of that topic; of NULL all of them. */
void delivery_queue_drop(delivery_queue *self, const struct tracked_topic *topic);
/* Frees the parts of snapshots of that market; "" and "" are those of the private state. */
void delivery_queue_drop_parts(delivery_queue *self, const char *exchange, const char *market);

#endif
