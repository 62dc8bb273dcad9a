/* Records as aligned columns. Rows are kept until they are printed, since a column is as wide as its widest cell. */
#ifndef TOOL_TABLE_H
#define TOOL_TABLE_H

#include <msgpack.h>
#include <stdbool.h>

typedef struct table_column {
  const char *title;
  const char *key; /* of the record */
  bool is_number;  /* to the right */
} table_column;

#define TABLE_COLUMNS_MAX 16

typedef struct table table;

/* NULL: no memory. The columns are not copied. */
table *table_new(const table_column *columns, unsigned count);
void table_destroy(table **self);
/* Adds a record, as text; a peer_record_fn. What is absent is "-". */
void table_add(const msgpack_object *record, void *self);
/* Prints title and rows, or `empty` when there is none. */
void table_print(const table *self, const char *empty);

#endif
