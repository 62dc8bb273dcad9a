#include "tests/sim/request.h"

#include <stdio.h>
#include <string.h>

#include "proto/names.h"

#define S_DEPTH_DEFAULT   10
#define S_HISTORY_DEFAULT 50

/* A request under way. */
typedef struct request {
  simulator *sim;
  session *from;
  const json_node *root;
  json_writer out;
  hbus_error error; /* of one that fails */
  hbus_name exchange_text, market_text;
  hbus_order_id order_id;
  exchange *venue;
  market *where;
  order_request order;
  hbus_channel subscribed; /* a subscription that was just made, or HBUS_CHANNEL_NONE */
  const char *code;        /* of the error; may be NULL */
  cut_point cut;           /* where the connection is to be cut */
  bool unheard;            /* nobody waits for the answer */
} request;

/* --- fields --- */

/* A string field; *out is "" when it is absent. */
static hbus_status s_optional_text(request *self, const char *key, char *out, size_t out_size) {
  const json_node *value = json_get(self->root, key);
  out[0] = '\0';
  if (!value || value->type == JSON_NULL) return HBUS_OK;
  if (value->type != JSON_STRING)
    return hbus_fail(&self->error, HBUS_INVALID_REQUEST, "Invalid request: %s must be a string", key);
  if (value->size >= out_size)
    return hbus_fail(&self->error, HBUS_INVALID_REQUEST, "Invalid request: %s is too long", key);
  memcpy(out, value->text, value->size);
  out[value->size] = '\0';
  return HBUS_OK;
}

static hbus_status s_text(request *self, const char *key, char *out, size_t out_size) {
  hbus_status status = s_optional_text(self, key, out, out_size);
  if (status == HBUS_OK && !out[0])
    return hbus_fail(&self->error, HBUS_INVALID_REQUEST, "Invalid request: %s is missing", key);
  return status;
}

/* A price or an amount, as a string (or a number, as some clients write it). */
static hbus_status s_decimal(request *self, const char *key, hbus_decimal *out) {
  const json_node *value = json_get(self->root, key);
  if (!value || value->type == JSON_NULL) return HBUS_OK;
  if ((value->type != JSON_STRING && value->type != JSON_NUMBER) ||
      hbus_decimal_parse(value->text, value->size, out) != HBUS_OK)
    return hbus_fail(&self->error, HBUS_INVALID_ORDER, "Invalid order: %s is no decimal number", key);
  return HBUS_OK;
}

/* One of an enumeration's names. `what` begins the sentence: "Invalid order". */
static hbus_status s_name(request *self, const char *what, const char *key, const name_table *names, unsigned *out) {
  const json_node *value = json_get(self->root, key);
  unsigned found = value && value->type == JSON_STRING ? name_find(names, value->text, value->size) : 0;
  if (!found)
    return hbus_fail(&self->error, HBUS_INVALID_ORDER, "%s: %s is %s", what, key, value ? "not known" : "missing");
  *out = found;
  return HBUS_OK;
}

/* A whole number from 1 to max; *out stays when it is absent. */
static hbus_status s_number(request *self, const char *key, uint64_t max, uint64_t *out) {
  const json_node *value = json_get(self->root, key);
  if (!value) return HBUS_OK;
  uint64_t number = 0;
  bool good = value->type == JSON_NUMBER && value->size > 0 && value->size <= 9;
  for (uint32_t i = 0; good && i < value->size; i++) {
    good = value->text[i] >= '0' && value->text[i] <= '9';
    number = number * 10 + (uint64_t)(value->text[i] - '0');
  }
  if (!good || number == 0 || number > max)
    return hbus_fail(&self->error, HBUS_INVALID_REQUEST, "Invalid request: %s must be a number from 1 to %llu", key,
                     (unsigned long long)max);
  *out = number;
  return HBUS_OK;
}

