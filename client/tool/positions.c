#include "client/tool/list.h"

static const table_column s_upstream[] = {
    {"EXCHANGE", "exchange", false}, {"MARKET", "market", false},          {"SIDE", "side", false},
    {"AMOUNT", "amount", true},      {"ENTRY PRICE", "entry_price", true}, {"UNREALIZED PNL", "unrealized_pnl", true},
    {"LEVERAGE", "leverage", true}};

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command;
  outcome outcome = peer_command(self, arguments, HBUS_GET_POSITIONS, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  hbus_error error = {0};
  command.source = (hbus_position_source)arguments->source;
  peer_set_owner(arguments, &command);
  if (command.source == HBUS_POSITION_FILLS)
    return list_run(self, arguments, &command, 0, list_fill_position_columns, list_fill_position_column_count,
                    arguments->owner == NULL ? "no fills of its own; --owner says whose else" : "no fills");
  if (arguments->positional_count > 0 && arguments->owner == NULL)
    return list_run(self, arguments, &command, 0, s_upstream, sizeof(s_upstream) / sizeof(s_upstream[0]),
                    "no positions");
  (void)hbus_fail(&error, HBUS_INVALID_REQUEST, "%s",
                  arguments->owner == NULL ? "expected EXCHANGE" : "--owner goes with --source fills");
  return peer_report_usage(self, &error);
}

const verb verb_positions = {
    .name = "positions",
    .parameters = "[EXCHANGE [MARKET]]",
    .summary = "Positions that an exchange has, or that fills made",
    .details = "With --source fills: what the broker makes of the fills of --name's orders, or of --owner's, with\n"
               "realized profit before fees, and what live orders may still buy and sell. EXCHANGE may be left out.",
    .options = ARGUMENT_SOURCE | ARGUMENT_OWNER,
    .positionals_min = 0,
    .positionals_max = 2,
    .run = s_run};
