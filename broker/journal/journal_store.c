#include "broker/journal/journal_store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX         4096
#define BUSY_TIMEOUT_MS 5000     /* how long an operator's sqlite3 may be in the way */
#define WAL_KEEP_BYTES  16777216 /* a PATH-wal that a reader has made longer is cut to this afterwards */

/* ---- life cycle ---- */

static int s_note_wal(void *arg, sqlite3 *sqlite, const char *name, int pages) {
  (void)sqlite;
  (void)name;
  ((journal_store *)arg)->wal_pages = pages;
  return SQLITE_OK;
}

hbus_status journal_store_open(journal_store *self, const char *path, hbus_error *error) {
  *self = (journal_store){0};
  hbus_status status = HBUS_OK;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (!(self->path = strdup(path)) || journal_codec_init(&self->codec) != HBUS_OK)
    status = hbus_fail(error, HBUS_NO_MEMORY, "journal %s: out of memory", path);
  if (status == HBUS_OK && sqlite3_open_v2(path, &self->sqlite, flags, NULL) != SQLITE_OK)
    status = journal_store_fail(self, sqlite3_errcode(self->sqlite), "opened", error);
  if (status == HBUS_OK) {
    sqlite3_busy_timeout(self->sqlite, BUSY_TIMEOUT_MS);
    sqlite3_wal_hook(self->sqlite, s_note_wal, self); /* in the place of SQLite's own checkpoints */
    sqlite3_db_config(self->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(self->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(self->sqlite, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(self->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  }
  if (status != HBUS_OK) journal_store_close(self);
  return status;
}

void journal_store_close(journal_store *self) {
  for (unsigned id = 0; id < JOURNAL_TABLE_COUNT; id++)
    for (unsigned i = 0; i < JOURNAL_STATEMENT_COUNT; i++)
      sqlite3_finalize(self->statements[id][i]);
  sqlite3_finalize(self->begin);
  sqlite3_finalize(self->commit);
  sqlite3_finalize(self->rollback);
  sqlite3_finalize(self->save_sums);
  int rc = sqlite3_close(self->sqlite);
  assert(rc == SQLITE_OK);
  journal_codec_free(&self->codec);
  free(self->path);
  *self = (journal_store){0};
}

hbus_status journal_store_fail(journal_store *self, int rc, const char *doing, hbus_error *error) {
  const char *cause = self->sqlite ? sqlite3_errmsg(self->sqlite) : sqlite3_errstr(rc);
  switch (rc & 0xff) {
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return hbus_fail(error, HBUS_MALFORMED,
                     "journal %s is damaged (%s): bring back a copy of it, or move it away to start without one",
                     self->path, cause);
  case SQLITE_NOMEM: return hbus_fail(error, HBUS_NO_MEMORY, "journal %s: out of memory", self->path);
  default: break;
  }
  int reason = self->sqlite ? sqlite3_system_errno(self->sqlite) : 0;
  return hbus_fail(error, HBUS_INTERNAL, "journal %s cannot be %s: %s%s%s", self->path, doing, cause,
                   reason ? ": " : "", reason ? strerror(reason) : "");
}

/* ---- statements ---- */

hbus_status journal_store_prepare(journal_store *self, const char *sql, sqlite3_stmt **statement, hbus_error *error) {
  if (*statement) return HBUS_OK;
  int rc = sqlite3_prepare_v3(self->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
  return rc == SQLITE_OK ? HBUS_OK : journal_store_fail(self, rc, "read", error);
}

hbus_status journal_store_execute(journal_store *self, const char *sql, hbus_error *error) {
  int rc = sqlite3_exec(self->sqlite, sql, NULL, NULL, NULL);
  return rc == SQLITE_OK ? HBUS_OK : journal_store_fail(self, rc, "written", error);
}

hbus_status journal_store_number(journal_store *self, const char *sql, uint64_t *out, hbus_error *error) {
  sqlite3_stmt *statement = NULL;
  hbus_status status = journal_store_prepare(self, sql, &statement, error);
  if (status != HBUS_OK) return status;
  int rc = sqlite3_step(statement);
  if (rc == SQLITE_ROW || rc == SQLITE_DONE)
    *out = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
  else
    status = journal_store_fail(self, rc, "read", error);
  sqlite3_finalize(statement);
  return status;
}

/* SQL is composed of the names in the tables of columns alone; what is too long is a bug of ours. */
static void s_append(char *sql, size_t *used, const char *before, const char *name, const char *after) {
  int size = snprintf(sql + *used, SQL_MAX - *used, "%s%s%s", before, name, after);
  assert(size >= 0 && *used + (size_t)size < SQL_MAX);
  *used += (size_t)size;
}

static void s_append_columns(const journal_table *table, char *sql, size_t *used, const char *after) {
  for (unsigned i = 0; i < table->count; i++)
    s_append(sql, used, "", table->columns[i].name, after);
}

/* IS, because what is absent is NULL, which equals nothing. */
static void s_compose_find(const journal_table *table, char *sql) {
  size_t used = 0;
  const char *before = " WHERE ";
  s_append(sql, &used, "SELECT n, row_check FROM ", table->name, "");
  for (unsigned i = 0; i < table->count; i++) {
    if (!table->columns[i].key) continue;
    s_append(sql, &used, before, table->columns[i].name, " IS ?");
    before = " AND ";
  }
}

/* An event that is numbered like one which a damaged PATH-wal left behind takes its place: only events, which no sum
 * guards, can be left behind. */
static void s_compose_insert(const journal_table *table, char *sql) {
  size_t used = 0;
  bool is_event = table == journal_table_of(JOURNAL_EVENTS);
  s_append(sql, &used, is_event ? "INSERT OR REPLACE INTO " : "INSERT INTO ", table->name, " (");
  s_append_columns(table, sql, &used, ", ");
  s_append(sql, &used, "row_check, n) VALUES (", "", "");
  for (unsigned i = 0; i < table->count; i++)
    s_append(sql, &used, "?, ", "", "");
  s_append(sql, &used, "?, ?)", "", "");
}

static void s_compose_update(const journal_table *table, char *sql) {
  size_t used = 0;
  s_append(sql, &used, "UPDATE ", table->name, " SET ");
  s_append_columns(table, sql, &used, " = ?, ");
  s_append(sql, &used, "row_check = ? WHERE n = ?", "", "");
}

static hbus_status s_statement(journal_store *self, journal_table_id id, journal_statement which, sqlite3_stmt **out,
                               hbus_error *error) {
  sqlite3_stmt **statement = &self->statements[id][which];
  hbus_status status = HBUS_OK;
  if (!*statement) {
    char sql[SQL_MAX];
    const journal_table *table = journal_table_of(id);
    switch (which) {
    case JOURNAL_FIND: s_compose_find(table, sql); break;
    case JOURNAL_INSERT: s_compose_insert(table, sql); break;
    case JOURNAL_UPDATE: s_compose_update(table, sql); break;
    default: snprintf(sql, sizeof sql, "DELETE FROM %s WHERE n = ?", table->name); break;
    }
    status = journal_store_prepare(self, sql, statement, error);
  }
  *out = *statement;
  return status;
}

hbus_status journal_store_select(journal_store *self, journal_table_id id, const char *rest, sqlite3_stmt **statement,
                                 hbus_error *error) {
  if (*statement) return HBUS_OK;
  const journal_table *table = journal_table_of(id);
  char sql[SQL_MAX];
  size_t used = 0;
  s_append(sql, &used, "SELECT ", "", "");
  s_append_columns(table, sql, &used, ", ");
  s_append(sql, &used, "row_check, n FROM ", table->name, " ");
  s_append(sql, &used, rest, "", "");
  return journal_store_prepare(self, sql, statement, error);
}

hbus_status journal_store_next(journal_store *self, journal_table_id id, sqlite3_stmt *statement, void *record,
                               journal_place *place, bool *more, hbus_error *error) {
  int rc = sqlite3_step(statement);
  *more = rc == SQLITE_ROW;
  if (rc == SQLITE_DONE) return HBUS_OK;
  if (rc != SQLITE_ROW) return journal_store_fail(self, rc, "read", error);
  const journal_table *table = journal_table_of(id);
  hbus_status status = journal_row_read(&self->codec, table, statement, record, &place->n, &place->check);
  if (status != HBUS_MALFORMED) return status;
  return hbus_fail(error, HBUS_MALFORMED,
                   "journal %s is damaged (a row of %s is not what was written): bring back a copy of it, or move it "
                   "away to start without one",
                   self->path, table->name);
}

/* Runs a statement that gives no rows, and resets it. */
static hbus_status s_run(journal_store *self, sqlite3_stmt *statement, hbus_error *error) {
  int rc = sqlite3_step(statement);
  hbus_status status = HBUS_OK;
  if ((rc & 0xff) == SQLITE_CONSTRAINT)
    status = hbus_fail(error, HBUS_DUPLICATE_ORDER, "journal %s: %s", self->path, sqlite3_errmsg(self->sqlite));
  else if (rc != SQLITE_DONE)
    status = journal_store_fail(self, rc, "written", error);
  sqlite3_reset(statement);
  return status;
}

/* ---- transactions ---- */

static hbus_status s_run_text(journal_store *self, const char *sql, sqlite3_stmt **statement, hbus_error *error) {
  hbus_status status = journal_store_prepare(self, sql, statement, error);
  return status == HBUS_OK ? s_run(self, *statement, error) : status;
}

hbus_status journal_store_begin(journal_store *self, hbus_error *error) {
  self->committed = self->sums;
  memcpy(self->committed_n, self->next_n, sizeof self->next_n);
  return s_run_text(self, "BEGIN IMMEDIATE", &self->begin, error);
}

hbus_status journal_store_commit(journal_store *self, hbus_error *error) {
  const char *save = "UPDATE state SET commits = ?, row_count = ?, digest = ? WHERE id = 1";
  hbus_status status = journal_store_prepare(self, save, &self->save_sums, error);
  if (status != HBUS_OK) return status;
  self->sums.commits++;
  sqlite3_bind_int64(self->save_sums, 1, (int64_t)self->sums.commits);
  sqlite3_bind_int64(self->save_sums, 2, (int64_t)self->sums.rows);
  sqlite3_bind_int64(self->save_sums, 3, (int64_t)self->sums.digest);
  status = s_run(self, self->save_sums, error);
  if (status == HBUS_OK) status = s_run_text(self, "COMMIT", &self->commit, error);
  return status;
}

/* Some failures have rolled back already, so that there may be nothing to do. */
void journal_store_rollback(journal_store *self) {
  if (!sqlite3_get_autocommit(self->sqlite)) s_run_text(self, "ROLLBACK", &self->rollback, NULL);
  self->sums = self->committed;
  memcpy(self->next_n, self->committed_n, sizeof self->next_n);
}

void journal_store_trust(journal_store *self) {
  sqlite3_db_config(self->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
}

hbus_status journal_store_checkpoint(journal_store *self, hbus_error *error) {
  int left = 0, done = 0;
  int rc = sqlite3_wal_checkpoint_v2(self->sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, &left, &done);
  if (rc == SQLITE_BUSY) return HBUS_OK; /* somebody else's checkpoint; ours is next time */
  if (rc != SQLITE_OK) return journal_store_fail(self, rc, "brought onto the disk", error);
  self->wal_pages = left - done;
  return HBUS_OK;
}

/* ---- rows ---- */

hbus_status journal_store_find(journal_store *self, journal_table_id id, const void *record, journal_place *out,
                               hbus_error *error) {
  sqlite3_stmt *find;
  hbus_status status = s_statement(self, id, JOURNAL_FIND, &find, error);
  if (status != HBUS_OK) return status;
  status = journal_row_bind_key(&self->codec, journal_table_of(id), record, find);
  if (status != HBUS_OK) return hbus_fail(error, status, "journal %s: out of memory", self->path);
  int rc = sqlite3_step(find);
  *out = (journal_place){0};
  if (rc == SQLITE_ROW)
    *out = (journal_place){(uint64_t)sqlite3_column_int64(find, 0), (uint64_t)sqlite3_column_int64(find, 1)};
  else if (rc != SQLITE_DONE)
    status = journal_store_fail(self, rc, "read", error);
  sqlite3_reset(find);
  return status;
}

static void s_count(journal_store *self, journal_table_id id, uint64_t rows, uint64_t check) {
  if (id == JOURNAL_EVENTS) return;
  self->sums.rows += rows;
  self->sums.digest += check;
}

hbus_status journal_store_write(journal_store *self, journal_table_id id, const void *record,
                                const journal_place *place, hbus_error *error) {
  bool is_new = place->n == 0;
  uint64_t n = is_new ? self->next_n[id] : place->n, check = 0;
  sqlite3_stmt *write;
  hbus_status status = s_statement(self, id, is_new ? JOURNAL_INSERT : JOURNAL_UPDATE, &write, error);
  if (status != HBUS_OK) return status;
  status = journal_row_bind(&self->codec, journal_table_of(id), n, record, write, &check);
  if (status != HBUS_OK) return hbus_fail(error, status, "journal %s: out of memory", self->path);
  status = s_run(self, write, error);
  if (status != HBUS_OK) return status;
  if (is_new) self->next_n[id]++;
  s_count(self, id, is_new ? 1 : 0, is_new ? check : check - place->check);
  return HBUS_OK;
}

hbus_status journal_store_put(journal_store *self, journal_table_id id, const void *record, hbus_error *error) {
  journal_place place;
  hbus_status status = journal_store_find(self, id, record, &place, error);
  return status == HBUS_OK ? journal_store_write(self, id, record, &place, error) : status;
}

hbus_status journal_store_delete(journal_store *self, journal_table_id id, const journal_place *place,
                                 hbus_error *error) {
  sqlite3_stmt *statement;
  hbus_status status = s_statement(self, id, JOURNAL_DELETE, &statement, error);
  if (status != HBUS_OK) return status;
  sqlite3_bind_int64(statement, 1, (int64_t)place->n);
  status = s_run(self, statement, error);
  if (status == HBUS_OK) s_count(self, id, (uint64_t)-1, -place->check);
  return status;
}
