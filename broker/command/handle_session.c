/* hello, ping, status: what the broker answers by itself. */
#include "broker/clock.h"
#include "broker/command/handler.h"
#include "broker/command/reply_data.h"
#include "proto/repair_list.h"

#include <string.h>

static void s_reply_with_data(command_path *path, task *task) {
  hbus_reply reply = {.status = HBUS_REPLY_OK, .data = {.data = path->data.data, .size = path->data.size}};
  if (path->data.status) {
    command_refuse(path, task, HBUS_OVERLOADED, "the answer is larger than a reply may be", NULL);
  } else {
    command_reply(path, task, &reply);
  }
  command_end(task);
}

static void s_reply_hello(void *arg, hbus_status status) {
  (void)status; /* a journal that cannot be written is no reason not to serve */
  task *task = arg;
  buffer_reset(&task->path->data);
  reply_data_hello(task->path, task->command.name, &task->path->data);
  s_reply_with_data(task->path, task);
}

static hbus_status s_attend(attendance *attendance, session *session, const hbus_command *hello) {
  bool before = session->cancels_on_leave;
  if (hello->cancel_on_disconnect) {
    hbus_status status = attendance_join(attendance, hello->name, before, hello->grace_ms);
    if (status) return status;
  } else if (before) {
    attendance_withdraw(attendance, hello->name);
  }
  session->cancels_on_leave = hello->cancel_on_disconnect;
  return HBUS_OK;
}

/* A peer that is told that its orders will be cancelled counts on it, whatever becomes of the broker: that is written
 * down first. */
void handle_hello(command_path *path, session *session, task *task) {
  const hbus_command *command = &task->command;
  hbus_status status = HBUS_INVALID_REQUEST;
  const char *why = "'name': this connection has said hello under another name; open a new one";
  if (!session->name[0] || strcmp(session->name, command->name) == 0) {
    status = s_attend(path->parts.attendance, session, command);
    why = "too many peers have asked for cancel on disconnect";
  }
  if (status) {
    command_refuse(path, task, status, why, NULL);
    command_end(task);
    return;
  }
  memcpy(session->name, command->name, sizeof session->name);
  if (command->cancel_on_disconnect) {
    journal_when(path->parts.journal, s_reply_hello, task);
  } else {
    s_reply_hello(task, HBUS_OK);
  }
}

/* Without acks a ping says nothing about what has been shown; with none in the list nothing is reported any more. */
static void s_report(command_path *path, session *session, hbus_bytes list) {
  hbus_stamp acks[HBUS_ACKS_MAX];
  size_t count = 0;
  if (list.size == 0 || acks_unpack(list, acks, &count, NULL)) return;
  slow_readers_report(path->parts.slow, &session->reader, session->name, acks, count, clock_monotonic_ms());
}

void handle_ping(command_path *path, session *session, task *task) {
  s_report(path, session, task->command.acks);
  buffer_reset(&path->data);
  reply_data_now(&path->data);
  s_reply_with_data(path, task);
}

void handle_status(command_path *path, session *session, task *task) {
  (void)session;
  buffer_reset(&path->data);
  reply_data_status(path, &path->data);
  s_reply_with_data(path, task);
}
