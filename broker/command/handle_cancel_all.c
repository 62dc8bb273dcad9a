/* cancel_all: of one's own orders, or by who may of others', those of an exchange, a market, a side (ORDERS.md, rules 4
 * and 16).
 */
#include <string.h>

#include "broker/command/handler.h"
#include "broker/command/ownership.h"
#include "broker/command/reply_data.h"

static void s_on_requested(void *arg, const hbus_cancels *cancels, const hbus_seen *seen) {
  task *task = arg;
  command_path *path = task->path;
  buffer_reset(&path->data);
  reply_data_cancels(cancels, &path->data);
  hbus_reply reply = {
      .status = HBUS_REPLY_OK, .data = {.data = path->data.data, .size = path->data.size}, .seen = *seen};
  command_reply(path, task, &reply);
  command_end(task);
}

void handle_cancel_all(command_path *path, session *session, task *task) {
  const hbus_command *command = &task->command;
  const char *owner = command->owner[0] ? command->owner : task->owner;
  (void)session;
  bool everyones = strcmp(owner, CANCEL_ALL_OWNERS) == 0;
  hbus_status status = HBUS_FORBIDDEN;
  const char *why = "only names in access.reach_all may cancel the orders of others";
  if (ownership_reaches(path->parts.config, task->owner, everyones ? "" : owner)) {
    const cancel_filter filter = {
        .owner = owner, .exchange = command->exchange, .market = command->market, .side = command->side};
    status = canceller_request_all(path->parts.canceller, &filter, s_on_requested, task);
    why = "no memory; nothing was done";
  }
  if (!status) return;
  command_refuse(path, task, status, why, NULL);
  command_end(task);
}
