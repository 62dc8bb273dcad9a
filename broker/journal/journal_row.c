/* Records as rows. A column goes through one plain value on its way in and out, and the check is made of those values,
 * so that what is checked is what SQLite gave. */
#include "broker/journal/journal_row.h"

#include <assert.h>
#include <string.h>

#include "broker/limits.h"
#include "proto/command_codec.h"
#include "proto/pack.h"

#define MAP_HEAD_SIZE 5 /* msgpack's map 32: 0xdf and the count, big end first */

/* A column's value, as SQLite has it. */
typedef struct value {
  int type; /* SQLITE_INTEGER, SQLITE_TEXT, SQLITE_BLOB, SQLITE_NULL */
  int64_t number;
  const void *data;
  size_t size;
} value;

static const value s_absent = {.type = SQLITE_NULL};

hbus_status journal_codec_init(journal_codec *self) {
  *self = (journal_codec){.algorithm = EVP_MD_fetch(NULL, "SHA256", NULL), .digest = EVP_MD_CTX_new()};
  buffer_init(&self->plain, LIMIT_JOURNAL_BYTES);
  buffer_init(&self->packed, LIMIT_JOURNAL_BYTES);
  if (self->algorithm && self->digest) return HBUS_OK;
  journal_codec_free(self);
  return HBUS_NO_MEMORY;
}

void journal_codec_free(journal_codec *self) {
  EVP_MD_CTX_free(self->digest);
  EVP_MD_free(self->algorithm);
  buffer_free(&self->plain);
  buffer_free(&self->packed);
  self->digest = NULL;
  self->algorithm = NULL;
}

/* ---- the check ---- */

static void s_check_begin(journal_codec *codec, const journal_table *table, uint64_t n) {
  buffer_reset(&codec->plain);
  buffer_append(&codec->plain, table->name, strlen(table->name) + 1);
  buffer_append(&codec->plain, &n, sizeof n);
}

static void s_check_add(journal_codec *codec, const value *value) {
  uint64_t number = value->type == SQLITE_INTEGER ? (uint64_t)value->number : value->size;
  uint8_t type = (uint8_t)value->type;
  buffer_append(&codec->plain, &type, sizeof type);
  buffer_append(&codec->plain, &number, sizeof number);
  buffer_append(&codec->plain, value->data, value->size);
}

static hbus_status s_check_end(journal_codec *codec, uint64_t *out) {
  uint8_t digest[EVP_MAX_MD_SIZE];
  bool ok = codec->plain.status == HBUS_OK && EVP_DigestInit_ex2(codec->digest, codec->algorithm, NULL) == 1 &&
            EVP_DigestUpdate(codec->digest, codec->plain.data, codec->plain.size) == 1 &&
            EVP_DigestFinal_ex(codec->digest, digest, NULL) == 1;
  if (!ok) return HBUS_NO_MEMORY;
  memcpy(out, digest, sizeof *out);
  return HBUS_OK;
}

/* ---- records to rows ---- */

static value s_number(uint64_t number) {
  return (value){.type = SQLITE_INTEGER, .number = (int64_t)number};
}

static value s_text(const char *text, size_t size) {
  return size > 0 ? (value){.type = SQLITE_TEXT, .data = text, .size = size} : s_absent;
}

static value s_bytes(const uint8_t *data, size_t size) {
  return size > 0 ? (value){.type = SQLITE_BLOB, .data = data, .size = size} : s_absent;
}

/* An enumeration has the size of unsigned (proto/field.c). */
static unsigned s_enum(const void *member) {
  unsigned value;
  memcpy(&value, member, sizeof value);
  return value;
}

static value s_packed_extra(journal_codec *codec, const hbus_extra *extra) {
  if (extra->count == 0) return s_absent;
  uint8_t head[MAP_HEAD_SIZE] = {0xdf, (uint8_t)(extra->count >> 24), (uint8_t)(extra->count >> 16),
                                 (uint8_t)(extra->count >> 8), (uint8_t)extra->count};
  buffer_reset(&codec->packed);
  buffer_append(&codec->packed, head, sizeof head);
  buffer_append(&codec->packed, extra->pairs.data, extra->pairs.size);
  return s_bytes(codec->packed.data, codec->packed.size);
}

