/* What a client is made of, for the files that are it: client.c (life, what is given), session.c (the connection and
 * what comes over it), command.c (sending), reception.c (events), repair.c (what was missed), join.c (joining). */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "client/broker_clock.h"
#include "client/joins.h"
#include "client/options.h"
#include "client/pending.h"
#include "client/pulse.h"
#include "client/recovery.h"
#include "client/roll_call.h"
#include "client/sockets.h"
#include "client/subscriptions.h"
#include "client/tracker.h"
#include "client/wakeup.h"
#include "client/watches.h"
#include "proto/event_codec.h"
#include "proto/repair_codec.h"

#define CLIENT_HEARTBEAT "system/heartbeat/"

/* Where hbus_client_next looks, in turns. */
typedef enum client_source { CLIENT_REPLIES, CLIENT_PRIVATE, CLIENT_MARKET, CLIENT_SOURCE_COUNT } client_source;

struct hbus_client {
  settings settings;
  sockets sockets;
  wakeup wakeup;
  pending *pending;
  subscriptions subscriptions;
  recovery recovery;
  broker_clock clock;
  hbus_hello hello;
  hbus_client_stats stats;

  bool greeted;         /* the broker has accepted our name at least once */
  bool greeting_lost;   /* the connection went on which the first hello was sent */
  bool renew_due;       /* a new connection: hello and the market subscriptions must be said again */
  bool hello_under_way; /* said again, not answered yet */
  bool ping_under_way;  /* our own, for the clock */
  bool work_left;       /* a bounded pass stopped before it had found nothing */

  watches watches[HBUS_STREAM_COUNT];
  pulse pulses[HBUS_STREAM_COUNT];
  roll_call roll_calls[HBUS_STREAM_COUNT];
  tracker *tracker;
  joins joins;
  repair_unpacker *repair_unpacker;
  buffer acks;
  uint64_t acks_ms;          /* monotonic, like the two below: not before this */
  uint64_t ask_again_ms;     /* of everything that repair.c asks */
  uint64_t implicit_join_ms; /* the next snapshot that nobody asked for */
  uint64_t reply_ms;         /* the first of the replies that wait for their events is given all the same */

  event_unpacker *unpacker;
  zmq_msg_t topic_frame;
  zmq_msg_t body_frame; /* what the last event borrows from */
  char topic[HBUS_TOPIC_MAX + 1];
  pending_command *greeting; /* the first hello, while it is under way */
  pending_command *lent;     /* whose reply the caller has */
  delivery *lent_delivery;   /* what an event or a snapshot borrows from */
  delivery_part lent_part;
  hbus_snapshot lent_snapshot;
  unsigned queued_in_a_row;
  client_source source;
  unsigned turns_left; /* messages that `source` may still give before it is another's turn */
};

/* Names whose orders are meant; NULL: ours. HBUS_INVALID_REQUEST: too long. */
hbus_status command_set_owner(hbus_command *command, const char *owner, hbus_error *error);

/* Takes back what the last call lent. */
void client_take_back(hbus_client *self);

#endif
