#include "client/tool/list.h"
#include "client/tool/order_id.h"

static outcome s_run(const verb *self, const arguments *arguments) {
  static const table_column columns[] = {{"ORDER ID", "order_id", false},
                                         {"CLIENT ORDER ID", "client_order_id", false},
                                         {"CANCELLED", "cancelled", false},
                                         {"REQUESTED", "requested", false}};
  hbus_command command;
  outcome outcome = order_id_command(self, arguments, HBUS_CANCEL_ORDER, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  return list_run(self, arguments, &command, 0, columns, sizeof(columns) / sizeof(columns[0]), "cancelled");
}

const verb verb_order_cancel = {
    .name = "order cancel",
    .parameters = "EXCHANGE MARKET [ORDER_ID]",
    .summary = "Cancels an order",
    .details = "The order is named by ORDER_ID, or by --id if it is one of --name's own.\n"
               "REQUESTED: it could not be sent yet; the broker keeps it, and sends it when it can.\n"
               "Without an answer (exit status 3 or 4) it may or may not be cancelled: repeat it.",
    .options = ARGUMENT_ID,
    .positionals_min = 2,
    .positionals_max = 3,
    .run = s_run};
