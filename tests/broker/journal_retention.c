/* What is forgotten, and what never is. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "journal_stage.h"

#define EVENTS 450

static journal_db *s_open(journal_stage *stage) {
  hbus_error error = {0};
  journal_db *db = NULL;
  cr_assert_eq(journal_db_open(&db, stage->path, JOURNAL_INTERVAL, &error), HBUS_OK, "%s", error.text);
  return db;
}

/* Orders 1 to 6, of which the even ones are finished, their fills and some events, at times that grow with them. */
static void s_fill(journal_db *db) {
  journal_batch batch;
  journal_batch_init(&batch);
  for (unsigned number = 1; number <= 6; number++) {
    journal_order order = journal_stage_order(number);
    journal_fill fill = journal_stage_fill(number);
    order.updated_ns = fill.rx_ns = number * 100;
    journal_batch_put(&batch, JOURNAL_RECORD_ORDER, &order);
    journal_batch_put(&batch, JOURNAL_RECORD_FILL, &fill);
  }
  for (unsigned seq = 1; seq <= EVENTS; seq++) {
    journal_event event = journal_stage_event("order_update/binance/BTC-USDT/", seq);
    event.tx_ns = seq * 1000;
    journal_batch_put(&batch, JOURNAL_RECORD_EVENT, &event);
  }
  hbus_error error = {0};
  size_t refused;
  cr_assert_eq(journal_db_apply(db, &batch, &refused, &error), HBUS_OK, "%s", error.text);
  journal_batch_free(&batch);
}

static unsigned s_retain(journal_db *db, journal_retention what) {
  unsigned steps = 0;
  for (bool more = true; more; steps++) {
    hbus_error error = {0};
    cr_assert_lt(steps, 100);
    cr_assert_eq(journal_db_retain(db, &what, &more, &error), HBUS_OK, "%s", error.text);
  }
  return steps;
}

static void s_expect(journal_stage *stage, const char *sql, const char *expected) {
  char *rows = journal_stage_query(stage, sql);
  cr_expect_str_eq(rows, expected, "%s: %s", sql, rows);
  free(rows);
}

Test(journal_retention, rule_5_finished_orders_go_with_age_and_others_stay) {
  journal_stage *stage = journal_stage_new();
  journal_db *db = s_open(stage);
  s_fill(db);
  s_retain(db, (journal_retention){.orders_before_ns = 500, .events_max_bytes = UINT64_MAX});
  s_expect(stage, "SELECT group_concat(order_id) FROM orders", "order-1,order-3,order-5,order-6\n");
  s_expect(stage, "SELECT group_concat(trade_id) FROM fills", "trade-1,trade-3,trade-5,trade-6\n");
  s_expect(stage, "SELECT count(*) FROM events", "450\n");
  journal_db_close(&db);
  db = s_open(stage); /* the sums are right */
  journal_db_close(&db);
  journal_stage_destroy(&stage);
}

Test(journal_retention, events_go_with_age_in_small_steps_and_numbers_stay) {
  journal_stage *stage = journal_stage_new();
  journal_db *db = s_open(stage);
  s_fill(db);
  unsigned steps = s_retain(db, (journal_retention){.events_before_ns = 401000, .events_max_bytes = UINT64_MAX});
  cr_expect_eq(steps, 5);
  s_expect(stage, "SELECT min(seq), count(*) FROM events", "401|50\n");
  s_retain(db, (journal_retention){.events_before_ns = UINT64_MAX / 2, .events_max_bytes = UINT64_MAX});
  s_expect(stage, "SELECT count(*) FROM events", "0\n");
  s_expect(stage, "SELECT last_seq FROM topics", "450\n");
  journal_db_close(&db);
  journal_stage_destroy(&stage);
}

Test(journal_retention, the_oldest_events_go_where_the_file_is_too_large) {
  journal_stage *stage = journal_stage_new();
  journal_db *db = s_open(stage);
  s_fill(db);
  s_retain(db, (journal_retention){.events_max_bytes = 110000});
  s_expect(stage, "SELECT max(seq), min(seq) > 100, count(*) > 0 FROM events", "450|1|1\n");
  s_expect(stage, "SELECT count(*) FROM orders", "6\n");
  journal_db_close(&db);
  journal_stage_destroy(&stage);
}

/* At the start, without being asked. */
Test(journal_retention, a_journal_looks_after_itself) {
  journal_stage *stage = journal_stage_new();
  journal_db *db = s_open(stage);
  s_fill(db);
  journal_db_close(&db);
  journal_stage_open(stage);
  for (bool done = false; !done;) {
    journal_stage_settle(stage);
    char *rows = journal_stage_query(stage, "SELECT count(*) FROM events");
    done = strcmp(rows, "0\n") == 0;
    free(rows);
  }
  s_expect(stage, "SELECT group_concat(order_id) FROM orders", "order-1,order-3,order-5\n");
  journal_stage_destroy(&stage);
}
