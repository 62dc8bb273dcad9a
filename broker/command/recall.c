#include "broker/command/recall.h"

#include <stdlib.h>

/* A look-up under way. */
typedef struct recall {
  task *task;
  recall_fn *then;
} recall;

/* Another command may have brought it back in the meantime. */
static void s_on_found(void *arg, hbus_status status, const journal_order *found) {
  recall self = *(recall *)arg;
  task *task = self.task;
  order_table *orders = task->path->parts.orders;
  hbus_error error = {0};
  free(arg);
  if (status) {
    hbus_fail(&error, HBUS_INTERNAL, "the journal cannot tell what became of this client_order_id; try again");
  } else if (order_table_find_own(orders, task->owner, task->command.client_order_id)) {
    /* there it is */
  } else if (!found) {
    hbus_fail(&error, HBUS_UNKNOWN_ORDER, "you have placed no order with this client_order_id");
  } else if (!order_table_restore(orders, found)) {
    hbus_fail(&error, HBUS_OVERLOADED, "too many orders are not finished to look at this one; nothing was done");
  }
  self.then(task, &error);
}

void recall_order(task *task, recall_fn *then) {
  recall *self = malloc(sizeof *self);
  if (!self) {
    hbus_error error;
    hbus_fail(&error, HBUS_OVERLOADED, "no memory to look the order up; nothing was done");
    then(task, &error);
    return;
  }
  *self = (recall){.task = task, .then = then};
  journal_find_order(task->path->parts.journal, task->owner, task->command.client_order_id, s_on_found, self);
}

static void s_run_again(task *task, const hbus_error *error) {
  if (!error->status) {
    handler_of(task->command.kind)->run(task->path, NULL, task);
    return;
  }
  command_refuse(task->path, task, error->status, error->text, NULL);
  command_end(task);
}

bool recall_and_run_again(task *task) {
  const char *id = task->command.client_order_id;
  if (!id[0] || !id_set_has(task->path->parts.ids, task->owner, id)) return false;
  recall_order(task, s_run_again);
  return true;
}
