/* What only reads: asked of upstream, told to the peer. Orders that come by are compared with what is known. */
#include <string.h>

#include "broker/command/handler.h"
#include "broker/command/reply_data.h"
#include "broker/order/order_events.h"
#include "broker/order/order_state.h"

/* Upstream gives all positions of an exchange, and does not say its name again. */
static void s_complete_positions(const hbus_command *question, upstream_answer *answer) {
  size_t kept = 0;
  for (size_t i = 0; i < answer->data.positions.count; i++) {
    hbus_position *position = &answer->data.positions.items[i];
    if (question->market[0] && strcmp(position->market, question->market) != 0) continue;
    if (!position->exchange[0]) memcpy(position->exchange, question->exchange, sizeof position->exchange);
    answer->data.positions.items[kept++] = *position;
  }
  answer->data.positions.count = kept;
}

/* Makes of what upstream said what a peer asked for. *seen becomes the last event that this caused, if it caused one.
 */
static void s_complete(command_path *path, const hbus_command *question, upstream_answer *answer, uint64_t rx_ns,
                       hbus_seen *seen) {
  switch (question->kind) {
  case HBUS_GET_ORDER: order_learn(path->parts.orders, path->parts.fills, &answer->data.order, rx_ns, seen); break;
  case HBUS_GET_OPEN_ORDERS:
  case HBUS_GET_ORDER_HISTORY:
    for (size_t i = 0; i < answer->data.orders.count; i++) {
      order_learn(path->parts.orders, path->parts.fills, &answer->data.orders.items[i], rx_ns, seen);
    }
    break;
  case HBUS_GET_ORDER_BOOK:
    memcpy(answer->data.book.exchange, question->exchange, sizeof question->exchange);
    memcpy(answer->data.book.market, question->market, sizeof question->market);
    break;
  case HBUS_GET_POSITIONS: s_complete_positions(question, answer); break;
  default: break;
  }
}

/* The order that get_order names, if the broker knows it. */
static order *s_find(const command_path *path, const char *owner, const hbus_command *command) {
  if (command->order_id[0]) return order_table_find(path->parts.orders, command->exchange, command->order_id);
  return order_table_find_own(path->parts.orders, owner, command->client_order_id);
}

static void s_tell(command_path *path, task *task, const order *order) {
  buffer_reset(&path->data);
  reply_data_order(&order->state, &path->data);
  hbus_reply reply = {.status = HBUS_REPLY_OK, .data = {.data = path->data.data, .size = path->data.size}};
  order_last_seen(path->parts.publisher, order, &reply.seen);
  command_reply(path, task, &reply);
}

/* Upstream forgets, some day, what is finished. To say that there is no such order would be to say: place it again. */
static const order *s_find_forgotten(const task *task, const upstream_answer *answer) {
  if (task->command.kind != HBUS_GET_ORDER || answer->code != HBUS_UNKNOWN_ORDER) return NULL;
  const order *order = s_find(task->path, task->owner, &task->command);
  return order && order_state_is_final(order->state.status) ? order : NULL;
}

static void s_answer(task *task, const link_outcome *outcome) {
  command_path *path = task->path;
  upstream_answer answer = *outcome->answer;
  const order *forgotten = s_find_forgotten(task, &answer);
  if (forgotten) {
    s_tell(path, task, forgotten);
    return;
  }
  if (answer.code) {
    hbus_reply reply = {.status = HBUS_REPLY_ERROR, .code = answer.code, .message = answer.message};
    command_reply(path, task, &reply);
    return;
  }
  hbus_seen seen = {0};
  s_complete(path, &task->command, &answer, outcome->rx_ns, &seen);
  hbus_error error;
  buffer_reset(&path->data);
  hbus_status status = reply_data_query(task, &answer, &path->data, &error);
  if (status) {
    command_refuse(path, task, status, error.text, &seen);
    return;
  }
  hbus_reply reply = {
      .status = HBUS_REPLY_OK, .seen = seen, .data = {.data = path->data.data, .size = path->data.size}};
  command_reply(path, task, &reply);
}

static void s_on_outcome(void *arg, const link_outcome *outcome) {
  task *task = arg;
  if (outcome->result == LINK_ANSWERED) {
    s_answer(task, outcome);
  } else {
    command_refuse(task->path, task, link_outcome_code(outcome), link_outcome_text(outcome), NULL);
  }
  command_end(task);
}

static void s_ask(command_path *path, task *task, const hbus_command *what) {
  hbus_status status = questions_ask(path->parts.questions, what, task->owner, s_on_outcome, task);
  if (!status) return;
  command_refuse(path, task, status, hbus_status_text(status), NULL);
  command_end(task);
}

/* Upstream knows no pages, so a later page asks for all that came before it too, and one more to see whether it is the
 * last. */
static void s_set_limit(hbus_command *question, uint64_t offset) {
  if (question->kind != HBUS_GET_ORDER_HISTORY) return;
  uint64_t page = question->limit ? question->limit : 50;
  if (page > HBUS_PAGE_MAX) page = HBUS_PAGE_MAX;
  question->limit = offset + page + 1;
}

void handle_query(command_path *path, session *session, task *task) {
  (void)session;
  hbus_error error;
  if (reply_cursor_offset(&task->command, &task->offset, &error)) {
    command_refuse(path, task, error.status, error.text, NULL);
    command_end(task);
    return;
  }
  hbus_command question = task->command;
  s_set_limit(&question, task->offset);
  s_ask(path, task, &question);
}

/* What the broker knows for certain, or alone, it answers itself: an order without an id of upstream's cannot be asked
 * for, and one that is finished stays so. */
static bool s_answers_itself(const command_path *path, const order *order) {
  return !order->state.order_id[0] || (order_state_is_final(order->state.status) && !link_is_open(path->parts.link));
}

void handle_get_order(command_path *path, session *session, task *task) {
  hbus_command question = task->command;
  const order *order = s_find(path, session->name, &question);
  if (!order && !question.order_id[0]) {
    command_refuse(path, task, HBUS_UNKNOWN_ORDER, "you have placed no order with this client_order_id", NULL);
    command_end(task);
    return;
  }
  if (order && s_answers_itself(path, order)) {
    s_tell(path, task, order);
    command_end(task);
    return;
  }
  if (order) memcpy(question.order_id, order->state.order_id, sizeof question.order_id);
  s_ask(path, task, &question);
}
