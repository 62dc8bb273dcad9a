/* create_order: in the journal before it is sent, sent at most once, and never called failed without upstream's word
 * (ORDERS.md, rules 2, 3 and 11).
 *
 *   handle_create_order → (journal) → s_on_intent: checked again → link_request → s_on_create
 */
#include <assert.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/command/handler.h"
#include "broker/command/reply_data.h"
#include "broker/order/order_events.h"

/* What became of a create, as far as it is known now. An order that has shown itself is placed, whatever the create was
 * answered with. */
static void s_create_reply(const command_path *path, const order *order, hbus_reply *reply) {
  hbus_order_status status = order->state.status;
  bool shown = status != HBUS_PENDING && status != HBUS_UNKNOWN && status != HBUS_FAILED;
  *reply = (hbus_reply){.status = HBUS_REPLY_OK};
  if (!shown && order->outcome != HBUS_REPLY_OK) {
    reply->status = order->outcome;
    reply->code = order->outcome_code;
    if (order->outcome_message) reply->message = hbus_text_of(order->outcome_message);
  }
  order_last_seen(path->parts.publisher, order, &reply->seen);
}

static void s_reply_create(command_path *path, task *task, const order *order, bool repeat, const hbus_seen *seen) {
  hbus_reply reply;
  s_create_reply(path, order, &reply);
  buffer_reset(&path->data);
  reply_data_order(&order->state, &path->data);
  reply.data = (hbus_bytes){.data = path->data.data, .size = path->data.size};
  reply.repeat = repeat;
  if (seen && seen->stream) reply.seen = *seen;
  command_reply(path, task, &reply);
}

/* Applies a change that a create brought about, and tells the bus of it. */
static void s_change(command_path *path, order *order, const hbus_order *said, hbus_origin origin, uint64_t rx_ns,
                     hbus_seen *seen) {
  order_table_merge(path->parts.orders, order, said);
  if (!order_is_news(order)) return;
  const order_cause cause = {
      .origin = origin, .rx_ns = rx_ns ? rx_ns : clock_real_ns(), .ts_ns = said->created_at_ns, .extra = said->extra};
  order_publish_update(path->parts.fills, order, &cause, seen);
}

static void s_created(command_path *path, order *order, const upstream_answer *answer, uint64_t rx_ns) {
  if (path->parts.config->upstream.client_order_ids) {
    reconcile_note_ids(path->parts.reconcile, strcmp(answer->data.order.client_order_id, order->upstream_id) == 0);
  }
  intake_bind(path->parts.intake, order, answer->data.order.order_id);
  s_change(path, order, &answer->data.order, HBUS_PUSHED, rx_ns, NULL);
  order_table_set_outcome(path->parts.orders, order, HBUS_REPLY_OK, HBUS_OK, hbus_text_of(""));
}

static void s_rejected(command_path *path, order *order, const upstream_answer *answer, uint64_t rx_ns,
                       hbus_seen *seen) {
  s_change(path, order, &(hbus_order){.status = HBUS_FAILED}, HBUS_PUSHED, rx_ns, seen);
  order_table_set_outcome(path->parts.orders, order, HBUS_REPLY_ERROR, answer->code, answer->message);
  order_publish_error(path->parts.publisher, &order->state, answer->code, answer->message, rx_ns, seen);
}

static void s_unanswered(command_path *path, order *order, const link_outcome *outcome) {
  char message[HBUS_ERROR_TEXT_SIZE];
  snprintf(message, sizeof message, "%s; the order may be live", link_outcome_text(outcome));
  /* Unless events have shown it already. */
  if (order->state.status == HBUS_PENDING) {
    s_change(path, order, &(hbus_order){.status = HBUS_UNKNOWN}, HBUS_INFERRED, 0, NULL);
  }
  order_table_set_outcome(path->parts.orders, order, HBUS_REPLY_UNKNOWN, link_outcome_code(outcome),
                          hbus_text_of(message));
  log_write(path->parts.log, LOG_ORDER, LOG_LEVEL_WARN, "the outcome of create_order %s of %s is unknown: %s",
            order->state.client_order_id, order->state.owner, message);
  reconcile_market(path->parts.reconcile, order->state.exchange, order->state.market);
}

/* The log has called it unknown. */
static void s_note_late(command_path *path, const order *order) {
  path->parts.counters->upstream_answers_late++;
  log_write(path->parts.log, LOG_ORDER, LOG_LEVEL_INFO, "create_order %s of %s was answered late: it is %s",
            order->state.client_order_id, order->state.owner, hbus_order_status_name(order->state.status));
}

static void s_reply_repeats(command_path *path, order *order) {
  task *task = order->repeats;
  order->repeats = NULL;
  order->repeat_count = 0;
  for (struct task *next; task; task = next) {
    next = task->next_repeat;
    s_reply_create(path, task, order, true, NULL);
    command_end(task);
  }
}

