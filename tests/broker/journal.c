/* The journal as the reactor sees it. */
#include "broker/journal/journal.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_stage.h"

static void s_put_all(journal_stage *stage, unsigned number) {
  journal_order order = journal_stage_order(number);
  journal_fill fill = journal_stage_fill(number);
  journal_position position = journal_stage_position(number);
  journal_session session = journal_stage_session(number);
  journal_event event = journal_stage_event("order_update/binance/BTC-USDT/", number);
  journal_put_order(stage->journal, &order);
  journal_put_fill(stage->journal, &fill);
  journal_put_position(stage->journal, &position);
  journal_put_session(stage->journal, &session);
  journal_put_event(stage->journal, &event);
}

static void s_expect_dump(journal_stage *stage, const char *expected) {
  char *dump = journal_stage_dump(stage);
  cr_expect_str_eq(dump, expected);
  free(dump);
}

static const char s_round_trip[] =
    "order i6f3a-U-1 binance-1 BTC-USDT-1 order-1 mine-1 maker-1 main-1 2 4 7 1.00100 1.5 "
    "10000000000000000000000.000001 1.25 2 2 1700000000000000008 1700000000000000009 1 10 extra 1 "
    "aa63616e6469646174657392a3782d31a3782d32 is 0 1 3 14 'no answer in 5000 ms: 'unknown'' 1700000000000000002 0 "
    "1700000000000000003 4 5 6 4100000000000000007 asked 4 command-1 1700000000001 binance-1 BTC-USDT-1 mine-1 2 4 "
    "10000000000000000000000.000001 1.00100 1.5 2 main-1 2\n"
    "id maker-1 mine-1\n"
    "topic order_update/binance/BTC-USDT/ 1\n"
    "fill trade-1 binance-1 BTC-USDT-1 order-1 1.10 1.20 1.15 2 maker-1 mine-1 2 1700000000000000002 "
    "4100000000000000000\n"
    "position maker-1 binance-1 BTC-USDT-1 1.1 1.2 1.3 1.4 1700000000000000002\n"
    "session maker-1 1 1001 1700000000000000002\n";

Test(journal, every_field_comes_back) {
  journal_stage *stage = journal_stage_new();
  journal_stage_open(stage);
  s_put_all(stage, 1);
  cr_expect(!journal_is_settled(stage->journal));
  cr_expect_eq(journal_stage_settle(stage), HBUS_OK);
  cr_expect(journal_is_settled(stage->journal));
  journal_stage_close(stage);
  journal_stage_open(stage);
  s_expect_dump(stage, s_round_trip);
  journal_stage_destroy(&stage);
}

static void s_collect_one(void *arg) {
  journal_stage *stage = arg;
  static bool done;
  if (done) return;
  done = true;
  journal_order order = journal_stage_order(7);
  journal_put_order(stage->journal, &order);
}

/* One turn is one commit, with what is put at its end. */
Test(journal, rule_18_one_turn_is_one_commit) {
  journal_stage *stage = journal_stage_new();
  journal_stage_open(stage);
  journal_on_collect(stage->journal, s_collect_one, stage);
  s_put_all(stage, 1);
  journal_stage_ask(stage, 1);
  s_put_all(stage, 2);
  journal_stage_ask(stage, 2);
  journal_stage_wait(stage, 2);
  cr_expect_eq(stage->counters.journal_commits, 1);
  cr_expect_eq(stage->counters.journal_records, 11);
  cr_expect_eq(stage->answers[0].tag, 1);
  cr_expect_eq(stage->answers[1].tag, 2);
  journal_figures figures = journal_figures_of(stage->journal);
  cr_expect_eq(figures.waiting, 0);
  cr_expect_gt(figures.file_bytes, 0);
  cr_expect_gt(figures.longest_commit_us, 0);
  journal_stage_destroy(&stage);
}

