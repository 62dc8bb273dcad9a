#include "client/tool/list.h"

#include "client/tool/json.h"

#define PLACE_COLUMNS 2

const table_column list_placed_columns[] = {
    {"EXCHANGE", "exchange", false},
    {"MARKET", "market", false},
    {"ORDER ID", "order_id", false},
    {"CLIENT ORDER ID", "client_order_id", false},
    {"OWNER", "owner", false},
    {"STATUS", "status", false},
    {"SIDE", "side", false},
    {"TYPE", "order_type", false},
    {"PRICE", "price", true},
    {"STOP", "stop_price", true},
    {"AMOUNT", "amount", true},
    {"FILLED", "filled", true},
    {"CANCEL", "cancel_requested", false},
};
const unsigned list_placed_column_count = sizeof(list_placed_columns) / sizeof(list_placed_columns[0]);
const table_column *const list_order_columns = list_placed_columns + PLACE_COLUMNS;
const unsigned list_order_column_count = sizeof(list_placed_columns) / sizeof(list_placed_columns[0]) - PLACE_COLUMNS;

const table_column list_balance_columns[] = {{"EXCHANGE", "exchange", false},
                                             {"ASSET", "asset", false},
                                             {"TOTAL", "total", true},
                                             {"AVAILABLE", "available", true}};
const unsigned list_balance_column_count = sizeof(list_balance_columns) / sizeof(list_balance_columns[0]);

const table_column list_fill_position_columns[] = {
    {"OWNER", "owner", false},
    {"EXCHANGE", "exchange", false},
    {"MARKET", "market", false},
    {"SIDE", "side", false},
    {"AMOUNT", "amount", true},
    {"ENTRY PRICE", "entry_price", true},
    {"REALIZED PNL", "realized_pnl", true},
    {"UNPRICED", "unpriced", true},
    {"WORKING BUY", "working_buy", true},
    {"WORKING SELL", "working_sell", true},
};
const unsigned list_fill_position_column_count =
    sizeof(list_fill_position_columns) / sizeof(list_fill_position_columns[0]);

static void s_print_json(const msgpack_object *record, void *context) {
  (void)context;
  json_print(record);
}

outcome list_run(const verb *verb, const arguments *arguments, hbus_command *command, size_t limit,
                 const table_column *columns, unsigned column_count, const char *empty) {
  if (arguments->json) return peer_fetch(verb, arguments, command, limit, s_print_json, NULL);
  table *rows = table_new(columns, column_count);
  if (rows == NULL) return OUTCOME_REFUSED;
  outcome outcome = peer_fetch(verb, arguments, command, limit, table_add, rows);
  if (outcome == OUTCOME_DONE) table_print(rows, empty);
  table_destroy(&rows);
  return outcome;
}

void list_print_one(const arguments *arguments, const table_column *columns, unsigned column_count, hbus_bytes data) {
  table *rows = table_new(columns, column_count);
  msgpack_unpacked unpacked;
  bool can_read = peer_unpack(data, &unpacked, NULL) == HBUS_OK;
  if (can_read && arguments->json) {
    json_print(&unpacked.data);
  } else if (can_read && rows != NULL) {
    table_add(&unpacked.data, rows);
    table_print(rows, "");
  }
  msgpack_unpacked_destroy(&unpacked);
  table_destroy(&rows);
}
