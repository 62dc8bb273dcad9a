/* What is old goes, a few rows to a transaction, so that a commit never waits long behind it. */
#include "broker/journal/journal_db.h"

#define ROWS_A_STEP 100
#define STARTS_KEPT 1000
#define SQL_LIMIT   " LIMIT 100"
_Static_assert(ROWS_A_STEP == 100, "SQL_LIMIT says it too");

/* Deletes the rows that a statement names by number and check, and tells how many there were. */
static hbus_status s_delete(journal_db *self, journal_table_id id, sqlite3_stmt *select, size_t *count,
                            hbus_error *error) {
  journal_place places[ROWS_A_STEP];
  size_t found = 0;
  int rc = SQLITE_ROW;
  while (found < ROWS_A_STEP && (rc = sqlite3_step(select)) == SQLITE_ROW)
    places[found++] =
        (journal_place){(uint64_t)sqlite3_column_int64(select, 0), (uint64_t)sqlite3_column_int64(select, 1)};
  hbus_status status = HBUS_OK;
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) status = journal_store_fail(&self->store, rc, "read", error);
  sqlite3_reset(select);
  for (size_t i = 0; i < found && status == HBUS_OK; i++)
    status = journal_store_delete(&self->store, id, &places[i], error);
  *count = found;
  return status;
}

typedef struct rule {
  journal_table_id id;
  sqlite3_stmt **select;
  const char *sql;
  uint64_t argument;
} rule;

static hbus_status s_apply_rule(journal_db *self, const rule *rule, bool *more, hbus_error *error) {
  size_t count = 0;
  hbus_status status = journal_store_prepare(&self->store, rule->sql, rule->select, error);
  if (status != HBUS_OK) return status;
  sqlite3_bind_int64(*rule->select, 1, (int64_t)rule->argument);
  status = s_delete(self, rule->id, *rule->select, &count, error);
  if (count == ROWS_A_STEP) *more = true;
  return status;
}

/* Pages that are in use. */
static hbus_status s_used_bytes(journal_db *self, uint64_t *out, hbus_error *error) {
  uint64_t pages = 0, unused = 0, size = 0;
  hbus_status status = journal_store_number(&self->store, "PRAGMA page_count", &pages, error);
  if (status == HBUS_OK) status = journal_store_number(&self->store, "PRAGMA freelist_count", &unused, error);
  if (status == HBUS_OK) status = journal_store_number(&self->store, "PRAGMA page_size", &size, error);
  if (status == HBUS_OK) *out = (pages - unused) * size;
  return status;
}

static hbus_status s_step(journal_db *self, const journal_retention *what, bool *more, hbus_error *error) {
  const rule rules[] = {
      {JOURNAL_ORDERS, &self->old_orders,
       "SELECT n, row_check FROM orders WHERE finished = 1 AND updated_ns < ? ORDER BY updated_ns" SQL_LIMIT,
       what->orders_before_ns},
      {JOURNAL_FILLS, &self->old_fills,
       "SELECT n, row_check FROM fills WHERE rx_ns < ? AND NOT EXISTS (SELECT 1 FROM orders"
       " WHERE orders.exchange = fills.exchange AND orders.order_id = fills.order_id) ORDER BY rx_ns" SQL_LIMIT,
       what->orders_before_ns},
      {JOURNAL_EVENTS, &self->old_events,
       "SELECT n, row_check FROM (SELECT n, row_check, tx_ns FROM events ORDER BY n" SQL_LIMIT ") WHERE tx_ns < ?",
       what->events_before_ns},
      {JOURNAL_STARTS, &self->old_starts,
       "SELECT n, row_check FROM starts WHERE n <= (SELECT max(n) FROM starts) - ? ORDER BY n" SQL_LIMIT, STARTS_KEPT},
  };
  hbus_status status = HBUS_OK;
  for (size_t i = 0; i < sizeof rules / sizeof rules[0] && status == HBUS_OK; i++)
    status = s_apply_rule(self, &rules[i], more, error);
  uint64_t used = 0;
  if (status == HBUS_OK) status = s_used_bytes(self, &used, error);
  if (status != HBUS_OK || used <= what->events_max_bytes) return status;
  const rule first = {JOURNAL_EVENTS, &self->first_events,
                      "SELECT n, row_check FROM events WHERE n > ? ORDER BY n" SQL_LIMIT, 0};
  return s_apply_rule(self, &first, more, error);
}

hbus_status journal_db_retain(journal_db *self, const journal_retention *what, bool *more, hbus_error *error) {
  bool again = false;
  hbus_status status = journal_store_begin(&self->store, error);
  if (status == HBUS_OK) status = s_step(self, what, &again, error);
  if (status == HBUS_OK) status = journal_store_commit(&self->store, error);
  if (status != HBUS_OK) journal_store_rollback(&self->store);
  if (status == HBUS_OK) *more = again;
  return status;
}