/* What was answered survives a kill: the files as they are at that moment are all that the next start has. */
Test(journal, rule_18_what_was_answered_survives_a_kill) {
  journal_stage *stage = journal_stage_new(), *next = journal_stage_new();
  journal_stage_open(stage);
  uint64_t epoch = journal_this_start(stage->journal)->epoch;
  s_put_all(stage, 1);
  cr_expect_eq(journal_stage_settle(stage), HBUS_OK);
  static const char *const ends[] = {"", "-wal"};
  for (size_t i = 0; i < 2; i++) {
    char from[128], to[128];
    size_t size;
    uint8_t *data = journal_stage_read(journal_stage_file(stage, ends[i], from), &size);
    journal_stage_write(journal_stage_file(next, ends[i], to), data, size);
    free(data);
  }
  journal_stage_open(next);
  s_expect_dump(next, s_round_trip);
  const journal_start *start = journal_this_start(next->journal);
  cr_expect(!start->first && !start->was_stopped && !start->may_lack);
  cr_expect_gt(start->epoch, epoch);
  journal_stage_destroy(&next);
  journal_stage_destroy(&stage);
}

static void s_count_call(void *arg) {
  ++*(unsigned *)arg;
}

/* What a peer is told must be written down, also what has changed in this turn and was not put yet. */
Test(journal, what_is_to_be_collected_is_not_settled) {
  journal_stage *stage = journal_stage_new();
  unsigned calls = 0;
  journal_stage_open(stage);
  journal_on_collect(stage->journal, s_count_call, &calls);
  cr_expect(journal_is_settled(stage->journal));
  journal_wake(stage->journal);
  cr_expect(!journal_is_settled(stage->journal));
  journal_stage_ask(stage, 1);
  journal_stage_wait(stage, 1);
  cr_expect_gt(calls, 0);
  cr_expect(journal_is_settled(stage->journal));
  journal_stage_destroy(&stage);
}

Test(journal, starts_tell_themselves_apart) {
  journal_stage *stage = journal_stage_new();
  journal_stage_open(stage);
  journal_start start = *journal_this_start(stage->journal);
  cr_expect(start.first && !start.may_lack && !start.was_stopped);
  journal_stage_close(stage);

  hbus_error error;
  journal_db *db = NULL;
  journal_start next;
  cr_assert_eq(journal_db_open(&db, stage->path, JOURNAL_INTERVAL, &error), HBUS_OK);
  cr_assert_eq(journal_db_start(db, "another boot", JOURNAL_INTERVAL, 1000, &next, &error), HBUS_OK);
  cr_expect(!next.first && next.may_lack && next.was_stopped);
  cr_expect_eq(next.epoch, start.epoch + 1, "the clock stands before that of the start before");
  cr_assert_eq(journal_db_start(db, "a third boot", JOURNAL_ALWAYS, 1000, &next, &error), HBUS_OK);
  cr_assert_eq(journal_db_start(db, "a fourth boot", JOURNAL_INTERVAL, 1000, &next, &error), HBUS_OK);
  cr_expect(!next.may_lack, "what `always` wrote is on the disk");
  journal_db_close(&db);

  journal_stage_open(stage);
  start = *journal_this_start(stage->journal);
  cr_expect(!start.first && start.may_lack && !start.was_stopped);
  journal_stage_destroy(&stage);
}

Test(journal, records_are_found_again) {
  journal_stage *stage = journal_stage_new();
  journal_stage_open(stage);
  journal_order order = journal_stage_order(1), stranger = journal_stage_order_of_others(2);
  journal_put_order(stage->journal, &order);
  journal_put_order(stage->journal, &stranger);
  journal_stage_settle(stage);
  order.state.rev = 77;
  order.outcome_message = hbus_text_of("");
  stranger.state.rev = 78;
  journal_put_order(stage->journal, &order);
  journal_put_order(stage->journal, &stranger);
  journal_stage_settle(stage);
  char *rows = journal_stage_query(stage, "SELECT n, upstream_id, order_id, rev, outcome_message FROM orders");
  cr_expect_str_eq(rows, "1|i6f3a-U-1|order-1|77|\n2||order-2|78|\n");
  free(rows);

  /* What was taken for an order of others turns out to be ours. */
  order = journal_stage_order(2);
  journal_fill fill = journal_stage_fill(1), again = journal_stage_fill(1), inferred = journal_stage_fill(2);
  again.ts_ns = 5;
  inferred.trade.trade_id[0] = '\0';
  journal_session session = journal_stage_session(1);
  journal_put_order(stage->journal, &order);
  journal_put_fill(stage->journal, &fill);
  journal_put_fill(stage->journal, &again);
  journal_put_fill(stage->journal, &inferred);
  journal_put_fill(stage->journal, &inferred);
  journal_put_session(stage->journal, &session);
  session.cancel_on_disconnect = false;
  journal_put_session(stage->journal, &session);
  cr_expect_eq(journal_stage_settle(stage), HBUS_OK);
  rows = journal_stage_query(stage, "SELECT upstream_id, order_id FROM orders; SELECT n, trade_id, ts_ns FROM fills;"
                                    "SELECT count(*) FROM sessions");
  cr_expect_str_eq(rows, "i6f3a-U-1|order-1\ni6f3a-U-2|order-2\n"
                         "1|trade-1|1700000000000000002\n2||1700000000000000003\n3||1700000000000000003\n0\n");
  free(rows);
  journal_stage_destroy(&stage);
}

