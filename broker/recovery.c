#include "broker/recovery.h"

#include <inttypes.h>

#include "broker/order/order_state.h"

typedef struct tally {
  const recovery_parts *parts;
  uint64_t orders;
  uint64_t unknown;
  uint64_t ids;
  hbus_error *error;
} tally;

static hbus_status s_order(void *arg, const journal_order *record) {
  tally *tally = arg;
  const order *order = order_table_restore(tally->parts->orders, record);
  if (!order) return hbus_fail(tally->error, HBUS_OVERLOADED, "the journal has more live orders than bounds.orders");
  tally->orders++;
  tally->unknown += order->state.status == HBUS_UNKNOWN;
  return HBUS_OK;
}

static hbus_status s_id(void *arg, const char *owner, const char *client_order_id) {
  tally *tally = arg;
  tally->ids++;
  hbus_status status = id_set_add(tally->parts->ids, owner, client_order_id);
  return status ? hbus_fail(tally->error, status, "the journal has more client_order_ids than bounds.ids") : HBUS_OK;
}

static hbus_status s_topic(void *arg, const char *topic, uint64_t last_seq) {
  const tally *tally = arg;
  hbus_status status = publisher_restore(tally->parts->publisher, topic, last_seq);
  return status ? hbus_fail(tally->error, status, "the journal has more topics than bounds.topics") : HBUS_OK;
}

static hbus_status s_fill(void *arg, const journal_fill *fill) {
  const tally *tally = arg;
  hbus_status status = fill_book_restore(tally->parts->fills, fill);
  return status ? hbus_fail(tally->error, status, "no memory for the fills") : HBUS_OK;
}

static hbus_status s_position(void *arg, const journal_position *position) {
  const tally *tally = arg;
  hbus_status status = position_book_restore(tally->parts->positions, position);
  return status ? hbus_fail(tally->error, status, "no memory for the positions") : HBUS_OK;
}

static hbus_status s_session(void *arg, const journal_session *session) {
  const tally *tally = arg;
  hbus_status status = attendance_restore(tally->parts->attendance, session);
  return status ? hbus_fail(tally->error, status, "the journal has more peers than may ask for cancel on disconnect")
                : HBUS_OK;
}

hbus_status recovery_run(const recovery_parts *parts, hbus_error *error) {
  hbus_error spare;
  tally tally = {.parts = parts, .error = error ? error : &spare};
  const journal_visitor visitor = {.arg = &tally,
                                   .order = s_order,
                                   .id = s_id,
                                   .topic = s_topic,
                                   .fill = s_fill,
                                   .position = s_position,
                                   .session = s_session};
  hbus_status status = journal_load(parts->journal, &visitor, tally.error);
  if (status) return status;
  if (tally.orders) {
    log_write(parts->log, LOG_BROKER, LOG_LEVEL_INFO,
              "the journal has %" PRIu64 " client_order_ids; %" PRIu64 " orders are in memory, %" PRIu64
              " of them unknown",
              tally.ids, tally.orders, tally.unknown);
  }
  return HBUS_OK;
}
