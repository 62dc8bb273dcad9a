/* The commands and their arguments. */
#include "proto/command_table.h"

#include <assert.h>

static const field s_fields[COMMAND_KEY_COUNT] = {
    [COMMAND_KEY_V] = {.key = "v", .key_size = 1, .type = FIELD_VERSION},
    [COMMAND_KEY_ID] = FIELD_NAME_ROW(hbus_command, id, 0),
    [COMMAND_KEY_CMD] = FIELD_ROW(hbus_command, kind, "cmd", .type = FIELD_OPEN_ENUM, .names = &names_command),
    [COMMAND_KEY_EXPIRES] = FIELD_UNSIGNED_ROW(hbus_command, expires_ms, "expires", UINT64_MAX, 0),
    [COMMAND_KEY_NAME] = FIELD_NAME_ROW(hbus_command, name, 0),
    [COMMAND_KEY_EXCHANGE] = FIELD_NAME_ROW(hbus_command, exchange, 0),
    [COMMAND_KEY_MARKET] = FIELD_NAME_ROW(hbus_command, market, 0),
    [COMMAND_KEY_ORDER_ID] = FIELD_NAME_ROW(hbus_command, order_id, 0),
    [COMMAND_KEY_CLIENT_ORDER_ID] = FIELD_NAME_ROW(hbus_command, client_order_id, 0),
    [COMMAND_KEY_SIDE] = FIELD_ENUM_ROW(hbus_command, side, names_side, 0),
    [COMMAND_KEY_ORDER_TYPE] = FIELD_ENUM_ROW(hbus_command, order_type, names_order_type, 0),
    [COMMAND_KEY_AMOUNT] = FIELD_DECIMAL_ROW(hbus_command, amount, 0),
    [COMMAND_KEY_PRICE] = FIELD_DECIMAL_ROW(hbus_command, price, 0),
    [COMMAND_KEY_STOP_PRICE] = FIELD_DECIMAL_ROW(hbus_command, stop_price, 0),
    [COMMAND_KEY_MARKET_TYPE] = FIELD_ENUM_ROW(hbus_command, market_type, names_market_type, 0),
    [COMMAND_KEY_ACCOUNT] = FIELD_NAME_ROW(hbus_command, account, 0),
    [COMMAND_KEY_POSITION_ACTION] = FIELD_ENUM_ROW(hbus_command, position_action, names_position_action, 0),
    [COMMAND_KEY_CHANNEL] = FIELD_ENUM_ROW(hbus_command, channel, names_channel, 0),
    [COMMAND_KEY_OWNER] = FIELD_NAME_ROW(hbus_command, owner, 0),
    [COMMAND_KEY_CANCEL_ON_DISCONNECT] =
        FIELD_ROW(hbus_command, cancel_on_disconnect, "cancel_on_disconnect", .type = FIELD_FLAG),
    [COMMAND_KEY_GRACE_MS] =
        FIELD_ROW(hbus_command, grace_ms, "grace_ms", .type = FIELD_UNSIGNED, .min = 1, .max = HBUS_GRACE_MAX_MS),
    [COMMAND_KEY_STATUS] =
        FIELD_ROW(hbus_command, order_status, "status", .type = FIELD_ENUM, .names = &names_order_status),
    [COMMAND_KEY_SOURCE] = FIELD_ENUM_ROW(hbus_command, source, names_position_source, 0),
    [COMMAND_KEY_DEPTH] =
        FIELD_ROW(hbus_command, depth, "depth", .type = FIELD_UNSIGNED, .min = 1, .max = HBUS_BOOK_LEVELS_MAX),
    [COMMAND_KEY_LIMIT] =
        FIELD_ROW(hbus_command, limit, "limit", .type = FIELD_UNSIGNED, .min = 1, .max = HBUS_HISTORY_MAX),
    [COMMAND_KEY_CURSOR] = FIELD_NAME_ROW(hbus_command, cursor, 0),
    [COMMAND_KEY_STREAM] = FIELD_ENUM_ROW(hbus_command, stream, names_stream, 0),
    [COMMAND_KEY_TOPIC] = FIELD_NAME_ROW(hbus_command, topic, 0),
    [COMMAND_KEY_FROM] = FIELD_NUMBER_ROW(hbus_command, from, "from", 0),
    [COMMAND_KEY_TO] = FIELD_NUMBER_ROW(hbus_command, to, "to", 0),
    [COMMAND_KEY_EPOCH] = FIELD_NUMBER_ROW(hbus_command, epoch, "epoch", 0),
    [COMMAND_KEY_BALANCES] = FIELD_ROW(hbus_command, balances, "balances", .type = FIELD_FLAG),
    [COMMAND_KEY_PREFIXES] =
        FIELD_ROW(hbus_command, prefixes, "prefixes", .type = FIELD_ARRAY, .max = HBUS_PREFIXES_MAX),
    [COMMAND_KEY_ACKS] = FIELD_ROW(hbus_command, acks, "acks", .type = FIELD_ARRAY, .max = HBUS_ACKS_MAX),
    [COMMAND_KEY_DATA] = FIELD_ROW(hbus_command, data, "data", .type = FIELD_RAW, .max = HBUS_SIGNAL_MAX),
};

