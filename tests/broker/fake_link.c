#include "tests/broker/fake_link.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

typedef struct request {
  hbus_command command;
  link_outcome_fn *done;
  void *arg;
  bool timed_out;
} request;

typedef struct fake {
  upstream_link base;
  hbus_link status;
  request *requests; /* FAKE_REQUESTS_MAX */
  size_t count;
  size_t total;
} fake;

static fake *s_fake(const fake_link *self) {
  return (fake *)self->link;
}

/* The dialect ------------------------------------------------------------------------------------------------------ */

static hbus_status s_create(upstream_link **out, const link_options *options, hbus_error *error) {
  (void)options, (void)error;
  fake *self = calloc(1, sizeof *self);
  cr_assert_not_null(self);
  self->requests = calloc(FAKE_REQUESTS_MAX, sizeof *self->requests);
  cr_assert_not_null(self->requests);
  self->status.status = HBUS_LINK_CONNECTED;
  *out = &self->base;
  return HBUS_OK;
}

static void s_start(upstream_link *base) {
  (void)base;
}

/* The outcome may bring about another request, so this one goes first. */
static void s_end(fake *self, size_t index, link_outcome outcome) {
  cr_assert_lt(index, self->count);
  request ended = self->requests[index];
  self->count--;
  memmove(&self->requests[index], &self->requests[index + 1], (self->count - index) * sizeof ended);
  outcome.late = ended.timed_out;
  outcome.rx_ns = 1;
  ended.done(ended.arg, &outcome);
}

static void s_lose_all(fake *self) {
  self->status.status = HBUS_LINK_DISCONNECTED;
  link_drop_waiting(&self->base);
  while (self->count)
    s_end(self, 0, (link_outcome){.result = LINK_LOST});
}

static void s_destroy(upstream_link *base) {
  fake *self = (fake *)base;
  self->status.status = HBUS_LINK_DISCONNECTED;
  while (self->count)
    s_end(self, 0, (link_outcome){.result = LINK_LOST});
  free(self->requests);
  free(self);
}

static const hbus_link *s_status(const upstream_link *base) {
  return &((const fake *)base)->status;
}

static bool s_is_open(const upstream_link *base) {
  return s_status(base)->status == HBUS_LINK_CONNECTED;
}

static bool s_has_order_type(hbus_order_type type) {
  return type != HBUS_ORDER_TYPE_NONE;
}

static hbus_status s_request(upstream_link *base, const hbus_command *command, const char *upstream_id,
                             link_outcome_fn *done, void *arg) {
  fake *self = (fake *)base;
  (void)upstream_id;
  if (self->count == FAKE_REQUESTS_MAX) return HBUS_OVERLOADED;
  self->requests[self->count++] = (request){.command = *command, .done = done, .arg = arg};
  self->total++;
  return HBUS_OK;
}

static const link_dialect s_dialect = {
    .name = "fake",
    .create = s_create,
    .start = s_start,
    .destroy = s_destroy,
    .status = s_status,
    .is_open = s_is_open,
    .resubscribed = s_start,
    .reconciled = s_start,
    .has_order_type = s_has_order_type,
    .request = s_request,
};

/* For tests -------------------------------------------------------------------------------------------------------- */

static void s_on_event(void *arg, hbus_event *event) {
  (void)arg, (void)event;
}

void fake_link_open(fake_link *self, uv_loop_t *loop) {
  static const link_callbacks callbacks = {.on_event = s_on_event};
  self->log = log_new(stderr, LOG_LEVEL_OFF, LOG_TEXT);
  if (!self->config.upstream.request_timeout_ms) self->config.upstream.request_timeout_ms = 1000;
  const link_options options = {.loop = loop,
                                .config = &self->config,
                                .log = self->log,
                                .counters = &self->counters,
                                .callbacks = &callbacks,
                                .arg = self};
  hbus_error error;
  cr_assert_eq(link_new_of(&self->link, &s_dialect, &options, &error), HBUS_OK);
}

void fake_link_close(fake_link *self) {
  link_destroy(&self->link);
  log_destroy(&self->log);
}

void fake_link_connect(fake_link *self) {
  s_fake(self)->status.status = HBUS_LINK_CONNECTED;
}

void fake_link_cut(fake_link *self) {
  s_lose_all(s_fake(self));
}

size_t fake_link_count(const fake_link *self) {
  return s_fake(self)->count;
}

size_t fake_link_total(const fake_link *self) {
  return s_fake(self)->total;
}

const hbus_command *fake_link_request(const fake_link *self, size_t index) {
  cr_assert_lt(index, s_fake(self)->count);
  return &s_fake(self)->requests[index].command;
}

void fake_link_answer(fake_link *self, size_t index, const upstream_answer *answer) {
  s_end(s_fake(self), index, (link_outcome){.result = LINK_ANSWERED, .answer = answer});
}

void fake_link_refuse(fake_link *self, size_t index, hbus_status code, const char *message) {
  fake_link_answer(self, index, &(upstream_answer){.code = code, .message = hbus_text_of(message)});
}

void fake_link_answer_cancel(fake_link *self, size_t index, bool cancelled) {
  upstream_answer answer = {.data.cancel = {.cancelled = cancelled}};
  memcpy(answer.data.cancel.order_id, fake_link_request(self, index)->order_id, sizeof answer.data.cancel.order_id);
  fake_link_answer(self, index, &answer);
}

void fake_link_time_out(fake_link *self, size_t index) {
  request *request = &s_fake(self)->requests[index];
  cr_assert_lt(index, s_fake(self)->count);
  request->timed_out = true;
  request->done(request->arg, &(link_outcome){.result = LINK_TIMED_OUT});
}
