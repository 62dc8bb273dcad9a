#include "broker/journal/journal_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Enumerations stand by their names on the bus, decimals as text; what is absent is NULL. Times are unix nanoseconds.
 * A step is never changed once it is released. */
static const char *const s_steps[] = {
    /* 1 */
    "CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), commits INTEGER NOT NULL, row_count INTEGER NOT NULL,\n"
    "  digest INTEGER NOT NULL) STRICT;\n"
    "INSERT INTO state VALUES (1, 0, 0, 0);\n"
    "CREATE TABLE starts (n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL UNIQUE, boot_id TEXT, started_at_ns INTEGER,\n"
    "  ended_at_ns INTEGER, sync TEXT, row_check INTEGER NOT NULL) STRICT;\n"
    "CREATE TABLE orders (n INTEGER PRIMARY KEY, upstream_id TEXT UNIQUE, owner TEXT, client_order_id TEXT,\n"
    "  exchange TEXT, market TEXT, order_id TEXT, side TEXT, order_type TEXT, status TEXT, price TEXT,\n"
    "  stop_price TEXT, amount TEXT, filled TEXT, market_type TEXT, account TEXT, position_action TEXT,\n"
    "  created_at_ns INTEGER, filled_at_ns INTEGER, cancel_requested INTEGER, rev INTEGER, candidates BLOB,\n"
    "  finished INTEGER, asked BLOB, answered INTEGER, outcome TEXT, outcome_code TEXT, outcome_message TEXT,\n"
    "  intent_ns INTEGER, first_seen_ns INTEGER, absent_ns INTEGER, absences INTEGER, published_seq INTEGER,\n"
    "  published_rev INTEGER, updated_ns INTEGER, row_check INTEGER NOT NULL, UNIQUE (owner, client_order_id)) "
    "STRICT;\n"
    "CREATE INDEX orders_by_order_id ON orders (exchange, order_id);\n"
    "CREATE INDEX orders_by_age ON orders (finished, updated_ns);\n"
    "CREATE TABLE topics (n INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE, last_seq INTEGER NOT NULL,\n"
    "  row_check INTEGER NOT NULL) STRICT;\n"
    "CREATE TABLE events (n INTEGER PRIMARY KEY, topic_n INTEGER NOT NULL, seq INTEGER NOT NULL, epoch INTEGER,\n"
    "  tx_ns INTEGER, kind TEXT, body BLOB, row_check INTEGER NOT NULL, UNIQUE (topic_n, seq)) STRICT;\n"
    "CREATE TABLE sessions (n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, cancel_on_disconnect INTEGER,\n"
    "  grace_ms INTEGER, updated_ns INTEGER, row_check INTEGER NOT NULL) STRICT;\n"
    "CREATE VIEW readable_events AS SELECT events.n, topic, seq, epoch, kind,\n"
    "  strftime('%Y-%m-%dT%H:%M:%fZ', tx_ns / 1000000 / 1000.0, 'unixepoch') AS published, body\n"
    "  FROM events JOIN topics ON topics.n = events.topic_n;\n"
    "CREATE VIEW readable_orders AS SELECT owner, client_order_id, exchange, market, side, order_type, status, "
    "amount,\n"
    "  filled, price, order_id, cancel_requested, outcome, outcome_code, outcome_message, rev,\n"
    "  strftime('%Y-%m-%dT%H:%M:%fZ', updated_ns / 1000000 / 1000.0, 'unixepoch') AS updated FROM orders;\n",

    /* 2: fills and positions */
    "CREATE TABLE fills (n INTEGER PRIMARY KEY, exchange TEXT, market TEXT, trade_id TEXT, order_id TEXT, price TEXT,\n"
    "  amount TEXT, replaces TEXT, side TEXT, owner TEXT, client_order_id TEXT, origin TEXT, ts_ns INTEGER,\n"
    "  rx_ns INTEGER, row_check INTEGER NOT NULL, UNIQUE (exchange, market, order_id, trade_id)) STRICT;\n"
    "CREATE INDEX fills_by_age ON fills (rx_ns);\n"
    "CREATE TABLE positions (n INTEGER PRIMARY KEY, owner TEXT, exchange TEXT, market TEXT, amount TEXT, cost TEXT,\n"
    "  realized_pnl TEXT, unpriced TEXT, updated_ns INTEGER, row_check INTEGER NOT NULL,\n"
    "  UNIQUE (owner, exchange, market)) STRICT;\n",
};
_Static_assert(sizeof s_steps / sizeof s_steps[0] == JOURNAL_SCHEMA_VERSION, "one step a version");

