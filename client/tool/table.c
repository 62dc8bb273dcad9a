#include "client/tool/table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/tool/peer.h"

struct table {
  const table_column *columns;
  unsigned column_count;
  char **cells; /* row by row */
  size_t cell_count;
  size_t cell_capacity;
  int widths[TABLE_COLUMNS_MAX];
};

table *table_new(const table_column *columns, unsigned count) {
  assert(count <= TABLE_COLUMNS_MAX);
  table *self = calloc(1, sizeof(*self));
  if (self == NULL) return NULL;
  self->columns = columns;
  self->column_count = count;
  for (unsigned i = 0; i < count; i++)
    self->widths[i] = (int)strlen(columns[i].title);
  return self;
}

void table_destroy(table **self) {
  if (*self == NULL) return;
  for (size_t i = 0; i < (*self)->cell_count; i++)
    free((*self)->cells[i]);
  free((*self)->cells);
  free(*self);
  *self = NULL;
}

/* The value as text, for the caller to free; NULL: no memory. */
static char *s_text_of(const msgpack_object *value) {
  char *text = NULL;
  int rc = 0;
  if (value == NULL)
    rc = asprintf(&text, "-");
  else if (value->type == MSGPACK_OBJECT_STR)
    rc = asprintf(&text, "%.*s", (int)value->via.str.size, value->via.str.ptr);
  else if (value->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
    rc = asprintf(&text, "%" PRIu64, value->via.u64);
  else if (value->type == MSGPACK_OBJECT_BOOLEAN)
    rc = asprintf(&text, "%s", value->via.boolean ? "yes" : "no");
  else
    rc = asprintf(&text, "?");
  return rc < 0 ? NULL : text;
}

void table_add(const msgpack_object *record, void *context) {
  table *self = context;
  for (unsigned i = 0; i < self->column_count; i++) {
    if (self->cell_count == self->cell_capacity) {
      size_t capacity = self->cell_capacity == 0 ? 256 : self->cell_capacity * 2;
      char **cells = realloc(self->cells, capacity * sizeof(*cells));
      if (cells == NULL) return;
      self->cells = cells;
      self->cell_capacity = capacity;
    }
    char *text = s_text_of(peer_get(record, self->columns[i].key));
    int width = text == NULL ? 0 : (int)strlen(text);
    if (width > self->widths[i]) self->widths[i] = width;
    self->cells[self->cell_count++] = text;
  }
}

static void s_print_cell(const table *self, unsigned column, const char *text) {
  bool is_last = column + 1 == self->column_count;
  int width = self->widths[column];
  if (self->columns[column].is_number)
    (void)printf("%*s%s", width, text, is_last ? "\n" : "  ");
  else if (is_last)
    (void)printf("%s\n", text);
  else
    (void)printf("%-*s  ", width, text);
}

void table_print(const table *self, const char *empty) {
  if (self->cell_count < self->column_count) {
    (void)puts(empty);
    return;
  }
  for (unsigned i = 0; i < self->column_count; i++)
    s_print_cell(self, i, self->columns[i].title);
  for (size_t i = 0; i < self->cell_count; i++)
    s_print_cell(self, (unsigned)(i % self->column_count), self->cells[i] == NULL ? "?" : self->cells[i]);
}
