/* Opening, checking and loading. What is refused is refused with a sentence; what is loaded is as it was written. */
#include "broker/journal/journal_db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/journal/journal_lock.h"
#include "broker/journal/journal_schema.h"

/* ---- opening ---- */

/* Makes the file where there is none. A file that is always made whole is never empty by itself, and a PATH-wal
 * without it is what is left of one: to start anew with either would forget orders. */
static hbus_status s_make(const char *path, bool *made, hbus_error *error) {
  struct stat file;
  if (stat(path, &file) == 0) {
    if (file.st_size > 0) return HBUS_OK;
    return hbus_fail(error, HBUS_MALFORMED,
                     "journal %s is empty: bring back a copy of it, or remove it to start without one", path);
  }
  if (errno != ENOENT) return hbus_fail(error, HBUS_INTERNAL, "journal %s cannot be opened: %s", path, strerror(errno));
  char *wal = NULL;
  if (asprintf(&wal, "%s-wal", path) < 0) return hbus_fail(error, HBUS_NO_MEMORY, "journal %s: out of memory", path);
  bool orphan = stat(wal, &file) == 0 && file.st_size > 0;
  free(wal);
  if (orphan)
    return hbus_fail(error, HBUS_MALFORMED,
                     "journal %s is gone and its %s-wal is there: bring back both, or remove both to start without one",
                     path, path);
  *made = true;
  return journal_schema_make(path, JOURNAL_SCHEMA_VERSION, JOURNAL_PAGE_SIZE, error);
}

static hbus_status s_set_up(journal_db *self, journal_sync sync, hbus_error *error) {
  char pragmas[160];
  snprintf(pragmas, sizeof pragmas,
           "PRAGMA journal_mode = WAL; PRAGMA synchronous = %s; PRAGMA journal_size_limit = 16777216;"
           "PRAGMA secure_delete = OFF",
           sync == JOURNAL_ALWAYS ? "FULL" : "NORMAL");
  return journal_store_execute(&self->store, pragmas, error);
}

/* What the next row of each table will be numbered. */
static hbus_status s_count_on(journal_db *self, hbus_error *error) {
  for (journal_table_id id = 0; id < JOURNAL_TABLE_COUNT; id++) {
    char sql[96];
    uint64_t last = 0;
    snprintf(sql, sizeof sql, "SELECT max(n) FROM %s", journal_table_of(id)->name);
    hbus_status status = journal_store_number(&self->store, sql, &last, error);
    if (status != HBUS_OK) return status;
    self->store.next_n[id] = last + 1;
  }
  return HBUS_OK;
}

static hbus_status s_open(journal_db *self, const char *path, journal_sync sync, hbus_error *error) {
  unsigned version = 0;
  hbus_status status = journal_lock_take(path, &self->lock_fd, error);
  if (status == HBUS_OK) status = s_make(path, &self->is_new, error);
  if (status == HBUS_OK) status = journal_store_open(&self->store, path, error);
  if (status == HBUS_OK) status = journal_schema_identify(self->store.sqlite, path, &version, error);
  if (status == HBUS_OK) status = s_set_up(self, sync, error);
  if (status == HBUS_OK) status = journal_schema_migrate(self->store.sqlite, path, version, error);
  if (status == HBUS_OK) status = journal_schema_check(self->store.sqlite, path, error);
  if (status == HBUS_OK) status = journal_db_check(self, error);
  if (status == HBUS_OK) status = s_count_on(self, error);
  if (status == HBUS_OK) journal_store_trust(&self->store);
  return status;
}

hbus_status journal_db_open(journal_db **out, const char *path, journal_sync sync, hbus_error *error) {
  journal_db *self = calloc(1, sizeof *self);
  if (!self) return hbus_fail(error, HBUS_NO_MEMORY, "journal %s: out of memory", path);
  self->lock_fd = -1;
  hbus_status status = s_open(self, path, sync, error);
  if (status == HBUS_OK)
    *out = self;
  else
    journal_db_close(&self);
  return status;
}

void journal_db_close(journal_db **self) {
  journal_db *db = *self;
  *self = NULL;
  if (!db) return;
  sqlite3_finalize(db->find_id);
  sqlite3_finalize(db->find_foreign);
  sqlite3_finalize(db->old_orders);
  sqlite3_finalize(db->old_fills);
  sqlite3_finalize(db->old_events);
  sqlite3_finalize(db->first_events);
  sqlite3_finalize(db->old_starts);
  journal_store_close(&db->store);
  journal_lock_release(db->lock_fd);
  free(db);
}

uint64_t journal_db_bytes(const journal_db *self) {
  uint64_t bytes = 0;
  static const char *const s_ends[] = {"", "-wal"};
  for (size_t i = 0; i < sizeof s_ends / sizeof s_ends[0]; i++) {
    char *name = NULL;
    struct stat file;
    if (asprintf(&name, "%s%s", self->store.path, s_ends[i]) < 0) continue;
    if (stat(name, &file) == 0) bytes += (uint64_t)file.st_size;
    free(name);
  }
  return bytes;
}