/* Runs the steps after version `from`, up to `to`, in the transaction that is open. */
static int s_step_up(sqlite3 *sqlite, unsigned from, unsigned to) {
  char set_version[64];
  int rc = SQLITE_OK;
  for (unsigned version = from + 1; version <= to && rc == SQLITE_OK; version++)
    rc = sqlite3_exec(sqlite, s_steps[version - 1], NULL, NULL, NULL);
  snprintf(set_version, sizeof set_version, "PRAGMA user_version = %u", to);
  if (rc == SQLITE_OK) rc = sqlite3_exec(sqlite, set_version, NULL, NULL, NULL);
  return rc;
}

/* ---- a new file ---- */

static int s_fill_new(sqlite3 *sqlite, unsigned version, unsigned page_size) {
  char begin[160];
  snprintf(begin, sizeof begin,
           "PRAGMA page_size = %u; PRAGMA auto_vacuum = NONE; PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
           "BEGIN; PRAGMA application_id = %d",
           page_size, JOURNAL_APPLICATION_ID);
  int rc = sqlite3_exec(sqlite, begin, NULL, NULL, NULL);
  if (rc == SQLITE_OK) rc = s_step_up(sqlite, 0, version);
  if (rc == SQLITE_OK) rc = sqlite3_exec(sqlite, "COMMIT", NULL, NULL, NULL);
  return rc;
}

/* The name is on the disk once the folder is. A file system that cannot tell is trusted. */
static void s_sync_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
  int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (fd >= 0) {
    (void)fsync(fd);
    close(fd);
  }
  free(folder);
}

hbus_status journal_schema_make(const char *path, unsigned version, unsigned page_size, hbus_error *error) {
  hbus_status status = HBUS_OK;
  sqlite3 *sqlite = NULL;
  char *draft = NULL;
  int rc = asprintf(&draft, "%s.new", path) < 0 ? SQLITE_NOMEM : SQLITE_OK;
  if (rc != SQLITE_OK) return hbus_fail(error, HBUS_NO_MEMORY, "journal %s: out of memory", path);
  (void)unlink(draft); /* of a start that was cut short */
  rc = sqlite3_open_v2(draft, &sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
  if (rc == SQLITE_OK) rc = s_fill_new(sqlite, version, page_size);
  if (rc != SQLITE_OK)
    status = hbus_fail(error, HBUS_INTERNAL, "journal %s cannot be made: %s", path,
                       sqlite ? sqlite3_errmsg(sqlite) : sqlite3_errstr(rc));
  sqlite3_close(sqlite);
  if (status == HBUS_OK && rename(draft, path) != 0)
    status = hbus_fail(error, HBUS_INTERNAL, "journal %s cannot be made: %s", path, strerror(errno));
  if (status != HBUS_OK) (void)unlink(draft);
  s_sync_folder(path);
  free(draft);
  return status;
}

/* ---- a file that is there ---- */

static int s_pragma(sqlite3 *sqlite, const char *name, int64_t *out) {
  char sql[64];
  sqlite3_stmt *statement = NULL;
  snprintf(sql, sizeof sql, "PRAGMA %s", name);
  int rc = sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_step(statement);
  if (rc == SQLITE_ROW) *out = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return rc == SQLITE_ROW ? SQLITE_OK : rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
}

static hbus_status s_fail(sqlite3 *sqlite, const char *path, int rc, hbus_error *error) {
  if ((rc & 0xff) == SQLITE_NOTADB)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "journal %s is no journal of hbus: it is not an SQLite file", path);
  bool damaged = (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_ERROR;
  return hbus_fail(error, damaged ? HBUS_MALFORMED : HBUS_INTERNAL, "journal %s cannot be read: %s", path,
                   sqlite3_errmsg(sqlite));
}

hbus_status journal_schema_identify(sqlite3 *sqlite, const char *path, unsigned *version, hbus_error *error) {
  int64_t application = 0, found = 0;
  int rc = s_pragma(sqlite, "application_id", &application);
  if (rc == SQLITE_OK) rc = s_pragma(sqlite, "user_version", &found);
  if (rc != SQLITE_OK) return s_fail(sqlite, path, rc, error);
  if (application != JOURNAL_APPLICATION_ID || found < 1)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "journal %s is no journal of hbus: it is another application's file",
                     path);
  if (found > JOURNAL_SCHEMA_VERSION)
    return hbus_fail(error, HBUS_INVALID_REQUEST,
                     "journal %s is of a later version of hbus: its schema is %lld, this hbusd knows %d", path,
                     (long long)found, JOURNAL_SCHEMA_VERSION);
  *version = (unsigned)found;
  return HBUS_OK;
}

