/* Requests matched to their answers: at once, late, twice, never. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "broker/link/request_table.h"

typedef struct record {
  link_result results[4];
  bool late[4];
  size_t count;
} record;

static void s_done(void *arg, const link_outcome *outcome) {
  record *self = arg;
  cr_assert_lt(self->count, 4);
  self->results[self->count] = outcome->result;
  self->late[self->count++] = outcome->late;
}

static hbus_text s_text(const char *text) {
  return (hbus_text){.data = text, .size = strlen(text)};
}

Test(request_table, answers_in_any_order_reach_who_asked) {
  request_table *table = request_table_new(128);
  record records[100] = {0};
  char ids[100][REQUEST_ID_SIZE];
  for (size_t i = 0; i < 100; i++) {
    cr_assert_eq(request_table_add(table, HBUS_PING, 10, s_done, &records[i], ids[i]), HBUS_OK);
  }
  cr_expect_eq(request_table_waiting(table), 100);
  for (size_t i = 100; i-- > 0;) {
    hbus_command_kind kind = HBUS_COMMAND_NONE;
    cr_assert(request_table_find(table, s_text(ids[i]), &kind));
    cr_expect_eq(kind, HBUS_PING);
    link_outcome outcome = {.result = LINK_ANSWERED};
    request_table_finish(table, s_text(ids[i]), &outcome);
    cr_expect_eq(records[i].count, 1);
    cr_expect(!request_table_find(table, s_text(ids[i]), &kind), "a second answer is nobody's");
  }
  cr_expect_eq(request_table_waiting(table), 0);
  request_table_destroy(&table);
}

Test(request_table, ids_that_were_never_issued) {
  request_table *table = request_table_new(8);
  record record = {0};
  char id[REQUEST_ID_SIZE];
  hbus_command_kind kind;
  request_table_add(table, HBUS_PING, 10, s_done, &record, id);
  cr_expect_str_eq(id, "1");
  static const char *const strangers[] = {
      "", "0", "2", "9", "01", "1 ", " 1", "-1", "x", "1x", "18446744073709551617", "99999999999999999999999999"};
  for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
    cr_expect(!request_table_find(table, s_text(strangers[i]), &kind), "'%s'", strangers[i]);
  }
  cr_expect(request_table_find(table, s_text("1"), &kind));
  request_table_fail_all(table);
  request_table_destroy(&table);
}

Test(request_table, rule_11_a_late_answer_is_an_answer) {
  request_table *table = request_table_new(8);
  record record = {0};
  char id[REQUEST_ID_SIZE];
  hbus_command_kind kind;
  request_table_add(table, HBUS_PING, 10, s_done, &record, id);
  cr_expect_eq(request_table_expire(table, 9), 0);
  cr_expect_eq(request_table_expire(table, 10), 1);
  cr_expect_eq(request_table_waiting(table), 0);
  cr_assert(request_table_find(table, s_text(id), &kind));
  link_outcome outcome = {.result = LINK_ANSWERED};
  request_table_finish(table, s_text(id), &outcome);
  cr_assert_eq(record.count, 2);
  cr_expect_eq(record.results[0], LINK_TIMED_OUT);
  cr_expect_eq(record.results[1], LINK_ANSWERED);
  cr_expect(!record.late[0]);
  cr_expect(record.late[1]);
  request_table_destroy(&table);
}

Test(request_table, deadlines) {
  request_table *table = request_table_new(8);
  record records[3] = {0};
  char ids[3][REQUEST_ID_SIZE];
  uint64_t deadline = 0;
  cr_expect(!request_table_deadline(table, &deadline));
  for (size_t i = 0; i < 3; i++)
    request_table_add(table, HBUS_PING, 10 * (i + 1), s_done, &records[i], ids[i]);
  cr_assert(request_table_deadline(table, &deadline));
  cr_expect_eq(deadline, 10);
  link_outcome outcome = {.result = LINK_ANSWERED};
  request_table_finish(table, s_text(ids[0]), &outcome);
  cr_assert(request_table_deadline(table, &deadline));
  cr_expect_eq(deadline, 20);
  cr_expect_eq(request_table_expire(table, 100), 2);
  cr_expect(!request_table_deadline(table, &deadline));
  request_table_fail_all(table);
  cr_expect_eq(records[0].count, 1);
  cr_expect_eq(records[1].count, 2, "timed out, then lost");
  cr_expect_eq(records[1].results[1], LINK_LOST);
  request_table_destroy(&table);
}

Test(request_table, it_is_bounded_by_what_waits_not_by_what_was_late) {
  request_table *table = request_table_new(4);
  record records[9] = {0};
  char id[REQUEST_ID_SIZE];
  for (size_t i = 0; i < 4; i++)
    cr_expect_eq(request_table_add(table, HBUS_PING, 10, s_done, &records[i], id), HBUS_OK);
  cr_expect_eq(request_table_add(table, HBUS_PING, 10, s_done, &records[4], id), HBUS_OVERLOADED);
  cr_expect_eq(request_table_expire(table, 10), 4);
  for (size_t i = 4; i < 8; i++)
    cr_expect_eq(request_table_add(table, HBUS_PING, 20, s_done, &records[i], id), HBUS_OK);
  for (size_t i = 0; i < 4; i++) {
    cr_expect_eq(records[i].count, 2);
    cr_expect_eq(records[i].results[1], LINK_LOST, "its slot was needed");
  }
  request_table_fail_all(table);
  for (size_t i = 4; i < 8; i++)
    cr_expect_eq(records[i].results[0], LINK_LOST);
  request_table_destroy(&table);
}

Test(request_table, one_that_was_not_sent_is_taken_back) {
  request_table *table = request_table_new(4);
  record record = {0};
  char id[REQUEST_ID_SIZE];
  uint64_t deadline;
  request_table_add(table, HBUS_PING, 10, s_done, &record, id);
  request_table_take_back(table);
  cr_expect_eq(request_table_waiting(table), 0);
  cr_expect(!request_table_deadline(table, &deadline));
  request_table_fail_all(table);
  cr_expect_eq(record.count, 0);
  request_table_destroy(&table);
}
