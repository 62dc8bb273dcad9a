#include "broker/command/errand.h"

#include <stdlib.h>
#include <string.h>

#include "broker/command/topic_demand.h"
#include "broker/order/order_events.h"

typedef struct errand {
  command_path *path;
  hbus_command what;
  errand_fn *done; /* may be NULL */
  void *arg;
} errand;

static void s_report(const errand *self, hbus_status code, hbus_text why) {
  const hbus_command *what = &self->what;
  char text[HBUS_MESSAGE_MAX];
  snprintf(text, sizeof text, "%s %s of %s on %s: %.*s", hbus_command_name(what->kind),
           what->kind == HBUS_GET_ORDER ? what->order_id : hbus_channel_name(what->channel), what->market,
           what->exchange, (int)why.size, why.data);
  log_write(self->path->parts.log, LOG_COMMAND, LOG_LEVEL_WARN, "%s", text);
  hbus_event event = {.type = HBUS_EVENT_ERROR, .kind = HBUS_KIND_ERROR, .src = "hbusd"};
  hbus_notice *notice = &event.data.notice;
  notice->code = code;
  notice->message = hbus_text_of(text);
  memcpy(notice->exchange, what->exchange, sizeof notice->exchange);
  memcpy(notice->market, what->market, sizeof notice->market);
  memcpy(notice->order_id, what->order_id, sizeof notice->order_id);
  publisher_publish(self->path->parts.publisher, &event, NULL);
}

/* The order is none of ours, or it would not have had to be asked for. */
static void s_tell_order(const errand *self, const link_outcome *outcome) {
  const command_parts *parts = &self->path->parts;
  bool changed;
  hbus_order said = outcome->answer->data.order;
  const order_cause cause = {.origin = HBUS_POLLED, .rx_ns = outcome->rx_ns, .extra = said.extra};
  order *order = order_table_apply(parts->orders, &said, "", &changed);
  if (order && order_is_news(order)) order_publish_update(parts->fills, order, &cause, NULL);
}

static void s_on_outcome(void *arg, const link_outcome *outcome) {
  errand *self = arg;
  if (outcome->result == LINK_ANSWERED && outcome->answer->code) {
    s_report(self, outcome->answer->code, outcome->answer->message);
  } else if (outcome->result == LINK_ANSWERED && self->what.kind == HBUS_GET_ORDER) {
    s_tell_order(self, outcome);
  } else if (outcome->result == LINK_TIMED_OUT ||
             (outcome->result == LINK_NOT_SENT && outcome->code != HBUS_LINK_DOWN)) {
    s_report(self, link_outcome_code(outcome), hbus_text_of(link_outcome_text(outcome)));
  }
  if (self->what.kind == HBUS_SUBSCRIBE && self->path->topics) {
    topic_demand_heard(self->path->topics, &self->what, outcome);
  }
  if (self->done && !outcome->late) self->done(self->arg);
  if (outcome->result != LINK_TIMED_OUT) free(self);
}

static bool s_run(command_path *path, hbus_command_kind kind, const hbus_command *what, errand_fn *done, void *arg) {
  errand *self = malloc(sizeof *self);
  if (!self) return false;
  *self = (errand){.path = path, .what = *what, .done = done, .arg = arg};
  self->what.kind = kind;
  hbus_status status = link_request(path->parts.link, &self->what, "", "", s_on_outcome, self);
  if (!status) return true;
  if (status != HBUS_LINK_DOWN) s_report(self, status, hbus_text_of(hbus_status_text(status)));
  free(self);
  return false;
}

bool errand_subscribe(command_path *path, const hbus_command *what, errand_fn *done, void *arg) {
  return s_run(path, HBUS_SUBSCRIBE, what, done, arg);
}

void errand_unsubscribe(command_path *path, const hbus_command *what) {
  s_run(path, HBUS_UNSUBSCRIBE, what, NULL, NULL);
}

void errand_get_order(command_path *path, const hbus_command *what) {
  s_run(path, HBUS_GET_ORDER, what, NULL, NULL);
}
