#include "client/tool/list.h"

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command;
  outcome outcome = peer_command(self, arguments, HBUS_GET_BALANCES, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  return list_run(self, arguments, &command, 0, list_balance_columns, list_balance_column_count, "no balances");
}

const verb verb_balances = {.name = "balances",
                            .parameters = "EXCHANGE",
                            .summary = "What an account holds on an exchange",
                            .positionals_min = 1,
                            .positionals_max = 1,
                            .run = s_run};
