#include "broker/link/link.h"

#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/limits.h"
#include "broker/link/native/native_link.h"
#include "broker/link/pacer.h"
#include "proto/pack.h"

/* A new dialect is a line here. */
static const link_dialect *const s_dialects[] = {&native_link};

#define TELL_PACE_MS 1000

/* A request that waits for its turn. */
typedef struct waiting {
  hbus_command command;
  char upstream_id[LIMIT_UPSTREAM_ID + 1];
  link_outcome_fn *done;
  void *arg;
  request_place *place;
} waiting;

static void s_on_turn(void *arg, void *item);
static void s_on_expired(void *arg, void *item);

hbus_status link_new(upstream_link **out, const link_options *options, hbus_error *error) {
  const char *name = options->config->upstream.dialect;
  const link_dialect *dialect = NULL;
  for (size_t i = 0; i < sizeof s_dialects / sizeof *s_dialects; i++) {
    if (strcmp(s_dialects[i]->name, name) == 0) dialect = s_dialects[i];
  }
  if (!dialect) return hbus_fail(error, HBUS_INVALID_REQUEST, "upstream.dialect: there is no dialect \"%s\"", name);
  return link_new_of(out, dialect, options, error);
}

hbus_status link_new_of(upstream_link **out, const link_dialect *dialect, const link_options *options,
                        hbus_error *error) {
  static const pacer_callbacks callbacks = {.send = s_on_turn, .expire = s_on_expired};
  upstream_link *self = NULL;
  hbus_status status = dialect->create(&self, options, error);
  if (status) return status;
  self->dialect = dialect;
  self->config = options->config;
  self->log = options->log;
  self->counters = options->counters;
  self->callbacks = options->callbacks;
  self->arg = options->arg;
  self->pacer = pacer_new(options->loop, options->config, LIMIT_REQUESTS, &callbacks, self);
  self->creates = zhashx_new();
  if (!self->pacer || !self->creates) {
    link_destroy(&self);
    return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the link");
  }
  *out = self;
  return HBUS_OK;
}

void link_start(upstream_link *self) {
  self->dialect->start(self);
}

void link_destroy(upstream_link **self_p) {
  upstream_link *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  if (self->pacer) link_drop_waiting(self);
  pacer_destroy(&self->pacer);
  zhashx_destroy(&self->creates);
  self->dialect->destroy(self);
}

const hbus_link *link_status(const upstream_link *self) {
  return self->dialect->status(self);
}

bool link_is_open(const upstream_link *self) {
  return self->dialect->is_open(self);
}

void link_resubscribed(upstream_link *self) {
  self->dialect->resubscribed(self);
}

void link_reconciled(upstream_link *self) {
  self->dialect->reconciled(self);
}

bool link_has_order_type(const upstream_link *self, hbus_order_type type) {
  return self->dialect->has_order_type(type);
}

static request_class s_class(hbus_command_kind kind) {
  switch (kind) {
  case HBUS_CANCEL_ORDER: return REQUEST_CANCEL;
  case HBUS_CREATE_ORDER: return REQUEST_CREATE;
  default: return REQUEST_READ;
  }
}

/* The bus hears that the pace is what holds things up, and how much room there is, once a second at most. */
static void s_tell_pace(upstream_link *self, const char *what) {
  uint64_t now_ms = clock_monotonic_ms();
  if (self->told_pace_ms && now_ms - self->told_pace_ms < TELL_PACE_MS) return;
  self->told_pace_ms = now_ms;
  int64_t headroom = link_headroom(self);
  buffer pairs;
  buffer_init(&pairs, HBUS_FRAME_MAX);
  pack_string(&pairs, "waiting");
  pack_unsigned(&pairs, link_waiting(self));
  if (headroom != INT64_MAX) {
    pack_string(&pairs, "headroom");
    pack_unsigned(&pairs, headroom > 0 ? (uint64_t)headroom : 0);
  }
  hbus_event event = {.type = HBUS_EVENT_INFO, .kind = HBUS_KIND_INFO, .src = "hbusd", .rx_ns = clock_real_ns()};
  event.data.notice.message = hbus_text_of(what);
  event.data.notice.extra =
      (hbus_extra){.pairs = {.data = pairs.data, .size = pairs.size}, .count = headroom != INT64_MAX ? 2 : 1};
  if (!pairs.status) self->callbacks->on_event(self->arg, &event);
  buffer_free(&pairs);
}

static hbus_status s_keep(upstream_link *self, const hbus_command *command, const char *owner, const char *upstream_id,
                          link_outcome_fn *done, void *arg) {
  waiting *item = malloc(sizeof *item);
  if (!item) return HBUS_OVERLOADED;
  *item = (waiting){.command = *command, .done = done, .arg = arg};
  snprintf(item->upstream_id, sizeof item->upstream_id, "%s", upstream_id);
  hbus_status status = pacer_keep(self->pacer, s_class(command->kind), owner, item, command->expires_ms, &item->place);
  if (!status) {
    if (item->upstream_id[0]) zhashx_insert(self->creates, item->upstream_id, item);
    self->counters->requests_paced++;
    s_tell_pace(self, "requests wait for the pace that Hummingbot allows");
    return HBUS_OK;
  }
  free(item);
  self->counters->requests_overloaded++;
  return HBUS_OVERLOADED;
}

