#include "broker/order/order_state.h"

#include <string.h>

#define TO(status) (1u << (status))

/* From a state (row) to the states it may become. What upstream had and then denies to know is unknown, not gone.
 * `cancelled` and `failed` are upstream's word, which a later fill or a reappearance corrects; `filled` is for ever. */
static const unsigned s_next[HBUS_ORDER_STATUS_COUNT] = {
    [HBUS_PENDING] = TO(HBUS_OPEN) | TO(HBUS_PARTIALLY_FILLED) | TO(HBUS_FILLED) | TO(HBUS_CANCELLED) |
                     TO(HBUS_FAILED) | TO(HBUS_UNKNOWN),
    [HBUS_UNKNOWN] = TO(HBUS_OPEN) | TO(HBUS_PARTIALLY_FILLED) | TO(HBUS_FILLED) | TO(HBUS_CANCELLED) | TO(HBUS_FAILED),
    [HBUS_OPEN] = TO(HBUS_PARTIALLY_FILLED) | TO(HBUS_FILLED) | TO(HBUS_CANCELLED) | TO(HBUS_FAILED) | TO(HBUS_UNKNOWN),
    [HBUS_PARTIALLY_FILLED] = TO(HBUS_FILLED) | TO(HBUS_CANCELLED) | TO(HBUS_FAILED) | TO(HBUS_UNKNOWN),
    [HBUS_CANCELLED] = TO(HBUS_FILLED),
    [HBUS_FAILED] = TO(HBUS_OPEN) | TO(HBUS_PARTIALLY_FILLED) | TO(HBUS_FILLED) | TO(HBUS_CANCELLED),
    [HBUS_FILLED] = 0,
};

bool order_state_may_become(hbus_order_status from, hbus_order_status to) {
  return (s_next[from] & TO(to)) != 0;
}

bool order_state_is_final(hbus_order_status status) {
  return status == HBUS_FILLED || status == HBUS_CANCELLED || status == HBUS_FAILED;
}

/* Takes over text that was absent. */
static bool s_fill_text(char *known, const char *said, size_t size) {
  if (known[0] || !said[0]) return false;
  memcpy(known, said, size);
  return true;
}

/* Takes over what upstream says, digit for digit; it is a change only where the value is another. */
static bool s_take_decimal(hbus_decimal *known, const hbus_decimal *said) {
  if (hbus_decimal_is_absent(said)) return false;
  bool changed = hbus_decimal_is_absent(known) || hbus_decimal_compare(known, said) != 0;
  *known = *said;
  return changed;
}

static bool s_raise_filled(hbus_decimal *known, const hbus_decimal *said) {
  if (hbus_decimal_is_absent(said)) return false;
  if (hbus_decimal_is_absent(known)) {
    *known = *said;
    return hbus_decimal_sign(said) != 0;
  }
  if (hbus_decimal_compare(said, known) <= 0) return false;
  *known = *said;
  return true;
}

static bool s_is_filled_up(const hbus_order *order) {
  return !hbus_decimal_is_absent(&order->filled) && !hbus_decimal_is_absent(&order->amount) &&
         hbus_decimal_sign(&order->filled) > 0 && hbus_decimal_compare(&order->filled, &order->amount) >= 0;
}

static bool s_merge_status(hbus_order *known, hbus_order_status said) {
  hbus_order_status next = s_is_filled_up(known) ? HBUS_FILLED : said;
  if (next == known->status || !order_state_may_become(known->status, next)) return false;
  known->status = next;
  if (order_state_is_final(next)) known->cancel_requested = false; /* it has had its effect, or has none any more */
  return true;
}

bool order_state_merge(hbus_order *known, const hbus_order *said) {
  bool changed = s_fill_text(known->order_id, said->order_id, sizeof known->order_id);
  changed |= s_fill_text(known->account, said->account, sizeof known->account);
  changed |= s_take_decimal(&known->price, &said->price);
  changed |= s_take_decimal(&known->stop_price, &said->stop_price);
  changed |= s_take_decimal(&known->amount, &said->amount);
  if (!known->side) known->side = said->side;
  if (!known->order_type) known->order_type = said->order_type;
  if (!known->market_type) known->market_type = said->market_type;
  if (!known->position_action) known->position_action = said->position_action;
  if (!known->created_at_ns) known->created_at_ns = said->created_at_ns;
  if (!known->filled_at_ns && said->filled_at_ns) {
    known->filled_at_ns = said->filled_at_ns;
    changed = true;
  }
  changed |= s_raise_filled(&known->filled, &said->filled);
  changed |= s_merge_status(known, said->status);
  return changed;
}
