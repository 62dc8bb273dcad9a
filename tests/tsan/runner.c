/* Runs the tests of one program, each in a fork (criterion/criterion.h beside this says why). */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#define TESTS_MAX  256
#define SUITES_MAX 8

enum { FAILED = 1, SKIPPED = 77 };

typedef struct test {
  const char *suite;
  const char *name;
  void (*body)(void);
} test;

typedef struct suite {
  const char *name;
  tsan_options options;
} suite;

static test s_tests[TESTS_MAX];
static size_t s_test_count;
static suite s_suites[SUITES_MAX];
static size_t s_suite_count;
static bool s_failed; /* in the fork of a test */

void tsan_add_suite(const char *name, tsan_options options) {
  if (s_suite_count == SUITES_MAX) abort();
  s_suites[s_suite_count++] = (suite){.name = name, .options = options};
}

void tsan_add_test(const char *suite_name, const char *name, void (*body)(void)) {
  if (s_test_count == TESTS_MAX) abort();
  s_tests[s_test_count++] = (test){.suite = suite_name, .name = name, .body = body};
}

void tsan_fail(bool fatal, const char *file, int line, const char *check, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s:%d: %s: ", file, line, check);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  s_failed = true;
  if (fatal) exit(FAILED);
}

void tsan_skip(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(SKIPPED);
}

static void s_run(const test *test) {
  tsan_options options = {0};
  for (size_t i = 0; i < s_suite_count; i++) {
    if (strcmp(s_suites[i].name, test->suite) == 0) options = s_suites[i].options;
  }
  if (options.init) options.init();
  test->body();
  if (options.fini) options.fini();
  exit(s_failed ? FAILED : 0); /* or ThreadSanitizer's own status, if it has something to say */
}

static bool s_passes(const test *test) {
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) s_run(test);
  int status = 0;
  waitpid(pid, &status, 0);
  bool passed = WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == SKIPPED);
  if (!passed) fprintf(stderr, "[FAIL] %s::%s: status %#x\n", test->suite, test->name, (unsigned)status);
  return passed;
}

int main(void) {
  size_t passing = 0;
  for (size_t i = 0; i < s_test_count; i++)
    passing += s_passes(&s_tests[i]);
  printf("[====] Synthesis: Tested: %zu | Passing: %zu | Failing: %zu | Crashing: 0\n", s_test_count, passing,
         s_test_count - passing);
  return passing == s_test_count ? 0 : 1;
}