hbus_status journal_schema_migrate(sqlite3 *sqlite, const char *path, unsigned version, hbus_error *error) {
  if (version == JOURNAL_SCHEMA_VERSION) return HBUS_OK;
  int rc = sqlite3_exec(sqlite, "BEGIN IMMEDIATE", NULL, NULL, NULL);
  if (rc == SQLITE_OK) rc = s_step_up(sqlite, version, JOURNAL_SCHEMA_VERSION);
  if (rc == SQLITE_OK) rc = sqlite3_exec(sqlite, "COMMIT", NULL, NULL, NULL);
  if (rc == SQLITE_OK) return HBUS_OK;
  hbus_status status = s_fail(sqlite, path, rc, error);
  if (!sqlite3_get_autocommit(sqlite)) sqlite3_exec(sqlite, "ROLLBACK", NULL, NULL, NULL);
  return status;
}

/* What both must have, in one order. ANALYZE's tables and an operator's views are left out, as a view of ours is: it
 * gives the broker nothing. */
static const char s_parts[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
                              " WHERE type <> 'view' AND tbl_name NOT GLOB 'sqlite_stat*' ORDER BY name";

static bool s_same_column(sqlite3_stmt *a, sqlite3_stmt *b, int at) {
  const unsigned char *x = sqlite3_column_text(a, at), *y = sqlite3_column_text(b, at);
  if (!x || !y) return x == y;
  return strcmp((const char *)x, (const char *)y) == 0;
}

static int s_compare(sqlite3_stmt *ours, sqlite3_stmt *theirs, bool *same) {
  *same = true;
  while (*same) {
    int a = sqlite3_step(ours), b = sqlite3_step(theirs);
    if (b != SQLITE_ROW && b != SQLITE_DONE) return b;
    if (a != b) *same = false;
    if (a != SQLITE_ROW) break;
    for (int at = 0; at < 4 && *same; at++)
      *same = s_same_column(ours, theirs, at);
  }
  return SQLITE_OK;
}

hbus_status journal_schema_check(sqlite3 *sqlite, const char *path, hbus_error *error) {
  sqlite3 *model = NULL;
  sqlite3_stmt *ours = NULL, *theirs = NULL;
  bool same = false;
  hbus_status status = HBUS_OK;
  int rc = sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE, NULL);
  if (rc == SQLITE_OK) rc = s_step_up(model, 0, JOURNAL_SCHEMA_VERSION);
  if (rc == SQLITE_OK) rc = sqlite3_prepare_v2(model, s_parts, -1, &ours, NULL);
  if (rc != SQLITE_OK) {
    status = hbus_fail(error, HBUS_NO_MEMORY, "journal %s: out of memory", path);
    goto out;
  }
  rc = sqlite3_prepare_v2(sqlite, s_parts, -1, &theirs, NULL);
  if (rc == SQLITE_OK) rc = s_compare(ours, theirs, &same);
  if (rc != SQLITE_OK)
    status = s_fail(sqlite, path, rc, error);
  else if (!same)
    status = hbus_fail(error, HBUS_MALFORMED, "journal %s is damaged: its tables are not those of schema %d", path,
                       JOURNAL_SCHEMA_VERSION);
out:
  sqlite3_finalize(ours);
  sqlite3_finalize(theirs);
  sqlite3_close(model);
  return status;
}
