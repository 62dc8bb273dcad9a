#include "broker/command/command_path.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/command/errand.h"
#include "broker/command/gate.h"
#include "broker/command/handler.h"
#include "broker/command/recall.h"
#include "broker/command/resubscribe.h"
#include "broker/command/topic_demand.h"
#include "proto/command_codec.h"

/* Replies ---------------------------------------------------------------------------------------------------------- */

/* The session's connection has ended. What it sent before may still be read, so it is forgotten only when there is
 * nothing left to read. */
static void s_leave(command_path *self, session *session) {
  if (session->descriptor < 0) return;
  session_table_disconnect(self->sessions, session);
  session->next_left = self->left;
  self->left = session;
  socket_read_again(self->socket);
}

static void s_on_gone(void *arg, const session_route *route) {
  command_path *self = arg;
  session *session = session_table_get(self->sessions, route);
  if (session) s_leave(self, session);
}

void command_reply(command_path *self, task *task, hbus_reply *reply) {
  assert(!task->replied);
  task->replied = true;
  task_table_remove(self->tasks, task);
  session *session = session_table_find(self->sessions, task->session_key);
  if (session && session->serial == task->session_serial) session->commands--;
  memcpy(reply->id, task->command.id, sizeof reply->id);
  outbox_send(self->outbox, &task->route, task->delimiter, task->tells_private, reply);
}

/* What is wrong with a frame is the peer's affair; what else a codec may say is ours. */
static hbus_status s_wire_code(hbus_status status) {
  if (status < HBUS_WIRE_CODES) return status;
  return status == HBUS_NO_MEMORY ? HBUS_OVERLOADED : HBUS_INVALID_REQUEST;
}

void command_refuse(command_path *self, task *task, hbus_status code, const char *message, const hbus_seen *seen) {
  hbus_reply reply = {.status = HBUS_REPLY_ERROR, .code = s_wire_code(code), .message = hbus_text_of(message)};
  if (seen) reply.seen = *seen;
  command_reply(self, task, &reply);
}

void command_end(task *task) {
  assert(task->replied);
  free(task);
}

void command_refuse_unsent(command_path *self, task *task, hbus_status code) {
  hbus_error error;
  link_fail(self->parts.link, code, &error);
  command_refuse(self, task, code, error.text, NULL);
  command_end(task);
}

/* Refuses a command that never became a task. */
static void s_refuse_frame(command_path *self, const session_route *route, bool delimiter, const char *id,
                           const hbus_error *error) {
  hbus_reply reply = {.status = HBUS_REPLY_ERROR,
                      .code = s_wire_code(error->status),
                      .message = {.data = error->text, .size = strlen(error->text)}};
  snprintf(reply.id, sizeof reply.id, "%s", id);
  outbox_send(self->outbox, route, delimiter, false, &reply);
}

/* Commands --------------------------------------------------------------------------------------------------------- */

static void s_log_refusal(const command_path *self, const session *session, const hbus_command *command,
                          const hbus_error *error) {
  self->parts.counters->commands_refused++;
  log_debug(self->parts.log, LOG_COMMAND, "refused %s of %s: %s: %s", hbus_command_name(command->kind),
            session->name[0] ? session->name : "a peer without a name", hbus_status_name(error->status), error->text);
}

static void s_on_recalled(task *task, const hbus_error *error);

/* What the gates have decided of a task. */
static void s_go_on(command_path *self, session *session, task *task, gate_verdict verdict, order *repeat) {
  switch (verdict) {
  case GATE_REPEAT:
    self->parts.counters->commands_repeated++;
    handle_repeat(self, task, repeat);
    break;
  case GATE_LOOK_UP: recall_order(task, s_on_recalled); break;
  default: handler_of(task->command.kind)->run(self, session, task); break;
  }
}

static session *s_session_of(const command_path *self, const task *task) {
  session *session = session_table_find(self->sessions, task->session_key);
  return session && session->serial == task->session_serial && session->descriptor >= 0 ? session : NULL;
}

/* The journal has been asked for the order that a create may repeat: one that it does not have was never placed. The
 * peer may have left in the meantime: then nobody is there to want the order placed. */
