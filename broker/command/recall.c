#include "broker/command/recall.h"

#include <stdlib.h>

/* A look-up under way. */
typedef struct recall {
  task *task;
  recall_fn *then;
  handler_fn *again; /* of recall_and */
} recall;

static void s_refuse_or_go_on(task *task, handler_fn *again, const hbus_error *error) {
  if (!error->status) {
    again(task->path, NULL, task);
    return;
  }
  command_refuse(task->path, task, error->status, error->text, NULL);
  command_end(task);
}

static void s_end(const recall *self, const hbus_error *error) {
  if (self->then) {
    self->then(self->task, error);
  } else {
    s_refuse_or_go_on(self->task, self->again, error);
  }
}

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
  s_end(&self, &error);
}

static void s_look_up(const recall *what) {
  recall *self = malloc(sizeof *self);
  if (!self) {
    hbus_error error;
    hbus_fail(&error, HBUS_OVERLOADED, "no memory to look the order up; nothing was done");
    s_end(what, &error);
    return;
  }
  *self = *what;
  journal_find_order(what->task->path->parts.journal, what->task->owner, what->task->command.client_order_id,
                     s_on_found, self);
}

void recall_order(task *task, recall_fn *then) {
  s_look_up(&(recall){.task = task, .then = then});
}

bool recall_and(task *task, handler_fn *again) {
  const char *id = task->command.client_order_id;
  if (!id[0] || !id_set_has(task->path->parts.ids, task->owner, id)) return false;
  s_look_up(&(recall){.task = task, .again = again});
  return true;
}
