/* What the verbs that list records have in common: as a table, or as JSON line by line. */
#ifndef TOOL_LIST_H
#define TOOL_LIST_H

#include "client/tool/peer.h"
#include "client/tool/table.h"

/* Fetches up to `limit` records (0: all) and prints them. */
outcome list_run(const verb *verb, const arguments *arguments, hbus_command *command, size_t limit,
                 const table_column *columns, unsigned column_count, const char *empty);

/* Prints one record as list_run would. */
void list_print_one(const arguments *arguments, const table_column *columns, unsigned column_count, hbus_bytes data);

/* The columns of an order, and the same without its exchange and market. */
extern const table_column list_placed_columns[];
extern const unsigned list_placed_column_count;
extern const table_column *const list_order_columns;
extern const unsigned list_order_column_count;
/* Of a balance, and of a position that fills made. */
extern const table_column list_balance_columns[];
extern const unsigned list_balance_column_count;
extern const table_column list_fill_position_columns[];
extern const unsigned list_fill_position_column_count;

#endif
