/* Requests of the native dialect, byte for byte. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "native_vectors.h"
#include "proto/names.h"
#include "proto/upstream/native/native.h"

#define VECTORS HBUS_TESTS_DIR "/vectors/native/requests.jsonl"

static buffer s_out;

static void s_setup(void) {
  buffer_init(&s_out, 1 << 16);
}
static void s_teardown(void) {
  buffer_free(&s_out);
}

TestSuite(native_encode, .init = s_setup, .fini = s_teardown);

static void s_set_text(const json_node *arguments, const char *key, char *out) {
  const json_node *node = json_get(arguments, key);
  if (node == NULL) return;
  memcpy(out, node->text, node->size);
  out[node->size] = '\0';
}

static void s_set_decimal(const json_node *arguments, const char *key, hbus_decimal *out) {
  const json_node *node = json_get(arguments, key);
  if (node != NULL) cr_assert_eq(hbus_decimal_parse(node->text, node->size, out), HBUS_OK);
}

static unsigned s_find(const json_node *arguments, const char *key, const name_table *names) {
  const json_node *node = json_get(arguments, key);
  return node != NULL ? name_find(names, node->text, node->size) : 0;
}

static uint64_t s_number(const json_node *arguments, const char *key) {
  const json_node *node = json_get(arguments, key);
  return node != NULL ? strtoull(node->text, NULL, 10) : 0;
}

static hbus_command s_command(const json_node *arguments) {
  hbus_command command = {0};
  command.kind = s_find(arguments, "cmd", &names_command);
  command.side = s_find(arguments, "side", &names_side);
  command.order_type = s_find(arguments, "order_type", &names_order_type);
  command.market_type = s_find(arguments, "market_type", &names_market_type);
  command.position_action = s_find(arguments, "position_action", &names_position_action);
  command.channel = s_find(arguments, "channel", &names_channel);
  command.depth = s_number(arguments, "depth");
  command.limit = s_number(arguments, "limit");
  s_set_text(arguments, "exchange", command.exchange);
  s_set_text(arguments, "market", command.market);
  s_set_text(arguments, "order_id", command.order_id);
  s_set_text(arguments, "client_order_id", command.client_order_id);
  s_set_text(arguments, "account", command.account);
  s_set_decimal(arguments, "amount", &command.amount);
  s_set_decimal(arguments, "price", &command.price);
  s_set_decimal(arguments, "stop_price", &command.stop_price);
  return command;
}

static void s_check_vector(const json_node *vector) {
  char *name = native_vectors_string(vector, "name");
  char *id = native_vectors_string(vector, "id");
  char *frame = native_vectors_string(vector, "frame");
  hbus_status status;
  buffer_reset(&s_out);
  if (json_get(vector, "api_key") != NULL) {
    char *api_key = native_vectors_string(vector, "api_key");
    status = native_encode_authenticate(&s_out, id, api_key);
    free(api_key);
  } else {
    char *upstream_id = native_vectors_string(vector, "upstream_id");
    hbus_command command = s_command(json_get(vector, "command"));
    status = native_encode(&s_out, id, &command, upstream_id);
    free(upstream_id);
  }
  cr_assert_eq(status, HBUS_OK, "%s: %s", name, hbus_status_name(status));
  cr_expect(s_out.size == strlen(frame) && memcmp(s_out.data, frame, s_out.size) == 0, "%s: what came out is\t%.*s",
            name, (int)s_out.size, (const char *)s_out.data);
  free(name);
  free(id);
  free(frame);
}

Test(native_encode, writes_every_request_of_the_dialect) {
  native_vectors_each(VECTORS, 18, s_check_vector);
}

static hbus_command s_limit_order(void) {
  hbus_command command = {.kind = HBUS_CREATE_ORDER,
                          .exchange = "binance",
                          .market = "ETH-USD",
                          .side = HBUS_BUY,
                          .order_type = HBUS_LIMIT};
  hbus_decimal_parse("1.50", 4, &command.amount);
  hbus_decimal_parse("2000.0", 6, &command.price);
  return command;
}

Test(native_encode, refuses_commands_that_the_dialect_has_not) {
  static const hbus_command_kind kinds[] = {HBUS_COMMAND_NONE, HBUS_HELLO,        HBUS_PING,    HBUS_STATUS,
                                            HBUS_CANCEL_ALL,   HBUS_SET_LEVERAGE, HBUS_PUBLISH, HBUS_HALT};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    hbus_command command = s_limit_order();
    command.kind = kinds[i];
    cr_expect_eq(native_encode(&s_out, "1", &command, ""), HBUS_UNSUPPORTED, "kind %d", (int)kinds[i]);
  }
  hbus_command command = s_limit_order();
  command.order_type = HBUS_LIMIT_MAKER;
  cr_expect_eq(native_encode(&s_out, "1", &command, ""), HBUS_UNSUPPORTED);
  cr_expect_eq(s_out.size, 0);
}

Test(native_encode, never_writes_half_a_request) {
  hbus_command command = s_limit_order();
  cr_assert_eq(native_encode(&s_out, "1", &command, ""), HBUS_OK);
  size_t size = s_out.size;

  hbus_command missing[] = {command, command, command, command, command};
  missing[0].exchange[0] = '\0';
  missing[1].market[0] = '\0';
  missing[2].side = HBUS_SIDE_NONE;
  missing[3].order_type = HBUS_ORDER_TYPE_NONE;
  missing[4].amount.size = 0;
  for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
    cr_expect_eq(native_encode(&s_out, "1", &missing[i], ""), HBUS_INVALID_REQUEST, "row %zu", i);
    cr_expect_eq(s_out.size, size);
  }
  buffer small;
  buffer_init(&small, size - 1);
  cr_expect_eq(native_encode(&small, "1", &command, ""), HBUS_TOO_BIG);
  cr_expect_eq(small.size, 0);
  buffer_free(&small);
}

Test(native_encode, appends) {
  hbus_command command = s_limit_order();
  cr_assert_eq(native_encode(&s_out, "1", &command, ""), HBUS_OK);
  size_t size = s_out.size;
  cr_assert_eq(native_encode(&s_out, "1", &command, ""), HBUS_OK);
  cr_assert_eq(s_out.size, 2 * size);
  cr_assert_eq(memcmp(s_out.data, s_out.data + size, size), 0);
}