/* ---- checking ---- */

static hbus_status s_damaged(const journal_db *self, const char *what, hbus_error *error) {
  return hbus_fail(error, HBUS_MALFORMED,
                   "journal %s is damaged (%s): bring back a copy of it, or move it away to start without one",
                   self->store.path, what);
}

/* Whether SQLite finds the table's tree whole, and its indexes to agree with it. */
static hbus_status s_check_tree(journal_db *self, const char *table, hbus_error *error) {
  char sql[96];
  sqlite3_stmt *statement = NULL;
  snprintf(sql, sizeof sql, "PRAGMA integrity_check(%s)", table);
  hbus_status status = journal_store_prepare(&self->store, sql, &statement, error);
  if (status != HBUS_OK) return status;
  int rc = sqlite3_step(statement);
  const char *said = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
  if (rc != SQLITE_ROW)
    status = journal_store_fail(&self->store, rc, "read", error);
  else if (!said || strcmp(said, "ok") != 0)
    status = s_damaged(self, said ? said : table, error);
  sqlite3_finalize(statement);
  return status;
}

/* One more row for the sums that must come out as those of the last commit. */
typedef hbus_status row_fn(void *arg, const void *record, const journal_place *place);

/* A record of any table. */
typedef union any_record {
  journal_start_row start;
  journal_order order;
  journal_topic_row topic;
  journal_session session;
  journal_fill fill;
  journal_position position;
} any_record;

static hbus_status s_each(journal_db *self, journal_table_id id, const char *rest, uint64_t limit, row_fn *each,
                          void *arg, hbus_error *error) {
  sqlite3_stmt *select = NULL;
  any_record record;
  journal_place place;
  bool more = true;
  hbus_status status = journal_store_select(&self->store, id, rest, &select, error);
  if (status == HBUS_OK && sqlite3_bind_parameter_count(select) == 1) sqlite3_bind_int64(select, 1, (int64_t)limit);
  while (status == HBUS_OK) {
    status = journal_store_next(&self->store, id, select, &record, &place, &more, error);
    if (status != HBUS_OK || !more) break;
    status = each(arg, &record, &place);
    if (status != HBUS_OK) hbus_fail(error, status, "journal %s: loading was given up", self->store.path);
  }
  sqlite3_finalize(select);
  return status;
}

static hbus_status s_add_up(void *arg, const void *record, const journal_place *place) {
  journal_sums *sums = arg;
  (void)record;
  sums->rows++;
  sums->digest += place->check;
  return HBUS_OK;
}

hbus_status journal_db_check(journal_db *self, hbus_error *error) {
  journal_store *store = &self->store;
  journal_sums found = {0};
  hbus_status status = s_check_tree(self, "state", error);
  for (journal_table_id id = 0; id < JOURNAL_EVENTS && status == HBUS_OK; id++) {
    status = s_check_tree(self, journal_table_of(id)->name, error);
    if (status == HBUS_OK) status = s_each(self, id, "", 0, s_add_up, &found, error);
  }
  if (status == HBUS_OK) status = journal_store_number(store, "SELECT commits FROM state", &store->sums.commits, error);
  if (status == HBUS_OK) status = journal_store_number(store, "SELECT row_count FROM state", &store->sums.rows, error);
  if (status == HBUS_OK) status = journal_store_number(store, "SELECT digest FROM state", &store->sums.digest, error);
  if (status != HBUS_OK) return status;
  if (found.rows != store->sums.rows || found.digest != store->sums.digest)
    return s_damaged(self, "its rows are not those of one commit", error);
  return HBUS_OK;
}

/* ---- starts ---- */

static hbus_status s_keep_start(void *arg, const void *record, const journal_place *place) {
  (void)place;
  *(journal_start_row *)arg = *(const journal_start_row *)record;
  return HBUS_OK;
}

static hbus_status s_write_start(journal_db *self, const journal_start_row *row, hbus_error *error) {
  hbus_status status = journal_store_begin(&self->store, error);
  if (status == HBUS_OK) status = journal_store_put(&self->store, JOURNAL_STARTS, row, error);
  if (status == HBUS_OK) status = journal_store_commit(&self->store, error);
  if (status != HBUS_OK) journal_store_rollback(&self->store);
  return status;
}

static const char *s_sync_name(journal_sync sync) {
  return sync == JOURNAL_ALWAYS ? "always" : "interval";
}