static hbus_status s_send(upstream_link *self, const hbus_command *command, const char *upstream_id,
                          link_outcome_fn *done, void *arg) {
  hbus_status status = self->dialect->request(self, command, upstream_id, done, arg);
  if (!status && command->kind == HBUS_CREATE_ORDER) self->counters->upstream_creates++;
  if (status == HBUS_OVERLOADED) self->counters->requests_overloaded++;
  return status;
}

hbus_status link_request(upstream_link *self, const hbus_command *command, const char *owner, const char *upstream_id,
                         link_outcome_fn *done, void *arg) {
  if (!link_is_open(self)) return HBUS_LINK_DOWN;
  if (!pacer_may_send(self->pacer, s_class(command->kind))) {
    return s_keep(self, command, owner, upstream_id, done, arg);
  }
  return s_send(self, command, upstream_id, done, arg);
}

/* It has left the pacer. */
static void s_forget(upstream_link *self, const waiting *item) {
  if (item->upstream_id[0]) zhashx_delete(self->creates, item->upstream_id);
}

static void s_not_sent(waiting *item, hbus_status code, const char *why) {
  item->done(item->arg, &(link_outcome){.result = LINK_NOT_SENT, .code = code, .why = why});
  free(item);
}

static void s_on_turn(void *arg, void *item) {
  upstream_link *self = arg;
  waiting *waiting = item;
  s_forget(self, waiting);
  hbus_status status = s_send(self, &waiting->command, waiting->upstream_id, waiting->done, waiting->arg);
  if (status) {
    s_not_sent(waiting, status, NULL);
  } else {
    free(waiting);
  }
}

static void s_on_expired(void *arg, void *item) {
  upstream_link *self = arg;
  waiting *waiting = item;
  /* The wait was measured by another clock, and both are cut to whole milliseconds. */
  bool expired = waiting->command.expires_ms && waiting->command.expires_ms <= clock_real_ms() + 1;
  self->counters->requests_rate_limited++;
  s_forget(self, waiting);
  s_not_sent(waiting, expired ? HBUS_EXPIRED : HBUS_RATE_LIMITED, NULL);
}

void link_drop_waiting(upstream_link *self) {
  for (void *item; (item = pacer_take_any(self->pacer));) {
    s_forget(self, item);
    s_not_sent(item, HBUS_LINK_DOWN, NULL);
  }
}

bool link_withdraw(upstream_link *self, const char *upstream_id) {
  waiting *waiting = zhashx_lookup(self->creates, upstream_id);
  if (!waiting) return false;
  pacer_withdraw(self->pacer, waiting->place);
  s_forget(self, waiting);
  s_not_sent(waiting, HBUS_EXPIRED, "it was cancelled before");
  return true;
}

void link_note_answer(upstream_link *self, const upstream_answer *answer) {
  if (answer->code != HBUS_RATE_LIMITED) return;
  self->counters->upstream_rate_limits++;
  if (!pacer_slow_down(self->pacer)) return;
  bool limited = link_headroom(self) != INT64_MAX;
  log_write(self->log, LOG_LINK, LOG_LEVEL_WARN, "Hummingbot says that there are too many requests; %s",
            limited ? "sending them at half the pace for now" : "see upstream.rate_limit");
  s_tell_pace(self, "Hummingbot says that there are too many requests");
}

hbus_status link_fail(const upstream_link *self, hbus_status code, hbus_error *error) {
  if (code != HBUS_LINK_DOWN) return hbus_fail(error, code, "%s", hbus_status_text(code));
  const hbus_link *link = link_status(self);
  return hbus_fail(error, code, "no link to Hummingbot (%s)%s%.*s", hbus_link_status_name(link->status),
                   link->reason.size ? ": " : "", (int)link->reason.size, link->reason.data);
}

void link_note_connected(upstream_link *self) {
  self->connections++;
  self->counters->link_connects++;
}

uint64_t link_connection(const upstream_link *self) {
  return self->connections;
}

int64_t link_headroom(const upstream_link *self) {
  return pacer_headroom(self->pacer);
}

size_t link_waiting(const upstream_link *self) {
  return pacer_waiting(self->pacer);
}

bool link_outcome_is_answer(const link_outcome *outcome) {
  return outcome->result == LINK_ANSWERED && outcome->answer->code != HBUS_TIMEOUT;
}

hbus_status link_outcome_code(const link_outcome *outcome) {
  switch (outcome->result) {
  case LINK_NOT_SENT: return outcome->code;
  case LINK_LOST: return HBUS_LINK_DOWN;
  case LINK_UNREADABLE: return HBUS_UPSTREAM_ERROR;
  default: return HBUS_TIMEOUT;
  }
}

const char *link_outcome_text(const link_outcome *outcome) {
  switch (outcome->result) {
  case LINK_NOT_SENT: return outcome->why ? outcome->why : hbus_status_text(outcome->code);
  case LINK_LOST: return "the link was lost before Hummingbot answered";
  case LINK_UNREADABLE: return "Hummingbot's answer cannot be read";
  case LINK_ANSWERED: return "Hummingbot says that it timed out";
  default: return "Hummingbot did not answer in time";
  }
}
