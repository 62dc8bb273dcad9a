/* The part of Criterion that these tests use, for ThreadSanitizer.
 *
 * Criterion starts each test in a copy of the program that shares memory at an address of its own choice, and that lies
 * where ThreadSanitizer keeps its books: such programs end before their first test. So the `tsan` preset compiles the
 * same tests against this header, which runs each in a plain fork. Every other preset uses Criterion.
 */
#ifndef TESTS_TSAN_CRITERION_H
#define TESTS_TSAN_CRITERION_H
#pragma GCC system_header

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct tsan_options {
  int none; /* so that an empty list of options is an initialiser too */
  void (*init)(void);
  void (*fini)(void);
  double timeout; /* not used: ctest has one */
} tsan_options;

void tsan_add_suite(const char *suite, tsan_options options);
void tsan_add_test(const char *suite, const char *name, void (*body)(void));
/* Tells of a failed check; ends the test if it is fatal. */
void tsan_fail(bool fatal, const char *file, int line, const char *check, const char *format, ...);
void tsan_skip(const char *format, ...);

#define TestSuite(suite, ...)                                                                                          \
  __attribute__((constructor(101))) static void suite##_register_suite(void) {                                         \
    tsan_add_suite(#suite, (tsan_options){.none = 0, __VA_ARGS__});                                                    \
  }                                                                                                                    \
  extern int tsan_unused

#define Test(suite, name, ...)                                                                                         \
  static void suite##_##name##_body(void);                                                                             \
  __attribute__((constructor(102))) static void suite##_##name##_register(void) {                                      \
    tsan_add_test(#suite, #name, suite##_##name##_body);                                                               \
  }                                                                                                                    \
  static void suite##_##name##_body(void)

#define TSAN_CHECK(fatal, passed, check, ...)                                                                          \
  ((passed) ? (void)0 : tsan_fail((fatal), __FILE__, __LINE__, check, "" __VA_ARGS__))

#define cr_assert(c, ...)     TSAN_CHECK(true, (c), #c, __VA_ARGS__)
#define cr_expect(c, ...)     TSAN_CHECK(false, (c), #c, __VA_ARGS__)
#define cr_assert_not(c, ...) TSAN_CHECK(true, !(c), "not " #c, __VA_ARGS__)
#define cr_expect_not(c, ...) TSAN_CHECK(false, !(c), "not " #c, __VA_ARGS__)
#define cr_assert_fail(...)   tsan_fail(true, __FILE__, __LINE__, "fail", "" __VA_ARGS__)
#define cr_skip(...)          tsan_skip("" __VA_ARGS__)

#define cr_assert_eq(a, b, ...)        TSAN_CHECK(true, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_expect_eq(a, b, ...)        TSAN_CHECK(false, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...)       TSAN_CHECK(true, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...)       TSAN_CHECK(false, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...)        TSAN_CHECK(true, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...)        TSAN_CHECK(false, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...)       TSAN_CHECK(true, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...)       TSAN_CHECK(false, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...)        TSAN_CHECK(true, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...)        TSAN_CHECK(false, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...)       TSAN_CHECK(true, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...)       TSAN_CHECK(false, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_assert_null(p, ...)         TSAN_CHECK(true, (p) == NULL, #p " is NULL", __VA_ARGS__)
#define cr_expect_null(p, ...)         TSAN_CHECK(false, (p) == NULL, #p " is NULL", __VA_ARGS__)
#define cr_assert_not_null(p, ...)     TSAN_CHECK(true, (p) != NULL, #p " is not NULL", __VA_ARGS__)
#define cr_expect_not_null(p, ...)     TSAN_CHECK(false, (p) != NULL, #p " is not NULL", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)    TSAN_CHECK(true, strcmp((a), (b)) == 0, #a " equals " #b, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)    TSAN_CHECK(false, strcmp((a), (b)) == 0, #a " equals " #b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...)   TSAN_CHECK(true, strcmp((a), (b)) != 0, #a " differs from " #b, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)   TSAN_CHECK(false, strcmp((a), (b)) != 0, #a " differs from " #b, __VA_ARGS__)
#define cr_assert_str_empty(a, ...)    TSAN_CHECK(true, (a)[0] == 0, #a " is empty", __VA_ARGS__)
#define cr_expect_str_empty(a, ...)    TSAN_CHECK(false, (a)[0] == 0, #a " is empty", __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...) TSAN_CHECK(true, memcmp((a), (b), (n)) == 0, #a " equals " #b, __VA_ARGS__)
#define cr_expect_arr_eq(a, b, n, ...) TSAN_CHECK(false, memcmp((a), (b), (n)) == 0, #a " equals " #b, __VA_ARGS__)

#endif
