#include "client/tool/list.h"

static outcome s_run(const verb *self, const arguments *arguments) {
  static const table_column columns[] = {{"EXCHANGE", "exchange", false},
                                         {"ASSET", "asset", false},
                                         {"TOTAL", "total", true},
                                         {"AVAILABLE", "available", true}};
  hbus_command command;
  outcome outcome = peer_command(self, arguments, HBUS_GET_BALANCES, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  return list_run(self, arguments, &command, 0, columns, sizeof(columns) / sizeof(columns[0]), "no balances");
}

const verb verb_balances = {.name = "balances",
                            .parameters = "EXCHANGE",
                            .summary = "What an account holds on an exchange",
                            .positionals_min = 1,
                            .positionals_max = 1,
                            .run = s_run};
