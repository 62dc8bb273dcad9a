#include "client/tool/list.h"

static outcome s_run(const verb *self, const arguments *arguments) {
  static const table_column columns[] = {
      {"EXCHANGE", "exchange", false}, {"MARKET", "market", false},          {"SIDE", "side", false},
      {"AMOUNT", "amount", true},      {"ENTRY PRICE", "entry_price", true}, {"UNREALIZED PNL", "unrealized_pnl", true},
      {"LEVERAGE", "leverage", true}};
  hbus_command command;
  outcome outcome = peer_command(self, arguments, HBUS_GET_POSITIONS, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  return list_run(self, arguments, &command, 0, columns, sizeof(columns) / sizeof(columns[0]), "no positions");
}

const verb verb_positions = {.name = "positions",
                             .parameters = "EXCHANGE",
                             .summary = "Open positions on an exchange",
                             .positionals_min = 1,
                             .positionals_max = 1,
                             .run = s_run};
