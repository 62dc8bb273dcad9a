/* cancel_order: of one's own orders, always worth sending, never taken for done without upstream's word (ORDERS.md,
 * rules 3, 4, 15 and 16).
 */
#include <string.h>

#include "broker/command/errand.h"
#include "broker/command/handler.h"
#include "broker/command/ownership.h"
#include "broker/command/recall.h"
#include "broker/command/reply_data.h"
#include "broker/order/order_events.h"
#include "broker/order/order_state.h"

static void s_refuse(command_path *path, task *task, hbus_status code, const char *message) {
  command_refuse(path, task, code, message, NULL);
  command_end(task);
}

static void s_reply(command_path *path, task *task, const hbus_cancel *cancel, const hbus_seen *seen) {
  buffer_reset(&path->data);
  reply_data_cancel(cancel, &path->data);
  hbus_reply reply = {
      .status = HBUS_REPLY_OK, .data = {.data = path->data.data, .size = path->data.size}, .seen = *seen};
  command_reply(path, task, &reply);
}

static hbus_cancel s_cancel_of(const hbus_order *order) {
  hbus_cancel cancel = {0};
  memcpy(cancel.order_id, order->order_id, sizeof cancel.order_id);
  memcpy(cancel.client_order_id, order->client_order_id, sizeof cancel.client_order_id);
  return cancel;
}

/* Outcomes --------------------------------------------------------------------------------------------------------- */

/* Of an order that the broker does not know, "cancelled" says too little for an event: the order is asked for, and its
 * state told when it is there. */
static void s_answered(command_path *path, task *task, hbus_cancel cancel, hbus_seen seen) {
  const order *order = order_table_find(path->parts.orders, task->command.exchange, task->command.order_id);
  if (order) {
    memcpy(cancel.client_order_id, order->state.client_order_id, sizeof cancel.client_order_id);
    cancel.requested = order->state.cancel_requested;
    if (cancel.cancelled) order_last_seen(path->parts.publisher, order, &seen);
  } else if (cancel.cancelled) {
    errand_get_order(path, &task->command);
  }
  s_reply(path, task, &cancel, &seen);
}

static void s_unanswered(command_path *path, task *task, const link_outcome *outcome) {
  const order *order = order_table_find(path->parts.orders, task->command.exchange, task->command.order_id);
  char message[HBUS_ERROR_TEXT_SIZE];
  snprintf(message, sizeof message, "%s; the order may be cancelled or live", link_outcome_text(outcome));
  hbus_reply reply = {
      .status = HBUS_REPLY_UNKNOWN, .code = link_outcome_code(outcome), .message = hbus_text_of(message)};
  if (order) order_last_seen(path->parts.publisher, order, &reply.seen);
  command_reply(path, task, &reply);
}

/* An answer that comes too late for its reply has been told to the bus. */
static void s_on_sent(void *arg, const link_outcome *outcome, const hbus_seen *seen) {
  task *task = arg;
  command_path *path = task->path;
  if (outcome->late) {
    const upstream_answer *answer = link_outcome_is_answer(outcome) ? outcome->answer : NULL;
    bool cancelled = answer && !answer->code && answer->data.cancel.cancelled;
    bool known = order_table_find(path->parts.orders, task->command.exchange, task->command.order_id) != NULL;
    if (cancelled && !known) errand_get_order(path, &task->command);
  } else if (!link_outcome_is_answer(outcome)) {
    s_unanswered(path, task, outcome);
  } else if (outcome->answer->code == HBUS_OK) {
    s_answered(path, task, outcome->answer->data.cancel, *seen);
  } else {
    hbus_reply reply = {
        .status = HBUS_REPLY_ERROR, .code = outcome->answer->code, .message = outcome->answer->message, .seen = *seen};
    command_reply(path, task, &reply);
  }
  if (outcome->result != LINK_TIMED_OUT) command_end(task);
}

/* The command ------------------------------------------------------------------------------------------------------ */

/* It cannot be sent now: it will be. What is not sent yet itself is stopped instead. */
static void s_latch(command_path *path, task *task, order *order) {
  hbus_cancel cancel = s_cancel_of(&order->state);
  hbus_seen seen;
  order_last_seen(path->parts.publisher, order, &seen); /* where it was latched before */
  cancel_step step = canceller_request(path->parts.canceller, order, &seen);
  cancel.cancelled = step == CANCEL_NOT_SENT;
  cancel.requested = step == CANCEL_REQUESTED;
  s_reply(path, task, &cancel, &seen);
  command_end(task);
}

static void s_send(command_path *path, task *task) {
  hbus_status status = canceller_send(path->parts.canceller, &task->command, s_on_sent, task);
  if (!status) return;
  const order *order = order_table_find(path->parts.orders, task->command.exchange, task->command.order_id);
  hbus_error error;
  char message[HBUS_ERROR_TEXT_SIZE + 64];
  link_fail(path->parts.link, status, &error);
  snprintf(message, sizeof message, "not sent: %s%s%s", error.text, order ? "; the order is " : "",
           order ? hbus_order_status_name(order->state.status) : "");
  s_refuse(path, task, status, message);
}

/* One that is finished is asked of upstream all the same: nothing but its word is final (rule 15). */
static void s_cancel(command_path *path, task *task, order *order) {
  bool final = order_state_is_final(order->state.status);
  if (!order->state.order_id[0] && final) {
    s_refuse(path, task, HBUS_UNKNOWN_ORDER, "this order has failed: Hummingbot does not have it");
  } else if (!order->state.order_id[0] || (!final && !link_is_open(path->parts.link))) {
    s_latch(path, task, order);
  } else {
    memcpy(task->command.order_id, order->state.order_id, sizeof task->command.order_id);
    memcpy(task->command.account, order->state.account, sizeof task->command.account);
    task->command.market_type = order->state.market_type;
    s_send(path, task);
  }
}

static order *s_find(const command_path *path, const task *task) {
  const hbus_command *command = &task->command;
  if (command->order_id[0]) return order_table_find(path->parts.orders, command->exchange, command->order_id);
  return order_table_find_own(path->parts.orders, task->owner, command->client_order_id);
}

void handle_cancel_order(command_path *path, session *session, task *task) {
  const hbus_command *command = &task->command;
  order *order = s_find(path, task);
  (void)session;
  if (!order && !command->order_id[0]) {
    if (recall_and_run_again(task)) return;
    s_refuse(path, task, HBUS_UNKNOWN_ORDER, "you have placed no order with this client_order_id");
  } else if (!order && !ownership_reaches_all(path->parts.config, task->owner)) {
    s_refuse(path, task, HBUS_UNKNOWN_ORDER, "there is no such order of yours");
  } else if (!order) {
    s_send(path, task);
  } else if (!ownership_reaches(path->parts.config, task->owner, order->state.owner)) {
    s_refuse(path, task, HBUS_FORBIDDEN, "this order is not yours (access.reach_all names who may cancel all)");
  } else if (strcmp(order->state.exchange, command->exchange) != 0 ||
             strcmp(order->state.market, command->market) != 0) {
    s_refuse(path, task, HBUS_INVALID_REQUEST, "'market': this order is in another one");
  } else {
    s_cancel(path, task, order);
  }
}
