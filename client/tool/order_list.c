#include "client/tool/list.h"

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command;
  outcome outcome = peer_command(self, arguments, HBUS_GET_OPEN_ORDERS, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  return list_run(self, arguments, &command, 0, list_order_columns, list_order_column_count, "no open orders");
}

const verb verb_order_list = {.name = "order list",
                              .parameters = "EXCHANGE MARKET",
                              .summary = "The open orders of a market, everyone's",
                              .positionals_min = 2,
                              .positionals_max = 2,
                              .run = s_run};
