/* Creates, and what upstream says of orders, for the tests of the order table. */
#ifndef TESTS_ORDER_STAGE_H
#define TESTS_ORDER_STAGE_H

#include "broker/order/order_table.h"

hbus_decimal order_stage_decimal(const char *text);

/* To buy 1.0 at 2000 on binance ETH-USDT. */
hbus_command order_stage_create(const char *client_order_id);

/* An order on binance ETH-USDT, of the same values. */
hbus_order order_stage_said(const char *order_id, hbus_order_status status);

#endif
