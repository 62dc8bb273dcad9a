#include <string.h>

#include "client/tool/list.h"

static hbus_status s_read(const arguments *arguments, hbus_command *command, hbus_error *error) {
  const char *client_order_id = arguments->positionals[0];
  size_t size = strlen(client_order_id);
  if (size == 0 || size > HBUS_CLIENT_ORDER_ID_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "CLIENT_ORDER_ID: expected 1 to %d bytes", HBUS_CLIENT_ORDER_ID_MAX);
  if (arguments->failed == (arguments->order_id != NULL))
    return hbus_fail(error, HBUS_INVALID_REQUEST, "what is it? expected --order-id ORDER_ID or --failed");
  memcpy(command->client_order_id, client_order_id, size + 1);
  if (arguments->failed) command->order_status = HBUS_FAILED;
  if (arguments->order_id != NULL) memcpy(command->order_id, arguments->order_id, strlen(arguments->order_id) + 1);
  peer_set_owner(arguments, command);
  return HBUS_OK;
}

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command = {.kind = HBUS_RESOLVE_ORDER};
  hbus_error error = {0};
  if (s_read(arguments, &command, &error) != HBUS_OK) return peer_report_usage(self, &error);
  return list_run(self, arguments, &command, 0, list_placed_columns, list_placed_column_count, "resolved");
}

const verb verb_order_resolve = {
    .name = "order resolve",
    .parameters = "CLIENT_ORDER_ID",
    .summary = "Settles an unknown order that the broker cannot",
    .details =
        "Look at the exchange first, and at the order's candidates (\"hbus order list --json\"). Then say which of\n"
        "the exchange's orders it is (--order-id), or that it never became one (--failed). One that is called\n"
        "failed and is live will trade.",
    .options = ARGUMENT_OWNER | ARGUMENT_RESOLUTION,
    .positionals_min = 1,
    .positionals_max = 1,
    .run = s_run};
