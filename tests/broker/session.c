#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "broker/command/session.h"
#include "broker/command/task.h"

static session_route s_route(uint8_t last) {
  return (session_route){.size = 5, .bytes = {0, 1, 2, 3, last}};
}

Test(session, one_a_connection) {
  session_table *table = session_table_new(2);
  session_route a = s_route(1), b = s_route(2), c = s_route(3);
  cr_expect_null(session_table_get(table, &a));
  session *first = session_table_add(table, &a, 7);
  cr_assert_not_null(first);
  cr_expect_eq(session_table_get(table, &a), first);
  cr_expect_str_eq(first->key, "0001020301");
  cr_expect_eq(session_table_find(table, "0001020301"), first);
  session *second = session_table_add(table, &b, 8);
  cr_expect_neq(first, second);
  cr_expect_null(session_table_add(table, &c, 9), "full");
  cr_expect_eq(session_table_find_descriptor(table, 8), second);
  session_table_remove(table, second);
  cr_expect_null(session_table_find_descriptor(table, 8));
  cr_expect_not_null(session_table_add(table, &c, 9));
  session_table_destroy(&table);
}

Test(session, a_descriptor_is_free_when_its_connection_has_ended) {
  session_table *table = session_table_new(2);
  session_route a = s_route(1), b = s_route(2);
  session *first = session_table_add(table, &a, 7);
  session_table_disconnect(table, first);
  session_table_disconnect(table, first);
  cr_expect_null(session_table_find_descriptor(table, 7));
  cr_expect_eq(session_table_get(table, &a), first, "what it sent before may still be read");
  session *second = session_table_add(table, &b, 7);
  session_table_remove(table, first);
  cr_expect_eq(session_table_find_descriptor(table, 7), second);
  session_table_destroy(&table);
}

Test(session, a_routing_id_that_comes_again_is_another_session) {
  session_table *table = session_table_new(2);
  session_route a = s_route(1);
  session *first = session_table_add(table, &a, 7);
  uint64_t serial = first->serial;
  session_table_remove(table, first);
  cr_expect_neq(session_table_add(table, &a, 8)->serial, serial);
  session_table_destroy(&table);
}

Test(session, the_longest_routing_id_fits) {
  session_table *table = session_table_new(2);
  session_route route = {.size = SESSION_ROUTE_MAX};
  memset(route.bytes, 0xff, sizeof route.bytes);
  cr_expect_eq(strlen(session_table_add(table, &route, 1)->key), 2 * SESSION_ROUTE_MAX);
  session_table_destroy(&table);
}

Test(task, an_id_under_way_is_refused_and_free_afterwards) {
  session_table *sessions = session_table_new(2);
  task_table *tasks = task_table_new(10);
  session_route route = s_route(1), other = s_route(2);
  session *mine = session_table_add(sessions, &route, 1), *theirs = session_table_add(sessions, &other, 2);
  hbus_command command = {.id = "7"};
  task *first = NULL, *again = NULL, *elsewhere = NULL;
  cr_expect_eq(task_table_add(tasks, mine, &command, &first), HBUS_OK);
  cr_expect_eq(task_table_add(tasks, mine, &command, &again), HBUS_INVALID_REQUEST);
  cr_expect_eq(task_table_add(tasks, theirs, &command, &elsewhere), HBUS_OK, "another connection has its own ids");
  task_table_remove(tasks, first);
  cr_expect_eq(task_table_add(tasks, mine, &command, &again), HBUS_OK);
  free(first);
  task_table_destroy(&tasks);
  session_table_destroy(&sessions);
}

Test(task, bounded_in_all_and_for_one_connection) {
  session_table *sessions = session_table_new(2);
  task_table *tasks = task_table_new(LIMIT_PEER_COMMANDS + 1);
  session_route route = s_route(1), other = s_route(2);
  session *mine = session_table_add(sessions, &route, 1), *theirs = session_table_add(sessions, &other, 2);
  hbus_command command = {0};
  task *task;
  for (unsigned i = 0; i < LIMIT_PEER_COMMANDS; i++) {
    snprintf(command.id, sizeof command.id, "%u", i);
    cr_assert_eq(task_table_add(tasks, mine, &command, &task), HBUS_OK);
  }
  snprintf(command.id, sizeof command.id, "more");
  cr_expect_eq(task_table_add(tasks, mine, &command, &task), HBUS_OVERLOADED);
  cr_expect_eq(task_table_add(tasks, theirs, &command, &task), HBUS_OK);
  snprintf(command.id, sizeof command.id, "even more");
  cr_expect_eq(task_table_add(tasks, theirs, &command, &task), HBUS_OVERLOADED);
  task_table_destroy(&tasks);
  session_table_destroy(&sessions);
}
