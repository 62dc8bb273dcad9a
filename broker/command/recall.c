#include "broker/command/recall.h"

#include <stdlib.h>

typedef struct recall {
  task *task;
  handler_fn *again;
} recall;

static void s_on_found(void *arg, hbus_status status, const journal_order *found) {
  recall self = *(recall *)arg;
  command_path *path = self.task->path;
  const char *why = "the journal cannot tell what became of this order; try again";
  free(arg);
  if (!status && !found) {
    status = HBUS_UNKNOWN_ORDER;
    why = "you have placed no order with this client_order_id";
  }
  const hbus_command *command = &self.task->command;
  if (!status && !order_table_find_own(path->parts.orders, self.task->owner, command->client_order_id) &&
      !order_table_restore(path->parts.orders, found)) {
    status = HBUS_OVERLOADED;
    why = "too many orders are not finished to look at this one";
  }
  if (status) {
    command_refuse(path, self.task, status, why, NULL);
    command_end(self.task);
  } else {
    self.again(path, NULL, self.task);
  }
}

bool recall_order(command_path *path, task *task, handler_fn *again) {
  const char *id = task->command.client_order_id;
  if (!id[0] || !id_set_has(path->parts.ids, task->owner, id)) return false;
  recall *self = malloc(sizeof *self);
  if (!self) return false;
  *self = (recall){.task = task, .again = again};
  journal_find_order(path->parts.journal, task->owner, id, s_on_found, self);
  return true;
}