typedef struct search {
  unsigned calls;
  hbus_status status;
  bool found;
  char order_id[HBUS_ORDER_ID_MAX + 1];
  char message[64];
} search;

static void s_on_found(void *arg, hbus_status status, const journal_order *order) {
  search *search = arg;
  search->calls++;
  search->status = status;
  search->found = order != NULL;
  if (!order) return;
  snprintf(search->order_id, sizeof search->order_id, "%s", order->state.order_id);
  snprintf(search->message, sizeof search->message, "%.*s", (int)order->outcome_message.size,
           order->outcome_message.data);
}

Test(journal, rule_5_an_id_is_looked_up_behind_what_was_put) {
  journal_stage *stage = journal_stage_new();
  journal_stage_open(stage);
  journal_order order = journal_stage_order(3);
  search there = {0}, not_there = {0}, other_owner = {0};
  journal_put_order(stage->journal, &order);
  journal_find_order(stage->journal, "maker-3", "mine-3", s_on_found, &there);
  journal_find_order(stage->journal, "maker-3", "mine-4", s_on_found, &not_there);
  journal_find_order(stage->journal, "maker-4", "mine-3", s_on_found, &other_owner);
  cr_expect_eq(there.calls, 0, "never from within the call");
  journal_stage_settle(stage);
  cr_expect(there.calls == 1 && there.status == HBUS_OK && there.found);
  cr_expect_str_eq(there.order_id, "order-3");
  cr_expect_str_eq(there.message, "no answer in 5000 ms: 'unknown'");
  cr_expect(not_there.calls == 1 && not_there.status == HBUS_OK && !not_there.found);
  cr_expect(other_owner.calls == 1 && !other_owner.found);
  journal_stage_destroy(&stage);
}

Test(journal, loading_gives_the_unfinished_then_the_newest) {
  journal_stage *stage = journal_stage_new();
  journal_stage_open(stage);
  for (unsigned number = 1; number <= 8; number++) {
    journal_order order = journal_stage_order(number);
    journal_put_order(stage->journal, &order);
  }
  journal_stage_settle(stage);
  stage->config.bounds.orders = 6;
  char *dump = journal_stage_dump(stage), *at = dump;
  static const char *const expected[] = {"U-1 ", "U-3 ", "U-5 ", "U-7 ", "U-6 ", "U-8 "};
  for (size_t i = 0; i < 6; i++) {
    char *found = strstr(at, expected[i]);
    cr_assert(found, "%s", expected[i]);
    at = found;
  }
  cr_expect(!strstr(dump, "U-4 "), "there is no room for it");
  cr_expect(strstr(dump, "id maker-4 mine-4\n"), "its id is remembered");
  free(dump);
  journal_stage_destroy(&stage);
}

Test(journal, off_has_no_file_and_answers) {
  journal_stage *stage = journal_stage_new();
  stage->config.journal.sync = JOURNAL_OFF;
  journal_stage_open(stage);
  cr_expect(journal_this_start(stage->journal)->first);
  search search = {0};
  s_put_all(stage, 1);
  journal_find_order(stage->journal, "maker-1", "mine-1", s_on_found, &search);
  journal_stage_ask(stage, 1);
  cr_expect_eq(stage->answer_count, 0);
  journal_stage_wait(stage, 1);
  cr_expect(search.calls == 1 && search.status == HBUS_OK && !search.found);
  cr_expect_eq(stage->answers[0].status, HBUS_OK);
  cr_expect_eq(access(stage->path, F_OK), -1);
  cr_expect(journal_is_settled(stage->journal));
  journal_stage_destroy(&stage);
}

