/* What is opened, what is brought up to date, and what is refused. */
#include "broker/journal/journal_schema.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal_stage.h"

static void s_run(journal_stage *stage, const char *sql) {
  free(journal_stage_query(stage, sql));
}

static void s_expect_refused(journal_stage *stage, hbus_status status, const char *because) {
  hbus_error error = {0};
  cr_expect_eq(journal_stage_try(stage, &error), status, "%s", error.text);
  cr_expect(strstr(error.text, stage->path), "%s", error.text);
  cr_expect(strstr(error.text, because), "'%s' is not in: %s", because, error.text);
}

/* An orderly journal with an order in it, closed. */
static journal_stage *s_stage(void) {
  journal_stage *stage = journal_stage_new();
  journal_stage_open(stage);
  journal_order order = journal_stage_order(1);
  journal_session session = journal_stage_session(1);
  journal_event event = journal_stage_event("order_update/binance/BTC-USDT/", 9);
  journal_put_order(stage->journal, &order);
  journal_put_session(stage->journal, &session);
  journal_put_event(stage->journal, &event);
  journal_stage_close(stage);
  return stage;
}

Test(journal_schema, rule_6_a_second_broker_is_refused) {
  journal_stage *stage = s_stage();
  journal_stage_open(stage);
  journal *first = stage->journal;
  s_expect_refused(stage, HBUS_INVALID_REQUEST, "in use by another hbusd (process ");
  stage->journal = first;
  journal_stage_close(stage);
  journal_stage_open(stage); /* the lock went with the first */
  journal_stage_destroy(&stage);
}

Test(journal_schema, what_is_no_journal_is_refused) {
  journal_stage *stage = journal_stage_new();
  static const char text[] = "This is a letter to my broker, and longer than the head of a file of SQLite's is: 100.";
  journal_stage_write(stage->path, (const uint8_t *)text, sizeof text);
  s_expect_refused(stage, HBUS_INVALID_REQUEST, "not an SQLite file");
  unlink(stage->path);
  s_run(stage, "CREATE TABLE letters (text)");
  s_expect_refused(stage, HBUS_INVALID_REQUEST, "another application's");
  journal_stage_destroy(&stage);
}

Test(journal_schema, a_later_version_is_refused) {
  journal_stage *stage = s_stage();
  s_run(stage, "PRAGMA user_version = 3");
  s_expect_refused(stage, HBUS_INVALID_REQUEST, "later version of hbus: its schema is 3, this hbusd knows 2");
  journal_stage_destroy(&stage);
}

Test(journal_schema, another_schema_is_refused) {
  static const char *const changes[] = {
      "DROP INDEX orders_by_age",
      "CREATE INDEX mine ON orders (market)",
      "CREATE TRIGGER mine AFTER INSERT ON orders BEGIN DELETE FROM orders; END",
      "ALTER TABLE orders ADD COLUMN note TEXT",
      "DROP TABLE positions",
  };
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
    journal_stage *stage = s_stage();
    s_run(stage, changes[i]);
    s_expect_refused(stage, HBUS_MALFORMED, "its tables are not those of schema 2");
    journal_stage_destroy(&stage);
  }
}

Test(journal_schema, an_operators_views_and_statistics_are_not_in_the_way) {
  journal_stage *stage = s_stage();
  s_run(stage, "CREATE VIEW mine AS SELECT 1; DROP VIEW readable_orders; ANALYZE");
  journal_stage_open(stage);
  journal_stage_destroy(&stage);
}

/* By hand, with SQL: the row or the sum of rows tells. */
Test(journal_schema, rule_18_rows_that_were_not_written_by_the_broker_are_refused) {
  static const struct {
    const char *change, *because;
  } trials[] = {
      {"UPDATE orders SET status = 'failed'", "a row of orders"},
      {"UPDATE orders SET n = 5", "a row of orders"},
      {"DELETE FROM orders", "not those of one commit"},
      {"DELETE FROM sessions", "not those of one commit"},
      {"UPDATE topics SET last_seq = 8", "a row of topics"},
      {"UPDATE state SET row_count = row_count + 1", "not those of one commit"},
      {"UPDATE state SET digest = digest + 1", "not those of one commit"},
      {"DELETE FROM state", "not those of one commit"},
  };
  for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
    journal_stage *stage = s_stage();
    s_run(stage, trials[i].change);
    s_expect_refused(stage, HBUS_MALFORMED, trials[i].because);
    journal_stage_destroy(&stage);
  }
}

Test(journal_schema, a_file_that_is_empty_or_gone_is_not_started_anew) {
  journal_stage *stage = s_stage();
  char wal[128];
  journal_stage_write(stage->path, (const uint8_t *)"", 0);
  s_expect_refused(stage, HBUS_MALFORMED, "is empty");
  unlink(stage->path);
  journal_stage_write(journal_stage_file(stage, "-wal", wal), (const uint8_t *)"x", 1);
  s_expect_refused(stage, HBUS_MALFORMED, "is gone");
  unlink(wal);
  journal_stage_open(stage);
  cr_expect(journal_this_start(stage->journal)->first);
  journal_stage_destroy(&stage);
}

Test(journal_schema, a_folder_that_is_not_there_is_told) {
  journal_stage *stage = journal_stage_new();
  strncat(stage->folder, "/none", sizeof stage->folder - strlen(stage->folder) - 1);
  snprintf(stage->path, sizeof stage->path, "%s/hbus.db", stage->folder);
  s_expect_refused(stage, HBUS_INTERNAL, "No such file");
  *strrchr(stage->folder, '/') = '\0';
  journal_stage_destroy(&stage);
}

/* A journal of version 1, with rows: made by its script, and filled from one of this version. */
Test(journal_schema, version_1_is_brought_up_to_date) {
  journal_stage *now = s_stage(), *old = journal_stage_new();
  hbus_error error = {0};
  cr_assert_eq(journal_schema_make(old->path, 1, JOURNAL_PAGE_SIZE, &error), HBUS_OK, "%s", error.text);
  char *rows = journal_stage_query(old, "SELECT count(*) FROM sqlite_schema WHERE name IN ('fills', 'positions')");
  cr_assert_str_eq(rows, "0\n");
  free(rows);
  char sql[512];
  snprintf(sql, sizeof sql,
           "ATTACH '%s' AS now; DELETE FROM state;"
           "INSERT INTO state SELECT * FROM now.state; INSERT INTO starts SELECT * FROM now.starts;"
           "INSERT INTO orders SELECT * FROM now.orders; INSERT INTO topics SELECT * FROM now.topics;"
           "INSERT INTO sessions SELECT * FROM now.sessions; INSERT INTO events SELECT * FROM now.events;",
           now->path);
  s_run(old, sql);

  journal_stage_open(now);
  journal_stage_open(old);
  cr_expect(!journal_this_start(old->journal)->first);
  char *expected = journal_stage_dump(now), *dump = journal_stage_dump(old);
  cr_expect_str_eq(dump, expected);
  cr_expect(strstr(dump, "topic order_update/binance/BTC-USDT/ 9\n"));
  journal_position position = journal_stage_position(4);
  journal_put_position(old->journal, &position);
  cr_expect_eq(journal_stage_settle(old), HBUS_OK);
  rows = journal_stage_query(old, "PRAGMA user_version; SELECT amount FROM positions");
  cr_expect_str_eq(rows, "2\n4.1\n");
  free(rows);
  free(expected);
  free(dump);
  journal_stage_destroy(&now);
  journal_stage_destroy(&old);
}
