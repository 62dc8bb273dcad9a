/* What a client is made of, for the files that are it: client.c (life, events), session.c (the connection and what
 * comes over it), command.c (sending). */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "client/broker_clock.h"
#include "client/options.h"
#include "client/pending.h"
#include "client/recovery.h"
#include "client/sockets.h"
#include "client/subscriptions.h"
#include "client/wakeup.h"
#include "proto/event_codec.h"

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
  bool renew_due;       /* a new connection: hello and the market subscriptions must be said again */
  bool hello_under_way; /* said again, not answered yet */
  bool ping_under_way;  /* our own, for the clock */
  bool work_left;       /* a bounded pass stopped before it had found nothing */

  event_unpacker *unpacker;
  zmq_msg_t topic_frame;
  zmq_msg_t body_frame; /* what the last event borrows from */
  char topic[HBUS_TOPIC_MAX + 1];
  pending_command *lent; /* whose reply the caller has */
  client_source source;
  unsigned turns_left; /* messages that `source` may still give before it is another's turn */
};

/* Names whose orders are meant; NULL: ours. HBUS_INVALID_REQUEST: too long. */
hbus_status command_set_owner(hbus_command *command, const char *owner, hbus_error *error);

/* Takes back what the last call lent. */
void client_take_back(hbus_client *self);

#endif