static void s_on_recalled(task *task, const hbus_error *recalled) {
  command_path *self = task->path;
  session *session = s_session_of(self, task);
  hbus_error error = *recalled;
  gate_verdict verdict = GATE_REFUSE;
  order *repeat = NULL;
  if (!session) {
    hbus_fail(&error, HBUS_EXPIRED, "the peer has left; nothing was done");
  } else if (!error.status || error.status == HBUS_UNKNOWN_ORDER) {
    verdict = gate_pass(self, session, &task->command, true, &repeat, &error);
  }
  if (verdict != GATE_REFUSE) {
    s_go_on(self, session, task, verdict, repeat);
    return;
  }
  if (session) s_log_refusal(self, session, &task->command, &error);
  command_refuse(self, task, error.status, error.text, NULL);
  command_end(task);
}

static void s_run(command_path *self, session *session, bool delimiter, const hbus_command *command) {
  hbus_error error;
  order *repeat = NULL;
  gate_verdict verdict = gate_pass(self, session, command, false, &repeat, &error);
  task *task = NULL;
  if (verdict != GATE_REFUSE) {
    hbus_status status = task_table_add(self->tasks, session, command, &task);
    if (status == HBUS_INVALID_REQUEST) {
      hbus_fail(&error, status, "id \"%s\" is still under way", command->id);
    } else if (status) {
      hbus_fail(&error, status, "too many commands are under way");
    }
  }
  if (!task) {
    s_log_refusal(self, session, command, &error);
    s_refuse_frame(self, &session->route, delimiter, command->id, &error);
    return;
  }
  task->path = self;
  task->delimiter = delimiter;
  task->tells_private = handler_of(command->kind)->tells == TELLS_PRIVATE;
  s_go_on(self, session, task, verdict, repeat);
}

/* The first command of a connection, which may have ended since. A descriptor that another session has is its no more:
 * that session was made after the news of its end. */
static session *s_meet(command_path *self, const session_route *route, int descriptor) {
  departures_read(self->departures);
  session *before = session_table_find_descriptor(self->sessions, descriptor);
  if (before) s_leave(self, before);
  session *session = session_table_add(self->sessions, route, descriptor);
  if (session) peer_budget_init(&session->budget, self->parts.config, clock_monotonic_ms());
  if (session && departures_has_ended(self->departures, descriptor)) s_leave(self, session);
  return session;
}

static void s_on_frame(command_path *self, const session_route *route, int descriptor, bool delimiter,
                       const uint8_t *data, size_t size) {
  self->parts.counters->commands++;
  hbus_command command;
  hbus_error error;
  hbus_status status = command_unpack(data, size, &command, &error);
  if (status) {
    bool is_frame = status >= HBUS_WIRE_CODES;
    ++*(is_frame ? &self->parts.counters->commands_bad_frame : &self->parts.counters->commands_refused);
    log_debug(self->parts.log, LOG_COMMAND, "refused a command: %s", error.text);
    if (command.id[0]) s_refuse_frame(self, route, delimiter, command.id, &error);
    return;
  }
  session *session = session_table_get(self->sessions, route);
  if (!session) session = s_meet(self, route, descriptor);
  if (!session) {
    self->parts.counters->commands_refused++;
    hbus_fail(&error, HBUS_OVERLOADED, "too many peers are connected");
    s_refuse_frame(self, route, delimiter, command.id, &error);
    return;
  }
  s_run(self, session, delimiter, &command);
}

/* One message: the routing id, perhaps a REQ socket's empty frame, the command. Whatever has other frames is no
 * command; it is read to its end and counted. */
static bool s_read_one(command_path *self, void *handle) {
  session_route route;
  zmq_msg_t frame;
  zmq_msg_init(&frame);
  int size = zmq_msg_recv(&frame, handle, ZMQ_DONTWAIT);
  if (size < 0) return false;
  route.size = (uint8_t)size;
  memcpy(route.bytes, zmq_msg_data(&frame), (size_t)size);
  bool delimiter = false;
  unsigned bodies = 0;
  while (zmq_msg_more(&frame)) {
    size = zmq_msg_recv(&frame, handle, 0); /* the rest of a message is there when its first frame is */
    if (size == 0 && !delimiter && bodies == 0) {
      delimiter = true;
    } else if (++bodies == 1 && !zmq_msg_more(&frame)) {
      s_on_frame(self, &route, zmq_msg_get(&frame, ZMQ_SRCFD), delimiter, zmq_msg_data(&frame), (size_t)size);
      break;
    }
  }
  if (bodies != 1) {
    self->parts.counters->commands++;
    self->parts.counters->commands_bad_frame++;
  }
  zmq_msg_close(&frame);
  return true;
}

