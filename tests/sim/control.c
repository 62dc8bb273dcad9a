#include "tests/sim/control.h"

#include <string.h>

#include "tests/sim/wire.h"

/* A command under way. It fails by writing into error.text. */
typedef struct command {
  simulator *sim;
  const char *rest; /* behind its name; "" when there is nothing */
  json_writer *out;
  hbus_error error;
} command;

static void s_count(command *self, const char *key, uint64_t count) {
  json_key(self->out, key);
  json_unsigned(self->out, count);
}

static hbus_status s_fault(command *self) {
  static const char clear[] = "clear";
  if (strncmp(self->rest, clear, sizeof clear - 1) != 0) {
    if (!self->rest[0]) return hbus_fail(&self->error, HBUS_INVALID_REQUEST, "fault SPEC, or fault clear [NAME]");
    return simulator_set_fault(self->sim, self->rest, &self->error);
  }
  const char *name = self->rest + sizeof clear - 1;
  if (*name && *name != ' ') return simulator_set_fault(self->sim, self->rest, &self->error);
  name += strspn(name, " ");
  s_count(self, "cleared", simulator_clear_faults(self->sim, *name ? name : NULL));
  return HBUS_OK;
}

static hbus_status s_faults(command *self) {
  json_key(self->out, "faults");
  json_begin_array(self->out);
  for (size_t i = 0; i < self->sim->faults.count; i++)
    json_string(self->out, self->sim->faults.items[i].spec);
  json_end_array(self->out);
  return HBUS_OK;
}

static hbus_status s_cut(command *self) {
  s_count(self, "cut", hub_cut_all(&self->sim->sessions, "on command"));
  return HBUS_OK;
}

static hbus_status s_stats(command *self) {
  const hub *sessions = &self->sim->sessions;
  const ledger *truth = self->sim->truth;
  json_key(self->out, "up");
  json_bool(self->out, simulator_is_up(self->sim));
  s_count(self, "connections", sessions->session_count);
  s_count(self, "connections_total", sessions->opened);
  s_count(self, "cuts", sessions->cut);
  s_count(self, "requests", sessions->received);
  s_count(self, "frames_sent", sessions->sent);
  s_count(self, "subscriptions", hub_subscriptions(sessions));
  s_count(self, "creates_accepted", ledger_count(truth, LEDGER_CREATE, LEDGER_ACCEPTED));
  s_count(self, "creates_rejected", ledger_count(truth, LEDGER_CREATE, LEDGER_REJECTED));
  s_count(self, "creates_dropped", ledger_count(truth, LEDGER_CREATE, LEDGER_DROPPED));
  s_count(self, "cancels_accepted", ledger_count(truth, LEDGER_CANCEL, LEDGER_ACCEPTED));
  s_count(self, "cancels_rejected", ledger_count(truth, LEDGER_CANCEL, LEDGER_REJECTED));
  s_count(self, "cancels_dropped", ledger_count(truth, LEDGER_CANCEL, LEDGER_DROPPED));
  s_count(self, "fills", ledger_count(truth, LEDGER_FILL, LEDGER_DONE));
  s_count(self, "orders_lost", ledger_count(truth, LEDGER_LOST, LEDGER_DONE));
  s_count(self, "restarts", self->sim->restarts);
  s_count(self, "ledger_lines", ledger_lines(truth));
  return HBUS_OK;
}

/* Every order that is remembered, newest first on each exchange, with the client's id whatever the client is told. */
static hbus_status s_orders(command *self) {
  const world *all = &self->sim->exchanges;
  json_key(self->out, "orders");
  json_begin_array(self->out);
  for (size_t i = 0; i < all->exchange_count; i++) {
    for (const order *listed = exchange_newest_order(all->exchanges[i]); listed; listed = listed->past_previous)
      wire_order(self->out, listed, true);
  }
  json_end_array(self->out);
  return HBUS_OK;
}

typedef struct command_kind {
  const char *name;
  hbus_status (*handle)(command *self);
  bool takes_more;
} command_kind;

static const command_kind s_kinds[] = {
    {"fault", s_fault, true},    /* fault SPEC, fault clear [NAME] */
    {"faults", s_faults, false}, /* those that are set */
    {"cut", s_cut, false},       /* resets all connections */
    {"stats", s_stats, false},   /* counts since the start */
    {"orders", s_orders, false}, /* each with its state, client_order_id and what is filled */
};

static hbus_status s_run(command *self, const char *line) {
  size_t size = strcspn(line, " ");
  self->rest = line + size + strspn(line + size, " ");
  for (size_t i = 0; i < sizeof s_kinds / sizeof s_kinds[0]; i++) {
    if (strlen(s_kinds[i].name) != size || memcmp(s_kinds[i].name, line, size) != 0) continue;
    if (self->rest[0] && !s_kinds[i].takes_more)
      return hbus_fail(&self->error, HBUS_INVALID_REQUEST, "%s takes nothing more", s_kinds[i].name);
    return s_kinds[i].handle(self);
  }
  return hbus_fail(&self->error, HBUS_INVALID_REQUEST, "unknown command '%.*s'", (int)size, line);
}

void control_handle(simulator *sim, const char *line, buffer *out) {
  json_writer writer;
  command asked = {.sim = sim, .out = &writer};
  size_t start = out->size;
  json_writer_init(&writer, out);
  json_begin_object(&writer);
  json_key(&writer, "ok");
  json_bool(&writer, true);
  if (s_run(&asked, line) != HBUS_OK) {
    buffer_truncate(out, start);
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "ok");
    json_bool(&writer, false);
    json_key(&writer, "error");
    json_string(&writer, asked.error.text);
  }
  json_end_object(&writer);
  buffer_append(out, "\n", 1);
}
