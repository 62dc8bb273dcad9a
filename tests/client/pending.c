#include "client/pending.h"

#include <criterion/criterion.h>
#include <string.h>

typedef char command_id[HBUS_COMMAND_ID_MAX + 1];

Test(pending, finds_a_command_by_its_id_until_it_is_answered) {
  pending *table = pending_new(2, 1);
  command_id first_id, second_id;
  pending_command *first = pending_add(table, PENDING_CALL, HBUS_PING, first_id);
  pending_command *second = pending_add(table, PENDING_CALL, HBUS_PING, second_id);
  cr_assert_str_neq(first_id, second_id);
  cr_assert_eq(pending_find(table, first_id, strlen(first_id)), first);
  cr_assert_eq(pending_find(table, second_id, strlen(second_id)), second);
  pending_answer(table, first);
  cr_assert_null(pending_find(table, first_id, strlen(first_id)));
  pending_release(table, first);
  pending_destroy(&table);
  cr_assert_null(table);
  pending_destroy(&table);
}

Test(pending, a_slot_used_again_has_another_id) {
  pending *table = pending_new(1, 0);
  command_id old_id, new_id;
  pending_release(table, pending_add(table, PENDING_SENT, HBUS_PING, old_id));
  cr_assert_null(pending_find(table, old_id, strlen(old_id)));
  pending_command *command = pending_add(table, PENDING_SENT, HBUS_PING, new_id);
  cr_assert_null(pending_find(table, old_id, strlen(old_id)));
  cr_assert_eq(pending_find(table, new_id, strlen(new_id)), command);
  pending_destroy(&table);
}

Test(pending, does_not_find_what_is_no_id_of_ours) {
  pending *table = pending_new(1, 0);
  command_id id;
  (void)pending_add(table, PENDING_SENT, HBUS_PING, id);
  const char *rows[] = {"", "-", "1", "1-", "-0", "1-1", "1-0x", "x-0", "2-0", "1-99999999999999999999", "1-0-0"};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    cr_assert_null(pending_find(table, rows[i], strlen(rows[i])), "%s", rows[i]);
  char long_id[200];
  memset(long_id, '1', sizeof(long_id));
  cr_assert_null(pending_find(table, long_id, sizeof(long_id)));
  pending_destroy(&table);
}

Test(pending, bounds_each_owner_by_itself) {
  pending *table = pending_new(2, 1);
  command_id id;
  cr_assert_not_null(pending_add(table, PENDING_SENT, HBUS_PING, id));
  cr_assert_not_null(pending_add(table, PENDING_CALL, HBUS_PING, id));
  cr_assert_null(pending_add(table, PENDING_SENT, HBUS_PING, id));
  cr_assert_not_null(pending_add(table, PENDING_INTERNAL, HBUS_HELLO, id));
  cr_assert_null(pending_add(table, PENDING_INTERNAL, HBUS_HELLO, id));
  pending_drop_internal(table);
  cr_assert_not_null(pending_add(table, PENDING_INTERNAL, HBUS_HELLO, id));
  cr_assert_null(pending_add(table, PENDING_CALL, HBUS_PING, id));
  pending_destroy(&table);
}

Test(pending, hands_out_answers_in_their_order) {
  pending *table = pending_new(4, 0);
  command_id id;
  pending_command *a = pending_add(table, PENDING_SENT, HBUS_PING, id);
  pending_command *b = pending_add(table, PENDING_SENT, HBUS_PING, id);
  pending_command *call = pending_add(table, PENDING_CALL, HBUS_PING, id);
  pending_answer(table, b);
  pending_answer(table, call); /* its caller waits for it; it is in no queue */
  pending_answer(table, a);
  cr_assert_eq(pending_next_answered(table, NULL, NULL), b);
  cr_assert_eq(pending_next_answered(table, NULL, NULL), a);
  cr_assert_null(pending_next_answered(table, NULL, NULL));
  pending_command *c = pending_add(table, PENDING_SENT, HBUS_PING, id);
  pending_answer(table, c);
  cr_assert_eq(pending_next_answered(table, NULL, NULL), c);
  pending_destroy(&table);
}

Test(pending, finds_what_is_overdue) {
  pending *table = pending_new(4, 0);
  command_id id;
  cr_assert_eq(pending_deadline(table), UINT64_MAX);
  pending_command *late = pending_add(table, PENDING_SENT, HBUS_PING, id);
  pending_command *early = pending_add(table, PENDING_SENT, HBUS_PING, id);
  pending_command *answered = pending_add(table, PENDING_SENT, HBUS_PING, id);
  pending_set_deadline(table, late, 300);
  pending_set_deadline(table, early, 200);
  pending_set_deadline(table, answered, 100);
  pending_answer(table, answered);
  cr_assert_leq(pending_deadline(table), 100u);
  cr_assert_null(pending_next_overdue(table, 150));
  cr_assert_eq(pending_deadline(table), 200u);
  cr_assert_eq(pending_next_overdue(table, 200), early);
  pending_answer(table, early);
  cr_assert_null(pending_next_overdue(table, 299));
  cr_assert_eq(pending_next_overdue(table, 300), late);
  pending_answer(table, late);
  cr_assert_null(pending_next_overdue(table, 1000));
  cr_assert_eq(pending_deadline(table), UINT64_MAX);
  pending_destroy(&table);
}
