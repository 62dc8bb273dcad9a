#include "proto/command_table.h"

#include <criterion/criterion.h>
#include <string.h>

Test(command_table, every_key_has_its_row) {
  static const char *keys[] = {"v",
                               "id",
                               "cmd",
                               "expires",
                               "name",
                               "exchange",
                               "market",
                               "order_id",
                               "client_order_id",
                               "side",
                               "order_type",
                               "amount",
                               "price",
                               "stop_price",
                               "market_type",
                               "account",
                               "position_action",
                               "channel",
                               "owner",
                               "cancel_on_disconnect",
                               "grace_ms",
                               "status",
                               "source",
                               "depth",
                               "limit",
                               "cursor",
                               "stream",
                               "topic",
                               "from",
                               "to",
                               "epoch",
                               "balances",
                               "prefixes",
                               "acks",
                               "data"};
  cr_assert_eq(command_fields.count, sizeof keys / sizeof keys[0]);
  for (unsigned i = 0; i < command_fields.count; i++) {
    cr_assert_str_eq(command_fields.fields[i].key, keys[i]);
    cr_assert_eq(command_fields.fields[i].key_size, strlen(keys[i]));
  }
}

Test(command_table, no_argument_is_asked_for_twice) {
  for (int kind = HBUS_COMMAND_NONE + 1; kind < HBUS_COMMAND_COUNT; kind++) {
    const command_rule *rule = command_rule_of((hbus_command_kind)kind);
    cr_assert_eq(rule->required & rule->optional, 0, "%s", hbus_command_name((hbus_command_kind)kind));
    cr_assert_eq((rule->required | rule->optional) & rule->one_of, 0);
    cr_assert_eq(command_rule_arguments(rule) & COMMAND_ENVELOPE, 0);
    cr_assert_neq(__builtin_popcountll(rule->one_of), 1, "one of one is required");
  }
}

static void s_expect(hbus_command_kind kind, field_set required, field_set one_of) {
  const command_rule *rule = command_rule_of(kind);
  cr_assert_eq(rule->required, required, "%s", hbus_command_name(kind));
  cr_assert_eq(rule->one_of, one_of, "%s", hbus_command_name(kind));
}

Test(command_table, what_each_command_must_have) {
  field_set place = COMMAND_KEY_BIT(EXCHANGE) | COMMAND_KEY_BIT(MARKET);
  field_set ids = COMMAND_KEY_BIT(ORDER_ID) | COMMAND_KEY_BIT(CLIENT_ORDER_ID);
  s_expect(HBUS_HELLO, COMMAND_KEY_BIT(NAME), 0);
  s_expect(HBUS_PING, 0, 0);
  s_expect(HBUS_STATUS, 0, 0);
  s_expect(HBUS_CREATE_ORDER,
           place | COMMAND_KEY_BIT(CLIENT_ORDER_ID) | COMMAND_KEY_BIT(SIDE) | COMMAND_KEY_BIT(ORDER_TYPE) |
               COMMAND_KEY_BIT(AMOUNT),
           0);
  s_expect(HBUS_CANCEL_ORDER, place, ids);
  s_expect(HBUS_GET_ORDER, place, ids);
  s_expect(HBUS_GET_OPEN_ORDERS, 0, 0);
  s_expect(HBUS_GET_ORDER_HISTORY, place, 0);
  s_expect(HBUS_GET_ORDER_BOOK, place, 0);
  s_expect(HBUS_GET_TICKER, place, 0);
  s_expect(HBUS_GET_BALANCES, COMMAND_KEY_BIT(EXCHANGE), 0);
  s_expect(HBUS_GET_POSITIONS, 0, 0);
  s_expect(HBUS_CANCEL_ALL, 0, 0);
  s_expect(HBUS_RESOLVE_ORDER, COMMAND_KEY_BIT(CLIENT_ORDER_ID), COMMAND_KEY_BIT(ORDER_ID) | COMMAND_KEY_BIT(STATUS));
  s_expect(HBUS_SUBSCRIBE, place | COMMAND_KEY_BIT(CHANNEL), 0);
  s_expect(HBUS_UNSUBSCRIBE, place | COMMAND_KEY_BIT(CHANNEL), 0);
  s_expect(HBUS_PUBLISH, COMMAND_KEY_BIT(NAME) | COMMAND_KEY_BIT(DATA), 0);
  s_expect(HBUS_SNAPSHOT, 0, 0);
  s_expect(HBUS_SEQUENCES, COMMAND_KEY_BIT(STREAM) | COMMAND_KEY_BIT(PREFIXES), 0);
  s_expect(HBUS_REPLAY, COMMAND_KEY_BIT(STREAM) | COMMAND_KEY_BIT(TOPIC) | COMMAND_KEY_BIT(FROM) | COMMAND_KEY_BIT(TO),
           0);
  for (int kind = HBUS_HALT; kind <= HBUS_SET_LIMITS; kind++)
    s_expect((hbus_command_kind)kind, 0, 0);
}
