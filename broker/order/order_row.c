#include "broker/order/order_row.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"

void order_row(const order *order, journal_order *out) {
  *out = (journal_order){.state = order->state,
                         .finished = order->finished,
                         .answered = order->create_answered,
                         .outcome = order->outcome,
                         .outcome_code = order->outcome_code,
                         .intent_ns = order->intent_ns,
                         .first_seen_ns = order->first_seen_ns,
                         .absent_ns = order->absent_ns,
                         .absences = order->absences,
                         .published_seq = order->published_seq,
                         .published_rev = order->published_rev,
                         .updated_ns = clock_real_ns()};
  memcpy(out->upstream_id, order->upstream_id, sizeof out->upstream_id);
  if (order->create) out->asked = *order->create;
  if (order->outcome_message) out->outcome_message = hbus_text_of(order->outcome_message);
}

static bool s_copy_create(order *order, const journal_order *row) {
  if (!row->upstream_id[0]) return true;
  order->create = malloc(sizeof *order->create);
  if (!order->create) return false;
  *order->create = row->asked;
  return true;
}

static bool s_copy_candidates(order *order, const hbus_extra *extra) {
  order->state.extra = (hbus_extra){0};
  if (!extra->count) return true;
  order->candidates = malloc(extra->pairs.size);
  if (!order->candidates) return false;
  memcpy(order->candidates, extra->pairs.data, extra->pairs.size);
  order->state.extra = (hbus_extra){.pairs = {order->candidates, extra->pairs.size}, .count = extra->count};
  return true;
}

static bool s_copy_message(order *order, hbus_text message) {
  if (!message.size) return true;
  order->outcome_message = strndup(message.data, message.size);
  return order->outcome_message != NULL;
}

order *order_of_row(const journal_order *row) {
  order *order = calloc(1, sizeof *order);
  if (!order) return NULL;
  order->state = row->state;
  memcpy(order->upstream_id, row->upstream_id, sizeof order->upstream_id);
  order->create_answered = row->answered;
  order->outcome = row->outcome;
  order->outcome_code = row->outcome_code;
  order->intent_ns = row->intent_ns;
  order->first_seen_ns = row->first_seen_ns;
  order->absent_ns = row->absent_ns;
  order->absences = row->absences < UINT_MAX ? (unsigned)row->absences : UINT_MAX;
  order->published_seq = row->published_seq;
  order->published_rev = row->published_rev;
  fill_sum_restore_filled(&order->fills, &row->state.filled);
  if (!s_copy_candidates(order, &row->state.extra) || !s_copy_create(order, row) ||
      !s_copy_message(order, row->outcome_message)) {
    order_free(order);
    return NULL;
  }
  return order;
}

void order_free(order *order) {
  if (!order) return;
  free(order->candidates);
  free(order->outcome_message);
  free(order->create);
  free(order);
}
