#include "client/tool/list.h"

#define ORDERS_DEFAULT 50

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command;
  outcome outcome = peer_command(self, arguments, HBUS_GET_ORDER_HISTORY, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  size_t limit = arguments->limit == 0 ? ORDERS_DEFAULT : arguments->limit;
  return list_run(self, arguments, &command, limit, list_order_columns, list_order_column_count, "no orders");
}

const verb verb_order_history = {.name = "order history",
                                 .parameters = "EXCHANGE MARKET",
                                 .summary = "The last orders of a market, open ones and those that ended",
                                 .options = ARGUMENT_LIMIT,
                                 .positionals_min = 2,
                                 .positionals_max = 2,
                                 .run = s_run};
