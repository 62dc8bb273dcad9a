/* A command's way: from the ROUTER socket through the gates to its handler, and its reply back.
 *
 *   s_read → command_unpack → gate_pass → handler → (journal → link_request → outcome) → command_reply
 *
 * A reply that names an event of the private stream leaves after that event has left (publisher.h).
 */
#ifndef BROKER_COMMAND_PATH_H
#define BROKER_COMMAND_PATH_H

#include "broker/command/attendance.h"
#include "broker/command/departures.h"
#include "broker/command/outbox.h"
#include "broker/command/session.h"
#include "broker/command/task.h"
#include "broker/config.h"
#include "broker/counters.h"
#include "broker/demand.h"
#include "broker/event/heartbeat.h"
#include "broker/event/intake.h"
#include "broker/event/publisher.h"
#include "broker/event/slow.h"
#include "broker/event/staleness.h"
#include "broker/journal/journal.h"
#include "broker/link/link.h"
#include "broker/link/question.h"
#include "broker/order/canceller.h"
#include "broker/order/fill_book.h"
#include "broker/order/id_set.h"
#include "broker/order/order_table.h"
#include "broker/order/position_book.h"
#include "broker/order/reconcile.h"
#include "broker/socket.h"
#include "broker/turn_meter.h"
#include "proto/buffer.h"

/* The parts that commands work on; all are the broker's. */
typedef struct command_parts {
  const config *config;
  logger *log;
  counters *counters;
  upstream_link *link;
  questions *questions;
  publisher *publisher;
  journal *journal;
  order_table *orders;
  id_set *ids; /* of every create whose intent was journaled */
  fill_book *fills;
  position_book *positions;
  canceller *canceller;
  attendance *attendance;
  reconcile *reconcile;
  intake *intake;
  demand *demand;
  staleness *staleness;
  heartbeat *heartbeat;
  slow_readers *slow;
  turn_meter *turns;
  uint64_t epoch;
} command_parts;

typedef struct command_path command_path;
struct command_path {
  command_parts parts;
  bound_socket *socket;
  departures *departures;
  struct resubscribe *resubscribe;
  struct topic_demand *topics; /* NULL until it is made, and once it is gone */
  session_table *sessions;
  session *left; /* sessions whose connection has ended, to be forgotten when all that they sent has been read */
  task_table *tasks;
  outbox *outbox;
  buffer data;   /* a reply's data, while it is made */
  bool stopping; /* nothing new is sent upstream */
  uint64_t started_ms;
  uint64_t link_since_ms; /* real time of the link's last change */
};

/* Binds the ROUTER. HBUS_INVALID_REQUEST as socket_group_bind. */
hbus_status command_path_new(command_path **out, socket_group *sockets, const command_parts *parts, hbus_error *error);
/* From now on commands are read: everything that they need must be there. */
void command_path_start(command_path *self);
/* From now on a create that waits for the journal is not sent. */
void command_path_stop(command_path *self);
/* The link must be destroyed before it, so that every command has its outcome. */
void command_path_destroy(command_path **self);
const char *command_path_addresses(const command_path *self);

/* The link's status has changed. */
void command_path_on_link(command_path *self);
/* The link is authenticated: everything that is wanted is asked for again, then link_resubscribed is called. */
void command_path_resubscribe(command_path *self);

/* For handlers. */

/* Replies to a task: the reply's id is filled in. The task is not under way any more, and lives on until command_end.
 */
void command_reply(command_path *self, task *task, hbus_reply *reply);
/* The same with an error. */
void command_refuse(command_path *self, task *task, hbus_status code, const char *message, const hbus_seen *seen);
/* Refuses and ends a task whose request link_request refused with that code. */
void command_refuse_unsent(command_path *self, task *task, hbus_status code);
/* Frees a task that has its reply. */
void command_end(task *task);

#endif
