/* subscribe and unsubscribe: a connection's part in what is wanted from upstream (demand.h). */
#include "broker/command/handler.h"
#include "broker/command/reply_data.h"

#include <stdlib.h>
#include <string.h>

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

/* A subscription that cannot be had is not wanted any more by who was told so. */
static void s_refuse_subscribe(task *task, hbus_status code, hbus_text message) {
  command_path *path = task->path;
  demand_release(path->parts.demand, &task->command, task->session_key);
  hbus_reply reply = {.status = HBUS_REPLY_ERROR, .code = code, .message = message};
  command_reply(path, task, &reply);
}

static hbus_text s_text(const char *text) {
  return (hbus_text){.data = text, .size = strlen(text)};
}

static void s_on_subscribed(void *arg, const link_outcome *outcome) {
  task *task = arg;
  if (!task->replied) {
    switch (outcome->result) {
    case LINK_ANSWERED:
      if (outcome->answer->code) {
        s_refuse_subscribe(task, outcome->answer->code, outcome->answer->message);
      } else {
        s_reply_with_message(task->path, task, "subscribed to");
      }
      break;
    case LINK_TIMED_OUT:
      s_refuse_subscribe(task, HBUS_TIMEOUT, s_text("Hummingbot did not answer in time; not subscribed"));
      break;
    default:
      s_refuse_subscribe(task, HBUS_LINK_DOWN, s_text("the link was lost before Hummingbot answered; not subscribed"));
      break;
    }
  }
  if (outcome->result != LINK_TIMED_OUT) command_end(task);
}

void handle_subscribe(command_path *path, session *session, task *task) {
  /* Every peer's subscription is asked of upstream, though another may hold it: only so does each one hear whether the
   * market exists. */
  hbus_status status = demand_hold(path->parts.demand, &task->command, session->key);
  if (!status) {
    status = link_request(path->parts.link, &task->command, "", s_on_subscribed, task);
    if (!status) return;
    demand_release(path->parts.demand, &task->command, session->key);
  }
  command_refuse(path, task, status, hbus_status_text(status), NULL);
  command_end(task);
}

void handle_unsubscribe(command_path *path, session *session, task *task) {
  if (demand_release(path->parts.demand, &task->command, session->key)) handle_abandon(path, &task->command);
  s_reply_with_message(path, task, "unsubscribed from");
  command_end(task);
}

/* What the broker asks on its own account has no peer to answer: only the log hears of a refusal, and the bus. ------
 */

typedef struct errand {
  command_path *path;
  hbus_command what;
} errand;

static void s_report(const errand *errand, hbus_status code, hbus_text message) {
  const hbus_command *what = &errand->what;
  char text[HBUS_ERROR_TEXT_SIZE];
  snprintf(text, sizeof text, "cannot %s %s of %s on %s: %.*s", hbus_command_name(what->kind),
           hbus_channel_name(what->channel), what->market, what->exchange, (int)message.size, message.data);
  log_write(errand->path->parts.log, LOG_LINK, LOG_LEVEL_WARN, "%s", text);
  hbus_event event = {.type = HBUS_EVENT_ERROR, .kind = HBUS_KIND_ERROR, .src = "hbusd"};
  event.data.notice.code = code;
  event.data.notice.message = s_text(text);
  memcpy(event.data.notice.exchange, what->exchange, sizeof what->exchange);
  memcpy(event.data.notice.market, what->market, sizeof what->market);
  publisher_publish(errand->path->parts.publisher, &event, NULL);
}

static void s_on_errand(void *arg, const link_outcome *outcome) {
  errand *errand = arg;
  if (outcome->result == LINK_ANSWERED && outcome->answer->code) {
    s_report(errand, outcome->answer->code, outcome->answer->message);
  } else if (outcome->result == LINK_TIMED_OUT) {
    s_report(errand, HBUS_TIMEOUT, s_text("no answer in time"));
  }
  if (outcome->result != LINK_TIMED_OUT) free(errand);
}

static void s_run_errand(command_path *path, hbus_command_kind kind, const hbus_command *what) {
  errand *errand = malloc(sizeof *errand);
  if (!errand) return;
  errand->path = path;
  errand->what = *what;
  errand->what.kind = kind;
  hbus_status status = link_request(path->parts.link, &errand->what, "", s_on_errand, errand);
  if (!status) return;
  if (status != HBUS_LINK_DOWN) s_report(errand, status, s_text(hbus_status_text(status)));
  free(errand);
}

void handle_resubscribe(command_path *path, const hbus_command *what) {
  s_run_errand(path, HBUS_SUBSCRIBE, what);
}

void handle_abandon(command_path *path, const hbus_command *what) {
  s_run_errand(path, HBUS_UNSUBSCRIBE, what);
}
