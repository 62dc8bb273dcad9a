#include "client/tool/list.h"
#include "client/tool/order_id.h"

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command;
  outcome outcome = order_id_command(self, arguments, HBUS_GET_ORDER, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  return list_run(self, arguments, &command, 0, list_order_columns, list_order_column_count, "no such order");
}

const verb verb_order_status = {.name = "order status",
                                .parameters = "EXCHANGE MARKET [ORDER_ID]",
                                .summary = "An order as it is now",
                                .details = "The order is named by ORDER_ID, or by --id if it is one of --name's own.",
                                .options = ARGUMENT_ID,
                                .positionals_min = 2,
                                .positionals_max = 3,
                                .run = s_run};