/* Its intent is in the journal, so its id is spent, but it was not written to the link and never will be. */
static void s_not_sent(command_path *path, task *task, order *order, hbus_status code, const char *why) {
  char message[HBUS_ERROR_TEXT_SIZE];
  snprintf(message, sizeof message, "not sent: %s", why);
  hbus_seen seen = {0};
  path->parts.counters->creates_not_sent++;
  s_change(path, order, &(hbus_order){.status = HBUS_FAILED}, HBUS_INFERRED, 0, &seen);
  order_table_set_outcome(path->parts.orders, order, HBUS_REPLY_ERROR, code, hbus_text_of(message));
  s_reply_create(path, task, order, false, &seen);
  s_reply_repeats(path, order);
}

static void s_on_create(void *arg, const link_outcome *outcome) {
  task *task = arg;
  command_path *path = task->path;
  /* Found anew: it may have been settled by an event, and forgotten, before an answer that comes this late. */
  order *order = order_table_find_upstream(path->parts.orders, task->upstream_id);
  assert(order || outcome->late);
  if (outcome->result == LINK_NOT_SENT) {
    s_not_sent(path, task, order, outcome->code, link_outcome_text(outcome));
    intake_create_ends(path->parts.intake, order);
    command_end(task);
    return;
  }
  hbus_seen seen = {0};
  if (order && link_outcome_is_answer(outcome)) {
    if (outcome->answer->code == HBUS_OK) {
      s_created(path, order, outcome->answer, outcome->rx_ns);
    } else {
      s_rejected(path, order, outcome->answer, outcome->rx_ns, &seen);
    }
    if (outcome->late) s_note_late(path, order);
  } else if (order && !outcome->late) {
    s_unanswered(path, order, outcome);
  }
  if (!task->replied) {
    s_reply_create(path, task, order, false, &seen);
    s_reply_repeats(path, order);
    intake_create_ends(path->parts.intake, order); /* last: what it lets go may take the order's place in the table */
  }
  if (outcome->result != LINK_TIMED_OUT) command_end(task);
}

/* The gates once more, as far as they can have closed while the intent was written. A link that has come back in the
 * meantime is another one: what its reconciliation found does not include this order. */
static hbus_status s_check_again(const command_path *path, const task *task, const order *order, hbus_status journal,
                                 const char **why) {
  uint64_t expires_ms = task->command.expires_ms;
  *why = "the broker is stopping";
  if (path->stopping) return HBUS_LINK_DOWN;
  *why = "it was cancelled before";
  if (order->state.cancel_requested) return HBUS_EXPIRED;
  *why = "it has expired";
  if (expires_ms && expires_ms <= clock_real_ms()) return HBUS_EXPIRED;
  *why = "the link was lost";
  if (link_status(path->parts.link)->status != HBUS_LINK_CONNECTED) return HBUS_LINK_DOWN;
  if (task->connection != link_connection(path->parts.link)) return HBUS_LINK_DOWN;
  *why = "the journal cannot be written";
  return journal ? HBUS_INTERNAL : HBUS_OK;
}

static void s_on_intent(void *arg, hbus_status status) {
  task *task = arg;
  command_path *path = task->path;
  order *order = order_table_find_upstream(path->parts.orders, task->upstream_id);
  const char *why;
  hbus_status code = s_check_again(path, task, order, status, &why);
  if (!code) {
    code = link_request(path->parts.link, &task->command, task->owner, order->upstream_id, s_on_create, task);
    why = hbus_status_text(code);
  }
  if (code) {
    s_not_sent(path, task, order, code, why);
    command_end(task);
    return;
  }
  order->written = true;
  intake_create_begins(path->parts.intake, order);
}

void handle_create_order(command_path *path, session *session, task *task) {
  order *order = order_table_add_own(path->parts.orders, session->name, &task->command);
  const char *full = "too many orders are not finished; nothing was sent";
  if (order && id_set_add(path->parts.ids, session->name, task->command.client_order_id)) {
    order_table_remove(path->parts.orders, order);
    order = NULL;
    full = "as many client_order_ids are remembered as may be (bounds.ids); nothing was sent";
  }
  if (!order) {
    command_refuse(path, task, HBUS_OVERLOADED, full, NULL);
    command_end(task);
    return;
  }
  memcpy(task->upstream_id, order->upstream_id, sizeof task->upstream_id);
  order->intent_ns = clock_real_ns();
  task->connection = link_connection(path->parts.link);
  journal_when(path->parts.journal, s_on_intent, task);
}

void handle_repeat(command_path *path, task *task, order *order) {
  if (order->create_answered) {
    s_reply_create(path, task, order, true, NULL);
    command_end(task);
  } else if (order->repeat_count == LIMIT_REPEATS_WAITING) {
    command_refuse(path, task, HBUS_OVERLOADED, "too many copies of this create wait for its outcome", NULL);
    command_end(task);
  } else {
    task->next_repeat = order->repeats;
    order->repeats = task;
    order->repeat_count++;
  }
}
