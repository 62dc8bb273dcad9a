#include "tests/broker/order_stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

hbus_decimal order_stage_decimal(const char *text) {
  hbus_decimal decimal = {0};
  cr_assert_eq(hbus_decimal_parse(text, strlen(text), &decimal), HBUS_OK, "%s", text);
  return decimal;
}

hbus_command order_stage_create(const char *client_order_id) {
  hbus_command create = {.kind = HBUS_CREATE_ORDER,
                         .exchange = "binance",
                         .market = "ETH-USDT",
                         .side = HBUS_BUY,
                         .order_type = HBUS_LIMIT,
                         .amount = order_stage_decimal("1.0"),
                         .price = order_stage_decimal("2000")};
  snprintf(create.client_order_id, sizeof create.client_order_id, "%s", client_order_id);
  return create;
}

hbus_order order_stage_said(const char *order_id, hbus_order_status status) {
  hbus_order order = {.exchange = "binance",
                      .market = "ETH-USDT",
                      .side = HBUS_BUY,
                      .order_type = HBUS_LIMIT,
                      .status = status,
                      .amount = order_stage_decimal("1.0")};
  snprintf(order.order_id, sizeof order.order_id, "%s", order_id);
  return order;
}
