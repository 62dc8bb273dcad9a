#include "broker/command/handler.h"

static const handler s_handlers[HBUS_COMMAND_COUNT] = {
    [HBUS_HELLO] = {handle_hello, NEEDS_NOTHING, TELLS_NOTHING_PRIVATE},
    [HBUS_PING] = {handle_ping, NEEDS_NOTHING, TELLS_NOTHING_PRIVATE},
    [HBUS_STATUS] = {handle_status, NEEDS_NOTHING, TELLS_NOTHING_PRIVATE},
    [HBUS_CREATE_ORDER] = {handle_create_order, NEEDS_UP_LINK, TELLS_PRIVATE},
    /* Kept until they can be sent. */
    [HBUS_CANCEL_ORDER] = {handle_cancel_order, NEEDS_NOTHING, TELLS_PRIVATE},
    [HBUS_CANCEL_ALL] = {handle_cancel_all, NEEDS_NOTHING, TELLS_PRIVATE},
    /* What the broker knows itself, it tells with the link down. */
    [HBUS_GET_ORDER] = {handle_get_order, NEEDS_NOTHING, TELLS_PRIVATE},
    [HBUS_GET_OPEN_ORDERS] = {handle_open_orders, NEEDS_NOTHING, TELLS_PRIVATE},
    [HBUS_RESOLVE_ORDER] = {handle_resolve_order, NEEDS_NOTHING, TELLS_PRIVATE},
    [HBUS_GET_ORDER_HISTORY] = {handle_query, NEEDS_OPEN_LINK, TELLS_PRIVATE},
    [HBUS_GET_ORDER_BOOK] = {handle_query, NEEDS_OPEN_LINK, TELLS_NOTHING_PRIVATE},
    [HBUS_GET_TICKER] = {handle_query, NEEDS_OPEN_LINK, TELLS_NOTHING_PRIVATE},
    [HBUS_GET_BALANCES] = {handle_query, NEEDS_OPEN_LINK, TELLS_NOTHING_PRIVATE},
    [HBUS_GET_POSITIONS] = {handle_get_positions, NEEDS_NOTHING, TELLS_PRIVATE}, /* those that fills have made */
    [HBUS_SUBSCRIBE] = {handle_subscribe, NEEDS_OPEN_LINK, TELLS_NOTHING_PRIVATE},
    [HBUS_UNSUBSCRIBE] = {handle_unsubscribe, NEEDS_NOTHING, TELLS_NOTHING_PRIVATE},
    [HBUS_PUBLISH] = {handle_publish, NEEDS_NOTHING, TELLS_PRIVATE},
    [HBUS_SNAPSHOT] = {handle_snapshot, NEEDS_NOTHING, TELLS_PRIVATE},
    [HBUS_SEQUENCES] = {handle_sequences, NEEDS_NOTHING, TELLS_NOTHING_PRIVATE},
    [HBUS_REPLAY] = {handle_replay, NEEDS_NOTHING, TELLS_NOTHING_PRIVATE},
};

const handler *handler_of(hbus_command_kind kind) {
  return s_handlers[kind].run ? &s_handlers[kind] : NULL;
}
