#include "broker/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A log into a file, and what was written to it. */
typedef struct stage {
  FILE *file;
  logger *log;
  char text[1 << 20];
} stage;

static stage *s_set_up(log_level level, log_format format) {
  stage *at = calloc(1, sizeof *at);
  cr_assert_not_null(at);
  at->file = tmpfile();
  cr_assert_not_null(at->file);
  at->log = log_new(at->file, level, format);
  cr_assert_not_null(at->log);
  return at;
}

static const char *s_read(stage *at) {
  ssize_t size = pread(fileno(at->file), at->text, sizeof at->text - 1, 0);
  cr_assert_geq(size, 0);
  at->text[size] = '\0';
  return at->text;
}

static void s_tear_down(stage *at) {
  log_destroy(&at->log);
  cr_assert_null(at->log);
  fclose(at->file);
  free(at);
}

static unsigned s_count(const char *text, const char *part) {
  unsigned count = 0;
  while ((text = strstr(text, part))) {
    count++;
    text += strlen(part);
  }
  return count;
}

static bool s_matches(const char *text, const char *pattern) {
  regex_t regex;
  cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
  bool matches = regexec(&regex, text, 0, NULL, 0) == 0;
  regfree(&regex);
  return matches;
}

#define TIME "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z"

Test(log, writes_text) {
  stage *at = s_set_up(LOG_LEVEL_INFO, LOG_TEXT);
  log_write(at->log, LOG_LINK, LOG_LEVEL_INFO, "connected to %s", "ws://localhost:15888/ws");
  log_write(at->log, LOG_ORDER, LOG_LEVEL_ERROR, "100%% \"quoted\" \\ ü");
  cr_assert(s_matches(s_read(at), "^" TIME " INFO  link  connected to ws://localhost:15888/ws\n" TIME
                                  " ERROR order  100% \"quoted\" \\\\ ü\n$"),
            "%s", at->text);
  s_tear_down(at);
}

Test(log, writes_json) {
  stage *at = s_set_up(LOG_LEVEL_DEBUG, LOG_JSON);
  log_write(at->log, LOG_COMMAND, LOG_LEVEL_WARN, "\"quoted\" \\ ü");
  cr_assert(s_matches(s_read(at), "^\\{\"time\":\"" TIME "\",\"level\":\"warn\",\"component\":\"command\","
                                  "\"message\":\"\\\\\"quoted\\\\\" \\\\\\\\ ü\"\\}\n$"),
            "%s", at->text);
  s_tear_down(at);
}