Test(journal, closing_writes_and_answers_everything) {
  journal_stage *stage = journal_stage_new();
  journal_stage_open(stage);
  for (unsigned number = 1; number <= 20; number++) {
    s_put_all(stage, number);
    journal_stage_ask(stage, number);
    if (number == 10) uv_run(&stage->loop, UV_RUN_NOWAIT); /* one commit is under way */
  }
  journal_close(&stage->journal);
  cr_expect_eq(stage->answer_count, 20);
  for (unsigned i = 0; i < 20; i++)
    cr_expect(stage->answers[i].tag == i + 1 && stage->answers[i].status == HBUS_OK);
  cr_expect_eq(stage->counters.journal_records, 100);
  uv_run(&stage->loop, UV_RUN_DEFAULT);
  journal_stage_open(stage);
  char *rows = journal_stage_query(stage, "SELECT count(*) FROM orders");
  cr_expect_str_eq(rows, "20\n");
  free(rows);
  journal_stage_destroy(&stage);
}

/* ---- a disk that is full ---- */

/* Files may grow to this many bytes. */
static void s_limit_files(rlim_t bytes) {
  struct rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
  setrlimit(RLIMIT_FSIZE, &limit);
}

Test(journal, rule_19_a_full_disk_stops_nothing_but_the_journal) {
  signal(SIGXFSZ, SIG_IGN);
  journal_stage *stage = journal_stage_new();
  journal_stage_open(stage);
  s_put_all(stage, 1);
  cr_expect_eq(journal_stage_settle(stage), HBUS_OK);

  s_limit_files(4096); /* less than PATH-wal has */
  const char *why = NULL;
  s_put_all(stage, 2);
  search search = {0};
  journal_find_order(stage->journal, "maker-1", "mine-1", s_on_found, &search);
  cr_expect_neq(journal_stage_settle(stage), HBUS_OK);
  cr_expect(search.calls == 1 && search.status != HBUS_OK && !search.found, "not told that there is none");
  cr_expect_neq(journal_state(stage->journal, &why), HBUS_OK);
  cr_expect(strstr(why, stage->path), "%s", why);
  cr_expect_geq(stage->counters.journal_failures, 1);
  s_put_all(stage, 3);
  cr_expect_neq(journal_stage_settle(stage), HBUS_OK, "it goes on, and is told");
  cr_expect_eq(journal_figures_of(stage->journal).waiting, 10);
  cr_expect(!journal_is_settled(stage->journal));

  s_limit_files(RLIM_INFINITY);
  uv_idle_t hold; /* a broker's loop has other things to stay for */
  uv_idle_init(&stage->loop, &hold);
  while (journal_state(stage->journal, NULL) != HBUS_OK || !journal_is_settled(stage->journal)) {
    journal_wake(stage->journal);
    uv_run(&stage->loop, UV_RUN_ONCE);
  }
  uv_close((uv_handle_t *)&hold, NULL);
  cr_expect_eq(journal_stage_settle(stage), HBUS_OK);
  cr_expect_eq(stage->counters.journal_lost, 0);
  char *rows = journal_stage_query(stage, "SELECT order_id FROM orders; SELECT last_seq FROM topics");
  cr_expect_str_eq(rows, "order-1\norder-2\norder-3\n3\n");
  free(rows);
  journal_stage_destroy(&stage);
}

Test(journal, rule_19_what_waits_for_the_disk_is_bounded) {
  signal(SIGXFSZ, SIG_IGN);
  journal_stage *stage = journal_stage_new();
  journal_stage_open(stage);
  s_limit_files(4096);
  static uint8_t body[1 << 20];
  journal_event event = journal_stage_event("order_update/binance/BTC-USDT/", 1);
  event.body = (hbus_bytes){body, sizeof body};
  for (unsigned i = 0; i < 70; i++, event.seq++)
    journal_put_event(stage->journal, &event);
  cr_expect_eq(journal_state(stage->journal, NULL), HBUS_OVERLOADED);
  cr_expect_gt(stage->counters.journal_lost, 0);
  cr_expect_neq(journal_stage_settle(stage), HBUS_OK);
  s_limit_files(RLIM_INFINITY);
  journal_stage_destroy(&stage);
}