const field_table command_fields = {s_fields, COMMAND_KEY_COUNT};

#define A(key)       COMMAND_KEY_BIT(key)
#define PLACE        (A(EXCHANGE) | A(MARKET))
#define ORDER_NAME   (A(ORDER_ID) | A(CLIENT_ORDER_ID))
#define OF_ACCOUNT   (A(ACCOUNT) | A(MARKET_TYPE))
#define PAGE         (A(LIMIT) | A(CURSOR))
#define ANY_ARGUMENT (((field_set)1 << COMMAND_KEY_COUNT) - 1 - COMMAND_ENVELOPE)

static const command_rule s_rules[HBUS_COMMAND_COUNT] = {
    [HBUS_HELLO] = {.required = A(NAME), .optional = A(CANCEL_ON_DISCONNECT) | A(GRACE_MS)},
    [HBUS_PING] = {.optional = A(ACKS)},
    [HBUS_STATUS] = {0},
    [HBUS_CREATE_ORDER] = {.required = PLACE | A(CLIENT_ORDER_ID) | A(SIDE) | A(ORDER_TYPE) | A(AMOUNT),
                           .optional = A(PRICE) | A(STOP_PRICE) | OF_ACCOUNT | A(POSITION_ACTION),
                           .side_effects = true},
    [HBUS_CANCEL_ORDER] = {.required = PLACE, .one_of = ORDER_NAME, .optional = OF_ACCOUNT, .side_effects = true},
    [HBUS_GET_ORDER] = {.required = PLACE, .one_of = ORDER_NAME, .optional = OF_ACCOUNT},
    /* Without a market: what the broker knows of all of them. */
    [HBUS_GET_OPEN_ORDERS] = {.optional = PLACE | PAGE | OF_ACCOUNT},
    [HBUS_GET_ORDER_HISTORY] = {.required = PLACE, .optional = PAGE | OF_ACCOUNT},
    [HBUS_GET_ORDER_BOOK] = {.required = PLACE, .optional = A(DEPTH) | A(MARKET_TYPE)},
    [HBUS_GET_TICKER] = {.required = PLACE, .optional = A(MARKET_TYPE)},
    [HBUS_GET_BALANCES] = {.required = A(EXCHANGE), .optional = PAGE | A(ACCOUNT)},
    [HBUS_GET_POSITIONS] = {.optional = PLACE | PAGE | A(ACCOUNT) | A(SOURCE) | A(OWNER)},
    [HBUS_SUBSCRIBE] = {.required = A(CHANNEL) | PLACE, .side_effects = true},
    [HBUS_UNSUBSCRIBE] = {.required = A(CHANNEL) | PLACE, .side_effects = true},
    [HBUS_CANCEL_ALL] = {.optional = PLACE | A(SIDE) | A(OWNER), .side_effects = true},
    [HBUS_RESOLVE_ORDER] = {.required = A(CLIENT_ORDER_ID),
                            .one_of = A(ORDER_ID) | A(STATUS),
                            .optional = A(OWNER),
                            .side_effects = true},
    [HBUS_PUBLISH] = {.required = A(NAME) | A(DATA), .side_effects = true},
    [HBUS_SNAPSHOT] = {.optional = PLACE | A(BALANCES) | PAGE},
    [HBUS_SEQUENCES] = {.required = A(STREAM) | A(PREFIXES), .optional = PAGE},
    [HBUS_REPLAY] = {.required = A(STREAM) | A(TOPIC) | A(FROM) | A(TO), .optional = A(EPOCH)},
    /* Not served yet: each takes whatever it is given, its answer is UNSUPPORTED. */
    [HBUS_SET_LEVERAGE] = {.optional = ANY_ARGUMENT, .side_effects = true},
    [HBUS_SET_POSITION_MODE] = {.optional = ANY_ARGUMENT, .side_effects = true},
    [HBUS_HALT] = {.optional = ANY_ARGUMENT, .side_effects = true},
    [HBUS_RESUME] = {.optional = ANY_ARGUMENT, .side_effects = true},
    [HBUS_GET_LIMITS] = {.optional = ANY_ARGUMENT},
    [HBUS_SET_LIMITS] = {.optional = ANY_ARGUMENT, .side_effects = true},
};

const command_rule *command_rule_of(hbus_command_kind kind) {
  assert(kind > HBUS_COMMAND_NONE && kind < HBUS_COMMAND_COUNT);
  return &s_rules[kind];
}

field_set command_rule_arguments(const command_rule *self) {
  return self->required | self->one_of | self->optional;
}
