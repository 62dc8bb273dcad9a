/* Records as rows: one line of a table says each column's name, its kind and where it lies in the struct. Every row
 * carries `row_check`, made of all its columns as they are stored, so that a row which is not what was written is never
 * read as one that is.
 */
#ifndef BROKER_JOURNAL_ROW_H
#define BROKER_JOURNAL_ROW_H

#include <openssl/evp.h>
#include <sqlite3.h>

#include "hbus/status.h"
#include "proto/buffer.h"
#include "proto/names.h"

typedef enum journal_column_type {
  COLUMN_NUMBER,  /* uint64_t; its 64 bits as SQLite's signed integer */
  COLUMN_FLAG,    /* bool */
  COLUMN_NAME,    /* char[size]; "" is NULL, as what is absent is in every kind */
  COLUMN_TEXT,    /* hbus_text */
  COLUMN_BYTES,   /* hbus_bytes */
  COLUMN_DECIMAL, /* hbus_decimal, its text */
  COLUMN_ENUM,    /* by its name */
  COLUMN_CODE,    /* hbus_status by its name; HBUS_OK is NULL */
  COLUMN_EXTRA,   /* hbus_extra as one msgpack map */
  COLUMN_COMMAND  /* hbus_command as its frame; kind HBUS_COMMAND_NONE is NULL */
} journal_column_type;

typedef struct journal_column {
  const char *name;
  uint8_t type;    /* journal_column_type */
  bool key;        /* one of those that find the row */
  uint16_t offset; /* in the record */
  uint16_t size;   /* of the member */
  const name_table *names;
} journal_column;

typedef struct journal_table {
  const char *name;
  const journal_column *columns;
  unsigned count;
  size_t record_size;
} journal_table;

/* What turns records into rows and back; one for a thread. */
typedef struct journal_codec {
  EVP_MD *algorithm;
  EVP_MD_CTX *digest;
  buffer plain;  /* the row, laid end to end for its check */
  buffer packed; /* a column that is packed first */
} journal_codec;

/* HBUS_NO_MEMORY. */
hbus_status journal_codec_init(journal_codec *self);
void journal_codec_free(journal_codec *self);

/* Binds a row: parameter 1 and on the columns, then its check, then its number `n`. What the record borrows must stay
 * until the statement is reset. *check is the row's. HBUS_NO_MEMORY. */
hbus_status journal_row_bind(journal_codec *codec, const journal_table *table, uint64_t n, const void *record,
                             sqlite3_stmt *statement, uint64_t *check);
/* Binds the columns that are keys alone, from parameter 1. */
hbus_status journal_row_bind_key(journal_codec *codec, const journal_table *table, const void *record,
                                 sqlite3_stmt *statement);

/* Reads the row that a statement is at, which selects the columns, the check and n, in this order. The record's text
 * and bytes are SQLite's, until the statement goes on. HBUS_MALFORMED: it is not what was written. */
hbus_status journal_row_read(journal_codec *codec, const journal_table *table, sqlite3_stmt *statement, void *record,
                             uint64_t *n, uint64_t *check);

#endif
