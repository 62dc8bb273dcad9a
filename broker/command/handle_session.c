/* hello, ping, status: what the broker answers by itself. */
#include "broker/command/handler.h"
#include "broker/command/reply_data.h"

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

void handle_hello(command_path *path, session *session, task *task) {
  if (session->name[0] && strcmp(session->name, task->command.name) != 0) {
    command_refuse(path, task, HBUS_INVALID_REQUEST,
                   "'name': this connection has said hello under another name; open a new one", NULL);
    command_end(task);
    return;
  }
  memcpy(session->name, task->command.name, sizeof session->name);
  buffer_reset(&path->data);
  reply_data_hello(path, session->name, &path->data);
  s_reply_with_data(path, task);
}

void handle_ping(command_path *path, session *session, task *task) {
  (void)session;
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
