#include "broker/command/gate.h"

#include <inttypes.h>

#include "broker/clock.h"
#include "broker/command/handler.h"
#include "proto/command_codec.h"

/* Seen before? A repeat of an order that was placed must never hear LINK_DOWN or EXPIRED: it would read that as "not
 * placed" and place a new one. So this comes before every gate that can refuse. */
static gate_verdict s_look_up(const command_path *self, const session *session, const hbus_command *command,
                              bool looked_up, order **repeat, hbus_error *error) {
  order *order = order_table_find_own(self->parts.orders, session->name, command->client_order_id);
  if (!order) {
    bool known = !looked_up && id_set_has(self->parts.ids, session->name, command->client_order_id);
    return known ? GATE_LOOK_UP : GATE_PASS;
  }
  if (!command_same_order(order->create, command)) {
    hbus_fail(error, HBUS_DUPLICATE_ORDER, "client_order_id \"%s\" is that of another order of yours",
              command->client_order_id);
    return GATE_REFUSE;
  }
  *repeat = order;
  return GATE_REPEAT;
}

/* An order of the same owner's that is like this one is unknown, and may be any of several upstream: one more of its
 * kind would make it harder yet to tell which (ORDERS.md, rule 8). */
static hbus_status s_check_unresolved(const command_path *self, const session *session, const hbus_command *command,
                                      hbus_error *error) {
  const order *order = order_table_find_unresolved(self->parts.orders, session->name, command);
  if (!order) return HBUS_OK;
  return hbus_fail(error, HBUS_DUPLICATE_ORDER,
                   "your order \"%s\" is like it, and which of its candidates that is nobody can tell yet",
                   order->state.client_order_id);
}

static bool s_has_link(const command_path *self, handler_need need) {
  switch (need) {
  case NEEDS_UP_LINK: return link_status(self->parts.link)->status == HBUS_LINK_CONNECTED;
  case NEEDS_OPEN_LINK: return link_is_open(self->parts.link);
  default: return true;
  }
}

/* What cannot be written down before it is sent is not sent (ORDERS.md, rule 19). */
static hbus_status s_check_journal(const command_path *self, hbus_error *error) {
  const char *why;
  if (!journal_state(self->parts.journal, &why)) return HBUS_OK;
  return hbus_fail(error, HBUS_INTERNAL, "no new orders: %s", why);
}

gate_verdict gate_pass(const command_path *self, session *session, const hbus_command *command, bool looked_up,
                       order **repeat, hbus_error *error) {
  /* Is it built, and does the peer have a name where one is needed? */
  const handler *handler = handler_of(command->kind);
  if (!handler) {
    hbus_fail(error, HBUS_UNSUPPORTED, "%s is not built yet", hbus_command_name(command->kind));
    return GATE_REFUSE;
  }
  if (command_has_side_effects(command->kind) && !session->name[0]) {
    hbus_fail(error, HBUS_UNAUTHENTICATED, "say hello first: %s needs to know whose it is",
              hbus_command_name(command->kind));
    return GATE_REFUSE;
  }

  if (command->kind == HBUS_CREATE_ORDER) {
    gate_verdict verdict = s_look_up(self, session, command, looked_up, repeat, error);
    if (verdict) return verdict;
  }

  if (command_validate(command, error)) return GATE_REFUSE;
  if (command->kind == HBUS_CREATE_ORDER && !link_has_order_type(self->parts.link, command->order_type)) {
    hbus_fail(error, HBUS_UNSUPPORTED, "this upstream has no orders of type %s",
              hbus_order_type_name(command->order_type));
    return GATE_REFUSE;
  }
  if (command->kind == HBUS_CREATE_ORDER && s_check_unresolved(self, session, command, error)) return GATE_REFUSE;

  uint64_t now_ms = clock_real_ms();
  if (command->expires_ms && command->expires_ms <= now_ms) {
    hbus_fail(error, HBUS_EXPIRED, "expired %" PRIu64 " ms ago; nothing was done", now_ms - command->expires_ms);
    return GATE_REFUSE;
  }

  if (peer_budget_take(&session->budget, command->kind, clock_monotonic_ms(), self->parts.counters, error)) {
    return GATE_REFUSE;
  }

  if (!s_has_link(self, handler->need)) {
    link_fail(self->parts.link, HBUS_LINK_DOWN, error);
    return GATE_REFUSE;
  }
  if (command->kind == HBUS_CREATE_ORDER && s_check_journal(self, error)) return GATE_REFUSE;
  return GATE_PASS;
}
