#include "hbus/order.h"

bool hbus_order_is_live(const hbus_order *order) {
  return order->status != HBUS_FILLED && order->status != HBUS_CANCELLED && order->status != HBUS_FAILED;
}

bool hbus_order_is_newer(const hbus_order *heard, const hbus_order *known) {
  if (known->status == HBUS_ORDER_STATUS_NONE) return true;
  return heard->rev > known->rev;
}

bool hbus_order_update(hbus_order *known, const hbus_order *heard) {
  if (!hbus_order_is_newer(heard, known)) return false;
  *known = *heard;
  return true;
}