static hbus_status s_read_exchange(request *self) {
  hbus_status status = s_text(self, "exchange", self->exchange_text, sizeof self->exchange_text);
  if (status != HBUS_OK) return status;
  self->venue = world_find_exchange(&self->sim->exchanges, self->exchange_text);
  if (!self->venue) return hbus_fail(&self->error, HBUS_UNKNOWN_MARKET, "Unknown exchange %s", self->exchange_text);
  return HBUS_OK;
}

static hbus_status s_read_market(request *self) {
  hbus_status status = s_read_exchange(self);
  if (status == HBUS_OK) status = s_text(self, "market", self->market_text, sizeof self->market_text);
  if (status != HBUS_OK) return status;
  self->where = exchange_find_market(self->venue, self->market_text);
  if (!self->where)
    return hbus_fail(&self->error, HBUS_UNKNOWN_MARKET, "Unknown market %s on %s", self->market_text,
                     self->exchange_text);
  if (self->sim->recording) replay_sync(self->sim->recording, self->where);
  return HBUS_OK;
}

/* The market and the order in it that the request names. */
static hbus_status s_read_order(request *self, order **out) {
  hbus_status status = s_read_market(self);
  if (status == HBUS_OK) status = s_text(self, "order_id", self->order_id, sizeof self->order_id);
  if (status != HBUS_OK) return status;
  uint64_t id = 0;
  size_t digits = strspn(self->order_id, "0123456789");
  bool numeric = self->order_id[digits] == '\0' && self->order_id[0] != '0' && digits <= 19;
  for (size_t i = 0; numeric && i < digits; i++)
    id = id * 10 + (uint64_t)(self->order_id[i] - '0');
  order *found = numeric ? exchange_find_order(self->venue, self->where, id) : NULL;
  if (!found) return hbus_fail(&self->error, HBUS_UNKNOWN_ORDER, "Unknown order %s", self->order_id);
  *out = found;
  return HBUS_OK;
}

/* --- the types --- */

static void s_key_data(request *self) {
  json_key(&self->out, "data");
}

static hbus_status s_authenticate(request *self) {
  char key[256];
  hbus_status status = s_text(self, "api_key", key, sizeof key);
  if (status == HBUS_OK && strcmp(key, self->sim->options.api_key) != 0)
    status = hbus_fail(&self->error, HBUS_UNAUTHENTICATED, "Authentication failed");
  if (status == HBUS_OK) self->from->authenticated = true;
  return status;
}

static hbus_status s_read_create(request *self) {
  order_request *asked = &self->order;
  unsigned side = 0, type = 0;
  hbus_status status = s_optional_text(self, "client_order_id", asked->client_order_id, sizeof asked->client_order_id);
  if (status == HBUS_OK) status = s_read_market(self);
  if (status == HBUS_OK) status = s_name(self, "Invalid order", "side", &names_side, &side);
  if (status == HBUS_OK) status = s_name(self, "Invalid order", "order_type", &names_order_type, &type);
  if (status == HBUS_OK) status = s_decimal(self, "amount", &asked->amount);
  if (status == HBUS_OK) status = s_decimal(self, "price", &asked->price);
  if (status == HBUS_OK) status = s_decimal(self, "stop_price", &asked->stop_price);
  asked->side = (hbus_side)side;
  asked->type = (hbus_order_type)type;
  return status;
}

static hbus_status s_create_order(request *self) {
  const order *created = NULL;
  hbus_status status = s_read_create(self);
  if (status == HBUS_OK)
    status = exchange_create(self->venue, self->where, OWNER_TRADER, &self->order, &created, &self->error);
  if (status != HBUS_OK) return status;
  s_key_data(self);
  wire_order(&self->out, created, !self->sim->options.no_client_ids);
  return HBUS_OK;
}

