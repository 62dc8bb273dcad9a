#include "client/tool/order_id.h"

#include <string.h>

outcome order_id_command(const verb *verb, const arguments *arguments, hbus_command_kind kind, hbus_command *out) {
  outcome outcome = peer_command(verb, arguments, kind, out);
  if (outcome != OUTCOME_DONE) return outcome;
  const char *order_id = arguments->positional_count > 2 ? arguments->positionals[2] : "";
  hbus_error error = {0};
  if (*order_id == '\0' && arguments->client_order_id == NULL) {
    (void)hbus_fail(&error, HBUS_INVALID_REQUEST, "which order? expected ORDER_ID or --id CLIENT_ORDER_ID");
    return peer_report_usage(verb, &error);
  }
  if (strlen(order_id) > HBUS_ORDER_ID_MAX) {
    (void)hbus_fail(&error, HBUS_INVALID_REQUEST, "ORDER_ID has more than %d bytes", HBUS_ORDER_ID_MAX);
    return peer_report_usage(verb, &error);
  }
  memcpy(out->order_id, order_id, strlen(order_id) + 1);
  if (arguments->client_order_id != NULL)
    memcpy(out->client_order_id, arguments->client_order_id, strlen(arguments->client_order_id) + 1);
  return OUTCOME_DONE;
}
