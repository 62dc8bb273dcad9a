#include "client/tool/list.h"

static outcome s_run(const verb *self, const arguments *arguments) {
  static const table_column columns[] = {
      {"EXCHANGE", "exchange", false}, {"MARKET", "market", false}, {"BID", "bid", true}, {"ASK", "ask", true},
      {"LAST", "last", true},          {"VOLUME", "volume", true}};
  hbus_command command;
  outcome outcome = peer_command(self, arguments, HBUS_GET_TICKER, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  return list_run(self, arguments, &command, 0, columns, sizeof(columns) / sizeof(columns[0]), "no ticker");
}

const verb verb_ticker = {.name = "ticker",
                          .parameters = "EXCHANGE MARKET",
                          .summary = "Best bid and ask, last price and volume of a market, now",
                          .positionals_min = 2,
                          .positionals_max = 2,
                          .run = s_run};