static hbus_status s_cancel_order(request *self) {
  order *cancelled = NULL;
  hbus_status status = s_read_order(self, &cancelled);
  if (status != HBUS_OK) return status;
  if (order_is_open(cancelled)) {
    exchange_cancel(self->venue, cancelled); /* first what is remembered, then what is told of it */
    ledger_order(self->sim->truth, LEDGER_CANCEL, LEDGER_ACCEPTED, cancelled);
  } else {
    char text[64];
    snprintf(text, sizeof text, "already %s", hbus_order_status_name(cancelled->status));
    ledger_request(self->sim->truth, LEDGER_CANCEL, LEDGER_REJECTED, self->root, text);
  }
  s_key_data(self);
  json_begin_object(&self->out);
  json_key(&self->out, "order_id");
  json_string(&self->out, self->order_id);
  json_key(&self->out, "cancelled");
  json_bool(&self->out, cancelled->status == HBUS_CANCELLED);
  json_end_object(&self->out);
  return HBUS_OK;
}

static hbus_status s_get_order(request *self) {
  order *found = NULL;
  hbus_status status = s_read_order(self, &found);
  if (status != HBUS_OK) return status;
  s_key_data(self);
  wire_order(&self->out, found, !self->sim->options.no_client_ids);
  return HBUS_OK;
}

/* The orders of the market, newest first: all, or the open ones. */
static void s_list_orders(request *self, bool open_only, uint64_t limit) {
  s_key_data(self);
  json_begin_array(&self->out);
  const order *listed = exchange_newest_order(self->venue);
  for (; listed && limit > 0; listed = listed->past_previous) {
    if (listed->market != self->where || (open_only && !order_is_open(listed))) continue;
    wire_order(&self->out, listed, !self->sim->options.no_client_ids);
    limit--;
  }
  json_end_array(&self->out);
}

static hbus_status s_get_open_orders(request *self) {
  hbus_status status = s_read_market(self);
  if (status == HBUS_OK) s_list_orders(self, true, HISTORY_MAX);
  return status;
}

static hbus_status s_get_order_history(request *self) {
  uint64_t limit = S_HISTORY_DEFAULT;
  hbus_status status = s_read_market(self);
  if (status == HBUS_OK) status = s_number(self, "limit", HISTORY_MAX, &limit);
  if (status == HBUS_OK) s_list_orders(self, false, limit);
  return status;
}

static hbus_status s_get_order_book(request *self) {
  uint64_t depth = S_DEPTH_DEFAULT;
  hbus_status status = s_read_market(self);
  if (status == HBUS_OK) status = s_number(self, "depth", HBUS_BOOK_LEVELS_MAX, &depth);
  if (status != HBUS_OK) return status;
  s_key_data(self);
  wire_book(&self->out, self->where, (size_t)depth, self->sim->now_ns);
  return HBUS_OK;
}

static hbus_status s_get_ticker(request *self) {
  hbus_status status = s_read_market(self);
  if (status != HBUS_OK) return status;
  s_key_data(self);
  wire_ticker(&self->out, self->where, self->sim->now_ns);
  return HBUS_OK;
}

static hbus_status s_get_balances(request *self) {
  hbus_status status = s_read_exchange(self);
  if (status != HBUS_OK) return status;
  s_key_data(self);
  wire_balances(&self->out, self->venue);
  return HBUS_OK;
}

static hbus_status s_get_positions(request *self) {
  hbus_status status = s_read_exchange(self);
  if (status != HBUS_OK) return status;
  if (!exchange_has_positions(self->venue))
    return hbus_fail(&self->error, HBUS_UNSUPPORTED, "get_positions is not supported by %s", self->exchange_text);
  s_key_data(self);
  wire_positions(&self->out, self->venue);
  return HBUS_OK;
}

static hbus_status s_read_channel(request *self, hbus_channel *out) {
  unsigned channel = 0;
  hbus_status status = s_name(self, "Invalid request", "channel", &names_channel, &channel);
  if (status == HBUS_OK) status = s_read_market(self);
  *out = (hbus_channel)channel;
  return status;
}

