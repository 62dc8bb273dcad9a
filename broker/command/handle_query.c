/* What only reads: asked of upstream, told to the peer. Orders that come by are compared with what is known. A peer
 * sees its own orders alone (ownership.h).
 */
#include <stdlib.h>
#include <string.h>

#include "broker/command/handler.h"
#include "broker/command/ownership.h"
#include "broker/command/recall.h"
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

static bool s_lists_orders(hbus_command_kind kind) {
  return kind == HBUS_GET_OPEN_ORDERS || kind == HBUS_GET_ORDER_HISTORY;
}

/* Whose orders the peer may see; NULL: everyone's. */
static const char *s_whose(const task *task) {
  return ownership_reaches_all(task->path->parts.config, task->owner) ? NULL : task->owner;
}

static hbus_status s_pack(const task *task, const upstream_answer *answer, hbus_error *error) {
  buffer *out = &task->path->data;
  buffer_reset(out);
  if (s_lists_orders(task->command.kind)) return reply_data_orders(task, answer, s_whose(task), out, error);
  return reply_data_query(task, answer, out, error);
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
  hbus_status status = s_pack(task, &answer, &error);
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
  command_refuse_unsent(path, task, status);
}

/* Upstream knows no pages, so a later page asks for all that came before it too, and one more to see whether it is the
 * last. Where the orders of others are passed over, a page of one's own may reach far back. */
static void s_set_limit(const task *task, hbus_command *question) {
  if (question->kind != HBUS_GET_ORDER_HISTORY) return;
  uint64_t page = question->limit ? question->limit : 50;
  if (page > HBUS_PAGE_MAX || s_whose(task)) page = HBUS_PAGE_MAX;
  question->limit = task->offset + page + 1;
}

static void s_refuse(task *task, hbus_status code, const char *message) {
  command_refuse(task->path, task, code, message, NULL);
  command_end(task);
}

/* Whether the peer has said whose orders it may see. If not it has been told so. */
static bool s_has_name(task *task) {
  if (task->owner[0]) return true;
  s_refuse(task, HBUS_UNAUTHENTICATED, "say hello first: a peer sees its own orders");
  return false;
}

void handle_query(command_path *path, session *session, task *task) {
  (void)session;
  hbus_error error;
  if (s_lists_orders(task->command.kind) && !s_has_name(task)) return;
  if (reply_cursor_offset(&task->command, &task->offset, &error)) {
    s_refuse(task, error.status, error.text);
    return;
  }
  hbus_command question = task->command;
  s_set_limit(task, &question);
  s_ask(path, task, &question);
}

/* The broker's own account of what is live --------------------------------------------------------------------------
 */

typedef struct selection {
  const char *owner; /* NULL: everyone's */
  const hbus_command *command;
  const order **orders;
  size_t count;
} selection;

static void s_select(void *arg, order *order) {
  selection *selection = arg;
  const hbus_command *command = selection->command;
  if (order_state_is_final(order->state.status)) return;
  if (selection->owner && strcmp(selection->owner, order->state.owner) != 0) return;
  if (command->account[0] && strcmp(command->account, order->state.account) != 0) return;
  if (command->market_type && command->market_type != order->state.market_type) return;
  selection->orders[selection->count++] = order;
}

static void s_tell_known(command_path *path, task *task) {
  selection selection = {.owner = s_whose(task),
                         .command = &task->command,
                         .orders = calloc(order_table_size(path->parts.orders) + 1, sizeof *selection.orders)};
  hbus_error error;
  hbus_status status = reply_cursor_offset(&task->command, &task->offset, &error);
  if (!status && !selection.orders) status = hbus_fail(&error, HBUS_OVERLOADED, "no memory for the list");
  if (!status) {
    order_table_each_live(path->parts.orders, s_select, &selection);
    buffer_reset(&path->data);
    status = reply_data_known_orders(task, selection.orders, selection.count, &path->data, &error);
  }
  free(selection.orders);
  if (status) {
    s_refuse(task, status, error.text);
    return;
  }
  hbus_reply reply = {.status = HBUS_REPLY_OK, .data = {.data = path->data.data, .size = path->data.size}};
  command_reply(path, task, &reply);
  command_end(task);
}

/* Of one market upstream is asked; of all, nobody but the broker can tell, and it knows also what is pending or
 * unknown.
 */
void handle_open_orders(command_path *path, session *session, task *task) {
  if (task->command.market[0]) {
    handle_query(path, session, task);
  } else if (s_has_name(task)) {
    s_tell_known(path, task);
  }
}

/* One order -------------------------------------------------------------------------------------------------------- */

/* What the broker knows for certain, or alone, it answers itself: an order without an id of upstream's cannot be asked
 * for, and one that is finished stays so. */
static bool s_answers_itself(const command_path *path, const order *order) {
  return !order->state.order_id[0] || (order_state_is_final(order->state.status) && !link_is_open(path->parts.link));
}

void handle_get_order(command_path *path, session *session, task *task) {
  hbus_command question = task->command;
  (void)session;
  if (!s_has_name(task)) return;
  const order *order = s_find(path, task->owner, &question);
  if (!order && !question.order_id[0]) {
    if (recall_and_run_again(task)) return;
    s_refuse(task, HBUS_UNKNOWN_ORDER, "you have placed no order with this client_order_id");
  } else if (!order && s_whose(task)) {
    s_refuse(task, HBUS_UNKNOWN_ORDER, "there is no such order of yours");
  } else if (order && !ownership_reaches(path->parts.config, task->owner, order->state.owner)) {
    s_refuse(task, HBUS_FORBIDDEN, "this order is not yours (access.reach_all names who may see all)");
  } else if (order && s_answers_itself(path, order)) {
    s_tell(path, task, order);
    command_end(task);
  } else {
    if (order) memcpy(question.order_id, order->state.order_id, sizeof question.order_id);
    s_ask(path, task, &question);
  }
}