static value s_packed_command(journal_codec *codec, const hbus_command *command) {
  if (command->kind == HBUS_COMMAND_NONE) return s_absent;
  buffer_reset(&codec->packed);
  command_pack(command, &codec->packed);
  return s_bytes(codec->packed.data, codec->packed.size);
}

static value s_value(journal_codec *codec, const journal_column *column, const void *record) {
  const void *member = (const char *)record + column->offset;
  switch ((journal_column_type)column->type) {
  case COLUMN_NUMBER: return s_number(*(const uint64_t *)member);
  case COLUMN_FLAG: return s_number(*(const bool *)member);
  case COLUMN_NAME: return s_text(member, strlen(member));
  case COLUMN_TEXT: return s_text(((const hbus_text *)member)->data, ((const hbus_text *)member)->size);
  case COLUMN_BYTES: return s_bytes(((const hbus_bytes *)member)->data, ((const hbus_bytes *)member)->size);
  case COLUMN_DECIMAL: return s_text(((const hbus_decimal *)member)->text, ((const hbus_decimal *)member)->size);
  case COLUMN_ENUM: {
    const char *name = name_of(column->names, s_enum(member));
    return s_text(name, strlen(name));
  }
  case COLUMN_CODE: {
    hbus_status code = (hbus_status)s_enum(member);
    return code == HBUS_OK ? s_absent : s_text(hbus_status_name(code), strlen(hbus_status_name(code)));
  }
  case COLUMN_EXTRA: return s_packed_extra(codec, member);
  case COLUMN_COMMAND: return s_packed_command(codec, member);
  }
  assert(!"a column type that does not exist");
  return s_absent;
}

/* What lies in codec->packed is copied, since the next column may lie there too. */
static int s_bind(const journal_codec *codec, sqlite3_stmt *statement, int at, const value *value) {
  sqlite3_destructor_type keep = value->data == codec->packed.data ? SQLITE_TRANSIENT : SQLITE_STATIC;
  switch (value->type) {
  case SQLITE_INTEGER: return sqlite3_bind_int64(statement, at, value->number);
  case SQLITE_TEXT: return sqlite3_bind_text(statement, at, value->data, (int)value->size, keep);
  case SQLITE_BLOB: return sqlite3_bind_blob(statement, at, value->data, (int)value->size, keep);
  default: return sqlite3_bind_null(statement, at);
  }
}

hbus_status journal_row_bind(journal_codec *codec, const journal_table *table, uint64_t n, const void *record,
                             sqlite3_stmt *statement, uint64_t *check) {
  int at = 1, rc = SQLITE_OK;
  s_check_begin(codec, table, n);
  for (unsigned i = 0; i < table->count && rc == SQLITE_OK; i++) {
    value value = s_value(codec, &table->columns[i], record);
    s_check_add(codec, &value);
    rc = s_bind(codec, statement, at++, &value);
  }
  uint64_t sum = 0;
  hbus_status status = s_check_end(codec, &sum);
  if (status != HBUS_OK) return status;
  if (rc == SQLITE_OK) rc = sqlite3_bind_int64(statement, at++, (int64_t)sum);
  if (rc == SQLITE_OK) rc = sqlite3_bind_int64(statement, at++, (int64_t)n);
  if (rc != SQLITE_OK) return HBUS_NO_MEMORY;
  *check = sum;
  return HBUS_OK;
}

hbus_status journal_row_bind_key(journal_codec *codec, const journal_table *table, const void *record,
                                 sqlite3_stmt *statement) {
  int at = 1;
  for (unsigned i = 0; i < table->count; i++) {
    if (!table->columns[i].key) continue;
    value value = s_value(codec, &table->columns[i], record);
    if (s_bind(codec, statement, at++, &value) != SQLITE_OK) return HBUS_NO_MEMORY;
  }
  return HBUS_OK;
}

/* ---- rows to records ---- */