Test(log, escapes_what_a_terminal_would_obey) {
  static const struct {
    const char *sentence;
    const char *text;
    const char *json;
  } cases[] = {
      {"a\nb\r\tc", "a\\nb\\r\\tc\n", "\"a\\nb\\r\\tc\"}"},
      {"\x1b[31mred\x07", "\\u001b[31mred\\u0007\n", "\"\\u001b[31mred\\u0007\"}"},
      {"\x7f", "\\u007f\n", "\"\\u007f\"}"},
      {"\xc2\x9b"
       "31m",
       "\\u009b31m\n", "\"\\u009b31m\"}"},
      {"\xff.\xc3", "\\xff.\\xc3\n", "\"\\ufffd.\\ufffd\"}"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80\n", "\"\\ufffd\\ufffd\\ufffd\"}"},
      {"€ \xf0\x9f\x98\x80", "€ \xf0\x9f\x98\x80\n", "\"€ \xf0\x9f\x98\x80\"}"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (unsigned format = LOG_TEXT; format <= LOG_JSON; format++) {
      stage *at = s_set_up(LOG_LEVEL_DEBUG, (log_format)format);
      log_write(at->log, LOG_BROKER, LOG_LEVEL_INFO, "%s", cases[i].sentence);
      const char *expected = format == LOG_TEXT ? cases[i].text : cases[i].json;
      cr_expect_not_null(strstr(s_read(at), expected), "%s in %s", expected, at->text);
      cr_expect_eq(s_count(at->text, "\n"), 1);
      s_tear_down(at);
    }
}

Test(log, cuts_a_long_line_between_characters) {
  for (unsigned shift = 0; shift < 8; shift++)
    for (unsigned format = LOG_TEXT; format <= LOG_JSON; format++) {
      char sentence[4096] = "";
      memset(sentence, 'x', shift);
      for (size_t i = shift; i + 3 < sizeof sentence; i += 3)
        memcpy(sentence + i, "€", 4);
      stage *at = s_set_up(LOG_LEVEL_DEBUG, (log_format)format);
      log_write(at->log, LOG_BROKER, LOG_LEVEL_INFO, "%s", sentence);
      size_t size = strlen(s_read(at));
      cr_expect_leq(size, 2048);
      cr_expect_gt(size, 2030);
      const char *end = format == LOG_TEXT ? "€...\n" : "€...\"}\n";
      cr_expect_str_eq(at->text + size - strlen(end), end);
      s_tear_down(at);
    }
}

Test(log, has_a_level_for_each_component) {
  stage *at = s_set_up(LOG_LEVEL_WARN, LOG_TEXT);
  log_set_level(at->log, LOG_LINK, LOG_LEVEL_DEBUG);
  log_set_level(at->log, LOG_ORDER, LOG_LEVEL_OFF);
  for (unsigned component = 0; component < LOG_COMPONENT_COUNT; component++)
    for (unsigned level = LOG_LEVEL_DEBUG; level < LOG_LEVEL_OFF; level++)
      log_write(at->log, (log_component)component, (log_level)level, "%s/%s.",
                log_component_name((log_component)component), log_level_name((log_level)level));
  s_read(at);
  cr_expect_eq(s_count(at->text, "\n"), 4 + 3 * 2);
  cr_expect_not_null(strstr(at->text, "link/debug."));
  cr_expect_null(strstr(at->text, "event/info."));
  cr_expect_not_null(strstr(at->text, "event/warn."));
  cr_expect_null(strstr(at->text, "order/error."));
  cr_expect(log_enabled(at->log, LOG_LINK, LOG_LEVEL_DEBUG));
  cr_expect_not(log_enabled(at->log, LOG_EVENT, LOG_LEVEL_DEBUG));
  cr_expect_not(log_enabled(at->log, LOG_LINK, LOG_LEVEL_OFF));
  s_tear_down(at);
}

Test(log, knows_its_levels_by_name) {
  for (unsigned level = 0; level < LOG_LEVEL_COUNT; level++) {
    log_level parsed = LOG_LEVEL_COUNT;
    cr_expect_eq(log_level_parse(log_level_name((log_level)level), &parsed), HBUS_OK);
    cr_expect_eq(parsed, (log_level)level);
  }
  log_level untouched = LOG_LEVEL_WARN;
  cr_expect_eq(log_level_parse("INFO", &untouched), HBUS_INVALID_REQUEST);
  cr_expect_eq(log_level_parse("", &untouched), HBUS_INVALID_REQUEST);
  cr_expect_eq(untouched, LOG_LEVEL_WARN);
}

Test(log, sums_up_a_flood) {
  enum { FLOOD = 3000 };
  stage *at = s_set_up(LOG_LEVEL_INFO, LOG_TEXT);
  for (unsigned i = 0; i < FLOOD; i++)
    log_write(at->log, LOG_LINK, LOG_LEVEL_INFO, "flood %u.", i);
  log_write(at->log, LOG_EVENT, LOG_LEVEL_INFO, "another component");
  log_destroy(&at->log);
  s_read(at);
  unsigned written = s_count(at->text, "flood "), left_out = 0;
  for (const char *line = at->text; (line = strstr(line, "link  ")); line++)
    if (strstr(line, "lines were left out") == line + 6 + strspn(line + 6, "0123456789 "))
      left_out += (unsigned)strtoul(line + 6, NULL, 10);
  cr_assert_eq(written + left_out, FLOOD, "%u written, %u left out", written, left_out);
  cr_assert_gt(left_out, 0);
  cr_assert_eq(written % 200, 0);
  cr_assert_not_null(strstr(at->text, "another component"));
  s_tear_down(at);
}

Test(log, does_not_wait_for_a_full_pipe) {
  int ends[2];
  cr_assert_eq(pipe(ends), 0);
  fcntl(ends[1], F_SETPIPE_SZ, 4096);
  FILE *file = fdopen(ends[1], "w");
  logger *log = log_new(file, LOG_LEVEL_INFO, LOG_TEXT);
  char filler[1000];
  memset(filler, 'x', sizeof filler - 1);
  filler[sizeof filler - 1] = '\0';
  for (unsigned i = 0; i < 150; i++)
    log_write(log, LOG_LINK, LOG_LEVEL_INFO, "%s", filler); /* would hang here */

  char text[1 << 17];
  ssize_t size = read(ends[0], text, sizeof text - 1);
  cr_assert_gt(size, 0);
  text[size] = '\0';
  unsigned arrived = s_count(text, "\n");
  cr_assert_lt(arrived, 150);

  log_write(log, LOG_LINK, LOG_LEVEL_INFO, "after");
  size = read(ends[0], text, sizeof text - 1);
  cr_assert_gt(size, 0);
  text[size] = '\0';
  char expected[64];
  snprintf(expected, sizeof expected, "WARN  broker  %u lines of this log were dropped", 150 - arrived);
  cr_assert_not_null(strstr(text, expected), "%s", text);
  cr_assert_not_null(strstr(text, "after"));

  log_write(log, LOG_LINK, LOG_LEVEL_INFO, "told once");
  size = read(ends[0], text, sizeof text - 1);
  cr_assert_gt(size, 0);
  text[size] = '\0';
  cr_assert_eq(s_count(text, "\n"), 1, "%s", text);
  log_destroy(&log);
  fclose(file);
  close(ends[0]);
}

Test(log, writes_into_memory) {
  char *text = NULL;
  size_t size = 0;
  FILE *file = open_memstream(&text, &size);
  logger *log = log_new(file, LOG_LEVEL_INFO, LOG_TEXT);
  log_write(log, LOG_LINK, LOG_LEVEL_INFO, "kept");
  cr_assert_not_null(strstr(text, "link  kept\n"));
  log_destroy(&log);
  fclose(file);
  free(text);
}