hbus_status journal_db_start(journal_db *self, const char *boot_id, journal_sync sync, uint64_t now_ns,
                             journal_start *out, hbus_error *error) {
  journal_start_row last = {0}, row = {.started_at_ns = now_ns};
  hbus_status status = s_each(self, JOURNAL_STARTS, "ORDER BY epoch DESC LIMIT 1", 0, s_keep_start, &last, error);
  if (status != HBUS_OK) return status;
  row.epoch = now_ns / 1000;
  if (row.epoch <= last.epoch) row.epoch = last.epoch + 1; /* the clock was set back */
  snprintf(row.boot_id, sizeof row.boot_id, "%s", boot_id);
  snprintf(row.sync, sizeof row.sync, "%s", s_sync_name(sync));
  status = s_write_start(self, &row, error);
  if (status != HBUS_OK) return status;
  *out = (journal_start){.epoch = row.epoch,
                         .first = self->is_new || last.epoch == 0,
                         .may_lack = last.epoch != 0 && strcmp(last.boot_id, boot_id) != 0 &&
                                     strcmp(last.sync, s_sync_name(JOURNAL_ALWAYS)) != 0,
                         .was_stopped = last.ended_at_ns != 0};
  return HBUS_OK;
}

hbus_status journal_db_end(journal_db *self, uint64_t now_ns, hbus_error *error) {
  journal_start_row row = {0};
  hbus_status status = s_each(self, JOURNAL_STARTS, "ORDER BY epoch DESC LIMIT 1", 0, s_keep_start, &row, error);
  if (status != HBUS_OK) return status;
  row.ended_at_ns = now_ns;
  return s_write_start(self, &row, error);
}

/* ---- loading ---- */

typedef struct loading {
  const journal_visitor *visitor;
  uint64_t orders; /* that were given */
} loading;

static hbus_status s_give_order(void *arg, const void *record, const journal_place *place) {
  loading *loading = arg;
  (void)place;
  loading->orders++;
  return loading->visitor->order(loading->visitor->arg, record);
}

static hbus_status s_give_id(void *arg, const void *record, const journal_place *place) {
  const journal_order *order = record;
  const journal_visitor *visitor = ((loading *)arg)->visitor;
  (void)place;
  if (order->state.client_order_id[0] == '\0') return HBUS_OK;
  return visitor->id(visitor->arg, order->state.owner, order->state.client_order_id);
}

static hbus_status s_give_topic(void *arg, const void *record, const journal_place *place) {
  const journal_topic_row *row = record;
  const journal_visitor *visitor = ((loading *)arg)->visitor;
  (void)place;
  return visitor->topic(visitor->arg, row->topic, row->last_seq);
}

static hbus_status s_give_fill(void *arg, const void *record, const journal_place *place) {
  (void)place;
  return ((loading *)arg)->visitor->fill(((loading *)arg)->visitor->arg, record);
}

static hbus_status s_give_position(void *arg, const void *record, const journal_place *place) {
  (void)place;
  return ((loading *)arg)->visitor->position(((loading *)arg)->visitor->arg, record);
}

static hbus_status s_give_session(void *arg, const void *record, const journal_place *place) {
  (void)place;
  return ((loading *)arg)->visitor->session(((loading *)arg)->visitor->arg, record);
}

static hbus_status s_load_orders(journal_db *self, loading *loading, uint64_t orders, hbus_error *error) {
  hbus_status status = s_each(self, JOURNAL_ORDERS, "WHERE finished = 0 ORDER BY n", 0, s_give_order, loading, error);
  if (status != HBUS_OK || loading->orders >= orders) return status;
  return s_each(self, JOURNAL_ORDERS,
                "WHERE n IN (SELECT n FROM orders WHERE finished = 1 ORDER BY updated_ns DESC, n DESC LIMIT ?)"
                " ORDER BY updated_ns, n",
                orders - loading->orders, s_give_order, loading, error);
}

hbus_status journal_db_load(journal_db *self, const journal_visitor *visitor, uint64_t orders, hbus_error *error) {
  loading loading = {.visitor = visitor};
  hbus_status status = HBUS_OK;
  if (visitor->order) status = s_load_orders(self, &loading, orders, error);
  if (visitor->id && status == HBUS_OK)
    status = s_each(self, JOURNAL_ORDERS, "ORDER BY n", 0, s_give_id, &loading, error);
  if (visitor->topic && status == HBUS_OK)
    status = s_each(self, JOURNAL_TOPICS, "ORDER BY n", 0, s_give_topic, &loading, error);
  if (visitor->fill && status == HBUS_OK)
    status = s_each(self, JOURNAL_FILLS, "WHERE n IN (SELECT n FROM fills ORDER BY n DESC LIMIT ?) ORDER BY n",
                    LIMIT_FILLS, s_give_fill, &loading, error);
  if (visitor->position && status == HBUS_OK)
    status = s_each(self, JOURNAL_POSITIONS, "ORDER BY n", 0, s_give_position, &loading, error);
  if (visitor->session && status == HBUS_OK)
    status = s_each(self, JOURNAL_SESSIONS, "ORDER BY n", 0, s_give_session, &loading, error);
  return status;
}