static void s_abandon(void *arg, const hbus_command *what) {
  errand_unsubscribe(arg, what);
}

/* What a connection had asked to see ends with it. Its orders stay as they are, unless it asked for something else. */
static void s_forget_left(command_path *self) {
  while (self->left) {
    session *session = self->left;
    self->left = session->next_left;
    demand_release_all(self->parts.demand, session->key, s_abandon, self);
    slow_readers_forget(self->parts.slow, &session->reader);
    if (session->cancels_on_leave) attendance_leave(self->parts.attendance, session->name);
    session_table_remove(self->sessions, session);
  }
}

static bool s_read(void *arg, void *handle, unsigned budget) {
  command_path *self = arg;
  while (budget--) {
    if (s_read_one(self, handle)) continue;
    s_forget_left(self);
    return false;
  }
  return true;
}

static void s_on_left(void *arg, int descriptor) {
  command_path *self = arg;
  session *session = session_table_find_descriptor(self->sessions, descriptor);
  if (session) s_leave(self, session); /* otherwise it never said anything, or what it said is not read yet */
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

static int s_high_water_mark(const config *config) {
  uint64_t configured = config->endpoints.high_water_mark;
  return configured > LIMIT_PEER_COMMANDS ? (int)configured : LIMIT_PEER_COMMANDS;
}

hbus_status command_path_new(command_path **out, socket_group *sockets, const command_parts *parts, hbus_error *error) {
  hbus_status status = HBUS_NO_MEMORY;
  command_path *self = calloc(1, sizeof *self);
  if (!self) return hbus_fail(error, status, "no memory for the commands");
  self->parts = *parts;
  self->started_ms = clock_monotonic_ms();
  self->link_since_ms = clock_real_ms();
  buffer_init(&self->data, HBUS_FRAME_MAX);
  self->sessions = session_table_new(parts->config->bounds.peers);
  self->tasks = task_table_new(parts->config->bounds.commands);
  self->resubscribe = resubscribe_new(self);
  if (self->sessions && self->tasks && self->resubscribe) {
    /* More than a command may have, so that a peer hears what was wrong where it missed by little; and room for the
     * replies to all that one connection may have under way, however few events may wait for a subscriber. */
    const socket_options options = {.type = ZMQ_ROUTER,
                                    .high_water_mark = s_high_water_mark(parts->config),
                                    .message_max = 2 * HBUS_COMMAND_FRAME_MAX,
                                    .mandatory = true};
    status = socket_group_bind(sockets, &options, &parts->config->endpoints.commands, &self->socket, error);
    if (!status && departures_new(&self->departures, sockets, self->socket, s_on_left, self)) {
      status = hbus_fail(error, HBUS_INTERNAL, "cannot watch who leaves: %s", zmq_strerror(zmq_errno()));
    }
  } else {
    hbus_fail(error, status, "no memory for the commands");
  }
  if (!status) {
    self->outbox = outbox_new(self->socket, parts->journal, parts->counters, s_on_gone, self);
    if (!self->outbox) status = hbus_fail(error, HBUS_NO_MEMORY, "no memory for the replies");
  }
  if (status) {
    command_path_destroy(&self);
  } else {
    *out = self;
  }
  return status;
}

void command_path_start(command_path *self) {
  socket_start(self->socket, s_read, self);
}

void command_path_stop(command_path *self) {
  self->stopping = true;
}

void command_path_destroy(command_path **self_p) {
  command_path *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  task_table_destroy(&self->tasks);
  departures_destroy(&self->departures);
  resubscribe_destroy(&self->resubscribe);
  outbox_destroy(&self->outbox);
  session_table_destroy(&self->sessions);
  buffer_free(&self->data);
  free(self);
}

const char *command_path_addresses(const command_path *self) {
  return socket_addresses(self->socket);
}

void command_path_on_link(command_path *self) {
  self->link_since_ms = clock_real_ms();
}

void command_path_resubscribe(command_path *self) {
  topic_demand_on_link(self->topics);
  resubscribe_start(self->resubscribe);
}