static void s_write_subscription(request *self, const char *done, hbus_channel channel) {
  char text[256];
  snprintf(text, sizeof text, "%s %s of %s on %s", done, hbus_channel_name(channel), self->market_text,
           self->exchange_text);
  json_key(&self->out, "message");
  json_string(&self->out, text);
}

static hbus_status s_subscribe(request *self) {
  hbus_channel channel;
  hbus_status status = s_read_channel(self, &channel);
  if (status != HBUS_OK) return status;
  if (session_subscribe(self->from, self->where->index, self->sim->exchanges.market_count, channel) != HBUS_OK)
    return hbus_fail(&self->error, HBUS_NO_MEMORY, "Out of memory");
  self->subscribed = channel;
  s_write_subscription(self, "Subscribed to", channel);
  return HBUS_OK;
}

static hbus_status s_unsubscribe(request *self) {
  hbus_channel channel;
  hbus_status status = s_read_channel(self, &channel);
  if (status != HBUS_OK) return status;
  session_unsubscribe(self->from, self->where->index, channel);
  s_write_subscription(self, "Unsubscribed from", channel);
  return HBUS_OK;
}

/* Does the request and writes the rest of its response (`data` or `message`), or fails with a sentence in error.text.
 */
typedef struct request_type {
  const char *name;
  hbus_status (*handle)(request *self);
  bool before_authentication;
} request_type;

static const request_type s_types[] = {
    {"authenticate", s_authenticate, true},
    {"create_order", s_create_order, false},
    {"cancel_order", s_cancel_order, false},
    {"get_order", s_get_order, false},
    {"get_open_orders", s_get_open_orders, false},
    {"get_order_history", s_get_order_history, false},
    {"get_order_book", s_get_order_book, false},
    {"get_ticker", s_get_ticker, false},
    {"get_balances", s_get_balances, false},
    {"get_positions", s_get_positions, false},
    {"subscribe", s_subscribe, false},
    {"unsubscribe", s_unsubscribe, false},
};

static const request_type *s_find_type(const char *name) {
  for (size_t i = 0; i < sizeof s_types / sizeof s_types[0]; i++) {
    if (strcmp(s_types[i].name, name) == 0) return &s_types[i];
  }
  return NULL;
}

/* --- the envelope --- */

static void s_begin_response(request *self, const json_node *id, const char *status) {
  buffer_reset(&self->sim->answer);
  json_writer_init(&self->out, &self->sim->answer);
  json_begin_object(&self->out);
  json_key(&self->out, "id");
  json_text(&self->out, id->text, id->size);
  json_key(&self->out, "status");
  json_string(&self->out, status);
}

/* All that stands before a request: who may ask, what exists, which fault is in the way. */
static hbus_status s_run(request *self, const char *name) {
  const request_type *type = s_find_type(name);
  fault_refusal refusal = fault_refuse(&self->sim->faults, name, self->sim->now_ms);
  if (!self->from->authenticated && !(type && type->before_authentication))
    return hbus_fail(&self->error, HBUS_UNAUTHENTICATED, "Authentication required");
  if (!type) return hbus_fail(&self->error, HBUS_UNSUPPORTED, "Unknown request type %.64s", name);
  if (refusal.message) {
    self->code = refusal.code;
    return hbus_fail(&self->error, HBUS_UPSTREAM_ERROR, "%s", refusal.message);
  }
  return type->handle(self);
}

/* What was not accepted, in the ledger; reads are not its business. */
static void s_tell(const request *self, const char *name, ledger_outcome outcome, const char *message) {
  if (strcmp(name, "create_order") == 0) ledger_request(self->sim->truth, LEDGER_CREATE, outcome, self->root, message);
  if (strcmp(name, "cancel_order") == 0) ledger_request(self->sim->truth, LEDGER_CANCEL, outcome, self->root, message);
}

static void s_write_failure(request *self, const json_node *id) {
  s_begin_response(self, id, "error");
  if (self->code) {
    json_key(&self->out, "code");
    json_string(&self->out, self->code);
  }
  json_key(&self->out, "message");
  json_string(&self->out, self->error.text);
}

