#include "client/tool/list.h"

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command;
  outcome outcome = peer_command(self, arguments, HBUS_GET_OPEN_ORDERS, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  hbus_error error = {0};
  if (arguments->positional_count == 1) {
    (void)hbus_fail(&error, HBUS_INVALID_REQUEST, "expected EXCHANGE MARKET, or neither for all markets");
    return peer_report_usage(self, &error);
  }
  bool is_everywhere = arguments->positional_count == 0;
  return list_run(self, arguments, &command, 0, is_everywhere ? list_placed_columns : list_order_columns,
                  is_everywhere ? list_placed_column_count : list_order_column_count, "no open orders");
}

const verb verb_order_list = {
    .name = "order list",
    .parameters = "[EXCHANGE MARKET]",
    .summary = "The open orders of a market, or of all",
    .details =
        "Of a market: what Hummingbot lists. Of all: what the broker knows, pending and unknown orders too. Only\n"
        "--name's own, unless that name may reach all (access.reach_all of the broker), as hbus may.",
    .positionals_min = 0,
    .positionals_max = 2,
    .run = s_run};
