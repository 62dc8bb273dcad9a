/* JOURNAL.md: every query in it runs, on a journal that has something for each. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal_stage.h"

#define BEGIN "```sql\n"
#define END   "```"

Test(journal_document, its_queries_find_something) {
  journal_stage *stage = journal_stage_new();
  journal_stage_open(stage);
  journal_order order = journal_stage_order(1);
  journal_fill fill = journal_stage_fill(1);
  journal_position position = journal_stage_position(1);
  journal_event event = journal_stage_event("order_update/binance/BTC-USDT/", 1);
  journal_put_order(stage->journal, &order);
  journal_put_fill(stage->journal, &fill);
  journal_put_position(stage->journal, &position);
  journal_put_event(stage->journal, &event);
  cr_expect_eq(journal_stage_settle(stage), HBUS_OK);

  size_t size;
  char *text = (char *)journal_stage_read(HBUS_TESTS_DIR "/../broker/journal/JOURNAL.md", &size), *at = text;
  text[size] = '\0';
  unsigned count = 0;
  while ((at = strstr(at, BEGIN))) {
    char *sql = at + strlen(BEGIN), *end = strstr(sql, END);
    cr_assert(end);
    *end = '\0';
    char *rows = journal_stage_query(stage, sql); /* while the broker has it open */
    cr_expect_gt(strlen(rows), 0, "%s", sql);
    free(rows);
    at = end + 1;
    count++;
  }
  cr_expect_eq(count, 6);
  free(text);
  journal_stage_destroy(&stage);
}

/* ".backup", beside a broker that runs. */
Test(journal_document, a_copy_is_a_journal) {
  journal_stage *stage = journal_stage_new(), *copy = journal_stage_new();
  journal_stage_open(stage);
  journal_order order = journal_stage_order(1);
  journal_put_order(stage->journal, &order);
  journal_stage_settle(stage);
  char command[160];
  snprintf(command, sizeof command, ".backup '%s'\n", copy->path);
  free(journal_stage_query(stage, command));
  journal_stage_open(copy);
  char *expected = journal_stage_dump(stage), *dump = journal_stage_dump(copy);
  cr_expect_str_eq(dump, expected);
  free(expected);
  free(dump);
  journal_stage_destroy(&copy);
  journal_stage_destroy(&stage);
}
