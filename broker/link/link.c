#include "broker/link/link.h"

#include <string.h>

#include "broker/link/native/native_link.h"

/* A new dialect is a line here. */
static const link_dialect *const s_dialects[] = {&native_link};

hbus_status link_new(upstream_link **out, const link_options *options, hbus_error *error) {
  const char *name = options->config->upstream.dialect;
  for (size_t i = 0; i < sizeof s_dialects / sizeof *s_dialects; i++) {
    if (strcmp(s_dialects[i]->name, name) == 0) return s_dialects[i]->create(out, options, error);
  }
  return hbus_fail(error, HBUS_INVALID_REQUEST, "upstream.dialect: there is no dialect \"%s\"", name);
}

void link_start(upstream_link *self) {
  self->dialect->start(self);
}

void link_destroy(upstream_link **self) {
  if (*self) (*self)->dialect->destroy(*self);
  *self = NULL;
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

hbus_status link_request(upstream_link *self, const hbus_command *command, const char *upstream_id,
                         link_outcome_fn *done, void *arg) {
  return self->dialect->request(self, command, upstream_id, done, arg);
}

bool link_outcome_is_answer(const link_outcome *outcome) {
  return outcome->result == LINK_ANSWERED && outcome->answer->code != HBUS_TIMEOUT;
}

hbus_status link_outcome_code(const link_outcome *outcome) {
  switch (outcome->result) {
  case LINK_LOST: return HBUS_LINK_DOWN;
  case LINK_UNREADABLE: return HBUS_UPSTREAM_ERROR;
  default: return HBUS_TIMEOUT;
  }
}

const char *link_outcome_text(const link_outcome *outcome) {
  switch (outcome->result) {
  case LINK_LOST: return "the link was lost before Hummingbot answered";
  case LINK_UNREADABLE: return "Hummingbot's answer cannot be read";
  case LINK_ANSWERED: return "Hummingbot says that it timed out";
  default: return "Hummingbot did not answer in time";
  }
}
