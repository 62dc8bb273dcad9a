#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/test_support.h"

#define S_ETH    "\"exchange\":\"binance\",\"market\":\"ETH-USDT\""
#define S_CREATE "{\"id\":\"1\",\"type\":\"create_order\"," S_ETH ",\"side\":\"buy\","

static char s_ledger[] = "test-sim-ledger-XXXXXX"; /* a test is a process of its own */
static char s_state[] = "test-sim-kept-XXXXXX";
static char s_text[65536];

static void s_make_paths(void) {
  close(mkstemp(s_ledger));
  close(mkstemp(s_state));
}

static void s_remove_paths(void) {
  unlink(s_ledger);
  unlink(s_state);
}

TestSuite(ledger, .init = s_make_paths, .fini = s_remove_paths);

/* A simulator with both files; each of them counts orders on from another number. */
static void s_start(support *self, uint64_t first_id) {
  simulator_options options = support_options();
  options.state_path = s_state;
  options.ledger_path = s_ledger;
  options.first_id = first_id;
  support_init(self, &options);
}

static const char *s_read(void) {
  FILE *file = fopen(s_ledger, "r");
  cr_assert_not_null(file);
  s_text[fread(s_text, 1, sizeof s_text - 1, file)] = 0;
  fclose(file);
  return s_text;
}

/* Takes the last line away, and returns its rest behind the time. */
static void s_drop_last_line(char *out, size_t size) {
  s_read();
  size_t end = strlen(s_text) - 1;
  while (end && s_text[end - 1] != '\n')
    end--;
  const char *event = strstr(s_text + end, "\"event\"");
  cr_assert_not_null(event);
  snprintf(out, size, "%.*s", (int)strcspn(event, "\n"), event);
  cr_assert_eq(truncate(s_ledger, (off_t)end), 0);
}

/* What is remembered ends with the last line that has this text. */
static void s_cut_state_behind(const char *text) {
  FILE *file = fopen(s_state, "r");
  char line[4096];
  off_t end = 0, at = 0;
  while (fgets(line, sizeof line, file)) {
    at += (off_t)strlen(line);
    if (strstr(line, text)) end = at;
  }
  fclose(file);
  cr_assert_gt(end, 0);
  cr_assert_eq(truncate(s_state, end), 0);
}

/* Kills and starts again between what is remembered and what the ledger is told. Returns how often it has `event`. */
static unsigned s_lose_and_restart(const char *event) {
  static char lost[1024];
  support s;
  unsigned count = 0;
  s_drop_last_line(lost, sizeof lost);
  cr_assert(strstr(lost, event), "%s", lost);
  for (uint64_t first_id = 1000; first_id <= 2000; first_id += 1000) { /* told once, not twice */
    s_start(&s, first_id);
    support_free(&s);
  }
  char without_connection[] = ",\"connection\":1";
  char *connection = strstr(lost, without_connection); /* nobody knows any more on which it came */
  if (connection) memmove(connection, connection + strlen(without_connection), strlen(connection) - 14);
  cr_expect(strstr(s_read(), lost), "%s\nhas no\n%s", s_text, lost);
  for (const char *found = strstr(s_text, event); found; found = strstr(found + 1, event))
    count++;
  return count;
}

Test(ledger, a_create_that_it_was_not_told_is_told_at_the_next_start) {
  support s;
  s_start(&s, 1);
  support_ask(&s, S_CREATE "\"order_type\":\"limit\",\"amount\":\"1.50\",\"price\":\"1500\"}");
  support_free(&s);
  FILE *state = fopen(s_state, "r+"); /* its second line is what became of it at once */
  char line[4096];
  cr_assert(fgets(line, sizeof line, state) && ftruncate(fileno(state), ftell(state)) == 0);
  fclose(state);
  cr_expect_eq(s_lose_and_restart("\"event\":\"create\""), 1);
}

Test(ledger, a_cancel_that_it_was_not_told_is_told_at_the_next_start) {
  support s;
  s_start(&s, 1);
  const char *placed = support_ask(&s, S_CREATE "\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\"}");
  char cancel[256];
  snprintf(cancel, sizeof cancel, "{\"id\":\"1\",\"type\":\"cancel_order\"," S_ETH ",\"order_id\":\"%llu\"}",
           (unsigned long long)support_order_id(placed));
  support_ask(&s, cancel);
  support_free(&s);
  cr_expect_eq(s_lose_and_restart("\"event\":\"cancel\""), 1);
}

/* The end came before what became of the order was remembered, too. */
Test(ledger, a_fill_that_it_was_not_told_is_told_at_the_next_start) {
  support s;
  s_start(&s, 1);
  support_ask(&s, S_CREATE "\"order_type\":\"market\",\"amount\":\"1\"}");
  support_free(&s);
  s_cut_state_behind("\"fill\"");
  cr_expect_geq(s_lose_and_restart("\"event\":\"fill\""), 1);
}

Test(ledger, it_goes_on_counting_and_drops_a_line_that_was_not_finished) {
  support s;
  s_start(&s, 1);
  support_ask(&s, S_CREATE "\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\"}");
  support_free(&s);
  FILE *file = fopen(s_ledger, "a");
  fputs("{\"n\":3,\"t\":1", file);
  fclose(file);
  s_start(&s, 1000);
  cr_expect_eq(ledger_lines(s.sim.truth), 1, "the connection");
  support_ask(&s, S_CREATE "\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1400\"}");
  cr_expect_eq(ledger_lines(s.sim.truth), 2);
  support_free(&s);
  uint64_t number = 0;
  for (const char *line = s_read(); *line; line = strchr(line, '\n') + 1) {
    char start[32];
    snprintf(start, sizeof start, "{\"n\":%llu,\"t\":", (unsigned long long)++number);
    cr_expect_eq(strncmp(line, start, strlen(start)), 0, "%s", line);
  }
  cr_expect_eq(number, 4, "a connection and a create, twice");
}

Test(ledger, another_file_is_no_ledger) {
  FILE *file = fopen(s_ledger, "w");
  fputs("nonsense\n", file);
  fclose(file);
  simulator_options options = support_options();
  options.ledger_path = s_ledger;
  simulator sim;
  hbus_error error;
  cr_assert_eq(simulator_init(&sim, &options, &error), HBUS_INVALID_REQUEST);
  cr_expect(strstr(error.text, s_ledger), "%s", error.text);
}
