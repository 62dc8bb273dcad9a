#include "fixture.h"

#include <criterion/criterion.h>
#include <string.h>

hbus_options fixture_options(const fake_broker *broker) {
  hbus_options options;
  hbus_options_init(&options);
  options.commands_endpoint = broker->commands;
  options.market_endpoint = broker->market;
  options.private_endpoint = broker->private_;
  options.name = "test";
  options.recover_orders = false; /* what the script does not expect */
  options.repair = false;         /* likewise */
  return options;
}

hbus_client *fixture_connect(const fake_broker *broker) {
  hbus_options options = fixture_options(broker);
  hbus_client *client = NULL;
  hbus_error error = {0};
  hbus_status status = hbus_client_connect(&options, &client, &error);
  cr_assert_eq(status, HBUS_OK, "%s", error.text);
  return client;
}

const hbus_command *fixture_last(const fake_broker *broker) {
  cr_assert_gt(broker->received_count, 0u);
  return &fake_received(broker, broker->received_count - 1)->command;
}

static int s_write(void *data, const char *bytes, size_t size) {
  return buffer_append(data, bytes, size) == HBUS_OK ? 0 : -1;
}

void fixture_packer(msgpack_packer *packer, buffer *out) {
  buffer_init(out, HBUS_FRAME_MAX);
  msgpack_packer_init(packer, out, s_write);
}

void fixture_pack_text(msgpack_packer *packer, const char *text) {
  msgpack_pack_str_with_body(packer, text, strlen(text));
}

hbus_decimal fixture_decimal(const char *text) {
  hbus_decimal decimal;
  cr_assert_eq(hbus_decimal_parse(text, strlen(text), &decimal), HBUS_OK);
  return decimal;
}
