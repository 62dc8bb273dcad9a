/* resolve_order: what became of an unknown order, on the word of a person (ORDERS.md, rule 8). */
#include <string.h>

#include "broker/clock.h"
#include "broker/command/handler.h"
#include "broker/command/ownership.h"
#include "broker/command/reply_data.h"
#include "broker/order/order_events.h"

static void s_refuse(task *task, hbus_status code, const char *message) {
  command_refuse(task->path, task, code, message, NULL);
  command_end(task);
}

/* Makes of an order what `said` says, tells the bus and whoever asks for it again, and replies. */
static void s_settle(task *task, order *order, const hbus_order *said, const order_cause *cause) {
  command_path *path = task->path;
  bool failed = said->status == HBUS_FAILED && !said->order_id[0];
  char message[HBUS_ERROR_TEXT_SIZE];
  snprintf(message, sizeof message, "%s has resolved it: it was never placed", task->owner);
  log_write(path->parts.log, LOG_ORDER, LOG_LEVEL_WARN, "order %s of %s, which was unknown, is %s, says %s",
            order->state.client_order_id, order->state.owner, failed ? "failed" : said->order_id, task->owner);
  if (!failed) intake_bind(path->parts.intake, order, said->order_id);
  order_table_merge(path->parts.orders, order, said);
  order_table_set_outcome(path->parts.orders, order, failed ? HBUS_REPLY_ERROR : HBUS_REPLY_OK,
                          failed ? HBUS_UPSTREAM_ERROR : HBUS_OK, hbus_text_of(failed ? message : ""));
  if (order_is_news(order)) order_publish_update(path->parts.fills, order, cause, NULL);
  buffer_reset(&path->data);
  reply_data_order(&order->state, &path->data);
  hbus_reply reply = {.status = HBUS_REPLY_OK, .data = {.data = path->data.data, .size = path->data.size}};
  order_last_seen(path->parts.publisher, order, &reply.seen);
  command_reply(path, task, &reply);
  command_end(task);
}

/* Whose the order is that upstream has under this id: it must be free to be this one's. */
static hbus_status s_check_free(const command_path *path, const order *order, const char *order_id, hbus_error *error) {
  if (order->state.order_id[0] && strcmp(order->state.order_id, order_id) != 0) {
    return hbus_fail(error, HBUS_INVALID_REQUEST, "'order_id': this order is %s already", order->state.order_id);
  }
  const struct order *other = order_table_find(path->parts.orders, order->state.exchange, order_id);
  if (!other || other == order || !other->create) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "'order_id': that is order %s of %s", other->state.client_order_id,
                   other->state.owner);
}

static hbus_status s_check_unknown(const order *order, hbus_error *error) {
  if (order->state.status == HBUS_UNKNOWN) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "this order is not unknown: it is %s",
                   hbus_order_status_name(order->state.status));
}

static hbus_status s_check_alike(const order *order, const hbus_order *said, hbus_error *error) {
  const hbus_order *asked = &order->state;
  if (strcmp(asked->exchange, said->exchange) != 0 || strcmp(asked->market, said->market) != 0) {
    return hbus_fail(error, HBUS_INVALID_REQUEST, "'order_id': that is an order of %s on %s", said->market,
                     said->exchange);
  }
  if (asked->side == said->side) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "'order_id': that is an order to %s", hbus_side_name(said->side));
}

/* The order may have been settled, or its id may have been found to be another's, while upstream was asked. */
static void s_on_order(void *arg, const link_outcome *outcome) {
  task *task = arg;
  hbus_error error;
  if (outcome->result != LINK_ANSWERED) {
    s_refuse(task, link_outcome_code(outcome), link_outcome_text(outcome));
    return;
  }
  if (outcome->answer->code) {
    hbus_fail(&error, outcome->answer->code, "Hummingbot, asked for this order: %.*s",
              (int)outcome->answer->message.size, outcome->answer->message.data);
    s_refuse(task, error.status, error.text);
    return;
  }
  order *order = order_table_find_upstream(task->path->parts.orders, task->upstream_id);
  hbus_order said = outcome->answer->data.order;
  hbus_status status =
      order ? s_check_unknown(order, &error) : hbus_fail(&error, HBUS_UNKNOWN_ORDER, "it is forgotten");
  if (!status) status = s_check_alike(order, &said, &error);
  if (!status) status = s_check_free(task->path, order, said.order_id, &error);
  if (status) {
    s_refuse(task, status, error.text);
  } else {
    s_settle(task, order, &said, &(order_cause){.origin = HBUS_POLLED, .rx_ns = outcome->rx_ns});
  }
}

static hbus_status s_ask(command_path *path, task *task, const order *order) {
  hbus_command question = {.kind = HBUS_GET_ORDER, .market_type = order->state.market_type};
  memcpy(question.exchange, order->state.exchange, sizeof question.exchange);
  memcpy(question.market, order->state.market, sizeof question.market);
  memcpy(question.account, order->state.account, sizeof question.account);
  memcpy(question.order_id, task->command.order_id, sizeof question.order_id);
  memcpy(task->upstream_id, order->upstream_id, sizeof task->upstream_id);
  return questions_ask(path->parts.questions, &question, task->owner, s_on_order, task);
}

void handle_resolve_order(command_path *path, session *session, task *task) {
  const hbus_command *command = &task->command;
  (void)session;
  if (!ownership_reaches_all(path->parts.config, task->owner)) {
    s_refuse(task, HBUS_FORBIDDEN, "only names in access.reach_all may resolve an order");
    return;
  }
  const char *owner = command->owner[0] ? command->owner : task->owner;
  order *order = order_table_find_own(path->parts.orders, owner, command->client_order_id);
  hbus_error error;
  hbus_status status = HBUS_UNKNOWN_ORDER;
  if (!order) {
    hbus_fail(&error, status, "%s has placed no order with this client_order_id", owner);
  } else {
    status = s_check_unknown(order, &error);
  }
  if (!status && command->order_id[0]) status = s_check_free(path, order, command->order_id, &error);
  if (status) {
    s_refuse(task, status, error.text);
  } else if (command->order_id[0]) {
    status = s_ask(path, task, order);
    if (status) command_refuse_unsent(path, task, status);
  } else {
    const order_cause cause = {.origin = HBUS_INFERRED, .rx_ns = clock_real_ns()};
    s_settle(task, order, &(hbus_order){.status = HBUS_FAILED}, &cause);
  }
}
