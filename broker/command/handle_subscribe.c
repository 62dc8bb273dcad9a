/* subscribe and unsubscribe: a connection's part in what is wanted from upstream (demand.h). */
#include <string.h>

#include "broker/command/errand.h"
#include "broker/command/handler.h"
#include "broker/command/reply_data.h"
#include "broker/command/topic_demand.h"

static void s_reply_with_message(command_path *path, task *task, const char *what_happened) {
  char message[HBUS_ERROR_TEXT_SIZE];
  const hbus_command *what = &task->command;
  snprintf(message, sizeof message, "%s %s of %s on %s", what_happened, hbus_channel_name(what->channel), what->market,
           what->exchange);
  buffer_reset(&path->data);
  reply_data_message(message, &path->data);
  hbus_reply reply = {.status = HBUS_REPLY_OK, .data = {.data = path->data.data, .size = path->data.size}};
  command_reply(path, task, &reply);
}

/* A subscription that cannot be had is not wanted any more by who was told so. Where nobody wants it and upstream has
 * not refused it itself, upstream is told so too: it may have made it. */
static void s_refuse_subscribe(task *task, bool refused_upstream, hbus_status code, hbus_text message) {
  command_path *path = task->path;
  bool ended = demand_release(path->parts.demand, &task->command, task->session_key);
  if (ended && !refused_upstream) errand_unsubscribe(path, &task->command);
  hbus_reply reply = {.status = HBUS_REPLY_ERROR, .code = code, .message = message};
  command_reply(path, task, &reply);
}

static void s_on_subscribed(void *arg, const link_outcome *outcome) {
  task *task = arg;
  if (task->path->topics) topic_demand_heard(task->path->topics, &task->command, outcome);
  if (task->replied) {
    /* A late answer: it was told that it has none. */
  } else if (outcome->result != LINK_ANSWERED) {
    char message[HBUS_ERROR_TEXT_SIZE];
    snprintf(message, sizeof message, "%s; not subscribed", link_outcome_text(outcome));
    s_refuse_subscribe(task, false, link_outcome_code(outcome), hbus_text_of(message));
  } else if (outcome->answer->code) {
    s_refuse_subscribe(task, link_outcome_is_answer(outcome), outcome->answer->code, outcome->answer->message);
  } else {
    s_reply_with_message(task->path, task, "subscribed to");
  }
  if (outcome->result != LINK_TIMED_OUT) command_end(task);
}

void handle_subscribe(command_path *path, session *session, task *task) {
  /* Every peer's subscription is asked of upstream, though another may hold it: only so does each one hear whether the
   * market exists. */
  hbus_status status = demand_hold(path->parts.demand, &task->command, session->key);
  if (!status) {
    status = link_request(path->parts.link, &task->command, task->owner, "", s_on_subscribed, task);
    if (!status) return;
    demand_release(path->parts.demand, &task->command, session->key);
  }
  command_refuse_unsent(path, task, status);
}

void handle_unsubscribe(command_path *path, session *session, task *task) {
  if (demand_release(path->parts.demand, &task->command, session->key)) errand_unsubscribe(path, &task->command);
  s_reply_with_message(path, task, "unsubscribed from");
  command_end(task);
}
