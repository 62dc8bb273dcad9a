#include "broker/command/handler.h"

static const handler s_handlers[HBUS_COMMAND_COUNT] = {
    [HBUS_HELLO] = {handle_hello, false},
    [HBUS_PING] = {handle_ping, false},
    [HBUS_STATUS] = {handle_status, false},
    [HBUS_CREATE_ORDER] = {handle_create_order, true},
    [HBUS_CANCEL_ORDER] = {handle_cancel_order, true},
    [HBUS_GET_ORDER] = {handle_get_order, false}, /* what the broker knows itself, it tells with the link down */
    [HBUS_GET_OPEN_ORDERS] = {handle_query, true},
    [HBUS_GET_ORDER_HISTORY] = {handle_query, true},
    [HBUS_GET_ORDER_BOOK] = {handle_query, true},
    [HBUS_GET_TICKER] = {handle_query, true},
    [HBUS_GET_BALANCES] = {handle_query, true},
    [HBUS_GET_POSITIONS] = {handle_query, true},
    [HBUS_SUBSCRIBE] = {handle_subscribe, true},
    [HBUS_UNSUBSCRIBE] = {handle_unsubscribe, false},
};

const handler *handler_of(hbus_command_kind kind) {
  return s_handlers[kind].run ? &s_handlers[kind] : NULL;
}