/* Sends what stands in the answer's buffer. */
static void s_send_answer(request *self, const char *name) {
  if (self->unheard) return;
  const buffer *text = &self->sim->answer;
  message *answer = text->status == HBUS_OK ? message_new(text->data, text->size) : NULL;
  if (self->cut == CUT_UNANSWERED)
    hub_cut(&self->sim->sessions, self->from, SESSION_CUT, "before the answer");
  else if (self->cut == CUT_UNHEARD)
    hub_cut(&self->sim->sessions, self->from, SESSION_ABORTED, "before the events");
  else if (answer)
    hub_answer(&self->sim->sessions, self->from, name, answer);
  else
    session_close(self->from, SESSION_CLOSE_OVERLOADED, "an answer does not fit");
  message_drop(answer);
}

/* An error that belongs to no request. */
static void s_complain(request *self, const char *text) {
  buffer_reset(&self->sim->answer);
  json_writer_init(&self->out, &self->sim->answer);
  wire_error(&self->out, text, self->sim->now_ns);
  s_send_answer(self, "");
}

static void s_answer_request(request *self, const json_node *id, const char *name) {
  bool was_authenticated = self->from->authenticated;
  s_begin_response(self, id, "success");
  hbus_status status = s_run(self, name);
  if (status != HBUS_OK) {
    s_tell(self, name, LEDGER_REJECTED, self->error.text);
    s_write_failure(self, id);
  }
  json_end_object(&self->out);
  s_send_answer(self, name);

  if (strcmp(name, "authenticate") == 0 && status != HBUS_OK)
    session_close(self->from, SESSION_CLOSE_POLICY, "authentication failed");
  if (self->from->authenticated && !was_authenticated) hub_greet(&self->sim->sessions, self->from);
  if (self->subscribed != HBUS_CHANNEL_NONE)
    feed_snapshot(&self->sim->events, self->from, self->where, self->subscribed);
}

static void s_handle(request *self, const char *text, size_t size) {
  if (json_read(self->sim->reader, text, size, &self->root) != HBUS_OK) {
    s_complain(self, "Invalid JSON");
    return;
  }
  const json_node *id = json_get(self->root, "id");
  char name[HBUS_NAME_MAX + 1];
  if (!id || id->type != JSON_STRING) {
    s_complain(self, "Invalid request: id is missing or no string");
  } else if (s_text(self, "type", name, sizeof name) != HBUS_OK) {
    s_write_failure(self, id);
    json_end_object(&self->out);
    s_send_answer(self, "");
  } else if (self->cut == CUT_UNDONE) {
    s_tell(self, name, LEDGER_DROPPED, "");
    hub_cut(&self->sim->sessions, self->from, SESSION_ABORTED, "before the request");
  } else if (fault_keeps(&self->sim->faults, name) && backlog_add(&self->sim->kept_requests, text, size)) {
    return;
  } else {
    s_answer_request(self, id, name);
  }
}

void request_handle(simulator *sim, session *from, const char *text, size_t size) {
  request asked = {.sim = sim, .from = from, .cut = hub_receive(&sim->sessions, from)};
  ledger_set_connection(sim->truth, from->number);
  s_handle(&asked, text, size);
  ledger_set_connection(sim->truth, 0);
}

/* Whoever sent them may be gone. */
void request_handle_kept(simulator *sim) {
  session *nobody = sim->kept_requests.count > 0 ? session_new(0, NULL, NULL) : NULL;
  if (!nobody) return;
  nobody->authenticated = true;
  session_cut(nobody, SESSION_ABORTED);
  for (size_t count = sim->kept_requests.count; count > 0; count--) {
    message *kept = backlog_take(&sim->kept_requests);
    request asked = {.sim = sim, .from = nobody, .unheard = true};
    s_handle(&asked, (const char *)message_text(kept), kept->size);
    message_drop(kept);
  }
  session_destroy(&nobody);
}