static value s_column(sqlite3_stmt *statement, int at) {
  switch (sqlite3_column_type(statement, at)) {
  case SQLITE_INTEGER: return s_number((uint64_t)sqlite3_column_int64(statement, at));
  case SQLITE_TEXT: {
    const void *text = sqlite3_column_text(statement, at);
    return s_text(text, (size_t)sqlite3_column_bytes(statement, at));
  }
  case SQLITE_BLOB: {
    const void *data = sqlite3_column_blob(statement, at);
    return s_bytes(data, (size_t)sqlite3_column_bytes(statement, at));
  }
  case SQLITE_NULL: return s_absent;
  default: return (value){.type = SQLITE_FLOAT}; /* we write none */
  }
}

static bool s_read_name(const journal_column *column, const value *value, char *out) {
  if (value->size >= column->size || memchr(value->data, '\0', value->size)) return false;
  memcpy(out, value->data, value->size);
  out[value->size] = '\0';
  return true;
}

static bool s_read_enum(const journal_column *column, const value *value, void *out) {
  unsigned found = name_find(column->names, value->data, value->size);
  memcpy(out, &found, sizeof found);
  return found != 0;
}

static bool s_read_extra(const value *value, hbus_extra *out) {
  const uint8_t *head = value->data;
  if (value->size < MAP_HEAD_SIZE || head[0] != 0xdf) return false;
  out->count = (uint32_t)head[1] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 | head[4];
  out->pairs = (hbus_bytes){.data = head + MAP_HEAD_SIZE, .size = value->size - MAP_HEAD_SIZE};
  return true;
}

static int s_wanted_type(const journal_column *column) {
  switch ((journal_column_type)column->type) {
  case COLUMN_NUMBER:
  case COLUMN_FLAG: return SQLITE_INTEGER;
  case COLUMN_BYTES:
  case COLUMN_EXTRA:
  case COLUMN_COMMAND: return SQLITE_BLOB;
  default: return SQLITE_TEXT;
  }
}

/* Into a zeroed record. */
static bool s_read(const journal_column *column, const value *value, void *record) {
  void *out = (char *)record + column->offset;
  int wanted = s_wanted_type(column);
  if (value->type == SQLITE_NULL) return wanted != SQLITE_INTEGER;
  if (value->type != wanted) return false;
  switch ((journal_column_type)column->type) {
  case COLUMN_NUMBER: *(uint64_t *)out = (uint64_t)value->number; return true;
  case COLUMN_FLAG: *(bool *)out = value->number == 1; return value->number == 0 || value->number == 1;
  case COLUMN_NAME: return s_read_name(column, value, out);
  case COLUMN_TEXT: *(hbus_text *)out = (hbus_text){value->data, value->size}; return true;
  case COLUMN_BYTES: *(hbus_bytes *)out = (hbus_bytes){value->data, value->size}; return true;
  case COLUMN_DECIMAL: return hbus_decimal_parse(value->data, value->size, out) == HBUS_OK;
  case COLUMN_ENUM: return s_read_enum(column, value, out);
  case COLUMN_CODE: return hbus_status_from_name(value->data, value->size, out) == HBUS_OK;
  case COLUMN_EXTRA: return s_read_extra(value, out);
  case COLUMN_COMMAND: return command_unpack(value->data, value->size, out, NULL) == HBUS_OK;
  }
  return false;
}

hbus_status journal_row_read(journal_codec *codec, const journal_table *table, sqlite3_stmt *statement, void *record,
                             uint64_t *n, uint64_t *check) {
  uint64_t number = (uint64_t)sqlite3_column_int64(statement, (int)table->count + 1), sum = 0;
  bool readable = true;
  memset(record, 0, table->record_size);
  s_check_begin(codec, table, number);
  for (unsigned i = 0; i < table->count && readable; i++) {
    value value = s_column(statement, (int)i);
    s_check_add(codec, &value);
    readable = s_read(&table->columns[i], &value, record);
  }
  hbus_status status = s_check_end(codec, &sum);
  if (status != HBUS_OK) return status;
  if (!readable || sum != (uint64_t)sqlite3_column_int64(statement, (int)table->count)) return HBUS_MALFORMED;
  *n = number;
  *check = sum;
  return HBUS_OK;
}
