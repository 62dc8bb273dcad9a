/* The rows of an open journal file: found, put and deleted by table, in transactions. With every row that comes or goes
 * the sum over all rows' checks is carried along, in the one row of the table `state`: it tells at the next start
 * whether all rows are those of one commit, which SQLite itself does not.
 *
 * Used by one thread at a time. Every call may fail with HBUS_MALFORMED, where the file is damaged, or HBUS_INTERNAL,
 * where it cannot be read or written; `error` is a sentence that names the file.
 */
#ifndef BROKER_JOURNAL_STORE_H
#define BROKER_JOURNAL_STORE_H

#include "broker/journal/journal_tables.h"

typedef enum journal_statement {
  JOURNAL_FIND, /* number and check of the row with a record's keys */
  JOURNAL_INSERT,
  JOURNAL_UPDATE,
  JOURNAL_DELETE,
  JOURNAL_STATEMENT_COUNT
} journal_statement;

/* What is in the row of `state`. */
typedef struct journal_sums {
  uint64_t commits;
  uint64_t rows;   /* of all tables but events */
  uint64_t digest; /* their checks, added up */
} journal_sums;

typedef struct journal_store {
  char *path;
  sqlite3 *sqlite;
  journal_codec codec;
  sqlite3_stmt *statements[JOURNAL_TABLE_COUNT][JOURNAL_STATEMENT_COUNT];
  sqlite3_stmt *begin, *commit, *rollback, *save_sums;
  uint64_t next_n[JOURNAL_TABLE_COUNT];
  journal_sums sums;
  journal_sums committed; /* what a rollback goes back to */
  uint64_t committed_n[JOURNAL_TABLE_COUNT];
  int wal_pages; /* written to PATH-wal and not brought into PATH */
} journal_store;

/* A row that was found. n is 0 where there is none. */
typedef struct journal_place {
  uint64_t n;
  uint64_t check;
} journal_place;

/* Opens the file at `path`, which must exist. Checks nothing yet. */
hbus_status journal_store_open(journal_store *self, const char *path, hbus_error *error);
/* The file is as it was written: closing may bring PATH-wal into it. Until then both stay as they were found, for
 * whoever has to mend them. */
void journal_store_trust(journal_store *self);
/* May be called on a zeroed one, and twice. */
void journal_store_close(journal_store *self);

/* The sentence of SQLite's last failure; `doing` is what could not be done: "written", "read". */
hbus_status journal_store_fail(journal_store *self, int rc, const char *doing, hbus_error *error);

/* Statements: text to be compiled once by the caller's `*statement`, which it finalizes. */
hbus_status journal_store_prepare(journal_store *self, const char *sql, sqlite3_stmt **statement, hbus_error *error);
hbus_status journal_store_execute(journal_store *self, const char *sql, hbus_error *error);
/* "SELECT columns, check, n FROM table" and `rest`, for journal_store_next. */
hbus_status journal_store_select(journal_store *self, journal_table_id id, const char *rest, sqlite3_stmt **statement,
                                 hbus_error *error);
/* The next row of such a statement. *more is false behind the last. */
hbus_status journal_store_next(journal_store *self, journal_table_id id, sqlite3_stmt *statement, void *record,
                               journal_place *place, bool *more, hbus_error *error);
/* One number that a query gives; 0 where it gives none. */
hbus_status journal_store_number(journal_store *self, const char *sql, uint64_t *out, hbus_error *error);

hbus_status journal_store_begin(journal_store *self, hbus_error *error);
hbus_status journal_store_commit(journal_store *self, hbus_error *error);
void journal_store_rollback(journal_store *self);

/* By the record's keys. */
hbus_status journal_store_find(journal_store *self, journal_table_id id, const void *record, journal_place *out,
                               hbus_error *error);
/* Writes a record where `place` says, or as a new row. HBUS_DUPLICATE_ORDER: another row has one of its names; nothing
 * was changed and the transaction can go on. */
hbus_status journal_store_write(journal_store *self, journal_table_id id, const void *record,
                                const journal_place *place, hbus_error *error);
/* find, then write. */
hbus_status journal_store_put(journal_store *self, journal_table_id id, const void *record, hbus_error *error);
hbus_status journal_store_delete(journal_store *self, journal_table_id id, const journal_place *place,
                                 hbus_error *error);

/* Brings what is in PATH-wal into PATH, as far as no reader is in the way. */
hbus_status journal_store_checkpoint(journal_store *self, hbus_error *error);

#endif
