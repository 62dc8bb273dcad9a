/* The journal's file: opened, checked, loaded, written by the batch. Without a thread or a loop of its own: what the
 * worker does, and what is done before the loop runs. Errors are those of journal_store.h. */
#ifndef BROKER_JOURNAL_DB_H
#define BROKER_JOURNAL_DB_H

#include "broker/journal/journal_batch.h"
#include "broker/journal/journal_store.h"

typedef struct journal_db {
  journal_store store;
  int lock_fd;
  bool is_new; /* the file was made by this opening */
  sqlite3_stmt *find_id, *find_foreign;
  sqlite3_stmt *old_orders, *old_fills, *old_events, *first_events, *old_starts; /* journal_retention.c */
  uint64_t start_n;                                                              /* this start's row */
} journal_db;

/* journal_open without the start: lock, open or make, identify, bring up to date, check. `sync` is not JOURNAL_OFF.
 * Errors as of journal_open. */
hbus_status journal_db_open(journal_db **out, const char *path, journal_sync sync, hbus_error *error);
/* Brings everything into the one file, as far as it can be written. */
void journal_db_close(journal_db **self);

/* Whether every row of every table but events is as it was written, and none is missing. Part of opening. */
hbus_status journal_db_check(journal_db *self, hbus_error *error);

/* Writes that there is a new start, on the boot of that id, and that it has ended. */
hbus_status journal_db_start(journal_db *self, const char *boot_id, journal_sync sync, uint64_t now_ns,
                             journal_start *out, hbus_error *error);
hbus_status journal_db_end(journal_db *self, uint64_t now_ns, hbus_error *error);

/* journal_load. `orders` is bounds.orders. */
hbus_status journal_db_load(journal_db *self, const journal_visitor *visitor, uint64_t orders, hbus_error *error);

/* Writes all records of a batch in one transaction, or none. HBUS_DUPLICATE_ORDER: all but those which another record
 * was in the way of, *refused of them; `error` tells of the last. */
hbus_status journal_db_apply(journal_db *self, const journal_batch *batch, size_t *refused, hbus_error *error);
/* Answers the questions of a batch that look for an order. */
void journal_db_find(journal_db *self, journal_batch *batch);

/* What may be forgotten. */
typedef struct journal_retention {
  uint64_t orders_before_ns; /* finished ones that were updated before, and their fills */
  uint64_t events_before_ns;
  uint64_t events_max_bytes; /* of the file, without its free pages */
} journal_retention;
/* Deletes some of it, little enough that nobody has to wait for long. *more: there may be more. */
hbus_status journal_db_retain(journal_db *self, const journal_retention *what, bool *more, hbus_error *error);

/* The file and its PATH-wal. */
uint64_t journal_db_bytes(const journal_db *self);

#endif
