/* A command under way: from the frame that brought it to the reply that ends it.
 *
 * A task outlives its reply where upstream's answer may still come (ORDERS.md, rule 11).
 */
#ifndef BROKER_TASK_H
#define BROKER_TASK_H

#include "broker/command/session.h"
#include "broker/limits.h"
#include "hbus/command.h"

typedef struct task task;
struct task {
  hbus_command command;
  session_route route;
  bool delimiter; /* the peer is a REQ socket, and wants its empty frame back */
  bool replied;
  bool tells_private; /* its reply leaves behind every private event so far (handler.h) */
  char session_key[SESSION_KEY_SIZE];
  uint64_t session_serial;
  hbus_name owner;                         /* the peer's name, "" before hello */
  char upstream_id[LIMIT_UPSTREAM_ID + 1]; /* of the order that a create places */
  uint64_t connection;                     /* link_connection, when a create passed the gates */
  uint64_t offset;                         /* records that the pages before this one had */
  struct command_path *path;
  task *next_repeat; /* the next copy of a create that waits for the same outcome */
};

/* The tasks that are not replied to, by connection and id. */
typedef struct task_table task_table;

/* NULL: no memory. */
task_table *task_table_new(uint64_t capacity);
void task_table_destroy(task_table **self);
size_t task_table_size(const task_table *self);

/* A new task for a command of a session. HBUS_INVALID_REQUEST: its id is under way already; HBUS_OVERLOADED: too many
 * are, of this session or in all. */
hbus_status task_table_add(task_table *self, session *session, const hbus_command *command, task **out);
/* The task has its reply. */
void task_table_remove(task_table *self, task *task);

#endif
