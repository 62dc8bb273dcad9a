/* cancel_order: always worth sending, never taken for done without upstream's word (ORDERS.md, rules 3, 4 and 15). */
#include <string.h>

#include "broker/command/errand.h"
#include "broker/command/handler.h"
#include "broker/command/reply_data.h"
#include "broker/order/order_events.h"

/* Upstream says that the order is cancelled. Of an order that the broker does not know it says too little for an event:
 * then the order is asked for, and its state told when it is there. */
static void s_apply(command_path *path, const hbus_command *command, order *order, uint64_t rx_ns) {
  if (!order) {
    errand_get_order(path, command);
    return;
  }
  order_table_merge(path->parts.orders, order, &(hbus_order){.status = HBUS_CANCELLED});
  const order_cause cause = {.origin = HBUS_PUSHED, .rx_ns = rx_ns};
  if (order_is_news(order)) order_publish_update(path->parts.publisher, order, &cause, NULL);
}

static void s_cancelled(command_path *path, task *task, hbus_cancel cancel, uint64_t rx_ns) {
  hbus_reply reply = {.status = HBUS_REPLY_OK};
  order *order = order_table_find(path->parts.orders, task->command.exchange, task->command.order_id);
  if (cancel.cancelled) s_apply(path, &task->command, order, rx_ns);
  if (order) {
    if (cancel.cancelled) order_last_seen(path->parts.publisher, order, &reply.seen);
    memcpy(cancel.client_order_id, order->state.client_order_id, sizeof cancel.client_order_id);
  }
  buffer_reset(&path->data);
  reply_data_cancel(&cancel, &path->data);
  reply.data = (hbus_bytes){.data = path->data.data, .size = path->data.size};
  command_reply(path, task, &reply);
}

/* What an ERROR about a cancel names: what is known of the order. */
static hbus_order s_about(const command_path *path, const hbus_command *command) {
  const order *order = order_table_find(path->parts.orders, command->exchange, command->order_id);
  if (order) return order->state;
  hbus_order about = {0};
  memcpy(about.exchange, command->exchange, sizeof about.exchange);
  memcpy(about.market, command->market, sizeof about.market);
  memcpy(about.order_id, command->order_id, sizeof about.order_id);
  return about;
}

static void s_not_cancelled(command_path *path, task *task, const upstream_answer *answer, uint64_t rx_ns) {
  hbus_order about = s_about(path, &task->command);
  hbus_reply reply = {.status = HBUS_REPLY_ERROR, .code = answer->code, .message = answer->message};
  order_publish_error(path->parts.publisher, &about, answer->code, answer->message, rx_ns, &reply.seen);
  command_reply(path, task, &reply);
}

static void s_unanswered(command_path *path, task *task, const link_outcome *outcome) {
  char message[HBUS_ERROR_TEXT_SIZE];
  snprintf(message, sizeof message, "%s; the order may be cancelled or live", link_outcome_text(outcome));
  hbus_reply reply = {
      .status = HBUS_REPLY_UNKNOWN, .code = link_outcome_code(outcome), .message = hbus_text_of(message)};
  command_reply(path, task, &reply);
}

/* Too late for its reply, but not for the bus. */
static void s_answered_late(command_path *path, task *task, const upstream_answer *answer, uint64_t rx_ns) {
  path->parts.counters->upstream_answers_late++;
  if (answer->code || !answer->data.cancel.cancelled) return;
  order *order = order_table_find(path->parts.orders, task->command.exchange, task->command.order_id);
  s_apply(path, &task->command, order, rx_ns);
}

static void s_on_cancel(void *arg, const link_outcome *outcome) {
  task *task = arg;
  command_path *path = task->path;
  if (link_outcome_is_answer(outcome) && outcome->late) {
    s_answered_late(path, task, outcome->answer, outcome->rx_ns);
  } else if (link_outcome_is_answer(outcome) && outcome->answer->code == HBUS_OK) {
    s_cancelled(path, task, outcome->answer->data.cancel, outcome->rx_ns);
  } else if (link_outcome_is_answer(outcome)) {
    s_not_cancelled(path, task, outcome->answer, outcome->rx_ns);
  } else if (outcome->result == LINK_NOT_SENT) {
    command_refuse(path, task, outcome->code, "not sent", NULL);
  } else if (!outcome->late) {
    s_unanswered(path, task, outcome);
  }
  if (outcome->result != LINK_TIMED_OUT) command_end(task);
}

/* A cancel may name an order by its owner's id; upstream wants its own. */
static bool s_find_order_id(command_path *path, const session *session, task *task) {
  if (task->command.order_id[0]) return true;
  const order *order = order_table_find_own(path->parts.orders, session->name, task->command.client_order_id);
  if (order && order->state.order_id[0]) {
    memcpy(task->command.order_id, order->state.order_id, sizeof task->command.order_id);
    return true;
  }
  command_refuse(path, task, HBUS_UNKNOWN_ORDER,
                 order ? "Hummingbot has not told this order's id yet; try again"
                       : "you have placed no order with this client_order_id",
                 NULL);
  command_end(task);
  return false;
}

void handle_cancel_order(command_path *path, session *session, task *task) {
  if (!s_find_order_id(path, session, task)) return;
  hbus_status status = link_request(path->parts.link, &task->command, task->owner, "", s_on_cancel, task);
  if (!status) return;
  command_refuse(path, task, status, "not sent", NULL);
  command_end(task);
}
